"""How far a confidence in [0, 1] can be relied on: pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from actalign.errors import UsageError
from actalign.types import Float64

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers whose confidence is in [low, high) (the last bin includes its end).

    confidence, accuracy: their means.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """What answering only when sure would cost.

    coverage, risk: (G,) for each of G thresholds, highest first: the share of clips whose
    confidence is at least that, and the share of wrong answers among them. area: mean risk over the
    clips, each at its own threshold (AURC; Geifman, Uziel, El-Yaniv, ICLR 2019); lower is better.
    """

    coverage: Float64
    risk: Float64
    area: float


def reliability(confidences: ArrayLike, right: ArrayLike) -> list[ReliabilityBin]:
    """N answers in ten bins of equal width; empty bins are left out.

    confidences: (N,) in [0, 1]. right: (N,) 1 or 0. Raises UsageError for others.
    """
    values, hits = _checked(confidences, right)
    number = np.minimum((values * BINS).astype(int), BINS - 1)
    return [
        ReliabilityBin(
            one / BINS,
            (one + 1) / BINS,
            int(inside.sum()),
            float(values[inside].mean()),
            float(hits[inside].mean()),
        )
        for one in range(BINS)
        if (inside := number == one).any()
    ]


def expected_calibration_error(confidences: ArrayLike, right: ArrayLike) -> float:
    """Mean distance of confidence and accuracy over ten bins of equal width, weighted by count.

    The arguments are those of `reliability`. Guo et al., ICML 2017, eq. 3. In [0, 1]; 0 is perfect.
    """
    parts = reliability(confidences, right)
    total = sum(part.count for part in parts)
    return sum(part.count * abs(part.accuracy - part.confidence) for part in parts) / total


def risk_coverage(confidences: ArrayLike, right: ArrayLike) -> RiskCoverage:
    """Risk against coverage; equal confidences are treated together, so order doesn't matter.

    The arguments are those of `reliability`.
    """
    values, hits = _checked(confidences, right)
    order = np.argsort(-values)
    values, wrong = values[order], 1.0 - hits[order]
    ends = np.flatnonzero(np.append(np.diff(values) != 0, True)) + 1
    risk = np.cumsum(wrong)[ends - 1] / ends
    counts = np.diff(np.concatenate([[0], ends]))
    return RiskCoverage(ends / len(values), risk, float((risk * counts).sum() / len(values)))


def _checked(confidences: ArrayLike, right: ArrayLike) -> tuple[Float64, Float64]:
    values, hits = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    if values.ndim != 1 or values.shape != hits.shape or not len(values):
        raise UsageError(
            f"Give one confidence and one right or wrong value for each answer, not {values.shape} "
            f"and {hits.shape}."
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise UsageError("A confidence is outside [0, 1]; give values from 0 to 1.")
    return values, hits


def threshold_for(
    confidences: Sequence[float], right: Sequence[bool], *, risk: float
) -> float | None:
    """The lowest confidence from which on at most a share ``risk`` is wrong, or None."""
    # The curve has a point for each value, the highest first.
    values = np.unique(np.asarray(confidences, np.float64))[::-1]
    fits = values[risk_coverage(confidences, right).risk <= risk]
    return float(fits[-1]) if len(fits) else None
