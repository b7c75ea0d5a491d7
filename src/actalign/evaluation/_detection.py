"""Average precision of detections in long videos: `actalign locate` against the true times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.errors import UsageError
from actalign.evaluation._metrics import bootstrap, temporal_iou
from actalign.evaluation._questions import QuestionSet
from actalign.files import is_there
from actalign.rows import Row
from actalign.rows._files import RowFile
from actalign.scripts._labels import label_key

THRESHOLDS = tuple(round(0.5 + 0.05 * n, 2) for n in range(10))
"""Intersections over union at which ActivityNet's challenge evaluates: 0.5 to 0.95."""


@dataclass(frozen=True, slots=True)
class Event:
    """Where an action truly happens, or is detected: [start, end) seconds of a video.

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

    As in ActivityNet's evaluation: by decreasing score, a detection is right if it overlaps a true
    event of its video, not yet taken by an earlier one, with an intersection over union of at least
    ``threshold`` (if several, it takes the one with the largest); precision at a recall is the best
    at that recall or a higher one. Among equal scores the earlier detection counts first. Raises
    UsageError if there is no true event.
    """
    if not truth:
        raise UsageError("There is no true event to find; average precision needs at least one.")
    taken = [False] * len(truth)
    hits = []
    for one in sorted(detections, key=lambda event: -event.score):
        shares = [
            (temporal_iou((one.start, one.end), (event.start, event.end)), n)
            for n, event in enumerate(truth)
            if event.video == one.video and not taken[n]
        ]
        share, best = max(shares, key=lambda pair: pair[0], default=(0.0, -1))
        hit = share >= threshold and share > 0
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
    """For each threshold, the mean of the true labels' `average_precision`."""
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


def read_events(found: Path, questions: QuestionSet) -> tuple[list[Event], list[Event], list[str]]:
    """The detections of `actalign locate`, the true events, and the true videos not in the file.

    A video is named by the end of its path without suffix; see `_names`. Raises UsageError for a
    true event without times, and for rows that are not detections.
    """
    rows = list(RowFile(found, verb="locate"))
    for row in rows:
        if row.get("scorer"):
            raise UsageError(
                f"{found} holds the answer of `actalign classify` for {row['clip']!r}, not a "
                "detection; give the .jsonl file that `actalign locate --out` wrote."
            )
    truth = _true_events(questions)
    groups: dict[str, tuple[set[str], set[str]]] = {}
    for n, videos in enumerate((map(_video, rows), (event.video for event in truth))):
        for video in videos:
            groups.setdefault(Path(video).stem, (set(), set()))[n].add(video)
    names: dict[str, str] = {}
    unsearched: list[str] = []
    for searched, true in groups.values():
        named = _names(searched, true)
        names |= named
        seen = {named[video] for video in searched}
        unsearched += [video for video in true if named[video] not in seen]
    detections = [
        Event(
            names[_video(row)],
            str(row["label"]),
            row["start_seconds"],
            row["end_seconds"],
            row["candidates"][0]["score"],
        )
        for row in rows
        if row.get("status", "ok") == "ok" and row["candidates"]
    ]
    events = [replace(event, video=names[event.video]) for event in truth]
    return detections, events, sorted(unsearched)


def _video(row: Row) -> str:
    return row.get("video") or row["clip"].partition("#")[0]


def _names(*sides: set[str]) -> dict[str, str]:
    """A name for each video, from the end of its path: just long enough to tell the videos of each
    side apart, or the whole path if all files exist, so that no other file is taken for the one
    meant."""
    listed = set[str]().union(*sides)
    there = all(is_there(Path(video)) for video in listed)
    parts = {
        video: (Path(video).resolve() if there else Path(video).absolute()).with_suffix("").parts
        for video in listed
    }
    longest = max(map(len, parts.values()))
    length = longest if there else 1
    while length < longest and any(
        len({parts[video][-length:] for video in side}) < len({parts[video] for video in side})
        for side in sides
    ):
        length += 1
    return {video: "/".join(parts[video][-length:]) for video in listed}


def _true_events(questions: QuestionSet) -> list[Event]:
    """The events of a table with videos, labels, starts and ends; raises UsageError."""
    found = []
    for question in questions.questions:
        if question.absent is not None:
            raise UsageError(question.absent.reason)
        if question.start is None or question.end is None or question.video is None:
            raise UsageError(
                f"The event {question.id!r} has no start or end; the table needs both, in seconds."
            )
        label = question.target or ""
        found.append(Event(str(question.video), label, question.start, question.end))
    return found


def evaluate_detections(detections: Sequence[Event], truth: Sequence[Event]) -> dict[str, Any]:
    """Mean average precision at each of THRESHOLDS and by label, with bootstrap intervals; and how
    many detections have labels that no true event has, which count nowhere.

    Videos are resampled; with one video there is no interval. Labels are compared as typed, except
    for case and white space.
    """
    names = {label_key(event.label): event.label for event in truth}
    found = [replace(e, label=names.get(label_key(e.label), e.label)) for e in detections]
    others = Counter(event.label for event in found if event.label not in names.values())
    videos = sorted({event.video for event in truth})

    def mean(items: NDArray[np.intp]) -> float:
        """For videos drawn with replacement; each draw counts as a separate video."""
        drawn = [(videos[item], f"{n}") for n, item in enumerate(items)]
        chosen, wanted = (
            [replace(e, video=name) for video, name in drawn for e in events if e.video == video]
            for events in (found, truth)
        )
        return float(np.mean(list(mean_average_precision(chosen, wanted).values())))

    by_threshold = mean_average_precision(found, truth)
    by_label = {}
    for label in sorted(names.values()):
        mine, wanted = ([e for e in events if e.label == label] for events in (found, truth))
        precisions = [average_precision(mine, wanted, threshold) for threshold in THRESHOLDS]
        by_label[label] = {
            "events": len(wanted),
            "detections": len(mine),
            "ap50": precisions[0],
            "ap": float(np.mean(precisions)),
        }
    result: dict[str, Any] = {
        "videos": len(videos),
        "map": float(np.mean(list(by_threshold.values()))),
        "by_threshold": {f"{threshold:g}": value for threshold, value in by_threshold.items()},
        "labels": by_label,
        "labels_without_events": dict(sorted(others.items())),
    }
    if len(videos) > 1:
        result["ci95"] = list(bootstrap(mean, len(videos), resamples=200))
    return result
