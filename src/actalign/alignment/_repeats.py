"""How often a clip performs a script, and when each step of each repetition happens.

docs/method.md has the formula and its reasons. Takes how well frames and steps agree, in nats:
logits or log affinities, whatever made them. Each step is standardised over the clip, so a step
that the encoder never understands costs every repetition the same, and a posture that is held has
no steps. The constants were chosen on simulated people, see `benchmarks/repetitions.py`. Knows
arrays, no videos.
"""

from __future__ import annotations

import math
from operator import index
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actalign.alignment._partial import PartialSums, Pass
from actalign.arguments import array_of, whole
from actalign.errors import ArrayError, UsageError
from actalign.types import Float64

BIN = 0.1
"""Seconds over which frames are averaged; sums are in units of it, whatever the frame rate."""
MIN_STEP = 0.2
"""Seconds that a step of a repetition lasts at least."""
LONGEST = 30.0
"""Seconds that a repetition lasts at most."""
SLOWEST = 4
"""If their number is given, a repetition may last this many times its shortest length, even where
that is longer than LONGEST."""
FAINT = 0.3
"""Nats; a step whose fit varies by less than about this says little of when it happens."""
CUT = 2.0
"""Where standardised values are cut off, above and below 0."""
LEVEL = 0.2
"""What is subtracted from each of them then."""
RESTART = 2.0
"""The price of a repetition; without it, noise alone would make more of them."""
EVENNESS = 4.0
"""The price of log(length / usual length) squared: people repeat at about one tempo."""
EVIDENCE = 4.0
"""How much more than the best single repetition several must be worth."""
TEMPOS = 0.15
"""Distance of the usual lengths that are tried, as a logarithm."""
REST = 0.5
"""Seconds; a shorter gap between two repetitions is no pause and is divided between them."""

Repeats = int | Literal["no", "auto", "partial"]


def check_repeats(repeats: str | int) -> Repeats:
    """A number of repetitions, also as text, or "no", "auto" or "partial"; raises UsageError."""
    if repeats in ("no", "auto", "partial"):
        return repeats  # type: ignore[return-value]
    try:
        number = int(repeats) if isinstance(repeats, str) else index(repeats)
    except (TypeError, ValueError):
        number = 0
    if number < 1 or isinstance(repeats, bool):
        raise UsageError(
            f"The repeats are {repeats!r}; give no, auto, partial, or a number above 0."
        )
    return number


def find_repetitions(
    fit: ArrayLike,
    edges_seconds: ArrayLike,
    *,
    seen: ArrayLike | None = None,
    count: int | None = None,
    partial: bool = False,
) -> Float64:
    """The repetitions of one script in a clip, (N, K + 1) seconds: where each step begins, then the
    repetition's end. Between repetitions there may be rest; see docs/method.md.

    fit: (T, K), how well a frame and a step agree, in nats; only differences in time count.
    edges_seconds: (T + 1,), where each frame begins, then the clip's end. seen: (T,) bool; a frame
    in which the encoder saw nothing is rest or any step. count: N if it is known, else it is found;
    0 rows mean that no repetition was found. partial: the clip may begin and end inside a
    repetition; NaN stands where a step begins that is not there. Raises ArrayError for what is not
    finite or of other shapes, UsageError if this many repetitions don't fit into the clip, and for
    a count together with partial repetitions.
    """
    from actalign.alignment._kernels.repeats import step_starts

    matrix, edges, known = _checked(fit, edges_seconds, seen)
    count = None if count is None else whole(count, "count")
    if partial and count is not None:
        raise UsageError("Partial repetitions can't be looked for if their number is given.")
    steps, span = matrix.shape[1], float(edges[-1] - edges[0])
    # By what a damaged file says, few frames may lie years apart: bins are not many more.
    width = max(BIN, float(np.median(np.diff(edges))), span / (1000 + 100 * len(matrix)))
    bins = np.linspace(edges[0], edges[-1], max(1, round(span / width)) + 1)
    least = max(1, round(MIN_STEP / width))
    if count is not None and count * steps * least >= len(bins):
        raise UsageError(
            f"{count} repetitions of {steps} steps don't fit into the {span:.1f} s and "
            f"{len(matrix)} frames of the clip; give a smaller number, or have them counted."
        )
    values = _averaged(_standardised(matrix, known), edges, bins) * (width / BIN)
    longest = round(LONGEST / width)
    if count is not None:  # where frames are far apart, one pass alone may take longer
        longest = max(longest, SLOWEST * steps * least)
    longest = min(len(values), longest)
    passes = _passes(values, least, longest, count, partial)
    found = np.full((len(passes), steps + 1), np.nan)
    for cuts, (start, end, first, last) in zip(found, passes, strict=True):
        there = np.ascontiguousarray(values[start:end, first:last])
        cuts[first:last] = bins[start + step_starts(there, least)]
        cuts[-1] = bins[end]
    return _without_short_gaps(found)


def _checked(
    fit: ArrayLike, edges_seconds: ArrayLike, seen: ArrayLike | None
) -> tuple[Float64, Float64, NDArray[np.bool_]]:
    """The arrays of `find_repetitions`; raises ArrayError."""
    matrix: Float64 = array_of(fit, np.float64, "The fit")
    edges: Float64 = array_of(edges_seconds, np.float64, "The edges")
    known = np.ones(len(matrix), bool) if seen is None else np.asarray(seen)
    if matrix.ndim != 2 or not matrix.size or edges.shape != (len(matrix) + 1,):
        raise ArrayError(
            f"The fit must be (T, K) with (T + 1,) edges, not {matrix.shape} with {edges.shape}."
        )
    if not np.isfinite(matrix).all():
        raise ArrayError("The fit holds NaN or infinity; encode the clip and script again.")
    if not np.isfinite(edges).all() or (np.diff(edges) < 0).any():
        raise ArrayError("The edges must be finite seconds that never decrease.")
    if known.shape != (len(matrix),) or known.dtype != bool:
        raise ArrayError(
            f"seen must say of each of the {len(matrix)} frames whether it is True or False, not "
            f"be {known.shape} {known.dtype}."
        )
    return matrix, edges, known


def frame_means(values: ArrayLike, edges_seconds: Float64, cuts: Float64) -> Float64:
    """(N, K) means of the (T, K) values over the frames of each step; a step has one at least, and
    NaN if it is not there.

    edges_seconds, cuts: as `find_repetitions` takes and gives them.
    """
    table = np.asarray(values, np.float64)
    missing = np.isnan(cuts)
    known = np.where(missing, cuts[:, -1:], cuts)
    frames = np.searchsorted(edges_seconds, known + 1e-6, side="right") - 1
    first = np.minimum(frames[:, :-1], len(table) - 1)
    last = np.maximum(frames[:, 1:], first + 1)
    below = np.zeros((len(table) + 1, table.shape[1]))
    np.cumsum(table, axis=0, out=below[1:])
    columns = np.arange(table.shape[1])
    means = (below[last, columns] - below[first, columns]) / (last - first)
    return np.where(missing[:, :-1], np.nan, means)


def _standardised(fit: Float64, seen: NDArray[np.bool_]) -> Float64:
    """(T, K) x of the formula in docs/method.md; 0 where nothing was seen."""
    found = np.zeros(fit.shape)
    if seen.any():
        known = fit[seen]
        deviation = np.hypot(known.std(axis=0), FAINT)
        found[seen] = np.clip((known - known.mean(axis=0)) / deviation, -CUT, CUT) - LEVEL
    return found


def _averaged(values: Float64, edges: Float64, bins: Float64) -> Float64:
    """(T, K) values of frames as means over bins of time."""
    below = np.zeros((len(edges), values.shape[1]))
    np.cumsum(values * np.diff(edges)[:, None], axis=0, out=below[1:])
    at_bins = np.stack([np.interp(bins, edges, column) for column in below.T], axis=1)
    return np.ascontiguousarray(np.diff(at_bins, axis=0) / max(bins[1] - bins[0], 1e-9))


def _passes(
    values: Float64, least: int, longest: int, count: int | None, partial: bool
) -> list[Pass]:
    """The best repetitions, over all usual lengths."""
    from actalign.alignment._kernels.repeats import best_passes, pass_sums

    steps = values.shape[1]
    shortest = steps * least
    if (steps == 1 and count is None) or shortest > longest:
        return []
    sums = pass_sums(values, least, longest)
    cut = PartialSums(values, least, longest) if partial else None

    def best(usual: float | None, number: int) -> tuple[float, list[Pass]]:
        cost, of_partial = _costs(usual, longest)
        none = np.full(longest + 1, -np.inf)
        at_begin, at_end = (none, none) if cut is None else cut.worth(of_partial)
        worth, found = best_passes(sums, cost, at_begin, at_end, number)
        passes = []
        for start, end in found.tolist():
            whole = float(sums[start, end - start] - cost[end - start])
            there = (0, steps) if cut is None else cut.steps_of(start, end, whole, of_partial)
            passes.append((start, end, *there))
        return worth, passes

    tempos = math.ceil(math.log(longest / shortest) / TEMPOS)
    tried = [best(usual, 0) for usual in np.geomspace(shortest, longest, tempos + 1)]
    worth, found = max(tried, key=lambda one: one[0])
    if len(found) > 1:
        of_one, one = best(None, 1)
        found = one if worth - of_one < EVIDENCE else found
    if count is None or len(found) == count:
        return found
    covered = sum(end - start for start, end, _, _ in found) or len(values)
    return best(covered / count, count)[1]


def _costs(usual: float | None, longest: int) -> tuple[Float64, Float64]:
    """(longest + 1,) what a repetition of each length costs, a whole one and a partial one; usual:
    the usual length, None where any will do.

    A partial one costs nothing for being shorter: nobody knows how much of it is missing.
    """
    if usual is None:
        return (np.full(longest + 1, RESTART),) * 2
    ratios = np.maximum(np.arange(longest + 1), 1) / usual
    longer = np.maximum(ratios, 1)
    return RESTART + EVENNESS * np.log(ratios) ** 2, RESTART + EVENNESS * np.log(longer) ** 2


def _without_short_gaps(cuts: Float64) -> Float64:
    """The repetitions, those that follow each other closely joined in the middle between them."""
    found = cuts.copy()
    short = found[1:, 0] - found[:-1, -1] < REST
    middle = (found[1:, 0] + found[:-1, -1]) / 2
    found[1:, 0] = np.where(short, middle, found[1:, 0])
    found[:-1, -1] = np.where(short, middle, found[:-1, -1])
    return found
