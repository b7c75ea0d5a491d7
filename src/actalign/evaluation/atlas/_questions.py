"""ActionAtlas as questions: from a data set, from `generated_subactions.json`, or from both.

The file has the reference's keys: a list of objects with youtube_id, id, domain, action, question,
cleaned_options, correct_answer_index (from 0) and subactions {"option in domain": [step, ...]}.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from actalign.documents import composed, parse_json, read_text
from actalign.errors import UsageError, reason_of
from actalign.evaluation._questions import Absent, Published, Question, QuestionSet
from actalign.evaluation._readers._source import Source
from actalign.evaluation.atlas._dataset import Dataset, Entry, load_dataset
from actalign.scripts._script import scripts_for
from actalign.types import Script

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


def matches(source: Source) -> bool:
    """Whether process_data.py made the folder or the array."""
    if source.data.is_dir():
        return (source.data / "manifest.jsonl").is_file()
    return source.data.suffix == ".npy"


def read(source: Source) -> QuestionSet:
    """A data set's questions, those without a clip included; raises UsageError.

    They have no scripts yet, and none is made up: scorers of steps leave out a question with a
    choice that gets none.
    """
    dataset = load_dataset(source.data)
    if dataset.folder is None:
        raise UsageError(
            f"{source.data} holds frames but no clips; make a data set folder with "
            "process_data.py, or score its embeddings with seq_alignment.py."
        )
    return QuestionSet(
        "actionatlas",
        tuple(_of_entry(dataset, entry) for entry in dataset.entries),
        license="Apache-2.0",
        source="https://huggingface.co/datasets/mrsalehi/ActionAtlas-v1.0",
        published=PUBLISHED,
    )


def _of_entry(dataset: Dataset, entry: Entry) -> Question:
    if not entry.ok:
        return Question(id=entry.id, absent=Absent(entry.kind or "no clip", entry.reason))
    return Question(
        id=entry.id,
        choices=entry.choices,
        answer=entry.correct,
        video=None if dataset.folder is None else dataset.clip_path(entry),
        question=entry.question,
        domain=entry.domain,
        scripts=(None,) * len(entry.choices),
    )


def dataset_questions(dataset: Dataset) -> list[Question]:
    """A question, still without scripts, for each entry that has a clip, in order."""
    return [_of_entry(dataset, entry) for entry in dataset.usable]


def with_generated(questions: QuestionSet, path: Path) -> QuestionSet:
    """The questions with the scripts of the reference's file, joined by id.

    A question or choice that the file lacks has no scripts: scorers of steps leave it out.
    """
    known = {q.id: dict(zip(q.choices, q.scripts or (), strict=True)) for q in read_generated(path)}
    return replace(
        questions,
        questions=tuple(
            one.with_scripts(tuple(known.get(one.id, {}).get(c) for c in one.choices))
            for one in questions.questions
        ),
    )


def is_generated(path: Path) -> bool:
    """Whether a file is the reference's, not a script bank."""
    if path.suffix != ".json":
        return False
    try:
        rows = parse_json(read_text(path))
    except (OSError, ValueError):
        return False  # reading it as a bank will say what is wrong
    first = rows[0] if isinstance(rows, list) and rows else None
    return isinstance(first, dict) and "cleaned_options" in first


def bank_scripts(
    choices: Sequence[str], domain: str | None, bank: Sequence[Script]
) -> tuple[Script | None, ...]:
    """The bank's script of each choice, None if it has none; raises UsageError for choices that are
    empty or given twice."""
    chosen, without = scripts_for(choices, bank, domain=domain)
    return tuple(None if script.label in without else script for script in chosen)


def read_generated(path: Path) -> list[Question]:
    """Read `generated_subactions.json`; a candidate whose value is not a list of steps has none.

    Raises UsageError if the file can't be read, a row has no id, or two rows share one.
    """
    rows = read_generated_rows(path)
    questions = [_question(row, number, path) for number, row in enumerate(rows, start=1)]
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise UsageError(f"The id {question.id!r} occurs twice in {path}; remove one.")
        seen.add(question.id)
    return questions


def read_generated_rows(path: Path) -> list[dict[str, Any]]:
    """The file's objects as they are; raises UsageError."""
    try:
        rows = parse_json(read_text(path))
    except FileNotFoundError:
        raise UsageError(
            f"The sub-actions file {path} is missing; make it with generate_subactions.py."
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The sub-actions file {path} can't be read: {reason_of(error)}."
        ) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(
            f"The sub-actions file {path} must hold a list of objects, one per sample."
        )
    return rows


def _question(row: dict[str, Any], number: int, path: Path) -> Question:
    if row.get("id") is None or not isinstance(row.get("cleaned_options"), list):
        raise UsageError(f"Sample {number} of {path} lacks id or cleaned_options; make it again.")
    domain = composed(str(row.get("domain") or ""))
    choices = tuple(composed(str(choice)) for choice in row["cleaned_options"])
    given: Any = row.get("subactions")
    given = given if isinstance(given, dict) else {}
    given = {composed(name): steps for name, steps in given.items()}
    scripts: list[tuple[str, ...] | None] = []
    for choice in choices:
        steps = given.get(f"{choice} in {domain}", given.get(choice))
        whole = isinstance(steps, list) and all(isinstance(s, str) and s.strip() for s in steps)
        scripts.append(tuple(steps) if whole and steps and choice.strip() else None)
    correct = row.get("correct_answer_index")
    valid = isinstance(correct, int) and 0 <= correct < len(choices)
    try:
        return Question(
            id=str(row["id"]),
            choices=choices,
            answer=correct if valid else None,
            scripts=tuple(scripts),
            question=str(row.get("question") or ""),
            domain=domain,
        )
    except UsageError as error:
        raise UsageError(f"Sample {number} of {path}: {error}") from None


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
