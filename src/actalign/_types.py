"""The data that flows between stages: frozen, checked on construction, no behaviour.

Shapes: ``t`` runs over ``T`` frames, ``k`` over ``K`` sub-actions, ``D`` is the embedding width,
``m`` a candidate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from actalign.errors import UsageError

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False, slots=True)
class FrameBatch:
    """Consecutive sampled frames of one clip.

    frames: (T, H, W, 3) uint8 RGB, upright (rotation applied), square pixels.
    pts_seconds: (T,) float64, non-decreasing presentation times in the source file.
    """

    frames: UInt8
    pts_seconds: Float64

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or self.frames.dtype != np.uint8:
            raise UsageError(
                f"Frames must be a (T, H, W, 3) uint8 array, not {self.frames.shape} "
                f"{self.frames.dtype}."
            )
        if self.pts_seconds.shape != self.frames.shape[:1]:
            raise UsageError(
                f"There are {len(self.frames)} frames but {self.pts_seconds.size} timestamps; "
                "give one per frame."
            )

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        return f"FrameBatch(frames={self.frames.shape}, pts_seconds={self.pts_seconds.shape})"


@dataclass(frozen=True, slots=True)
class Script:
    """A candidate action as an ordered list of sub-actions, each a short visual description."""

    label: str
    subactions: tuple[str, ...]
    domain: str | None = None

    def __post_init__(self) -> None:
        if not self.label.strip():
            raise UsageError("A script needs a label that is not empty.")
        if not self.subactions:
            raise UsageError(f"The script of {self.label!r} has no sub-actions; give at least one.")
        for k, step in enumerate(self.subactions, start=1):
            if not step.strip():
                raise UsageError(f"Step {k} of the script of {self.label!r} is empty.")


@dataclass(frozen=True, eq=False, slots=True)
class ClipEmbedding:
    """The frame embeddings of one clip and where they came from.

    embeddings: (T, D) float32, not normalised; a row of zeros is neutral (the encoder saw nothing
        it knows, for example no person) and has affinity with no text.
    pts_seconds: (T,) float64, time of each frame in the source file.
    end_seconds: end of the clip, so that the last frame has a duration.
    """

    clip_id: str
    embeddings: Float32
    pts_seconds: Float64
    end_seconds: float
    model_id: str
    fingerprint: str
    provenance: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.embeddings.ndim != 2 or len(self.embeddings) == 0:
            raise UsageError(
                f"Embeddings of {self.clip_id!r} must be a (T, D) array with T >= 1, "
                f"not {self.embeddings.shape}."
            )
        if self.pts_seconds.shape != self.embeddings.shape[:1]:
            raise UsageError(
                f"Clip {self.clip_id!r} has {len(self.embeddings)} embeddings but "
                f"{self.pts_seconds.size} timestamps."
            )

    @property
    def neutral_frames(self) -> int:
        """How many frames the encoder saw nothing in (rows of zeros)."""
        return int(np.count_nonzero(~self.embeddings.any(axis=1)))

    def __repr__(self) -> str:
        return f"ClipEmbedding({self.clip_id!r}, {self.embeddings.shape}, {self.model_id!r})"
