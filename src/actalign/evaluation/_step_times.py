"""The true times of a question's steps beside those that a scorer found, for a row.

True intervals refer by number to the steps of one list, the one that they were written for. So they
are compared with the alignment of that wording of the right script, whichever is shown, and with
none if a run has other scripts. Not here: the figures (`_segmentation`, `_results`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actalign.candidates import Candidates
from actalign.evaluation._questions import Question
from actalign.evaluation._segmentation import Part, mean_step_iou
from actalign.rows import Row
from actalign.rows._facts import numbered_steps
from actalign.scripts._labels import label_key
from actalign.types import Candidate, Prediction, Segment


def with_true_times(
    row: Row,
    question: Question,
    prediction: Prediction,
    candidates: Candidates,
) -> Row:
    """The row with the question's `intervals`, for scorers that align.

    `mean_iou` is present if they refer to the steps of a wording of the right script, and
    `interval_segments`, that wording's steps, if the row shows another.
    """
    if question.intervals is None or candidates.scorer.align is None:
        return row
    found: Row = {
        **row,
        "intervals": [
            {"start_seconds": one.start, "end_seconds": one.end, "step": one.step}
            for one in question.intervals
        ],
    }
    if not has_true_steps(found):
        return found
    segments = _numbered(question, prediction, candidates)
    if segments is not None:
        shown = next(c for c in found["candidates"] if c["label"] == found["target"])
        if (numbered := [one.to_row() for one in segments]) != shown["segments"]:
            found["interval_segments"] = numbered
        found["mean_iou"] = mean_step_iou(*step_parts(found))
    return found


def has_true_steps(row: Row) -> bool:
    """Whether true times of steps are known."""
    return any(one["step"] is not None for one in row.get("intervals", ()))


def step_parts(row: Row) -> tuple[list[Part], list[Part]]:
    """The right candidate's steps as they were aligned, and as they truly happen, by number."""
    right = next(c for c in row["candidates"] if c["label"] == row["target"])
    numbered = [(one.number - 1, one.step) for one in numbered_steps(right)]
    if "interval_segments" in row:
        numbered = [*enumerate(row["interval_segments"])]
    aligned: list[Part] = [
        (part["start_seconds"], part["end_seconds"], number) for number, part in numbered
    ]
    true: list[Part] = [
        (part["start_seconds"], part["end_seconds"], part["step"]) for part in row["intervals"]
    ]
    return aligned, true


def _numbered(
    question: Question, prediction: Prediction, candidates: Candidates
) -> Sequence[Segment] | None:
    """The aligned steps of the wording that the intervals refer to; None if it is missing."""
    assert question.answer is not None
    script = candidates.scripts[question.answer]
    wanted = _keys(question.interval_script or script.steps)
    for number, wording in enumerate(script.wordings):
        if _keys(wording.steps) != wanted:
            continue
        shown = _candidate(prediction, script.label)
        if _keys(shown.script.steps) != wanted:
            alone = replace(candidates.of_wording(number), repeats="no").predict(prediction.clip)
            shown = _candidate(alone, script.label)
        return shown.segments
    return None


def _candidate(prediction: Prediction, label: str) -> Candidate:
    return next(one for one in prediction.candidates if one.label == label)


def _keys(steps: Sequence[str]) -> list[str]:
    return [label_key(step) for step in steps]
