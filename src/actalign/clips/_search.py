"""Finds where in embedded clips a phrase fits best, from a text's and every frame's embedding."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from actalign.alignment._similarity import cosine
from actalign.clips._smoothed import smoothed
from actalign.types import ClipEmbedding, Float32

MOMENTS_PER_CLIP = 3


def most_per_clip(top: int, clips: int) -> int:
    """How many moments of each of so many clips there may be, so that a few clips too fill top."""
    return max(MOMENTS_PER_CLIP, -(-top // max(clips, 1)))


@dataclass(frozen=True, slots=True)
class Moment:
    """Part of a clip, [start_seconds, end_seconds) of its file, and its best frame's cosine with
    the phrase, in [-1, 1], which is comparable only among moments of one phrase."""

    clip: str
    start_seconds: float
    best_seconds: float
    end_seconds: float
    score: float

    def to_json(self) -> dict[str, str | float]:
        """The fields, times to a microsecond."""
        return {
            "clip": self.clip,
            "start_seconds": round(self.start_seconds, 6),
            "best_seconds": round(self.best_seconds, 6),
            "end_seconds": round(self.end_seconds, 6),
            "score": self.score,
        }


def search(
    clips: Iterable[ClipEmbedding],
    phrase: Float32,
    *,
    smoothing_seconds: float,
    top: int,
    per_clip: int = MOMENTS_PER_CLIP,
) -> list[Moment]:
    """The moments that fit best, best first: at most ``top``, and ``per_clip`` of each clip.

    phrase: (D,), from the encoder of the clips. A moment is the frames around a peak that are above
    the midpoint of the peak and the clip's mean. Neutral frames fit nothing.
    """
    found = (one for clip in clips for one in _moments(clip, phrase, smoothing_seconds, per_clip))
    return heapq.nlargest(top, found, key=lambda one: one.score)


def _moments(
    clip: ClipEmbedding, phrase: Float32, smoothing_seconds: float, most: int
) -> list[Moment]:
    rows = smoothed(clip, smoothing_seconds)
    seen = rows.any(axis=1)
    if not seen.any():
        return []
    scores = np.where(seen, cosine(rows, phrase[None])[:, 0], -np.inf)
    mean = float(scores[seen].mean())
    edges = clip.edges_seconds
    free = seen.copy()
    found: list[Moment] = []
    while free.any() and len(found) < most:
        peak = int(np.argmax(np.where(free, scores, -np.inf)))
        if found and scores[peak] <= mean:
            break
        inside = free & (scores >= (scores[peak] + mean) / 2)
        inside[peak] = True
        outside = np.flatnonzero(~inside)
        first = int(outside[outside < peak].max(initial=-1)) + 1
        last = int(outside[outside > peak].min(initial=len(scores)))
        free[first:last] = False
        middle = float(edges[peak : peak + 2].mean())
        found.append(
            Moment(
                clip.clip_id, float(edges[first]), middle, float(edges[last]), float(scores[peak])
            )
        )
    return found
