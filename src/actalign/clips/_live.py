"""Makes clips of the last seconds of a live source, repeatedly, as long as frames arrive.

Memory is bounded: the source holds a few frames, and the window keeps the embeddings of its own
seconds. The delay has three parts, and every window reports their sum: frames wait for the encoder,
an encoder that looks at movement waits for later frames (`encode_clip`), and a window comes only
every `every` seconds.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from actalign.clips._frames import embeddings_of
from actalign.encoders._base import Encoder, PeopleEncoder, PersonRows, encode_frames
from actalign.encoders._cuts import CutTimes
from actalign.errors import UsageError
from actalign.types import ClipEmbedding, Float32, FrameBatch, Prediction
from actalign.video._stream import LiveFrame, LiveSource

if TYPE_CHECKING:
    from actalign.rows import Row

BATCH = 4
"""Maximum number of frames encoded at once: few, so that scores come in time."""
BLOCK = 2
"""Rows that an encoder of movement yields at once: few, so that it waits for few frames."""
WAIT_SECONDS = 0.5
"""How long to wait for a silent source before asking again, so that Ctrl+C works."""


@dataclass(frozen=True, eq=False, slots=True)
class LiveWindow:
    """The last seconds of a source.

    clip: their embeddings. seconds: the newest frame's time since watching began. arrived: when
    that frame arrived, on the monotonic clock. dropped: frames lost so far because encoding was too
    slow. connections: how many times the source was opened.
    """

    clip: ClipEmbedding
    seconds: float
    arrived: float
    dropped: int
    connections: int

    @property
    def delay_seconds(self) -> float:
        """How long ago the newest frame arrived."""
        return time.monotonic() - self.arrived

    def to_row(self, prediction: Prediction, *, top_k: int | None = None) -> Row:
        """The JSON object of the window's prediction, with repetitions if they were looked for, but
        without other segments."""
        from actalign.rows._made import new_row

        row = prediction.to_row(top_k=top_k)
        for candidate in row["candidates"]:
            candidate.pop("segments", None)
        return new_row(
            {
                **row,
                "seconds": round(self.seconds, 3),
                "window_start_seconds": round(float(self.clip.pts_seconds[0]), 3),
                "window_end_seconds": round(self.clip.end_seconds, 3),
                "delay_seconds": round(self.delay_seconds, 3),
                "dropped_frames": self.dropped,
                "connections": self.connections,
            }
        )


def check_live(window: float, every: float) -> None:
    """Raise UsageError unless both are numbers of seconds above 0."""
    for name, value in (("window", window), ("time between scores", every)):
        if not 0 < value < float("inf"):
            raise UsageError(f"The {name} is {value} s; give a number above 0.")


def live_windows(
    encoder: Encoder, source: LiveSource, *, window: float, every: float
) -> Iterator[LiveWindow]:
    """The last `window` seconds of a source, every `every` seconds, as long as frames arrive.

    A window reports what a clip of its seconds would: its cuts, and the people that an encoder that
    follows people has seen. Ends when a file ends, with a window of its last frames. Raises
    VideoError when it gives up on the source, UsageError for wrong arguments or if everyone is
    followed.
    """
    check_live(window, every)
    held: deque[tuple[LiveFrame, float, Float32]] = deque()
    due = time.monotonic() + every
    given: LiveFrame | None = None
    watch = encoder.watch() if isinstance(encoder, PeopleEncoder) else None
    cuts = CutTimes()

    def newest() -> LiveWindow:
        frame = held[-1][0]
        rows = np.stack([row for _, _, row in held])
        seen = PersonRows(None, rows, np.array([seconds for _, seconds, _ in held]))
        if watch:
            seen = replace(seen, source=watch.source(), warnings=watch.warnings())
        [clip] = embeddings_of(
            encoder.info,
            source.name,
            [seen],
            end_seconds=frame.seconds + 1 / source.fps,
            source={"video": source.name, "fps": f"{source.fps:g}", **cuts.source()},
        )
        return LiveWindow(
            clip, frame.seconds, frame.arrived_seconds, source.dropped, source.connections
        )

    connections = _Connections(source, cuts)
    while connections.more():
        waiting: deque[LiveFrame] = deque()
        batches = connections.batches(waiting)
        for rows, times in encode_frames(encoder, batches, block=BLOCK, watch=watch):
            for row, seconds in zip(rows, times.tolist(), strict=True):
                while waiting[0].seconds < seconds:  # a row for several frames, at their middle
                    waiting.popleft()
                held.append((waiting[0], seconds, row))
            while held[0][1] <= held[-1][1] - window:
                held.popleft()
            cuts.forget(held[0][1])
            if watch is not None:
                watch.forget(held[0][1])
            if time.monotonic() >= due:
                due = max(due + every, time.monotonic())
                given = held[-1][0]
                yield newest()
    if held and held[-1][0] is not given:
        yield newest()


class _Connections:
    """A source's frames as batches, one connection after another; `cuts` gets them all."""

    def __init__(self, source: LiveSource, cuts: CutTimes) -> None:
        self._source, self._cuts = source, cuts
        self._next: list[LiveFrame] | None = []

    def more(self) -> bool:
        """Wait for the next connection's first frames; False if there are none."""
        while self._next is not None and not self._next:
            self._next = self._source.next_frames(wait=WAIT_SECONDS, most=BATCH)
        return self._next is not None

    def batches(self, waiting: deque[LiveFrame]) -> Iterator[FrameBatch]:
        """The frames of one connection until it is lost; each is also appended to ``waiting``."""
        connection = self._next[0].connection if self._next else 0
        while self._next is not None:
            frames = self._next
            if frames and frames[0].connection != connection:
                return
            if frames:
                waiting.extend(frames)
                batch = FrameBatch(
                    np.stack([frame.image for frame in frames]),
                    np.array([frame.seconds for frame in frames]),
                )
                self._cuts.add(batch)
                yield batch
            self._next = self._source.next_frames(wait=WAIT_SECONDS, most=BATCH)
