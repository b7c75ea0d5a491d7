"""A journal: a JSON Lines file that grows during a run, and survives if the run is killed.

A line that was half written when the run was killed is cut off when the journal is opened again.
Not here: what the lines mean, and the file that takes the journal's place at the end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from actalign.errors import ActAlignError, reason_of
from actalign.rows import Row
from actalign.rows._files import row_text


class Journal:
    """An append-only file of JSON objects.

    rows: those that an earlier run left, in order. Raises ActAlignError if the file can't be read
    or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: list[dict[str, Any]] = []
        try:
            data = path.read_bytes() if path.exists() else b""
            whole = 0
            for line in data.splitlines(keepends=True):
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    break
                if not isinstance(row, dict) or not line.endswith(b"\n"):
                    break
                whole += len(line)
                self.rows.append(row)
            if whole < len(data):
                os.truncate(path, whole)
        except OSError as error:
            raise ActAlignError(
                f"{path} can't be read: {reason_of(error)}; check the folder's permissions."
            ) from error

    def add(self, row: Mapping[str, object]) -> None:
        """Append one object."""
        line = row_text(cast(Row, row)) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise ActAlignError(
                f"{self._path} can't be written: {reason_of(error)}; free space, then run "
                "the command again (an evaluation with --resume)."
            ) from error
