"""Users' judgements of results: what clips truly show, and how often that was found.

They are stored as a question file, for `actalign eval clips` and `--examples`. Judgements without a
right answer are stored in the file's header.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actalign.documents import composed, parse_json, read_text
from actalign.errors import ActAlignError, UsageError, reason_of
from actalign.evaluation._metrics import Rate, rate
from actalign.evaluation._question_file import parsed, question_lines, read_question_file
from actalign.evaluation._questions import Box, Interval, Question, QuestionSet
from actalign.files import write_text
from actalign.scripts._labels import label_key
from actalign.types import Prediction, Script
from actalign.video._listing import TRUTH_FILE
from actalign.web._asked import Asked

WITHOUT_ANSWER = "without_answer"
"""Field of its header: judgements of clips whose right action is not known."""
ROUNDED_SECONDS = 0.001
"""How far the times of a row may be beyond its clip, as they are rounded."""


@dataclass(frozen=True, slots=True)
class Truth:
    """question: the clip with its right answer. rejected: a label that was judged wrong without
    naming the right one; the question then has no answer. none: the name for none of the
    candidates, if that is right; then the question has no answer either."""

    question: Question
    rejected: str | None = None
    none: str | None = None


def truth_of(
    prediction: Prediction,
    asked: Asked,
    name: str,
    video: str,
    label: str | None,
    intervals: Sequence[Interval],
    box: Box | None,
) -> Truth:
    """A user's judgement of a result.

    asked: what the result answers. name: of the clip, or of one of its people, who is where ``box``
    is. label: what the clip shows, which may be an action that is not a candidate, or the name for
    none of them; None if the answer is wrong and the right one is not known. intervals: when its
    steps happen. Raises UsageError.
    """
    none = None if asked.none is None else label_key(asked.none)
    said = None if label is None else label_key(label)
    wordings = {label_key(one.label): one.step_lists for one in asked.scripts}
    choices: dict[str, Script] = {}
    for one in sorted(prediction.candidates, key=lambda one: label_key(one.label)):
        if not one.none:
            key, shown = label_key(one.label), one.script
            # The wording that is shown comes first, as step times refer to it.
            more = tuple(steps for steps in wordings[key] if steps != shown.steps)
            choices[key] = replace(shown, rewordings=more)
    if label is not None and said is not None and said not in (none, *choices):
        other = composed(label).strip()
        choices[said] = Script(other, (other,), asked.domain)
    scripts = choices.values()
    rewordings = tuple(one.rewordings for one in scripts)
    question = Question(
        id=name,
        video=Path(video),
        box=box,
        choices=tuple(one.label for one in scripts),
        answer=None if said is None or said == none else list(choices).index(said),
        scripts=tuple(one.steps for one in scripts),
        rewordings=rewordings if any(rewordings) else (),
        intervals=tuple(intervals) or None,
    ).with_domains([one.domain for one in scripts])
    if said is None:
        return Truth(question, rejected=prediction.best.label)
    return Truth(question, none=asked.none if said == none else None)


def check_intervals(intervals: Iterable[Interval], name: str, seconds: float) -> None:
    """Raise UsageError for one without length, or that ends after the clip. seconds: of the clip.

    Steps that overlap are allowed, as they are in question files.
    """
    for one in intervals:
        if one.start == one.end:
            raise UsageError(f"An interval begins and ends at {one.end:g} s; give it a length.")
        if one.end > seconds + ROUNDED_SECONDS:
            raise UsageError(
                f"An interval ends at {one.end:g} s, but {name} lasts {seconds:g} s; give times "
                "within it."
            )


def accuracy(judged: Iterable[tuple[Truth, Prediction]]) -> Rate:
    """How often the answer is right on the clips that a user has judged, with its interval.

    A clip whose answer has changed since it was judged wrong doesn't count.
    """
    hits = total = 0
    for truth, prediction in judged:
        said = label_key("" if prediction.refused else prediction.best.label)
        right = truth.none or truth.question.target
        if right is not None:
            hits += label_key(right) == said
            total += 1
        elif truth.rejected is not None and label_key(truth.rejected) == said:
            total += 1
    return rate(hits, total)


def truth_text(truths: Iterable[Truth]) -> str:
    """The question file of the clips whose right answer is known; videos are bare file names."""
    return "\n".join(question_lines(_known(truths), Path.cwd())) + "\n"


def save_truths(truths: Sequence[Truth], folder: Path) -> None:
    """Write them next to the clips, all or nothing; raises UsageError.

    Those without an answer are in the header, which readers of question files ignore.
    """
    placed = [replace(t, question=replace(t.question, video=_place(t, folder))) for t in truths]
    header, *lines = question_lines(_known(placed), folder.absolute())
    left = [one for one in placed if one.question.answer is None]
    _, *texts = question_lines(_set(left), folder.absolute())
    kept = [
        {"question": json.loads(text), "rejected": one.rejected, "none": one.none}
        for one, text in zip(left, texts, strict=True)
    ]
    header = json.dumps({**json.loads(header), **({WITHOUT_ANSWER: kept} if kept else {})})
    try:
        write_text(folder / TRUTH_FILE, "\n".join([header, *lines]) + "\n")
    except ActAlignError as error:  # it names the server's own path
        cause = error.__cause__
        why = reason_of(cause) if isinstance(cause, OSError) else "it is not a file"
        raise UsageError(
            f"The truth file {TRUTH_FILE} can't be written next to the clips ({why}), so this was "
            "not saved; fix that, then correct the clip again."
        ) from error


def merged(known: Sequence[Truth], video: Path, folder: Path) -> list[Truth]:
    """Those known of one video, and what the folder's truth file holds of the others, by video.

    Another server of the folder may have written since. video: its path in the folder. Without a
    file they are all of those known. Raises UsageError for a file that can't be read any more.
    """
    kept = known
    if (folder / TRUTH_FILE).is_file():
        try:
            kept = [*load_truths(folder).values()]
        except UsageError as error:  # it names the server's own path
            raise UsageError(
                f"The truth file {TRUTH_FILE} next to the clips can't be read any more, so this "
                "was not saved; mend or move it, then correct the clip again."
            ) from error
    others = [one for one in kept if one.question.video != video]
    mine = [one for one in known if one.question.video == video]
    return sorted([*others, *mine], key=lambda one: one.question.video or Path())


def _place(truth: Truth, folder: Path) -> Path:
    return folder / (truth.question.video or truth.question.id)


def load_truths(folder: Path) -> dict[str, Truth]:
    """What `save_truths` wrote, by the clip's path in the folder, or by the person's name.

    Raises UsageError if the file of this name is something else.
    """
    path = folder / TRUTH_FILE
    if not path.exists():
        return {}
    truths = [Truth(one) for one in read_question_file(path).questions]
    header = parse_json(read_text(path).split("\n", 1)[0])
    where = f"{path}, line 1, {WITHOUT_ANSWER}"
    left = parsed(list[Truth], header.get(WITHOUT_ANSWER, []), where)
    truths += [replace(t, question=replace(t.question, video=_place(t, folder))) for t in left]
    found: dict[str, Truth] = {}
    for truth in truths:
        question = truth.question
        if question.video is not None and question.video.is_relative_to(folder):
            video = question.video.relative_to(folder)
            name = video.as_posix() if question.box is None else question.id
            found.setdefault(name, replace(truth, question=replace(question, video=video)))
    return found


def _known(truths: Iterable[Truth]) -> QuestionSet:
    return _set([one for one in truths if one.question.answer is not None])


def _set(truths: Sequence[Truth]) -> QuestionSet:
    return QuestionSet("truth", tuple(one.question for one in truths))
