"""Rows as files of JSON Lines, and tables as a spreadsheet reads them."""

import csv
import json
from pathlib import Path


def write_lines(path: Path, rows) -> Path:
    """Write an object a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_csv(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # Excel reads UTF-8 by this mark only
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))
