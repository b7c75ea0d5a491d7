"""How sure an answer is: from scores to numbers that mean the share of right answers.

Source: temperature scaling and the expected calibration error, Guo et al., "On Calibration of
Modern Neural Networks" (arXiv 1706.04599).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike

from actalign.alignment._scorers import get_scorer
from actalign.arguments import array_of
from actalign.errors import ArrayError, UsageError
from actalign.types import Float64

LEAST, MOST = 1e-4, 1e4
"""Temperatures that `fit_temperature` looks between, in mean ranges of a clip's scores."""
OWN = "own"
"""The scorer that is used where none is named."""


def check_temperature(temperature: float) -> float:
    """It as Python's float; raises ArrayError unless it is a number above 0."""
    if not (isinstance(temperature, Real) and 0 < temperature < float("inf")):
        raise ArrayError(f"The temperature is {temperature!r}; give a number above 0.")
    return float(temperature)


def read_temperatures(text: str | None, scorers: Sequence[str]) -> dict[str, float]:
    """Temperatures by scorer: of a number, or of SCORER=NUMBER, comma-separated; {} for None.

    scorers: to be used, of which a number alone must find one. Raises UsageError, also for a name
    that no scorer has.
    """
    found: dict[str, float] = {}
    for part in [] if text is None else text.split(","):
        name, named, number = part.rpartition("=")
        if named and name.strip() not in (*scorers, OWN):
            get_scorer(name.strip())
        if not named and len(scorers) != 1:
            raise UsageError(
                f"--temperature is {text!r} for {len(scorers)} scorers; name its own, such as "
                f"{scorers[0]}={text}."
            )
        try:
            value = check_temperature(float(number))
        except ValueError:
            raise UsageError(
                f"--temperature is {text!r}; give a number above 0, or SCORER=NUMBER."
            ) from None
        found[name.strip() if named else scorers[0]] = value
    return found


def temperatures_of(
    given: Mapping[str, float], scorers: Sequence[str], own: str
) -> dict[str, float]:
    """Those of the scorers in use, with the name of the scorer that OWN is.

    `eval clips` prints temperatures of all of its scorers; others than those in use are left out.
    Raises UsageError where none is of a scorer in use.
    """
    named = {own if name == OWN else name: value for name, value in given.items()}
    found = {name: value for name, value in named.items() if name in scorers}
    if named and not found:
        raise UsageError(
            f"--temperature is for the scorer {', '.join(named)}, but this run uses "
            f"{', '.join(scorers)}; give one of these."
        )
    return found


def confidences(scores: ArrayLike, temperature: float) -> Float64:
    """Softmax of (M,) scores / temperature: (M,) in [0, 1], which add up to 1.

    Raises ArrayError unless the scores are finite and the temperature is above 0.
    """
    values = _finite(scores) / check_temperature(temperature)
    powers = np.exp(values - values.max())
    found: Float64 = powers / powers.sum()
    return found


def fit_temperature(scores: Sequence[ArrayLike], answers: Sequence[int]) -> float:
    """The temperature that makes the answers of labelled clips most likely.

    It lies between LEAST and MOST times the mean difference between a clip's highest and lowest
    score. scores: (M,) of each clip, of one scorer. answers: the true candidate of each, from 0.
    Raises ArrayError unless each clip has finite scores and an answer that numbers one of them.
    """
    if not len(scores) or len(scores) != len(answers):
        raise ArrayError(
            f"There are {len(scores)} clips' scores and {len(answers)} answers; give one for each."
        )
    clips = [_finite(values, f" of clip {n}") for n, values in enumerate(scores)]
    for n, (values, answer) in enumerate(zip(clips, answers, strict=True)):
        if not isinstance(answer, Integral) or not 0 <= answer < len(values):
            raise ArrayError(
                f"The answer of clip {n} is {answer}, but its candidates are numbered 0 to "
                f"{len(values) - 1}."
            )
    # Scorers differ in scale: of SigLIP's probabilities 1e-5 may be much.
    scale = float(np.mean([np.ptp(values) for values in clips])) or 1.0
    # log p is concave in 1 / temperature, so thirds close in on its one peak.
    low, high = -np.log(MOST), -np.log(LEAST)

    def likelihood(log_inverse: float) -> float:
        total = 0.0
        for values, answer in zip(clips, answers, strict=True):
            scaled = values / scale * np.exp(log_inverse)
            top = scaled.max()
            total += scaled[answer] - top - np.log(np.exp(scaled - top).sum())
        return total

    for _ in range(60):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if likelihood(left) < likelihood(right):
            low = left
        else:
            high = right
    return scale * float(np.exp(-(low + high) / 2))


def check_least(confidence: float | None) -> float | None:
    """The least confidence of an answer, None where any will do; raises UsageError."""
    if confidence is not None and not (isinstance(confidence, Real) and 0 <= confidence <= 1):
        raise UsageError(f"The least confidence is {confidence!r}; give a number from 0 to 1.")
    return None if confidence is None else float(confidence)


def _finite(scores: ArrayLike, whose: str = "") -> Float64:
    values: Float64 = array_of(scores, np.float64, f"The scores{whose}")
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ArrayError(f"The scores{whose} must be finite numbers, one for each candidate.")
    return values
