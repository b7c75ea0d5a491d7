"""Splits a long clip into windows, each classified by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from actalign.clips._result import ClipResult
from actalign.errors import UsageError
from actalign.rows._people import PeopleTimes, looks_warning
from actalign.types import ClipEmbedding

SHORTEST = 0.001
"""Minimum seconds of a window or stride, which is shorter than a frame of any video."""


def check_window(window: float | None, stride: float | None) -> None:
    """Raise UsageError unless both are numbers of seconds above 0, or there is no window."""
    if window is None and stride is not None:
        raise UsageError("--stride says how far apart windows are; give --window as well.")
    for name, value in (("--window", window), ("--stride", stride)):
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"{name} is {value:g} s; give a number above 0.")
        if value is not None and value < SHORTEST:
            raise UsageError(f"{name} is {value:g} s; give {SHORTEST:g} or more.")


def windows(clip: ClipEmbedding, window: float, stride: float) -> Iterator[ClipEmbedding]:
    """Parts [first + i * stride, ... + window) seconds of a clip, named CLIP@START-END.

    The last one is cut at the clip's end, and is left out if the one before reaches that far. A
    window without frames is left out. Rows are views of the clip's; nothing is copied. START and
    END have as many decimals as needed to distinguish windows, and at least two. A window reports
    people only for its own time.
    """
    people, several = PeopleTimes(clip.provenance), looks_warning(clip.provenance)
    decimals = max(2, math.ceil(-math.log10(stride / 2)))
    times = clip.pts_seconds
    first, end = float(times[0]), max(clip.end_seconds, float(times[-1]))
    number = 0
    while number == 0 or first + (number - 1) * stride + window < end - 1e-6:
        start = first + number * stride
        stop = min(start + window, end)
        number += 1
        if start >= end:
            return
        low, high = np.searchsorted(times, [start - 1e-6, start + window - 1e-6])
        if low < high:
            # A clip may end with its last frame or, for one person, before the video does.
            until = max(stop - 1e-6, float(times[high - 1]) + 1e-6)
            of_people = people.between(start - 1e-6, until)
            yield replace(
                clip,
                clip_id=f"{clip.clip_id}@{start:.{decimals}f}-{stop:.{decimals}f}",
                embeddings=clip.embeddings[low:high],
                pts_seconds=times[low:high],
                end_seconds=stop,
                provenance={**of_people, "window_start": f"{start:.6f}"},
                warnings=_warnings(clip, several, looks_warning(of_people)),
            )


def _warnings(clip: ClipEmbedding, whole: list[str], own: list[str]) -> tuple[str, ...]:
    """A clip's warnings; the one about several people in the clip is replaced by the window's."""
    if not any(warning in whole for warning in clip.warnings):
        return clip.warnings  # the user said which of them to follow
    return (*(warning for warning in clip.warnings if warning not in whole), *own)


def windowed(
    result: ClipResult, window: float | None, stride: float | None
) -> Iterator[ClipResult]:
    """The result of each window of a video; the result itself without windows, or if it failed."""
    if window is None or result.clip is None:
        yield result
        return
    for part in windows(result.clip, window, stride or window):
        yield replace(result, clip_id=part.clip_id, clip=part)
