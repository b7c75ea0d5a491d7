"""Detections of `locate` as files: JSON Lines, captions or a table; the suffix says which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from actalign.errors import UsageError
from actalign.files import write_text
from actalign.output._captions import detections_vtt
from actalign.output._tables import detections_csv
from actalign.rows import Row, row_text

FORMATS: dict[str, Callable[[Sequence[Row]], str]] = {
    ".jsonl": lambda rows: "".join(f"{row_text(row)}\n" for row in rows),
    ".vtt": detections_vtt,
    ".csv": detections_csv,
}


def check_out(path: Path, *, videos: int) -> None:
    """Raise UsageError when detections can't be written under this name."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"--out is {path}; give a name that ends in {', '.join(FORMATS)}.")
    if path.suffix.lower() == ".vtt" and videos > 1:
        raise UsageError(
            f"{path} can hold the captions of one video only, and there are {videos}; give --out "
            "a .jsonl or .csv file, or one video."
        )


def write_detections(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows of `Detection.to_row`, whole or not at all, in the format of the suffix."""
    write_text(path, FORMATS[path.suffix.lower()](rows))
