"""The clips of a run, looked up in the store or decoded by threads ahead of the encoder.

Each clip has a bounded queue, which keeps memory at a few batches. Not here: encoding (`_embed`).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from actalign.clips._parquet import AnyStore
from actalign.clips._store import entry_key
from actalign.encoders._base import ClipEncoder, Encoder
from actalign.errors import UsageError, VideoError
from actalign.types import ClipEmbedding, FrameBatch
from actalign.video._sampling import FrameStream, content_hash, sample_frames
from actalign.video._worker import DecodeProcess

Item = TypeVar("Item")

BATCH_SIZE = 16
QUEUED_BATCHES = 2
"""Decoded batches that wait for the encoder, for each clip that is decoded ahead."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a clip are encoded: ``fps`` a second (None: all), of [start, end) seconds.

    skip_duplicates: a frame that is a near-duplicate of the last encoded one takes its embedding,
    see `video.NearDuplicates`; None for no skipping. Only for encoders that see each frame by
    itself.
    """

    fps: float | None = None
    start: float | None = None
    end: float | None = None
    skip_duplicates: float | None = None

    def settings(self) -> dict[str, float | None]:
        """What an embedding depends on, for its key in the store."""
        chosen = {"fps": self.fps, "start": self.start, "end": self.end}
        skip = self.skip_duplicates
        return chosen if skip is None else chosen | {"skip_duplicates": skip}


def clip_key(digest: str, fingerprint: str, sampling: Sampling) -> str:
    """The store's key of a clip: a hash of its bytes, the encoder, and which frames are taken."""
    return entry_key({"content": digest, "encoder": fingerprint, **sampling.settings()})


@dataclass(frozen=True, slots=True)
class Stored:
    """The store has the clip; nothing follows."""

    clip: ClipEmbedding


@dataclass(frozen=True, slots=True)
class Missing:
    """The store doesn't have the clip; its decoder is about to start."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The clip's stream is open; its batches follow. key: under which it is stored."""

    stream: FrameStream
    digest: str
    key: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The last batch has been given."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The clip, or the thread that read it, met an error; nothing follows."""

    error: BaseException


Event = Stored | Missing | Opened | FrameBatch | Ended | Failed
"""Of one clip, in order: Stored; or Missing, Opened, batches, Ended. Failed may end it anywhere."""


class PrefetchedClip:
    """One video on its way: a thread puts events, in order; the encoder's side takes them."""

    def __init__(self, clip_id: str, path: Path, stop: threading.Event) -> None:
        self.id = clip_id
        self.path = path
        self._stop = stop
        self._events: queue.Queue[Event] = queue.Queue(QUEUED_BATCHES)

    def put(self, event: Event) -> bool:
        """Hand an event over as soon as there is room; False when the run has been left."""
        return _put(self._events, event, self._stop)

    def next(self) -> Event:
        """Wait for the next event; an error is raised, as is the end of the run."""
        while not self._stop.is_set():
            try:
                event = self._events.get(timeout=0.5)
            except queue.Empty:
                continue
            if isinstance(event, Failed):
                raise event.error
            return event
        raise VideoError(f"{self.path} was left before its end.")


class Prefetcher:
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
        if sampling.skip_duplicates is not None and isinstance(encoder, ClipEncoder):
            raise UsageError(
                f"The encoder {encoder.info.model_id!r} looks across frames, so none can be left "
                "out; leave --skip-duplicates (Sampling.skip_duplicates) out or lower the frames "
                "a second."
            )
        self._fingerprint = encoder.info.fingerprint
        self._sampling = sampling
        self._store = store
        self._decoders = decoders
        self._videos = iter(videos.items())
        self._count = len(videos)
        # Stored clips are found faster than anyone takes them, so this queue has an end too.
        self._begun: queue.Queue[PrefetchedClip] = queue.Queue(len(decoders))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(decoder,), daemon=True)
            for decoder in decoders
        ]

    def __enter__(self) -> Iterator[PrefetchedClip]:
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
        read = decoder.sample_frames if decoder else sample_frames
        while not self._stop.is_set():
            with self._lock:
                video = next(self._videos, None)
                if video is None:
                    return
                clip = PrefetchedClip(*video, self._stop)
                if not _put(self._begun, clip, self._stop):
                    return
            try:
                self._fill(clip, read)
            except BaseException as error:
                clip.put(Failed(error))

    def _fill(self, clip: PrefetchedClip, read: Callable[..., FrameStream]) -> None:
        sampling = self._sampling
        digest = content_hash(clip.path)
        key = clip_key(digest, self._fingerprint, sampling)
        damaged: list[str] = []
        found = self._store.get(clip.id, key, damaged=damaged) if self._store else None
        if found is not None:
            clip.put(Stored(found))
            return
        if not clip.put(Missing()):
            return
        stream = read(
            clip.path,
            fps=sampling.fps,
            start=sampling.start,
            end=sampling.end,
            batch_size=BATCH_SIZE,
        )
        opened = Opened(stream, digest, key, tuple(damaged))
        if clip.put(opened) and all(map(clip.put, stream)):
            clip.put(Ended())


def _put(line: queue.Queue[Item], item: Item, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            line.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
