"""Limits on the size of a clip, so that a small file can't use up the memory or run for hours.

Each limit can be raised by an environment variable, which decoding processes inherit.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from actalign.errors import UsageError, VideoError

MAX_PIXELS = 8192 * 8192
"""Largest frame that is decoded, in pixels; ACTALIGN_MAX_PIXELS raises it."""
MAX_FRAMES = 1_000_000
"""Maximum number of frames in a clip (4.6 hours at 60 fps); ACTALIGN_MAX_FRAMES raises it."""


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Maximum number of pixels in a frame (width times height) and of frames in a clip."""

    max_pixels: int
    max_frames: int

    @classmethod
    def of(cls, max_pixels: int | None = None, max_frames: int | None = None) -> DecodeLimits:
        """The given values, else the environment's, else the defaults. Raises UsageError."""
        return cls(
            _limit("ACTALIGN_MAX_PIXELS", MAX_PIXELS) if max_pixels is None else max_pixels,
            _limit("ACTALIGN_MAX_FRAMES", MAX_FRAMES) if max_frames is None else max_frames,
        )

    def check_size(self, of: str, width: int, height: int) -> None:
        """Raise VideoError for larger frames. of: their source, for the error message."""
        if width * height > self.max_pixels:
            raise VideoError(
                f"The frames of {of} have {width}x{height} pixels, more than the limit of "
                f"{self.max_pixels}; make them smaller or raise ACTALIGN_MAX_PIXELS."
            )


def _limit(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise UsageError(f"{name} is {text!r}; give a whole number above 0.")
    return int(text)
