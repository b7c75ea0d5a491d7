"""From embeddings to the affinity matrix: smoothing, cosine, and SigLIP's pair probability.

Pure functions on arrays, float32 throughout. This module knows nothing of video or text.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actalign.arguments import array_of, whole
from actalign.errors import ArrayError, UsageError
from actalign.types import Float32


def as_embeddings(values: ArrayLike, *, name: str) -> Float32:
    """Return ``values`` as a (N, D) float32 array, N and D at least 1; raises ArrayError."""
    array: Float32 = array_of(values, np.float32, f"The {name}")
    if array.ndim != 2 or 0 in array.shape:
        raise ArrayError(
            f"The {name} must be a non-empty two-dimensional array, not one of shape {array.shape}."
        )
    return array


def normalize(embeddings: ArrayLike, *, name: str = "embeddings") -> Float32:
    """Scale each row of (N, D) to unit L2 norm; a row of zeros (neutral) stays zero.

    Raises ArrayError that names the row when a value is NaN or infinite.
    """
    array, scale = _unit_scale(embeddings, name)
    return array * scale[:, None]


def centre_of(rows: Float32) -> Float32:
    """(D,) mean of the (N, D) rows that are not neutral; zeros where all are."""
    seen = rows[rows.any(axis=1)]
    return seen.mean(axis=0) if len(seen) else np.zeros(rows.shape[1], np.float32)


def from_centre(rows: Float32, centre: Float32) -> Float32:
    """(N, D) unit rows as seen from a centre; neutral rows, in which nothing is seen, stay so."""
    return normalize(np.where(rows.any(axis=1, keepdims=True), rows - centre, 0))


def cosine(frames: ArrayLike, texts: ArrayLike) -> Float32:
    """Cosine of every frame with every text: (T, D), (K, D) -> (T, K) float32 in [-1, 1].

    A neutral (all-zero) row has cosine 0 with everything. Raises ArrayError if the widths differ
    or a value is not finite.
    """
    v, v_scale = _unit_scale(frames, "frame embeddings")
    a, a_scale = _unit_scale(texts, "text embeddings")
    check_same_width(v, a)
    # Scaling the product touches T x K numbers; scaling the rows first would touch T x D.
    product = v @ a.T
    product *= v_scale[:, None]
    product *= a_scale
    return product


def _unit_scale(values: ArrayLike, name: str) -> tuple[Float32, Float32]:
    """An (N, D) array and (N,) factors that together give unit rows (zero rows: factor 1)."""
    array = as_embeddings(values, name=name)
    squares = _row_squares(array)
    if not (squares.min() > 1e-30 and squares.max() < 1e30):  # also false for NaN
        finite = np.isfinite(array).all(axis=1)
        if not finite.all():
            row = int(np.flatnonzero(~finite)[0])
            raise ArrayError(f"The {name} hold NaN or infinity in row {row}; encode them again.")
        # Squares leave float32's range for such rows; bring them into range first.
        peak = np.abs(array).max(axis=1, keepdims=True)
        array = array / np.where(peak > 0, peak, 1)
        squares = _row_squares(array)
        squares[squares == 0] = 1
    return array, 1 / np.sqrt(squares)


def _row_squares(array: Float32) -> Float32:
    """Squared length of every row, by N products (1, D) x (D, 1): a third of einsum's time."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.matmul(array[:, None, :], array[:, :, None]).reshape(-1)


def check_same_width(frames: Float32, texts: Float32) -> None:
    """Raise ArrayError unless (T, D) frames and (K, D) texts share the embedding width D."""
    if frames.shape[1] != texts.shape[1]:
        raise ArrayError(
            f"Frame embeddings have width {frames.shape[1]} and text embeddings "
            f"{texts.shape[1]}; both must come from one encoder."
        )


def sigmoid_affinity(similarity: ArrayLike, *, logit_scale: float, logit_bias: float) -> Float32:
    """SigLIP's pair probability, sigmoid(exp(logit_scale) * similarity + logit_bias).

    similarity: cosines of any shape. logit_scale: natural logarithm of the scale, as SigLIP stores
    it. Returns float32 in [0, 1] of that shape. Raises ArrayError unless it is an array of numbers.
    Source: ActAlign (arXiv 2506.22967), Sec. 3; SigLIP (arXiv 2303.15343), Sec. 3.2.
    """
    cosines: Float32 = array_of(similarity, np.float32, "The similarity")
    logits = np.multiply(cosines, np.float32(np.exp(logit_scale)), out=np.empty_like(cosines))
    logits += np.float32(logit_bias)
    # exp overflows to infinity below about -88, where the affinity is 0 in float32 as well.
    with np.errstate(over="ignore"):
        np.exp(np.negative(logits, out=logits), out=logits)
    logits += 1
    return np.reciprocal(logits, out=logits)


def pair_affinity(
    frames: ArrayLike,
    texts: ArrayLike,
    *,
    logit_scale: float,
    logit_bias: float,
    columns: NDArray[np.intp] | None = None,
) -> Float32:
    """`sigmoid_affinity` of `cosine`, (T, D), (K, D) -> (T, K), compiled to few passes over memory.

    columns: the text of each column of the result; in the order given where left out. Agrees with
    the two to 1e-5 of a value (1e-30 below that); raises what `cosine` raises.
    """
    from actalign.alignment._kernels.affinity import sigmoid_of

    v, v_scale = fast_unit_scale(frames, "frame embeddings")
    a, a_scale = fast_unit_scale(texts, "text embeddings")
    check_same_width(v, a)
    order = np.arange(len(a)) if columns is None else columns
    return sigmoid_of(v @ a.T, v_scale, a_scale, order, np.exp(logit_scale), logit_bias)


def fast_unit_scale(values: ArrayLike, name: str) -> tuple[Float32, Float32]:
    """`_unit_scale` in one pass, where no row is out of the ordinary; zero rows have factor 0."""
    from actalign.alignment._kernels.affinity import unit_scales

    array = np.ascontiguousarray(as_embeddings(values, name=name))
    scales = np.empty(len(array), np.float32)
    if unit_scales(array, scales):
        return array, scales
    array, scales = _unit_scale(array, name)
    return array, np.where(array.any(axis=1), scales, np.float32(0))


def check_smoothing(seconds: float) -> float:
    """The seconds as Python's float; raises UsageError for a window below 0 and for none (nan)."""
    if not (isinstance(seconds, Real) and seconds >= 0):
        raise UsageError(f"The smoothing window is {seconds!r} s; give 0 or more.")
    return float(seconds)


def smooth(embeddings: ArrayLike, *, pts_seconds: ArrayLike, seconds: float) -> Float32:
    """Moving average of (T, D) frame embeddings over a window of ``seconds``; keeps the length.

    Row t becomes the mean of the L2-normalised rows whose time is within seconds / 2 of its own,
    both ends included. At the ends of the clip the mean is over the rows that exist, so nothing
    fades and nothing shifts. Neutral rows (zeros) are left out, and stay neutral unless a neighbour
    in the window is not. The paper's window is 30 frames at about 30 frames per second,
    1 s (Sec. 3). Raises UsageError if ``seconds`` is negative or nan, ArrayError if times decrease.
    """
    from actalign.alignment._kernels.smoothing import window_means

    array, scale = _unit_scale(embeddings, "frame embeddings")
    times = np.asarray(pts_seconds, dtype=np.float64)
    check_smoothing(seconds)
    if times.shape != array.shape[:1]:
        raise ArrayError(f"There are {len(array)} frame embeddings but {times.size} timestamps.")
    if np.any(np.diff(times) < 0):
        raise ArrayError("The timestamps of the frames decrease; sort the frames by time.")
    if seconds == 0:
        return array * scale[:, None]
    half = seconds / 2 + 1e-9
    first = np.searchsorted(times, times - half, side="left")
    last = np.searchsorted(times, times + half, side="right")
    return window_means(array, scale, array.any(axis=1), first, last)


def smooth_reference(embeddings: ArrayLike, *, window: int = 30) -> Float32:
    """The reference scripts' smoothing, kept only to reproduce their numbers.

    Sums of ``window`` frames of the *un-normalised* rows divided by ``window``, with
    (window - 1) // 2 rows of zeros before and after, so an even window drops one frame, shifts by
    half a frame, and the ends fade. Clips of at most window + 1 frames are left as they are.
    Returns (T - 1, D) for an even window, (T, D) for an odd one. Raises UsageError for a window
    that is not a whole number above 0.
    """
    window = whole(window, "window")
    array = as_embeddings(embeddings, name="frame embeddings")
    if not np.isfinite(array).all():
        raise ArrayError("The frame embeddings hold NaN or infinity; encode them again.")
    if len(array) <= window + 1:
        return array
    pad = (window - 1) // 2
    first = np.arange(len(array) + 2 * pad - window + 1) - pad
    before = np.zeros((len(array) + 1, array.shape[1]))  # the sum of all rows before each
    np.cumsum(array, axis=0, dtype=np.float64, out=before[1:])
    sums = before[np.minimum(first + window, len(array))] - before[np.maximum(first, 0)]
    return (sums / window).astype(np.float32)
