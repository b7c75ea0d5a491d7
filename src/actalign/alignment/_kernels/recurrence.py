"""The recurrence of dynamic time warping, compiled twice.

`forward` and `backtrack` keep every sum and give paths. `scores` keeps one row, carries the paths'
lengths along and takes eight candidates at once. The tests hold the two equal to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.alignment._kernels.lanes import WIDTH, add, all_lanes, choose, larger, load, store
from actalign.compiling import njit
from actalign.types import Float32, Float64, Int32


@njit()
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


@njit(inline="always")
def _before(sums: Float64, t: int, k: int) -> tuple[int, int]:  # pragma: no cover - compiled
    """The cell that the best path to (t, k) comes from: diagonal, then frame, then step."""
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


@njit()
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


@njit(inline="always")
def _rows(
    cells: Float32,
    columns: int,
    firsts: NDArray[np.int64],
    first: int,
    sums: Float64,
    counts: Int32,
    total: Any,
) -> Any:  # pragma: no cover - compiled
    """Carry the sums and path lengths of candidates from ``first`` on over the rows of ``cells``.

    The first lanes of ``sums`` are the sum diagonally before the row's first step: 0 in the clip's
    first row, nowhere afterwards. Returns ``total`` plus all cells, which is finite if they are.
    """
    nowhere, none, one = all_lanes(-np.inf), all_lanes(0), all_lanes(1)
    for t in range(len(cells) // columns):
        diagonal, diagonal_count = load(sums, 0), none
        store(sums, 0, nowhere)
        left, left_count = nowhere, none
        for k in range(len(firsts)):
            frame, frame_count = load(sums, (k + 1) * WIDTH), load(counts, k * WIDTH)
            here = load(cells, t * columns + firsts[k] + first)
            count = choose(diagonal, frame, diagonal_count, frame_count)
            best = larger(diagonal, frame)
            left_count = add(choose(best, left, count, left_count), one)
            left = add(larger(best, left), here)
            store(sums, (k + 1) * WIDTH, left)
            store(counts, k * WIDTH, left_count)
            diagonal, diagonal_count = frame, frame_count
            total = add(total, here)
    return total


@njit(error_model="numpy")
def scores(
    affinity: Float32,
    ranked: NDArray[np.int64],
    found: Float64,
    lengths: NDArray[np.int64],
) -> bool:  # pragma: no cover - compiled
    """Write the (M,) scores and path lengths; False where an affinity is NaN or infinite.

    affinity: (T, columns), interleaved. ranked: (2, M), the candidates' step counts, falling, and
    their places in ``found`` and ``lengths``.
    """
    frames, columns = affinity.shape
    candidates, longest = ranked.shape[1], ranked[0, 0]
    firsts = np.zeros(longest, np.int64)  # the column where each step's candidates begin
    having = candidates
    for k in range(1, longest):
        firsts[k] = firsts[k - 1] + having
        while ranked[0, having - 1] <= k:
            having -= 1
    # A step's lanes may reach into the columns behind it, so the last rows need room behind them.
    flat = affinity.reshape(-1)
    cut = max(0, frames - 1 - WIDTH // columns) * columns
    rest = np.zeros(flat.size - cut + WIDTH, np.float32)
    rest[: flat.size - cut] = flat[cut:]
    sums = np.empty((1 + longest) * WIDTH)
    counts = np.empty(longest * WIDTH, np.int32)
    total = all_lanes(0.0)
    for first in range(0, candidates, WIDTH):
        sums[:WIDTH] = 0
        sums[WIDTH:] = -np.inf
        steps = ranked[0, first]
        total = _rows(flat[:cut], columns, firsts[:steps], first, sums, counts, total)
        total = _rows(rest[:-WIDTH], columns, firsts[:steps], first, sums, counts, total)
        for m in range(first, min(first + WIDTH, candidates)):
            cell = (ranked[0, m] - 1) * WIDTH + m - first
            lengths[ranked[1, m]] = counts[cell]
            found[ranked[1, m]] = sums[WIDTH + cell] / counts[cell]
    store(sums, 0, total)
    return bool(np.isfinite(sums[:WIDTH].sum()))


@njit()
def scores_of_clips(
    affinity: Float32,
    ranked: NDArray[np.int64],
    found: Float64,
    lengths: NDArray[np.int64],
) -> bool:  # pragma: no cover - compiled
    """`scores` of each clip of (V, T, columns), into (V, M)."""
    finite = True
    for v in range(len(affinity)):
        finite &= scores(affinity[v], ranked, found[v], lengths[v])
    return finite
