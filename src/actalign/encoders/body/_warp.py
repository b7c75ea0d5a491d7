"""Resizes a rotated square of a frame, as input of the pose networks. Compiled by numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actalign.compiling import njit


@njit()
def warp(
    frame: NDArray[np.uint8],
    out: NDArray[np.float32],
    origin: NDArray[np.float64],
    step: NDArray[np.float64],
    bounds: tuple[int, int, int, int],
    scale: float,
    offset: float,
) -> None:
    """Fill `out`, (3, side, side) float32, with bilinear samples of an (H, W, 3) uint8 frame.

    Pixel (u, v) of `out` is at origin + u * step + v * (step rotated by 90 degrees clockwise in the
    picture), in frame pixels. Outside the frame, its edge's colour continues; outside `bounds`
    (left, top, right, bottom, in whole pixels) all is black. Values are scale * colour + offset.
    Positions are rounded to 1/32 pixel and colours to whole numbers, as in OpenCV, with which the
    networks' thresholds were set.
    """
    height, width = frame.shape[0], frame.shape[1]
    left, top, right, bottom = bounds
    side = out.shape[1]
    for v in range(side):
        for u in range(side):
            x = int(np.floor((origin[0] + u * step[0] - v * step[1]) * 32 + 0.5))
            y = int(np.floor((origin[1] + u * step[1] + v * step[0]) * 32 + 0.5))
            across, down = (x & 31) / 32, (y & 31) / 32
            x, y = x >> 5, y >> 5
            low_left = (1 - across) * (1 - down) if left <= x < right and top <= y < bottom else 0.0
            low_right = across * (1 - down) if left <= x + 1 < right and top <= y < bottom else 0.0
            up_left = (1 - across) * down if left <= x < right and top <= y + 1 < bottom else 0.0
            up_right = across * down if left <= x + 1 < right and top <= y + 1 < bottom else 0.0
            x0, x1 = min(max(x, 0), width - 1), min(max(x + 1, 0), width - 1)
            y0, y1 = min(max(y, 0), height - 1), min(max(y + 1, 0), height - 1)
            for c in range(3):
                colour = (
                    low_left * frame[y0, x0, c]
                    + low_right * frame[y0, x1, c]
                    + up_left * frame[y1, x0, c]
                    + up_right * frame[y1, x1, c]
                )
                out[c, v, u] = scale * int(colour + 0.5) + offset
