"""Finds near-duplicate frames, which can reuse the embedding of an earlier frame.

A frame is compared with the last frame that was kept, not with the one before it, so that a slow
movement adds up until it exceeds the threshold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actalign.arguments import check_frames
from actalign.errors import UsageError
from actalign.types import Float32, UInt8

GRID = 32
"""Cells along each side of a frame, over which brightness is averaged."""
SAMPLES = 8
"""Pixels sampled along each side of a cell; for some frame sizes up to about twice as many."""


class NearDuplicates:
    """Finds the near-duplicate frames of one clip, batch by batch.

    threshold: the largest difference in mean brightness (0..255) that any cell of a GRID x GRID
    raster may have in a near-duplicate. kept, reused: the numbers of frames kept and of
    near-duplicates so far. Raises UsageError for a threshold outside 0 to 256.
    """

    def __init__(self, threshold: float) -> None:
        if not 0 < threshold < 256:
            raise UsageError(
                f"The near-duplicate threshold is {threshold}; give a number above 0 and below 256."
            )
        self.threshold = threshold
        self.kept = 0
        self.reused = 0
        self._last: Float32 | None = None

    def keep(self, frames: UInt8) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """For the clip's next (n, H, W, 3) uint8 frames: which to encode, and which rows to use.

        Returns (n,) booleans, and (n,) indices into all frames kept since the clip's first. Raises
        ArrayError for an array of another shape or type.
        """
        check_frames(frames)
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
    """Mean brightness, 0..255, in at most GRID x GRID equal cells of an (H, W, 3) uint8 frame.

    Brightness is the luma of Rec. 601. Large frames are subsampled.
    """
    steps = [max(1, side // (GRID * SAMPLES)) for side in frame.shape[:2]]
    cells = frame[:: steps[0], :: steps[1]]
    for axis in (0, 1):
        edges = np.unique(np.linspace(0, cells.shape[axis], GRID + 1).astype(int)[:-1])
        sizes = np.diff(edges, append=cells.shape[axis]).astype(np.float32)
        sums = np.add.reduceat(cells, edges, axis=axis, dtype=np.float32)
        cells = sums / (sizes[:, None, None] if axis == 0 else sizes[:, None])
    return np.asarray(cells @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)
