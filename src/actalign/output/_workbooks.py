"""Rows as an Excel workbook for reading: a sheet of clips, one of repetitions, one of steps.

The lines are kept in temporary files until the last one, since only then is it known which columns
are empty and how wide the others are, and a sheet of Excel begins with both.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any

from rich.cells import cell_len

from actalign.documents import UNWRITABLE
from actalign.errors import ActAlignError, UsageError, reason_of
from actalign.files import NO_ROOM, writing
from actalign.output._tables import CLIPS, STEPS, Cell, Table
from actalign.rows import Row
from actalign.rows._facts import action_span, has_action

SHEET_LINES = 1_048_576
"""The lines of a sheet in Excel, the header's included."""
MOST_WIDE = 60
"""The widest that a column is made, in characters."""
BUTTON = 4
"""The width of the filter's button beside a column's name, in characters."""
SECONDS = "0.00", ".2f"
NUMBERS = {
    "confidence": ("0.0%", ".1%"),
    **dict.fromkeys(("start_seconds", "end_seconds"), SECONDS),
    **dict.fromkeys(("action_start_seconds", "action_end_seconds"), SECONDS),
}
"""How a column's fractions are shown, for Excel and for Python; the cells hold them in full."""
OTHER_NUMBERS = "0.0000", ".4f"


def _clip_lines(row: Row) -> Iterator[dict[str, Cell]]:
    start, end = action_span(row) or (None, None)
    for line in CLIPS.records(row):
        line["warnings"] = line["warnings"] or None
        yield line | {"action_start_seconds": start, "action_end_seconds": end}


def _repetition_lines(row: Row) -> Iterator[dict[str, Cell]]:
    if not has_action(row):
        return
    best = row["candidates"][0]
    of_clip: dict[str, Any] = {name: row.get(name) for name in ("confidence", "video", "scorer")}
    of_clip |= {"clip": row["clip"], "label": best["label"], "person": row.get("person")}
    for number, one in enumerate(best.get("repetitions", ()), start=1):
        times = {name: one[name] for name in ("start_seconds", "end_seconds")}
        yield of_clip | {
            "repetition": number,
            "partial": "yes" if "partial_steps" in one else None,
            **times,
        }


def _step_lines(row: Row) -> Iterator[dict[str, Cell]]:
    return (one for one in STEPS.records(row) if one.get("answer") and one.get("step") is not None)


def _columns(table: Table, *first: str, without: tuple[str, ...] = ()) -> dict[str, type]:
    """A table's columns in another order; first: may name new ones, which hold fractions."""
    every: dict[str, type] = {**dict.fromkeys(first, float), **table.columns}
    return {name: kind for name, kind in every.items() if name not in without}


SHEETS = {
    "Clips": Table(
        _columns(
            CLIPS, "clip", "label", "confidence", "margin", "second_label",
            "action_start_seconds", "action_end_seconds", "repetitions", "partial_repetitions",
            "warnings", "error", "target", "score", "second_score",
        ),
        _clip_lines,
    ),
    "Repetitions": Table(
        {
            "clip": str,
            "label": str,
            "repetition": int,
            "start_seconds": float,
            "end_seconds": float,
            "partial": str,
            "confidence": float,
            "person": int,
            "video": str,
            "scorer": str,
        },
        _repetition_lines,
    ),
    "Steps": Table(
        _columns(
            STEPS, "clip", "label", "repetition", "step_number", "step", "start_seconds",
            "end_seconds", "affinity", "partial", "confidence", "score",
            without=("status", "error", "rank", "answer", "none"),
        ),
        _step_lines,
    ),
}  # fmt: skip
"""The sheets of a workbook of rows. Repetitions and steps are those of the answers only, so that
all that Steps lacks of STEPS is the same in every line."""


@contextmanager
def workbook(path: Path, tables: Mapping[str, Table]) -> Iterator[Callable[[Row], None]]:
    """Writes an Excel workbook, see `sheets`: gives what writes the lines of a row into each sheet.

    tables: the table of each sheet, by its name.
    """
    with sheets(path, {name: table.columns for name, table in tables.items()}) as kept:

        def write(row: Row) -> None:
            for name, table in tables.items():
                for record in table.records(row):
                    kept[name].keep(record)

        yield write


@contextmanager
def sheets(path: Path, columns: Mapping[str, Mapping[str, type]]) -> Iterator[dict[str, Sheet]]:
    """Writes the sheets that it gives, by name, as an Excel workbook, atomically.

    columns: those of each sheet. The first sheet is always there, the others if they have lines. A
    column that is empty in every line is left out. Raises UsageError if openpyxl is missing,
    ActAlignError if the file can't be written.
    """
    openpyxl()
    try:
        with ExitStack() as stack:
            kept = {
                name: Sheet(name, of, stack.enter_context(TemporaryFile("w+", encoding="ascii")))
                for name, of in columns.items()
            }
            file = stack.enter_context(writing(path))
            yield kept
            book = openpyxl().Workbook(write_only=True)
            first, *others = kept.values()
            with _ended(book):
                for sheet in (first, *(other for other in others if other.lines)):
                    sheet.write_to(book)
                # Not to the file itself: on a full disk half a workbook would warn when
                # garbage-collected.
                with TemporaryFile() as whole:
                    book.save(whole)
                    whole.seek(0)
                    shutil.copyfileobj(whole, file)
    except OSError as error:  # of a temporary file, also when it is closed
        if error.errno not in NO_ROOM:
            raise
        raise ActAlignError(
            f"{path} can't be written: {reason_of(error)} (in the folder of temporary files, "
            f"{gettempdir()}); free space there, or name another folder in TMPDIR."
        ) from error


@contextmanager
def _ended(book: Any) -> Iterator[None]:
    """End the streams of a workbook's sheets after an error: those left open print a traceback when
    they are garbage-collected. Raises OSError for a disk error of lxml too, which openpyxl uses
    where it is installed."""
    try:
        yield
    except BaseException as error:
        for sheet in book.worksheets:
            with suppress(Exception):  # the same error once more, or nothing was written
                sheet._writer.xf.close()
        if type(error).__name__ != "SerialisationError":
            raise
        code = getattr(errno, str(error).removeprefix("IO_"), errno.EIO)
        raise OSError(code, os.strerror(code)) from error


class Sheet:
    """A sheet's lines, kept as lines of JSON in a temporary file until they are written.

    lines: how many.
    """

    def __init__(self, name: str, columns: Mapping[str, type], kept: IO[str]) -> None:
        self.lines = 0
        self._name = name
        self._columns = columns
        self._kept = kept
        self._widths: dict[str, int] = {}

    def keep(self, record: dict[str, Cell]) -> None:
        """Write one line."""
        self.lines += 1
        line = {name: one for name in self._columns if (one := record.get(name)) is not None}
        for name, value in line.items():
            self._widths[name] = max(
                self._widths.get(name, 0), _width(name, self._columns[name], value)
            )
        self._kept.write(json.dumps(line) + "\n")

    def write_to(self, book: Any) -> None:
        """Add the sheet to a workbook, and further ones where it is full."""
        columns = [name for name in self._columns if name in self._widths] or [*self._columns]
        self._kept.seek(0)
        for number, begin in enumerate(range(0, max(self.lines, 1), SHEET_LINES - 1), start=1):
            sheet = book.create_sheet(self._name if number == 1 else f"{self._name} {number}")
            count = min(self.lines - begin, SHEET_LINES - 1)
            self._head(sheet, columns, count)
            cells = {name: _cell(sheet, name, self._columns[name]) for name in columns}
            for line in islice(self._kept, count):
                found = json.loads(line)
                sheet.append([_filled(cells[name], found.get(name)) for name in columns])

    def _head(self, sheet: Any, columns: list[str], count: int) -> None:
        """The row of names; all that a sheet says of its columns comes before its first row."""
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter

        letters = [get_column_letter(number) for number in range(1, len(columns) + 1)]
        for letter, name in zip(letters, columns, strict=True):
            width = max(len(name) + BUTTON, self._widths.get(name, 0) + 1)
            sheet.column_dimensions[letter].width = min(width, MOST_WIDE)
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = f"A1:{letters[-1]}{count + 1}"
        names = [WriteOnlyCell(sheet, name) for name in columns]
        for cell in names:
            cell.font = Font(bold=True)
        sheet.append(names)


def _width(name: str, kind: type, value: str | int | float) -> int:
    """The characters that a cell of a column takes."""
    if kind is float:
        return len(format(value, NUMBERS.get(name, OTHER_NUMBERS)[1]))
    return cell_len(str(value)[:MOST_WIDE])


def _cell(sheet: Any, name: str, kind: type) -> Any:
    """A cell of a column, to be filled for each line in turn: to format new ones takes long."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet)
    if kind is float:
        cell.number_format = NUMBERS.get(name, OTHER_NUMBERS)[0]
    return cell


def _filled(cell: Any, value: Cell) -> Any:
    """The cell with a value; None leaves it empty."""
    if value is None:
        return None
    if isinstance(value, str):
        cell.value = UNWRITABLE.sub("", value)
        cell.data_type = "s"  # text, even if it looks like a formula
    else:
        cell.value = value
    return cell


def openpyxl() -> Any:
    """The module openpyxl; raises UsageError if it is not installed."""
    try:
        import openpyxl
    except ImportError as error:
        raise UsageError(
            f"Workbooks need openpyxl ({error}); run `pip install 'actalign[xlsx]'`, or write "
            "a .csv file."
        ) from error
    return openpyxl
