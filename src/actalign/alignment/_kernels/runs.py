"""Monotone segmentation, compiled, and the means that a path has over its cells and its steps.

A segmentation gives each step of a script one run of frames, in order, and each frame to one step.
A script may be passed through several times; the best sums up to the end of each pass come from one
table, since a second pass goes on where a first one may end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actalign.alignment._kernels.affinity import HALF
from actalign.alignment._kernels.recurrence import _before
from actalign.compiling import njit
from actalign.types import Float32, Float64, Int32


@njit()
def running_sums(affinity: Float32 | Float64) -> Float64:  # pragma: no cover - compiled
    """(columns, T + 1) sums of each column's first t frames."""
    frames, columns = affinity.shape
    sums = np.zeros((columns, frames + 1))
    for t in range(frames):
        for k in range(columns):
            sums[k, t + 1] = sums[k, t] + affinity[t, k]
    return sums


@njit()
def run_starts(
    sums: Float64, steps: int, least: int, begins: Int32
) -> None:  # pragma: no cover - compiled
    """Write where the last run begins if runs up to row k end before frame t: (rows, T + 1).

    sums: (steps, T + 1) of one candidate, see `running_sums`. Row k is step k % steps. Each run is
    of ``least`` frames or more; on ties a run begins early. Where there is no such segmentation, or
    where it leaves too few frames for the rest of the script, the entry means nothing.
    """
    frames = sums.shape[1] - 1
    before, here = np.full(frames + 1, -np.inf), np.full(frames + 1, -np.inf)
    before[0] = 0.0
    for k in range(len(begins)):
        column = sums[k % steps]
        best, begin = -np.inf, 0
        first, last = (k + 1) * least, frames - (steps - 1 - k % steps) * least
        here[:first] = -np.inf
        for t in range(first, last + 1):
            value = before[t - least] - column[t - least]
            if value > best:
                best, begin = value, t - least
            here[t] = best + column[t]
            begins[k, t] = begin
        before, here = here, before


@njit()
def means_of_passes(
    affinity: Float32, starts: NDArray[np.int64], least: int, passes: int
) -> Float64:  # pragma: no cover - compiled
    """(2, passes, M): means over frames, and over steps of theirs, for 1, 2, ... passes.

    -inf for more passes than there is time for, or of one step. A script with more steps than
    frames has each step in one frame, equally spaced. least: frames of a step, fewer where one pass
    would not fit.
    """
    frames, candidates = len(affinity), len(starts) - 1
    found = np.full((2, passes, candidates), -np.inf)
    sums = running_sums(affinity)
    longest = 0
    for m in range(candidates):
        longest = max(longest, starts[m + 1] - starts[m])
    begins = np.empty((longest * passes, frames + 1), np.int32)
    for m in range(candidates):
        start, steps = starts[m], starts[m + 1] - starts[m]
        if steps > frames:
            total = 0.0
            for k in range(steps):
                total += affinity[k * frames // steps, start + k]
            found[:, 0, m] = total / steps
            continue
        shortest = max(1, min(least, frames // steps))
        # Nothing says where a pass through one step ends.
        most = 1 if steps == 1 else max(1, min(passes, frames // (steps * least)))
        mine = sums[start : start + steps]
        run_starts(mine, steps, shortest, begins[: steps * most])
        for n in range(1, most + 1):
            total, of_steps, t = 0.0, 0.0, frames
            for k in range(steps * n - 1, -1, -1):
                s = begins[k, t]
                value = mine[k % steps, t] - mine[k % steps, s]
                total += value
                of_steps += value / (t - s)
                t = s
            found[0, n - 1, m] = total / frames
            found[1, n - 1, m] = of_steps / (steps * n)
    return found


@njit()
def means_of_best(affinity: Float32, count: int) -> Float32:  # pragma: no cover - compiled
    """(columns,) the mean of each column's ``count`` largest values.

    They are those from a number ``low`` on, which is found by halving: that takes a third of the
    time of a selection. Where more than ``count`` are from it on, the rest are equal to it.
    """
    frames, columns = affinity.shape
    low, high = affinity[0].copy(), affinity[0].copy()
    for t in range(1, frames):
        for k in range(columns):
            low[k] = min(low[k], affinity[t, k])
            high[k] = max(high[k], affinity[t, k])
    by_column = np.ascontiguousarray(affinity.T)
    more = np.full(columns, np.float32(frames - count))
    for k in range(columns):
        column = by_column[k]
        while True:
            middle = low[k] * HALF + high[k] * HALF
            if not low[k] < middle < high[k]:  # neighbouring numbers, or equal ones
                break
            above = np.int32(0)
            for t in range(frames):
                above += np.int32(column[t] >= middle)
            if above >= count:
                low[k], more[k] = middle, np.float32(above - count)
            else:
                high[k] = middle
            if above == count:
                break
    # Measured from ``high``, since ``low`` may lie near a value that is far smaller.
    sums = np.zeros(columns, np.float32)
    for t in range(frames):
        for k in range(columns):
            sums[k] += affinity[t, k] - high[k] if affinity[t, k] >= low[k] else np.float32(0)
    return high + (sums - more * (low - high)) * np.float32(1 / count)


@njit()
def means_in_any_order(
    affinity: Float32, starts: NDArray[np.int64]
) -> Float64:  # pragma: no cover - compiled
    """(2, 1, M): the mean over frames of each one's best step, and over steps of each one's best
    fifth of the frames."""
    frames = len(affinity)
    found = np.empty((2, 1, len(starts) - 1))
    of_steps = means_of_best(affinity, max(1, (2 * frames + 5) // 10))
    for m in range(len(starts) - 1):
        start, end = starts[m], starts[m + 1]
        over_frames, over_steps = 0.0, 0.0
        for t in range(frames):
            best = affinity[t, start]
            for k in range(start + 1, end):
                best = max(best, affinity[t, k])
            over_frames += best
        for k in range(start, end):
            over_steps += of_steps[k]
        found[0, 0, m], found[1, 0, m] = over_frames / frames, over_steps / (end - start)
    return found


@njit()
def segment_paths(
    affinity: Float32, starts: NDArray[np.int64], least: int, nearest: NDArray[np.int64]
) -> Int32:  # pragma: no cover - compiled
    """The (M, T, 2) paths of the candidates, of one pass each; see `means_of_passes`.

    nearest: (T,) which row of the affinities says the step of each of the clip's frames. The path
    of a script with more steps than there are rows means nothing.
    """
    frames, candidates = len(affinity), len(starts) - 1
    paths = np.zeros((candidates, len(nearest), 2), np.int32)
    sums = running_sums(affinity)
    step_of = np.empty(frames, np.int32)
    for m in range(candidates):
        start, steps = starts[m], starts[m + 1] - starts[m]
        if steps > frames:
            continue
        begins = np.empty((steps, frames + 1), np.int32)
        run_starts(sums[start : start + steps], steps, max(1, min(least, frames // steps)), begins)
        t = frames
        for k in range(steps - 1, -1, -1):
            s = begins[k, t]
            step_of[s:t] = k
            t = s
        for t in range(len(nearest)):
            paths[m, t, 0] = t
            paths[m, t, 1] = step_of[nearest[t]]
    return paths


@njit()
def means_of_paths(
    affinity: Float32, sums: Float64, starts: NDArray[np.int64]
) -> Float64:  # pragma: no cover - compiled
    """(2, 1, M): as `means_of_passes`, of the paths through `recurrence.forward`'s sums."""
    candidates = len(starts) - 1
    found = np.empty((2, 1, candidates))
    for m in range(candidates):
        start, end = starts[m], starts[m + 1]
        mine = sums[:, start:end]
        t, k = len(affinity) - 1, end - start - 1
        cells, total, of_step, cells_of_step, of_steps = 0, 0.0, 0.0, 0, 0.0
        while True:
            of_step += affinity[t, start + k]
            cells_of_step += 1
            step, done = k, t == 0 and k == 0
            if not done:
                t, k = _before(mine, t, k)
            if done or k != step:
                total += of_step
                cells += cells_of_step
                of_steps += of_step / cells_of_step
                of_step, cells_of_step = 0.0, 0
            if done:
                break
        found[0, 0, m], found[1, 0, m] = total / cells, of_steps / (end - start)
    return found
