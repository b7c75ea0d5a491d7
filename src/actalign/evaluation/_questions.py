"""Questions: a clip, its candidates, and which of them is right.

All data to be evaluated are read into this form, and the evaluator knows no other. Not here: the
file that holds questions (`_question_file`), the forms in which others publish such data
(`_readers`), embedding clips and scoring.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, ClassVar, cast

from pydantic import ConfigDict, Field

from actalign.documents import composed
from actalign.errors import UsageError
from actalign.rows._fields import BoxRow, Text
from actalign.scripts._labels import label_key
from actalign.types import Script

Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float | None, Field(ge=0, le=100)]
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Interval:
    """The true time of a step of the right script: [start, end) seconds of the video file.

    step: its number, from 0; None if what happens is not a step of the script.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    start: Seconds
    end: Seconds
    step: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A person's place at one time, in shares of the picture's width and height."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    seconds: Seconds
    left: Share
    top: Share
    right: Share
    bottom: Share

    def __post_init__(self) -> None:
        if not (self.left < self.right and self.top < self.bottom):
            raise UsageError(
                "A box must have left < right and top < bottom, in shares of the picture."
            )

    def row(self) -> BoxRow:
        """As in the rows of results."""
        return cast(BoxRow, asdict(self))


@dataclass(frozen=True, slots=True)
class Absent:
    """Why a sample has no clip: a key, such as "unavailable", and a sentence."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    kind: Text
    reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """One clip and its candidates. Raises UsageError if its fields contradict each other."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    id: Annotated[Text, Field(description="Unique in the file.")]
    video: Annotated[
        Path | None,
        Field(description="The clip's file; a relative path starts at the question file's folder."),
    ] = None
    start: Annotated[Seconds | None, Field(description="First second of the clip.")] = None
    end: Annotated[Seconds | None, Field(description="End of the clip, not included.")] = None
    question: Annotated[str, Field(description="What was asked.")] = ""
    domain: Annotated[str, Field(description="Sport or field, used in texts and for groups.")] = ""
    domains: Annotated[
        tuple[Text | None, ...],
        Field(description="Each choice's domain, used in its texts, where they differ; or empty."),
    ] = ()
    choices: Annotated[tuple[Text, ...], Field(description="The candidates' labels.")] = ()
    answer: Annotated[
        int | None, Field(ge=0, description="The right choice, from 0; null: unknown.")
    ] = None
    kind: Annotated[str, Field(description="Group of questions, such as order-only.")] = ""
    scripts: Annotated[
        tuple[Annotated[tuple[Text, ...], Field(min_length=1)] | None, ...] | None,
        Field(
            description="Steps of each choice. null: a choice's own name is its step. A null in "
            "the list: that choice should have a script and has none, so scorers of steps leave "
            "the question out."
        ),
    ] = None
    rewordings: Annotated[
        tuple[tuple[tuple[Text, ...], ...], ...],
        Field(description="Further lists of steps of each choice, in other words; may be empty."),
    ] = ()
    intervals: Annotated[
        tuple[Interval, ...] | None, Field(description="The true times of the answer's steps.")
    ] = None
    interval_steps: Annotated[
        Annotated[tuple[Text, ...], Field(min_length=1)] | None,
        Field(
            description="The steps that the intervals refer to, if they are not the answer's "
            "first list; null: that list.",
        ),
    ] = None
    subject: Annotated[
        str | None, Field(description="Who is seen; clips of one subject stay in one fold.")
    ] = None
    box: Annotated[
        Box | None,
        Field(
            description="Place, at one time, of the person whose action is asked for; with "
            "--person all that person is scored. In the form of a row's `boxes`."
        ),
    ] = None
    license: Annotated[str, Field(description="License of the clip.")] = ""
    source: Annotated[str, Field(description="Where the clip is from.")] = ""
    absent: Annotated[Absent | None, Field(description="Why there is no clip to evaluate.")] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(map(composed, self.choices)))
        if self.absent is not None:
            return
        if not self.choices:
            raise UsageError(f"Question {self.id!r} has no choices; give at least one.")
        seen: set[str] = set()
        for choice in self.choices:
            name = label_key(choice)
            if not name or name in seen:
                what = f"has the choice {choice!r} twice" if name else "has an empty choice"
                raise UsageError(f"Question {self.id!r} {what}; choices must differ.")
            seen.add(name)
        count = len(self.choices)
        if self.answer is not None and not 0 <= self.answer < count:
            raise UsageError(
                f"The answer of question {self.id!r} is {self.answer}, but its choices are "
                f"numbered 0 to {count - 1}."
            )
        for name, given in (("scripts", self.scripts), ("domains", self.domains or None)):
            if given is not None and len(given) != count:
                raise UsageError(
                    f"Question {self.id!r} has {count} choices but {len(given)} {name}; give one "
                    "per choice, or null."
                )
        if self.rewordings and len(self.rewordings) != count:
            raise UsageError(
                f"Question {self.id!r} has {count} choices but rewordings for "
                f"{len(self.rewordings)}; give one list per choice."
            )
        if self.start is not None and self.end is not None and not self.start < self.end:
            raise UsageError(
                f"The clip of question {self.id!r} ends at {self.end:g} s, before it begins."
            )
        self._check_intervals()

    def _check_intervals(self) -> None:
        steps = self.interval_script
        for interval in self.intervals or ():
            if interval.start > interval.end:
                raise UsageError(
                    f"An interval of question {self.id!r} ends at {interval.end:g} s, before it "
                    "begins."
                )
            if interval.step is not None and steps and interval.step >= len(steps):
                raise UsageError(
                    f"An interval of question {self.id!r} is of step {interval.step}, but the "
                    f"steps of its answer are numbered 0 to {len(steps) - 1}."
                )

    @property
    def target(self) -> str | None:
        """The right choice."""
        return None if self.answer is None else self.choices[self.answer]

    @property
    def interval_script(self) -> tuple[str, ...] | None:
        """The steps that `intervals` refer to; None if the question doesn't say."""
        if self.interval_steps is not None or self.answer is None or self.scripts is None:
            return self.interval_steps
        return self.scripts[self.answer]

    def with_scripts(
        self,
        scripts: tuple[tuple[str, ...] | None, ...],
        rewordings: tuple[tuple[tuple[str, ...], ...], ...] = (),
    ) -> Question:
        """The question with other scripts; its intervals refer to the same steps as before."""
        steps = self.interval_script if self.intervals else None
        if self.answer is not None and steps == scripts[self.answer]:
            steps = None
        return replace(self, scripts=scripts, rewordings=rewordings, interval_steps=steps)

    def with_domains(self, domains: Sequence[str | None]) -> Question:
        """The question with a domain for each choice; if they name one only, the question has it
        too, and its rows."""
        named = {domain for domain in domains if domain is not None}
        return replace(
            self,
            domain=named.pop() if len(named) == 1 else "",
            domains=tuple(domains) if len(set(domains)) > 1 else (),
        )

    @property
    def shared_domain(self) -> str | None:
        """The domain of all choices, which takes precedence over their scripts'; None without."""
        return None if self.domains else self.domain or None

    @property
    def without_script(self) -> list[str]:
        """The choices that should have a script and have none."""
        if self.scripts is None:
            return []
        return [c for c, s in zip(self.choices, self.scripts, strict=True) if s is None]

    @property
    def given_scripts(self) -> list[Script]:
        """The scripts that the question has."""
        scripts = self.scripts or (None,) * len(self.choices)
        more = self.rewordings or ((),) * len(self.choices)
        domains = self.domains or (self.shared_domain,) * len(self.choices)
        listed = zip(self.choices, scripts, domains, more, strict=True)
        return [Script(c, steps, domain, again) for c, steps, domain, again in listed if steps]

    @property
    def digest(self) -> str:
        """A hash of the choices and their steps, so that stale text embeddings are noticed."""
        scripts = self.scripts or (None,) * len(self.choices)
        pairs = zip(self.choices, scripts, strict=True)
        parts: list[object] = [[c, list(s) if s else None] for c, s in pairs]
        if self.rewordings:
            parts.append(self.rewordings)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def left_out(question: Question) -> Absent | None:
    """Why there is no clip or no answer to evaluate; None if there are both."""
    if question.absent is not None:
        return question.absent
    if question.answer is None:
        return Absent("no answer", "its answer is not known or names no candidate")
    return Absent("no clip", "it names no video") if question.video is None else None


@dataclass(frozen=True, slots=True)
class Published:
    """Top-1/2/3 in percent that a paper reports for the questions; None if it doesn't."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    method: str
    top1: Percent
    top2: Percent
    top3: Percent


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions in order, each with its own id; raises UsageError if two share one.

    others: ids of clips whose label is known and is not among the choices."""

    name: str
    questions: tuple[Question, ...]
    license: str = ""
    source: str = ""
    published: tuple[Published, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    others: frozenset[str] = field(default=frozenset(), compare=False)

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for question in self.questions:
            if question.id in seen:
                raise UsageError(
                    f"The id {question.id!r} occurs twice in {self.name}; ids must differ."
                )
            seen.add(question.id)

    @property
    def total(self) -> int:
        """How many samples there are, those without a clip included."""
        return len(self.questions)

    @property
    def labels(self) -> list[str]:
        """Every choice of any question, in order."""
        return list(dict.fromkeys(c for question in self.questions for c in question.choices))
