"""Settings chosen by cross-validation, and measured on clips that had no part in the choice.

Nested cross-validation: each fold's clips are answered by the setting that was best on all others.
The result is the accuracy of the whole procedure, choice included; the accuracy of the chosen
setting on the clips that it was chosen on is too optimistic (Varma and Simon, BMC Bioinformatics
2006). Clips of one subject, or of one file, stay in one fold.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.alignment import get_scorer
from actalign.background import CLIPS
from actalign.clips import Sampling, Store
from actalign.clips._background import OtherClips
from actalign.encoders import Encoder
from actalign.encoders._text_cache import TextCache
from actalign.errors import UsageError, VideoError, counted
from actalign.evaluation._config import EvalConfig, write_json
from actalign.evaluation._embed import Embed, Embedder, clip_keys, clip_of, entries_by_key
from actalign.evaluation._lines import percent
from actalign.evaluation._metrics import mcnemar, paired_bootstrap, top_k
from actalign.evaluation._questions import Question, QuestionSet, left_out
from actalign.evaluation._rows import scored_row
from actalign.evaluation._scoring import Scoring
from actalign.evaluation._settings import write_settings
from actalign.types import ClipEmbedding, Float64


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to score; the fields are those of `EvalConfig` with these names."""

    scorer: str
    smoothing_seconds: float
    fps: float | None
    step_template: str
    wordings: int | None

    def config(self, model: str, background: str | None) -> EvalConfig:
        """The configuration of a run with this setting."""
        rest = asdict(self)
        return EvalConfig(model, (rest.pop("scorer"),), background=background, **rest)


def tune(
    model: str,
    settings: Sequence[Setting],
    questions: QuestionSet,
    out: Path,
    *,
    load: Callable[[], Encoder],
    background: str | None,
    folds: int,
    progress: Callable[[str, str], None],
    embed: Embed,
    store: str | None = None,
    reused: Callable[[int, int, int], None] = lambda copied, kept, asked: None,
) -> dict[str, Any]:
    """Choose among settings, compare the choice with the first one, and return the result.

    background: see `EvalConfig`. Writes `tuning.json` and `settings.yaml` into ``out``, where
    embeddings are kept too, so that an interrupted run can continue. store, reused: see
    `run`. Raises UsageError if there are fewer than two groups of clips to choose on.
    """
    entries = entries_by_key(store)
    usable = tunable(questions)
    encoder = load()
    texts = TextCache(encoder.info, lambda: encoder, path=out / "texts.sqlite")
    cells = np.full((3, len(settings), len(usable)), np.nan)
    clips = [clip_of(one) for one in usable]
    own = Store(out / "embeddings")
    for fps in dict.fromkeys(setting.fps for setting in settings):
        configs = {
            n: setting.config(model, background).resolved(encoder.info)
            for n, setting in enumerate(settings)
            if setting.fps == fps
        }
        keys = clip_keys(clips, encoder.info.fingerprint, Sampling(fps))
        embedder = Embedder(own, Sampling(fps), lambda: encoder, embed)
        reused(*embedder.reuse(clips, keys, entries), len(clips))
        others = None
        if background == CLIPS:
            with closing(embedder.embed_clips(clips, keys)) as results:
                others = OtherClips(encoder.info, (one.clip for one in results))
        scoring = {n: Scoring(config, encoder.info, texts, others) for n, config in configs.items()}
        with closing(embedder.embed_clips(clips, keys)) as results:
            for number, (question, result) in enumerate(zip(usable, results, strict=True)):
                try:
                    clip = result.embedding()
                    for n, one in scoring.items():
                        cells[:, n, number] = _answer(one, question, clip)
                    progress(question.id, "")
                except VideoError as error:
                    progress(question.id, str(error))
    kept = ~np.isnan(cells).any(axis=(0, 1))
    ranks, frames, seconds = cells[:, :, kept]
    asked = [one for one, known in zip(usable, kept, strict=True) if known]
    table = _Table(asked, ranks.astype(int), frames, seconds)
    found = {**_chosen(settings, table, folds), "failed": len(usable) - len(asked)}
    write_json(out / "tuning.json", found)
    _write_settings(out / "settings.yaml", model, found, questions.name, background)
    return found


def tunable(questions: QuestionSet) -> list[Question]:
    """The questions that settings are chosen on: those with a clip, an answer and all scripts."""
    return [one for one in questions.questions if left_out(one) is None and not one.without_script]


def _answer(scoring: Scoring, question: Question, clip: ClipEmbedding) -> tuple[float, ...]:
    """The rank of the right label by one setting, the frames encoded, and the seconds it took."""
    began = time.perf_counter()
    candidates = scoring.of_clip(question, scoring.config.scorers[0], clip)
    row = scored_row(candidates.predict(clip).to_row(), question)
    return row["rank"], len(clip.embeddings), time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class _Table:
    """What S settings made of the N questions whose clips all of them could score.

    ranks: (S, N) of the right label. frames: (S, N) that were encoded. seconds: (S, N) that scoring
    took.
    """

    questions: Sequence[Question]
    ranks: NDArray[np.int_]
    frames: Float64
    seconds: Float64

    def cost(self, setting: int) -> dict[str, float]:
        """Frames that were encoded, a clip's mean; milliseconds that scoring took, the median.

        The first clip's time is longer, since texts are encoded and code is compiled then.
        """
        frames, seconds = self.frames[setting].mean(), np.median(self.seconds[setting])
        return {"frames": round(float(frames), 1), "scoring_ms": round(1000 * float(seconds), 2)}


def folds_of(questions: Sequence[Question], folds: int) -> NDArray[np.int_]:
    """(N,) the fold of each question; labels are spread evenly, and a group shares one fold.

    There are at most as many folds as groups. Raises UsageError for fewer than two groups.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number, question in enumerate(questions):
        groups[question.subject or str(question.video)].append(number)
    if len(groups) < 2:
        raise UsageError(
            f"There are {len(questions)} clips of {len(groups)} subjects or files to choose "
            "settings on; give clips of at least two."
        )
    order = list(groups)
    np.random.default_rng(0).shuffle(order)
    order.sort(key=lambda name: -len(groups[name]))
    count = min(folds, len(groups))
    fold = np.zeros(len(questions), int)
    labels: list[Counter[str]] = [Counter() for _ in range(count)]
    sizes = [0] * count
    for name in order:
        mine = Counter(str(questions[number].target) for number in groups[name])
        # Where the group's labels are rarest, then where there is the most room.
        place = min(
            range(count),
            key=lambda one: (sum(labels[one][label] * n for label, n in mine.items()), sizes[one]),
        )
        labels[place] += mine
        sizes[place] += len(groups[name])
        fold[groups[name]] = place
    return fold


def _best(ranks: NDArray[np.int_], frames: Sequence[float]) -> int:
    """From (S, N) ranks, the setting that is right most often; among equals, the one with the
    higher mean reciprocal rank, then with fewer frames, then the first."""
    right = (ranks == 1).mean(axis=1)
    reciprocal = (1 / ranks).mean(axis=1)
    return max(
        range(len(ranks)),
        key=lambda n: (round(right[n], 9), round(reciprocal[n], 9), -frames[n], -n),
    )


def _chosen(settings: Sequence[Setting], table: _Table, folds: int) -> dict[str, Any]:
    ranks, questions = table.ranks, table.questions
    fold = folds_of(questions, folds)
    costs = [table.cost(n) for n in range(len(settings))]
    frames = [cost["frames"] for cost in costs]
    nested = np.zeros(len(questions), int)
    choices = []
    for one in range(int(fold.max()) + 1):
        best = _best(ranks[:, fold != one], frames)
        nested[fold == one] = ranks[best, fold == one]
        choices.append({"clips": int((fold == one).sum()), "chosen": asdict(settings[best])})
    best = _best(ranks, frames)
    right, own = nested == 1, ranks[0] == 1
    difference = paired_bootstrap(right.tolist(), own.tolist())
    test = mcnemar(right.tolist(), own.tolist())
    return {
        "chosen": asdict(settings[best]),
        "clips": len(questions),
        "left_out": _share(nested),
        "on_the_same_clips": _share(ranks[best]),
        "first": {**asdict(settings[0]), **_share(ranks[0])},
        "gain": {
            "value": difference.value,
            "ci95": [difference.low, difference.high],
            "mcnemar_p": test.p_value,
        },
        "folds": choices,
        "settings": [
            {**asdict(setting), **_share(ranks[n]), **costs[n]}
            for n, setting in enumerate(settings)
        ],
    }


def _share(ranks: NDArray[np.int_]) -> dict[str, Any]:
    found = top_k(ranks.tolist(), 1)
    return {"top1": found.value, "ci95": [found.low, found.high], "hits": found.hits}


def setting_lines(result: dict[str, Any]) -> list[str]:
    """A heading, the eight best settings and their costs, one per line, the chosen one first, and
    where the others are."""
    chosen = result["chosen"].items()
    ordered = sorted(result["settings"], key=lambda one: (-one["top1"], not chosen <= one.items()))
    lines = ["Top-1 on all clips, and the cost, of the best settings:"]
    lines += [
        f"{100 * one['top1']:6.2f} %  {one['frames']:.0f} frames, {one['scoring_ms']:.1f} ms a "
        f"clip: {one['scorer']}, smoothing {one['smoothing_seconds']:g} s, "
        f"{'all' if one['fps'] is None else one['fps']} frames a second, {one['step_template']!r}, "
        f"{'all wordings' if one['wordings'] is None else counted(one['wordings'], 'wording')}"
        for one in ordered[:8]
    ]
    if more := ordered[8:]:
        lines.append(f"and {counted(len(more), 'more setting')}: tuning.json has all")
    return lines


def tuning_lines(result: dict[str, Any]) -> list[str]:
    """What was found, in sentences."""
    gain, chosen = result["gain"], result["chosen"]
    low, high = (100 * bound for bound in gain["ci95"])
    words = ", ".join(f"{name} {'all' if v is None else v}" for name, v in chosen.items())
    lines = [
        f"chosen: {words}",
        f"right on clips that had no part in the choice: {percent(result['left_out'], 'top1')} %",
        f"the first setting, the model's own, on the same clips: "
        f"{percent(result['first'], 'top1')} %; gain {100 * gain['value']:+.2f} points "
        f"[{low:+.2f}, {high:+.2f}], p = {gain['mcnemar_p']:.3g}",
        "the chosen one on the clips that it was chosen on, which is too optimistic: "
        f"{percent(result['on_the_same_clips'], 'top1')} %",
    ]
    if gain["value"] < 0:
        lines.append("Choosing is worse here than keeping the model's own setting; keep that.")
    elif gain["mcnemar_p"] >= 0.05:
        lines.append("No gain over the model's own setting has been shown on this many clips.")
    lines.append("Only labels were compared; look at times and counts before using it.")
    agree = sum(one["chosen"] == chosen for one in result["folds"])
    lines.append(f"{agree} of {len(result['folds'])} folds chose the same.")
    return lines


def _write_settings(
    path: Path, model: str, result: dict[str, Any], name: str, background: str | None
) -> None:
    chosen = result["chosen"]
    of_use = background is not None and get_scorer(chosen["scorer"]).needs_background
    fps = chosen["fps"]
    values: dict[str, Any] = {
        "model": model,
        "scorer": chosen["scorer"],
        **({"background": background} if of_use else {}),
        "smoothing": chosen["smoothing_seconds"],
        "fps": "all" if fps is None else fps,
        "step_template": chosen["step_template"],
        **({} if chosen["wordings"] is None else {"wordings": chosen["wordings"]}),
    }
    remarks = f"Chosen by `actalign eval tune` on {result['clips']} clips of {name}:"
    write_settings(path, values, "\n".join([remarks, *tuning_lines(result)]))
