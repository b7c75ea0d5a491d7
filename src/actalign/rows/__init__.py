"""The row: the one JSON object in which every command says what it found of a clip.

It is what predictions.jsonl, the files of `locate`, the lines of `live`, windows, the rows of an
evaluation and of `--scores` hold. Which fields are there depends on the command; `clip`, `status`
and `candidates` always are. `json_schema` publishes it. Not here: how a result becomes a row (its
own `to_row`), and other tools' formats (`output`).
"""

from __future__ import annotations

from actalign.rows._fields import (
    SCHEMA_VERSION,
    BoxRow,
    CandidateRow,
    IntervalRow,
    RepetitionRow,
    Row,
    SecondLookRow,
    ShardRow,
    StepRow,
    TextWarningRow,
)
from actalign.rows._files import (
    RowFile,
    RowWriter,
    json_schema,
    parse_row,
    read_rows,
    row_text,
    write_rows,
)
from actalign.rows._made import (
    NumberedStep,
    Times,
    action_span,
    all_warnings,
    asides,
    clock,
    error_row,
    has_action,
    mostly_unseen,
    neutral_warning,
    new_row,
    numbered_steps,
    only_by_name,
    people_fields,
    people_seen,
    refused,
    renamed,
    repetition_row,
    score_text,
    step_numbers,
    tag,
    unknown_words,
    unseen,
)

__all__ = [
    "SCHEMA_VERSION",
    "BoxRow",
    "CandidateRow",
    "IntervalRow",
    "NumberedStep",
    "RepetitionRow",
    "Row",
    "RowFile",
    "RowWriter",
    "SecondLookRow",
    "ShardRow",
    "StepRow",
    "TextWarningRow",
    "Times",
    "action_span",
    "all_warnings",
    "asides",
    "clock",
    "error_row",
    "has_action",
    "json_schema",
    "mostly_unseen",
    "neutral_warning",
    "new_row",
    "numbered_steps",
    "only_by_name",
    "parse_row",
    "people_fields",
    "people_seen",
    "read_rows",
    "refused",
    "renamed",
    "repetition_row",
    "row_text",
    "score_text",
    "step_numbers",
    "tag",
    "unknown_words",
    "unseen",
    "write_rows",
]
