"""The compiled passes of the affinities `centred` and `competitive`.

Plain loops, which numba turns into vectors of float32; exponential and logarithm are polynomials
for that reason, as in `affinity`.
"""

from __future__ import annotations

import math

import numpy as np

from actalign.alignment._kernels.affinity import C1, C2, C3, C4, C5, C6, C7, HALF, LEAST, ONE
from actalign.compiling import njit
from actalign.types import Float32

TWO, LOG2, SQRT2 = np.float32(2), np.float32(math.log(2)), np.float32(math.sqrt(2))
THIRD, FIFTH, SEVENTH = np.float32(1 / 3), np.float32(1 / 5), np.float32(1 / 7)
NINTH = np.float32(1 / 9)


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


@njit(error_model="numpy", fastmath={"reassoc", "contract"})
def competition(
    values: Float32, weights: Float32, floor: float, fit: float, most: float, found: Float32
) -> None:  # pragma: no cover - compiled
    """Write log(p + floor) + fit * value, (T, K); the value held between -most and most.

    p: a row's exp(value) over the sum of all, each times its weight. weights: (K,).
    """
    factor, least = np.float32(1 / math.log(2)), np.float32(floor)
    share_of_fit, limit = np.float32(fit), np.float32(most)
    for t in range(values.shape[0]):
        row, out = values[t], found[t]
        highest = row[0]
        for k in range(1, len(row)):
            highest = max(highest, row[k])
        total = np.float32(0)
        for k in range(len(row)):
            z = max((row[k] - highest) * factor, LEAST)
            whole = np.floor(z + HALF)
            x = z - whole
            power = ONE + x * (C1 + x * (C2 + x * (C3 + x * (C4 + x * (C5 + x * (C6 + x * C7))))))
            # A float32 with nothing but an exponent is that power of two.
            out[k] = power * np.int32((np.int32(whole) + 127) << 23).view(np.float32)
            total += out[k] * weights[k]
        share = ONE / total
        for k in range(len(row)):
            # log y = e log 2 + log m with m between sqrt(1/2) and sqrt 2, by atanh's series.
            bits = np.float32(out[k] * share + least).view(np.int32)
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
            out[k] = log + share_of_fit * min(max(row[k], -limit), limit)
