"""The files of an ONNX model: the model itself, and its external weight files.

Reads the message (onnx.proto3) without the onnx package, and only to find the names of files.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from actalign.encoders._fingerprint import inside
from actalign.errors import EncoderError, reason_of

# For each kind of message on the way to a tensor: its fields, by number, that are messages.
_MESSAGES = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
_FIXED = {1: 8, 5: 4}


def model_files(model: Path) -> list[Path]:
    """The model's file, then its external weight files, each once.

    Raises EncoderError for a file that is not a model, and for weights that are missing or outside
    the model's folder.
    """
    try:
        with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names = sorted(set(_locations(data)))
    except OSError as error:
        raise EncoderError(f"{model} can't be read ({reason_of(error)}).") from error
    except (ValueError, IndexError) as error:
        raise EncoderError(f"{model} is not an ONNX model; export it again.") from error
    return [model, *(inside(model.parent, name, by=model) for name in names)]


def _locations(data: mmap.mmap) -> Iterator[str]:
    """The locations that a model's external tensors give for their data."""
    left = [("model", 0, len(data))]
    while left:
        kind, at, end = left.pop()
        if kind == "entry":
            texts = {field: data[start:stop] for field, start, stop in fields(data, at, end)}
            if texts.get(1) == b"location":
                yield texts.get(2, b"").decode()
            continue
        known = _MESSAGES[kind]
        left += [
            (known[field], start, stop)
            for field, start, stop in fields(data, at, end)
            if field in known
        ]


def fields(data: bytes | mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of a message's length-delimited fields (protobuf's wire format)."""
    while at < end:
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 2:
            size, at = _varint(data, at)
            yield key >> 3, at, at + size
            at += size
        elif wire == 0:
            _, at = _varint(data, at)
        elif wire in _FIXED:
            at += _FIXED[wire]
        else:
            raise ValueError(f"unknown wire type {wire}")
    if at > end:
        raise ValueError("a field is longer than its message")


def _varint(data: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
