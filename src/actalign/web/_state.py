"""What the explorer keeps: its limits, clips and jobs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from actalign.types import ClipEmbedding, Script
from actalign.web._truth import Truth


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest upload in bytes, longest clip in seconds, most waiting jobs, most uploads kept.

    kept_bytes: of all uploads together. silent_seconds: an upload that brings almost nothing for so
    long is given up.
    """

    upload_bytes: int = 500_000_000
    seconds: float = 600.0
    queued: int = 8
    uploads: int = 200
    kept_bytes: int = 20_000_000_000
    silent_seconds: float = 30.0


@dataclass(slots=True)
class Clip:
    """A video that can be aligned: shipped with the package, uploaded, or of the served folder.

    seconds: 0 where it is not known yet. result: its newest one. error: why its last job failed.
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


@dataclass(frozen=True, slots=True)
class Asked:
    """The candidates of a request: all labels, and a script of each that has steps."""

    labels: list[str]
    scripts: list[Script]
    domain: str | None


@dataclass(slots=True)
class Job:
    """One request to encode and align; state: queued, running, done, failed or cancelled."""

    id: str
    clip: Clip
    asked: Asked
    frames_total: int
    state: str = "queued"
    frames_done: int = 0
    error: str | None = None
    result: str | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
