"""Many videos to frame embeddings: decode ahead, encode, store; one bad video never stops the rest.

Threads look clips up and have them decoded while the encoder works on an earlier one; each clip
has a bounded queue, which keeps memory at a few batches. This module knows nothing of candidates
or scores.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from actalign import __version__
from actalign._types import ClipEmbedding, FrameBatch
from actalign.decode_process import SILENT_SECONDS, DecodeProcess
from actalign.encoder import ClipEncoder, Encoder, encode_frames
from actalign.errors import ActAlignError, VideoError
from actalign.store import Store, entry_key
from actalign.video import FrameStream, content_hash, sample_frames

BATCH_SIZE = 16
QUEUED_BATCHES = 2
"""Decoded batches that wait for the encoder, for each clip that is decoded ahead."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a clip are encoded: ``fps`` a second (None: all), of [start, end) seconds."""

    fps: float | None = None
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Embedded:
    """What became of one video: its embeddings, or the error that says why there are none."""

    clip_id: str
    path: Path
    clip: ClipEmbedding | None = None
    error: ActAlignError | None = None
    cached: bool = False
    notes: tuple[str, ...] = field(default=())


def clip_ids(paths: Iterable[Path]) -> dict[str, Path]:
    """An id for each video, in order: its file name without suffix, or its path where two agree."""
    listed = list(dict.fromkeys(paths))
    stems = [path.stem for path in listed]
    return {
        (stem if stems.count(stem) == 1 else str(path)): path
        for stem, path in zip(stems, listed, strict=True)
    }


def embed_videos(
    encoder: Encoder,
    videos: dict[str, Path],
    *,
    sampling: Sampling,
    store: Store | None = None,
    on_frames: Callable[[str, int], None] | None = None,
    at_once: int | None = None,
    silent_seconds: float = SILENT_SECONDS,
) -> Iterator[Embedded]:
    """Embed videos by id, in order, taking from the store what is there and adding what is not.

    ``on_frames(clip_id, n)`` is called, from any thread, as n more frames are encoded. A video that
    fails yields an `Embedded` with its error and the rest goes on. at_once: clips under way at
    once, each decoded by a child process of its own. An encoder that takes whole clips works on one
    core a clip and gets a clip for every core where not given; any other encodes one clip after
    another, and one is decoded ahead for every four cores. silent_seconds: a decoder that gives
    nothing for so long is stopped, and its clip fails.
    """
    whole_clips = isinstance(encoder, ClipEncoder)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = at_once or max(1, (cores or 1) // (1 if whole_clips else 4))
    count = min(count, len(videos)) or 1

    def embed(clip: _Clip) -> Embedded:
        try:
            return _embed(encoder, clip, sampling, store, on_frames)
        except VideoError as error:
            return Embedded(clip.id, clip.path, error=error)

    with ExitStack() as stack:
        children = [
            stack.enter_context(DecodeProcess(silent_seconds=silent_seconds)) for _ in range(count)
        ]
        workers = ThreadPoolExecutor(count if whole_clips else 1)
        stack.callback(workers.shutdown, cancel_futures=True)
        under_way: deque[Future[Embedded]] = deque()
        for clip in stack.enter_context(_Ahead(encoder, videos, sampling, store, children)):
            under_way.append(workers.submit(embed, clip))
            if len(under_way) >= count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def embed_video(
    encoder: Encoder,
    path: Path,
    *,
    clip_id: str,
    sampling: Sampling,
    store: Store | None = None,
    on_frames: Callable[[str, int], None] | None = None,
    decoder: DecodeProcess | None = None,
) -> ClipEmbedding:
    """Embed one video, or take it from the store; raises VideoError when it can't be decoded.

    decoder: decodes in a child process, and can serve one clip after another; without it this
    process decodes, which begins sooner but can't be stopped by a file that hangs.
    """
    with _Ahead(encoder, {clip_id: path}, sampling, store, [decoder]) as clips:
        [found] = (_embed(encoder, clip, sampling, store, on_frames) for clip in clips)
    assert found.clip is not None
    return found.clip


def _embed(
    encoder: Encoder,
    clip: _Clip,
    sampling: Sampling,
    store: Store | None,
    on_frames: Callable[[str, int], None] | None,
) -> Embedded:
    """Encode what a clip's thread brings; raises what it met."""
    opened = clip.next()
    if isinstance(opened, Embedded):
        return opened
    rows: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = []
    times: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []

    def batches() -> Iterator[FrameBatch]:
        while (batch := clip.next()) is not None:
            times.append(batch.pts_seconds)
            yield batch

    for block in encode_frames(encoder, batches()):
        rows.append(np.asarray(block, np.float32))
        if on_frames:
            on_frames(clip.id, len(block))
    embeddings = np.concatenate(rows)
    if not np.isfinite(embeddings).all():
        raise VideoError(
            f"The encoder {encoder.model_id} gave NaN or infinity for {clip.path}; "
            "try another --dtype or report the clip."
        )
    embedded = ClipEmbedding(
        clip_id=clip.id,
        embeddings=embeddings,
        pts_seconds=np.concatenate(times),
        end_seconds=float(opened.stream.end_seconds),
        model_id=encoder.model_id,
        fingerprint=encoder.fingerprint,
        provenance={
            "video": str(clip.path),
            "sha256": opened.digest,
            "fps": "all" if sampling.fps is None else f"{sampling.fps:g}",
            "start": "" if sampling.start is None else f"{sampling.start:g}",
            "end": "" if sampling.end is None else f"{sampling.end:g}",
            "actalign": __version__,
        },
        warnings=tuple(opened.stream.warnings),
    )
    if store:
        store.put(embedded, opened.key)
    return Embedded(clip.id, clip.path, clip=embedded, notes=opened.notes)


def thumbnails(path: Path, clip: ClipEmbedding, *, count: int = 8) -> FrameBatch | None:
    """A few small frames spread over an embedded clip; None when the file can't be read again."""
    try:
        batches = list(
            sample_frames(
                path,
                num_frames=min(count, len(clip.embeddings)),
                start=float(clip.pts_seconds[0]),
                end=clip.end_seconds,
                max_side=240,
            )
        )
    except ActAlignError:
        return None
    if not batches:
        return None
    return FrameBatch(
        np.concatenate([batch.frames for batch in batches]),
        np.concatenate([batch.pts_seconds for batch in batches]),
    )


@dataclass(frozen=True, slots=True)
class _Opened:
    """A clip that must be encoded: its stream, and under which key it is stored."""

    stream: FrameStream
    digest: str
    key: str
    notes: tuple[str, ...]


class _Clip:
    """One video on its way: a thread puts what it finds, in order; the encoder's side takes it.

    That is an `Embedded` from the store, or `_Opened`, batches and None; or, at any place, the
    error that ended it.
    """

    def __init__(self, clip_id: str, path: Path, stop: threading.Event) -> None:
        self.id = clip_id
        self.path = path
        self._stop = stop
        self._found: queue.Queue[Any] = queue.Queue(QUEUED_BATCHES)

    def put(self, item: Any) -> bool:
        """Hand an item over as soon as there is room; False when the run has been left."""
        while not self._stop.is_set():
            try:
                self._found.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def next(self) -> Any:
        """Wait for the next item; an error is raised, as is the end of the run."""
        while not self._stop.is_set():
            try:
                item = self._found.get(timeout=0.5)
            except queue.Empty:
                continue
            if isinstance(item, BaseException):
                raise item
            return item
        raise VideoError(f"{self.path} was left before its end.")


class _Ahead:
    """The clips of a run, in order, each filled by one of a few threads; leaving stops them.

    decoders: one a thread; None decodes in the thread itself.
    """

    def __init__(
        self,
        encoder: Encoder,
        videos: dict[str, Path],
        sampling: Sampling,
        store: Store | None,
        decoders: Sequence[DecodeProcess | None],
    ) -> None:
        self._fingerprint = encoder.fingerprint
        self._sampling = sampling
        self._store = store
        self._decoders = decoders
        self._videos = iter(videos.items())
        self._count = len(videos)
        self._begun: queue.SimpleQueue[_Clip] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(decoder,), daemon=True)
            for decoder in decoders
        ]

    def __enter__(self) -> Iterator[_Clip]:
        for thread in self._threads:
            thread.start()
        return (self._begun.get() for _ in range(self._count))

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for decoder in self._decoders:
            if decoder:
                decoder.interrupt()
        for thread in self._threads:
            thread.join()

    def _work(self, decoder: DecodeProcess | None) -> None:
        # Clips are begun and taken in one order, so the thread of the clip that is waited for runs.
        store = Store(self._store.folder) if self._store else None
        read = decoder.sample_frames if decoder else sample_frames
        while not self._stop.is_set():
            with self._lock:
                video = next(self._videos, None)
                if video is None:
                    return
                clip = _Clip(*video, self._stop)
                self._begun.put(clip)
            try:
                self._fill(clip, read, store)
            except BaseException as error:
                clip.put(error)

    def _fill(self, clip: _Clip, read: Callable[..., FrameStream], store: Store | None) -> None:
        sampling = self._sampling
        digest = content_hash(clip.path)
        key = entry_key(
            {
                "content": digest,
                "encoder": self._fingerprint,
                "fps": sampling.fps,
                "start": sampling.start,
                "end": sampling.end,
            }
        )
        known_damage = len(store.damaged) if store else 0
        found = store.get(clip.id, key) if store else None
        if found is not None:
            clip.put(Embedded(clip.id, clip.path, clip=found, cached=True))
            return
        notes = tuple(store.damaged[known_damage:]) if store else ()
        stream = read(
            clip.path,
            fps=sampling.fps,
            start=sampling.start,
            end=sampling.end,
            batch_size=BATCH_SIZE,
        )
        if clip.put(_Opened(stream, digest, key, notes)) and all(map(clip.put, stream)):
            clip.put(None)
