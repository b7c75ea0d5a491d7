"""How sure an answer is: from scores to numbers that mean the share of right answers.

Source: temperature scaling and the expected calibration error, Guo et al., "On Calibration of
Modern Neural Networks" (arXiv 1706.04599).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from actalign.errors import ArrayError
from actalign.types import Float64

LEAST, MOST = 1e-4, 1e4
"""Temperatures that `fit_temperature` looks between."""


def confidences(scores: ArrayLike, temperature: float) -> Float64:
    """Softmax of (M,) scores / temperature: (M,) in [0, 1], which add up to 1."""
    values = np.asarray(scores, np.float64) / temperature
    powers = np.exp(values - values.max())
    found: Float64 = powers / powers.sum()
    return found


def fit_temperature(scores: Sequence[ArrayLike], answers: Sequence[int]) -> float:
    """The temperature under which labelled clips are likeliest, between LEAST and MOST.

    scores: (M,) of each clip, of one scorer. answers: the true candidate of each, from 0. Raises
    ArrayError unless there is an answer for each clip.
    """
    if not len(scores) or len(scores) != len(answers):
        raise ArrayError(
            f"There are {len(scores)} clips' scores and {len(answers)} answers; give one for each."
        )
    # log p is concave in 1 / temperature, so thirds close in on its one peak.
    low, high = -np.log(MOST), -np.log(LEAST)

    def likelihood(log_inverse: float) -> float:
        total = 0.0
        for values, answer in zip(scores, answers, strict=True):
            scaled = np.asarray(values, np.float64) * np.exp(log_inverse)
            top = scaled.max()
            total += scaled[answer] - top - np.log(np.exp(scaled - top).sum())
        return total

    for _ in range(60):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if likelihood(left) < likelihood(right):
            low = left
        else:
            high = right
    return float(np.exp(-(low + high) / 2))
