"""A few small frames of an embedded clip, for figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from actalign.errors import ActAlignError
from actalign.types import ClipEmbedding, FrameBatch
from actalign.video._worker import DecodeProcess

PATIENCE_SECONDS = 20.0
"""A file that yields nothing for this long is left out of the figure."""


def thumbnails(source: str | Path, clip: ClipEmbedding, *, count: int = 8) -> FrameBatch | None:
    """A few small frames spread over an embedded clip; None if its video can't be read.

    Decoded in a separate process, so that a broken file can neither crash nor hang this one.
    """
    try:
        with DecodeProcess(silent_seconds=PATIENCE_SECONDS) as decoder:
            batches = list(
                decoder.sample_frames(
                    source,
                    num_frames=min(count, len(clip.embeddings)),
                    start=float(clip.pts_seconds[0]),
                    end=clip.end_seconds,
                    max_side=240,
                )
            )
    except ActAlignError:
        return None
    return FrameBatch(
        np.concatenate([batch.frames for batch in batches]),
        np.concatenate([batch.pts_seconds for batch in batches]),
    )
