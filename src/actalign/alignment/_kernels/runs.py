"""Monotone segmentation, compiled, and the means that a path has over its cells and its steps.

A segmentation gives each step of a script one run of frames, in order, and each frame to one step.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from actalign.alignment._kernels.recurrence import _before
from actalign.types import Float32, Float64, Int32


@numba.njit(cache=True, nogil=True)
def forward_runs(
    affinity: Float32, starts: NDArray[np.int64]
) -> Float64:  # pragma: no cover - compiled
    """Best sums of segmentations up to each cell, (T, columns); -inf where there is none."""
    frames, columns = affinity.shape
    sums = np.full((frames, columns), -np.inf)
    candidates = len(starts) - 1
    for m in range(candidates):
        sums[0, starts[m]] = affinity[0, starts[m]]
    for t in range(1, frames):
        before, row, here = sums[t - 1], sums[t], affinity[t]
        for m in range(candidates):
            start = starts[m]
            row[start] = before[start] + here[start]
            for k in range(start + 1, starts[m + 1]):
                row[k] = max(before[k - 1], before[k]) + here[k]
    return sums


@numba.njit(cache=True, nogil=True)
def backtrack_runs(sums: Float64) -> Int32:  # pragma: no cover - compiled
    """The (T, 2) path of one candidate's (T, K) sums; on ties a step begins early."""
    k = sums.shape[1] - 1
    path = np.empty((sums.shape[0], 2), np.int32)
    for t in range(sums.shape[0] - 1, -1, -1):
        path[t] = t, k
        if k > 0 and t > 0 and sums[t - 1, k - 1] >= sums[t - 1, k]:
            k -= 1
    return path


@numba.njit(cache=True, nogil=True)
def means(
    affinity: Float32, sums: Float64, starts: NDArray[np.int64], runs: bool
) -> tuple[Float64, Float64]:  # pragma: no cover - compiled
    """(M,) means over the cells of each candidate's best path, (M,) means over steps of theirs.

    sums: of `forward_runs` if ``runs``, else of `recurrence.forward`.
    """
    candidates = len(starts) - 1
    over_path, over_steps = np.empty(candidates), np.empty(candidates)
    for m in range(candidates):
        start, end = starts[m], starts[m + 1]
        mine = sums[:, start:end]
        t, k = len(affinity) - 1, end - start - 1
        cells, total, of_step, cells_of_step, steps = 0, 0.0, 0.0, 0, 0.0
        while True:
            of_step += affinity[t, start + k]
            cells_of_step += 1
            step = k
            if t == 0 and k == 0:
                done = True
            else:
                done = False
                if not runs:
                    t, k = _before(mine, t, k)
                else:
                    if k > 0 and mine[t - 1, k - 1] >= mine[t - 1, k]:
                        k -= 1
                    t -= 1
            if done or k != step:
                total += of_step
                cells += cells_of_step
                steps += of_step / cells_of_step
                of_step, cells_of_step = 0.0, 0
            if done:
                break
        over_path[m], over_steps[m] = total / cells, steps / (end - start)
    return over_path, over_steps
