"""A background from clips: of any videos or stored embeddings, or of a run's other clips."""

from __future__ import annotations

from collections.abc import Iterable

from actalign.background import Background, BackgroundSums
from actalign.errors import UsageError
from actalign.types import ClipEmbedding, EncoderInfo

CLIPS = "clips"
"""What `--background` says for the run's own other clips."""


class OtherClips:
    """For each clip of a run, a background of the others; so a row depends on the run's clips.

    Such a run is transductive: it learns from the clips that it scores, though not from labels.
    """

    def __init__(self, info: EncoderInfo, clips: Iterable[ClipEmbedding]) -> None:
        """Reads each clip once and keeps none. Raises UsageError for fewer than two clips."""
        self._sums = BackgroundSums(info)
        self._count = 0
        for clip in clips:
            clip.check_encoder(info.model_id, info.fingerprint)
            self._sums.add(clip.embeddings)
            self._count += 1
        if self._count < 2:
            raise UsageError(
                f"--background {CLIPS} measures each clip against the run's others, and there are "
                f"{max(self._count - 1, 0)}; give more clips or a background's file."
            )

    def of(self, clip: ClipEmbedding) -> Background:
        """The background of all clips but this one, which must be one of them."""
        source = f"the run's {self._count - 1} other clips (transductive)"
        return self._sums.without(clip.embeddings).background(source)
