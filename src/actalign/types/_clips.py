"""A clip: its frames, their embeddings, or the error if there are none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from actalign.arguments import check_array, check_fps, check_frames, plain
from actalign.errors import ActAlignError, ArrayError, EncoderError, UsageError
from actalign.types._arrays import Float32, Float64, UInt8

if TYPE_CHECKING:
    from actalign.rows import Row


@dataclass(frozen=True, eq=False, slots=True)
class FrameBatch:
    """Consecutive sampled frames of one clip.

    frames: (T, H, W, 3) uint8 RGB, upright (rotation applied), square pixels.
    pts_seconds: (T,) float64, non-decreasing presentation times in the source file.
    """

    frames: UInt8
    pts_seconds: Float64

    def __post_init__(self) -> None:
        check_frames(self.frames, least=0)  # an empty one is refused where it is read
        check_array(self.pts_seconds, "The times of frames")
        if self.pts_seconds.shape != self.frames.shape[:1]:
            raise ArrayError(
                f"There are {len(self.frames)} frames but {self.pts_seconds.size} timestamps; "
                "give one per frame."
            )
        if not np.isfinite(self.pts_seconds).all() or (np.diff(self.pts_seconds) < 0).any():
            raise ArrayError("The times of frames must be finite and never decrease.")

    @classmethod
    def from_array(
        cls, frames: ArrayLike, *, fps: float | None = None, times: ArrayLike | None = None
    ) -> FrameBatch:
        """Frames in memory, which can be used wherever a video is expected.

        frames: (T, H, W, 3) uint8 RGB, or a list of (H, W, 3). fps: frames per second, the first
        one at 0 s. times: instead of fps, (T,) seconds that never decrease. Raises ArrayError, and
        UsageError unless exactly one of fps and times is given.
        """
        if (fps is None) == (times is None):
            raise UsageError("Give either the fps of the frames, or their times in seconds.")
        if fps is not None:
            check_fps(fps)
        try:
            pictures = np.asarray(frames)
        except ValueError as error:
            raise ArrayError(f"Frames must all have one size ({error}).") from error
        count = len(pictures) if pictures.ndim else 0
        try:
            with np.errstate(over="ignore"):  # infinity is refused below
                given = np.asarray(times if fps is None else np.arange(count) / fps)
            if given.dtype.kind in "mM":  # dates or durations
                raise ArrayError("The times of frames must be seconds, not dates or durations.")
            seconds = given.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ArrayError(f"The times of frames must be numbers ({error}).") from error
        if seconds.ndim != 1:
            raise ArrayError(f"The times of frames must be one list, not {seconds.shape}.")
        return cls(pictures, seconds)

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        return f"FrameBatch(frames={self.frames.shape}, pts_seconds={self.pts_seconds.shape})"


@dataclass(frozen=True, eq=False, slots=True)
class ClipEmbedding:
    """The frame embeddings of one clip and where they came from.

    embeddings: (T, D) float32, not normalised; a row of zeros is neutral (the encoder saw nothing
        it knows, for example no person) and has affinity with no text.
    pts_seconds: (T,) float64, non-decreasing, time of each frame in the source file.
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
        if not isinstance(self.clip_id, str):
            raise UsageError(f"The clip_id is {self.clip_id!r}; give a text.")
        if not isinstance(self.end_seconds, Real) or not math.isfinite(self.end_seconds):
            raise UsageError(
                f"end_seconds of clip {self.clip_id!r} is {self.end_seconds!r}; give a number of "
                "seconds."
            )
        check_array(self.embeddings, f"Embeddings of {self.clip_id!r}")
        check_array(self.pts_seconds, f"The timestamps of clip {self.clip_id!r}")
        object.__setattr__(self, "end_seconds", plain(self.end_seconds))
        if self.embeddings.ndim != 2 or len(self.embeddings) == 0:
            raise ArrayError(
                f"Embeddings of {self.clip_id!r} must be a (T, D) array with T >= 1, "
                f"not {self.embeddings.shape}."
            )
        if self.pts_seconds.shape != self.embeddings.shape[:1]:
            raise ArrayError(
                f"Clip {self.clip_id!r} has {len(self.embeddings)} embeddings but "
                f"{self.pts_seconds.size} timestamps."
            )
        if not np.isfinite(self.pts_seconds).all():
            raise ArrayError(f"The timestamps of clip {self.clip_id!r} hold NaN or infinity.")
        if (np.diff(self.pts_seconds) < 0).any():
            raise ArrayError(f"The timestamps of clip {self.clip_id!r} decrease.")

    @property
    def neutral_frames(self) -> int:
        """Number of frames in which the encoder saw nothing (rows of zeros)."""
        return int(np.count_nonzero(~self.embeddings.any(axis=1)))

    @property
    def edges_seconds(self) -> Float64:
        """(T + 1,) start of each frame, then the clip's end: a frame lasts until the next."""
        return np.append(self.pts_seconds, max(self.end_seconds, float(self.pts_seconds[-1])))

    def row_fields(self) -> Row:
        """What a row says about the clip, without its candidates."""
        from actalign.rows._people import people_fields

        of_people, provenance = people_fields(self.provenance)
        return {
            "clip": self.clip_id,
            "candidates": [],
            "video": self.provenance.get("video"),
            "frames": len(self.embeddings),
            "neutral_frames": self.neutral_frames,
            **of_people,  # type: ignore[typeddict-item]
            "start_seconds": round(float(self.pts_seconds[0]), 6),
            "end_seconds": round(self.end_seconds, 6),
            "model_id": self.model_id,
            "fingerprint": self.fingerprint,
            # Sorted, as in an entry of the store, so that a row is the same whether stored or new.
            "provenance": dict(sorted(provenance.items())),
        }

    def check_encoder(self, model_id: str, fingerprint: str) -> None:
        """Raise EncoderError unless this encoder made the embeddings."""
        if self.fingerprint != fingerprint:
            other = self.model_id != model_id
            todo = f"use {self.model_id} for this clip, or " if other else ""
            raise EncoderError(
                f"The embeddings of {self.clip_id!r} come from {self.model_id} "
                f"({self.fingerprint}), but the texts would come from {model_id} ({fingerprint}); "
                f"{todo}encode the clip again."
            )

    def __repr__(self) -> str:
        return f"ClipEmbedding({self.clip_id!r}, {self.embeddings.shape}, {self.model_id!r})"


@dataclass(frozen=True, slots=True)
class ClipError:
    """A clip that failed, and the error. It never stops the others."""

    clip_id: str
    video: str
    error: ActAlignError

    def to_row(self, *, target: str | None = None) -> Row:
        """The JSON object of predictions.jsonl: its status is "error", and it has no label."""
        from actalign.rows._made import new_row

        return new_row(
            {
                "clip": self.clip_id,
                "status": "error",
                "error": str(self.error),
                "video": self.video,
                "label": None,
                "target": target,
                "metrics": {},
                "candidates": [],
            }
        )
