"""Detects cuts between a video's shots, from differences between small copies of its frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from actalign.types import FrameBatch, UInt8

_SIDE = 32  # samples along the longer side
_LEAST = 0.10  # smallest difference at a cut, as a share of full brightness
_TIMES = 3.0  # times the usual difference
_REMEMBERED = 8  # number of past differences that define what is usual
_KNOWN = 3  # minimum number of these
_UNKNOWN = 0.25  # share of full brightness, if the usual difference is unknown
# How many of a clip's first frames together define what is usual, including later ones. Of 220
# pairs of frames with a cut between them, from real clips at 1 to 30 frames a second and each
# treated as a clip's first, `_UNKNOWN` alone finds 16 %, and this 74 %. Of 7,014 pairs without a
# cut, both mistake the same five for one, and this also a sixth, where a caption appears.
_FIRST_FRAMES = 5
_HELD_BYTES = 128 << 20  # maximum size of the frames that wait for later ones


class Cuts:
    """Reports for each frame whether the picture has just changed abruptly.

    The first frame after a cut differs from the one before it by more than a tenth of full
    brightness on average, and by three times as much as the frames before it usually did, so that a
    moving camera causes no cuts. For a clip's first frames, this is known only once the next ones
    have been looked at; see `ahead`.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._frames = 0  # number of frames looked at
        self._differences: deque[float] = deque(maxlen=_REMEMBERED)  # up to the last frame judged
        self._untold: deque[float] = deque()  # of the frames looked at since then

    def __call__(self, frame: UInt8) -> bool:
        """Whether this (H, W, 3) RGB frame is the first after a cut. Frames are given in the clip's
        order, including those that were looked at ahead."""
        if not self._untold:
            self.look(frame)
        return self.tell()

    def ahead(self, batches: Iterable[FrameBatch]) -> Iterator[FrameBatch]:
        """A clip's batches as they arrive, held until the first five frames were looked at."""
        coming = iter(batches)
        held: deque[FrameBatch] = deque()
        room = _HELD_BYTES
        while self._frames < _FIRST_FRAMES and room > 0:
            if (batch := next(coming, None)) is None:
                break
            held.append(batch)
            for frame in batch.frames:
                if self._frames < _FIRST_FRAMES and room > 0:
                    self.look(frame)
                    room -= frame.nbytes
        while held:
            yield held.popleft()
        yield from coming

    def look(self, frame: UInt8) -> bool:
        """Look at a frame ahead; returns whether enough were looked at to judge all of them."""
        step = max(1, max(frame.shape[:2]) // _SIDE)
        top, left = (min(step, size) // 2 for size in frame.shape[:2])
        small = frame[top::step, left::step].astype(np.float32) / 255
        last, self._last = self._last, small
        if last is None:
            difference = 0.0
        elif last.shape != small.shape:
            difference = inf
        else:
            difference = float(np.abs(small - last).mean())
        self._untold.append(difference)
        self._frames += 1
        return self._frames >= _FIRST_FRAMES

    def tell(self) -> bool:
        """Whether the next frame that was looked at but not judged yet is the first after a cut."""
        told = self._frames - len(self._untold)
        difference = self._untold.popleft()
        if told == 0 or not isfinite(difference):
            return told > 0
        usual = list(self._differences)
        self._differences.append(difference)
        first = len(usual) < _KNOWN
        if first:
            usual += filter(isfinite, self._untold)
        least = max(_LEAST, _TIMES * float(np.median(usual))) if len(usual) >= _KNOWN else _UNKNOWN
        return difference > (min(least, _UNKNOWN) if first else least)


class CutTimes:
    """Collects the times of a clip's cuts as its frames arrive."""

    def __init__(self) -> None:
        self._cuts, self._seconds = Cuts(), list[float]()
        self._untold: deque[float] = deque()  # times of frames

    def add(self, batch: FrameBatch) -> None:
        """Look at the next frames."""
        for frame, seconds in zip(batch.frames, batch.pts_seconds, strict=True):
            self._untold.append(float(seconds))
            if self._cuts.look(frame):
                self._tell()

    def _tell(self) -> None:
        while self._untold:
            seconds = self._untold.popleft()
            if self._cuts.tell():
                self._seconds.append(seconds)

    def forget(self, before: float) -> None:
        """Discard all cuts before a time, in seconds."""
        self._seconds = [seconds for seconds in self._seconds if seconds >= before]

    def source(self, begin: float = -inf, end: float = inf) -> dict[str, str]:
        """What a result reports about those in [begin, end) seconds: nothing if there are none."""
        self._tell()
        times = " ".join(f"{seconds:.2f}" for seconds in self._seconds if begin <= seconds < end)
        return {"cuts_seconds": times} if times else {}
