"""Many videos to frame embeddings: decode ahead, encode, store; one bad video never stops the rest.

One thread decodes while the encoder works; a bounded queue between them keeps memory at a few
batches. This module knows nothing of candidates or scores.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from actalign import __version__
from actalign._types import ClipEmbedding, FrameBatch
from actalign.encoder import Encoder, encode_frames
from actalign.errors import ActAlignError, VideoError
from actalign.store import Store, entry_key
from actalign.video import content_hash, sample_frames

BATCH_SIZE = 16
QUEUED_BATCHES = 4


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
) -> Iterator[Embedded]:
    """Embed videos by id, in order, taking from the store what is there and adding what is not.

    ``on_frames(clip_id, n)`` is called as n more frames are encoded. A video that fails yields an
    `Embedded` with its error and the rest goes on.
    """
    for clip_id, path in videos.items():
        try:
            yield embed_video(
                encoder, path, clip_id=clip_id, sampling=sampling, store=store, on_frames=on_frames
            )
        except VideoError as error:
            yield Embedded(clip_id, path, error=error)


def embed_video(
    encoder: Encoder,
    path: Path,
    *,
    clip_id: str,
    sampling: Sampling,
    store: Store | None = None,
    on_frames: Callable[[str, int], None] | None = None,
) -> Embedded:
    """Embed one video, or take it from the store; raises VideoError when it can't be decoded."""
    digest = content_hash(path)
    key = entry_key(
        {
            "content": digest,
            "encoder": encoder.fingerprint,
            "fps": sampling.fps,
            "start": sampling.start,
            "end": sampling.end,
        }
    )
    known_damage = len(store.damaged) if store else 0
    found = store.get(clip_id, key) if store else None
    notes = tuple(store.damaged[known_damage:]) if store else ()
    if found is not None:
        return Embedded(clip_id, path, clip=found, cached=True, notes=notes)
    stream = sample_frames(
        path, fps=sampling.fps, start=sampling.start, end=sampling.end, batch_size=BATCH_SIZE
    )
    rows: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = []
    times: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []

    def timed(batches: Iterable[FrameBatch]) -> Iterator[FrameBatch]:
        for batch in batches:
            times.append(batch.pts_seconds)
            yield batch

    with _ahead(stream) as batches:
        for block in encode_frames(encoder, timed(batches)):
            rows.append(np.asarray(block, np.float32))
            if on_frames:
                on_frames(clip_id, len(block))
    embeddings = np.concatenate(rows)
    if not np.isfinite(embeddings).all():
        raise VideoError(
            f"The encoder {encoder.model_id} gave NaN or infinity for {path}; "
            "try another --dtype or report the clip."
        )
    clip = ClipEmbedding(
        clip_id=clip_id,
        embeddings=embeddings,
        pts_seconds=np.concatenate(times),
        end_seconds=float(stream.end_seconds),
        model_id=encoder.model_id,
        fingerprint=encoder.fingerprint,
        provenance={
            "video": str(path),
            "sha256": digest,
            "fps": "all" if sampling.fps is None else f"{sampling.fps:g}",
            "start": "" if sampling.start is None else f"{sampling.start:g}",
            "end": "" if sampling.end is None else f"{sampling.end:g}",
            "actalign": __version__,
        },
        warnings=tuple(stream.warnings),
    )
    if store:
        store.put(clip, key)
    return Embedded(clip_id, path, clip=clip, notes=notes)


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


class _ahead:
    """Run an iterator in a thread, at most QUEUED_BATCHES ahead; leaving the block stops it."""

    def __init__(self, source: Iterable[FrameBatch]) -> None:
        self._source = source
        self._queue: queue.Queue[FrameBatch | BaseException | None] = queue.Queue(QUEUED_BATCHES)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _put(self, item: FrameBatch | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def _work(self) -> None:
        try:
            for batch in self._source:
                if not self._put(batch):
                    return
            self._put(None)
        except BaseException as error:
            self._put(error)

    def __enter__(self) -> Iterator[FrameBatch]:
        self._thread.start()
        return self._batches()

    def _batches(self) -> Iterator[FrameBatch]:
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
