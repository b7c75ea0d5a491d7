"""Converts a decoded picture to what a player shows: rotated, mirrored, square pixels, RGB."""

from __future__ import annotations

from typing import Any

import numpy as np

from actalign.types import UInt8
from actalign.video._limits import DecodeLimits

MATRICES = frozenset((0, 1, 2, 4, 5, 6, 7, 9))
"""Matrices between RGB and YUV that FFmpeg can compute, by their numbers in H.273; 0: none, for RGB
itself."""
UNKNOWN = 2
"""H.273's number for a colour tag that is not known; FFmpeg then takes BT.601's matrix."""


class PictureShape:
    """Turns a stream's pictures upright and resizes them to the first one's size.

    stream: None for images that are not from a stream. max_side: maximum length of a side in
    pixels; None for no limit.
    """

    def __init__(self, stream: Any, max_side: int | None, limits: DecodeLimits) -> None:
        aspect = getattr(stream, "sample_aspect_ratio", None)
        self._pixel_aspect = float(aspect) if aspect else 1.0
        self._max_side = max_side
        self._limits = limits
        self._size: tuple[int, int] | None = None
        self._rotation: float | None = None
        self._matrix = 1, 0, 0, 1

    def rgb(self, picture: Any) -> UInt8:
        """(H, W, 3) uint8."""
        # A picture whose side data has been read is freed only by the garbage collector, some
        # hundred pictures later.
        if picture.rotation != self._rotation:
            self._rotation, self._matrix = picture.rotation, _display_matrix(picture)
        a, b, c, d = self._matrix
        swapped = abs(b) + abs(c) > abs(a) + abs(d)
        if self._size is None:
            width, height = self._target(picture)
            self._size = (height, width) if swapped else (width, height)
        if picture.colorspace not in MATRICES:  # `colour_warnings` says so
            picture.colorspace = UNKNOWN
        width, height = self._size
        if swapped:
            width, height = height, width
        if (width, height) == (picture.width, picture.height):
            image = picture.to_ndarray(format="rgb24")
        else:
            image = picture.reformat(
                width=width, height=height, format="rgb24", interpolation="AREA"
            ).to_ndarray()
        if swapped:
            image = image.swapaxes(0, 1)
        right, down = (c, b) if swapped else (a, d)
        return image[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1]

    def _target(self, picture: Any) -> tuple[int, int]:
        """Width and height of the picture with square pixels, before rotation."""
        width, height = picture.width, picture.height
        ratio = self._pixel_aspect
        if 1 / 64 < ratio < 64 and ratio != 1:
            # Enlarge the shorter direction, so that no detail is lost.
            if ratio > 1:
                width = max(1, round(width * ratio))
            else:
                height = max(1, round(height / ratio))
        if self._max_side is not None and max(width, height) > self._max_side:
            scale = self._max_side / max(width, height)
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        self._limits.check_size("this clip", width, height)
        return width, height


def _display_matrix(picture: Any) -> tuple[int, int, int, int]:
    """a, b, c, d: the stored pixel (x, y) is shown at (a x + c y, b x + d y), moved into view.

    The nine numbers in the file's order are a b u, c d v, x y w (FFmpeg's libavutil/display.h).
    """
    from av.sidedata import sidedata

    kinds: Any = sidedata.Type

    try:
        stored = picture.side_data.get(kinds.DISPLAYMATRIX)
    except ValueError:
        # PyAV fails if FFmpeg adds a kind of data that PyAV has no name for, such as EXIF.
        kinds._missing_ = classmethod(_unnamed)
        stored = picture.side_data.get(kinds.DISPLAYMATRIX)
    if stored is None:
        return 1, 0, 0, 1
    a, b, _, c, d = np.frombuffer(bytes(stored), np.int32)[:5].tolist()
    return a, b, c, d


def _unnamed(kind: Any, value: object) -> Any:
    """A new member of an enumeration, for a value that it has no member for."""
    member = object.__new__(kind)
    member._name_, member._value_ = f"UNKNOWN_{value}", value
    return member
