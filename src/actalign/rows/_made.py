"""Makes rows from their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actalign.documents import escaped
from actalign.rows._fields import SCHEMA_VERSION, RepetitionRow, Row, StepRow
from actalign.rows._warnings import clip_warnings


def new_row(fields: Row) -> Row:
    """A row in the order of the schema, with the fields that follow from others filled in.

    Bytes of file names that are not text are escaped, so that the row can be written to any file.
    """
    label = fields.get("label")
    row: Row = {
        "schema_version": SCHEMA_VERSION,
        "doc_id": fields["clip"],
        "status": "ok",
        "error": None,
        "filtered_resps": [] if label is None else [label],
        **fields,
    }
    warnings = row.get("warnings", [])
    if "boxes" in row:
        first, end = row.get("start_seconds", 0.0), row.get("end_seconds", 0.0)
        row["boxes"] = [box for box in row["boxes"] if first - 0.01 <= box["seconds"] <= end]
    if more := [one for one in clip_warnings(row) if one not in warnings]:
        row["warnings"] = [*warnings, *more]
    return {name: escaped_in(row[name]) for name in _FIELDS if name in row}  # type: ignore[literal-required,return-value]


def escaped_in(value: Any) -> Any:
    """The value, in which bytes of file names that are not text are escaped."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {name: escaped_in(one) for name, one in value.items()}
    return type(value)(map(escaped_in, value)) if isinstance(value, list | tuple) else value


_FIELDS = tuple(Row.__annotations__)


def repetition_row(steps: list[StepRow], partial_steps: Sequence[int]) -> RepetitionRow:
    """One repetition of at least one step. partial_steps: their numbers if some are missing."""
    start, end = steps[0]["start_seconds"], steps[-1]["end_seconds"]
    found: RepetitionRow = {"start_seconds": start, "end_seconds": end, "segments": steps}
    return {**found, "partial_steps": [*partial_steps]} if partial_steps else found


def renamed(row: Row, clip: str) -> Row:
    """The row with another clip id."""
    return {**row, "clip": clip, "doc_id": clip}
