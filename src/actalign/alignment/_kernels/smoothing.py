"""The compiled moving average of `smooth`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actalign.compiling import njit
from actalign.types import Float32


@njit()
def window_means(
    rows: Float32,
    scales: Float32,
    seen: NDArray[np.bool_],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
) -> Float32:  # pragma: no cover - compiled
    """(T, D) means of the rows [first, last) that are seen, each times its scale; zeros if none is.

    first, last: (T,), never falling. A window's sum is that of all rows up to its end less that of
    all before its begin, so that each row is added twice, however wide the windows.
    """
    frames, width = rows.shape
    found = np.empty((frames, width), np.float32)
    to_end, to_begin = np.zeros(width), np.zeros(width)
    end, begin, count = 0, 0, 0
    for t in range(frames):
        while end < last[t]:
            for d in range(width):
                to_end[d] += np.float32(rows[end, d] * scales[end])
            count += seen[end]
            end += 1
        while begin < first[t]:
            for d in range(width):
                to_begin[d] += np.float32(rows[begin, d] * scales[begin])
            count -= seen[begin]
            begin += 1
        if count == 0:  # the two sums differ by rounding
            found[t] = 0
            continue
        for d in range(width):
            found[t, d] = (to_end[d] - to_begin[d]) / count
    return found
