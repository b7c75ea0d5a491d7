"""Makes a clip's embeddings of rows, or of frames in memory, with their provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from actalign import __version__
from actalign.clips._result import person_id
from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import Encoder, PeopleEncoder, PersonRows, check_width, encode_frames
from actalign.encoders._cuts import CutTimes
from actalign.errors import VideoError
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


def embeddings_of(
    info: EncoderInfo,
    clip_id: str,
    people: Sequence[PersonRows],
    *,
    end_seconds: float,
    source: Mapping[str, str],
    warnings: Sequence[str] = (),
) -> list[ClipEmbedding]:
    """The embeddings of a clip, or of each of its people, with their provenance.

    source: where the frames came from (video, sampling, ...). Raises VideoError for a row with NaN
    or infinity, and RowsError for rows whose width is not the encoder's.
    """
    found = []
    for one in people:
        name = clip_id if one.person is None else person_id(clip_id, one.person)
        embeddings = np.asarray(one.rows, np.float32)
        check_width(info, embeddings, "frames")  # before a store keeps them under this fingerprint
        if not np.isfinite(embeddings).all():
            raise VideoError(
                f"The encoder {info.model_id} returned NaN or infinity for "
                f"{source.get('video', name)}; try another dtype or report the clip."
            )
        found.append(
            ClipEmbedding(
                clip_id=name,
                embeddings=embeddings,
                pts_seconds=one.pts_seconds,
                end_seconds=end_seconds if one.end_seconds is None else one.end_seconds,
                model_id=info.model_id,
                fingerprint=info.fingerprint,
                provenance={**source, **one.source, "actalign": __version__, **info.provenance},
                warnings=(*warnings, *one.warnings),
            )
        )
    return found
