"""The clips of questions: from the store, or embedded and stored, each in its question's place.

Files go through the pipeline of `clips`; frames that a data set holds as arrays are encoded here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from actalign.clips import ClipResult, Sampling, Store, embed_video, embed_videos
from actalign.clips._prefetch import BATCH_SIZE, clip_key
from actalign.clips._result import clip_embedding
from actalign.encoders import Encoder
from actalign.encoders._base import encode_frames
from actalign.errors import VideoError
from actalign.evaluation._questions import Question
from actalign.types import ClipEmbedding, FrameBatch
from actalign.video._content import content_of

ASSUMED_FPS = 30.0
"""Frames a second of arrays without times: the reference's 30 frames are its 1 s."""

Embed = Callable[..., Iterator[ClipResult]]


def question_key(question: Question, fingerprint: str, sampling: Sampling) -> str:
    """The store's key of a question's clip; raises VideoError where there is none to read."""
    if isinstance(question.video, Path):
        return clip_key(content_of(question.video).digest, fingerprint, sampling)
    # As the original's files hold it, so that embeddings of earlier versions are found.
    data = np.ascontiguousarray(_frames(question).frames.transpose(0, 3, 1, 2))
    content = hashlib.sha256(repr((data.shape, str(data.dtype))).encode() + data.tobytes())
    return clip_key(content.hexdigest(), fingerprint, sampling)


def question_keys(
    questions: Sequence[Question], fingerprint: str, sampling: Sampling
) -> dict[str, str]:
    """The keys of those questions' clips that can be read, by id."""
    keys: dict[str, str] = {}
    for question in questions:
        with suppress(VideoError):  # said in the question's place, when its turn comes
            keys[question.id] = question_key(question, fingerprint, sampling)
    return keys


def embed_questions(
    questions: Sequence[Question],
    keys: Mapping[str, str],
    *,
    load: Callable[[], Encoder],
    sampling: Sampling,
    store: Store,
    embed: Embed = embed_videos,
) -> Iterator[ClipResult]:
    """The result of each question's clip, in order; a clip that fails is a result with its error.

    keys: see `question_keys`. load: gives the encoder; called only when the store lacks a clip.
    embed: `clips.embed_videos`, or what does the same elsewhere.
    """
    files: dict[str, Path] = {}
    for question in questions:
        key = keys.get(question.id)
        stored = key is not None and store.path(question.id, key).exists()
        if isinstance(question.video, Path) and not stored:
            files[question.id] = question.video
    coming = embed(load(), files, sampling=sampling, store=store) if files else iter(())
    for question in questions:
        if question.id in files:
            yield next(coming)
        else:
            key = keys.get(question.id, "")
            yield embed_question(question, key, load=load, sampling=sampling, store=store)


def embed_question(
    question: Question,
    key: str,
    *,
    load: Callable[[], Encoder],
    sampling: Sampling,
    store: Store,
) -> ClipResult:
    """The result of one question's clip; see `embed_questions`."""
    path = question.video if isinstance(question.video, Path) else question.id
    notes: list[str] = []
    try:
        clip = store.get(question.id, key, damaged=notes)
        cached = clip is not None
        if clip is None and isinstance(question.video, Path):
            clip = embed_video(
                load(), question.video, clip_id=question.id, sampling=sampling, store=store
            )
        elif clip is None:
            clip = _embed_frames(load(), question, sampling)
            store.put(clip, key)
    except VideoError as error:
        return ClipResult(question.id, path, error=error, notes=tuple(notes))
    return ClipResult(question.id, path, clip=clip, cached=cached, notes=tuple(notes))


def _embed_frames(encoder: Encoder, question: Question, sampling: Sampling) -> ClipEmbedding:
    """Embed the frames that a data set holds."""
    given = _frames(question)
    frames, times = given.frames, given.pts_seconds
    if sampling.fps is not None:
        wanted = np.arange(times[0], times[-1] + 1e-9, 1 / sampling.fps)
        kept = np.unique(np.searchsorted(times, wanted - 1e-9))
        frames, times = frames[kept], times[kept]

    def batches() -> Iterator[FrameBatch]:
        for start in range(0, len(frames), BATCH_SIZE):
            part = slice(start, start + BATCH_SIZE)
            yield FrameBatch(np.ascontiguousarray(frames[part]), times[part])

    return clip_embedding(
        encoder.info,
        question.id,
        list(encode_frames(encoder, batches())),
        pts_seconds=times,
        end_seconds=float(times[-1] + 1 / ASSUMED_FPS),
        source={"fps": "all" if sampling.fps is None else f"{sampling.fps:g}"},
    )


def _frames(question: Question) -> FrameBatch:
    if not isinstance(question.video, FrameBatch) or len(question.video) == 0:
        raise VideoError(
            f"Sample {question.id!r} has no clip file and no frames; its frames (column 10 of the "
            "data set) must be an array of shape (T, 3, H, W)."
        )
    return question.video
