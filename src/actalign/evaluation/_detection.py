"""Average precision of detections in long videos: pure functions on intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actalign.errors import UsageError

THRESHOLDS = tuple(round(0.5 + 0.05 * n, 2) for n in range(10))
"""Intersections over union at which ActivityNet's challenge evaluates: 0.5 to 0.95."""


@dataclass(frozen=True, slots=True)
class Event:
    """Where an action happens, truly or by a detection: [start, end) seconds of a video.

    score: of a detection; higher is surer.
    """

    video: str
    label: str
    start: float
    end: float
    score: float = 0.0


def average_precision(
    detections: Sequence[Event], truth: Sequence[Event], threshold: float
) -> float:
    """Interpolated average precision of one label's detections at one threshold, in [0, 1].

    As ActivityNet's evaluation: by falling score, a detection is right if it overlaps a true event
    of its video that no earlier one has taken by an intersection over union of at least
    ``threshold`` (of several the one with the largest); precision at a recall is the best at that
    recall or a higher one. Of equal scores the earlier detection counts first. Raises UsageError
    without a true event.
    """
    if not truth:
        raise UsageError("There is no true event to find; average precision needs one.")
    taken = [False] * len(truth)
    hits = []
    for one in sorted(detections, key=lambda event: -event.score):
        shares = [
            (_iou(one, event), n)
            for n, event in enumerate(truth)
            if event.video == one.video and not taken[n]
        ]
        share, best = max(shares, key=lambda pair: pair[0], default=(0.0, -1))
        hit = best >= 0 and share >= threshold and share > 0
        if hit:
            taken[best] = True
        hits.append(hit)
    if not hits:
        return 0.0
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(hits) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from_here[np.asarray(hits)].sum() / len(truth))


def mean_average_precision(
    detections: Sequence[Event],
    truth: Sequence[Event],
    thresholds: Sequence[float] = THRESHOLDS,
) -> dict[float, float]:
    """By threshold, the mean over the true labels of their `average_precision`."""
    labels = sorted({event.label for event in truth})
    found = {}
    for threshold in thresholds:
        values = [
            average_precision(
                [event for event in detections if event.label == label],
                [event for event in truth if event.label == label],
                threshold,
            )
            for label in labels
        ]
        found[threshold] = float(np.mean(values)) if values else float("nan")
    return found


def _iou(a: Event, b: Event) -> float:
    shared = max(0.0, min(a.end, b.end) - max(a.start, b.start))
    union = (a.end - a.start) + (b.end - b.start) - shared
    return shared / union if union > 0 else 0.0
