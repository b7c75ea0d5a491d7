"""`questions.jsonl` of a run folder: what was asked, so that a run goes on with nothing else.

A line a question: all that its rows depend on, with a hash of its scripts and the key of its clip.
The data set may have moved and may have more questions than before; those asked must be the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from actalign.documents import parse_json_lines, read_text
from actalign.errors import UsageError
from actalign.evaluation._questions import Question
from actalign.files import write_text
from actalign.rows import Row

FIELDS = {
    "choices": "other choices",
    "answer": "another answer",
    "scripts": "other scripts",
    "clip": "another clip, or another way to decode it",
    "domain": "another domain",
    "domain_in_texts": "other texts",
    "kind": "another kind",
    "intervals": "other true intervals",
    "question": "another question",
    "action": "another action",
}
"""The fields of a line, and what a message says when one differs."""


def check_asked(
    out: Path,
    questions: Sequence[Question],
    keys: Mapping[str, str],
    rows: Iterable[Row] = (),
) -> dict[str, str]:
    """Raise UsageError, saying what changed, where ``out`` was run with other questions.

    keys: of the clips that can be read now. rows: the predictions so far, which stand in for the
    file where an earlier version ran. Returns the keys, with those of the run for clips that can't
    be read any more.
    """
    known = _read(out) or {
        row["clip"]: {"choices": row.get("options"), "answer": row.get("target_index")}
        for row in rows
    }
    asked = {question.id: _line(question, keys.get(question.id)) for question in questions}
    changes = [change for one in known if (change := _change(one, known[one], asked.get(one)))]
    if changes:
        others = f" (and {len(changes) - 1} more samples differ)" if len(changes) > 1 else ""
        raise UsageError(
            f"{out} was run with other data: {changes[0]}{others}; choose another --out."
        )
    before = {one: line["clip"] for one, line in known.items() if line.get("clip")}
    return {**before, **keys}


def write_asked(out: Path, questions: Sequence[Question], keys: Mapping[str, str]) -> None:
    """Write the file; it must be there before the first prediction is."""
    lines = [json.dumps({"id": q.id, **_line(q, keys.get(q.id))}) + "\n" for q in questions]
    write_text(out / "questions.jsonl", "".join(lines))


def _line(question: Question, key: str | None) -> dict[str, Any]:
    line = {name: getattr(question, name, None) for name in FIELDS}
    line |= {"scripts": question.digest, "clip": key}
    return dict(json.loads(json.dumps(line)))  # tuples are lists in the file


def _change(one: str, before: Mapping[str, Any], now: Mapping[str, Any] | None) -> str | None:
    """What changed in a question, in words; None where nothing did."""
    if now is None:
        return f"sample {one!r} is gone"
    for name, what in FIELDS.items():
        if name not in before or before[name] == now[name]:
            continue
        if name == "clip" and None in (before[name], now[name]):
            continue  # it could not be read then, or can't be now
        if name == "answer":
            return f"the answer of sample {one!r} was {before[name]} and is {now[name]}"
        return f"sample {one!r} now has {what}"
    return None


def _read(out: Path) -> dict[str, dict[str, Any]]:
    path = out / "questions.jsonl"
    if not path.exists():
        return {}
    try:
        return {line["id"]: line for line in parse_json_lines(read_text(path))}
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise UsageError(
            f"The file {path} is damaged or another program's ({type(error).__name__}: {error}); "
            "choose another --out."
        ) from None
