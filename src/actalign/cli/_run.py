"""The loop that classify, align, locate and encode share, written once.

Progress, each clip's notes and errors, rows to a file and to stdout, and the exit code.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from actalign.cli._progress import Progress, clips_done, said_if_long
from actalign.cli._show import ResultLines, console_of, print_json_text
from actalign.output._row_files import row_file
from actalign.program import Ended, stopped_with
from actalign.rows import Row
from actalign.rows._files import row_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from actalign.clips import ClipResult


class Run:
    """A run over clips; a context manager.

    total: how many clips. out: the file of the rows, or None. as_json: rows are printed, and
    nothing else. quiet: only results and errors are printed. lines: how rows are printed, where it
    is not as JSON. failed, rows: how many so far.
    """

    def __init__(
        self,
        total: int,
        *,
        out: Path | None = None,
        as_json: bool = False,
        quiet: bool = False,
        lines: ResultLines | None = None,
    ) -> None:
        self.failed = self.rows = 0
        self._lines = lines
        self._total = total
        self._out = out
        self.as_json = as_json
        self.silent = quiet or as_json
        self._console = console_of(stderr=True)
        self._progress = Progress(self._console, total=total, shown=not self.silent)
        self._stack = ExitStack()

    def __enter__(self) -> Run:
        self._write = self._stack.enter_context(row_file(self._out))
        self._stack.enter_context(self._progress)
        return self

    def __exit__(self, *error: object) -> None:
        with stopped_with(self._say_stopped):
            with said_if_long(None if self.silent else self._out):
                self._stack.__exit__(*error)  # type: ignore[arg-type]
            if isinstance(error[1], KeyboardInterrupt | Ended):
                raise error[1]

    def _say_stopped(self) -> None:
        done = clips_done(self._progress.done, self._total)
        unwritten = f" {self._out} is written when all are done." if self._out else ""
        self._console.print(
            f"{done}. Run the same command again to go on: what the cache or a store keeps, "
            f"also of a long clip that is not done, is not encoded again.{unwritten}"
        )

    def frames(self, clip_id: str, count: int, left: float | None = None) -> None:
        """Note that more frames of a clip are encoded, as `Progress.frames`; for `embed_videos`."""
        self._progress.frames(clip_id, count, left)

    def note(self, sentences: Iterable[str]) -> None:
        """Print remarks, unless silent."""
        for sentence in () if self.silent else sentences:
            self._console.print(sentence, style="yellow")

    def clip(self, result: ClipResult) -> None:
        """Note that a clip is done, and what came up with it."""
        error = str(result.failure.error) if result.clip is None else None
        self.clip_done(result.clip_id, result.remarks, error, last=result.last)

    def clip_done(
        self, clip_id: str, notes: Iterable[str], error: str | None, *, last: bool = True
    ) -> None:
        """Note that a clip is done, what came up with it, and why it failed if it did.

        last: no more of the same clip follows.
        """
        if last:
            self._progress.clip(clip_id)
        self.note(f"{clip_id}: {note}" for note in notes)
        if error is not None:
            self.fail(clip_id, error)

    def fail(self, clip_id: str, error: str) -> None:
        """Count a failure and print it."""
        self.failed += 1
        self._console.print(f"{clip_id}: {error}", style="red")

    def add(self, row: Row) -> None:
        """Write a row, and print it where rows are what is printed."""
        self.rows += 1
        self._write(row)
        if self.as_json:
            print_json_text(row_text(row))

    def result(self, row: Row) -> None:
        """Print what a clip shows, unless rows are printed instead."""
        if self._lines and row["candidates"]:
            self.show(self._lines.of(row))

    def row(self, row: Row, *, first: bool) -> None:
        """As `clip` and `add`, for a clip of which there are rows only, one or more.

        first: the first of its rows, with which the clip is done and its warnings are printed.
        """
        if first:
            self._progress.clip(row["clip"])
            self.note(f"{row['clip']}: {warning}" for warning in row.get("warnings", ()))
        if row["status"] != "ok":
            self.fail(row["clip"], row["error"] or "")
        self.add(row)

    def show(self, result: RenderableType) -> None:
        """Print a result, unless rows are printed instead."""
        if not self.as_json:
            self._progress.above(result)

    def end(self, *lines: str) -> NoReturn:
        """Print closing lines, unless silent; exit with 1 where something failed, else 0."""
        if not self.silent:
            counts = self._lines.summary() if self._lines else ""
            for line in (counts, *lines) if counts else lines:
                self._console.print(line)
        raise typer.Exit(1 if self.failed else 0)
