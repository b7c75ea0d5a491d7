"""Checks arguments from Python code, and fields from files and options: numbers, counts, lists,
paths and arrays."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import fields
from numbers import Real
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actalign.errors import ArrayError, UsageError


def plain(value: Any) -> Any:
    """A number, including NumPy's, as a Python float for JSON; anything else unchanged."""
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else value


def whole(value: object, name: str, most: int | None = None, *, least: int = 1) -> int:
    """A whole number from least to most, including NumPy's; raises UsageError, which names it."""
    try:
        number = index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        range_ = f"of {least} or more" if most is None else f"from {least} to {most}"
        raise UsageError(f"{name} is {value!r}; give a whole number {range_}.")
    return number


def parse_fps(fps: str) -> float | None:
    """Frames per second from the text of --fps; None for all. Raises UsageError."""
    if fps == "all":
        return None
    try:
        value = float(fps)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError(f"--fps is {fps!r}; give a number above 0, or 'all'.")
    return value


def check_fps(fps: float) -> float:
    """The frames per second; raises UsageError unless they are a finite number above 0."""
    if not isinstance(fps, Real):
        raise UsageError(f"fps is {fps!r}; give a number.")
    if not 0 < fps < math.inf:
        raise UsageError(f"fps is {fps}; give a number above 0.")
    return fps


def check_listed(given: object, what: str, whose: str = "") -> None:
    """Raise UsageError for anything but a list; a single string is not one, although iterable."""
    if isinstance(given, str | bytes | os.PathLike) or not isinstance(given, Iterable):
        raise UsageError(f"The {what}{whose} are {given!r}; give a list of {what}.")


def as_path(given: str | Path, what: str) -> Path:
    """A path; raises UsageError for anything else."""
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"The {what} is {given!r}; give a path.")
    return Path(given)


def check_fields(found: Any) -> None:
    """Raise TypeError if a field of a dataclass is not of its declared type: str, int or float, or
    None if that is declared too."""
    kinds: dict[str, Any] = {"str": str, "int": int, "float": int | float}
    for field in fields(found):
        kind, _, optional = str(field.type).partition(" | ")
        value = getattr(found, field.name)
        if not isinstance(value, kinds[kind]) and not (optional and value is None):
            given = type(value).__name__
            raise TypeError(f"{field.name} is {value!r} ({given}), not {field.type}")


def array_of(values: ArrayLike, kind: type[Any], what: str) -> NDArray[Any]:
    """The values as an array of this type; raises ArrayError for strings, complex numbers, rows of
    different lengths, and tensors that NumPy can't read."""
    try:
        array = np.asarray(values)
        if array.dtype.kind != "c":
            return array.astype(kind, copy=False)
    except (TypeError, ValueError, RuntimeError) as error:  # the last of a tensor with a gradient
        raise ArrayError(f"{what} must be numbers in rows of one length ({error}).") from None
    raise ArrayError(f"{what} must be real numbers, not complex ones.")


def check_array(values: object, what: str) -> None:
    """Raise ArrayError for anything but a NumPy array."""
    if not isinstance(values, np.ndarray):
        raise ArrayError(f"{what} must be a NumPy array, not {type(values).__name__}.")


def check_frames(frames: NDArray[np.uint8], *, least: int = 1) -> None:
    """Raise ArrayError unless frames is (T, H, W, 3) uint8 with H, W >= least."""
    check_array(frames, "Frames")
    shape, kind = frames.shape, frames.dtype
    if len(shape) != 4 or shape[3] != 3 or min(shape[1:3]) < least or kind != np.uint8:
        raise ArrayError(f"Frames must be a (T, H, W, 3) uint8 array, not {shape} {kind}.")
