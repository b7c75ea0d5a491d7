"""Reads facts from rows, and writes their numbers as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from actalign.rows._fields import CandidateRow, RepetitionRow, Row, StepRow


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


def step_numbers(repetition: RepetitionRow) -> list[int]:
    """Which steps a repetition's segments are, from 1."""
    return repetition.get("partial_steps") or [
        number for number, _ in enumerate(repetition["segments"], start=1)
    ]


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


def steps_once(candidate: CandidateRow) -> int:
    """The steps of the longest of a candidate's repetitions; 0 if none were looked for."""
    return max((len(one["segments"]) for one in candidate.get("repetitions", ())), default=0)


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


def unseen(row: Row) -> bool:
    """Whether no frame shows anything that the encoder knows: the label is then a guess."""
    return 0 < row.get("frames", 0) == row.get("neutral_frames")


def nobody_cropped(row: Row) -> bool:
    """Whether --crop found nobody in any frame: the label is then that of the whole picture."""
    return 0 < row.get("frames", 0) == row.get("whole_frames")


def only_by_name(candidate: CandidateRow) -> bool:
    """Whether a candidate was aligned without a script: its name was its only step."""
    return candidate.get("path_length") is not None and not candidate.get("has_script", True)


def cut_times(provenance: Mapping[str, str]) -> list[float]:
    """The times of the cuts in a clip, in seconds of its file, rounded to hundredths."""
    return [float(text) for text in provenance.get("cuts_seconds", "").split()]


def cuts_inside(row: Row) -> list[float]:
    """The times of the cuts between the row's start and end, in seconds of its file."""
    every = cut_times(row.get("provenance", {}))
    # The cuts are those of the whole file; the row may cover a window, or the time of a person.
    # They are rounded, so a cut where the row ends may seem to lie before its end.
    start, end = row.get("start_seconds", 0.0), row.get("end_seconds", math.inf)
    return [seconds for seconds in every if start + 0.01 < seconds < end - 0.01]


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


def score_text(score: float) -> str:
    """A score with four significant digits: pair probabilities may be as small as 1e-8."""
    return f"{score:#.4g}".rstrip(".")


def clock(seconds: float, digits: int = 1) -> str:
    """Seconds as H:MM:SS.s, with so many digits after the point."""
    whole, rest = divmod(round(seconds * 10**digits), 10**digits)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{rest:0{digits}}"
