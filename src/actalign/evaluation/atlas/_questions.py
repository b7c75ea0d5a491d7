"""ActionAtlas as questions: from a data set, from `generated_subactions.json`, or from both.

The file has the reference's keys: a list of objects with youtube_id, id, domain, action, question,
cleaned_options, correct_answer_index (from 0) and subactions {"option in domain": [step, ...]}.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from actalign.documents import composed, parse_json, read_text
from actalign.errors import UsageError
from actalign.evaluation._embed import ASSUMED_FPS
from actalign.evaluation._questions import Published, Question, QuestionSet
from actalign.evaluation._rows import row_without_score
from actalign.evaluation.atlas._dataset import Dataset, Entry, file_sha256, load_dataset
from actalign.files import write_text
from actalign.rows import Row
from actalign.scripts._bank import read_bank
from actalign.scripts._script import scripts_for
from actalign.types import FrameBatch, Script

NAME = "actionatlas"

PUBLISHED = (
    Published("random, 10 trials", 20.81, 42.04, 62.50),
    Published("human", 61.64, None, None),
    Published("Qwen2-VL 7B", 30.24, None, None),
    Published("X-CLIP-L/14-16F", 16.26, 33.74, 49.89),
    Published("SigLIP-so400m mean-pool", 22.94, 42.20, 63.70),
    Published("SigLIP-so400m + DTW alignment", 23.27, 45.66, 67.37),
    Published("ActAlign", 30.51, 54.34, 71.05),
)
"""arXiv 2506.22967 v1 (898 of 934 videos by our count, not stated there)."""


def read_actionatlas(data: str | Path, scripts: Path) -> QuestionSet:
    """A data set's questions with their scripts.

    data: dataset folder, or an `.npy` of one. scripts: `generated_subactions.json`, joined by id,
    or a script bank or file, joined by label and domain. Raises UsageError.
    """
    dataset = load_dataset(data)
    questions = dataset_questions(dataset)
    if not scripts.is_file():
        raise UsageError(f"The script file {scripts} is missing; check --scripts.")
    join = _from_generated if _is_generated(scripts) else _from_bank
    return QuestionSet(
        NAME,
        tuple(join(questions, scripts)),
        absent=tuple(absent_rows(dataset)),
        published=PUBLISHED,
        digest=file_sha256(scripts),
    )


def dataset_questions(dataset: Dataset) -> list[Question]:
    """A question, still without scripts, for each entry that has a clip, in order."""
    return [
        Question(
            id=entry.id,
            choices=entry.choices,
            answer=entry.correct,
            scripts=(None,) * len(entry.choices),
            video=_video(dataset, entry),
            question=entry.question,
            action=entry.action,
            domain=entry.domain,
        )
        for entry in dataset.usable
    ]


def absent_rows(dataset: Dataset) -> list[Row]:
    """A row for each entry that has no clip, in order."""
    return [row_without_score(e.id, "missing", e.kind, e.reason) for e in dataset.failed]


def _video(dataset: Dataset, entry: Entry) -> Path | FrameBatch | None:
    """The clip's file, or the original's (T, 3, H, W) frames, which have no times."""
    if dataset.folder is not None:
        return dataset.clip_path(entry)
    array = dataset.frames.get(entry.id)
    if array is None or array.ndim != 4 or array.shape[1] != 3:
        return None
    frames = array.transpose(0, 2, 3, 1).astype(np.uint8, copy=False)
    return FrameBatch(frames, np.arange(len(array)) / ASSUMED_FPS)


def _from_generated(questions: Sequence[Question], path: Path) -> list[Question]:
    """The questions with the scripts of the reference's file; unknown ids stay without."""
    known = {q.id: dict(zip(q.choices, q.scripts, strict=True)) for q in read_generated(path)}
    found = []
    for question in questions:
        by_choice = known.get(question.id, {})
        found.append(
            replace(question, scripts=tuple(by_choice.get(choice) for choice in question.choices))
        )
    return found


def _from_bank(questions: Sequence[Question], path: Path) -> list[Question]:
    """The questions with a bank's scripts."""
    bank = [script for record in read_bank(path) for script in record.to_scripts()]
    return [
        replace(question, scripts=bank_scripts(question.choices, question.domain, bank))
        for question in questions
    ]


def bank_scripts(
    choices: Sequence[str], domain: str, bank: Sequence[Script]
) -> tuple[Script | None, ...]:
    """The bank's script of each choice, None where it has none; raises UsageError for choices
    that are empty or given twice."""
    chosen, without = scripts_for(choices, bank, domain=domain or None)
    return tuple(None if script.label in without else script for script in chosen)


def _is_generated(path: Path) -> bool:
    """Whether a file is the reference's, not a script bank."""
    if path.suffix != ".json":
        return False
    try:
        rows = parse_json(read_text(path))
    except (OSError, ValueError):
        return False  # whoever reads it as a bank says what is wrong
    first = rows[0] if isinstance(rows, list) and rows else None
    return isinstance(first, dict) and "cleaned_options" in first


def read_generated(path: str | Path) -> list[Question]:
    """Read `generated_subactions.json`; a candidate whose value is no list of steps is missing.

    Raises UsageError when the file can't be read, a row has no id, or two rows share one.
    """
    rows = read_generated_rows(path)
    questions = [_question(row, number, path) for number, row in enumerate(rows, start=1)]
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise UsageError(f"The id {question.id!r} occurs twice in {path}; remove one.")
        seen.add(question.id)
    return questions


def read_generated_rows(path: str | Path) -> list[dict[str, Any]]:
    """The file's objects as they are; raises UsageError."""
    try:
        rows = parse_json(read_text(path))
    except FileNotFoundError:
        raise UsageError(
            f"The sub-actions file {path} is missing; make it with generate_subactions.py."
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"The sub-actions file {path} can't be read: {error}.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"The sub-actions file {path} must hold a list of objects, one a sample.")
    return rows


def _question(row: dict[str, Any], number: int, path: str | Path) -> Question:
    if row.get("id") is None or not isinstance(row.get("cleaned_options"), list):
        raise UsageError(f"Sample {number} of {path} lacks id or cleaned_options; make it again.")
    domain = composed(str(row.get("domain") or ""))
    choices = tuple(composed(str(choice)) for choice in row["cleaned_options"])
    given: Any = row.get("subactions")
    given = given if isinstance(given, dict) else {}
    given = {composed(name): steps for name, steps in given.items()}
    missing: dict[str, str] = {}
    scripts: list[Script | None] = []
    for choice in choices:
        steps = given.get(f"{choice} in {domain}", given.get(choice))
        whole = isinstance(steps, list) and all(isinstance(s, str) and s.strip() for s in steps)
        if whole and steps and choice.strip():
            scripts.append(Script(choice, tuple(steps), domain or None))
        else:
            scripts.append(None)
            missing[choice] = "has no script" if steps is None else "its script is not a step list"
    correct = row.get("correct_answer_index")
    valid = isinstance(correct, int) and 0 <= correct < len(choices)
    return Question(
        id=str(row["id"]),
        choices=choices,
        answer=correct if valid else None,
        scripts=tuple(scripts),
        question=str(row.get("question") or ""),
        action=str(row.get("action") or ""),
        domain=domain,
        missing=missing,
    )


def generated_row(entry: Entry, scripts: Sequence[Script | None]) -> dict[str, Any]:
    """The object of one sample with the reference's keys; options without a script are left out."""
    return {
        "youtube_id": entry.youtube_id,
        "id": entry.id,
        "domain": entry.domain,
        "action": entry.action,
        "question": entry.question,
        "cleaned_options": list(entry.choices),
        "correct_answer_index": -1 if entry.correct is None else entry.correct,
        "subactions": {
            f"{option} in {entry.domain}": list(script.steps)
            for option, script in zip(entry.choices, scripts, strict=True)
            if script is not None
        },
    }


def write_generated(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the file whole or not at all."""
    write_text(path, json.dumps(list(rows), indent=2, ensure_ascii=False) + "\n")
