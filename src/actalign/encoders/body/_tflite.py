"""Reads a TensorFlow Lite model's tensors and operators directly from the flatbuffer.

The tables and their field numbers are those of TensorFlow Lite's schema (schema.fbs, version 3).
Reads what BlazePose's networks contain, including sparse weights.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 4: np.int64, 9: np.int8}
_OPERATORS = {
    0: "ADD",
    2: "CONCATENATION",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    5: "DEPTH_TO_SPACE",
    6: "DEQUANTIZE",
    14: "LOGISTIC",
    17: "MAX_POOL_2D",
    22: "RESHAPE",
    23: "RESIZE_BILINEAR",
    34: "PAD",
    124: "DENSIFY",
}


class _Table:
    """A flatbuffer table; fields are read by their number in the schema."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data, self._position = data, position
        self._fields = position - self._number("<i", position)
        self._length = self._number("<H", self._fields)

    def _number(self, kind: str, at: int) -> int:
        return int(struct.unpack_from(kind, self._data, at)[0])

    def _at(self, field: int) -> int:
        entry = 4 + 2 * field
        offset = self._number("<H", self._fields + entry) if entry < self._length else 0
        return self._position + offset if offset else 0

    def number(self, field: int, kind: str = "<i") -> int:
        """A number; 0 if the field is absent."""
        at = self._at(field)
        return self._number(kind, at) if at else 0

    def table(self, field: int) -> _Table | None:
        at = self._at(field)
        return _Table(self._data, at + self._number("<I", at)) if at else None

    def vector(self, field: int, dtype: type = np.int32) -> NDArray[Any]:
        """The numbers of a vector field; empty if the field is absent."""
        at = self._at(field)
        if not at:
            return np.zeros(0, dtype)
        start = at + self._number("<I", at)
        return np.frombuffer(
            self._data, np.dtype(dtype).newbyteorder("<"), self._number("<I", start), start + 4
        )

    def tables(self, field: int) -> list[_Table]:
        at = self._at(field)
        if not at:
            return []
        start = at + self._number("<I", at)
        entries = range(start + 4, start + 4 + 4 * self._number("<I", start), 4)
        return [_Table(self._data, entry + self._number("<I", entry)) for entry in entries]


@dataclass(frozen=True, eq=False)
class Operator:
    """One node; inputs and outputs are indices of tensors, -1 for one that is left out."""

    kind: str
    inputs: list[int]
    outputs: list[int]
    options: _Table | None

    def option(self, field: int, kind: str = "<i") -> int:
        """A number from the operator's options, by its field in the schema; 0 if absent."""
        return self.options.number(field, kind) if self.options else 0


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph; constants have data of this shape, others None."""

    shape: tuple[int, ...]
    data: NDArray[Any] | None


@dataclass(frozen=True, eq=False)
class Model:
    """The first graph of a model."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: list[int]
    outputs: list[int]


def _dense(values: NDArray[Any], shape: tuple[int, ...], sparsity: _Table) -> NDArray[Any]:
    """The array that a sparse tensor stands for; zeros where it stores nothing.

    traversal_order lists the dimensions from the outermost on, block dimensions last; each level is
    dense or compressed (its segments and indices, as in a compressed sparse row).
    """
    order, blocks = sparsity.vector(0).tolist(), sparsity.vector(1).tolist()
    levels = sparsity.tables(2)
    positions = np.zeros((1, 0), dtype=np.int64)  # indices of every stored entry, level by level
    for level in levels:
        if level.number(0, "<b") == 0:
            size = level.number(1)
            index = np.tile(np.arange(size), len(positions))
            positions = np.repeat(positions, size, axis=0)
        else:
            segments, indices = _index_vector(level, 2, 3), _index_vector(level, 4, 5)
            positions = np.repeat(positions, np.diff(segments), axis=0)
            index = indices
        positions = np.concatenate([positions, index[:, None]], axis=1)
    places = np.zeros((len(positions), len(shape)), dtype=np.int64)
    sizes = dict(zip(range(len(shape), len(order)), blocks, strict=True))
    for level_number, dimension in enumerate(order):
        if dimension < len(shape):
            block = next(
                (levels[order.index(d)].number(1) for d, whose in sizes.items()
                 if whose == dimension), 1
            )  # fmt: skip
            places[:, dimension] += positions[:, level_number] * block
        else:
            places[:, sizes[dimension]] += positions[:, level_number]
    dense = np.zeros(shape, values.dtype)
    dense[tuple(places.T)] = values
    return dense


def _index_vector(level: _Table, kind: int, field: int) -> NDArray[np.int64]:
    dtype = {1: np.int32, 2: np.uint16, 3: np.uint8}[level.number(kind, "<B")]
    table = level.table(field)
    assert table is not None
    return table.vector(0, dtype).astype(np.int64)


def read(data: bytes) -> Model:
    """The first graph of a .tflite file's bytes."""
    model = _Table(data, struct.unpack_from("<I", data)[0])
    buffers = model.tables(4)
    codes = [max(code.number(0, "<b"), code.number(3)) for code in model.tables(1)]
    graph = model.tables(2)[0]

    def tensor(table: _Table) -> Tensor:
        shape = tuple(table.vector(0).tolist())
        raw = buffers[table.number(2, "<I")].vector(0, np.uint8)
        values = raw.view(_DTYPES[table.number(1, "<b")]) if len(raw) else None
        sparsity = table.table(6)
        if values is not None:
            values = values.reshape(shape) if sparsity is None else _dense(values, shape, sparsity)
        return Tensor(shape, values)

    operators = [
        Operator(
            _OPERATORS[codes[table.number(0, "<I")]],
            table.vector(1).tolist(),
            table.vector(2).tolist(),
            table.table(4),
        )
        for table in graph.tables(3)
    ]
    tensors = [tensor(table) for table in graph.tables(0)]
    return Model(tensors, operators, graph.vector(1).tolist(), graph.vector(2).tolist())
