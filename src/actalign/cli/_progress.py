"""Progress of long work, with rate and time left: a bar, or a line now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actalign.cli._show import console_of, printable
from actalign.errors import counted

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


LINE_SECONDS = 10.0
"""Where there is no terminal, seconds between lines."""
SILENT_SECONDS = 5.0
"""A file that takes longer to write is named, as a workbook of some thousand clips does."""


class Progress:
    """Counts clips and frames; ``shown`` False prints nothing but what `above` is given.

    done: clips so far. encoded: those of them, and of the next one, that the caller knows to have
    been encoded; the rest were stored.
    """

    def __init__(self, console: Console, *, total: int, shown: bool) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        self._console = console
        self._results = console_of()
        self._plain = shown and not console.is_terminal
        self._total = total
        self.done = self.encoded = 0
        self._to_encode = total
        self._said = self._begun = self._last = time.monotonic()
        self._known = 0
        self._paces = {True: _Pace(), False: _Pace()}  # of clips that were encoded, and of the rest
        self._frames = self._before = 0  # in all, and those that the rate leaves out
        self._left: float | None = None
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal and total > 0),
        )
        self._task = self._bar.add_task("clips", total=total, rate="", left="")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def frames(self, clip_id: str, count: int, left: float | None = None) -> None:
        """Note that ``count`` more frames of a clip are encoded. left: frames still to be encoded
        in all clips; None if that is not known, and then no time is said."""
        self._frames += count
        self._left = left
        if time.monotonic() - self._said >= LINE_SECONDS:
            self._line(clip_id)
        if left is not None and self._total == 1:
            self._bar.update(self._task, completed=self._frames / max(1, self._frames + left))
        elapsed = time.monotonic() - self._begun
        if elapsed > 0:
            self._bar.update(
                self._task,
                description=printable(clip_id)[-30:],
                rate=f"{(self._frames - self._before) / elapsed:.0f} frames/s",
                left=self._time_left(),
            )

    def expect(self, to_encode: int) -> None:
        """Note how many of the clips to come have to be encoded."""
        self._to_encode, self._known = self.encoded + to_encode, self.encoded
        self.begin()

    def begin(self) -> None:
        """Note that the next clip begins now: loading a model, say, is no part of any clip."""
        self._last = time.monotonic()

    def clip(self, clip_id: str) -> None:
        """Note that a clip is done, well or not."""
        self.done += 1
        now = time.monotonic()
        self._paces[self.encoded > self._known].add(now - self._last)
        self._last, self._known = now, self.encoded
        if not self._frames or self.done == 1:
            # What was stored, or compiled to score the first, says nothing of the encoder's speed.
            self._begun, self._before = time.monotonic(), self._frames
        self._bar.update(self._task, completed=self.done, left=self._time_left())
        late = time.monotonic() - self._said >= LINE_SECONDS
        if late or self.done in (1, self._total):
            self._line(clip_id)

    def _line(self, clip_id: str) -> None:
        """How far the work is, where there is no bar: clips, frames a second, time left."""
        self._said = time.monotonic()
        if not self._plain or (self._total < 2 and self.done):
            return
        words = [f"[{self.done}/{self._total}] {printable(clip_id)}"]
        if self._total == 1 and self._left is not None:
            words.append(f"{self._frames} of about {self._frames + self._left:.0f} frames")
        elapsed, frames = time.monotonic() - self._begun, self._frames - self._before
        if frames and elapsed >= LINE_SECONDS:
            words.append(f"{frames / elapsed:.1f} frames/s")
        words.append(self._time_left())
        self._console.print(", ".join(filter(None, words)))

    def _time_left(self) -> str:
        """About how long the rest takes, from the frames that are left or, where none are counted,
        from the clips; empty while that can't be said."""
        if self.done >= self._total:
            return ""
        if self._frames:
            elapsed, frames = time.monotonic() - self._begun, self._frames - self._before
            left = elapsed / frames * self._left if frames and self._left is not None else None
        else:
            elapsed = sum(pace.seconds for pace in self._paces.values())
            left = self._by_clips()
        if left is None or elapsed < LINE_SECONDS:
            return ""
        return f"about {_time(left)} left"

    def _by_clips(self) -> float | None:
        """Seconds that the clips to come take, as those that were encoded or stored so far did."""
        if not self.done:
            return None
        encoded, rest = self._paces[True], self._paces[False]
        left = self._total - self.done
        if not encoded.clips:  # whether any will be is not known of every command
            return rest.seconds / rest.clips * left
        to_encode = min(left, max(0, self._to_encode - self.encoded))
        others = rest.seconds / max(1, rest.clips) * (left - to_encode)
        return encoded.seconds / encoded.clips * to_encode + others

    def above(self, result: RenderableType) -> None:
        """Print a result to stdout, above the bar."""
        if self._results.is_terminal and not self._bar.disable:
            self._bar.console.print(result)
        else:
            self._results.print(result)


@dataclass(slots=True)
class _Pace:
    """How long how many clips took."""

    seconds: float = 0.0
    clips: int = 0

    def add(self, seconds: float) -> None:
        self.seconds += seconds
        self.clips += 1


@contextmanager
def said_if_long(path: Path | None) -> Iterator[None]:
    """Say on stderr which file is being written if the block takes long; None: no file is."""

    def say() -> None:
        console_of(stderr=True).print(f"writing {printable(str(path))}")

    timer = threading.Timer(SILENT_SECONDS, say)
    timer.daemon = True
    if path is not None:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def clips_done(done: int, total: int) -> str:
    """How far a run came that was interrupted."""
    return f"{done} of {counted(total, 'clip')} {'is' if total == 1 else 'are'} done"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
