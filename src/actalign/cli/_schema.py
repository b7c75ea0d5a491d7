"""`actalign schema`: the JSON Schema of the rows that every command writes."""

from __future__ import annotations

import json


def schema() -> None:
    """Print the JSON Schema of a row: of predictions.jsonl, detections, live and eval rows."""
    from actalign.rows import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
