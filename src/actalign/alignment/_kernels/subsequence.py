"""The compiled recurrence of `_locate`: the best cut of a script for each possible last frame.

State is a table of (K, max_frames) cells, whatever the length of the video.
"""

from __future__ import annotations

import numpy as np

from actalign.compiling import njit
from actalign.types import Float32, Float64, Int32


@njit()
def best_cuts(
    values: Float32, level: float, min_frames: int, max_frames: int
) -> tuple[Float64, Float64, Int32]:  # pragma: no cover - compiled
    """For every last frame t, the cut that ends there with the largest sum of values - level.

    values: (T, K). A cut gives each of the K steps, in order, from min_frames to max_frames
    consecutive frames. Returns the sums (T,), minus infinity where no cut can end; scores (T,), the
    mean over steps of the step's mean value; and starts (T, K), the first frame of each step. Of
    equal sums the one whose last step is longest wins.
    """
    frames, steps = values.shape
    sums = np.full(frames, -np.inf)
    scores = np.full(frames, -np.inf)
    starts = np.zeros((frames, steps), np.int32)
    # Cell (k, s % max_frames): step k began at frame s and goes on. Total is the sum of values -
    # level since the first step, minus infinity where no step k has begun yet.
    total = np.full((steps, max_frames), -np.inf)
    own = np.zeros((steps, max_frames))  # sum of values of step k alone
    means = np.zeros((steps, max_frames))  # sum of the means of the steps before
    began = np.zeros((steps, max_frames, steps), np.int32)
    for t in range(frames):
        slot = t % max_frames  # also the one of frame t - max_frames, whose time is over below
        for k in range(steps - 1, -1, -1):
            # Before t's own values go in: where step k - 1 may have ended at t - 1.
            before, cell = -np.inf, -1
            if k == 0:
                before = 0.0
            else:
                for length in range(max_frames, min_frames - 1, -1):
                    s = (t - length) % max_frames
                    if total[k - 1, s] > before:
                        before, cell = total[k - 1, s], s
            gain = values[t, k] - level
            for s in range(max_frames):
                if s != slot:
                    total[k, s] += gain
                    own[k, s] += values[t, k]
            total[k, slot] = before + gain
            own[k, slot] = values[t, k]
            if cell >= 0:
                length = (slot - cell) % max_frames
                if length == 0:
                    length = max_frames
                means[k, slot] = means[k - 1, cell] + own[k - 1, cell] / length
                for j in range(k):
                    began[k, slot, j] = began[k - 1, cell, j]
            began[k, slot, k] = t
        best = -np.inf
        last = steps - 1
        for length in range(max_frames, min_frames - 1, -1):
            s = (t + 1 - length) % max_frames
            if total[last, s] > best:
                best = total[last, s]
                sums[t] = best
                scores[t] = (means[last, s] + own[last, s] / length) / steps
                starts[t] = began[last, s]
    return sums, scores, starts
