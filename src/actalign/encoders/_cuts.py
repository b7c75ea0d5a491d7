"""Cuts between a video's scenes, by the differences of small copies of its frames."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from actalign.types import FrameBatch, UInt8

_SIDE = 32  # samples along the longer side
_LEAST = 0.10  # of full brightness, from frame to frame
_TIMES = 3.0  # as much as usual
_REMEMBERED = 8  # differences that tell what is usual
_UNKNOWN = 0.25  # of full brightness, while that is not yet known


class Cuts:
    """Says of one frame after another whether the picture has just changed at once.

    A cut differs from the frame before by more than a tenth of full brightness in the mean, and by
    three times as much as the frames before it usually did, so that a moving camera makes none.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._differences: deque[float] = deque(maxlen=_REMEMBERED)

    def __call__(self, frame: UInt8) -> bool:
        """Whether this frame, (H, W, 3) RGB, is the first after a cut."""
        step = max(1, max(frame.shape[:2]) // _SIDE)
        top, left = (min(step, size) // 2 for size in frame.shape[:2])
        small = frame[top::step, left::step].astype(np.float32) / 255
        last, self._last = self._last, small
        if last is None or last.shape != small.shape:
            return last is not None
        difference = float(np.abs(small - last).mean())
        known = len(self._differences) >= 3
        least = max(_LEAST, _TIMES * float(np.median(self._differences))) if known else _UNKNOWN
        self._differences.append(difference)
        return difference > least


class CutTimes:
    """When the cuts of one clip are, as its frames come."""

    def __init__(self) -> None:
        self._cuts, self._seconds = Cuts(), list[float]()

    def add(self, batch: FrameBatch) -> None:
        """Look at the next frames."""
        for frame, seconds in zip(batch.frames, batch.pts_seconds, strict=True):
            if self._cuts(frame):
                self._seconds.append(float(seconds))

    def forget(self, before: float) -> None:
        """Say nothing more of what was before a time, in seconds."""
        self._seconds = [seconds for seconds in self._seconds if seconds >= before]

    def source(self) -> dict[str, str]:
        """What a result says of them: nothing where there are none."""
        times = " ".join(f"{seconds:.2f}" for seconds in self._seconds)
        return {"cuts_seconds": times} if times else {}
