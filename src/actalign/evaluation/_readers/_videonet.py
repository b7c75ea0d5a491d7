"""VideoNet's multiple-choice questions (`raivn/VideoNet`): clips of 1,000 actions in 37 domains.

A folder with `benchmarks/mcq_test.jsonl` or `mcq_val.jsonl` and `videos/`, one of the files, or the
table's Parquet form: `{key, question: [{type: "text", text}, {type: "video", video}], answer}`. The
options are inside the text, one per line ("A. camel spin"); the answer is a letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actalign.errors import UsageError
from actalign.evaluation._question_file import first_line
from actalign.evaluation._questions import Absent, Question, QuestionSet
from actalign.evaluation._readers._source import (
    Source,
    parquet_columns,
    question_or_absent,
    table_rows,
)
from actalign.files import is_there

OPTION = re.compile(r"([A-Z])\.\s+(.*\S)\s*")
DOMAIN = re.compile(r"[Ww]hich of the following (.+?) actions is shown")


def matches(source: Source) -> bool:
    """Whether there is such a file, or such a row in the file that is given."""
    if source.data.is_dir():
        return any(source.data.glob("benchmarks/mcq_*.jsonl")) or any(
            parquet_columns(path) >= {"key", "question", "answer"} for path in source.tables()
        )
    if source.data.suffix == ".parquet":
        return parquet_columns(source.data) >= {"key", "question", "answer"}
    line = first_line(source.data)
    return all(word in line for word in (b'"key"', b'"question"', b'"type"'))


def read(source: Source) -> QuestionSet:
    """One question per line, of the split "test" if none is named; raises UsageError.

    Questions of another kind than multiple choice are refused.
    """
    questions = []
    for path in _files(source):
        for where, row in table_rows(path):
            questions.append(_question(source, where, row))
    return QuestionSet("videonet", tuple(questions), source="https://tanu.sh/videonet")


def _files(source: Source) -> Iterator[Path]:
    if not source.data.is_dir():
        yield source.data
        return
    path = source.data / "benchmarks" / f"mcq_{source.split or 'test'}.jsonl"
    if path.is_file():
        yield path
    elif tables := source.tables():
        yield from tables
    else:
        raise UsageError(f"{path} is missing; --split is test or val.")


def _question(source: Source, where: str, row: dict[str, Any]) -> Question:
    try:
        parts = {part["type"]: part[part["type"]] for part in row["question"]}
        key, text, video = str(row["key"]), str(parts["text"]), str(parts["video"])
        letter = str(row["answer"]).strip().upper()
    except (KeyError, TypeError) as error:
        raise UsageError(
            f"{where} is not a question of VideoNet (it lacks {error}); one has key, question "
            "with a text and a video, and answer."
        ) from None
    options = [found.groups() for line in text.splitlines() if (found := OPTION.fullmatch(line))]
    letters = [option[0] for option in options]
    if letter not in letters:
        why = f"{where}: the answer is {letter!r}, but its options are {', '.join(letters)}"
        return Question(id=key, absent=Absent("bad question", why))
    domain = DOMAIN.search(text)
    return question_or_absent(
        where,
        id=key,
        video=_video(source, video),
        question=text.splitlines()[0],
        domain=domain[1].lower() if domain else "",
        choices=tuple(option[1] for option in options),
        answer=letters.index(letter),
    )


def _video(source: Source, name: str) -> Path:
    """The video's file: in `videos` beside the data, or in the folder above `benchmarks`."""
    places = [source.folder / "videos", source.folder.parent / "videos", source.folder]
    return next((place / name for place in places if is_there(place / name)), places[0] / name)
