"""A question file, or a folder with one."""

from __future__ import annotations

from pathlib import Path

from actalign.evaluation._questions import QuestionSet, is_question_file, read_question_file
from actalign.evaluation._readers._source import Source


def matches(source: Source) -> bool:
    """Whether its first line is our header."""
    return is_question_file(_path(source))


def read(source: Source) -> QuestionSet:
    """The questions as they are; raises UsageError."""
    return read_question_file(_path(source))


def _path(source: Source) -> Path:
    return source.data / "questions.jsonl" if source.data.is_dir() else source.data
