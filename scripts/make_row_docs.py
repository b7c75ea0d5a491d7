"""Write docs/rows.md, docs/row.schema.json and docs/question.schema.json from the JSON Schemas of
rows and questions; with --check, fail where one of them is out of date.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from generated_docs import write_or_check

from actalign.evaluation import question_schema
from actalign.rows import json_schema

WRITTEN_BY = {
    "all": "schema_version clip doc_id status error label filtered_resps candidates video frames "
    "neutral_frames whole_frames person people people_frames people_looks boxes start_seconds "
    "end_seconds model_id fingerprint provenance warnings text_warnings",
    "all but locate": "target metrics confidence min_confidence margin domain scorer background "
    "smoothing_seconds settings",
    "classify, eval": "second_look second_look_error",
    "classify, align": "shard",
    "live": "window_end_seconds",
    "eval, seq_alignment.py": "error_kind",
}
"""The fields that commands write; those whose description begins with one of these need no line."""
BEGINNINGS = {
    "live": "live",
    "eval": "eval",
    "--scores": "seq_alignment.py",
    "eval, --scores": "eval, seq_alignment.py",
}

MEANS = {
    "domain": "Sport or field.",
    "end_seconds": "End of the same, not included.",
    "window_end_seconds": "End of the same, not included.",
    "warnings": "Sentences on what came up with the clip.",
    "schema_version": "1.",
    "step": "Its text.",
    "start_seconds": "Its first moment.",
    "score": "Higher is better.",
    "index": "The shard, from 0.",
    "count": "How many shards there are.",
    "clips": "How many clips the whole run has.",
    "run": "Hash of the whole run: its clips and settings.",
}
"""Meanings of fields whose schema has none: their name says it."""
OF_SHARD = {"clip": "The clip's place in the whole run, from 0."}

HEAD = """# The fields of a row

Made by `python scripts/make_row_docs.py` from the schema that `actalign schema` prints; a test
checks it. The schema itself is [row.schema.json](row.schema.json) (JSON Schema, draft 2020-12).

A row is one JSON object on one line. Every command writes the same kind of row:

| command | one row for each | where |
|---|---|---|
| `classify`, `align` | clip | `--out FILE.jsonl`, or `--json` to stdout |
| `classify --window` | window of a clip; its `clip` is `CLIP@START-END` | the same |
| `locate` | detection; its `clip` is `CLIP#NUMBER` | `--out FILE.jsonl`, or `--json` |
| `live` | score, one every `--every` seconds | `--json` |
| `demo` | shipped clip | `predictions.jsonl` in `--out` |
| `eval` | question and scorer | `predictions.jsonl` and `errors.jsonl` of the run folder |
| `seq_alignment.py` | sample | `--scores FILE.json`, a JSON list of rows |

`clip` and `candidates` are in every row; the tables say who writes the rest. A clip that failed is
a row with `status` "error", the reason in `error`, and no candidates; it has no field after
`candidates`. Fields that a version doesn't know are kept as they are. Scores are not
probabilities, and scores of different scorers don't compare.

`clip` and `label` are the plain names. `doc_id` and `filtered_resps` repeat them by lmms-eval's
names, so that older readers go on working. `actalign export predictions.jsonl --to lmms-eval --out
samples.jsonl` writes lmms-eval's own sample format.

From Python:

```python
from actalign.rows import read_rows

for row in read_rows("predictions.jsonl"):
    print(row["clip"], row["label"] or row["error"])
```

`actalign.rows.json_schema()` returns the schema, and `write_rows` writes rows. Rows of older
versions, which had no `clip` and no `label`, are read too: they get `clip` from `doc_id` and
`label` from `filtered_resps`.

## Tables of rows

`--out` of `classify` and `align`, `merge` and `actalign export` also write tables, which hold less
than the rows:

- `rows.csv`, `rows.parquet`: one line per clip, and beside it `rows.steps.csv` with one line per
  step of every candidate. In its column `answer`, "yes" marks the steps of the clip's answer. The
  columns are always the same.
- `rows.xlsx`: one workbook for reading, with the sheets `Clips`, one line per clip; `Repetitions`,
  one line each time that an answer is performed; and `Steps`. The last two hold only answers: a
  clip that failed or was refused is in `Clips` alone, and the steps of other candidates are in
  `rows.steps.csv` alone. They are left out if they have no lines, as is a column that is empty in
  every line. In `Clips`, `second_label` is the runner-up; `action_start_seconds` and
  `action_end_seconds` say when the answer happens, `start_seconds` and `end_seconds` when the clip
  does. Cells hold all digits of a number and show a few.
- `rows.md`: one line per clip with fewer columns.

In a CSV file a text that a spreadsheet program would take for a formula, such as `=1+1`, begins
with an apostrophe.
"""


def type_text(schema: dict[str, Any]) -> str:
    """A short name for a field's type."""
    if "anyOf" in schema:
        return " or ".join(type_text(one) for one in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f'"{value}"' for value in schema["enum"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {type_text(schema['items'])}"
    if kind == "object" and isinstance(values := schema.get("additionalProperties"), dict):
        return f"object of {type_text(values)}s"
    return kind


def table(schema: dict[str, Any], *, writers: bool = False) -> list[str]:
    """A Markdown table of an object's fields, in the order in which they are written."""
    heads = ["field", "type", "meaning", *(["written by"] if writers else [])]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    required = schema.get("required", [])
    for name, field in schema["properties"].items():
        known = MEANS if "index" not in schema["properties"] else MEANS | OF_SHARD
        meaning = str(field.get("description", known.get(name, "")))
        cells = [f"`{name}`", type_text(field), meaning]
        if writers:
            begin, _, rest = meaning.partition(": ")
            if begin in BEGINNINGS:
                cells[2] = rest.capitalize()
            cells.append(BEGINNINGS.get(begin) or writers_of(name))
            if not cells[2]:
                sys.exit(f"The field {name} has no meaning; give its Field a description.")
        elif name in required:
            cells[2] = f"{meaning} Always there.".strip()
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def writers_of(field: str) -> str:
    """Which commands write a field."""
    for writers, names in WRITTEN_BY.items():
        if field in names.split():
            return writers
    sys.exit(f"Nothing says which commands write the field {field}; add it to WRITTEN_BY here.")


def page(schema: dict[str, Any]) -> str:
    """docs/rows.md."""
    lines = [HEAD, "## Row", "", *table(schema, writers=True), ""]
    first = ("CandidateRow", "StepRow", "RepetitionRow")
    for name in sorted(schema["$defs"], key=lambda name: (name not in first, name)):
        about = schema["$defs"][name]
        lines += [f"## {name}", "", about["description"], "", *table(about), ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    schema = json_schema()
    write_or_check(
        {
            "row.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
            "rows.md": page(schema),
            "question.schema.json": json.dumps(question_schema(), indent=2, ensure_ascii=False)
            + "\n",
        }
    )


if __name__ == "__main__":
    main()
