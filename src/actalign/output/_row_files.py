"""Files of rows that `--out` names: JSON Lines, or tables by clip and by step, by the suffix."""

from __future__ import annotations

from codecs import BOM_UTF8
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from actalign.errors import UsageError
from actalign.files import check_writable
from actalign.output._table_files import TABLE_SUFFIXES, TableFile, check_suffix
from actalign.output._tables import CLIPS, STEPS, SUMMARY
from actalign.output._workbooks import SHEETS, WorkbookFile
from actalign.rows import Row, RowWriter

JSON_LINES = ".jsonl"
SUFFIXES = (JSON_LINES, *TABLE_SUFFIXES)


def check_row_file(path: Path) -> None:
    """Raise UsageError if rows can't be written under this name, before any work is done."""
    check_suffix(path, SUFFIXES)
    for file in files_of_rows(path):
        check_writable(file)
    if path.is_file() and not _may_be_replaced(path):
        raise UsageError(
            f"--out is {path}, which holds something other than results and would be lost; name "
            "another file to write."
        )


def _may_be_replaced(path: Path) -> bool:
    """Whether a file is empty or begins like results of its suffix; for JSON also if it is not
    JSON, since it may hold damaged results."""
    begins = {".csv": b"clip,", ".md": b"| clip |", ".parquet": b"PAR1", ".xlsx": b"PK"}
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(BOM_UTF8).lstrip()
    if path.suffix.lower() == JSON_LINES:
        return head.startswith(b'{"schema_version"') or not head.startswith((b"{", b"["))
    return not head or head.startswith(begins[path.suffix.lower()])


def row_file(path: Path | None) -> RowWriter | ClipTables:
    """A writer of a run's rows to the file; without a path rows are only counted."""
    if path is None or path.suffix.lower() == JSON_LINES:
        return RowWriter(path)
    return ClipTables(path)


class ClipTables:
    """Tables of rows, in the format of the suffix; a context manager.

    CSV, Parquet: one line per clip, and NAME.steps with one per step of every candidate. Excel: one
    workbook. Markdown: one line per clip with fewer columns, for reading. files: the paths.
    """

    def __init__(self, path: Path) -> None:
        self.files = files_of_rows(path)
        self._tables: list[TableFile | WorkbookFile]
        if path.suffix.lower() == ".xlsx":
            self._tables = [WorkbookFile(path, SHEETS)]
        elif path.suffix.lower() == ".md":
            self._tables = [TableFile(path, SUMMARY)]
        else:
            self._tables = [*map(TableFile, self.files, (CLIPS, STEPS))]
        self._stack = ExitStack()

    @property
    def count(self) -> int:
        """Rows so far."""
        return self._tables[0].count

    def __enter__(self) -> ClipTables:
        for table in self._tables:
            self._stack.enter_context(table)
        return self

    def add(self, row: Row) -> None:
        """Write the lines of one row."""
        for table in self._tables:
            table.add(row)

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)


def files_of_rows(path: Path) -> list[Path]:
    """The files that rows are written to: for CSV and Parquet also that of the steps, such as
    rows.steps.csv beside rows.csv."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        return [path]
    return [path, path.with_name(f"{path.stem}.steps{path.suffix}")]
