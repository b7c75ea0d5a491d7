"""Reading and writing the original scripts' `.npy` object arrays without unpickling code.

Such a file is a pickle. The reader admits NumPy arrays, NumPy scalars and plain Python containers;
any other name in the pickle is refused before it is looked up.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from actalign.errors import UsageError
from actalign.files import remove_left, writing

Objects = NDArray[np.object_]

# NumPy 2 renamed numpy.core to numpy._core; a file of either name is read by either NumPy.
_CORE = "numpy._core" if np.__version__.split(".")[0] >= "2" else "numpy.core"
_multiarray: Any = import_module(_CORE + ".multiarray")
_numeric: Any = import_module(_CORE + ".numeric")
_format: Any = np.lib.format


class _RefusedError(pickle.UnpicklingError):
    """The pickle asks for something that is not admitted."""


def _scalar(dtype: np.dtype[Any], data: bytes = b"") -> Any:
    """A NumPy scalar from its bytes; one of object type could hide another pickle."""
    if dtype.hasobject or not isinstance(data, bytes):
        raise _RefusedError("a NumPy scalar of object type is refused")
    return np.frombuffer(data, dtype=dtype, count=1)[0]


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """Bytes as Python 2 protocols store them: text in Latin-1, and nothing else."""
    if encoding.replace("-", "") not in ("latin1", "latin"):
        raise _RefusedError(f"the text encoding {encoding!r} is refused")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): OrderedDict,
    **{
        (module, t.__name__): t
        for module in ("builtins", "__builtin__")  # Python 3's name and Python 2's
        for t in (set, frozenset, bytearray, complex)
    },
}
for _core in ("numpy.core", "numpy._core"):
    _ALLOWED[_core + ".multiarray", "_reconstruct"] = _multiarray._reconstruct
    _ALLOWED[_core + ".multiarray", "scalar"] = _scalar
    _ALLOWED[_core + ".numeric", "_frombuffer"] = _numeric._frombuffer


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name))
        if found is None:
            raise _RefusedError(f"it asks for {module}.{name}")
        return found


def load_objects(path: str | Path) -> NDArray[Any]:
    """Read an `.npy` file, a plain array or an object array of arrays and plain containers.

    Raises UsageError when the file is missing, is not an `.npy` file, is cut short, or its pickle
    asks for anything but NumPy arrays and plain containers (nothing of it is run then).
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _read(file)
    except FileNotFoundError:
        raise UsageError(f"The file {path} is missing; check the name.") from None
    except _RefusedError as error:
        raise UsageError(
            f"The file {path} is refused: {error}, but only NumPy arrays and plain containers are "
            "read from a pickle; get the file from where you trust it or make it again."
        ) from None
    except Exception as error:  # whatever NumPy and pickle make of bytes that are no such file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"The file {path} is not a readable .npy file ({reason}); make it again."
        ) from None


def _read(file: IO[bytes]) -> NDArray[Any]:
    start = file.tell()
    version = _format.read_magic(file)
    reader = {
        (1, 0): _format.read_array_header_1_0,
        (2, 0): _format.read_array_header_2_0,
    }.get(version)
    if reader is None:
        raise ValueError(f"its format version {version} is unknown")
    shape, fortran, dtype = reader(file)
    if not dtype.hasobject:
        file.seek(start)
        return np.asarray(_format.read_array(file, allow_pickle=False))
    if dtype != np.dtype(object):
        raise ValueError("it holds records with object fields")
    array = _Restricted(file).load()
    if not isinstance(array, np.ndarray) or array.dtype != object:
        raise ValueError("it does not hold an object array")
    return array.reshape(shape, order="F" if fortran else "C")


def save_objects(path: str | Path, array: Objects) -> None:
    """Write an object array as the original scripts do (`.npy` with a pickle), whole or not at all.

    Raises ActAlignError when the disk refuses.
    """
    path = Path(path)
    # These files have gigabytes: what a killed run left of the same file goes first.
    remove_left(path)
    with writing(path) as file:
        _format.write_array(file, np.asarray(array, dtype=object), allow_pickle=True)


def object_column(items: Iterable[Any]) -> Objects:
    """A one-dimensional object array, one cell an item, whatever the items' shapes.

    `np.array(items, dtype=object)` would make more dimensions whenever all shapes agree.
    """
    listed = list(items)
    column = np.empty(len(listed), dtype=object)
    for i, item in enumerate(listed):
        column[i] = item
    return column
