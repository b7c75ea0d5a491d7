"""Rows as tables: one record a step of every candidate, or one a detection."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from actalign.files import pyarrow
from actalign.rows import Row, numbered_steps

TABLE_COLUMNS = (
    "clip", "video", "status", "error", "scorer", "target", "rank", "label", "score", "confidence",
    "repetition", "step_number", "step", "start_seconds", "end_seconds", "affinity",
)  # fmt: skip
DETECTION_COLUMNS = ("clip", "video", "status", "label", "start_seconds", "end_seconds", "score")


def to_records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One flat record a step of every candidate, keys TABLE_COLUMNS; a failed clip has one."""
    found = []
    for row in rows:
        base: dict[str, Any] = {"clip": row["clip"], "status": row.get("status", "ok")}
        base |= {name: row.get(name) for name in ("video", "error", "scorer", "target")}
        if not row["candidates"]:
            found.append({**dict.fromkeys(TABLE_COLUMNS), **base})
        for rank, candidate in enumerate(row["candidates"], start=1):
            named = {**base, "rank": rank, "label": candidate["label"], "score": candidate["score"]}
            named["confidence"] = candidate.get("confidence")
            steps = numbered_steps(candidate)
            for n, k, step in steps:
                found.append({**named, "repetition": n, "step_number": k, **step})
            if not steps:
                found.append({**dict.fromkeys(TABLE_COLUMNS), **named})
    return found


def to_csv(rows: Sequence[Row]) -> str:
    """`to_records` as comma-separated values (RFC 4180) with a header line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, TABLE_COLUMNS)
    writer.writeheader()
    writer.writerows(to_records(rows))
    return text.getvalue()


def to_parquet(rows: Sequence[Row]) -> bytes:
    """`to_records` as one Parquet table."""
    pa, pq = pyarrow()
    kinds = dict.fromkeys(("rank", "repetition", "step_number"), pa.int32())
    numbers = ("score", "confidence", "start_seconds", "end_seconds", "affinity")
    kinds.update({name: pa.float64() for name in numbers})
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in TABLE_COLUMNS])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(to_records(rows), schema=schema), sink)
    return sink.getvalue()


def detections_csv(rows: Sequence[Row]) -> str:
    """One line a detection (RFC 4180), and one for each video that failed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, DETECTION_COLUMNS)
    writer.writeheader()
    for row in rows:
        best = row["candidates"][0] if row["candidates"] else None
        writer.writerow(
            {
                "clip": row["clip"].rpartition("#")[0] if best else row["clip"],
                "video": row.get("video"),
                "status": row["status"],
                "label": best["label"] if best else None,
                "start_seconds": row.get("start_seconds"),
                "end_seconds": row.get("end_seconds"),
                "score": best["score"] if best else None,
            }
        )
    return text.getvalue()
