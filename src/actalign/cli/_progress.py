"""Progress of long work: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class Progress:
    """Counts clips and frames; ``shown`` False prints nothing but what `above` is given."""

    def __init__(self, console: Console, *, total: int, shown: bool) -> None:
        from rich.console import Console as RichConsole
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar

        self._console = console
        self._results = RichConsole(highlight=False, soft_wrap=True)
        self._plain = shown and not console.is_terminal
        self._total = total
        self._done = 0
        self._frames = 0
        self._bar = Bar(
            TextColumn("{task.description}"),
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def frames(self, clip_id: str, count: int) -> None:
        """Note that ``count`` more frames of a clip are encoded."""
        self._frames += count
        elapsed = self._bar.tasks[0].elapsed or 0.0
        if elapsed > 0:
            self._bar.update(
                self._task, description=clip_id[-30:], rate=f"{self._frames / elapsed:.0f} frames/s"
            )

    def clip(self, clip_id: str) -> None:
        """Note that a clip is done, well or not."""
        self._done += 1
        self._bar.advance(self._task)
        if self._plain and self._total > 1:
            self._console.print(f"[{self._done}/{self._total}] {clip_id}", markup=False)

    def above(self, result: RenderableType) -> None:
        """Print a result to stdout, above the bar."""
        if self._results.is_terminal and not self._bar.disable:
            self._bar.console.print(result)
        else:
            self._results.print(result)
