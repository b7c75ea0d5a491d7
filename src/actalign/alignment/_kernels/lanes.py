"""Eight numbers side by side in vector registers, for compiled loops over eight candidates at once.

numba finds vectors by itself only in plain loops over arrays, and what it finds differs from one
release to the next. These few operations map to LLVM's vectors, which every processor's registers
are cut from. Compiled functions only; nothing here can be called from Python.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

WIDTH = 8


class Lanes(types.Type):
    """The compiled type of WIDTH float64 or int32."""

    def __init__(self, dtype: Any) -> None:
        super().__init__(name=f"Lanes({dtype})")
        self.dtype = dtype
        self.item = ir.DoubleType() if dtype == types.float64 else ir.IntType(32)
        self.vector = ir.VectorType(self.item, WIDTH)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, lanes.vector)


DOUBLES, INTS = Lanes(types.float64), Lanes(types.int32)


def _place(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """The pointer to WIDTH items of a contiguous array from an index on."""
    item = context.get_data_type(array_type.dtype)
    start = builder.gep(context.make_array(array_type)(context, builder, array).data, [index])
    return builder.bitcast(start, ir.VectorType(item, WIDTH).as_pointer())


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """array[index : index + WIDTH] of float64, int32, or float32 (widened); bounds unchecked."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        dtype = signature.args[0].dtype
        place = _place(context, builder, signature.args[0], *args)
        loaded = builder.load(place, align=dtype.bitwidth // 8)
        return builder.fpext(loaded, DOUBLES.vector) if dtype == types.float32 else loaded

    return (INTS if array.dtype == types.int32 else DOUBLES)(array, types.intp), build


@intrinsic
def store(typing: Any, array: Any, index: Any, lanes: Any) -> Any:
    """array[index : index + WIDTH] = lanes, of the same type; bounds unchecked."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], place, align=lanes.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), build


@intrinsic
def all_lanes(typing: Any, number: Any) -> Any:
    """The same number in every lane: a literal integer gives INTS, a float DOUBLES."""
    lanes = DOUBLES if isinstance(number, types.Float) else INTS

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = ir.Constant(lanes.vector, ir.Undefined)
        for lane in range(WIDTH):
            found = builder.insert_element(found, args[0], ir.Constant(ir.IntType(32), lane))
        return found

    return lanes(lanes.dtype), build


@intrinsic
def add(typing: Any, a: Any, b: Any) -> Any:
    """a + b, lane by lane."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.add(*args) if a is INTS else builder.fadd(*args)

    return a(a, b), build


@intrinsic
def larger(typing: Any, a: Any, b: Any) -> Any:
    """The larger of DOUBLES a and b, lane by lane. One instruction, which `choose` is not."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[1], args[0]), args[1], args[0])

    return a(a, b), build


@intrinsic
def choose(typing: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    """x where a >= b, else y, lane by lane."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">=", args[0], args[1]), args[2], args[3])

    return x(a, b, x, y), build
