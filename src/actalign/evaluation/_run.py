"""Evaluation of questions into a run folder: resumable, and scorable again with other scorers.

The folder: `questions.jsonl` and `clips.json` (what was asked), `config.json` (resolved),
`environment.json`, `predictions.jsonl` (one row per question and scorer), `errors.jsonl` (rows of
what was left out, and why), `results.json`, `embeddings/` and `texts.sqlite`. Questions are
identified by id; one that was left out is counted separately, never as wrong. Not here: reading the
questions, and the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from actalign.alignment import SCORERS, get_scorer
from actalign.candidates import Candidates
from actalign.clips import ClipResult, Store, embed_videos
from actalign.clips._background import OtherClips
from actalign.encoder_info import EncoderInfo
from actalign.encoders import Encoder
from actalign.encoders._base import follows_everyone
from actalign.encoders._text_cache import TextCache
from actalign.errors import PersonError, UsageError, VideoError
from actalign.evaluation._asked import check_asked, check_examples, write_asked
from actalign.evaluation._config import (
    BOTH,
    EXAMPLES,
    LOOKS,
    RANDOM,
    SECOND_LOOK,
    EvalConfig,
    main_scorer,
    of_words,
    open_config,
    write_config,
    write_json,
)
from actalign.evaluation._embed import Clip, Embed, Embedder, clip_keys, clip_of, entries_by_key
from actalign.evaluation._examples import labelled, read_examples
from actalign.evaluation._journal import Journal
from actalign.evaluation._looks import check_confidence, check_look, looked_row
from actalign.evaluation._questions import Question, QuestionSet, left_out
from actalign.evaluation._refusals import check_refusals
from actalign.evaluation._results import summarise
from actalign.evaluation._rows import (
    NO_BOX,
    NOBODY_IN_BOX,
    drawn_scores,
    row_of_scores,
    row_without_score,
    scored_row,
)
from actalign.evaluation._scoring import Scoring
from actalign.evaluation._step_times import with_true_times
from actalign.examples import Examples, check_shown
from actalign.files import check_writable
from actalign.rows import Row, write_rows
from actalign.second_look import SecondLook, SecondLookError
from actalign.types import ClipEmbedding


def run(
    config: EvalConfig,
    questions: QuestionSet,
    out: Path,
    *,
    load: Callable[[], Encoder],
    resume: bool = False,
    progress: Callable[[str, str], None] = lambda clip, note: None,
    embed: Embed = embed_videos,
    look: SecondLook | None = None,
    store: str | None = None,
    reused: Callable[[int, int, int], None] = lambda copied, kept, asked: None,
) -> dict[str, Any]:
    """Evaluate questions, or continue a run or score it again; returns what `results.json` holds.

    load: loads the model of the configuration; called only when something must be encoded.
    embed: `clips.embed_videos`, or a function that does the same elsewhere. look: the model that
    the scorers "vlm", "vlm_aligned" and "second_look" ask; a second look that failed is tried again
    when the run is resumed. ``progress(id, note)`` is called once per question, with "" or what
    went wrong. store: a folder, or an address with ://, whose embeddings are copied to ``out``
    instead of encoding the clips again. ``reused(copied, kept, asked)`` is called with the number
    of clips that were copied, that ``out`` had already, and of all. Raises UsageError if ``out``
    holds another run, or any run without ``resume``, and for a store without embeddings.
    """
    check_writable(out / "results.json")
    entries = entries_by_key(store)
    config = replace(config, second_look=look.settings if look else None)
    check_look(config, look)
    config, info, load = open_config(config, out, load=load, resume=resume)
    check_confidence(config, info, look)
    check_refusals(config, info)
    embeddable = [one for one in questions.questions if left_out(one) is None]
    listed = [clip_of(one) for one in embeddable]
    keys = check_asked(out, questions, clip_keys(listed, info.fingerprint, config.sampling))
    answers = _Answers(out / "predictions.jsonl")
    everyone = follows_everyone(info.model_id)
    embedder = Embedder(Store(out / "embeddings"), config.sampling, load, embed, everyone)
    examples = None
    if config.examples is not None:
        known = read_examples(Path(config.examples))
        examples, shown = _examples(known, config, embeddable, info, embedder, entries)
        check_examples(out, shown)
        keys |= shown
    # The questions first: a run with a configuration has them, whenever it is killed.
    write_asked(out, questions, keys)
    write_config(config, info, out)
    reused(*embedder.reuse(listed, keys, entries), len(listed))
    texts = TextCache(info, load, path=out / "texts.sqlite")
    others = None
    if config.of_clips:
        with closing(embedder.embed_clips(listed, keys)) as clips:
            others = OtherClips(info, (one.clip for one in clips))
    scoring = Scoring(config, info, texts, others, examples, look)
    errors: list[Row] = []
    with closing(embedder.embed_clips(listed, keys)) as clips:
        for question in questions.questions:
            unscored = _ask(question, clips, scoring, answers)
            errors += unscored
            amiss = [str(row["error"]) for row in unscored] + answers.warnings(question.id)
            progress(question.id, "; ".join(dict.fromkeys(amiss)))
    rows = answers.sorted([question.id for question in questions.questions], config.scorers)
    return _write_results(rows, errors, questions, config, info, out)


def _write_results(
    rows: Sequence[Row],
    errors: Sequence[Row],
    questions: QuestionSet,
    config: EvalConfig,
    info: EncoderInfo,
    out: Path,
) -> dict[str, Any]:
    """Write the finished run's results; returns what `results.json` holds."""
    write_rows(rows, out / "predictions.jsonl")
    write_rows(errors, out / "errors.jsonl")
    results = summarise(
        rows,
        errors,
        scorers=config.scorers,
        total=questions.total,
        benchmark=questions.name,
        published=questions.published,
        none=config.none,
    )
    results |= {
        "model_id": info.model_id,
        "fingerprint": info.fingerprint,
        **info.provenance,
        "fps": config.fps,
        "smoothing_seconds": config.smoothing_seconds,
    }
    if scored := [name for name, figures in results["scorers"].items() if figures["n"]]:
        results["main"] = main_scorer(scored)  # `report` may not know a scorer of the user's own
    write_json(out / "results.json", results)
    return results


def _examples(
    found: Mapping[str, Question],
    config: EvalConfig,
    questions: Sequence[Question],
    info: EncoderInfo,
    embedder: Embedder,
    entries: Mapping[str, Sequence[str]],
) -> tuple[Examples, dict[str, str]]:
    """The examples, embedded into the run's store, and the keys of their clips.

    Raises UsageError for one that can't be embedded and, before any is embedded, for a question's
    choice that has none.
    """
    labels = [str(one.target) for one in found.values()]
    for choices in dict.fromkeys(question.choices for question in questions):
        check_shown([choice for choice in choices if choice != config.none], labels)
    clips = [Clip(name, one.video) for name, one in found.items()]
    keys = clip_keys(clips, info.fingerprint, config.sampling)
    embedder.reuse(clips, keys, entries)
    with closing(replace(embedder, everyone=False).embed_clips(clips, keys)) as results:
        shown = labelled(found.values(), results)
    return Examples(shown, smoothing_seconds=config.smoothing_seconds or 0.0), keys


def _ask(
    question: Question, clips: Iterator[ClipResult], scoring: Scoring, answers: _Answers
) -> list[Row]:
    """Score a question on the next clip, which is its own; returns why it can't be scored."""
    if (why := left_out(question)) is not None:
        return [row_without_score(question, "missing", why.kind, why.reason)]
    try:
        return _score(question, next(clips).embedding(), scoring, answers)
    except PersonError as error:
        kind = NO_BOX if question.box is None else NOBODY_IN_BOX
        return [row_without_score(question, "error", kind, str(error))]
    except VideoError as error:
        return [row_without_score(question, "error", "not encoded", str(error))]


def _score(
    question: Question, clip: ClipEmbedding, scoring: Scoring, answers: _Answers
) -> list[Row]:
    """Score a question with every scorer that has not scored it; returns why some can't."""
    unscored: list[Row] = []

    def leave_out(scorer: str, kind: str, why: str) -> None:
        unscored.append(row_without_score(question, "unscored", kind, why, scorer=scorer))

    for scorer in scoring.config.scorers:
        by = scoring.words if scorer in LOOKS else scorer
        needs_scripts = of_words(by) and get_scorer(by).texts == "steps"
        if needs_scripts and question.without_script:
            names = ", ".join(repr(choice) for choice in question.without_script)
            leave_out(scorer, "missing candidate", f"no script for {names}")
        elif answers.has(question.id, scorer) and not scoring.depends_on_others(by):
            continue
        elif scorer in LOOKS:
            try:
                answers.add(_looked(question, clip, scorer, scoring))
            except SecondLookError as error:
                leave_out(scorer, "no answer of the model", str(error))
        elif scorer in (EXAMPLES, BOTH) and _alone(question, clip, scoring.examples):
            leave_out(
                scorer, "only example", f"it is the only example of {question.target!r}; give more"
            )
        elif scorer in (EXAMPLES, BOTH):
            _, shown, both = scoring.with_examples(question).all_scores(clip)
            scores = shown if scorer == EXAMPLES else both
            answers.add(row_of_scores(question, scores, scorer, about=clip.row_fields()))
        elif scorer == RANDOM:
            drawn = drawn_scores(question, scoring.config.seed)
            about = {"video": clip.provenance.get("video")}
            answers.add(row_of_scores(question, drawn, RANDOM, about=about))
        else:
            candidates = scoring.of_clip(question, scorer, clip)
            try:
                answers.add(_row(candidates, clip, question, scoring.config.settings))
            except UsageError as error:  # too short for the number of repetitions
                leave_out(scorer, "too short", str(error))
    return unscored


def _alone(question: Question, clip: ClipEmbedding, examples: Examples | None) -> bool:
    """Whether the right label has no example besides the clip itself."""
    if examples is None or question.target not in question.choices:
        return False
    return not examples.has_other(str(question.target), clip)


def _row(
    candidates: Candidates, clip: ClipEmbedding, question: Question, settings: str | None
) -> Row:
    prediction = candidates.predict(clip)
    row = scored_row(prediction.to_row(), question)
    if settings is not None:
        row["settings"] = {**row["settings"], "settings": settings}
    if question.target in candidates.labels:
        margin = candidates.order_margin(clip, str(question.target))
        if margin is not None:
            row["order_margin"] = margin
    return with_true_times(row, question, prediction, candidates)


def _looked(question: Question, clip: ClipEmbedding, scorer: str, scoring: Scoring) -> Row:
    """The row of a scorer that asks a model; raises SecondLookError."""
    assert scoring.look is not None
    drawn = np.argsort(drawn_scores(question, scoring.config.seed)).tolist()
    words = scoring.of_clip(question, scoring.words, clip)
    return looked_row(scorer, question, clip, words=words, look=scoring.look, drawn=drawn)


class _Answers:
    """The scored rows of a run, by question and scorer, in its journal."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._rows: dict[tuple[str, str], Row] = {}
        for known in self._journal.rows:
            clip = known.setdefault("clip", known.get("doc_id"))  # earlier versions
            scorer, row = known.get("scorer"), cast(Row, known)
            if isinstance(clip, str) and isinstance(scorer, str):
                self._rows[clip, scorer] = row

    def has(self, clip: str, scorer: str) -> bool:
        """Whether the scorer has scored the question, and no second look failed."""
        return "second_look_error" not in self._rows.get((clip, scorer), {"second_look_error": ""})

    def warnings(self, clip: str) -> list[str]:
        """Why the question's second look failed, if it did."""
        row = self._rows.get((clip, SECOND_LOOK))
        return [] if row is None or "second_look_error" not in row else [row["second_look_error"]]

    def add(self, row: Row) -> None:
        """Keep a row, also on disk."""
        self._rows[row["clip"], str(row["scorer"])] = row
        self._journal.add(row)

    def sorted(self, ids: Sequence[str], scorers: Sequence[str]) -> list[Row]:
        """Rows by question, then scorer: the same however often the run was interrupted.

        Scorers named only by their parts come last, in the order of ``scorers``.
        """
        place = {one: n for n, one in enumerate(ids)}
        every = dict.fromkeys([*SCORERS, RANDOM, EXAMPLES, BOTH, *LOOKS, *scorers])
        names = {name: n for n, name in enumerate(every)}
        keys = sorted(
            (key for key in self._rows if key[0] in place and key[1] in names),
            key=lambda key: (place[key[0]], names[key[1]]),
        )
        return [self._rows[key] for key in keys]
