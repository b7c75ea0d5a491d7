"""Files of rows that `--out` names: JSON Lines, or tables by clip and by step, by the suffix."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from actalign.errors import UsageError
from actalign.files import check_writable
from actalign.output._table_files import TABLE_SUFFIXES, check_suffix, table_file
from actalign.output._tables import CLIPS, STEPS, SUMMARY
from actalign.output._workbooks import SHEETS, workbook
from actalign.rows import Row
from actalign.rows._files import RowWriter

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


@contextmanager
def row_file(path: Path | None) -> Iterator[Callable[[Row], None]]:
    """Gives what writes a row to the file, in the format of its suffix; without a path, nothing.

    CSV, Parquet: one line per clip, and NAME.steps with one per step of every candidate. Excel: one
    workbook. Markdown: one line per clip with fewer columns, for reading.
    """
    with ExitStack() as stack:
        writers: list[Callable[[Row], None]] = []
        if path is None:
            pass
        elif path.suffix.lower() == JSON_LINES:
            writers = [stack.enter_context(RowWriter(path)).add]
        elif path.suffix.lower() == ".xlsx":
            writers = [stack.enter_context(workbook(path, SHEETS))]
        elif path.suffix.lower() == ".md":
            writers = [stack.enter_context(table_file(path, SUMMARY))]
        else:
            both = zip(files_of_rows(path), (CLIPS, STEPS), strict=True)
            writers = [stack.enter_context(table_file(*one)) for one in both]

        def write(row: Row) -> None:
            for one in writers:
                one(row)

        yield write


def files_of_rows(path: Path) -> list[Path]:
    """The files that rows are written to: for CSV and Parquet also that of the steps, such as
    rows.steps.csv beside rows.csv."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        return [path]
    return [path, path.with_name(f"{path.stem}.steps{path.suffix}")]
