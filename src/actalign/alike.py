"""Frames so like the one before that its embedding will do: which they are, nothing else.

A frame is compared with the last frame that was kept, not with its neighbour, so that a slow
movement adds up until it counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actalign._types import Float32, UInt8
from actalign.errors import UsageError

GRID = 32
"""Cells along each side of a frame, over which brightness is averaged."""
SAMPLES = 8
"""Pixels looked at along each side of a cell, at most about twice as many."""


class AlikeFrames:
    """Passes over the near-identical frames of one clip, batch by batch.

    threshold: the most that the mean brightness of any cell of a GRID x GRID raster may differ, in
    levels of 0..255. kept, reused: how many frames were kept so far, and how many passed over.
    """

    def __init__(self, threshold: float) -> None:
        if not 0 < threshold < 256:
            raise UsageError(f"The threshold of alike frames is {threshold}; give 0 to 255.")
        self.threshold = threshold
        self.kept = 0
        self.reused = 0
        self._last: Float32 | None = None

    def keep(self, frames: UInt8) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """For the clip's next (n, H, W, 3) uint8 frames: which to encode, and whose rows to use.

        Returns (n,) booleans, and (n,) indices into all frames kept since the clip's first.
        """
        wanted = np.zeros(len(frames), np.bool_)
        rows = np.zeros(len(frames), np.intp)
        for t, frame in enumerate(frames):
            cells = brightness(frame)
            if self._last is None or np.abs(cells - self._last).max() > self.threshold:
                self._last = cells
                wanted[t] = True
                self.kept += 1
            else:
                self.reused += 1
            rows[t] = self.kept - 1
        return wanted, rows


def brightness(frame: UInt8) -> Float32:
    """Mean brightness, 0..255, in at most GRID x GRID equal cells of a (H, W, 3) uint8 frame.

    Brightness is the channels' mean by the weights of Rec. 601; of large frames only a pixel in a
    few is looked at.
    """
    steps = [max(1, side // (GRID * SAMPLES)) for side in frame.shape[:2]]
    cells = frame[:: steps[0], :: steps[1]]
    for axis in (0, 1):
        edges = np.unique(np.linspace(0, cells.shape[axis], GRID + 1).astype(int)[:-1])
        sizes = np.diff(edges, append=cells.shape[axis]).astype(np.float32)
        sums = np.add.reduceat(cells, edges, axis=axis, dtype=np.float32)
        cells = sums / (sizes[:, None, None] if axis == 0 else sizes[:, None])
    return np.asarray(cells @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)
