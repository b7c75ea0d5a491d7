"""Progress of long work, with rate and time left: a bar, or a line now and then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actalign.cli._show import console_of, printable
from actalign.errors import counted

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


LINE_SECONDS = 10.0
"""Where there is no terminal, seconds between lines."""


class Progress:
    """Counts clips and frames; ``shown`` False prints nothing but what `above` is given."""

    def __init__(self, console: Console, *, total: int, shown: bool) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._console = console
        self._results = console_of()
        self._plain = shown and not console.is_terminal
        self._total = total
        self.done = 0
        self._said = time.monotonic()
        self._frames = 0
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal and total > 0),
        )
        self._task = self._bar.add_task("clips", total=total, rate="")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def frames(self, clip_id: str, count: int, total: int | None = None) -> None:
        """Note that ``count`` more frames of a clip are encoded. total: about how many the clip
        has, where it is the only one."""
        self._frames += count
        if time.monotonic() - self._said >= LINE_SECONDS:
            self._line(clip_id, total)
        if total:
            self._bar.update(self._task, completed=min(self._frames / total, 1.0))
        elapsed = self._bar.tasks[0].elapsed or 0.0
        if elapsed > 0:
            self._bar.update(
                self._task,
                description=printable(clip_id)[-30:],
                rate=f"{self._frames / elapsed:.0f} frames/s",
            )

    def clip(self, clip_id: str) -> None:
        """Note that a clip is done, well or not."""
        self.done += 1
        self._bar.update(self._task, completed=self.done)
        late = time.monotonic() - self._said >= LINE_SECONDS
        if late or self.done in (1, self._total):
            self._line(clip_id)

    def _line(self, clip_id: str, total: int | None = None) -> None:
        """How far the work is, where there is no bar: clips, frames a second, time left.

        total: the frames of the only clip.
        """
        self._said = time.monotonic()
        if not self._plain or (self._total < 2 and self.done):
            return
        words = [f"[{self.done}/{self._total}] {printable(clip_id)}"]
        elapsed = self._bar.tasks[0].elapsed or 0.0
        if total:
            words.append(f"{self._frames} of about {total} frames")
        if self._frames and elapsed >= LINE_SECONDS:
            words.append(f"{self._frames / elapsed:.1f} frames/s")
        if total and self._frames:
            left = elapsed / self._frames * max(0, total - self._frames)
            words.append(f"about {_time(left)} left")
        if 0 < self.done < self._total and elapsed >= LINE_SECONDS:
            left = elapsed / self.done * (self._total - self.done)
            words.append(f"about {_time(left)} left")
        self._console.print(", ".join(words))

    def above(self, result: RenderableType) -> None:
        """Print a result to stdout, above the bar."""
        if self._results.is_terminal and not self._bar.disable:
            self._bar.console.print(result)
        else:
            self._results.print(result)


def clips_done(done: int, total: int) -> str:
    """How far a run came that was interrupted."""
    return f"{done} of {counted(total, 'clip')} {'is' if total == 1 else 'are'} done"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
