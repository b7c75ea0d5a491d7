"""Converts a TensorFlow Lite model to the same network in ONNX, channels first.

Supports the operators of BlazePose's two networks. The ONNX messages are written by hand: three
levels of a simple wire format cost less than installing a package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.encoders.body._tflite import Model, Operator, read

_OPSET, _IR_VERSION = 17, 8
_RELU, _RELU6 = 1, 3  # fused activations
_SAME = 0  # padding


def _number(field: int, value: int) -> bytes:
    """A field with an integer; both the field's key and the value are varints."""
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)


def _bytes(field: int, value: bytes | str) -> bytes:
    """A field with bytes, a string or a message."""
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _attribute(name: str, value: int | str | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _bytes(1, name) + _number(3, value) + _number(20, 2)
    if isinstance(value, str):
        return _bytes(1, name) + _bytes(4, value) + _number(20, 3)
    return _bytes(1, name) + b"".join(_number(8, v) for v in value) + _number(20, 7)


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_bytes(1, _number(1, size)) for size in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, 1) + _bytes(2, dims)))


def _channels_first(shape: Sequence[int]) -> list[int]:
    return [shape[0], shape[3], shape[1], shape[2]] if len(shape) == 4 else list(shape)


class _Graph:
    """The ONNX graph under construction; values are named after the tensors' indices."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.constants: dict[int, NDArray[Any]] = {
            i: tensor.data for i, tensor in enumerate(model.tensors) if tensor.data is not None
        }
        self._nodes: list[bytes] = []
        self._initializers: dict[str, bytes] = {}

    def constant(self, name: str, array: NDArray[Any]) -> str:
        kind = 7 if array.dtype == np.int64 else 1
        raw = np.ascontiguousarray(array, "<i8" if kind == 7 else "<f4").tobytes()
        dims = b"".join(_number(1, size) for size in array.shape)
        self._initializers[name] = dims + _number(2, kind) + _bytes(8, name) + _bytes(9, raw)
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self._nodes.append(
            b"".join(_bytes(1, name) for name in inputs)
            + _bytes(2, output)
            + _bytes(4, kind)
            + b"".join(_bytes(5, _attribute(*item)) for item in attributes.items())
        )
        return output

    def activate(self, kind: int, name: str, output: str) -> None:
        if kind == _RELU6:
            bounds = [self.constant("zero", np.zeros(())), self.constant("six", np.full((), 6.0))]
            self.node("Clip", [name, *bounds], output)
        elif kind == _RELU:
            self.node("Relu", [name], output)
        elif kind:
            raise ValueError(f"fused activation {kind} is not supported")

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        tensors = self.model.tensors
        graph = (
            b"".join(_bytes(1, node) for node in self._nodes)
            + _bytes(2, "graph")
            + b"".join(_bytes(5, tensor) for tensor in self._initializers.values())
            + b"".join(
                _bytes(11, _value(f"t{i}", _channels_first(tensors[i].shape))) for i in inputs
            )
            + b"".join(
                _bytes(12, _value(f"t{i}", _channels_first(tensors[i].shape))) for i in outputs
            )
        )
        opset = _bytes(1, "") + _number(2, _OPSET)
        return _number(1, _IR_VERSION) + _bytes(7, graph) + _bytes(8, opset)


def _pads(
    graph: _Graph, step: Operator, kernel: Sequence[int], strides: Sequence[int]
) -> list[int]:
    """Top, left, bottom, right; SAME adds the odd pixel at the bottom and the right."""
    if step.option(0, "<b") != _SAME:
        return [0, 0, 0, 0]
    before, after = [], []
    sizes = graph.model.tensors[step.inputs[0]].shape[1:3]
    for size, side, stride in zip(sizes, kernel, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + side - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


def _convolve(graph: _Graph, step: Operator) -> None:
    depthwise = step.kind == "DEPTHWISE_CONV_2D"
    weight = graph.constants[step.inputs[1]]
    # (out, height, width, in), depthwise (1, height, width, channels), to (out, in, height, width)
    weight = weight.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
    kernel, strides = weight.shape[2:], [step.option(2), step.option(1)]
    activation = step.option(4 if depthwise else 3, "<b")
    output = f"t{step.outputs[0]}"
    plain = f"{output}-plain" if activation else output
    graph.node(
        "Conv",
        [
            f"t{step.inputs[0]}",
            graph.constant(f"{output}-weight", weight),
            graph.constant(f"{output}-bias", graph.constants[step.inputs[2]]),
        ],
        plain,
        group=weight.shape[0] if depthwise else 1,
        kernel_shape=kernel,
        strides=strides,
        pads=_pads(graph, step, kernel, strides),
    )
    graph.activate(activation, plain, output)


def _add(graph: _Graph, step: Operator) -> None:
    activation, output = step.option(0, "<b"), f"t{step.outputs[0]}"
    plain = f"{output}-plain" if activation else output
    graph.node("Add", [f"t{i}" for i in step.inputs], plain)
    graph.activate(activation, plain, output)


def _pad(graph: _Graph, step: Operator) -> None:
    output = f"t{step.outputs[0]}"
    around = graph.constants[step.inputs[1]].astype(np.int64)[[0, 3, 1, 2]]  # channels first
    pads = graph.constant(f"{output}-pads", around.T.reshape(-1))
    graph.node("Pad", [f"t{step.inputs[0]}", pads], output)


def _resize(graph: _Graph, step: Operator) -> None:
    if step.option(2, "<b") or not step.option(3, "<b"):
        raise ValueError("only half-pixel centres are supported")
    output = f"t{step.outputs[0]}"
    shape = _channels_first(graph.model.tensors[step.outputs[0]].shape)
    sizes = graph.constant(f"{output}-sizes", np.array(shape, np.int64))
    graph.node("Resize", [f"t{step.inputs[0]}", "", "", sizes], output, mode="linear")


def _reshape(graph: _Graph, step: Operator) -> None:
    output = f"t{step.outputs[0]}"
    last = graph.node("Transpose", [f"t{step.inputs[0]}"], f"{output}-last", perm=[0, 2, 3, 1])
    shape = graph.model.tensors[step.outputs[0]].shape
    graph.node("Reshape", [last, graph.constant(f"{output}-shape", np.array(shape, np.int64))],
               output)  # fmt: skip


def _concatenate(graph: _Graph, step: Operator) -> None:
    names = [f"t{i}" for i in step.inputs]
    graph.node("Concat", names, f"t{step.outputs[0]}", axis=step.option(0))


def _pool(graph: _Graph, step: Operator) -> None:
    strides, kernel = [step.option(2), step.option(1)], [step.option(4), step.option(3)]
    pads = _pads(graph, step, kernel, strides)
    names = [f"t{step.inputs[0]}"], f"t{step.outputs[0]}"
    graph.node("MaxPool", *names, kernel_shape=kernel, strides=strides, pads=pads)


def _depth_to_space(graph: _Graph, step: Operator) -> None:
    names = [f"t{step.inputs[0]}"], f"t{step.outputs[0]}"
    graph.node("DepthToSpace", *names, blocksize=step.option(0))


def _logistic(graph: _Graph, step: Operator) -> None:
    graph.node("Sigmoid", [f"t{step.inputs[0]}"], f"t{step.outputs[0]}")


def _known(graph: _Graph, step: Operator) -> None:
    """Half precision to single, and sparse to dense (which reading has already done)."""
    graph.constants[step.outputs[0]] = graph.constants[step.inputs[0]].astype(np.float32)


_STEPS: dict[str, Callable[[_Graph, Operator], None]] = {
    "ADD": _add,
    "CONCATENATION": _concatenate,
    "CONV_2D": _convolve,
    "DENSIFY": _known,
    "DEPTHWISE_CONV_2D": _convolve,
    "DEPTH_TO_SPACE": _depth_to_space,
    "DEQUANTIZE": _known,
    "LOGISTIC": _logistic,
    "MAX_POOL_2D": _pool,
    "PAD": _pad,
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize,
}


def to_onnx(data: bytes, outputs: Sequence[int]) -> bytes:
    """Convert the bytes of a .tflite model to ONNX, with some of its outputs, given by number.

    The input is (1, 3, height, width). Anything needed only by other outputs is left out.
    """
    model = read(data)
    wanted = [model.outputs[i] for i in outputs]
    needed, steps = set(wanted), []
    for step in reversed(model.operators):
        if needed.intersection(step.outputs):
            needed.update(step.inputs)
            steps.append(step)
    graph = _Graph(model)
    for step in reversed(steps):
        _STEPS[step.kind](graph, step)
    return graph.finish(model.inputs, wanted)
