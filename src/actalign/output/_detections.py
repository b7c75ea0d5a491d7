"""Detections of `locate` as files: JSON Lines, captions or a table; the suffix says which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from actalign.errors import UsageError
from actalign.files import check_writable, write_text
from actalign.output._captions import detections_vtt
from actalign.output._events import by_video
from actalign.output._table_files import TABLE_SUFFIXES, check_suffix, table_file
from actalign.output._tables import DETECTIONS
from actalign.output._workbooks import workbook
from actalign.rows import Row, write_rows

SUFFIXES = (".jsonl", ".vtt", *TABLE_SUFFIXES)


def check_out(path: Path, *, videos: int) -> None:
    """Raise UsageError if detections can't be written under this name."""
    check_suffix(path, SUFFIXES)
    if path.suffix.lower() == ".vtt" and videos > 1:
        raise UsageError(
            f"{path} can hold the captions of only one video, and there are {videos}; give --out "
            "another suffix, or one video."
        )
    check_writable(path)


def write_detections(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows of `Detection.to_row` atomically, in the format of the suffix."""
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        write_rows(rows, path)
    elif suffix == ".vtt":
        write_text(path, detections_vtt([one for video in by_video(rows) for one in video.events]))
    else:
        tables = {"Detections": DETECTIONS}
        file = workbook(path, tables) if suffix == ".xlsx" else table_file(path, DETECTIONS)
        with file as write:
            for row in rows:
                write(row)
