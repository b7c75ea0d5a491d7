"""The clips of a run, looked up in the store or decoded by threads ahead of the encoder.

Each clip has a bounded queue, which keeps memory at a few batches. Not here: encoding (`pipeline`).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actalign._types import ClipEmbedding
from actalign.decode_process import DecodeProcess
from actalign.encoder import ClipEncoder, Encoder
from actalign.errors import ActAlignError, UsageError, VideoError
from actalign.parquet_store import AnyStore, open_store
from actalign.store import entry_key
from actalign.video import FrameStream, content_hash, sample_frames

BATCH_SIZE = 16
QUEUED_BATCHES = 2
"""Decoded batches that wait for the encoder, for each clip that is decoded ahead."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a clip are encoded: ``fps`` a second (None: all), of [start, end) seconds.

    skip_alike: a frame that is so like the last encoded one takes its embedding, see
    `alike.AlikeFrames`; None for no skipping. Only for encoders that see each frame by itself.
    """

    fps: float | None = None
    start: float | None = None
    end: float | None = None
    skip_alike: float | None = None

    def settings(self) -> dict[str, float | None]:
        """What an embedding depends on, for its key in the store."""
        chosen = {"fps": self.fps, "start": self.start, "end": self.end}
        return chosen if self.skip_alike is None else chosen | {"skip_alike": self.skip_alike}


def clip_key(digest: str, fingerprint: str, sampling: Sampling) -> str:
    """The store's key of a clip: a hash of its bytes, the encoder, and which frames are taken."""
    return entry_key({"content": digest, "encoder": fingerprint, **sampling.settings()})


@dataclass(frozen=True, slots=True)
class Embedded:
    """What became of one video: its embeddings, or the error that says why there are none."""

    clip_id: str
    path: Path
    clip: ClipEmbedding | None = None
    error: ActAlignError | None = None
    cached: bool = False
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Opened:
    """A clip that must be encoded: its stream, and under which key it is stored."""

    stream: FrameStream
    digest: str
    key: str
    notes: tuple[str, ...]


MISSING = object()
"""Says that the store doesn't have a clip, before its decoder is even started."""


class Clip:
    """One video on its way: a thread puts what it finds, in order; the encoder's side takes it.

    That is an `Embedded` from the store, or MISSING, `Opened`, batches and None; or, at any place,
    the error that ended it.
    """

    def __init__(self, clip_id: str, path: Path, stop: threading.Event) -> None:
        self.id = clip_id
        self.path = path
        self._stop = stop
        self._found: queue.Queue[Any] = queue.Queue(QUEUED_BATCHES)

    def put(self, item: Any) -> bool:
        """Hand an item over as soon as there is room; False when the run has been left."""
        return _put(self._found, item, self._stop)

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


class Ahead:
    """The clips of a run, in order, each filled by one of a few threads; leaving stops them.

    decoders: one a thread; None decodes in the thread itself.
    """

    def __init__(
        self,
        encoder: Encoder,
        videos: dict[str, Path],
        sampling: Sampling,
        store: AnyStore | None,
        decoders: Sequence[DecodeProcess | None],
    ) -> None:
        if sampling.skip_alike is not None and isinstance(encoder, ClipEncoder):
            raise UsageError(
                f"The encoder {encoder.model_id!r} looks across frames, so none can be left out; "
                "leave --skip-alike (Sampling.skip_alike) out or lower the frames a second."
            )
        self._fingerprint = encoder.fingerprint
        self._sampling = sampling
        self._store = store
        self._decoders = decoders
        self._videos = iter(videos.items())
        self._count = len(videos)
        # Stored clips are found faster than anyone takes them, so this queue has an end too.
        self._begun: queue.Queue[Clip] = queue.Queue(len(decoders))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(decoder,), daemon=True)
            for decoder in decoders
        ]

    def __enter__(self) -> Iterator[Clip]:
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
        store = open_store(self._store.folder) if self._store else None
        read = decoder.sample_frames if decoder else sample_frames
        while not self._stop.is_set():
            with self._lock:
                video = next(self._videos, None)
                if video is None:
                    return
                clip = Clip(*video, self._stop)
                if not _put(self._begun, clip, self._stop):
                    return
            try:
                self._fill(clip, read, store)
            except BaseException as error:
                clip.put(error)

    def _fill(self, clip: Clip, read: Callable[..., FrameStream], store: AnyStore | None) -> None:
        sampling = self._sampling
        digest = content_hash(clip.path)
        key = clip_key(digest, self._fingerprint, sampling)
        known_damage = len(store.damaged) if store else 0
        found = store.get(clip.id, key) if store else None
        if found is not None:
            clip.put(Embedded(clip.id, clip.path, clip=found, cached=True))
            return
        notes = tuple(store.damaged[known_damage:]) if store else ()
        if not clip.put(MISSING):
            return
        stream = read(
            clip.path,
            fps=sampling.fps,
            start=sampling.start,
            end=sampling.end,
            batch_size=BATCH_SIZE,
        )
        if clip.put(Opened(stream, digest, key, notes)) and all(map(clip.put, stream)):
            clip.put(None)


def _put(line: queue.Queue[Any], item: Any, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            line.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
