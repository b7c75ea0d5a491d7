"""Questions: a clip, the candidates to tell it apart by, and which of them is right.

What the reader of every benchmark makes of its data, and all that the evaluator knows. Not here:
reading files (`_mini_atlas`, `atlas._questions`), embedding clips and scoring.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from actalign.documents import composed
from actalign.errors import UsageError
from actalign.rows import Row
from actalign.types import FrameBatch, Script

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Question:
    """One clip of a benchmark and its candidates.

    choices: the candidates' labels, in the question's order. answer: index of the right one, None
    where the data name none. scripts: one a choice, None where it has none. video: the clip's file,
    or its frames where the data set holds arrays; None where there is neither. question, action:
    what was asked and the true action, as the data set has them. domain: results are grouped by it.
    domain_in_texts: whether the encoded texts name it. kind: the group of questions it belongs to,
    such as "order-only". intervals: when each step of the answer's script truly happens, in
    seconds. missing: why a choice has no script, where that is known.
    """

    id: str
    choices: tuple[str, ...]
    answer: int | None
    scripts: tuple[Script | None, ...]
    video: Path | FrameBatch | None = None
    question: str = ""
    action: str = ""
    domain: str = ""
    domain_in_texts: bool = True
    kind: str = ""
    intervals: tuple[Interval, ...] | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(map(composed, self.choices)))
        if len(self.scripts) != len(self.choices):
            raise UsageError(
                f"Question {self.id!r} has {len(self.choices)} choices but {len(self.scripts)} "
                "scripts; give one a choice, or None."
            )
        if self.answer is None:
            return
        if not 0 <= self.answer < len(self.choices):
            raise UsageError(
                f"The answer of question {self.id!r} is {self.answer}, but its choices are "
                f"numbered 0 to {len(self.choices) - 1}."
            )
        script = self.scripts[self.answer]
        if self.intervals is not None and script and len(script.steps) != len(self.intervals):
            raise UsageError(
                f"Question {self.id!r} has {len(self.intervals)} true intervals for the "
                f"{len(script.steps)} steps of its answer; give one a step."
            )

    @property
    def target(self) -> str | None:
        """The right choice."""
        return None if self.answer is None else self.choices[self.answer]

    @property
    def text_domain(self) -> str | None:
        """The domain that the encoded texts name."""
        return self.domain or None if self.domain_in_texts else None

    @property
    def without_script(self) -> list[str]:
        """The choices that have no script."""
        return [c for c, s in zip(self.choices, self.scripts, strict=True) if s is None]

    @property
    def digest(self) -> str:
        """A hash of the choices and their steps, so that stale text embeddings are noticed."""
        parts = [
            [c, list(s.steps) if s else None]
            for c, s in zip(self.choices, self.scripts, strict=True)
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Published:
    """Top-1/2/3 in percent that a paper reports for the benchmark; None where it doesn't."""

    method: str
    top1: float | None
    top2: float | None
    top3: float | None


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of a benchmark, in order.

    absent: rows of the samples that never had a clip, which count in every total. digest: SHA-256
    of the file that the scripts came from, so that a run is not resumed with others.
    """

    benchmark: str
    questions: tuple[Question, ...]
    absent: tuple[Row, ...] = ()
    published: tuple[Published, ...] = ()
    digest: str = ""

    @property
    def total(self) -> int:
        """How many samples there are, those without a clip included."""
        return len(self.questions) + len(self.absent)
