"""The compiled recurrences of `_repeats`: one pass of a script over any part of a clip, and the
best way to cut a clip into passes and rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actalign.alignment._kernels.runs import running_sums
from actalign.compiling import njit
from actalign.types import Float64


@njit()
def pass_sums_from(
    values: Float64, first: int, least: int, longest: int
) -> Float64:  # pragma: no cover - compiled
    """The largest sum of one pass over frames [first, first + length), (longest + 1,) by length.

    values: (T, K). A pass gives each of the K steps, in order, at least ``least`` consecutive
    frames, and every frame to a step. Minus infinity where none fits.
    """
    frames, steps = values.shape
    found = np.full(longest + 1, -np.inf)
    # Cell (k, j): in step k for j + 1 frames, or for `least` and more in the last.
    sums = np.full((steps, least), -np.inf)
    for length in range(1, min(longest, frames - first) + 1):
        here = values[first + length - 1]
        for k in range(steps - 1, -1, -1):
            enter = sums[k - 1, least - 1] if k else (0.0 if length == 1 else -np.inf)
            stay = sums[k, least - 1]
            for j in range(least - 1, 0, -1):
                sums[k, j] = sums[k, j - 1] + here[k]
            if least > 1:
                sums[k, least - 1] = max(sums[k, least - 1], stay + here[k])
                sums[k, 0] = enter + here[k]
            else:
                sums[k, 0] = max(enter, stay) + here[k]
        found[length] = sums[steps - 1, least - 1]
    return found


@njit()
def pass_sums(values: Float64, least: int, longest: int) -> Float64:  # pragma: no cover - compiled
    """(T, longest + 1): `pass_sums_from` each of the T frames."""
    found = np.empty((len(values), longest + 1))
    for first in range(len(values)):
        found[first] = pass_sums_from(values, first, least, longest)
    return found


@njit()
def best_passes(
    sums: Float64, cost: Float64, at_begin: Float64, at_end: Float64, count: int
) -> tuple[float, NDArray[np.int64]]:  # pragma: no cover - compiled
    """The passes, one after another with rest between, whose sums less their costs are largest.

    sums: of `pass_sums`. cost: (longest + 1,), of a pass by its length. at_begin, at_end:
    (longest + 1,), what a pass of each length is worth that begins with the clip, or ends with it,
    if that is more; minus infinity where there is none. count: how many passes, or 0 for as many
    as are best. Rest adds nothing. Returns the total, minus infinity where so many do
    not fit, and (N, 2): the passes' frames [start, end) in order.
    """
    frames, longest = len(sums), sums.shape[1] - 1
    layers = count + 1
    total = np.full((layers, frames + 1), -np.inf)
    length_of = np.zeros((layers, frames + 1), np.int64)  # of the pass that ends here; 0 is rest
    total[0, 0] = 0.0
    for layer in range(layers):
        before = layer - 1 if count else layer
        for end in range(1, frames + 1):
            best, at = total[layer, end - 1], 0
            if before >= 0:
                for length in range(1, min(longest, end) + 1):
                    start = end - length
                    worth = sums[start, length] - cost[length]
                    if start == 0:
                        worth = max(worth, at_begin[length])
                    if end == frames:
                        worth = max(worth, at_end[length])
                    reached = total[before, start] + worth
                    if reached > best:
                        best, at = reached, length
            total[layer, end], length_of[layer, end] = best, at
    cuts = np.empty((frames, 2), np.int64)
    row, layer, end = frames, layers - 1, frames
    if total[layer, end] == -np.inf:
        return -np.inf, cuts[:0]
    while end > 0:
        length = length_of[layer, end]
        if length == 0:
            end -= 1
            continue
        row -= 1
        cuts[row] = end - length, end
        end -= length
        if count:
            layer -= 1
    return total[layers - 1, frames], cuts[row:].copy()


@njit()
def step_starts(values: Float64, least: int) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """(K,) the first frame of each step of the best pass over all (T, K) values; see `pass_sums`.

    T must be at least K * least. Of equal sums the one whose later steps begin later wins.
    """
    frames, steps = values.shape
    below = running_sums(values)
    # total[k, e]: the first k + 1 steps over frames [0, e); start[k, e]: where step k begins.
    total = np.full((steps, frames + 1), -np.inf)
    start = np.zeros((steps, frames + 1), np.int64)
    for end in range(least, frames + 1):
        total[0, end] = below[0, end]
    for k in range(1, steps):
        best, at = -np.inf, 0
        for end in range((k + 1) * least, frames + 1):
            begin = end - least
            reached = total[k - 1, begin] - below[k, begin]
            if reached >= best:
                best, at = reached, begin
            total[k, end], start[k, end] = best + below[k, end], at
    found = np.zeros(steps, np.int64)
    end = frames
    for k in range(steps - 1, -1, -1):
        found[k] = start[k, end]
        end = found[k]
    return found
