"""Turns videos given in Python (paths, frames or embeddings) into embeddings, one or many.

Files and frames are embedded in `_embed` and `_frames`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from actalign.clips._embed import clip_ids, embed_video, embed_videos
from actalign.clips._frames import embed_frames
from actalign.clips._keys import Sampling
from actalign.clips._parquet import AnyStore
from actalign.clips._result import of_one_video
from actalign.documents import escaped
from actalign.encoders._base import Encoder, one_person_only
from actalign.errors import ActAlignError, UsageError
from actalign.types import ClipEmbedding, ClipError, FrameBatch
from actalign.video._sampling import sample_frames

Video = str | os.PathLike[str] | FrameBatch | ClipEmbedding


def embed_any(
    encoder: Encoder,
    video: Video,
    *,
    clip_id: str | None,
    sampling: Sampling,
    store: AnyStore | None,
) -> ClipEmbedding:
    """The embeddings of one video; given embeddings are returned unchanged.

    clip_id: None for the file's name, or "frames". Raises VideoError, ArrayError, and UsageError
    for anything else or an encoder that follows everyone.
    """
    if isinstance(video, ClipEmbedding):
        if sampling.start is not None or sampling.end is not None:
            raise UsageError(
                "Embeddings are of a whole clip; give start and end only with a video."
            )
        video.check_encoder(encoder.info.model_id, encoder.info.fingerprint)
        return video
    if isinstance(video, FrameBatch):
        one_person_only(encoder)
        [found] = _embed_batch(encoder, video, clip_id or "frames", sampling)
        return found
    path = _path(video)
    return embed_video(
        encoder, path, clip_id=clip_id or escaped(path.stem), sampling=sampling, store=store
    )


def embed_each(
    encoder: Encoder, videos: Sequence[Video], *, sampling: Sampling, store: AnyStore | None
) -> Iterator[ClipEmbedding | ClipError]:
    """The embeddings of each video, or of each of its people, or its error, in order.

    Files go through the pipeline together. Frames get the clip id frames-N, where N is their index.
    """
    files = [_path(video) for video in videos if isinstance(video, str | os.PathLike)]
    left = {path: files.count(path) for path in files}
    again: dict[Path, list[ClipEmbedding | ClipError]] = {}
    with closing(embed_videos(encoder, clip_ids(files), sampling=sampling, store=store)) as coming:
        for n, video in enumerate(videos):
            if not isinstance(video, str | os.PathLike):
                yield from _in_memory(encoder, video, f"frames-{n}", sampling)
                continue
            path = Path(video)
            found = again.get(path)
            if found is None:
                results = of_one_video(coming)
                found = [one.failure if one.clip is None else one.clip for one in results]
            left[path] -= 1
            if left[path]:
                again[path] = found
            yield from found


def _in_memory(
    encoder: Encoder, video: Video, clip_id: str, sampling: Sampling
) -> Sequence[ClipEmbedding | ClipError]:
    """The embeddings of a video that is not a file, or the error."""
    try:
        if isinstance(video, FrameBatch):
            return _embed_batch(encoder, video, clip_id, sampling)
        return [embed_any(encoder, video, clip_id=clip_id, sampling=sampling, store=None)]
    except ActAlignError as error:
        name = video.clip_id if isinstance(video, ClipEmbedding) else clip_id
        return [ClipError(name, name, error)]


def _embed_batch(
    encoder: Encoder, video: FrameBatch, clip_id: str, sampling: Sampling
) -> list[ClipEmbedding]:
    """The embeddings of frames, or of each person in them."""
    frames = sample_frames(video, fps=sampling.fps, start=sampling.start, end=sampling.end)
    return embed_frames(
        encoder,
        frames,
        clip_id=clip_id,
        end_seconds=frames.end_seconds,
        source=sampling.provenance(),
        warnings=frames.warnings,
    )


def _path(video: object) -> Path:
    """The path of a video; raises UsageError for anything else."""
    if isinstance(video, str | os.PathLike):
        if not os.fspath(video):  # pathlib reads it as the current folder
            raise UsageError("The video's path is empty; give a file or a folder of images.")
        return Path(video)
    if isinstance(video, np.ndarray):
        raise UsageError(
            "An array doesn't say when its frames are shown; give "
            "FrameBatch.from_array(frames, fps=25), or times= in seconds."
        )
    if isinstance(video, Iterable) and not isinstance(video, bytes) and not hasattr(video, "read"):
        raise UsageError(
            "This takes one video, not several; `predict_many` takes a list, and the frames of one "
            "video are given as FrameBatch.from_array(frames, fps=25)."
        )
    raise UsageError(
        f"A video is a path, a FrameBatch or a ClipEmbedding, not {type(video).__name__}."
    )
