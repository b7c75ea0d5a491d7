"""A clip that a thread reads ahead of the encoder: what it tells of it, in a bounded queue.

The queue limits memory to a few batches.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from actalign.clips._parts import KeptParts, Part
from actalign.errors import VideoError
from actalign.types import ClipEmbedding, FrameBatch
from actalign.video._sampling import MAX_BATCH_BYTES, FrameStream

Item = TypeVar("Item")


QUEUED_BATCHES = 2
"""Decoded batches that wait for the encoder, per clip that is decoded ahead."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The store has the clip, or each of its people; nothing follows."""

    clips: tuple[ClipEmbedding, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """The store doesn't have the clip; its decoder is about to start."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The clip's stream is open; its batches follow. key: of its entry in the store. kept: where a
    part is kept."""

    stream: FrameStream
    digest: str
    key: str
    notes: tuple[str, ...] = ()
    kept: KeptParts | None = None


@dataclass(frozen=True, slots=True)
class InParts:
    """The clip is long, and its parts follow as clips of their own, except for those that are kept.

    missing: those that follow. found: what is kept, by the part's number. end_seconds: of the clip.
    """

    parts: list[Part]
    found: dict[int, ClipEmbedding]
    kept: KeptParts
    end_seconds: float
    key: str
    notes: tuple[str, ...]

    @property
    def missing(self) -> list[Part]:
        return [part for part in self.parts if part.number not in self.found]


@dataclass(frozen=True, slots=True)
class Ended:
    """The last batch has been put."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The clip, or the thread that reads it, had an error; nothing follows."""

    error: BaseException


Event = Stored | Missing | Opened | InParts | FrameBatch | Ended | Failed
"""A clip's events, in order: Stored; or Missing, Opened, batches, Ended; or Missing, InParts and
Ended. Failed may end it anywhere."""


class _Line(queue.Queue[Event]):
    """The queue of a clip's events; a batch with one huge frame takes all the room."""

    def _qsize(self) -> int:
        return sum(
            QUEUED_BATCHES
            if isinstance(event, FrameBatch) and event.frames.nbytes > MAX_BATCH_BYTES
            else 1
            for event in self.queue
        )


class PrefetchedClip:
    """One video, or a part of one, in progress: a thread puts events, in order; the encoder's side
    takes them. part: None for a whole video."""

    def __init__(
        self, clip_id: str, path: Path, stop: threading.Event, part: Part | None = None
    ) -> None:
        self.id = clip_id
        self.path = path
        self.part = part
        self._stop = stop
        self.decided = part is not None  # whether it is known if the video comes in parts
        self._left = threading.Event()
        self._events = _Line(QUEUED_BATCHES)

    def put(self, event: Event) -> bool:
        """Hand over an event as soon as there is room; False if the clip was abandoned."""
        return put_in(self._events, event, self._stop, self._left)

    def next(self) -> Event:
        """Wait for the next event; raises errors, including the end of the run."""
        while not self._stop.is_set():
            try:
                event = self._events.get(timeout=0.5)
            except queue.Empty:
                continue
            if isinstance(event, Failed):
                raise event.error
            return event
        raise VideoError(f"{self.path} was abandoned before its end.")

    def leave(self) -> None:
        """Take no more events, so that the thread continues with the next clip."""
        self._left.set()
        with suppress(queue.Empty):
            while True:
                self._events.get_nowait()


def put_in(line: queue.Queue[Item], item: Item, *ends: threading.Event) -> bool:
    """Put an item into a queue as soon as there is room; False if one of ``ends`` was set first."""
    while not any(end.is_set() for end in ends):
        try:
            line.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
