"""Makes rows from their fields, and reads facts from rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from actalign.documents import escaped
from actalign.errors import ActAlignError
from actalign.rows._fields import SCHEMA_VERSION, CandidateRow, RepetitionRow, Row, StepRow
from actalign.rows._people import mostly_unseen, neutral_warning


def new_row(fields: Row) -> Row:
    """A row in the order of the schema, with the fields that follow from others filled in.

    Bytes of file names that are not text are escaped, so that the row can be written to any file.
    """
    label = fields.get("label")
    row: Row = {
        "schema_version": SCHEMA_VERSION,
        "doc_id": fields["clip"],
        "status": "ok",
        "error": None,
        "filtered_resps": [] if label is None else [label],
        **fields,
    }
    warnings = row.get("warnings", [])
    if "boxes" in row:
        first, end = row.get("start_seconds", 0.0), row.get("end_seconds", 0.0)
        row["boxes"] = [box for box in row["boxes"] if first - 0.01 <= box["seconds"] <= end]
    of_clip = row.get("people_frames")
    few = neutral_warning(row.get("neutral_frames", 0), row.get("frames", 0), of_clip)
    found = (*few, *_short_warning(row), *_tied_warning(row), *_apart_warning(row))
    if more := [one for one in found if one not in warnings]:
        row["warnings"] = [*warnings, *more]
    return {name: escaped_in(row[name]) for name in _FIELDS if name in row}  # type: ignore[literal-required,return-value]


def _short_warning(row: Row) -> list[str]:
    """A sentence if the clip has fewer than two frames for each of the best candidate's steps: they
    then leave next to no choice of when a step begins. One step alone needs none."""
    if not row["candidates"]:
        return []
    best, frames = row["candidates"][0], row.get("frames", 0)
    steps = _steps_once(best) or len(best.get("segments", ()))
    if steps < 2 or not 0 < frames < 2 * steps or unseen(row):
        return []
    have = "1 frame was" if frames == 1 else f"{frames} frames were"
    return [
        f"{have} looked at for the {steps} steps of {best['label']!r}, so the answer and times "
        "mean little; use more frames per second (--fps), if the file has them, or a longer clip."
    ]


def _steps_once(candidate: CandidateRow) -> int:
    """The steps of the longest of a candidate's repetitions; 0 if none were looked for."""
    return max((len(one["segments"]) for one in candidate.get("repetitions", ())), default=0)


_SAME = 1e-6  # of a score: what rounding can make of equal ones


def _tied_warning(row: Row) -> list[str]:
    """A sentence if the best two candidates have the same score although the clip shows somebody,
    for example if a model's output never changes or two scripts are the same."""
    margin = row.get("margin")
    if margin is None or len(row["candidates"]) < 2 or unseen(row):
        return []
    best, second = row["candidates"][:2]
    if margin > _SAME * abs(best["score"]):
        return []
    return [
        f"{best['label']!r} and {second['label']!r} have the same score, so the answer is a guess: "
        "give them scripts that differ, or check what the model says about other clips."
    ]


_APART = 0.25  # in seconds, between frames: a repetition's steps last at least 0.2 s


def _apart_warning(row: Row) -> list[str]:
    """A sentence if repetitions were counted in frames that are too far apart for quick ones."""
    best = row["candidates"][0] if row["candidates"] else None
    seconds = row.get("end_seconds", 0.0) - row.get("start_seconds", 0.0)
    apart = seconds / max(row.get("frames", 0), 1)
    steps = _steps_once(best) if best else 0
    if not best or not steps or apart <= _APART:
        return []
    least = apart * steps
    return [
        f"frames are {apart:.2g} s apart on average, so repetitions of {best['label']!r} that take "
        f"less than {least:.2g} s can't be counted; use more frames per second (--fps), if the "
        "file has them."
    ]


def all_warnings(row: Row) -> list[str]:
    """The warnings about the clip, then those about the texts."""
    of_texts = [one["warning"] for one in row.get("text_warnings") or ()]
    return [*(row.get("warnings") or ()), *of_texts]


def unknown_words(row: Row) -> bool:
    """Whether the encoder knows no word of the winner: of its label, if that is used, or of any of
    its steps. Its score then means nothing."""
    if not row["candidates"]:
        return False
    best = row["candidates"][0]
    unknown = {one.get("text") for one in row.get("text_warnings") or () if one.get("unknown")}
    return means_nothing(best["label"], [one.step["step"] for one in numbered_steps(best)], unknown)


def means_nothing(label: str, steps: Sequence[str], unknown: Collection[str | None]) -> bool:
    """Whether a candidate's score means nothing: its label, if that is used, or each of its steps
    is among the texts of which the encoder knows no word."""
    return label in unknown or (bool(steps) and set(steps) <= set(unknown))


def escaped_in(value: Any) -> Any:
    """The value, in which bytes of file names that are not text are escaped."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {name: escaped_in(one) for name, one in value.items()}
    return type(value)(map(escaped_in, value)) if isinstance(value, list | tuple) else value


_FIELDS = tuple(Row.__annotations__)


def repetition_row(steps: list[StepRow], partial_steps: Sequence[int]) -> RepetitionRow:
    """One repetition of at least one step. partial_steps: their numbers if some are missing."""
    start, end = steps[0]["start_seconds"], steps[-1]["end_seconds"]
    found: RepetitionRow = {"start_seconds": start, "end_seconds": end, "segments": steps}
    return {**found, "partial_steps": [*partial_steps]} if partial_steps else found


def step_numbers(repetition: RepetitionRow) -> list[int]:
    """Which steps a repetition's segments are, from 1."""
    return repetition.get("partial_steps") or [
        number for number, _ in enumerate(repetition["segments"], start=1)
    ]


class Times(NamedTuple):
    """How often a candidate is performed: completely, and partially at the clip's start and end."""

    whole: int
    partial: int

    @classmethod
    def of(cls, candidate: CandidateRow) -> Times | None:
        """None if repetitions were not looked for."""
        found = candidate.get("repetitions", ())
        partial = sum("partial_steps" in one for one in found)
        return cls(len(found) - partial, partial) if found else None

    def __str__(self) -> str:
        """Empty if it is performed once."""
        if self.partial:
            return f"{self.whole} whole and {self.partial} partial"
        return f"{self.whole} times" if self.whole > 1 else ""


class NumberedStep(NamedTuple):
    """A step, numbered from 1. repetition: its number; None if they were not looked for.

    partial: whether other steps of that repetition are missing.
    """

    repetition: int | None
    number: int
    step: StepRow
    partial: bool = False


def numbered_steps(candidate: CandidateRow) -> list[NumberedStep]:
    """A candidate's steps in order of time, from all repetitions."""
    repetitions = candidate.get("repetitions")
    if not repetitions:
        steps = candidate.get("segments", ())
        return [NumberedStep(None, k, step) for k, step in enumerate(steps, start=1)]
    return [
        NumberedStep(n, k, step, "partial_steps" in repetition)
        for n, repetition in enumerate(repetitions, start=1)
        for k, step in zip(step_numbers(repetition), repetition["segments"], strict=True)
    ]


def has_action(row: Row) -> bool:
    """Whether an action is the answer: not if the clip failed or shows nothing, if the answer is
    refused, or if "none of these" is the best."""
    best = row["candidates"][0] if row["candidates"] else None
    return best is not None and not (refused(row) or unseen(row) or best.get("none"))


def action_span(row: Row) -> tuple[float, float] | None:
    """When the winner happens, [start, end) in seconds of the file; None if that is not known or no
    action is the answer.

    From the first step to the last, of all repetitions; without steps, the clip's own interval.
    """
    if not has_action(row):
        return None
    steps = numbered_steps(row["candidates"][0])
    if steps:
        return steps[0].step["start_seconds"], steps[-1].step["end_seconds"]
    start, end = row.get("start_seconds"), row.get("end_seconds")
    return None if start is None or end is None else (start, end)


def refused(row: Row) -> bool:
    """Whether there are candidates but none was confident enough to be the label."""
    return bool(row["candidates"]) and "label" in row and row["label"] is None


def too_unsure(confidence: float, least: float) -> str:
    """Such as "confidence 31% below 50%", with digits until the two differ."""
    sure, asked = _told_apart(confidence, least)
    return f"confidence {sure} below {asked}"


def confidence_text(row: Row) -> str:
    """The winner's confidence, such as "64%"; a refused one with enough digits to differ from the
    minimum ("63.9%" of 64%); empty if there is none."""
    sure, least = row.get("confidence"), row.get("min_confidence")
    if sure is None:
        return ""
    return f"{sure:.0%}" if least is None or sure >= least else _told_apart(sure, least)[0]


def _told_apart(value: float, other: float) -> tuple[str, str]:
    """Both shares in per cent, with enough decimals to differ.

    A float has no more than 17.
    """
    for count in range(18):
        shown = f"{value:.{count}%}", f"{other:.{count}%}"
        if shown[0] != shown[1]:
            break
    return shown


def unseen(row: Row) -> bool:
    """Whether no frame shows anything that the encoder knows: the label is then a guess."""
    return 0 < row.get("frames", 0) == row.get("neutral_frames")


def nobody_cropped(row: Row) -> bool:
    """Whether --crop found nobody in any frame: the label is then that of the whole picture."""
    return 0 < row.get("frames", 0) == row.get("whole_frames")


def only_by_name(candidate: CandidateRow) -> bool:
    """Whether a candidate was aligned without a script: its name was its only step."""
    return candidate.get("path_length") is not None and not candidate.get("has_script", True)


def tag(row: Row) -> str:
    """What makes the best candidate's score unreliable, in two words; else empty."""
    if unseen(row):
        return "nothing seen"
    if unknown_words(row):
        return "unknown words"
    if nobody_cropped(row):
        return "nobody seen"
    if mostly_unseen(row):
        return "mostly unseen"
    if _short_warning(row) or _apart_warning(row):
        return "few frames"
    if _tied_warning(row):
        return "tied"
    if row["candidates"] and only_by_name(row["candidates"][0]):
        return "no script"
    return partly_unseen(row)


_WORTH_SAYING = 0.2  # of the frames


def partly_unseen(row: Row) -> str:
    """Such as "24% unseen", for a fifth to a half of the frames; for more, a warning says so."""
    frames = row.get("neutral_frames", 0) + row.get("whole_frames", 0)
    share = frames / max(row.get("frames", 0), 1)
    return f"{share:.0%} unseen" if share >= _WORTH_SAYING and not mostly_unseen(row) else ""


LONG_CLIP_SECONDS = 180.0
"""A longer clip hardly shows a single action, even one that is performed many times."""


def long_for_one_action(row: Row) -> bool:
    """Whether a clip with an answer is so long that one action hardly says what it shows."""
    seconds = row.get("end_seconds", 0) - row.get("start_seconds", 0)
    return row["status"] == "ok" and seconds > LONG_CLIP_SECONDS


def long_note(which: str, finder: str = "`actalign locate`") -> str:
    """What suits long clips better than one answer. which: the clips and a verb, such as "week is";
    finder: what finds where each action happens."""
    return (
        f"{which} long for a single action; {finder} finds where each action happens, and "
        "`actalign classify --window 5` gives an answer for every 5 s"
    )


def cut_times(provenance: Mapping[str, str]) -> list[float]:
    """The times of the cuts in a clip, in seconds of its file, rounded to hundredths."""
    return [float(text) for text in provenance.get("cuts_seconds", "").split()]


def asides(row: Row) -> list[str]:
    """Other things that make an answer doubtful, in a few words each: several people, and cuts."""
    most = max(map(int, row.get("people_looks", ())), default=0)
    return [*([f"up to {most} people"] if most > 1 else ()), *cuts_within(row)]


def cuts_inside(row: Row) -> list[float]:
    """The times of the cuts between the row's start and end, in seconds of its file."""
    every = cut_times(row.get("provenance", {}))
    # The cuts are those of the whole file; the row may cover a window, or the time of a person.
    start, end = row.get("start_seconds", 0.0), row.get("end_seconds", math.inf)
    return [seconds for seconds in every if start + 0.01 < seconds < end]


def cuts_within(row: Row) -> list[str]:
    """The same in a few words, if there are any."""
    cuts = cuts_inside(row)
    if len(cuts) > 3:
        return [f"{len(cuts)} cuts"]
    return ["cut at " + " and ".join(map(clock, cuts))] if cuts else []


def error_row(
    clip: str, video: str | None, error: ActAlignError, *, target: str | None = None
) -> Row:
    """The row of a clip that failed: it is unscored, not wrong."""
    return new_row(
        {
            "clip": clip,
            "status": "error",
            "error": str(error),
            "video": video,
            "label": None,
            "target": target,
            "metrics": {},
            "candidates": [],
        }
    )


def renamed(row: Row, clip: str) -> Row:
    """The row with another clip id."""
    return {**row, "clip": clip, "doc_id": clip}


def score_text(score: float) -> str:
    """A score with four significant digits: pair probabilities may be as small as 1e-8."""
    return f"{score:#.4g}".rstrip(".")


def clock(seconds: float, digits: int = 1) -> str:
    """Seconds as H:MM:SS.s, with so many digits after the point."""
    whole, rest = divmod(round(seconds * 10**digits), 10**digits)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{rest:0{digits}}"
