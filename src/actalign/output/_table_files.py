"""Tables in files, written one row at a time: CSV, Parquet or Markdown.

Text is written so that no spreadsheet takes it for a formula. The suffix says which file it is.
Workbooks are in `_workbooks`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from actalign.documents import one_line
from actalign.errors import UsageError
from actalign.files import pyarrow, writing
from actalign.output._tables import Cell, Table
from actalign.output._workbooks import openpyxl
from actalign.rows import Row

FORMULA_SIGNS = tuple("=+-@＝＋－＠")
"""First characters of cells that a spreadsheet runs when it opens comma-separated values."""
TABLE_SUFFIXES = (".csv", ".parquet", ".xlsx", ".md")
BATCH = 1000


class _Writer(Protocol):
    def write(self, record: list[Cell]) -> None: ...

    def end(self) -> None: ...


class TableFile:
    """Writes rows as lines of a table, atomically; a context manager.

    count: rows so far. Raises UsageError if the format's package is missing, ActAlignError if the
    file can't be written.
    """

    def __init__(self, path: Path, table: Table) -> None:
        self.count = 0
        self._path = path
        self._table = table
        self._stack = ExitStack()

    def __enter__(self) -> TableFile:
        file = self._stack.enter_context(writing(self._path))
        self._writer: _Writer = _WRITERS[self._path.suffix.lower()](file, self._table)
        self._stack.push(self._end)
        return self

    def add(self, row: Row) -> None:
        """Write the lines of one row."""
        self.count += 1
        for record in self._table.records(row):
            self._writer.write([record.get(name) for name in self._table.columns])

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def _end(self, kind: type[BaseException] | None, *_: object) -> None:
        # Also after an error, since a half-written table would warn when it is garbage-collected.
        with suppress(Exception) if kind else nullcontext():
            self._writer.end()


def check_table_format(suffix: str) -> None:
    """Raise UsageError if the package that writes such files is missing."""
    if suffix == ".parquet":
        pyarrow()
    elif suffix == ".xlsx":
        openpyxl()


def check_suffix(path: Path, suffixes: Sequence[str]) -> None:
    """Raise UsageError where --out has no such suffix, or as `check_table_format`."""
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"--out is {path}; give a name that ends in {', '.join(suffixes)}.")
    check_table_format(path.suffix.lower())


class _Csv:
    """Comma-separated values (RFC 4180) in UTF-8, with a header line.

    A byte-order mark says so; without it Excel reads the text in the machine's old code page.
    """

    def __init__(self, file: BinaryIO, table: Table) -> None:
        self._file = file
        self._file.write(codecs.BOM_UTF8)
        self._line = io.StringIO(newline="")
        self._lines = csv.writer(self._line)
        self.write(list(table.columns))

    def write(self, record: list[Cell]) -> None:
        self._lines.writerow([_no_formula(cell) for cell in record])
        self._file.write(self._line.getvalue().encode())
        self._line.seek(0)
        self._line.truncate()

    def end(self) -> None:
        """Nothing is left to write."""


def _no_formula(cell: Cell) -> Cell:
    """A cell that no spreadsheet runs: an apostrophe in front marks it as text."""
    if isinstance(cell, str) and cell.lstrip().startswith(FORMULA_SIGNS):
        return f"'{cell}"
    return cell


class _Markdown:
    """A table of GitHub Flavored Markdown; numbers have four significant digits."""

    def __init__(self, file: BinaryIO, table: Table) -> None:
        self._file = file
        self.write(list(table.columns))
        self._line("---:" if kind is not str else "---" for kind in table.columns.values())

    def write(self, record: list[Cell]) -> None:
        self._line(map(_markdown, record))

    def end(self) -> None:
        """Nothing is left to write."""

    def _line(self, cells: Iterable[str]) -> None:
        self._file.write(f"| {' | '.join(cells)} |\n".encode())


def _markdown(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    text = "" if cell is None else one_line(cell)
    return re.sub(r"([\\|<>`*_\[\]])", r"\\\1", text)


class _Parquet:
    """One Parquet table."""

    def __init__(self, file: BinaryIO, table: Table) -> None:
        self._pa, pq = pyarrow()
        types = {str: self._pa.string(), int: self._pa.int32(), float: self._pa.float64()}
        self._schema = self._pa.schema([(n, types[kind]) for n, kind in table.columns.items()])
        self._writer = pq.ParquetWriter(file, self._schema)
        self._batch: list[list[Cell]] = []

    def write(self, record: list[Cell]) -> None:
        self._batch.append(record)
        if len(self._batch) == BATCH:
            self._flush()

    def end(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        columns = zip(*self._batch, strict=True) if self._batch else ([] for _ in self._schema)
        arrays = [
            self._pa.array(list(column), type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._pa.Table.from_arrays(arrays, schema=self._schema))
        self._batch = []


_WRITERS: dict[str, Callable[[BinaryIO, Table], _Writer]] = {
    ".csv": _Csv, ".parquet": _Parquet, ".md": _Markdown
}  # fmt: skip
