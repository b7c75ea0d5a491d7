"""Dynamic time warping of frames with sub-actions: score, path and intervals.

Works on bare affinity arrays and knows nothing of video or text. One recurrence, written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from actalign._types import Float32, Float64, Int32
from actalign.errors import UsageError

DIAGONAL, FRAME, SUBACTION = 0, 1, 2


@dataclass(frozen=True, eq=False, slots=True)
class Alignment:
    """The best monotone path through one (T, K) affinity matrix.

    score: sum of the affinities on the path divided by its number of cells.
    path: (L, 2) int32, the cells (t, k) from (0, 0) to (T-1, K-1).
    affinity: the (T, K) float32 matrix that was aligned.
    """

    score: float
    path: Int32
    affinity: Float32

    @property
    def intervals(self) -> Int32:
        """(K, 2) int32: sub-action k holds frames [start, end); neighbours may share one frame."""
        t, k = self.path[:, 0], self.path[:, 1]
        steps = np.arange(self.affinity.shape[1])
        first = t[np.searchsorted(k, steps, side="left")]
        last = t[np.searchsorted(k, steps, side="right") - 1]
        return np.stack([first, last + 1], axis=1).astype(np.int32)

    def __repr__(self) -> str:
        t, k = self.affinity.shape
        return f"Alignment(score={self.score:.4f}, T={t}, K={k}, path={len(self.path)} cells)"


def align(affinity: ArrayLike, *, objective: str = "sum") -> Alignment:
    """Align one (T, K) affinity matrix.

    objective "sum" (the paper's, Sec. 3): maximise the sum of affinities along a path from (0, 0)
    to (T-1, K-1) whose steps advance the frame, the sub-action or both; on ties the diagonal is
    preferred, then the frame, then the sub-action. The score is that sum over the path's length.
    objective "mean": maximise the score itself, which is another path (Dinkelbach's method).
    Raises UsageError for a matrix that is empty, not two-dimensional, or holds NaN or infinity.
    """
    matrix = _checked(affinity)
    return align_batch(matrix, [matrix.shape[1]], objective=objective)[0]


def align_batch(
    affinity: ArrayLike, sizes: Sequence[int], *, objective: str = "sum"
) -> list[Alignment]:
    """Align M candidates of one clip at once; see `align`.

    affinity: (T, sum(sizes)), the candidates' columns side by side. sizes: K_m of each candidate.
    Returns M alignments in the order given.
    """
    if objective not in ("sum", "mean"):
        raise UsageError(f"The objective is {objective!r}; choose 'sum' or 'mean'.")
    matrix = _checked(affinity)
    starts = _starts(sizes, matrix.shape[1])
    moves, totals, lengths = _forward(matrix, starts, np.zeros(len(sizes)))
    if objective == "mean":
        offsets = totals / lengths
        while True:
            moves, shifted, lengths = _forward(matrix, starts, offsets)
            gain = shifted / lengths
            if np.all(gain <= 1e-12):
                break
            offsets = offsets + np.maximum(gain, 0)
        totals = shifted + offsets * lengths
    return [
        Alignment(
            score=float(totals[m] / lengths[m]),
            path=_backtrack(moves[:, starts[m] : starts[m + 1]]),
            affinity=matrix[:, starts[m] : starts[m + 1]],
        )
        for m in range(len(sizes))
    ]


def align_scores(affinity: ArrayLike, sizes: Sequence[int]) -> tuple[Float64, NDArray[np.int64]]:
    """Scores (M,) and path lengths (M,) as `align_batch` finds them for "sum", without paths."""
    matrix = _checked(affinity)
    _, totals, lengths = _forward(matrix, _starts(sizes, matrix.shape[1]), np.zeros(len(sizes)))
    return totals / lengths, lengths


def _checked(affinity: ArrayLike) -> Float32:
    matrix = np.ascontiguousarray(affinity, dtype=np.float32)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise UsageError(
            f"The affinity must be a non-empty (frames, sub-actions) matrix, not {matrix.shape}."
        )
    # Affinities are small, so the sum is finite unless one of them is not.
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(matrix.sum(dtype=np.float64))
    if not finite:
        raise UsageError("The affinity holds NaN or infinity; encode the clip and script again.")
    return matrix


def _starts(sizes: Sequence[int], columns: int) -> NDArray[np.int64]:
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(np.asarray(sizes, np.int64), out=starts[1:])
    if len(sizes) == 0 or min(sizes) < 1 or starts[-1] != columns:
        raise UsageError(
            f"The candidates' step counts {list(sizes)} must be at least 1 each and add up to the "
            f"affinity's {columns} columns."
        )
    return starts


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _forward(
    affinity: Float32, starts: NDArray[np.int64], offsets: Float64
) -> tuple[NDArray[np.uint8], Float64, NDArray[np.int64]]:  # pragma: no cover - compiled
    """Fill the table row by row for all candidates; sums in float64 so that no tie is rounded in.

    Returns moves (T, columns) uint8, the sums (M,) of affinity - offset, and path lengths (M,).
    """
    frames, columns = affinity.shape
    moves = np.empty((frames, columns), np.uint8)
    best = np.empty(columns)
    length = np.empty(columns, np.int64)
    candidates = len(starts) - 1
    for t in range(frames):
        for m in range(candidates):
            start = starts[m]
            offset = offsets[m]
            diagonal = 0.0
            diagonal_length = 0
            left = 0.0
            left_length = 0
            for k in range(start, starts[m + 1]):
                up = best[k]
                up_length = length[k]
                if t == 0:
                    move = SUBACTION
                    value = left
                    cells = left_length
                elif k == start:
                    move = FRAME
                    value = up
                    cells = up_length
                else:
                    move = DIAGONAL
                    value = diagonal
                    cells = diagonal_length
                    if up > value:
                        move = FRAME
                        value = up
                        cells = up_length
                    if left > value:
                        move = SUBACTION
                        value = left
                        cells = left_length
                diagonal = up
                diagonal_length = up_length
                left = value + (affinity[t, k] - offset)
                left_length = cells + 1
                moves[t, k] = move
                best[k] = left
                length[k] = left_length
    last = starts[1:] - 1
    return moves, best[last], length[last]


@numba.njit(cache=True, nogil=True)
def _backtrack(moves: NDArray[np.uint8]) -> Int32:  # pragma: no cover - compiled
    t, k = moves.shape[0] - 1, moves.shape[1] - 1
    path = np.empty((t + k + 1, 2), np.int32)
    row = len(path)
    while True:
        row -= 1
        path[row, 0] = t
        path[row, 1] = k
        if t == 0 and k == 0:
            return path[row:].copy()
        move = moves[t, k]
        if move != SUBACTION:
            t -= 1
        if move != FRAME:
            k -= 1
