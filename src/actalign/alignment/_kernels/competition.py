"""The compiled passes of the affinities `centred` and `competitive`.

Plain loops, which numba turns into vectors of float32; exponential and logarithm are polynomials
for that reason, as in `affinity`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from actalign.alignment._kernels.affinity import HALF, LEAST, ONE, power_of_two
from actalign.compiling import njit
from actalign.types import Float32, Float64

TWO, LOG2, SQRT2 = np.float32(2), np.float32(math.log(2)), np.float32(math.sqrt(2))
THIRD, FIFTH, SEVENTH = np.float32(1 / 3), np.float32(1 / 5), np.float32(1 / 7)
NINTH = np.float32(1 / 9)
FACTOR = np.float32(1 / math.log(2))


@njit(error_model="numpy", fastmath={"contract"})
def centred_of(
    product: Float32, row_scales: Float32, factors: Float32, shifts: Float32, found: Float32
) -> None:  # pragma: no cover - compiled
    """Write product * row scale * factor - shift, into the first columns of ``found``.

    A row whose scale is 0 is neutral: zeros.
    """
    columns = len(factors)
    for t in range(product.shape[0]):
        if row_scales[t] == 0:
            found[t, :columns] = 0
            continue
        for k in range(columns):
            found[t, k] = product[t, k] * (factors[k] * row_scales[t]) - shifts[k]


@njit(inline="always")
def _power(x: np.float32) -> np.float32:  # pragma: no cover - compiled
    """exp x for x of at most 0; at least 2^-126."""
    return power_of_two(max(x * FACTOR, LEAST))


@njit(error_model="numpy", fastmath={"reassoc", "contract"})
def competition(
    values: Float32, weights: Float32, floor: float, fit: float, most: float, found: Float32
) -> None:  # pragma: no cover - compiled
    """Write log(p + floor) + fit * value, (T, K); the value held between -most and most.

    p: a row's exp(value) over the sum of all, each times its weight. weights: (K,).
    """
    least = np.float32(floor)
    for t in range(values.shape[0]):
        row, out = values[t], found[t]
        highest = _highest(row)
        for k in range(len(row)):
            out[k] = row[k] - highest
    # All cells in one loop: rows are too short for a vector loop to pay.
    cells = found.reshape(-1)
    for i in range(cells.size):
        cells[i] = _power(cells[i])
    for t in range(values.shape[0]):
        out = found[t]
        total = np.float32(0)
        for k in range(len(out)):
            total += out[k] * weights[k]
        share = ONE / total
        for k in range(len(out)):
            out[k] = out[k] * share + least
    add_fit(found, values, fit, most)


@njit(inline="always")
def _highest(row: Float32) -> np.float32:  # pragma: no cover - compiled
    """The largest of a row, by four chains of comparisons, which don't wait for each other."""
    count = len(row)
    a = b = c = d = row[0]
    for k in range(0, count - 3, 4):
        a, b, c, d = max(a, row[k]), max(b, row[k + 1]), max(c, row[k + 2]), max(d, row[k + 3])
    for k in range(count - count % 4, count):
        a = max(a, row[k])
    return max(max(a, b), max(c, d))


@njit(error_model="numpy", fastmath={"reassoc", "contract"})
def add_fit(
    shares: Float32, values: Float32, fit: float, most: float
) -> None:  # pragma: no cover - compiled
    """Make of (T, K) shares their logarithms, plus fit * value as in `competition`.

    All cells in one loop, as there.
    """
    share_of_fit, limit = np.float32(fit), np.float32(most)
    cells, of = shares.reshape(-1), values.reshape(-1)
    for i in range(cells.size):
        # log y = e log 2 + log m with m between sqrt(1/2) and sqrt 2, by atanh's series.
        bits = np.float32(cells[i]).view(np.int32)
        exponent = (bits >> 23) - 127
        m = np.int32((bits & 0x7FFFFF) | 0x3F800000).view(np.float32)
        if m > SQRT2:
            m *= HALF
            exponent += 1
        s = (m - ONE) / (m + ONE)
        q = s * s
        log = np.float32(exponent) * LOG2 + TWO * s * (
            ONE + q * (THIRD + q * (FIFTH + q * (SEVENTH + q * NINTH)))
        )
        cells[i] = log + share_of_fit * min(max(of[i], -limit), limit)


@njit(error_model="numpy", fastmath={"contract"})
def rival_shares(
    values: Float32,
    highest: Float32,
    starts: NDArray[np.int64],
    labels: NDArray[np.int64],
    weights: Float64,
    floor: float,
    found: Float32,
) -> None:  # pragma: no cover - compiled
    """Write p + floor, (T, J), of each step in the competition of its wording.

    highest: (T,) of each row. starts: (W + 1,), where each wording's columns begin. labels: (W,),
    whose it is, from 0. weights: (J, 3), see `Rivals`. Sums of like wordings are like to the last
    bit, so that labels of the same texts stay equal.
    """
    wordings, least = len(labels), np.float32(floor)
    of_label = np.empty((labels.max() + 1, 2))
    of_wording = np.empty(wordings)
    for t in range(values.shape[0]):
        row, out = values[t], found[t]
        for k in range(len(row)):
            out[k] = _power(row[k] - highest[t])
        of_label[:] = 0
        for w in range(wordings):
            outside, beside, inside = 0.0, 0.0, 0.0
            for k in range(starts[w], starts[w + 1]):
                outside += weights[k, 0] * out[k]
                beside += weights[k, 1] * out[k]
                inside += weights[k, 2] * out[k]
            of_label[labels[w], 0] += outside
            of_label[labels[w], 1] += beside
            of_wording[w] = inside
        whole = of_label[:, 0].sum()
        for m in range(len(of_label)):
            others = whole - of_label[m, 0]
            if others < 1e-8 * whole:  # too little is left of the digits
                others = of_label[:m, 0].sum() + of_label[m + 1 :, 0].sum()
            of_label[m, 1] += others
        for w in range(wordings):
            share = 1 / (of_label[labels[w], 1] + of_wording[w])
            for k in range(starts[w], starts[w + 1]):
                out[k] = min(np.float32(out[k] * share), ONE) + least
