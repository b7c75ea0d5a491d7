"""`actalign merge`: the predictions of shards joined."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def merge(
    out: Annotated[Path, typer.Argument(help="The predictions.jsonl to write.")],
    parts: Annotated[
        list[Path], typer.Argument(help="predictions.jsonl of shards, or of runs over other clips.")
    ],
) -> None:
    """Join the predictions of shards: byte for byte what one undisturbed run would have written."""
    from actalign.clips._shards import merge as merged
    from actalign.rows import write_rows

    write_rows(merged(parts), out)
    print(out)
