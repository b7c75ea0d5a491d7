"""Reading and writing the original scripts' `.npy` object arrays without unpickling.

Such a file is a pickle, of which `_pickled` reads arrays and plain containers, and nothing else.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from actalign.documents import one_line
from actalign.errors import UsageError
from actalign.evaluation.atlas._pickled import Limited, RefusedError, is_simple, read_pickle
from actalign.files import remove_left, writing

Objects = NDArray[np.object_]

_format: Any = np.lib.format


def load_objects(path: Path) -> NDArray[Any]:
    """Read an `.npy` file, a plain array or an object array of arrays and plain containers.

    Raises UsageError if the file is missing, is not an `.npy` file, is cut short, or its pickle
    asks for anything but NumPy arrays and plain containers (nothing of it is run then).
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except FileNotFoundError:
        raise UsageError(
            f"The file {path} is missing; check its name, or make it with "
            "the command before this one."
        ) from None
    except RefusedError as error:
        raise UsageError(
            f"The file {path} is refused: {error}, but only NumPy arrays and plain containers are "
            "read from a pickle; get the file from a source you trust, or make it again."
        ) from None
    except Exception as error:  # whatever NumPy and pickle raise for bytes of other files
        reason = one_line(error) or type(error).__name__
        raise UsageError(
            f"The file {path} is not a readable .npy file ({reason}); make it again."
        ) from None


def _read(file: IO[bytes]) -> NDArray[Any]:
    version = _format.read_magic(file)
    reader = {
        (1, 0): _format.read_array_header_1_0,
        (2, 0): _format.read_array_header_2_0,
    }.get(version)
    if reader is None:
        raise ValueError(f"its format version {version} is unknown")
    shape, fortran, dtype = reader(file)
    rest = Limited(file, os.fstat(file.fileno()).st_size)
    if dtype != np.dtype(object):
        if not is_simple(dtype):
            raise ValueError("it holds records or other types that are neither numbers nor text")
        if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize > rest.left:
            raise ValueError("it is cut short")
        file.seek(0)
        return np.asarray(_format.read_array(file, allow_pickle=False))
    array = read_pickle(rest)
    if not isinstance(array, np.ndarray) or array.dtype != object:
        raise ValueError("it does not hold an object array")
    return array.reshape(shape, order="F" if fortran else "C")


def save_objects(path: Path, array: Objects) -> None:
    """Write an object array as the original scripts do (`.npy` with a pickle), atomically.

    Raises ActAlignError if it can't be written.
    """
    # These files take gigabytes, so what a killed run left of the same file is deleted first.
    remove_left(path)
    with writing(path) as file:
        _format.write_array(file, np.asarray(array, dtype=object), allow_pickle=True)


def object_column(items: Iterable[Any]) -> Objects:
    """A one-dimensional object array, one cell per item, whatever the items' shapes.

    `np.array(items, dtype=object)` would make more dimensions whenever all shapes agree.
    """
    listed = list(items)
    column = np.empty(len(listed), dtype=object)
    for i, item in enumerate(listed):
        column[i] = item
    return column
