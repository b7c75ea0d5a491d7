"""A clip on its way through the encoder: its frames go out, its rows come back, and are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from actalign.clips._frames import embeddings_of
from actalign.clips._keys import Sampling
from actalign.clips._parquet import AnyStore
from actalign.clips._prefetched import Ended, InParts, Opened, PrefetchedClip, Stored
from actalign.clips._result import ClipResult
from actalign.encoders._base import (
    ACROSS_FRAMES,
    Encoder,
    PeopleEncoder,
    PersonRows,
)
from actalign.encoders._cuts import CutTimes
from actalign.errors import NoFramesError, VideoError
from actalign.types import ClipEmbedding, Float32, Float64, FrameBatch
from actalign.video._near_duplicates import NearDuplicates
from actalign.video._worker import too_large


class Encoded:
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
        on_open: Callable[[str, Float64, int | None], None] | None = None,
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
        self._notes: tuple[str, ...] = ()
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
                    self._opened, self._notes = event, event.notes
                    if not self.part:
                        self._open(event.stream.pts_seconds)
                elif isinstance(event, InParts):
                    self.in_parts = event
                    if missing := event.missing:
                        times = np.concatenate([part.own_times for part in missing])
                        kept = sum(len(part.own_times) for part in event.parts) - len(times)
                        self._open(times, kept)
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

    def _open(self, pts_seconds: Float64, kept: int | None = None) -> None:
        if self._on_open:
            self._on_open(self.id, pts_seconds, kept)

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
        path, notes = self.path, self._notes
        return [
            ClipResult(clip.clip_id, path, clip, None, cached, notes, last=clip is clips[-1])
            for clip in clips
        ]

    def _failed(self, error: VideoError) -> list[ClipResult]:
        return [ClipResult(self.id, self.path, error=error, notes=self._notes)]

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
            # NumPy 2.5 counts in integers of its own, which are no JSON.
            self._on_frames(self.id, int(own) * self._encoder.info.frames_between_rows)

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
            people = [PersonRows(None, np.concatenate(rows), times)]
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
