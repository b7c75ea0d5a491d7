"""mini-atlas: rendered clips with known step intervals, half of the questions order-only.

`benchmarks/mini_atlas/render.py` makes the folder: `questions.jsonl`, whose lines hold a clip and
its candidates with their scripts, and `clips/`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from actalign.errors import UsageError
from actalign.evaluation._question_file import first_line, json_lines, parsed
from actalign.evaluation._questions import Interval, Question, QuestionSet
from actalign.evaluation._readers._source import Source


class _Candidate(BaseModel):
    """A candidate of a line: its label and its steps in order."""

    label: str
    script: Annotated[list[str], Field(min_length=1)]


class _Line(BaseModel):
    """A line of questions.jsonl; ``answer`` counts candidates from 0, intervals are in seconds."""

    id: str
    clip: str
    domain: str
    kind: str
    candidates: list[_Candidate]
    answer: Annotated[int, Field(ge=0)]
    intervals: list[tuple[float, float]]


def matches(source: Source) -> bool:
    """Whether a folder's questions.jsonl has lines of mini-atlas."""
    return b'"candidates"' in first_line(source.data / "questions.jsonl")


def read(source: Source) -> QuestionSet:
    """The questions of a rendered folder; raises UsageError that says how to render one."""
    path = source.data / "questions.jsonl"
    if not path.is_file():
        raise UsageError(
            f"{path} is missing; make the benchmark with "
            f"`python benchmarks/mini_atlas/render.py --out {source.data}`."
        )
    questions = []
    for where, value in json_lines(path, "question file"):
        line: _Line = parsed(_Line, value, where)
        try:
            if len(line.intervals) != len(line.candidates[line.answer].script):
                raise UsageError(
                    f"Question {line.id!r} has {len(line.intervals)} true intervals for the "
                    f"{len(line.candidates[line.answer].script)} steps of its answer."
                )
            question = Question(
                id=line.id,
                video=source.data / line.clip,
                domain=line.domain,
                kind=line.kind,
                choices=tuple(one.label.strip() for one in line.candidates),
                answer=line.answer,
                scripts=tuple(tuple(one.script) for one in line.candidates),
                intervals=tuple(Interval(*one, step=k) for k, one in enumerate(line.intervals)),
            )
        except (UsageError, IndexError) as error:
            why = str(error) if isinstance(error, UsageError) else "its answer is not a candidate."
            raise UsageError(f"{where}: {why}") from None
        questions.append(question)
    return QuestionSet("mini-atlas", tuple(questions), license="Apache-2.0")
