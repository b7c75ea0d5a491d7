"""A few small frames of an embedded clip, for figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from actalign.errors import VideoError
from actalign.types import ClipEmbedding, FrameBatch
from actalign.video._worker import DecodeProcess, SilentError

PATIENCE_SECONDS = 20.0
"""A file that yields no frame for this long is left out of the figure."""


def thumbnails(source: str | Path, clip: ClipEmbedding, *, count: int = 8) -> FrameBatch:
    """At most ``count`` small frames spread over an embedded clip.

    Decoded in a separate process, so that a broken file can neither crash nor hang this one.
    Raises VideoError if the video can't be read, or not in time.
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
                    batch_size=1,  # each is sent, and so counts as a sign of life, once it is found
                )
            )
    except SilentError as error:
        raise VideoError(
            f"{source} yielded no frame for {PATIENCE_SECONDS:g} s; try again when the computer "
            "has less to do."
        ) from error
    return FrameBatch(
        np.concatenate([batch.frames for batch in batches]),
        np.concatenate([batch.pts_seconds for batch in batches]),
    )
