"""Backgrounds from clips: from any videos or stored embeddings, or from a run's other clips."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from actalign.background import CLIPS, Background, BackgroundSums
from actalign.encoder_info import EncoderInfo
from actalign.encoders._backgrounds import shipped_background
from actalign.errors import UsageError, counted
from actalign.types import ClipEmbedding

TRANSDUCTIVE = "(transductive)"
"""Marks, in rows, a background made from their own run."""


class OtherClips:
    """For each clip of a run, a background made from the others, so that rows depend on all clips.

    Such a run is transductive: it learns from the clips that it scores, but not from labels.
    """

    def __init__(self, info: EncoderInfo, clips: Iterable[ClipEmbedding | None]) -> None:
        """Reads each clip once and keeps none; equal ones count as one, so none is its own other.

        clips: None, and those of other encoders, don't count. Raises UsageError for fewer than two.
        """
        self._sums = BackgroundSums(info.model_id, info.fingerprint, info.dim)
        self._shipped = shipped_background(info)
        known: set[bytes] = set()
        for clip in clips:
            if clip is None or clip.fingerprint != info.fingerprint:
                continue
            digest = hashlib.sha256(clip.embeddings.tobytes()).digest()
            if digest not in known:
                known.add(digest)
                self._sums.add(clip.embeddings)
        self._count = len(known)
        if self._count < 2:
            raise UsageError(
                f"The background {CLIPS!r} measures each clip against the run's others, but there "
                f"are {max(self._count - 1, 0)}; give more clips or a background file."
            )

    @property
    def all(self) -> Background:
        """The background of all clips together."""
        return self._blended(self._sums, f"the run's {self._count} clips {TRANSDUCTIVE}")

    def of(self, clip: ClipEmbedding) -> Background:
        """The background of all clips but this one, which must be one of them."""
        source = f"the run's {counted(self._count - 1, 'other clip')} {TRANSDUCTIVE}"
        return self._blended(self._sums.without(clip.embeddings), source)

    def _blended(self, sums: BackgroundSums, source: str) -> Background:
        """If the encoder ships a background, that makes up half: few clips show few movements."""
        found = sums.background(source)
        if self._shipped is None:
            return found
        return replace(
            found,
            mean=(found.mean + self._shipped.mean) / 2,
            covariance=(found.covariance + self._shipped.covariance) / 2,
            source=f"half {self._shipped.source}, half {source}",
        )
