"""The steps of `_tower` between matrix products, each in one pass over memory (Triton, CUDA).

Each float8 row comes with a scale: the row is its float8 numbers times that scale.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

TYPE = torch.float8_e4m3fn
LARGEST = tl.constexpr(448.0)  # of float8


# Blocks are powers of two, but a row's width isn't: 1152 numbers are a block of 1024, the `head`,
# and one of 128, the `tail`. One block of 2048 would compute 896 numbers in vain.


@triton.jit
def _store_float8(  # type: ignore[no-untyped-def]
    out, scale_at, head, tail, at_head, at_tail, inside
):
    largest = tl.maximum(tl.max(tl.abs(head)), tl.max(tl.where(inside, tl.abs(tail), 0.0)))
    scale = tl.maximum(largest, 1e-12) / LARGEST
    tl.store(scale_at, scale)
    tl.store(out + at_head, (head / scale).to(out.dtype.element_ty))
    tl.store(out + at_tail, (tail / scale).to(out.dtype.element_ty), inside)


@triton.jit
def _normalise(  # type: ignore[no-untyped-def]
    x, added, shift, weight, bias, out, scales, columns, eps,
    ADDS: tl.constexpr, FLOAT8: tl.constexpr, HEAD: tl.constexpr, TAIL: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    i = tl.arange(0, HEAD)
    j = HEAD + tl.arange(0, TAIL)
    inside = j < columns
    at_i, at_j = row * columns + i, row * columns + j
    head = tl.load(x + at_i).to(tl.float32)
    tail = tl.load(x + at_j, inside, 0.0).to(tl.float32)
    if ADDS:
        head += tl.load(added + at_i).to(tl.float32)
        tail += tl.load(added + at_j, inside, 0.0).to(tl.float32)
        tl.store(x + at_i, head.to(x.dtype.element_ty))
        tl.store(x + at_j, tail.to(x.dtype.element_ty), inside)
    head += tl.load(shift + i)
    tail += tl.load(shift + j, inside, 0.0)
    mean = (tl.sum(head) + tl.sum(tail)) / columns
    head -= mean
    tail = tl.where(inside, tail - mean, 0.0)
    scale = tl.rsqrt((tl.sum(head * head) + tl.sum(tail * tail)) / columns + eps)
    head = head * scale * tl.load(weight + i) + tl.load(bias + i)
    tail = tail * scale * tl.load(weight + j, inside, 0.0) + tl.load(bias + j, inside, 0.0)
    if FLOAT8:
        _store_float8(out, scales + row, head, tail, at_i, at_j, inside)
    else:
        tl.store(out + at_i, head.to(out.dtype.element_ty))
        tl.store(out + at_j, tail.to(out.dtype.element_ty), inside)


@triton.jit
def _gelu(x):  # type: ignore[no-untyped-def]
    # 0.5 (1 + tanh z) is the logistic function of 2 z.
    return x * tl.sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x))


@triton.jit
def _quantise(  # type: ignore[no-untyped-def]
    x, bias, out, scales, columns,
    GELU: tl.constexpr, HEAD: tl.constexpr, TAIL: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    i = tl.arange(0, HEAD)
    j = HEAD + tl.arange(0, TAIL)
    inside = j < columns
    at_i, at_j = row * columns + i, row * columns + j
    head = tl.load(x + at_i).to(tl.float32)
    tail = tl.load(x + at_j, inside, 0.0).to(tl.float32)
    if GELU:
        head = _gelu(head + tl.load(bias + i).to(tl.float32))
        tail = _gelu(tail + tl.load(bias + j, inside, 0.0).to(tl.float32))
    _store_float8(out, scales + row, head, tail, at_i, at_j, inside)


def layer_norm(
    x: torch.Tensor,
    shift: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    eps: float,
) -> torch.Tensor:
    """Layer norm of (N, C) x + shift in float32, returned in x's dtype; the rest is (C,)."""
    out = torch.empty_like(x)
    _run_norm(x, None, shift, weight, bias, eps, out, None)
    return out


def layer_norm_float8(
    x: torch.Tensor,
    shift: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    eps: float,
    added: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`layer_norm` as float8 and (N, 1) scales; (N, C) ``added`` is first added to x in place."""
    out, scales = _empty_float8(x)
    _run_norm(x, added, shift, weight, bias, eps, out, scales)
    return out, scales


def float8_rows(
    x: torch.Tensor, gelu_bias: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, C) x, or GELU of x plus a (C,) bias in its tanh form, as float8 and (N, 1) scales."""
    out, scales = _empty_float8(x)
    rows, columns = x.shape
    with torch.cuda.device(x.device):  # Triton launches on the current device
        _quantise[(rows,)](
            x, gelu_bias, out, scales, columns, GELU=gelu_bias is not None, **_blocks(columns)
        )
    return out, scales


def _run_norm(
    x: torch.Tensor,
    added: torch.Tensor | None,
    shift: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    eps: float,
    out: torch.Tensor,
    scales: torch.Tensor | None,
) -> None:
    rows, columns = x.shape
    with torch.cuda.device(x.device):
        _normalise[(rows,)](
            x, added, shift, weight, bias, out, scales, columns, eps,
            ADDS=added is not None, FLOAT8=scales is not None, **_blocks(columns),
        )  # fmt: skip


def _empty_float8(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    scales = torch.empty(len(x), 1, device=x.device, dtype=torch.float32)
    return torch.empty_like(x, dtype=TYPE), scales


def _blocks(columns: int) -> dict[str, int]:
    head = 1 << (columns.bit_length() - 1)
    tail = triton.next_power_of_2(max(columns - head, 16))
    return {"HEAD": head, "TAIL": tail, "num_warps": min(max(head // 512, 1), 8)}
