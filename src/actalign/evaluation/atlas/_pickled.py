"""Arrays and plain containers from a pickle, without unpickling, for files that others made.

`pickle` would call what a file names, with the arguments it gives; NumPy's own functions take raw
memory from them. So the opcodes are read one by one here, and each array is rebuilt from exactly
what NumPy writes for it: a type from a list, a shape, and as many bytes or objects as these say.
"""

from __future__ import annotations

import math
import pickletools
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from actalign.documents import one_line
from actalign.errors import UsageError, reason_of

MAX_NESTED = 16
"""The most object arrays directly within each other: NumPy frees them recursively."""
_SIMPLE = re.compile(r"b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,8}")
_VALUES = frozenset(
    (
        "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
        "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING",
        "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
    )
)  # fmt: skip
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_CONTAINERS = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NAMES = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
    ("collections", "OrderedDict"): "OrderedDict",
    **{
        (module, name): name
        for module in ("builtins", "__builtin__")  # Python 3's name and Python 2's
        for name in ("set", "frozenset", "bytearray", "bytes", "complex")
    },
    **{  # NumPy 2 renamed numpy.core to numpy._core
        (f"numpy.{core}.{module}", name): name
        for core in ("core", "_core")
        for module, name in (
            ("multiarray", "_reconstruct"),
            ("multiarray", "scalar"),
            ("numeric", "_frombuffer"),
        )
    },
}


class RefusedError(ValueError):
    """The pickle asks for something that is not allowed."""


class Limited:
    """A file that refuses to read more than it holds, before memory is allocated for it."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self.left = size - file.tell()

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise ValueError("it is cut short")
        return self._took(self._file.read(size))

    def readline(self) -> bytes:
        return self._took(self._file.readline())

    def _took(self, data: bytes) -> bytes:
        self.left -= len(data)
        return data


def is_simple(dtype: np.dtype[Any]) -> bool:
    """Whether an array of this type holds numbers, booleans or text and nothing else."""
    return _SIMPLE.fullmatch(dtype.str[1:]) is not None


def read_pickle(file: Limited) -> Any:
    """The object of a pickle: NumPy arrays and scalars of simple types, object arrays, containers.

    Raises RefusedError for anything else, and ValueError, IndexError or KeyError for a damaged one.
    """
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(file):  # type: ignore[arg-type]
        machine.step(opcode.name, argument)
    return machine.result()


def load_pickle(path: Path) -> Any:
    """The object of a pickle file, see `read_pickle`; raises UsageError if it can't be read."""
    try:
        with path.open("rb") as file:
            return read_pickle(Limited(file, path.stat().st_size))
    except OSError as error:
        raise UsageError(f"{path} can't be read: {reason_of(error)}.") from None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        reason = one_line(error)[:200]
        raise UsageError(
            f"{path} is refused ({reason}); only arrays and plain containers are read from a "
            "pickle."
        ) from None


@dataclass(frozen=True, slots=True, eq=False)
class _Name:
    """A function or class that the pickle names; only its name is kept."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class _Unbuilt:
    """An array or a type whose state comes later; it holds the place of the value.

    dtype: the type's code, such as f4, or None for an array. memo: the places that refer to it.
    """

    dtype: str | None
    memo: list[int] = field(default_factory=list)


class _Machine:
    """The stack of a pickle and what it remembers; knows only opcodes that make plain data."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._unbuilt = 0
        self._nested: dict[int, int] = {}  # of the object arrays, by their address

    def result(self) -> Any:
        [found] = self._stack
        if self._unbuilt:
            raise RefusedError("it holds an array without its content")
        return found

    def step(self, name: str, argument: Any) -> None:
        if name in _VALUES:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _CONTAINERS:
            self._stack.append(_CONTAINERS[name]())
        elif name in _TUPLES:
            self._stack.append(tuple(self._pop(_TUPLES[name])))
        elif name == "MARK":
            self._marks.append(len(self._stack))
        elif name in ("TUPLE", "LIST", "FROZENSET", "DICT"):
            self._stack.append(_collected(name, self._pop_to_mark()))
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self._put(len(self._memo) if name == "MEMOIZE" else argument)
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self._get(argument)
        elif name in ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS"):
            self._add(name)
        elif name == "GLOBAL":
            self._named(*argument.split(" ", 1))
        elif name == "STACK_GLOBAL":
            self._named(*self._pop(2))
        elif name == "REDUCE":
            function, arguments = self._pop(2)
            self._stack.append(self._called(function, arguments))
        elif name == "BUILD":
            self._build(*self._pop(2))
        elif name == "POP":
            self._pop(1)
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise RefusedError(f"it uses the operation {name}")

    def _pop(self, count: int) -> list[Any]:
        at = len(self._stack) - count
        if at < (self._marks[-1] if self._marks else 0):
            raise ValueError("its pickle is damaged")
        taken = self._stack[at:]
        del self._stack[at:]
        return taken

    def _pop_to_mark(self) -> list[Any]:
        return self._pop(len(self._stack) - self._marks.pop())

    def _put(self, place: int) -> None:
        value = self._memo[place] = self._stack[-1]
        if isinstance(value, _Unbuilt):
            value.memo.append(place)

    def _get(self, place: int) -> None:
        value = self._memo[place]
        if isinstance(value, _Unbuilt):
            raise RefusedError("it holds an array that holds itself")
        self._stack.append(value)

    def _add(self, name: str) -> None:
        single = {"APPEND": 1, "SETITEM": 2}.get(name)
        items = self._pop(single) if single else self._pop_to_mark()
        target = self._stack[-1]
        if name.startswith("APPEND") and isinstance(target, list):
            target.extend(items)
        elif name.startswith("SETITEM") and isinstance(target, dict):
            target.update(_pairs(items))
        elif name == "ADDITEMS" and isinstance(target, set):
            target.update(map(_key, items))
        else:
            raise RefusedError(f"it adds to a {type(target).__name__}")

    def _named(self, module: Any, name: Any) -> None:
        known = _NAMES.get((module, name)) if isinstance(name, str) else None
        if known is None:
            raise RefusedError(f"it asks for {module}.{name}")
        self._stack.append(_Name(known))

    def _called(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise RefusedError("it calls something that is not a function")
        name = function.name
        if name == "_reconstruct":
            kind, shape, code = arguments
            of_array = isinstance(kind, _Name) and kind.name == "ndarray"
            if not of_array or shape != (0,) or code not in (b"b", "b"):
                raise RefusedError("it makes an array in an unknown way")
            self._unbuilt += 1
            return _Unbuilt(None)
        if name == "dtype":
            code = arguments[0]
            if not isinstance(code, str) or not (_SIMPLE.fullmatch(code) or code == "O8"):
                raise RefusedError(f"it holds arrays of type {code!r}")
            self._unbuilt += 1
            return _Unbuilt(code)
        if name == "scalar":
            return _simple_array(*arguments[::-1], shape=(), order="C")[()]
        if name == "_frombuffer":
            data, dtype, shape, order = arguments
            return _simple_array(data, dtype, shape=shape, order=order)
        return _plain(name, arguments)

    def _build(self, value: Any, state: Any) -> None:
        if not isinstance(value, _Unbuilt) or not isinstance(state, tuple):
            raise RefusedError(f"it sets the state of a {type(value).__name__}")
        built = self._array(*state) if value.dtype is None else _dtype(value.dtype, state)
        self._unbuilt -= 1
        self._stack.append(built)
        for place in value.memo:
            if self._memo[place] is value:
                self._memo[place] = built

    def _array(self, version: Any, shape: Any, dtype: Any, fortran: Any, data: Any) -> Any:
        if version != 1:
            raise RefusedError("it makes an array in an unknown way")
        if dtype != np.dtype(object):
            return _simple_array(data, dtype, shape=shape, order="F" if fortran else "C")
        if not isinstance(data, list) or _cells(shape) != len(data):
            raise RefusedError("an array's content does not fit its shape")
        array = np.empty(len(data), object)
        for n, item in enumerate(data):
            array[n] = item
        depth = 1 + max((self._nested.get(id(item), 0) for item in data), default=0)
        if depth > MAX_NESTED:
            raise RefusedError("its arrays are nested too deeply")
        array = array.reshape(shape)
        self._nested[id(array)] = depth
        return array


def _collected(name: str, items: list[Any]) -> Any:
    if name == "DICT":
        return dict(_pairs(items))
    if name == "FROZENSET":
        return frozenset(map(_key, items))
    return tuple(items) if name == "TUPLE" else items


def _pairs(items: list[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(map(_key, items[::2]), items[1::2], strict=True)


def _key(value: Any) -> Any:
    """A key or a member of a set; hashing deeper tuples could exhaust the stack."""
    for part in value if isinstance(value, tuple) else (value,):
        if not isinstance(part, str | bytes | int | float | complex | np.generic | None):
            raise RefusedError(f"one of its keys is a {type(part).__name__}")
    return value


def _plain(name: str, arguments: tuple[Any, ...]) -> Any:
    """The value of a call that stands for one of Python's own types in a pickle."""
    if name == "encode":
        text, encoding = (*arguments, "latin1")[:2]
        if str(encoding).replace("-", "") not in ("latin1", "latin"):
            raise RefusedError(f"the text encoding {encoding!r} is refused")
        return str.encode(text, "latin1")
    if name == "complex" and all(isinstance(part, float | int) for part in arguments):
        return complex(*arguments)
    given = arguments[0] if len(arguments) == 1 else () if not arguments else None
    if name in ("bytes", "bytearray") and (given == () or isinstance(given, bytes)):
        return bytearray(given) if name == "bytearray" else bytes(given)
    if name in ("set", "frozenset") and isinstance(given, list | tuple):
        return (set if name == "set" else frozenset)(map(_key, given))
    if name == "OrderedDict" and isinstance(given, list | tuple):
        return OrderedDict((_key(key), value) for key, value in given)
    raise RefusedError(f"it calls {name} in an unknown way")


def _cells(shape: Any) -> int:
    """How many cells an array of a shape has."""
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise RefusedError(f"an array's shape is {str(shape)[:80]}")
    return math.prod(shape)


def _dtype(code: str, state: tuple[Any, ...]) -> np.dtype[Any]:
    """A type from its code and its state: version, byte order, and what follows from the code."""
    version, order, *rest = state
    if version != 3 or order not in ("<", ">", "|", "=") or len(rest) != 6 or any(rest[:3]):
        raise RefusedError("it describes a type in an unknown way")
    if code == "O8":
        found: np.dtype[Any] = np.dtype(object)
        expected = (-1, -1, 63)
    else:
        found = np.dtype(code if order == "|" else order + code)
        sizes = {"S": (found.itemsize, 1, 0), "U": (found.itemsize, 4, 8)}
        expected = sizes.get(found.kind, (-1, -1, 0))
    if tuple(rest[3:]) != expected:
        raise RefusedError("it describes a type in an unknown way")
    return found


def _simple_array(data: Any, dtype: Any, *, shape: Any, order: Any) -> Any:
    """An array of numbers or texts, a copy of bytes that fit its type and shape exactly."""
    if not isinstance(dtype, np.dtype) or not is_simple(dtype) or order not in ("C", "F"):
        raise RefusedError("it holds an array of a type that is neither number nor text")
    if isinstance(data, str):  # bytes of Python 2
        data = data.encode("latin1")
    if not isinstance(data, bytes | bytearray) or _cells(shape) * dtype.itemsize != len(data):
        raise RefusedError("an array's content does not fit its shape")
    array = np.frombuffer(data, dtype) if data else np.empty(0, dtype)
    if dtype.kind == "b":
        array = array.view(np.uint8) != 0
    if dtype.kind == "U" and (array.view(dtype.byteorder + "u4") > 0x10FFFF).any():
        raise RefusedError("it holds text that is not Unicode")
    return np.array(array.reshape(shape, order=order), order="K")
