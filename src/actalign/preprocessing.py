"""What an image tower wants of a frame: size, crop, mean and std, as the checkpoint's files say.

The numpy path follows Pillow's resize, rounding included; `siglip` does the same on tensors. The
width is resized before the height, as every Pillow up to 12 does (13 swaps them for some tall
frames, which shows at hard edges only). Not here: decoding, rotation, anything about texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from actalign._types import Float32, UInt8
from actalign.errors import UsageError

Positive = Annotated[int, Field(gt=0)]
Size = tuple[Positive, Positive]
Channels = tuple[float, float, float]
PositiveChannels = tuple[
    Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]
]


class ImagePreprocessing(BaseModel):
    """From uint8 RGB to what the image tower takes: (x * rescale - mean) / std after the resize.

    resize: (height, width) in pixels, aspect ratio not kept, or one number for the shorter edge.
    crop: (height, width) of the centre crop after the resize, or None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    resize: Size | Positive
    crop: Size | None = None
    resample: Literal["bilinear", "bicubic"]
    mean: Channels
    std: PositiveChannels
    rescale: Annotated[float, Field(gt=0)] = 1 / 255

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

    def apply(self, frames: UInt8) -> Float32:
        """Turn (T, H, W, 3) uint8 frames into the tower's (T, 3, h, w) float32 input."""
        height, width = self.resized(*frames.shape[1:3])
        top, bottom, left, right = 0, height, 0, width
        if self.crop is not None:
            top, left = (height - self.crop[0]) // 2, (width - self.crop[1]) // 2
            bottom, right = top + self.crop[0], left + self.crop[1]
        rows = resize_weights(frames.shape[1], height, self.resample)[top:bottom]
        columns = resize_weights(frames.shape[2], width, self.resample)[left:right]
        out = np.empty((len(frames), 3, len(rows), len(columns)), np.float32)
        for frame, planes in zip(frames, out, strict=True):
            for channel in range(3):
                plane = frame[..., channel].astype(np.float32)
                planes[channel] = _along_rows(_along_columns(plane, columns), rows)
        std = np.asarray(self.std, np.float32)[:, None, None]
        mean = np.asarray(self.mean, np.float32)[:, None, None]
        out *= np.float32(self.rescale) / std
        out -= mean / std
        return out


@lru_cache(maxsize=16)
def resize_weights(size: int, target: int, resample: Literal["bilinear", "bicubic"]) -> Float32:
    """Weights (target, size) of a 1-D antialiased resize, rows summing to 1, as Pillow has them.

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
    result = weights.astype(np.float32)
    result.setflags(write=False)
    return result


def _along_columns(plane: Float32, weights: Float32) -> Float32:
    """A (H, W) plane and (w, W) weights to (H, w), rounded to 0..255."""
    out = np.empty((len(plane), len(weights)), np.float32)
    for targets, sources in _bands(weights):
        out[:, targets] = plane[:, sources] @ weights[targets, sources].T
    return np.clip(np.rint(out, out=out), 0, 255, out=out)


def _along_rows(plane: Float32, weights: Float32) -> Float32:
    """A (H, W) plane and (h, H) weights to (h, W), rounded to 0..255."""
    out = np.empty((len(weights), plane.shape[1]), np.float32)
    for targets, sources in _bands(weights):
        out[targets] = weights[targets, sources] @ plane[sources]
    return np.clip(np.rint(out, out=out), 0, 255, out=out)


def _bands(weights: Float32) -> list[tuple[slice, slice]]:
    """Blocks of 32 outputs, and the run of inputs outside which their weights are zero."""
    bands = []
    for start in range(0, len(weights), 32):
        used = np.flatnonzero(weights[start : start + 32].any(axis=0))
        bands.append((slice(start, start + 32), slice(int(used[0]), int(used[-1]) + 1)))
    return bands


def check_frames(frames: UInt8) -> None:
    """Raise UsageError unless frames is (T, H, W, 3) uint8 with H, W >= 1."""
    if (
        frames.ndim != 4
        or frames.shape[3] != 3
        or frames.dtype != np.uint8
        or 0 in frames.shape[1:]
    ):
        raise UsageError(
            f"Frames must be a (T, H, W, 3) uint8 array, not {frames.shape} {frames.dtype}."
        )


def fingerprint_files(files: Iterable[Path]) -> str:
    """Hash names and contents of an encoder's files, wherever they lie, to 16 hex digits.

    In a hub cache a large file is a link to a blob that is named by its own SHA-256, so it isn't
    read again.
    """
    total = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        blob = file.resolve()
        if blob.parent.name == "blobs" and len(blob.name) == 64:
            digest = blob.name
        else:
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.name}\0{digest}\n".encode())
    return total.hexdigest()[:16]
