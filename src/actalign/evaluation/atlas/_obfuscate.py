"""Hiding text regions: ActionAtlas's Gaussian blur over axis-aligned boxes of one frame."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from actalign.evaluation.atlas._metadata import Box
from actalign.types import Float32, UInt8

KERNEL = 111
SIGMA = 0.3 * ((KERNEL - 1) * 0.5 - 1) + 0.8
"""OpenCV's standard deviation for a kernel of this size when none is given: 17."""


def hide_boxes(frame: UInt8, boxes: Iterable[Box], *, scale: float = 1.0) -> UInt8:
    """A copy of an (H, W, 3) uint8 frame in which every box is blurred by a 111 by 111 kernel.

    boxes: (left, top, right, bottom) in pixels of the annotated size; ``scale`` is this frame's
    size over that. A box is widened to whole pixels and clamped to the frame; each is blurred
    within itself (mirrored at its edges), so nothing from inside spreads outside.
    """
    hidden = frame.copy()
    height, width = frame.shape[:2]
    for left, top, right, bottom in boxes:
        x0, y0 = max(0, math.floor(left * scale)), max(0, math.floor(top * scale))
        x1, y1 = min(width, math.ceil(right * scale)), min(height, math.ceil(bottom * scale))
        if x0 < x1 and y0 < y1:
            hidden[y0:y1, x0:x1] = _blur(hidden[y0:y1, x0:x1])
    return hidden


def _blur(region: UInt8) -> UInt8:
    rows, columns = _blur_matrix(region.shape[0]), _blur_matrix(region.shape[1])
    # One product along each axis, a channel at a time: the kernel is separable.
    channels = [rows @ region[:, :, c].astype(np.float32) @ columns.T for c in range(3)]
    return np.clip(np.rint(np.stack(channels, axis=2)), 0, 255).astype(np.uint8)


@lru_cache(maxsize=64)
def _blur_matrix(n: int) -> Float32:
    """(n, n) weights: row i holds the kernel centred on i, mirrored at the ends without repeat."""
    offsets = np.arange(KERNEL) - KERNEL // 2
    weights = np.exp(-(offsets**2) / (2 * SIGMA**2))
    weights /= weights.sum()
    period = max(1, 2 * (n - 1))
    source = np.abs((np.arange(n)[:, None] + offsets[None, :]) % period)
    source = np.minimum(source, period - source) if n > 1 else np.zeros_like(source)
    matrix = np.zeros((n, n))
    np.add.at(matrix, (np.arange(n)[:, None], source), weights[None, :])
    return matrix.astype(np.float32)
