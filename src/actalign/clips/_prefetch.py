"""Looks up a run's clips in the store, or decodes them in threads ahead of the encoder.

`_embed` encodes them.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from actalign.clips._keys import Sampling, clip_key
from actalign.clips._parquet import AnyStore
from actalign.clips._parts import KeptParts, longest, parts_of
from actalign.clips._people import stored_clips
from actalign.clips._prefetched import (
    Ended,
    Failed,
    InParts,
    Missing,
    Opened,
    PrefetchedClip,
    Stored,
    put_in,
)
from actalign.clips._store import Store
from actalign.encoders._base import ACROSS_FRAMES, Encoder, PeopleEncoder, margin_of_parts
from actalign.errors import ActAlignError, UsageError
from actalign.files import check_folder_writable
from actalign.types import ClipEmbedding
from actalign.video._content import Content, check_unchanged, content_of
from actalign.video._sampling import FrameStream, Sampler
from actalign.video._worker import DecodeProcess, SilentError, too_large

BATCH_SIZE = 16
LEAVE_SECONDS = 10.0
"""How long to wait for the threads of an abandoned run, as one may hang on a file forever."""


def found_at(clip: ClipEmbedding, path: Path | str) -> ClipEmbedding:
    """A stored clip with the current path of its video."""
    return replace(clip, provenance={**clip.provenance, "video": str(path)})


@dataclass(frozen=True, eq=False, slots=True)
class _Whole:
    """The clip of which a part is to be read. begin: in seconds. key: of its entry in the store."""

    begin: float
    content: Content
    key: str
    kept: KeptParts


class Prefetcher:
    """The clips of a run, in order, each read by one of a few threads; exiting stops them.

    A long video comes first as a whole, which has no frames, and then in its parts, before or among
    those that follow it. decoders: one per thread; None decodes in the thread itself. others: a
    store from which entries are copied that ``store`` lacks.
    """

    def __init__(
        self,
        encoder: Encoder,
        videos: dict[str, Path],
        sampling: Sampling,
        store: AnyStore | None,
        decoders: Sequence[DecodeProcess | None],
        others: Store | None = None,
    ) -> None:
        if sampling.skip_duplicates is not None and isinstance(encoder, ACROSS_FRAMES):
            raise UsageError(
                f"The encoder {encoder.info.model_id!r} looks across frames, so none can be left "
                "out; leave out --skip-duplicates (Sampling.skip_duplicates) or lower the frames "
                "per second."
            )
        self._fingerprint = encoder.info.fingerprint
        self._everyone = isinstance(encoder, PeopleEncoder) and encoder.everyone
        self._margin_seconds = margin_of_parts(encoder)
        self._sampling = sampling
        self._store = store
        self._others = others
        self._decoders = decoders
        self._videos = iter(videos.items())
        # Stored clips are found faster than they are taken, so this queue is bounded too.
        self._begun: queue.Queue[PrefetchedClip] = queue.Queue(len(decoders))
        self._lock = threading.Lock()
        self._sampler = Sampler()  # of the only thread, where there is no decoder
        self._more = threading.Condition()  # of the next three
        self._parts: deque[tuple[PrefetchedClip, _Whole]] = deque()
        self._to_begin = len(videos)  # and parts
        self._opening = 0  # videos of which it is not known yet whether they come in parts
        self._silent: dict[str, SilentError] = {}  # of clips whose other parts would wait as long
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(decoder,), daemon=True)
            for decoder in decoders
        ]

    def __enter__(self) -> Iterator[PrefetchedClip]:
        for thread in self._threads:
            thread.start()
        return self._taken()

    def _taken(self) -> Iterator[PrefetchedClip]:
        while True:
            with self._more:
                more = self._to_begin or self._opening
            try:
                clip = self._begun.get(timeout=0.1 if more else 0)
            except queue.Empty:
                if more:
                    continue
                return
            yield clip

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        until = time.monotonic() + LEAVE_SECONDS
        for thread, decoder in zip(self._threads, self._decoders, strict=True):
            while thread.is_alive() and time.monotonic() < until:
                if decoder:
                    decoder.interrupt()
                thread.join(0.1)

    def _work(self, decoder: DecodeProcess | None) -> None:
        # Clips are started and taken in the same order, so the awaited clip's thread is running.
        while not self._stop.is_set():
            with self._lock:
                work = self._next()
                if work is None:
                    return
                clip, whole = work
                if not put_in(self._begun, clip, self._stop):
                    return
            with self._more:
                self._to_begin -= 1
            failed: Failed | None = None
            try:
                if whole:
                    self._fill_part(clip, whole, decoder)
                else:
                    self._fill(clip, decoder)
            except MemoryError:
                failed = Failed(too_large(clip.path))
            except BaseException as error:
                failed = Failed(error)
            self._decided(clip)
            if failed:
                clip.put(failed)

    def _next(self) -> tuple[PrefetchedClip, _Whole | None] | None:
        """What to read next; None if nothing is left and no video can come in parts any more."""
        with self._more:
            while not self._stop.is_set():
                if self._parts:
                    return self._parts.popleft()
                if video := next(self._videos, None):
                    self._opening += 1
                    return PrefetchedClip(*video, self._stop), None
                if not self._opening:
                    return None
                self._more.wait(0.5)
        return None

    def _decided(
        self, clip: PrefetchedClip, parts: Sequence[tuple[PrefetchedClip, _Whole]] = ()
    ) -> None:
        """Note, once, which parts of a video follow, none if it comes as a whole.

        Before the video's events are taken: clips end once none is left to begin or undecided.
        """
        if clip.decided:
            return
        clip.decided = True
        with self._more:
            self._opening -= 1
            self._parts.extend(parts)
            self._to_begin += len(parts)
            self._more.notify_all()

    def _fill(self, clip: PrefetchedClip, decoder: DecodeProcess | None) -> None:
        sampling = self._sampling
        content = (decoder.content_of if decoder else content_of)(clip.path)
        key = clip_key(content.digest, self._fingerprint, sampling)
        damaged: list[str] = []
        if stored := self._stored(clip, key, damaged):
            self._decided(clip)
            clip.put(Stored(stored))
            return
        if isinstance(self._store, Store):  # before the work
            check_folder_writable(self._store.folder)
        if not clip.put(Missing()):
            return
        options = {"fps": sampling.fps, "start": sampling.start, "end": sampling.end}
        stream = self._frames(clip, content, decoder, options)
        # The times of a long clip alone come where its encoder can be given parts.
        if stream.only_times and self._margin_seconds is not None:
            parts = parts_of(stream.pts_seconds, self._margin_seconds)
            keys = [
                clip_key(content.digest, self._fingerprint, sampling, part=(one.number, one.of))
                for one in parts
            ]
            kept = KeptParts(self._store, clip.id, keys)
            known = {one.number: there for one in parts if (there := kept.get(one))}
            end = float(stream.end_seconds)
            found = InParts(parts, known, kept, end, key, tuple(damaged))
            for _ in stream:  # has no frames, but an end
                pass
            whole = _Whole(parts[0].begin, content, key, kept)
            missing = [PrefetchedClip(clip.id, clip.path, self._stop, one) for one in found.missing]
            self._decided(clip, [(one, whole) for one in missing])
            _ = clip.put(found) and clip.put(Ended())
            return
        self._decided(clip)
        opened = Opened(stream, content.digest, key, notes=tuple(damaged))
        self._give(clip, opened, content, decoder)

    def _fill_part(
        self, clip: PrefetchedClip, whole: _Whole, decoder: DecodeProcess | None
    ) -> None:
        assert clip.part is not None
        options = {"at_seconds": clip.part.times.tolist(), "begin": whole.begin}
        if not clip.put(Missing()):
            return
        if silent := self._silent.get(clip.id):
            raise silent
        try:
            stream = self._frames(clip, whole.content, decoder, options)
            opened = Opened(stream, whole.content.digest, whole.key, kept=whole.kept)
            self._give(clip, opened, whole.content, decoder)
        except SilentError as error:
            self._silent[clip.id] = error
            raise

    def _give(
        self, clip: PrefetchedClip, opened: Opened, content: Content, decoder: DecodeProcess | None
    ) -> None:
        """Hand over a stream and its frames."""
        if clip.put(opened) and all(map(clip.put, opened.stream)):
            if not decoder:
                check_unchanged(clip.path, content)
            clip.put(Ended())

    def _frames(
        self,
        clip: PrefetchedClip,
        content: Content,
        decoder: DecodeProcess | None,
        options: Mapping[str, Any],
    ) -> FrameStream:
        # Of a clip that comes in parts only its times are needed.
        most = None if clip.part or self._margin_seconds is None else longest()
        sample = decoder.sample_frames if decoder else self._sampler.frames
        return sample(clip.path, content=content, most=most, batch_size=BATCH_SIZE, **options)

    def _stored(
        self, clip: PrefetchedClip, key: str, damaged: list[str]
    ) -> tuple[ClipEmbedding, ...]:
        """A clip's entries in the store: all of them, or none."""

        def entry(name: str) -> ClipEmbedding | None:
            return stored_entry(self._store, name, clip.path, key, damaged, self._others)

        return stored_clips(entry, clip.id, everyone=self._everyone)


def stored_entry(
    store: AnyStore | None,
    clip_id: str,
    path: Path,
    key: str,
    damaged: list[str] | None = None,
    others: Store | None = None,
) -> ClipEmbedding | None:
    """An entry of the store with its video's current path, which is also updated in the store.

    damaged: see `Store.get`. others: an entry that the store lacks is copied from it.
    """
    if store is None:
        return None
    kept = store.get(clip_id, key, damaged=damaged)
    found = kept or (others.get(clip_id, key) if others else None)
    if found is None:
        return None
    here = found_at(found, path)
    if kept is None:
        store.put(here, key)
    elif here.provenance != kept.provenance:
        with suppress(ActAlignError):  # such as for a read-only store
            store.put(here, key)
    return here
