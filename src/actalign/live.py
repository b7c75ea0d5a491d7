"""Running scores of a live source: its last seconds against the candidates, again and again.

Memory is bounded: the source holds a few frames, and the window keeps the embeddings of its own
seconds. The delay has three parts, and every result says their sum: frames wait for the encoder, an
encoder that looks at movement waits for the frames after (`encode_clip`), and a score comes
every `every` seconds only.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actalign import __version__
from actalign._types import ClipEmbedding, Float32, FrameBatch
from actalign.classifier import ActAlign, Scripts
from actalign.encoder import ClipEncoder, encode_frames, revision_of
from actalign.errors import UsageError
from actalign.prediction import Prediction
from actalign.source import LiveFrame, LiveSource

BATCH = 4
"""Most frames that are encoded at once: few, so that scores come on time."""
BLOCK = 2
"""Rows an encoder of movement gives at once: few, so that it waits for few frames."""


WAIT_SECONDS = 0.5
"""How long a silent source is waited for before it is asked again, so that Ctrl+C is heard."""


@dataclass(frozen=True, eq=False, slots=True)
class LiveScore:
    """What the last seconds show.

    seconds: since the watch began. prediction: its clip is the window. delay_seconds: how long ago
    the window's newest frame came. dropped: frames lost so far because encoding was too slow.
    connections: how often the source was opened.
    """

    seconds: float
    prediction: Prediction
    delay_seconds: float
    dropped: int
    connections: int

    def to_row(self, *, top_k: int | None = None) -> dict[str, Any]:
        """The JSON object of one score."""
        clip = self.prediction.clip
        return {
            "seconds": round(self.seconds, 3),
            "window_start_seconds": round(float(clip.pts_seconds[0]), 3),
            "window_end_seconds": round(clip.end_seconds, 3),
            "delay_seconds": round(self.delay_seconds, 3),
            "frames": len(clip.embeddings),
            "neutral_frames": clip.neutral_frames,
            "dropped_frames": self.dropped,
            "connections": self.connections,
            "label": self.prediction.label,
            "margin": self.prediction.margin,
            "candidates": self.prediction.top_k(top_k),
            "scorer": self.prediction.scorer,
            "model_id": clip.model_id,
            "fingerprint": clip.fingerprint,
            "provenance": dict(sorted(clip.provenance.items())),
        }


def live_scores(
    classifier: ActAlign,
    source: LiveSource,
    *,
    candidate_labels: Sequence[str],
    scripts: Scripts | None = None,
    domain: str | None = None,
    window: float = 5.0,
    every: float = 1.0,
) -> Iterator[LiveScore]:
    """Scores of the last `window` seconds, every `every` seconds as long as frames come.

    Ends where a file ends, with a score of its last frames. Raises VideoError when the source is
    given up, UsageError for a wrong request.
    """
    for name, value in (("window", window), ("time between scores", every)):
        if not 0 < value < float("inf"):
            raise UsageError(f"The {name} is {value} s; give a number above 0.")
    encoder = classifier.encoder
    held: deque[tuple[LiveFrame, Float32]] = deque()
    due = time.monotonic() + every
    scored: LiveFrame | None = None

    def score() -> LiveScore:
        newest = held[-1][0]
        clip = ClipEmbedding(
            clip_id=source.name,
            embeddings=np.stack([row for _, row in held]),
            pts_seconds=np.array([frame.seconds for frame, _ in held]),
            end_seconds=newest.seconds + 1 / source.fps,
            model_id=encoder.model_id,
            fingerprint=encoder.fingerprint,
            provenance={
                "video": source.name,
                "fps": f"{source.fps:g}",
                "actalign": __version__,
                **revision_of(encoder),
            },
        )
        prediction = classifier.predict(
            clip, candidate_labels=candidate_labels, scripts=scripts, domain=domain
        )
        delay = time.monotonic() - newest.came
        return LiveScore(newest.seconds, prediction, delay, source.dropped, source.connections)

    connections = _Connections(source)
    while connections.more():
        waiting: deque[LiveFrame] = deque()
        batches = connections.batches(waiting)
        blocks = (
            encoder.encode_clip(batches, block=BLOCK)
            if isinstance(encoder, ClipEncoder)
            else encode_frames(encoder, batches)
        )
        for block in blocks:
            held.extend((waiting.popleft(), row) for row in block)
            while held[0][0].seconds <= held[-1][0].seconds - window:
                held.popleft()
            if time.monotonic() >= due:
                due = max(due + every, time.monotonic())
                scored = held[-1][0]
                yield score()
    if held and held[-1][0] is not scored:
        yield score()


class _Connections:
    """A source's frames as batches, one connection after another."""

    def __init__(self, source: LiveSource) -> None:
        self._source = source
        self._next: list[LiveFrame] | None = []

    def more(self) -> bool:
        """Wait for the next connection's first frames; False where there is none."""
        while self._next is not None and not self._next:
            self._next = self._source.next_frames(wait=WAIT_SECONDS, most=BATCH)
        return self._next is not None

    def batches(self, waiting: deque[LiveFrame]) -> Iterator[FrameBatch]:
        """The frames of one connection until it is lost; ``waiting`` gets each as it is given."""
        connection = self._next[0].connection if self._next else 0
        while self._next is not None:
            frames = self._next
            if frames and frames[0].connection != connection:
                return
            if frames:
                waiting.extend(frames)
                yield FrameBatch(
                    np.stack([frame.image for frame in frames]),
                    np.array([frame.seconds for frame in frames]),
                )
            self._next = self._source.next_frames(wait=WAIT_SECONDS, most=BATCH)
