"""What the explorer keeps: its limits, clips, jobs and results."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from actalign.errors import ActAlignError, UsageError
from actalign.rows._fields import BoxRow
from actalign.rows._people import people_fields
from actalign.types import ClipEmbedding, Prediction
from actalign.web._asked import Asked
from actalign.web._truth import Truth


class QueueFull(ActAlignError):
    """The bounded queue of jobs is full."""


class NotFound(ActAlignError):
    """No clip, job or result has the requested id, or a clip's file is gone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest upload in bytes, longest clip in seconds, most waiting jobs, most uploads kept.

    kept_bytes: of all uploads together. silent_seconds: an upload that receives almost nothing for
    this long is abandoned.
    """

    upload_bytes: int = 500_000_000
    seconds: float = 600.0
    queued: int = 8
    uploads: int = 200
    kept_bytes: int = 20_000_000_000
    silent_seconds: float = 30.0


@dataclass(slots=True)
class Clip:
    """A video that can be aligned: shipped with the package, uploaded, or in the served folder; or
    one of several people in it.

    seconds: 0 if not known yet. result: its newest one. error: why its last job or scoring failed.
    people: the ids of the people in it, if there are several; then it has no embedding itself.
    whole: for one of these people, the video's clip.
    """

    id: str
    name: str
    path: Path
    seconds: float
    uploaded: bool
    embedding: ClipEmbedding | None = None
    result: str | None = None
    error: str | None = None
    truth: Truth | None = None
    people: tuple[str, ...] = ()
    whole: Clip | None = None

    @property
    def video(self) -> Clip:
        """The clip of the whole video."""
        return self.whole or self

    def encoded(self) -> ClipEmbedding:
        """Its embedding; raises UsageError if it has none."""
        if self.people:
            raise UsageError(
                f"{self.name} shows {len(self.people)} people, each of whom has separate results; "
                f"name one: {', '.join(self.people)}."
            )
        if self.embedding is None:
            raise UsageError("This clip is not encoded yet; align it first.")
        return self.embedding

    @property
    def boxes(self) -> list[BoxRow]:
        """Where the followed person is over time, if known."""
        known = {} if self.embedding is None else people_fields(self.embedding.provenance)[0]
        found: list[BoxRow] = known.get("boxes", [])
        return found


@dataclass(frozen=True, slots=True)
class Result:
    """The result for a clip, whose file may be gone, and what was asked."""

    prediction: Prediction
    clip: Clip
    asked: Asked


@dataclass(slots=True)
class Job:
    """One request to encode and align; state: queued, running, done, failed or cancelled.

    results: the ids of its results, one for each person if there are several.
    """

    id: str
    clip: Clip
    asked: Asked
    frames_total: int
    state: str = "queued"
    frames_done: int = 0
    error: str | None = None
    results: list[str] = field(default_factory=list)
    cancel: threading.Event = field(default_factory=threading.Event)

    @property
    def open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("queued", "running")

    def fail(self, error: str) -> None:
        """End it, and say why of the clip too."""
        self.error = self.clip.error = error
        self.state = "failed"
