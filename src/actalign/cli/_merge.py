"""`actalign merge`: the predictions of shards joined."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def merge(
    out: Annotated[
        Path, typer.Argument(help="The file to write: .jsonl, .csv, .parquet, .xlsx or .md.")
    ],
    parts: Annotated[
        list[Path], typer.Argument(help="predictions.jsonl of shards, or of runs over other clips.")
    ],
) -> None:
    """Join the predictions of shards: byte for byte what one undisturbed run would have written."""
    from actalign.clips._shards import merge as merged
    from actalign.output._row_files import check_row_file, row_file

    check_row_file(out)
    rows = merged(parts)
    with row_file(out) as file:
        for row in rows:
            file.add(row)
    print(out)
