"""Turns many videos into frame embeddings: decodes ahead, encodes and stores.

A video that fails never stops the rest. Clips come from `_prefetch`, decoded while the encoder
works on earlier ones. This module knows nothing about candidates or scores.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from actalign.addresses import named_place
from actalign.arguments import check_listed
from actalign.clips._parquet import AnyStore
from actalign.clips._prefetch import Ended, Opened, PrefetchedClip, Prefetcher, Sampling, Stored
from actalign.clips._result import ClipResult, embeddings_of
from actalign.clips._store import Store
from actalign.documents import escaped
from actalign.encoders._base import (
    ACROSS_FRAMES,
    Encoder,
    PeopleEncoder,
    PersonRows,
    StreamEncoder,
    encode_blocks,
    encode_frames,
    one_person_only,
)
from actalign.encoders._cuts import CutTimes
from actalign.errors import VideoError
from actalign.files import usable_cores
from actalign.types import ClipEmbedding, Float32, Float64, FrameBatch, UInt8
from actalign.video._near_duplicates import NearDuplicates
from actalign.video._worker import SILENT_SECONDS, DecodeProcess, too_large

Place = TypeVar("Place", Path, str)

CLIPS_A_STREAM = 64
"""Maximum number of clips in progress or waiting for others that share their batches."""


def clip_ids(paths: Iterable[Place]) -> dict[str, Place]:
    """An id for each file, in order: its name without suffix, or its path if two agree.

    Bytes of a name that are not text are escaped in its id, and only there.
    """
    check_listed(paths, "videos")
    listed = list(dict.fromkeys(paths))
    stems = [escaped(PurePath(path).stem) for path in listed]
    times = Counter(stems)
    found: dict[str, Place] = {}
    for stem, path in zip(stems, listed, strict=True):
        one = stem if times[stem] == 1 else escaped(named_place(path))
        while one in found:  # two names that differ only in what is escaped
            one += "+"
        found[one] = path
    return found


def embed_videos(
    encoder: Encoder,
    videos: dict[str, Path],
    *,
    sampling: Sampling,
    store: AnyStore | None = None,
    others: Store | None = None,
    on_frames: Callable[[str, int], None] | None = None,
    on_open: Callable[[str, Float64], None] | None = None,
    at_once: int | None = None,
    decoders: Sequence[DecodeProcess] = (),
    silent_seconds: float = SILENT_SECONDS,
) -> Generator[ClipResult, None, None]:
    """Embed videos by id, in order, taking from the store what is there and adding what is not.

    others: another store, from which entries are copied instead of encoded.

    An encoder that follows everyone gives one result per person, with the id ID-person1,
    ID-person2, ...; a clip without people gives ID-person0.

    ``on_open(clip_id, pts_seconds)`` is called, from any thread, before a clip's frames are
    encoded, and ``on_frames(clip_id, n)`` as n more of them are. A video that fails yields a
    `ClipResult` with its error, and the rest continue. at_once: clips in progress at once, each
    decoded by its own child process. An encoder that takes whole clips works on one core per clip
    and by default gets a clip for every core; any other gets one for every four cores or, on a GPU,
    which waits for frames, for every two. decoders: child processes to use, which stay open,
    instead of new ones. silent_seconds: a decoder that returns nothing for this long is stopped,
    and its clip fails.
    """
    whole_clips = isinstance(encoder, ACROSS_FRAMES)
    cores_a_clip = 1 if whole_clips else 2 if _across_clips(encoder) else 4
    count = len(decoders) or at_once or max(1, usable_cores() // cores_a_clip)
    count = min(count, len(videos)) or 1

    with ExitStack() as stack:
        children = decoders[:count] or [
            stack.enter_context(DecodeProcess(silent_seconds=silent_seconds)) for _ in range(count)
        ]
        workers = ThreadPoolExecutor(count)  # ends after `Prefetcher`, whose end they notice
        stack.callback(workers.shutdown, cancel_futures=True)
        clips = stack.enter_context(Prefetcher(encoder, videos, sampling, store, children, others))
        encoded = (_Encoded(clip, encoder, sampling, store, on_frames, on_open) for clip in clips)
        if whole_clips:
            yield from _side_by_side(encoder, encoded, workers, count)
        else:
            yield from _in_full_batches(encoder, encoded, count)


def embed_video(
    encoder: Encoder,
    path: Path,
    *,
    clip_id: str,
    sampling: Sampling,
    store: AnyStore | None = None,
    on_frames: Callable[[str, int], None] | None = None,
    decoder: DecodeProcess | None = None,
) -> ClipEmbedding:
    """Embed one video, or take it from the store; raises VideoError if it can't be decoded.

    decoder: decodes in a child process, and can serve one clip after another; without it this
    process decodes, which starts sooner, but a file that hangs then can't be stopped.
    """
    one_person_only(encoder)
    with Prefetcher(encoder, {clip_id: path}, sampling, store, [decoder]) as clips:
        [clip] = (_Encoded(clip, encoder, sampling, store, on_frames) for clip in clips)
        if isinstance(encoder, ACROSS_FRAMES):
            [found] = _whole_clip(encoder, clip)
        else:
            [found] = _in_full_batches(encoder, [clip])
    return found.embedding()


class _Encoded:
    """One clip and what has been encoded of it so far."""

    def __init__(
        self,
        clip: PrefetchedClip,
        encoder: Encoder,
        sampling: Sampling,
        store: AnyStore | None,
        on_frames: Callable[[str, int], None] | None,
        on_open: Callable[[str, Float64], None] | None = None,
    ) -> None:
        self._clip = clip
        self._encoder = encoder
        self._sampling = sampling
        self._store = store
        self._on_frames = on_frames
        self._on_open = on_open
        skip = sampling.skip_duplicates
        self._duplicates = None if skip is None else NearDuplicates(skip)
        self._opened: Opened | None = None
        self._found: list[ClipResult] = []
        self._looked_up = False
        self._ended = False
        self._waiting = 0
        self._rows: list[Float32] = []
        self._times: list[Float64] = []
        self._row_times: list[Float64] = []
        self._sources: list[NDArray[np.intp]] = []
        self._people: Sequence[PersonRows] | None = None
        self._cuts = CutTimes()

    def missing(self) -> bool:
        """Whether the clip must be encoded; False if the store has it or it can't be read."""
        if not self._looked_up:
            self._looked_up = True
            try:
                first = self._clip.next()
                if isinstance(first, Stored):
                    self._found = self._results(first.clips, cached=True)
            except VideoError as error:
                self._found = self._failed(error)
            self._ended = bool(self._found)
        return not self._found

    def batches(self) -> Iterator[FrameBatch]:
        """The frames to encode; ends early if the store has the clip or an error occurred."""
        if not self.missing():
            return
        try:
            while not isinstance(event := self._clip.next(), Ended):
                if isinstance(event, Opened):
                    self._opened = event
                    if self._on_open:
                        self._on_open(self._clip.id, event.stream.pts_seconds)
                elif isinstance(event, FrameBatch) and len(batch := self._to_encode(event)):
                    self._waiting += len(batch)
                    if self._on_frames and isinstance(self._encoder, PeopleEncoder):
                        self._on_frames(self._clip.id, len(batch))
                    yield batch
        except VideoError as error:
            self._found = self._failed(error)
        except MemoryError:
            self.fail()
        finally:
            self._ended = True

    def fail(self, error: Exception | None = None) -> None:
        """Give up the clip, as its frames were refused or there is no memory for it."""
        self._clip.leave()
        self._found = self._failed(
            error if isinstance(error, VideoError) else too_large(self._clip.path)
        )
        self._ended, self._waiting = True, 0
        self._rows.clear()

    def _to_encode(self, batch: FrameBatch) -> FrameBatch:
        """The frames of a batch, without near-duplicates if those are to be skipped."""
        self._times.append(batch.pts_seconds)
        self._cuts.add(batch)
        if self._duplicates is None:
            return batch
        kept, sources = self._duplicates.keep(batch.frames)
        self._sources.append(sources)
        return batch if kept.all() else FrameBatch(batch.frames[kept], batch.pts_seconds[kept])

    def _results(self, clips: Sequence[ClipEmbedding], *, cached: bool = False) -> list[ClipResult]:
        """A result for each of them: the clip, or its people."""
        path, notes = self._clip.path, self._opened.notes if self._opened else ()
        return [
            ClipResult(clip.clip_id, path, clip, None, cached, notes, last=clip is clips[-1])
            for clip in clips
        ]

    def _failed(self, error: VideoError) -> list[ClipResult]:
        notes = self._opened.notes if self._opened else ()
        return [ClipResult(self._clip.id, self._clip.path, error=error, notes=notes)]

    def take(self, rows: Float32, pts_seconds: Float64 | None = None) -> None:
        """Add (n, D) rows, for the next frames that `batches` gave.

        pts_seconds: (n,) times of the rows, if they are not simply those of the frames.
        """
        if pts_seconds is not None:
            self._row_times.append(pts_seconds)
        self._rows.append(np.asarray(rows, np.float32))
        self._waiting -= len(rows)
        if self._on_frames:
            self._on_frames(self._clip.id, len(rows) * self._encoder.info.frames_between_rows)

    @property
    def complete(self) -> bool:
        """Whether `results` are ready: all frames have been given out and their rows are back."""
        return self._ended and self._waiting == 0

    def take_people(self, people: Sequence[PersonRows]) -> None:
        """Add the rows of each person of the clip, all at once."""
        self._people = people
        self._waiting = 0

    def results(self) -> list[ClipResult]:
        """The clip's result, or those of its people; stored if it was encoded."""
        if not self._found:
            try:
                self._found = self._results(self._embedded())
            except VideoError as error:
                self._found = self._failed(error)
            except MemoryError:
                self.fail()
        return self._found

    def _embedded(self) -> list[ClipEmbedding]:
        opened, sampling = self._opened, self._sampling
        assert opened is not None
        source = {
            "video": str(self._clip.path),
            "sha256": opened.digest,
            **sampling.provenance(),
            **self._cuts.source(),
        }
        rows = self._rows
        if self._duplicates:
            rows = [np.concatenate(rows)[np.concatenate(self._sources)]]
            source["skip_duplicates"] = f"{self._duplicates.threshold:g}"
            source["frames_reused"] = str(self._duplicates.reused)
        end = float(opened.stream.end_seconds)
        parts = self._people
        if parts is None:
            times = np.concatenate(self._row_times or self._times)
            parts = [PersonRows(None, np.concatenate(rows), times, None, {})]
        clips = embeddings_of(
            self._encoder.info,
            self._clip.id,
            parts,
            end_seconds=end,
            source=source,
            warnings=opened.stream.warnings,
        )
        if self._store:
            for clip in clips:
                self._store.put(clip, opened.key)
        return clips


def _whole_clip(encoder: Encoder, clip: _Encoded) -> list[ClipResult]:
    """Encode a clip by itself, in order."""
    # The encoder starts, which takes half a second, while the decoder does.
    if clip.missing():
        try:
            if isinstance(encoder, PeopleEncoder):
                clip.take_people(encoder.encode_people(clip.batches()))
            else:
                for rows, pts_seconds in encode_frames(encoder, clip.batches()):
                    clip.take(rows, pts_seconds)
        except (MemoryError, VideoError) as error:
            clip.fail(error)
    return clip.results()


def _side_by_side(
    encoder: Encoder, clips: Iterable[_Encoded], workers: ThreadPoolExecutor, at_once: int
) -> Iterator[ClipResult]:
    """Encode whole clips, each in its own thread."""
    under_way: deque[Future[list[ClipResult]]] = deque()
    for clip in clips:
        under_way.append(workers.submit(_whole_clip, encoder, clip))
        if len(under_way) >= at_once:
            yield from under_way.popleft().result()
    while under_way:
        yield from under_way.popleft().result()


def _across_clips(encoder: Encoder) -> bool:
    return isinstance(encoder, StreamEncoder) and encoder.across_clips


def _in_full_batches(
    encoder: Encoder, clips: Iterable[_Encoded], at_once: int = 1
) -> Iterator[ClipResult]:
    """Encode frame by frame; an encoder that benefits from it fills its batches across clips.

    Such an encoder is given blocks from ``at_once`` clips in turn, so that all their decoders work.
    """
    across = _across_clips(encoder)
    width = at_once if across else 1
    clips = iter(clips)
    under_way: deque[tuple[_Encoded, Iterator[FrameBatch]]] = deque()
    begun: deque[_Encoded] = deque()
    owners: deque[_Encoded] = deque()  # of the blocks whose rows are still to come
    more = True

    def blocks() -> Iterator[UInt8]:
        nonlocal more
        while True:
            while len(under_way) < width and len(begun) < CLIPS_A_STREAM:
                if (clip := next(clips, None)) is None:
                    break
                begun.append(clip)
                under_way.append((clip, clip.batches()))
            if not under_way:
                more = len(begun) == CLIPS_A_STREAM
                return
            clip, batches = under_way.popleft()
            if (batch := next(batches, None)) is not None:
                under_way.append((clip, batches))
                owners.append(clip)
                yield batch.frames
            # Finished clips are held back only as long as fuller batches are worth it.
            elif not across or not owners:
                return

    while more:
        try:
            for rows in encode_blocks(encoder, blocks()):
                owners.popleft().take(rows)
                while begun and begun[0].complete:
                    yield from begun.popleft().results()
        except (MemoryError, VideoError) as error:
            for clip in owners:
                clip.fail(error)
            under_way = deque(one for one in under_way if one[0] not in owners)
            owners.clear()
            more = True
        while begun and begun[0].complete:
            yield from begun.popleft().results()
