"""`actalign schema`: the JSON Schemas of the rows and of the question file."""

from __future__ import annotations

from typing import Annotated

import typer

from actalign.errors import UsageError


def schema(
    of: Annotated[
        str, typer.Option(help="rows, or questions: the lines of a question file.")
    ] = "rows",
) -> None:
    """Print the JSON Schema of a row (of predictions.jsonl, detections, ...) or of a question."""
    from actalign.cli._show import print_json

    if of == "questions":
        from actalign.evaluation import question_schema

        found = question_schema()
    elif of == "rows":
        from actalign.rows import json_schema

        found = json_schema()
    else:
        raise UsageError(f"--of is {of!r}; choose rows or questions.")
    print_json(found, indent=2)
