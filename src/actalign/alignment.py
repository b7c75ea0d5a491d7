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
    candidates = range(len(sizes))
    offsets = np.zeros(len(sizes))
    while True:
        sums = _forward(matrix, starts, offsets)
        paths = [_backtrack(sums[:, starts[m] : starts[m + 1]]) for m in candidates]
        means = np.array([sums[-1, starts[m + 1] - 1] / len(paths[m]) for m in candidates])
        offsets += means
        if objective == "sum" or np.all(np.abs(means) <= 1e-12):
            break
    return [
        Alignment(
            score=float(offsets[m]),
            path=paths[m],
            affinity=matrix[:, starts[m] : starts[m + 1]],
        )
        for m in candidates
    ]


def align_scores(affinity: ArrayLike, sizes: Sequence[int]) -> tuple[Float64, NDArray[np.int64]]:
    """Scores (M,) and path lengths (M,) as `align_batch` finds them for "sum", without paths."""
    matrix = _checked(affinity)
    starts = _starts(sizes, matrix.shape[1])
    sums = _forward(matrix, starts, np.zeros(len(sizes)))
    lengths = _lengths(sums, starts)
    return sums[-1, starts[1:] - 1] / lengths, lengths


def _checked(affinity: ArrayLike) -> Float32:
    matrix = np.ascontiguousarray(affinity, dtype=np.float32)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise UsageError(
            f"The affinity must be a non-empty (frames, sub-actions) matrix, not {matrix.shape}."
        )
    flat = matrix.reshape(-1)
    # One fast product tells for all but huge values, which are then looked at one by one.
    if not np.isfinite(np.dot(flat, flat)) and not np.isfinite(flat).all():
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


@numba.njit(cache=True, nogil=True)
def _forward(
    affinity: Float32, starts: NDArray[np.int64], offsets: Float64
) -> Float64:  # pragma: no cover - compiled
    """Best sums of affinity - offset up to each cell, (T, columns), all candidates row by row.

    Sums are float64: in float32 a small affinity is lost beside a long sum and ties appear.
    """
    frames, columns = affinity.shape
    sums = np.empty((frames, columns))
    candidates = len(starts) - 1
    for m in range(candidates):
        total = 0.0
        for k in range(starts[m], starts[m + 1]):
            total += affinity[0, k] - offsets[m]
            sums[0, k] = total
    for t in range(1, frames):
        before, row, here = sums[t - 1], sums[t], affinity[t]
        for m in range(candidates):
            start, offset = starts[m], offsets[m]
            diagonal = before[start]
            best = diagonal + (here[start] - offset)
            row[start] = best
            for k in range(start + 1, starts[m + 1]):
                up = before[k]
                highest = up if up > diagonal else diagonal
                best = (best if best > highest else highest) + (here[k] - offset)
                row[k] = best
                diagonal = up
    return sums


@numba.njit(cache=True, nogil=True, inline="always")
def _before(sums: Float64, t: int, k: int) -> tuple[int, int]:  # pragma: no cover - compiled
    """The cell that the best path to (t, k) comes from: diagonal, then frame, then sub-action."""
    if t == 0:
        return t, k - 1
    if k == 0:
        return t - 1, k
    diagonal, frame, subaction = sums[t - 1, k - 1], sums[t - 1, k], sums[t, k - 1]
    if diagonal >= frame and diagonal >= subaction:
        return t - 1, k - 1
    if frame >= subaction:
        return t - 1, k
    return t, k - 1


@numba.njit(cache=True, nogil=True)
def _lengths(
    sums: Float64, starts: NDArray[np.int64]
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    lengths = np.empty(len(starts) - 1, np.int64)
    for m in range(len(lengths)):
        own = sums[:, starts[m] : starts[m + 1]]
        t, k = own.shape[0] - 1, own.shape[1] - 1
        lengths[m] = 1
        while t > 0 or k > 0:
            t, k = _before(own, t, k)
            lengths[m] += 1
    return lengths


@numba.njit(cache=True, nogil=True)
def _backtrack(sums: Float64) -> Int32:  # pragma: no cover - compiled
    """The (L, 2) path through one candidate's (T, K) sums."""
    t, k = sums.shape[0] - 1, sums.shape[1] - 1
    path = np.empty((t + k + 1, 2), np.int32)
    row = len(path) - 1
    path[row] = t, k
    while t > 0 or k > 0:
        t, k = _before(sums, t, k)
        row -= 1
        path[row] = t, k
    return path[row:].copy()
