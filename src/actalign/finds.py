"""Finds of `localization` as files: JSON Lines, captions and a table; the suffix says which."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actalign.atomic import write_text
from actalign.errors import UsageError
from actalign.exports import to_vtt

Row = dict[str, Any]
COLUMNS = ("clip", "video", "status", "label", "start_seconds", "end_seconds", "score")
SUFFIXES = (".jsonl", ".vtt", ".csv")


def check_out(path: Path, *, videos: int) -> None:
    """Raise UsageError when finds can't be written under this name."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--out is {path}; give a name that ends in {', '.join(SUFFIXES)}.")
    if path.suffix.lower() == ".vtt" and videos > 1:
        raise UsageError(
            f"{path} can hold the captions of one video only, and there are {videos}; give --out "
            "a .jsonl or .csv file, or one video."
        )


def write_finds(path: Path, rows: Sequence[Row]) -> None:
    """Write `localization.find_row` rows, whole or not at all, in the format of the suffix."""
    kind = path.suffix.lower()
    if kind == ".vtt":
        write_text(path, captions(rows))
    elif kind == ".csv":
        write_text(path, table(rows))
    else:
        lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
        write_text(path, "".join(lines))


def captions(rows: Sequence[Row]) -> str:
    """One WebVTT cue a find, its label."""
    cues = [
        {
            "step": row["candidates"][0]["label"],
            "start_seconds": row["start_seconds"],
            "end_seconds": row["end_seconds"],
        }
        for row in rows
        if row["candidates"]
    ]
    return to_vtt({"candidates": [{"segments": cues}]})


def table(rows: Sequence[Row]) -> str:
    """One line a find (RFC 4180), and one for each video that failed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in rows:
        found = row["candidates"][0] if row["candidates"] else {}
        writer.writerow(
            {
                "clip": row["doc_id"].rpartition("#")[0] if found else row["doc_id"],
                "video": row["video"],
                "status": row["status"],
                "label": found.get("label"),
                "start_seconds": row.get("start_seconds"),
                "end_seconds": row.get("end_seconds"),
                "score": found.get("score"),
            }
        )
    return text.getvalue()
