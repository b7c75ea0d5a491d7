"""The recurrence of dynamic time warping, compiled: sums, path lengths and paths. Written once."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from actalign._types import Float32, Float64, Int32


@numba.njit(cache=True, nogil=True)
def forward(
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
def path_lengths(
    sums: Float64, starts: NDArray[np.int64]
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """The (M,) numbers of cells on the candidates' best paths."""
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
def backtrack(sums: Float64) -> Int32:  # pragma: no cover - compiled
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
