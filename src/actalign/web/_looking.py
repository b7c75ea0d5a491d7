"""Reads frames for the page, outside the queue of jobs, one request at a time per decoder.

A preview takes as long as its video, so it has its own decoder: frames and uploads don't wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from actalign.errors import ActAlignError, VideoError
from actalign.types import UInt8
from actalign.video._worker import DecodeProcess

DECODE_SECONDS = 60.0
"""A decoder that returns nothing for this long is stopped."""


class Looker:
    """A decoding process that threads use one at a time, until it is closed."""

    def __init__(self) -> None:
        self._decoder = DecodeProcess(silent_seconds=DECODE_SECONDS)
        self._lock = threading.Lock()
        self._closing = threading.Event()

    @contextmanager
    def decoder(self) -> Iterator[DecodeProcess]:
        """The process, once no other thread is using it; raises VideoError after `close`."""
        with self._lock:
            if self._closing.is_set():
                raise VideoError("The server is shutting down, so videos are no longer read.")
            yield self._decoder

    def look(self, path: Path, **options: Any) -> tuple[float, UInt8]:
        """A file's duration in seconds, and chosen frames of it; see `sample_frames`."""
        with self.decoder() as decoder:
            stream = decoder.sample_frames(path, **options)
            frames = np.concatenate([batch.frames for batch in stream])
        return float(stream.info.end_seconds), frames

    def close(self) -> None:
        """Stop any reading and end the process; can't be undone."""
        self._closing.set()
        while not self._lock.acquire(timeout=0.02):
            self._decoder.interrupt()
        self._decoder.close()
        self._lock.release()


@contextmanager
def called(name: str, path: Path) -> Iterator[None]:
    """Make errors show a clip's name instead of its path, which is private to the server."""
    try:
        yield
    except ActAlignError as error:
        raise type(error)(str(error).replace(str(path), name)) from error
