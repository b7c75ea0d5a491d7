"""Reads and writes rows as lines of JSON, and makes their JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from actalign.arguments import as_path, check_listed
from actalign.documents import escaped, parse_json, read_lines
from actalign.errors import ActAlignError, UsageError, first_fault, reason_of
from actalign.files import file_named, is_there, writing
from actalign.rows._fields import CheckedRow, Row
from actalign.rows._made import escaped_in


@cache
def _adapter() -> TypeAdapter[Row]:
    return TypeAdapter(CheckedRow)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a row (draft 2020-12)."""
    schema = _adapter().json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def row_text(row: Row) -> str:
    """A row as one line of JSON; raises ActAlignError for values that JSON lacks, such as NaN."""
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False, default=_number)
        text.encode()
    except UnicodeEncodeError:  # a file name whose bytes are not text
        return row_text(escaped_in(row))
    except (TypeError, ValueError) as error:
        what = error if isinstance(error, TypeError) else "NaN or infinity"
        raise ActAlignError(
            f"The row of {row.get('clip')!r} contains {what}, which JSON can't represent."
        ) from error
    return text


def _number(value: object) -> object:
    """A NumPy number as a value for JSON."""
    if not isinstance(value, np.generic):
        raise TypeError(f"{type(value).__name__} {value!r}")
    return value.item()


def _fault(row: object) -> str | None:
    """Which field of the row is wrong, and why."""
    try:
        _adapter().validate_python(row)
    except ValidationError as error:
        return ": ".join(filter(None, first_fault(error)))
    return None


def parse_row(line: str | bytes, where: str, *, verb: str = "classify") -> Row:
    """One line of JSON as a row; rows from versions without `clip` and `label` get them from
    `doc_id` and `filtered_resps`.

    Fields that this version doesn't know are left as they are. Raises UsageError, which names
    ``where``, the field and what is wrong, and the verb that writes such files.
    """
    try:
        row = escaped_in(parse_json(line))  # earlier versions wrote names that are not text
        if isinstance(row, dict) and "doc_id" in row:
            row.setdefault("clip", row["doc_id"])
        if isinstance(row, dict) and "filtered_resps" in row:
            row.setdefault("label", next(iter(row["filtered_resps"]), None))
        fault = _fault(row)
    except (ValueError, TypeError) as error:
        fault = str(error)
    if fault is not None:
        raise UsageError(
            f"{where} is not a prediction ({fault}); "
            f"give a .jsonl file that `actalign {verb} --out` wrote."
        )
    found: Row = row
    return found


class RowFile:
    """The rows of a predictions.jsonl, read one by one on each iteration.

    find_videos: a video's path that doesn't exist in the working folder, but does in the folder of
    the predictions, is taken from there. verb: the command that writes such files. Raises
    UsageError, which names the file and the line.
    """

    def __init__(
        self, path: str | Path, *, find_videos: bool = False, verb: str = "classify"
    ) -> None:
        self._path = as_path(path, "file of predictions")
        self._find_videos = find_videos
        self._verb = verb

    def __iter__(self) -> Iterator[Row]:
        try:
            for number, line in enumerate(read_lines(self._path), start=1):
                if line.strip():
                    row = parse_row(line, f"{self._path}, line {number}", verb=self._verb)
                    yield self._found(row) if self._find_videos else row
        except (OSError, ValueError) as error:
            what = f"The predictions {self._path} can't be read: {reason_of(error)}"
            if isinstance(error, ValueError):  # such as a workbook, which is no text
                what += f"; give a .jsonl file that `actalign {self._verb} --out` wrote"
            raise UsageError(f"{what}.") from error

    def _found(self, row: Row) -> Row:
        video = row.get("video")
        if not video or is_there(file_named(video)):
            return row
        beside = str(self._path.parent.resolve() / video)
        return {**row, "video": escaped(beside)} if is_there(file_named(beside)) else row


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a predictions.jsonl; raises UsageError, which names the file and the line."""
    return list(RowFile(path))


class RowWriter:
    """Writes JSON Lines one by one, so that only one row is in memory; a context manager.

    The file gets its name if all goes well; otherwise nothing is left behind. Without a path, rows
    are only counted. Raises ActAlignError if the file can't be written.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.count = 0
        self._writing = nullcontext() if path is None else writing(path)

    def __enter__(self) -> RowWriter:
        self._file = self._writing.__enter__()
        return self

    def add(self, row: Row) -> None:
        """Write one row."""
        self.count += 1
        if self._file is not None:
            self._file.write(row_text(row).encode() + b"\n")

    def __exit__(self, *error: Any) -> None:
        self._writing.__exit__(*error)


def write_rows(rows: Iterable[Row], path: str | Path) -> None:
    """Write JSON Lines to ``path``, all or nothing; see `RowWriter`.

    Raises UsageError for something that is not a row.
    """
    check_listed(rows, "rows")
    with RowWriter(as_path(path, "file of predictions")) as writer:
        for number, row in enumerate(rows, start=1):
            if fault := _fault(row):
                raise UsageError(f"Row {number} is not a prediction ({fault}); see `json_schema`.")
            writer.add(row)
