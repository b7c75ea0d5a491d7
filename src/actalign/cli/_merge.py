"""`actalign merge`: the predictions of shards joined."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from actalign.errors import UsageError


def merge(
    out: Annotated[
        Path, typer.Argument(help="The file to write: .jsonl, .csv, .parquet, .xlsx or .md.")
    ],
    parts: Annotated[
        list[Path],
        typer.Argument(help="predictions.jsonl of shards, or of runs over different clips."),
    ],
) -> None:
    """Join the predictions of shards: byte for byte what a single run would have written."""
    from actalign.cli._kinds import check_no_other_kind
    from actalign.cli._progress import said_if_long
    from actalign.clips._shards import merge as merged
    from actalign.files import is_same_file
    from actalign.output._row_files import check_row_file, row_file

    if any(is_same_file(out, part) for part in parts):
        raise UsageError(
            f"{out} is the file to write and one of the parts, and would be lost; name a new file "
            "first, then all parts."
        )
    check_no_other_kind("The file to write", out)
    check_row_file(out)
    rows = merged(parts)
    _check_kept(out, parts)
    written = None
    with said_if_long(out), row_file(out) as write:
        for written in rows:
            write(written)
    if written is None:
        typer.echo(f"none of the parts has a row, so {out} has none; give all parts", err=True)
    print(out)


def _check_kept(out: Path, parts: list[Path]) -> None:
    """Raise UsageError where ``out`` holds predictions that are in no part: is it one itself?"""
    from actalign.output._row_files import JSON_LINES
    from actalign.rows._files import RowFile

    if out.suffix.lower() != JSON_LINES or not out.is_file():
        return
    lost: set[str] = set()
    with suppress(UsageError):  # what is no file of predictions is written anew
        lost = {row["clip"] for row in RowFile(out)}
    lost -= {row["clip"] for part in parts for row in RowFile(part)}
    if lost:
        raise UsageError(
            f"{out} is the file to write, and holds predictions that no part has, such as that of "
            f"{min(lost)!r}; name a new file first, then all parts."
        )
