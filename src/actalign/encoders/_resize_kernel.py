"""Pillow's resize on a CUDA device: two passes over uint8 frames, in Triton.

Other GPU implementations first convert whole frames to float32, which takes most of the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
import triton
import triton.language as tl

from actalign.types import Float32

BLOCK = 1024


@triton.jit
def _weigh(  # type: ignore[no-untyped-def]
    x, out, starts, weights, inner, size, target, total,
    TAPS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """out[a, i, b] = sum over k of weights[i, k] x[a, starts[i] + k, b], rounded to 0..255."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < total
    b = at % inner
    i = at // inner % target
    a = at // inner // target
    first = (a * size + tl.load(starts + i, inside, 0)) * inner + b
    value = tl.zeros((BLOCK,), tl.float32)
    for k in range(TAPS):
        weight = tl.load(weights + i * TAPS + k, inside, 0.0)
        value += weight * tl.load(x + first + k * inner, inside, 0).to(tl.float32)
    value = tl.minimum(tl.maximum(tl.floor(value + 0.5), 0.0), 255.0)
    tl.store(out + at, value.to(tl.uint8), inside)


def resize(
    frames: torch.Tensor, size: tuple[int, int], resample: Literal["bilinear", "bicubic"]
) -> torch.Tensor:
    """Resize (T, H, W, 3) uint8 frames to (T, *size, 3) uint8, the width first, as Pillow does."""
    frames = frames.contiguous()
    count, height, width = frames.shape[:3]
    rows = _pass(frames, count * height, width, size[1], 3, resample)
    return _pass(rows, count, height, size[0], 3 * size[1], resample).view(count, *size, 3)


def _pass(
    x: torch.Tensor,
    outer: int,
    size: int,
    target: int,
    inner: int,
    resample: Literal["bilinear", "bicubic"],
) -> torch.Tensor:
    """Resize the middle axis of (outer, size, inner)."""
    starts, weights = _taps(size, target, resample, x.device)
    out = torch.empty(outer * target * inner, dtype=torch.uint8, device=x.device)
    total = out.numel()
    with torch.cuda.device(x.device):  # Triton launches on the current device
        _weigh[(triton.cdiv(total, BLOCK),)](
            x, out, starts, weights, inner, size, target, total, TAPS=weights.shape[1], BLOCK=BLOCK
        )
    return out


@lru_cache(maxsize=64)
def _taps(
    size: int, target: int, resample: Literal["bilinear", "bicubic"], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Where each output's run of inputs starts, (target,), and its weights, (target, taps)."""
    dense = _weights(size, target, resample)
    used = dense != 0
    first = used.argmax(axis=1)
    taps = int((size - used[:, ::-1].argmax(axis=1) - first).max())
    first = np.minimum(first, size - taps)
    weights = np.take_along_axis(dense, first[:, None] + np.arange(taps), axis=1)
    return torch.from_numpy(first.astype(np.int32)).to(device), torch.from_numpy(weights).to(device)


def _weights(size: int, target: int, resample: Literal["bilinear", "bicubic"]) -> Float32:
    """Weights (target, size) of Pillow's 1-D antialiased resize; rows sum to 1.

    The kernel (triangle, or Keys' cubic with a = -0.5) is widened by the shrink factor, and pixels
    beyond the border are left out of the average.
    """
    if size == target:
        return np.eye(size, dtype=np.float32)
    step = size / target
    centres = (np.arange(target) + 0.5) * step
    x = np.abs(np.arange(size) + 0.5 - centres[:, None]) / max(step, 1.0)
    if resample == "bilinear":
        weights = np.maximum(1 - x, 0)
    else:
        near = (1.5 * x - 2.5) * x * x + 1
        far = ((-0.5 * x + 2.5) * x - 4) * x + 2
        weights = np.where(x < 1, near, np.where(x < 2, far, 0))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights, np.float32)
