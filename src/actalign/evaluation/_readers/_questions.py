"""A question file, a folder with one, or one beside a folder of videos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from actalign.evaluation._question_file import is_question_file, question_places, question_set
from actalign.evaluation._questions import QuestionSet
from actalign.evaluation._readers._source import Source, asked_once


def matches(source: Source) -> bool:
    """Whether its first line is our header."""
    return is_question_file(_path(source))


def read(source: Source) -> QuestionSet:
    """The questions as they are; raises UsageError.

    Videos that do not lie beside the file of --truth are those of the data's folder.
    """
    path = _path(source)
    header, places = question_places(path)
    found = question_set(path, header, *asked_once(places))
    if source.truth is None:
        return found
    beside = source.truth.parent
    placed = [
        replace(one, video=source.folder / one.video.relative_to(beside))
        if one.video and not one.video.exists() and one.video.is_relative_to(beside)
        else one
        for one in found.questions
    ]
    return replace(found, questions=tuple(placed))


def _path(source: Source) -> Path:
    if source.truth is not None:
        return source.truth
    return source.data / "questions.jsonl" if source.data.is_dir() else source.data
