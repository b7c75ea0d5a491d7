"""Turns many videos into frame embeddings: decodes ahead, encodes and stores.

A video that fails never stops the rest. Clips come from `_prefetch`, decoded while the encoder
works on earlier ones. This module knows nothing about candidates or scores.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from actalign.addresses import named_place
from actalign.arguments import check_listed
from actalign.clips._parquet import AnyStore
from actalign.clips._parts import Part, join
from actalign.clips._prefetch import (
    Ended,
    InParts,
    Opened,
    PrefetchedClip,
    Prefetcher,
    Sampling,
    Stored,
)
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
from actalign.errors import ActAlignError, NoFramesError, VideoError
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
    on_open: Callable[[str, Float64, bool], None] | None = None,
    at_once: int | None = None,
    decoders: Sequence[DecodeProcess] = (),
    silent_seconds: float = SILENT_SECONDS,
) -> Generator[ClipResult, None, None]:
    """Embed videos by id, in order, taking from the store what is there and adding what is not.

    others: another store, from which entries are copied instead of encoded.

    An encoder that follows everyone gives one result per person, with the id ID-person1,
    ID-person2, ...; a clip without people gives ID-person0.

    A video of more than 1,500 frames is encoded in parts, if its encoder can be given parts. Each
    is kept until the store has all of it, so that an interrupted run goes on there.

    ``on_open(clip_id, pts_seconds, in_parts)`` is called, from any thread, before a clip's frames
    are encoded, and ``on_frames(clip_id, n)`` as n more of them are. A video that fails yields a
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
    few = min(count, len(videos)) or 1  # at once, unless one of them comes in parts

    with ExitStack() as stack:
        children = decoders[:count] or [
            stack.enter_context(DecodeProcess(silent_seconds=silent_seconds)) for _ in range(count)
        ]
        workers = ThreadPoolExecutor(count)  # ends after `Prefetcher`, whose end they notice
        stack.callback(workers.shutdown, cancel_futures=True)
        clips = stack.enter_context(Prefetcher(encoder, videos, sampling, store, children, others))
        encoded = (_Encoded(clip, encoder, sampling, store, on_frames, on_open) for clip in clips)
        if whole_clips:
            done = _side_by_side(encoder, encoded, workers, few, count)
        else:
            done = _in_full_batches(encoder, encoded, few, count)
        yield from _in_order(done, store)


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
        encoded = (_Encoded(clip, encoder, sampling, store, on_frames) for clip in clips)
        if isinstance(encoder, ACROSS_FRAMES):
            done: Iterable[_Encoded] = (_whole_clip(encoder, clip) for clip in encoded)
        else:
            done = _in_full_batches(encoder, encoded)
        [found] = _in_order(done, store)
    return found.embedding()


class _Encoded:
    """One clip, or a part of one, and what has been encoded of it so far.

    part: None for a whole clip. in_parts: what is known of a clip that comes in parts; it has no
    results itself.
    """

    def __init__(
        self,
        clip: PrefetchedClip,
        encoder: Encoder,
        sampling: Sampling,
        store: AnyStore | None,
        on_frames: Callable[[str, int], None] | None,
        on_open: Callable[[str, Float64, bool], None] | None = None,
    ) -> None:
        self._clip = clip
        self.id, self.path, self.part = clip.id, clip.path, clip.part
        self.in_parts: InParts | None = None
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
                    if not self.part:
                        self._open(event.stream.pts_seconds, in_parts=False)
                elif isinstance(event, InParts):
                    self.in_parts = event
                    if missing := event.missing:
                        times = np.concatenate([part.own_times for part in missing])
                        self._open(times, in_parts=True)
                elif isinstance(event, FrameBatch) and len(batch := self._to_encode(event)):
                    self._waiting += len(batch)
                    if self._on_frames and isinstance(self._encoder, PeopleEncoder):
                        own = int(np.count_nonzero(self._own(batch.pts_seconds)))
                        self._on_frames(self.id, own)
                    yield batch
        except VideoError as error:
            self._found = self._failed(error)
        except MemoryError:
            self.fail()
        finally:
            self._ended = True

    def _open(self, pts_seconds: Float64, *, in_parts: bool) -> None:
        if self._on_open:
            self._on_open(self.id, pts_seconds, in_parts)

    def _own(self, pts_seconds: Float64) -> NDArray[np.bool_]:
        """(n,) whether these times are of the clip or part itself, not only around it."""
        return self.part.own(pts_seconds) if self.part else np.ones(len(pts_seconds), bool)

    def fail(self, error: Exception | None = None) -> None:
        """Give up the clip, as its frames were refused or there is no memory for it."""
        self._clip.leave()
        self._found = self._failed(error if isinstance(error, VideoError) else too_large(self.path))
        self._ended, self._waiting = True, 0
        self._rows.clear()

    def _to_encode(self, batch: FrameBatch) -> FrameBatch:
        """The frames of a batch that are to be encoded: those around a part only if the encoder
        looks across frames, and no near-duplicates if those are to be skipped."""
        self._cuts.add(batch)
        own = self._own(batch.pts_seconds)
        if not own.all() and not isinstance(self._encoder, ACROSS_FRAMES):
            batch = FrameBatch(batch.frames[own], batch.pts_seconds[own])
        self._times.append(batch.pts_seconds)
        if self._duplicates is None or not len(batch):
            return batch
        kept, sources = self._duplicates.keep(batch.frames)
        self._sources.append(sources)
        return batch if kept.all() else FrameBatch(batch.frames[kept], batch.pts_seconds[kept])

    def _results(self, clips: Sequence[ClipEmbedding], *, cached: bool = False) -> list[ClipResult]:
        """A result for each of them: the clip, or its people."""
        path, notes = self.path, self._opened.notes if self._opened else ()
        return [
            ClipResult(clip.clip_id, path, clip, None, cached, notes, last=clip is clips[-1])
            for clip in clips
        ]

    def _failed(self, error: VideoError) -> list[ClipResult]:
        notes = self._opened.notes if self._opened else ()
        return [ClipResult(self.id, self.path, error=error, notes=notes)]

    def take(self, rows: Float32, pts_seconds: Float64 | None = None) -> None:
        """Add (n, D) rows, for the next frames that `batches` gave.

        pts_seconds: (n,) times of the rows, if they are not simply those of the frames.
        """
        if pts_seconds is not None:
            self._row_times.append(pts_seconds)
        self._rows.append(np.asarray(rows, np.float32))
        self._waiting -= len(rows)
        if self._on_frames:
            own = len(rows) if pts_seconds is None else np.count_nonzero(self._own(pts_seconds))
            self._on_frames(self.id, own * self._encoder.info.frames_between_rows)

    @property
    def complete(self) -> bool:
        """Whether `results` are ready: all frames have been given out and their rows are back."""
        return self._ended and self._waiting == 0

    def take_people(self, people: Sequence[PersonRows]) -> None:
        """Add the rows of each person of the clip, all at once."""
        self._people = people
        self._waiting = 0

    def results(self) -> list[ClipResult]:
        """The clip's result, or those of its people; stored if it was encoded. None of a clip that
        comes in parts."""
        if not self._found and not self.in_parts:
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
        if self.part and not self._own(np.concatenate(self._times)).any():
            raise NoFramesError(f"No frame of a part of {self.path} can be decoded.")
        source = {
            "video": str(self.path),
            "sha256": opened.digest,
            **sampling.provenance(),
            **self._cuts.source(*((self.part.begin, self.part.end) if self.part else ())),
        }
        rows = self._rows
        if self._duplicates:
            rows = [np.concatenate(rows)[np.concatenate(self._sources)]]
            source["skip_duplicates"] = f"{self._duplicates.threshold:g}"
            source["frames_reused"] = str(self._duplicates.reused)
        end = float(opened.stream.end_seconds)
        people = self._people
        if people is None:
            times = np.concatenate(self._row_times or self._times)
            people = [PersonRows(None, np.concatenate(rows), times, None, {})]
        if self.part:
            owns = [self._own(one.pts_seconds) for one in people]
            people = [
                replace(one, rows=one.rows[own], pts_seconds=one.pts_seconds[own])
                for one, own in zip(people, owns, strict=True)
            ]
        clips = embeddings_of(
            self._encoder.info,
            self.id,
            people,
            end_seconds=end,
            source=source,
            warnings=opened.stream.warnings,
        )
        if self.part and opened.kept:
            opened.kept.put(self.part, *clips)
        elif self._store:
            for clip in clips:
                self._store.put(clip, opened.key)
        return clips


class _Joining:
    """The parts of one clip as they come, and its result once all are there."""

    def __init__(self, clip: _Encoded, in_parts: InParts, store: AnyStore | None) -> None:
        self._clip, self._in_parts, self._store = clip, in_parts, store
        self._found = dict(in_parts.found)
        self._left = len(in_parts.missing)
        self._errors: list[ActAlignError] = []

    def add(self, part: Part, result: ClipResult) -> None:
        """Another part; one of which no frame can be decoded is a hole in the clip."""
        self._left -= 1
        if result.clip is None:
            self._errors.append(result.failure.error)
        else:
            self._found[part.number] = result.clip

    def results(self) -> list[ClipResult] | None:
        """The clip's result, which is then stored; None while a part is missing."""
        if self._left:
            return None
        clip, known, errors = self._clip, self._in_parts, self._errors
        holes = [error for error in errors if isinstance(error, NoFramesError)]
        if len(holes) < len(errors) or not self._found:
            error = next((error for error in errors if error not in holes), errors[0])
            return [ClipResult(clip.id, clip.path, error=error, notes=known.notes)]
        there = [(part, self._found.get(part.number)) for part in known.parts]
        joined = join(str(clip.path), there, known.end_seconds)
        if self._store:
            self._store.put(joined, known.key)
        known.kept.discard()
        return [ClipResult(clip.id, clip.path, joined, notes=known.notes)]


def _in_order(done: Iterable[_Encoded], store: AnyStore | None) -> Iterator[ClipResult]:
    """The results of clips as they were begun; of one that comes in parts, once all are there."""
    waiting: dict[str, list[ClipResult] | _Joining] = {}
    for one in done:
        if one.in_parts:
            waiting[one.id] = _Joining(one, one.in_parts, store)
        elif one.part:
            joining, [result] = waiting[one.id], one.results()
            assert isinstance(joining, _Joining)
            joining.add(one.part, result)
        else:
            waiting[one.id] = one.results()
        while waiting:
            first, results = next(iter(waiting.items()))
            found = results.results() if isinstance(results, _Joining) else results
            if found is None:
                break
            del waiting[first]
            yield from found


def _whole_clip(encoder: Encoder, clip: _Encoded) -> _Encoded:
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
    clip.results()
    return clip


def _side_by_side(
    encoder: Encoder,
    clips: Iterable[_Encoded],
    workers: ThreadPoolExecutor,
    few: int,
    most: int,
) -> Iterator[_Encoded]:
    """Encode whole clips, each in its own thread: ``few`` at once or, if a clip comes in parts,
    ``most``."""
    under_way: deque[Future[_Encoded]] = deque()
    for clip in clips:
        under_way.append(workers.submit(_whole_clip, encoder, clip))
        while len(under_way) >= few:
            done = under_way.popleft().result()
            if done.in_parts:
                few = most
            yield done
    while under_way:
        yield under_way.popleft().result()


def _across_clips(encoder: Encoder) -> bool:
    return isinstance(encoder, StreamEncoder) and encoder.across_clips


def _in_full_batches(
    encoder: Encoder, clips: Iterable[_Encoded], few: int = 1, most: int = 1
) -> Iterator[_Encoded]:
    """Encode frame by frame; an encoder that benefits from it fills its batches across clips.

    Such an encoder is given blocks from ``few`` clips in turn, or from ``most`` if one comes in
    parts, so that all their decoders work.
    """
    across = _across_clips(encoder)
    width = few if across else 1
    clips = iter(clips)
    under_way: deque[tuple[_Encoded, Iterator[FrameBatch]]] = deque()
    begun: deque[_Encoded] = deque()
    owners: deque[_Encoded] = deque()  # of the blocks whose rows are still to come
    more = True

    def blocks() -> Iterator[UInt8]:
        nonlocal more, width
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
            elif across and clip.in_parts:
                width = most
            # Finished clips are held back only as long as fuller batches are worth it.
            elif not across or not owners:
                return

    while more:
        try:
            for rows in encode_blocks(encoder, blocks()):
                owners.popleft().take(rows)
                while begun and begun[0].complete:
                    yield begun.popleft()
        except (MemoryError, VideoError) as error:
            for clip in owners:
                clip.fail(error)
            under_way = deque(one for one in under_way if one[0] not in owners)
            owners.clear()
            more = True
        while begun and begun[0].complete:
            yield begun.popleft()
