"""Rows as tables: one line a clip, one a step of every candidate, or one a detection.

Not here: the files of tables (`_table_files`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from actalign.rows import Row, numbered_steps

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table. columns: the type of each column's cells; records: a row's lines.

    A cell that a record lacks is empty.
    """

    columns: Mapping[str, type]
    records: Callable[[Row], Iterator[dict[str, Cell]]]


def _clip_records(row: Row) -> Iterator[dict[str, Cell]]:
    found: dict[str, Any] = {name: row.get(name) for name in CLIPS.columns}
    found["warnings"] = "; ".join(row.get("warnings") or ())
    for name, candidate in zip(("score", "second_score"), row["candidates"], strict=False):
        found[name] = candidate["score"]
    if len(row["candidates"]) > 1:
        found["second_label"] = row["candidates"][1]["label"]
    yield found


CLIPS = Table(
    {
        "clip": str,
        "video": str,
        "status": str,
        "error": str,
        "label": str,
        "score": float,
        "confidence": float,
        "margin": float,
        "second_label": str,
        "second_score": float,
        "target": str,
        "domain": str,
        "frames": int,
        "start_seconds": float,
        "end_seconds": float,
        "scorer": str,
        "model_id": str,
        "warnings": str,
    },
    _clip_records,
)
"""One line a row: what `--out` writes under a table's name."""


def _step_records(row: Row) -> Iterator[dict[str, Cell]]:
    base: dict[str, Any] = {name: row.get(name) for name in ("video", "error", "scorer", "target")}
    base |= {"clip": row["clip"], "status": row.get("status", "ok")}
    if not row["candidates"]:
        yield base
    for rank, candidate in enumerate(row["candidates"], start=1):
        named = {**base, "rank": rank, "label": candidate["label"], "score": candidate["score"]}
        named["confidence"] = candidate.get("confidence")
        steps = numbered_steps(candidate)
        if not steps:
            yield named
        for repetition, number, step in steps:
            yield named | {"repetition": repetition, "step_number": number} | dict(step)


STEPS = Table(
    {
        "clip": str,
        "video": str,
        "status": str,
        "error": str,
        "scorer": str,
        "target": str,
        "rank": int,
        "label": str,
        "score": float,
        "confidence": float,
        "repetition": int,
        "step_number": int,
        "step": str,
        "start_seconds": float,
        "end_seconds": float,
        "affinity": float,
    },
    _step_records,
)
"""One line a step of every candidate; a clip that failed has one line."""


def _detection_records(row: Row) -> Iterator[dict[str, Cell]]:
    best = row["candidates"][0] if row["candidates"] else None
    yield {
        "clip": row["clip"].rpartition("#")[0] if best else row["clip"],
        "video": row.get("video"),
        "status": row["status"],
        "label": best["label"] if best else None,
        "start_seconds": row.get("start_seconds"),
        "end_seconds": row.get("end_seconds"),
        "score": best["score"] if best else None,
    }


DETECTIONS = Table(
    {
        "clip": str,
        "video": str,
        "status": str,
        "label": str,
        "start_seconds": float,
        "end_seconds": float,
        "score": float,
    },
    _detection_records,
)
"""One line a detection, and one for each video that failed."""
