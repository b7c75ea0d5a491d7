"""How a clip's frames and the candidates' texts become one score a candidate: the table SCORERS.

Most scorers have three parts (`_stages`): an affinity, a path and an average over that path. Any
such triple can be named, AFFINITY+PATH+AVERAGE. Every scorer has one signature, so
that a run can swap or compare them, and a user's own function is one too. Smoothing happens before
(`smooth`), text encoding before that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from actalign.alignment._affinities import AFFINITIES, Affinity, Calibration, affinity
from actalign.alignment._dtw import align_batch
from actalign.alignment._paths import PATHS, WHOLE_PATH, Path, is_whole
from actalign.alignment._similarity import cosine, normalize
from actalign.alignment._stages import AVERAGES, LABEL_VOTE, Stages
from actalign.alignment._texts import CandidateTexts, texts_of
from actalign.background import Background
from actalign.encoder_info import EncoderInfo
from actalign.errors import ArrayError, UsageError
from actalign.types import Alignment, Float64

ScoreFunction = Callable[[ArrayLike, Sequence[ArrayLike], Calibration], Float64]


@dataclass(frozen=True, slots=True)
class Scorer:
    """A named way to score candidates.

    texts: "steps", it reads each candidate's step embeddings (K_m, D), or "label", it reads
    the embedding of the candidate's name (1, D).
    score: (T, D) frames, M candidates, calibration -> (M,) finite numbers; higher is better. Scores
    of different scorers are not comparable, and none is a probability.
    align: the alignments that carry these scores, for scorers that have their own; without it the
    steps' times are those of the paper's alignment.
    needs_background: it measures steps against `Calibration.background`.
    stages: its parts, if it is made of parts.

    Raises UsageError for a wrong name, texts or score.
    """

    name: str
    texts: Literal["steps", "label"]
    score: ScoreFunction
    summary: str
    align: Callable[[ArrayLike, Sequence[ArrayLike], Calibration], list[Alignment]] | None = None
    needs_background: bool = False
    stages: Stages | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise UsageError(
                f"The name of a scorer is a text that is not empty, not {self.name!r}."
            )
        if "," in self.name:
            raise UsageError(
                f"The name of a scorer has no comma, which parts names: {self.name!r}."
            )
        if self.texts not in ("steps", "label"):
            raise UsageError(
                f"The scorer {self.name!r} reads the texts {self.texts!r}; give 'steps' or 'label'."
            )
        if not callable(self.score):
            raise UsageError(f"The score of the scorer {self.name!r} is not a function.")

    @property
    def knows_none(self) -> bool:
        """Whether it can tell that no candidate fits: it measures frames against a background, and
        so has a place for the background itself, which a function of your own does not."""
        return self.needs_background and self.stages is not None

    def own_scores(
        self, frames: ArrayLike, candidates: Sequence[ArrayLike], by: Calibration
    ) -> Float64:
        """(M,) scores by `score`; raises ArrayError unless they are M finite numbers."""
        found = self.score(frames, candidates, by)
        try:
            scores = np.asarray(found, np.float64)
        except (TypeError, ValueError):
            gave = f"a {type(found).__name__} that holds no numbers"
        else:
            if found is None:
                gave = "nothing"
            elif scores.shape != (len(candidates),):
                gave = f"an array of the shape {scores.shape}"
            elif np.isfinite(scores).all():
                return scores
            else:
                gave = "NaN or infinity"
        raise ArrayError(
            f"The scorer {self.name!r} gave {gave}; for {len(candidates)} candidates it must give "
            f"the shape ({len(candidates)},), one finite number for each."
        )

    def own_alignments(
        self, frames: ArrayLike, candidates: Sequence[ArrayLike], by: Calibration
    ) -> list[Alignment]:
        """M alignments by the function `align`; raises ArrayError unless they are of these frames
        and candidates, with finite scores and whole paths."""
        assert self.align is not None
        found = self.align(frames, candidates, by)
        shapes = [(len(np.asarray(frames)), len(np.asarray(one))) for one in candidates]
        given = found if isinstance(found, list | tuple) else ()
        if [one.affinity.shape for one in given if isinstance(one, Alignment)] != shapes:
            raise ArrayError(
                f"The scorer {self.name!r} must align {len(candidates)} candidates to one "
                "`Alignment` each, whose affinity is (T, K) frames and steps."
            )
        if not np.isfinite([one.score for one in given]).all():
            raise ArrayError(
                f"The scorer {self.name!r} gave an alignment the score NaN or infinity."
            )
        if not all(is_whole(one.path, one.affinity.shape) for one in given):
            raise ArrayError(
                f"The scorer {self.name!r} gave an alignment a path that can't be read; it must be "
                f"{WHOLE_PATH}"
            )
        return list(given)

    @classmethod
    def of(
        cls,
        name: str,
        parts: str,
        summary: str = "",
        *,
        geometric: bool = False,
        label_vote: float = 0.0,
    ) -> Scorer:
        """From "AFFINITY+PATH+AVERAGE"; raises a UsageError that lists a wrong part's choices.

        geometric, label_vote: see `Stages`.
        """
        named = parts.split("+")
        if len(named) != 3:
            raise UsageError(
                f"The scorer {parts!r} has {len(named)} parts; give an affinity, a path and an "
                "average, such as cosine+segment+path."
            )
        first, second, average = named
        tables: dict[str, Collection[str]]
        tables = {"affinity": AFFINITIES, "path": PATHS, "average": AVERAGES}
        for (kind, table), part in zip(tables.items(), named, strict=True):
            if part not in table:
                listed = ", ".join(table)
                raise UsageError(f"There is no {kind} {part!r}; choose one of {listed}.")
        used = _entry("AFFINITIES", AFFINITIES, first, Affinity)
        path = _entry("PATHS", PATHS, second, Path)
        stages = Stages(used, path, average, geometric, label_vote)
        return cls(
            name,
            "steps",
            stages.score,
            summary or f"{stages.affinity.summary}; {stages.path.summary}; {AVERAGES[average]}",
            stages.align if stages.path.align else None,
            stages.affinity.needs_background,
            stages,
        )


def _entry(title: str, table: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    """What a table holds under a name, to which programs may have added anything."""
    found = table[name]
    if not isinstance(found, kind) or found.name != name:
        raise UsageError(f"{title}[{name!r}] holds no {kind.__name__} of that name; put one there.")
    return found


def alignments(frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> list[Alignment]:
    """Align a clip with every candidate by the paper's affinity; see `alignment.align`."""
    texts = texts_of(candidates)
    return align_batch(affinity(frames, texts, by), texts.sizes)


def _mean_pool(frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> Float64:
    """The paper's baseline: cosine of the mean normalised frame with the mean normalised text."""
    texts = texts_of(candidates)
    pooled = normalize(frames, name="frame embeddings").mean(axis=0, keepdims=True)
    split = np.split(normalize(texts.rows, name="text embeddings"), np.cumsum(texts.sizes)[:-1])
    means = np.concatenate([one.mean(axis=0, keepdims=True) for one in split])
    return np.asarray(cosine(pooled, means)[0], dtype=np.float64)


COMPETITIVE = "competitive"
"""The default of encoders that have a background."""

SCORERS: dict[str, Scorer] = {
    scorer.name: scorer
    for scorer in (
        Scorer.of("dtw", "sigmoid+dtw+path", "sum of affinities on the best path / its length"),
        Scorer(
            "mean_pool",
            "label",
            _mean_pool,
            "cosine of mean frame and label (baseline); uses only labels, no steps",
        ),
        Scorer.of(
            "dtw_steps",
            "log_sigmoid+dtw+steps",
            "geometric mean over steps of the affinity on the path",
            geometric=True,
        ),
        Scorer.of("dtw_mean", "sigmoid+dtw_mean+path", "largest mean affinity of any path"),
        Scorer.of(
            COMPETITIVE,
            "competitive+relaxed+steps_four_times",
            "steps of all candidates compete in each frame, against a background; half of the "
            "score is for their order, in 1 to 3 passes through the script; the label has a small "
            "vote",
            label_vote=LABEL_VOTE,
        ),
        Scorer.of(
            "order_free", "sigmoid+order_free+path", "control: each frame's best step, any order"
        ),
        Scorer.of("dtw_shuffled", "sigmoid+dtw_shuffled+path", "control: steps shuffled"),
        Scorer.of("dtw_reversed", "sigmoid+dtw_reversed+path", "control: steps reversed"),
        Scorer.of(
            "equal_split", "sigmoid+equal_split+path", "control: equal parts, nothing is aligned"
        ),
        *(
            Scorer.of(
                f"{COMPETITIVE}_{word}",
                f"competitive+{path}+steps_four_times",
                f"control: competitive, {what}",
                label_vote=LABEL_VOTE,
            )
            for word, path, what in (
                ("shuffled", "relaxed_shuffled", "steps shuffled"),
                ("reversed", "relaxed_reversed", "steps reversed"),
                ("order_free", "order_free", "any order"),
                ("equal_split", "equal_split", "equal parts, nothing is aligned"),
            )
        ),
    )
}


def check_useful(background: Background | None, scorers: Sequence[Scorer]) -> None:
    """Raise UsageError unless one of these scorers reads the background that was asked for, or it
    has the temperature of one; None for the run's other clips."""
    fitted = {} if background is None else background.temperatures
    if not any(one.needs_background or one.name in fitted for one in scorers):
        names = ", ".join(one.name for one in scorers)
        why = f"the scorer {names} needs none" if names else "no scorer is used"
        if len(scorers) > 1:
            why = f"the scorers {names} need none"
        raise UsageError(f"--background has no effect: {why}.")


def default_scorer(info: EncoderInfo, background: Background | None) -> Scorer:
    """For runs that name none: `competitive` if there is a background, else the encoder's."""
    return SCORERS[COMPETITIVE] if background is not None else get_scorer(info.scorer)


def scorer_names(names: str, *, also: Collection[str] = ()) -> tuple[str, ...]:
    """Comma-separated names of scorers, each once; also: others that are allowed.

    Raises UsageError for none, and for a wrong one.
    """
    found = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in found:
        if name not in also:
            get_scorer(name)
    if not found:
        raise UsageError("--scorer names no scorer; give one, e.g. dtw.")
    return found


def get_scorer(scorer: str | Scorer) -> Scorer:
    """A scorer by its name or by its parts, AFFINITY+PATH+AVERAGE; a `Scorer` is returned as it is.

    Raises UsageError for anything else; for a wrong name it lists the names.
    """
    if isinstance(scorer, Scorer):
        return scorer
    if not isinstance(scorer, str):
        what = "a function" if callable(scorer) else repr(scorer)
        raise UsageError(
            f"The scorer is {what}; give a name, or of your own function "
            'Scorer("NAME", "steps", function, "what it does") of actalign.alignment.'
        )
    if scorer in SCORERS:
        found: Scorer = _entry("SCORERS", SCORERS, scorer, Scorer)
        return found
    if "+" in scorer:
        return Scorer.of(scorer, scorer)
    raise UsageError(
        f"There is no scorer {scorer!r}; choose one of {', '.join(SCORERS)}, or name its parts, "
        "such as cosine+segment+path."
    )
