"""Files of rows that `--out` names: JSON Lines, or a table with a line a clip, by the suffix."""

from __future__ import annotations

from pathlib import Path

from actalign.errors import UsageError
from actalign.files import check_writable
from actalign.output._table_files import TABLE_SUFFIXES, TableFile, check_table_format
from actalign.output._tables import CLIPS
from actalign.rows import RowWriter

JSON_LINES = (".jsonl", ".json")
SUFFIXES = (*JSON_LINES, *TABLE_SUFFIXES)


def check_row_file(path: Path) -> None:
    """Raise UsageError where rows can't be written under this name, before any work is done."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"--out is {path}; give a name that ends in {', '.join(SUFFIXES)}.")
    check_table_format(suffix)
    check_writable(path)


def row_file(path: Path | None) -> RowWriter | TableFile:
    """What writes the rows of a run to the file; without a path rows are only counted."""
    if path is None or path.suffix.lower() in JSON_LINES:
        return RowWriter(path)
    return TableFile(path, CLIPS)
