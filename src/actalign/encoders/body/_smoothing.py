"""Smooths a tracked person's landmarks over time: still ones strongly, moving ones hardly."""

from __future__ import annotations

import numpy as np

from actalign.encoders.body._blazepose import Landmarks
from actalign.types import Float64

_RATE = 30.0  # frames a second that the filters assume at first
_SPEED_CUTOFF = 1.0  # Hz
_VISIBILITY_SHARE = 0.1  # of each new value


def _share(cutoff: float | Float64, seconds: float) -> float | Float64:
    """How much of a new value a low-pass filter takes, for a cut-off in Hz."""
    return 1 / (1 + 1 / (2 * np.pi * cutoff * seconds))


class _OneEuro:
    """The One Euro filter (Casiez et al., CHI 2012), applied to each number of an array."""

    def __init__(self, cutoff: float, beta: float) -> None:
        self._cutoff, self._beta = cutoff, beta
        self._raw: Float64 | None = None
        self._smooth: Float64 | None = None
        self._speed: Float64 | None = None

    def __call__(self, values: Float64, seconds: float, scale: float) -> Float64:
        """values: `seconds` after the last ones. scale: the length that speed is measured in."""
        if self._raw is None or self._smooth is None or self._speed is None:
            self._smooth, self._speed = values, np.zeros_like(values)
        else:
            speed = (values - self._raw) / scale / seconds
            self._speed = self._speed + _share(_SPEED_CUTOFF, seconds) * (speed - self._speed)
            share = _share(self._cutoff + self._beta * np.abs(self._speed), seconds)
            self._smooth = self._smooth + share * (values - self._smooth)
        self._raw = values
        return self._smooth


class Smoothing:
    """Smooths one person's landmarks, frame by frame, as mediapipe does in video mode."""

    def __init__(self) -> None:
        self._image, self._world = _OneEuro(0.05, 80.0), _OneEuro(0.1, 40.0)
        self._visibility: Float64 | None = None
        self._seconds: float | None = None

    def __call__(self, found: Landmarks, seconds: float) -> Landmarks:
        """The landmarks of the frame at `seconds`, later than the last."""
        passed = 1 / _RATE if self._seconds is None else max(seconds - self._seconds, 1e-3)
        self._seconds = seconds
        if self._visibility is None:
            self._visibility = found.visibility
        self._visibility = self._visibility + _VISIBILITY_SHARE * (
            found.visibility - self._visibility
        )
        return Landmarks(
            self._image(found.image, passed, found.region.side),
            self._world(found.world, passed, 1.0),
            self._visibility,
            found.heat,
            found.region,
        )
