"""The input that an image tower needs: size, crop, mean and std, from the checkpoint's files.

The resize is Pillow's, always the width before the height; `_torch` does the same on tensors.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from actalign.types import Float32, UInt8

Positive = Annotated[int, Field(gt=0)]
Size = tuple[Positive, Positive]
Channels = tuple[float, float, float]
PositiveChannels = tuple[
    Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]
]


class ImagePreprocessing(BaseModel):
    """From uint8 RGB to the image tower's input: (x * rescale - mean) / std after the resize.

    resize: (height, width) in pixels, aspect ratio not kept, or one number for the shorter edge.
    crop: (height, width) of the centre crop after the resize, or None. crop_rounds: if half of what
    the crop leaves out is not a whole number, it is rounded to an even one (torchvision) instead of
    down (transformers).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    resize: Size | Positive
    crop: Size | None = None
    resample: Literal["bilinear", "bicubic"]
    mean: Channels
    std: PositiveChannels
    rescale: Annotated[float, Field(gt=0)] = 1 / 255
    crop_rounds: bool = False

    @model_validator(mode="after")
    def _crop_fits(self) -> ImagePreprocessing:
        height, width = (self.resize,) * 2 if isinstance(self.resize, int) else self.resize
        if self.crop is not None and (self.crop[0] > height or self.crop[1] > width):
            raise ValueError(f"crop {self.crop} is larger than resize {self.resize}")
        return self

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """Size in pixels, (height, width), that a frame of this size is resized to."""
        if not isinstance(self.resize, int):
            return self.resize
        short, long = sorted((height, width))
        longer = int(self.resize * long / short)
        return (self.resize, longer) if height <= width else (longer, self.resize)

    def crop_offset(self, left_out: int) -> int:
        """Where the crop begins, given the total number of pixels that it leaves out."""
        return round(left_out / 2) if self.crop_rounds else left_out // 2

    def apply(self, frames: UInt8) -> Float32:
        """Turn (T, H, W, 3) uint8 frames into the tower's (T, 3, h, w) float32 input."""
        size = frames.shape[1:3]
        resized = self.resized(*size)
        height, width = self.crop or resized
        top, left = (self.crop_offset(a - b) for a, b in zip(resized, (height, width), strict=True))
        # The crop's edges in the frame's pixels, so that what it cuts off is never computed.
        across, down = size[1] / resized[1], size[0] / resized[0]
        columns = (left * across, 0, min((left + width) * across, size[1]), size[0])
        rows = (0, top * down, width, min((top + height) * down, size[0]))
        resample = Image.Resampling[self.resample.upper()]
        out = np.empty((len(frames), 3, height, width), np.float32)
        for frame, planes in zip(frames, out, strict=True):
            # Two calls, because Pillow 13 would resize the height of some tall frames first.
            image = Image.fromarray(frame).resize((width, size[0]), resample, columns)
            image = image.resize((width, height), resample, rows)
            planes[:] = np.asarray(image).transpose(2, 0, 1)
        std = np.asarray(self.std, np.float32)[:, None, None]
        mean = np.asarray(self.mean, np.float32)[:, None, None]
        out *= np.float32(self.rescale) / std
        out -= mean / std
        return out
