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

from actalign.addresses import named_place
from actalign.arguments import check_listed
from actalign.clips._encoded import Encoded
from actalign.clips._keys import Sampling
from actalign.clips._parquet import AnyStore
from actalign.clips._parts import Part, join
from actalign.clips._prefetch import Prefetcher
from actalign.clips._prefetched import InParts
from actalign.clips._result import ClipResult
from actalign.clips._store import Store
from actalign.documents import escaped
from actalign.encoders._base import (
    ACROSS_FRAMES,
    Encoder,
    PeopleEncoder,
    StreamEncoder,
    encode_blocks,
    encode_frames,
    one_person_only,
)
from actalign.errors import ActAlignError, NoFramesError, VideoError
from actalign.files import usable_cores
from actalign.types import ClipEmbedding, Float64, FrameBatch, UInt8
from actalign.video._worker import SILENT_SECONDS, DecodeProcess

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
    on_open: Callable[[str, Float64, int | None], None] | None = None,
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

    ``on_open(clip_id, pts_seconds, kept)`` is called, from any thread, before a clip's frames are
    encoded, with the times of those; kept: how many more are kept from an interrupted run, None of
    a clip that is not encoded in parts. ``on_frames(clip_id, n)`` is called as n more are encoded.
    A video that fails yields a `ClipResult` with its error, and the rest continue.

    at_once: clips in progress at once, each decoded by its own child process. An encoder that takes
    whole clips works on one core per clip and by default gets a clip for every core; any other gets
    one for every four cores or, on a GPU, which waits for frames, for every two. decoders: child
    processes to use, which stay open, instead of new ones. silent_seconds: a decoder that returns
    nothing for this long is stopped, and its clip fails.
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
        encoded = (Encoded(clip, encoder, sampling, store, on_frames, on_open) for clip in clips)
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
        encoded = (Encoded(clip, encoder, sampling, store, on_frames) for clip in clips)
        if isinstance(encoder, ACROSS_FRAMES):
            done: Iterable[Encoded] = (_whole_clip(encoder, clip) for clip in encoded)
        else:
            done = _in_full_batches(encoder, encoded)
        [found] = _in_order(done, store)
    return found.embedding()


class _Joining:
    """The parts of one clip as they come, and its result once all are there."""

    def __init__(self, clip: Encoded, in_parts: InParts, store: AnyStore | None) -> None:
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


def _in_order(done: Iterable[Encoded], store: AnyStore | None) -> Iterator[ClipResult]:
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


def _whole_clip(encoder: Encoder, clip: Encoded) -> Encoded:
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
    clips: Iterable[Encoded],
    workers: ThreadPoolExecutor,
    few: int,
    most: int,
) -> Iterator[Encoded]:
    """Encode whole clips, each in its own thread: ``few`` at once or, if a clip comes in parts,
    ``most``."""
    under_way: deque[Future[Encoded]] = deque()
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
    encoder: Encoder, clips: Iterable[Encoded], few: int = 1, most: int = 1
) -> Iterator[Encoded]:
    """Encode frame by frame; an encoder that benefits from it fills its batches across clips.

    Such an encoder is given blocks from ``few`` clips in turn, or from ``most`` if one comes in
    parts, so that all their decoders work.
    """
    across = _across_clips(encoder)
    width = few if across else 1
    clips = iter(clips)
    under_way: deque[tuple[Encoded, Iterator[FrameBatch]]] = deque()
    begun: deque[Encoded] = deque()
    owners: deque[Encoded] = deque()  # of the blocks whose rows are still to come
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
