"""Questions: a clip, the candidates to tell it apart by, and which of them is right.

All that is evaluated is read into this form, and the evaluator knows nothing else. The question
file is JSON Lines: a header (`Header`), then one `Question` a line. Not here: the forms in which
others publish such data (`_readers`), embedding clips and scoring.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from actalign.addresses import address_in, is_address, named_place
from actalign.documents import composed, parse_json, read_text
from actalign.errors import UsageError, reason_of
from actalign.files import write_text
from actalign.rows import BoxRow
from actalign.scripts._script import label_key
from actalign.types import Script

FORMAT: Literal["actalign-questions-1"] = "actalign-questions-1"

Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float | None, Field(ge=0, le=100)]
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Interval:
    """When a step of the right script truly happens: [start, end) seconds of the video file.

    step: which one, from 0; None where something happens that is no step of the script.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    start: Seconds
    end: Seconds
    step: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """Where somebody is at one time, in shares of the picture's width and height."""

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
        return BoxRow(
            seconds=self.seconds,
            left=self.left,
            top=self.top,
            right=self.right,
            bottom=self.bottom,
        )


@dataclass(frozen=True, slots=True)
class Absent:
    """Why a sample has no clip: a key, such as "unavailable", and a sentence."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    kind: Text
    reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """One clip and its candidates. Raises UsageError where its fields contradict each other."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    id: Annotated[Text, Field(description="Unique in the file.")]
    video: Annotated[
        Path | None, Field(description="The clip's file; a relative path is the question file's.")
    ] = None
    start: Annotated[Seconds | None, Field(description="First second of the clip.")] = None
    end: Annotated[Seconds | None, Field(description="End of the clip, not included.")] = None
    question: Annotated[str, Field(description="What was asked.")] = ""
    domain: Annotated[str, Field(description="Sport or field; texts and groups name it.")] = ""
    choices: Annotated[tuple[Text, ...], Field(description="The candidates' labels.")] = ()
    answer: Annotated[
        int | None, Field(ge=0, description="The right choice, from 0; null: not known.")
    ] = None
    kind: Annotated[str, Field(description="Group of questions, such as order-only.")] = ""
    scripts: Annotated[
        tuple[Annotated[tuple[Text, ...], Field(min_length=1)] | None, ...] | None,
        Field(
            description="Steps of each choice. null: a choice's own name is its step. A null in "
            "it: that choice should have a script and has none, so that scorers of steps leave "
            "the question out."
        ),
    ] = None
    rewordings: Annotated[
        tuple[tuple[tuple[Text, ...], ...], ...],
        Field(description="Further lists of steps of each choice, in other words; or none."),
    ] = ()
    intervals: Annotated[
        tuple[Interval, ...] | None, Field(description="When the answer's steps truly happen.")
    ] = None
    interval_steps: Annotated[
        Annotated[tuple[Text, ...], Field(min_length=1)] | None,
        Field(
            description="The steps that intervals number, where they are not the answer's first "
            "list; null: that list.",
        ),
    ] = None
    subject: Annotated[
        str | None, Field(description="Who is seen; clips of one subject stay in one fold.")
    ] = None
    box: Annotated[
        Box | None,
        Field(
            description="Where the person is whose action is asked for, at one time; with --person "
            "all that person is scored. As one of the `boxes` of a row."
        ),
    ] = None
    license: Annotated[str, Field(description="Of the clip.")] = ""
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
        if self.scripts is not None and len(self.scripts) != count:
            raise UsageError(
                f"Question {self.id!r} has {count} choices but {len(self.scripts)} scripts; give "
                "one a choice, or null."
            )
        if self.rewordings and len(self.rewordings) != count:
            raise UsageError(
                f"Question {self.id!r} has {count} choices but rewordings of "
                f"{len(self.rewordings)}; give a list a choice."
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
        """The steps that `intervals` number; None where the question doesn't say."""
        if self.interval_steps is not None or self.answer is None or self.scripts is None:
            return self.interval_steps
        return self.scripts[self.answer]

    def with_scripts(
        self,
        scripts: tuple[tuple[str, ...] | None, ...],
        rewordings: tuple[tuple[tuple[str, ...], ...], ...] = (),
    ) -> Question:
        """The question with other scripts; its intervals number the same steps as before."""
        steps = self.interval_script if self.intervals else None
        if self.answer is not None and steps == scripts[self.answer]:
            steps = None
        return replace(self, scripts=scripts, rewordings=rewordings, interval_steps=steps)

    @property
    def without_script(self) -> list[str]:
        """The choices that should have a script and have none."""
        if self.scripts is None:
            return []
        return [c for c, s in zip(self.choices, self.scripts, strict=True) if s is None]

    @property
    def given_scripts(self) -> list[Script]:
        """The scripts that there are."""
        scripts = self.scripts or (None,) * len(self.choices)
        more = self.rewordings or ((),) * len(self.choices)
        listed = zip(self.choices, scripts, more, strict=True)
        return [Script(c, steps, self.domain or None, again) for c, steps, again in listed if steps]

    @property
    def digest(self) -> str:
        """A hash of the choices and their steps, so that stale text embeddings are noticed."""
        scripts = self.scripts or (None,) * len(self.choices)
        pairs = zip(self.choices, scripts, strict=True)
        parts: list[object] = [[c, list(s) if s else None] for c, s in pairs]
        if self.rewordings:
            parts.append(self.rewordings)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Published:
    """Top-1/2/3 in percent that a paper reports for the questions; None where it doesn't."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    method: str
    top1: Percent
    top2: Percent
    top3: Percent


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a question file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    format: Annotated[Literal["actalign-questions-1"], Field(description="This version.")]
    name: Annotated[Text, Field(description="Of the set of questions.")]
    license: Annotated[str, Field(description="Of the set.")] = ""
    source: Annotated[str, Field(description="Where the set is from.")] = ""
    published: Annotated[
        tuple[Published, ...], Field(description="Accuracies that papers report.")
    ] = ()


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions in order, each with its own id; raises UsageError where two share one.

    others: ids of clips whose label is known and is none of the choices."""

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


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def question_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a question file's lines: a header, or a question."""
    kinds = (Header, Question)
    schemas = [_adapter(kind).json_schema(ref_template="#/$defs/{model}") for kind in kinds]
    shared = {name: part for schema in schemas for name, part in schema.pop("$defs", {}).items()}
    named = {kind.__name__: schema for kind, schema in zip(kinds, schemas, strict=True)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds],
        "$defs": named | shared,
    }


def parsed(kind: type, value: Any, where: str) -> Any:
    """A `Header` or `Question` from parsed JSON; raises UsageError that names place and field."""
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(map(str, fault["loc"])) or "the line"
        raise UsageError(f"{where}: {name} is wrong ({fault['msg']}).") from None
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def json_lines(path: Path, what: str) -> list[tuple[str, Any]]:
    """Each line that is not empty: where it stands, and its JSON; raises UsageError."""
    try:
        lines = read_text(path).split("\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"The {what} {path} can't be read: {reason_of(error)}.") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            where = f"{path}, line {number}"
            try:
                found.append((where, parse_json(line)))
            except ValueError as error:
                raise UsageError(f"{where} is no JSON ({error}).") from None
    return found


def is_question_file(path: Path) -> bool:
    """Whether a file's first line is a header of ours."""
    try:
        with path.open("rb") as file:
            return FORMAT.encode() in file.readline(100_000)
    except OSError:
        return False


def read_question_file(path: Path) -> QuestionSet:
    """Read a question file; raises UsageError that names the line and the field."""
    header, found = question_places(path)
    return question_set(path, header, [question for _, question in found])


def question_set(
    path: Path, header: Header, questions: Sequence[Question], notes: Sequence[str] = ()
) -> QuestionSet:
    """The set that a question file holds; raises UsageError that names the file."""
    about = header.license, header.source, header.published
    try:
        return QuestionSet(header.name, tuple(questions), *about, tuple(notes))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def question_places(path: Path) -> tuple[Header, list[tuple[str, Question]]]:
    """The header of a question file, and each question with where it stands; raises UsageError."""
    lines = json_lines(path, "question file")
    if not lines:
        raise UsageError(f"The question file {path} is empty; its first line is a header.")
    header: Header = parsed(Header, lines[0][1], lines[0][0])
    questions = []
    for where, value in lines[1:]:
        question: Question = parsed(Question, value, where)
        if question.video is not None:
            beside = Path() if address_in(question.video) else path.parent
            question = replace(question, video=beside / question.video)
        questions.append((where, question))
    return header, questions


def question_lines(questions: QuestionSet, folder: Path | None = None) -> Iterable[str]:
    """The lines of the file; videos are named from ``folder`` where both lie in some folder."""
    header = Header(
        FORMAT, questions.name, questions.license, questions.source, questions.published
    )
    yield json.dumps(asdict(header), ensure_ascii=False)
    for question in questions.questions:
        row = asdict(question)
        if question.video is not None:
            row["video"] = _named(question.video, folder)
        text = json.dumps(row, ensure_ascii=False, allow_nan=False)
        try:
            text.encode()
        except UnicodeEncodeError:  # a file name whose bytes are no text
            text = json.dumps(row, allow_nan=False)
        yield text


def write_question_file(questions: QuestionSet, path: Path) -> None:
    """Write a question file, whole or not at all."""
    write_text(path, question_text(questions, path))


def question_text(questions: QuestionSet, path: Path) -> str:
    """What a question file at this path holds."""
    return "\n".join(question_lines(questions, path.parent.absolute())) + "\n"


def _named(video: Path, folder: Path | None) -> str:
    """The video's path from the folder, so that both can be moved together, or its whole path."""
    if is_address(place := named_place(video)):
        return place
    whole = os.path.abspath(video)  # noqa: PTH100 - Path.resolve would follow links
    if folder is None or Path(os.path.commonpath([whole, folder])) == Path(folder.anchor):
        return whole
    return Path(os.path.relpath(whole, folder)).as_posix()
