"""Tables in files, written one row at a time: CSV, Parquet or Markdown.

Text is written so that no spreadsheet takes it for a formula. The suffix says which file it is.
Workbooks are in `_workbooks`.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

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


@contextmanager
def table_file(path: Path, table: Table) -> Iterator[Callable[[Row], None]]:
    """Writes rows as lines of a table, atomically: gives what writes the lines of one row.

    Raises UsageError if the format's package is missing, ActAlignError if the file can't be
    written.
    """
    with writing(path) as file, WRITERS[path.suffix.lower()](file, table) as write:
        yield write


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


def _lines_of(row: Row, table: Table) -> Iterator[list[Cell]]:
    """The cells of each of the row's lines, in the table's order."""
    for record in table.records(row):
        yield [record.get(name) for name in table.columns]


@contextmanager
def csv_lines(file: BinaryIO, table: Table) -> Iterator[Callable[[Row], None]]:
    """Comma-separated values (RFC 4180) in UTF-8, with a header line.

    A byte-order mark says so; without it Excel reads the text in the machine's old code page.
    """
    file.write(codecs.BOM_UTF8)
    text = codecs.getwriter("utf-8")(file)
    lines = csv.writer(text)
    lines.writerow(table.columns)

    def write(row: Row) -> None:
        lines.writerows(map(_no_formula, line) for line in _lines_of(row, table))

    yield write


def _no_formula(cell: Cell) -> Cell:
    """A cell that no spreadsheet runs: an apostrophe in front marks it as text."""
    if isinstance(cell, str) and cell.lstrip().startswith(FORMULA_SIGNS):
        return f"'{cell}"
    return cell


@contextmanager
def _markdown_lines(file: BinaryIO, table: Table) -> Iterator[Callable[[Row], None]]:
    """A table of GitHub Flavored Markdown; numbers have four significant digits."""

    def line(cells: Iterable[str]) -> None:
        file.write(f"| {' | '.join(cells)} |\n".encode())

    def write(row: Row) -> None:
        for cells in _lines_of(row, table):
            line(map(_markdown, cells))

    line(map(_markdown, table.columns))
    line("---:" if kind is not str else "---" for kind in table.columns.values())
    yield write


def _markdown(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    text = "" if cell is None else one_line(cell)
    return re.sub(r"([\\|<>`*_\[\]])", r"\\\1", text)


@contextmanager
def _parquet_lines(file: BinaryIO, table: Table) -> Iterator[Callable[[Row], None]]:
    """One Parquet table."""
    pa, pq = pyarrow()
    types = {str: pa.string(), int: pa.int32(), float: pa.float64()}
    schema = pa.schema([(name, types[kind]) for name, kind in table.columns.items()])
    batch: list[dict[str, Cell]] = []

    def flush() -> None:
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))
        batch.clear()

    def write(row: Row) -> None:
        for record in table.records(row):
            batch.append(record)
            if len(batch) == BATCH:
                flush()

    writer = pq.ParquetWriter(file, schema)
    try:
        yield write
        flush()
    except BaseException:
        with suppress(Exception):  # it would warn when it is garbage-collected
            writer.close()
        raise
    writer.close()


WRITERS = {".csv": csv_lines, ".parquet": _parquet_lines, ".md": _markdown_lines}
