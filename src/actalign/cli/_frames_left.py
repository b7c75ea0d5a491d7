"""How many frames a run has still to encode, which most of its waiting depends on."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from actalign.errors import VideoError

if TYPE_CHECKING:
    from actalign.clips import Sampling
    from actalign.types import Float64
    from actalign.video._worker import DecodeProcess

ANSWER_SECONDS = 30.0
"""How long a file's header may take; after that the file's length counts as unknown."""

LEAVE_SECONDS = 10.0
"""How long to wait for the reader of headers at the end, as one may hang on a file forever."""


class _Frames:
    """Frames by video, NaN where that is unknown, and their sum. The sum is kept, since it is asked
    for with every batch of frames. of: by clip id."""

    def __init__(self, clip_ids: Iterable[str]) -> None:
        self.of = dict.fromkeys(clip_ids, math.nan)
        self._unknown = len(self.of)
        self._sum = 0.0

    @property
    def total(self) -> float | None:
        """The sum; None while a number is unknown."""
        return None if self._unknown else self._sum

    def unknown(self, clip_id: str) -> bool:
        """Whether a video's number is still to be found out."""
        return math.isnan(self.of.get(clip_id, 0))

    def put(self, clip_id: str, frames: float) -> None:
        self.drop(clip_id)
        self.of[clip_id] = frames
        self._count(frames, 1)

    def drop(self, clip_id: str) -> None:
        self._count(self.of.pop(clip_id, 0.0), -1)

    def _count(self, frames: float, sign: int) -> None:
        if math.isnan(frames):
            self._unknown += sign
        else:
            self._sum += sign * frames


class FramesLeft:
    """The frames of each video that has to be encoded, and how many of them are left.

    A video that is open has its exact number. Of the others the header says how long they are; a
    child process of its own reads it, beside the encoder, from when the first one is open. What is
    stored needs no encoding, and ``stored`` says what of these videos seems to be: one that is
    opened all the same is counted again. Methods may be called from any thread. on_known: called,
    perhaps from another thread, when all lengths have been asked for.
    """

    def __init__(
        self,
        videos: Mapping[str, Path],
        sampling: Sampling,
        stored: Callable[[Mapping[str, Path]], Iterable[str]],
        on_known: Callable[[], None],
    ) -> None:
        self._videos = dict(videos)
        self._sampling = sampling
        self._stored = stored
        self._on_known = on_known
        self._in_order = iter(self._videos)
        self._of_clip = _Frames(videos)
        self._left = _Frames(videos)
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None
        self._decoder: DecodeProcess | None = None
        self._stop = threading.Event()

    def opened(self, clip_id: str, pts_seconds: Float64) -> None:
        """A video is about to be encoded; pts_seconds: (T,) the times of its frames."""
        with self._lock:
            self._of_clip.put(clip_id, len(pts_seconds))
            self._left.put(clip_id, len(pts_seconds))
            begins = self._reader is None and len(self._videos) > 1
            if begins:
                self._reader = threading.Thread(target=self._read, daemon=True, name="lengths")
                self._reader.start()
        if len(self._videos) == 1:
            self._on_known()

    def encoded(self, clip_id: str, count: int) -> None:
        """So many more frames of a video are encoded."""
        with self._lock:
            self._left.put(clip_id, max(0, self._left.of[clip_id] - count))

    def done(self, *, cached: bool) -> None:
        """The next video, in order, is done; cached: nothing of it had to be encoded."""
        with self._lock:
            clip_id = next(self._in_order)
            self._left.drop(clip_id)
            if cached:
                self._of_clip.drop(clip_id)

    @property
    def left(self) -> float | None:
        """Frames still to be encoded; None while a video's length is unknown."""
        with self._lock:
            return self._left.total

    @property
    def total(self) -> float | None:
        """Frames of all videos that have to be encoded; None while a length is unknown."""
        with self._lock:
            return self._of_clip.total

    @property
    def clips(self) -> int:
        """How many videos have to be encoded, as far as is known."""
        return len(self._of_clip.of)

    def close(self) -> None:
        """Stop reading headers."""
        self._stop.set()
        until = time.monotonic() + LEAVE_SECONDS
        # More than once, as a child that is only being started can't be interrupted yet.
        while self._reader and self._reader.is_alive() and time.monotonic() < until:
            if self._decoder:
                self._decoder.interrupt()
            self._reader.join(0.1)

    def _read(self) -> None:
        from actalign.video._worker import DecodeProcess

        for clip_id in self._stored(self._unknown()):
            if self._stop.is_set():
                return
            with self._lock:
                if self._left.unknown(clip_id):  # it may have been opened meanwhile
                    self._of_clip.drop(clip_id)
                    self._left.drop(clip_id)
        with DecodeProcess(silent_seconds=ANSWER_SECONDS) as self._decoder:
            for clip_id, path in self._unknown().items():
                if self._stop.is_set():
                    return
                with self._lock:
                    unknown = self._left.unknown(clip_id)
                frames = self._frames(self._decoder, path) if unknown else math.nan
                with self._lock:
                    if self._left.unknown(clip_id):  # it may have been opened meanwhile
                        self._of_clip.put(clip_id, frames)
                        self._left.put(clip_id, frames)
        if not self._stop.is_set():
            self._on_known()

    def _unknown(self) -> dict[str, Path]:
        """The videos whose number of frames is still to be found out."""
        with self._lock:
            return {name: p for name, p in self._videos.items() if self._left.unknown(name)}

    def _frames(self, decoder: DecodeProcess, path: Path) -> float:
        """About how many frames of a video are encoded; NaN if its header doesn't say."""
        try:
            header = decoder.header_of(path)
        except VideoError:
            return 0  # nothing of it can be encoded either
        if header.seconds is None:
            return math.nan
        begin, end, fps = self._sampling.start or 0.0, self._sampling.end, self._sampling.fps
        span = max(0.0, min(header.seconds, math.inf if end is None else end) - begin)
        return math.ceil(span * (header.fps if fps is None else min(fps, header.fps)))
