"""The row: the one JSON object in which all commands report what they found in a clip.

Rows are in predictions.jsonl, the files of `locate`, the lines of `live`, windows, evaluations and
`--scores`. Which fields are present depends on the command; `clip`, `status` and `candidates`
always are. `json_schema` publishes it. A result becomes a row with its own `to_row`; other tools'
formats are in `output`.
"""

from __future__ import annotations

from actalign.rows._fields import Row
from actalign.rows._files import json_schema, read_rows, write_rows

__all__ = ["Row", "json_schema", "read_rows", "write_rows"]
