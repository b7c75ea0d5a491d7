"""Predicted times of steps against the true ones: pure functions on intervals.

A part is (start, end, label), [start, end) in seconds; its label is a step's number, or None if it
is not a step. True parts may leave gaps; time without a label is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actalign.errors import UsageError
from actalign.evaluation._metrics import temporal_iou

Part = tuple[float, float, int | None]
OVERLAPS = (0.10, 0.25, 0.50)


@dataclass(frozen=True, slots=True)
class Counts:
    """Segments found, falsely found, and missed; add those of several clips before `f1`."""

    found: int
    false: int
    missed: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.found + other.found, self.false + other.false, self.missed + other.missed
        )

    @property
    def f1(self) -> float:
        """2 found / (2 found + false + missed); 0 if there is nothing."""
        total = 2 * self.found + self.false + self.missed
        return 2 * self.found / total if total else 0.0


def frame_accuracy(predicted: Sequence[Part], true: Sequence[Part]) -> float:
    """Share of the time with a true label that is given that label.

    This is the accuracy by frame in the limit of short frames, so it depends on no frame rate.
    Raises UsageError if nothing has a true label.
    """
    labelled = sum(end - start for start, end, label in true if label is not None)
    if labelled <= 0:
        raise UsageError("No true interval has a step; the accuracy by frame needs one.")
    agreed = sum(
        _shared(p, t) for p in predicted for t in true if t[2] is not None and p[2] == t[2]
    )
    return agreed / labelled


def edit_score(predicted: Sequence[Part], true: Sequence[Part]) -> float:
    """1 minus the edit distance of the two orders of steps divided by the longer one's length.

    Lea et al., CVPR 2017. In [0, 1], 1 is the same order; times don't matter.
    """
    a, b = _order(predicted), _order(true)
    if not a and not b:
        return 1.0
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return 1.0 - row[-1] / max(len(a), len(b))


def segment_counts(predicted: Sequence[Part], true: Sequence[Part], overlap: float) -> Counts:
    """Segments found with an intersection over union of at least ``overlap``, for F1 at overlaps.

    Lea et al., CVPR 2017: each predicted segment is matched to the true one of its step that it
    overlaps most; of the matches of a true one that overlap enough, one counts as found.
    """
    wanted = [part for part in true if part[2] is not None]
    used = [False] * len(wanted)
    found = false = 0
    for part in predicted:
        if part[2] is None:
            continue
        shares = [temporal_iou(part[:2], one[:2]) if one[2] == part[2] else 0.0 for one in wanted]
        best = max(range(len(wanted)), key=shares.__getitem__, default=-1)
        if best >= 0 and shares[best] >= overlap and shares[best] > 0 and not used[best]:
            used[best] = True
            found += 1
        else:
            false += 1
    return Counts(found, false, used.count(False))


def mean_step_iou(predicted: Sequence[Part], true: Sequence[Part]) -> float:
    """Mean intersection over union of the times of the steps that truly happen.

    A step that happens in several intervals counts once, with all of its time.
    """
    labels = sorted({label for _, _, label in true if label is not None})
    if not labels:
        raise UsageError("No true interval has a step; the IoU needs one.")
    shares = []
    for label in labels:
        mine = [part for part in predicted if part[2] == label]
        theirs = [part for part in true if part[2] == label]
        shared = sum(_shared(p, t) for p in mine for t in theirs)
        union = sum(end - start for start, end, _ in [*mine, *theirs]) - shared
        shares.append(shared / union if union > 0 else 0.0)
    return sum(shares) / len(shares)


def _order(parts: Sequence[Part]) -> list[int]:
    """The labels in order of time, with adjacent repetitions merged."""
    ordered = [label for _, _, label in sorted(parts, key=lambda part: part[0])]
    labels = [label for label in ordered if label is not None]
    return [one for n, one in enumerate(labels) if n == 0 or one != labels[n - 1]]


def _shared(a: Part, b: Part) -> float:
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
