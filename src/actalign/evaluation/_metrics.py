"""Metrics over scored items: pure functions on arrays, each figure with its 95 % interval.

Unscored items are never passed in: the caller leaves them out and counts them separately.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.errors import UsageError
from actalign.types import Float64

LOW, HIGH = 0.025, 0.975
"""The quantiles at the ends of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of hits with its Wilson interval; value, low and high are in [0, 1]."""

    hits: int
    total: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two scorers on the same items: how often just one of them is right.

    p_value: exact, two-sided, for both being right equally often on the items they differ on.
    """

    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean paired difference (first minus second) with its percentile bootstrap interval."""

    value: float
    low: float
    high: float


def rank_of_answer(scores: Sequence[float], answer: int) -> int:
    """The answer's 1-based rank among its candidates, the highest score first.

    scores: one finite number per candidate. Among equal scores the earlier candidate comes first,
    as argmax does. Raises UsageError for an answer outside the candidates or an infinite or
    nan score.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or not 0 <= answer < len(values):
        raise UsageError(f"Answer {answer} is not an index into {values.size} candidate scores.")
    if not np.isfinite(values).all():
        raise UsageError("A candidate's score is not finite; count such an item as unscored.")
    order = np.argsort(-values, kind="stable")
    return int(np.flatnonzero(order == answer)[0]) + 1


def rate_fields(one: Rate) -> dict[str, Any]:
    """A rate as results hold it; a share of nothing has no value."""
    known = {"value": one.value, "ci95": [one.low, one.high]} if one.total else {}
    return {"n": one.total, "hits": one.hits, **known}


def top_k(ranks: Sequence[int], k: int) -> Rate:
    """Share of items whose answer ranks k-th or better, with its Wilson interval."""
    hits = sum(rank <= k for rank in ranks)
    return rate(hits, len(ranks))


def rate(hits: int, total: int) -> Rate:
    """hits / total with its Wilson interval; all NaN if total is 0."""
    if total == 0:
        return Rate(0, 0, math.nan, math.nan, math.nan)
    low, high = wilson_interval(hits, total)
    return Rate(hits, total, hits / total, low, high)


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a binomial share (Wilson, JASA 1927), within [0, 1].

    Raises UsageError unless 0 <= hits <= total and total > 0.
    """
    if total <= 0 or not 0 <= hits <= total:
        raise UsageError(
            f"{hits} hits of {total} is not a share; give 0 <= hits <= total, total > 0."
        )
    z = NormalDist().inv_cdf(HIGH)
    share = hits / total
    scale = 1.0 + z * z / total
    centre = (share + z * z / (2.0 * total)) / scale
    half = z / scale * math.sqrt(share * (1.0 - share) / total + z * z / (4.0 * total * total))
    # Rounding would leave a little of what is 0 or 1 exactly.
    return 0.0 if hits == 0 else centre - half, 1.0 if hits == total else centre + half


def expected_chance(candidates: Sequence[int], k: int = 1) -> float:
    """Expected Top-k of uniform guessing: the mean of min(k, M) / M over items of M candidates."""
    if not candidates:
        return math.nan
    if min(candidates) < 1:
        raise UsageError("An item without candidates has no chance level; leave it out.")
    return float(np.mean([min(k, m) / m for m in candidates]))


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> McNemar:
    """McNemar's exact test on paired right/wrong answers (McNemar, Psychometrika 1947)."""
    a, b = _paired(first, second)
    only_first = int(np.count_nonzero((a == 1) & (b == 0)))
    only_second = int(np.count_nonzero((a == 0) & (b == 1)))
    n, least = only_first + only_second, min(only_first, only_second)
    # Python's integers are exact, so the tail needs no approximation at any n.
    tail = sum(math.comb(n, i) for i in range(least + 1))
    return McNemar(only_first, only_second, min(1.0, 2 * tail / 2**n))


def paired_bootstrap(
    first: Sequence[float] | Sequence[bool],
    second: Sequence[float] | Sequence[bool],
    *,
    resamples: int = 10_000,
) -> Difference:
    """Mean of first - second over the same items, with a 95 % percentile bootstrap interval.

    Items are resampled in pairs (Efron, 1979). Raises UsageError if the lengths differ or are 0.
    """
    a, b = _paired(first, second)
    if len(a) == 0:
        raise UsageError("There are no items to compare two scorers on; give at least one.")
    difference = a - b
    low, high = bootstrap(
        lambda items: float(difference[items].mean()), len(a), resamples=resamples
    )
    return Difference(float(difference.mean()), low, high)


def temporal_iou(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Intersection over union of two intervals [start, end) in seconds; 0 if both are empty.

    Raises UsageError for an interval that ends before it starts.
    """
    for start, end in (first, second):
        if not start <= end:
            raise UsageError(f"The interval [{start}, {end}) ends before it starts.")
    shared = max(0.0, min(first[1], second[1]) - max(first[0], second[0]))
    union = (first[1] - first[0]) + (second[1] - second[0]) - shared
    return shared / union if union > 0.0 else 0.0


def per_class(targets: Sequence[str], answers: Sequence[str]) -> dict[str, Rate]:
    """The share of each label's items that were answered with it, by label in order."""
    hits = Counter(target for target, answer in _pairs(targets, answers) if target == answer)
    return {label: rate(hits[label], n) for label, n in sorted(Counter(targets).items())}


def macro_accuracy(targets: Sequence[str], answers: Sequence[str]) -> float:
    """Mean over the true labels of the share of their items that is right; NaN if empty."""
    shares = [one.value for one in per_class(targets, answers).values()]
    return float(np.mean(shares)) if shares else math.nan


def confusion(targets: Sequence[str], answers: Sequence[str]) -> dict[tuple[str, str], int]:
    """How often each (true label, answer) occurred; those that never did are left out."""
    return dict(sorted(Counter(_pairs(targets, answers)).items()))


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float],
    items: int,
    *,
    resamples: int = 1000,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of any statistic of items (Efron, 1979).

    statistic: maps (items,) indices, drawn with replacement, to a number. The draws are the same
    in every call. Raises UsageError if there are no items.
    """
    if items < 1:
        raise UsageError("There are no items to resample; give at least one.")
    rng = np.random.default_rng(0)
    values = [statistic(rng.integers(0, items, items)) for _ in range(resamples)]
    low, high = np.quantile(values, [LOW, HIGH])
    return float(low), float(high)


def _pairs(targets: Sequence[str], answers: Sequence[str]) -> list[tuple[str, str]]:
    if len(targets) != len(answers):
        raise UsageError(f"There are {len(targets)} true labels but {len(answers)} answers.")
    return list(zip(targets, answers, strict=True))


def _paired(
    first: Sequence[float] | Sequence[bool], second: Sequence[float] | Sequence[bool]
) -> tuple[Float64, Float64]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise UsageError(f"Paired answers must match item by item, not {a.shape} and {b.shape}.")
    return a, b
