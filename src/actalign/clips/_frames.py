"""Turns frames in memory into embeddings, with the same provenance as `_embed` gives a file's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from actalign.clips._result import embeddings_of
from actalign.encoders._base import Encoder, PeopleEncoder, PersonRows, encode_frames
from actalign.encoders._cuts import CutTimes
from actalign.types import ClipEmbedding, FrameBatch


def embed_frames(
    encoder: Encoder,
    batches: Iterable[FrameBatch],
    *,
    clip_id: str,
    end_seconds: float,
    source: Mapping[str, str],
    warnings: Sequence[str] = (),
) -> list[ClipEmbedding]:
    """The embeddings of one clip's frames, in order, or of each of its people.

    source: how the frames were sampled. warnings: about the frames, read once all have arrived.
    Raises VideoError if the encoder returns NaN or infinity.
    """
    cuts = CutTimes()

    def seen() -> Iterator[FrameBatch]:
        for batch in batches:
            cuts.add(batch)
            yield batch

    if isinstance(encoder, PeopleEncoder):
        people = encoder.encode_people(seen())
    else:
        rows, times = zip(*encode_frames(encoder, seen()), strict=True)
        people = [PersonRows(None, np.concatenate(rows), np.concatenate(times))]
    return embeddings_of(
        encoder.info,
        clip_id,
        people,
        end_seconds=end_seconds,
        source={**source, **cuts.source()},
        warnings=warnings,
    )
