"""The compiled passes of `pair_affinity`: row lengths, and the sigmoid of a product.

Plain loops, which numba turns into vectors of float32; the sigmoid's exponential is a polynomial
for that reason.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from actalign.compiling import njit
from actalign.types import Float32

ONE = np.float32(1)
# 2^x = exp(x log 2) between -1/2 and 1/2 by its Taylor series: the next term is below 1e-8.
C1, C2, C3, C4, C5, C6, C7 = (np.float32(math.log(2) ** n / math.factorial(n)) for n in range(1, 8))
HALF, LEAST, MOST = np.float32(0.5), np.float32(-126), np.float32(127)


@njit(error_model="numpy", fastmath={"reassoc", "contract"})
def unit_scales(array: Float32, scales: Float32) -> bool:  # pragma: no cover - compiled
    """Write the (N,) factors that bring the rows of (N, D) to unit length.

    False where a row is zero, not finite, or its square too large or small for float32.
    """
    fit = True
    for n in range(array.shape[0]):
        square = np.float32(0)
        for d in range(array.shape[1]):
            square += array[n, d] * array[n, d]
        scales[n] = ONE / np.sqrt(square)
        if not np.float32(1e-30) < square < np.float32(1e30):
            fit = False
    return fit


@njit(inline="always")
def power_of_two(z: np.float32) -> np.float32:  # pragma: no cover - compiled
    """2^z for z from LEAST to MOST."""
    whole = np.floor(z + HALF)
    x = z - whole
    power = ONE + x * (C1 + x * (C2 + x * (C3 + x * (C4 + x * (C5 + x * (C6 + x * C7))))))
    # A float32 with nothing but an exponent is that power of two.
    return power * np.int32((np.int32(whole) + 127) << 23).view(np.float32)


@njit(error_model="numpy", fastmath={"contract"})
def sigmoid_of(
    product: Float32,
    row_scales: Float32,
    column_scales: Float32,
    columns: NDArray[np.intp],
    scale: float,
    bias: float,
) -> Float32:  # pragma: no cover - compiled
    """Sigmoid of scale * cosine + bias, (T, K), where row and column scales make the cosine.

    columns: which column of the product each column of the result is made of.
    """
    # sigmoid(x) = 1 / (1 + 2^z) with z = -x / log 2.
    factors = (-scale / math.log(2) * column_scales[columns]).astype(np.float32)
    shift = np.float32(-bias / math.log(2))
    found = np.empty(product.shape, np.float32)
    for t in range(product.shape[0]):
        for k in range(len(columns)):
            found[t, k] = product[t, columns[k]] * (factors[k] * row_scales[t]) + shift
    cells = found.reshape(-1)
    for i in range(cells.size):
        cells[i] = ONE / (ONE + power_of_two(min(max(cells[i], LEAST), MOST)))
    return found
