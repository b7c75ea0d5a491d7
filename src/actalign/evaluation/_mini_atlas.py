"""The questions of mini-atlas: rendered clips with known step intervals, half of them order-only.

`benchmarks/mini_atlas/render.py` makes the folder. Not here: embedding and scoring (`_run`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from actalign.documents import parse_json, read_text
from actalign.errors import UsageError
from actalign.evaluation._questions import Question, QuestionSet
from actalign.types import Script

NAME = "mini-atlas"
SCORERS = ("mean_pool", "dtw", "dtw_steps", "dtw_shuffled", "dtw_reversed", "order_free")
"""What `actalign eval mini-atlas` compares."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Candidate(BaseModel):
    """A candidate of a line: its label and its steps in order."""

    label: Text
    script: Annotated[list[Text], Field(min_length=1)]


class _Line(BaseModel):
    """A line of questions.jsonl; ``answer`` counts candidates from 0, intervals are seconds."""

    id: Text
    clip: str
    domain: str
    kind: Literal["order-only", "action"]
    candidates: Annotated[list[_Candidate], Field(min_length=2)]
    answer: Annotated[int, Field(ge=0)]
    intervals: list[tuple[float, float]]

    def to_question(self, data: Path) -> Question:
        """The question; its texts name no domain, as those of the published figures don't."""
        return Question(
            id=self.id,
            choices=tuple(candidate.label for candidate in self.candidates),
            answer=self.answer,
            scripts=tuple(Script(c.label, tuple(c.script)) for c in self.candidates),
            video=data / self.clip,
            domain=self.domain,
            domain_in_texts=False,
            kind=self.kind,
            intervals=tuple(self.intervals),
        )


def read_mini_atlas(data: Path) -> QuestionSet:
    """The questions of a rendered folder; raises UsageError that says how to render one."""
    path = data / "questions.jsonl"
    if not path.is_file():
        raise UsageError(
            f"{path} is missing; make the benchmark with "
            f"`python benchmarks/mini_atlas/render.py --out {data}`."
        )
    try:
        content = path.read_bytes()
        lines = read_text(path).split("\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can't be read ({error}); make the benchmark again.") from None
    found: dict[str, Question] = {}
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        where = f"{path}, line {number}"
        try:
            question = _Line.model_validate(parse_json(line)).to_question(data)
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(map(str, fault["loc"])) or "the line"
            raise UsageError(f"{where}: {field} is wrong ({fault['msg']}).") from None
        except (UsageError, ValueError) as error:
            raise UsageError(f"{where}: {error}") from None
        if question.id in found:
            raise UsageError(f"{where}: the id {question.id!r} occurs twice; ids must differ.")
        found[question.id] = question
    return QuestionSet(NAME, tuple(found.values()), digest=hashlib.sha256(content).hexdigest())
