"""The question file: JSON Lines, where the first line is a header and every other one a question.

Not here: the questions themselves (`_questions`), other forms of such data (`_readers`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from actalign.addresses import address_in, is_address, named_place
from actalign.documents import parse_json, read_text
from actalign.errors import UsageError, reason_of
from actalign.evaluation._questions import Published, Question, QuestionSet
from actalign.files import write_text
from actalign.rows._fields import Text

FORMAT: Literal["actalign-questions-1"] = "actalign-questions-1"


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a question file; fields that this version doesn't know are ignored."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore")
    format: Annotated[Literal["actalign-questions-1"], Field(description="Version of the format.")]
    name: Annotated[Text, Field(description="Name of the set of questions.")]
    license: Annotated[str, Field(description="License of the set.")] = ""
    source: Annotated[str, Field(description="Where the set is from.")] = ""
    published: Annotated[
        tuple[Published, ...], Field(description="Accuracies that papers report.")
    ] = ()


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


_FAULTS = {
    "unexpected_keyword_argument": "there is no such field",
    "missing": "it is missing",
    "tuple_type": "it must be a list",
    "dataclass_type": "it must be an object in braces",
}
"""Our words for those of pydantic's errors that are worded for Python programmers."""


def parsed(kind: type, value: Any, where: str) -> Any:
    """A `Header` or `Question` from parsed JSON; raises UsageError that names place and field."""
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(map(str, fault["loc"])) or "the line"
        why = _FAULTS.get(fault["type"], fault["msg"])
        raise UsageError(f"{where}: {name} is wrong ({why}).") from None
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def json_lines(path: Path, what: str) -> list[tuple[str, Any]]:
    """The place and the JSON of each line that is not empty; raises UsageError."""
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
                raise UsageError(f"{where} is not valid JSON ({error}).") from None
    return found


def is_question_file(path: Path) -> bool:
    """Whether a file's first line is a header of ours."""
    return FORMAT.encode() in first_line(path)


def first_line(path: Path) -> bytes:
    """A file's first line, or the beginning of a long one; empty if it can't be read."""
    try:
        with path.open("rb") as file:
            return file.readline(100_000)
    except OSError:
        return b""


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
    """The header of a question file, and each question with its place; raises UsageError."""
    lines = json_lines(path, "question file")
    if not lines:
        raise UsageError(f"The question file {path} is empty; its first line must be a header.")
    header: Header = parsed(Header, lines[0][1], lines[0][0])
    questions = []
    for where, value in lines[1:]:
        question: Question = parsed(Question, value, where)
        if question.video is not None:
            beside = Path() if address_in(question.video) else path.parent
            question = replace(question, video=beside / question.video)
        questions.append((where, question))
    return header, questions


def question_lines(questions: QuestionSet, folder: Path) -> Iterable[str]:
    """The lines of the file; videos are named from ``folder`` if they share a parent folder."""
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
        except UnicodeEncodeError:  # a file name whose bytes are not text
            text = json.dumps(row, allow_nan=False)
        yield text


def write_question_file(questions: QuestionSet, path: Path) -> None:
    """Write a question file atomically."""
    write_text(path, question_text(questions, path))


def question_text(questions: QuestionSet, path: Path) -> str:
    """The text of a question file at this path."""
    return "\n".join(question_lines(questions, path.parent.absolute())) + "\n"


def _named(video: Path, folder: Path) -> str:
    """The video's path from the folder, so that both can be moved together, or its absolute
    path."""
    if is_address(place := named_place(video)):
        return place
    whole = os.path.abspath(video)  # noqa: PTH100 - Path.resolve would follow links
    if Path(os.path.commonpath([whole, folder])) == Path(folder.anchor):
        return whole
    return Path(os.path.relpath(whole, folder)).as_posix()
