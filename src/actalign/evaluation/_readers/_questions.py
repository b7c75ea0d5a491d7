"""A question file, a folder with one, or one beside a folder of videos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from actalign.errors import UsageError
from actalign.evaluation._question_file import is_question_file, question_places, question_set
from actalign.evaluation._questions import QuestionSet
from actalign.evaluation._readers._source import Source, asked_once
from actalign.video import list_videos


def matches(source: Source) -> bool:
    """Whether its first line is our header."""
    return is_question_file(_path(source))


def read(source: Source) -> QuestionSet:
    """The questions as they are; raises UsageError.

    Videos that are not beside the file of --truth are looked for in the data's folder.
    """
    path = _path(source)
    header, places = question_places(path)
    found = question_set(path, header, *asked_once(places))
    if source.truth is None:
        return replace(found, notes=(*found.notes, *_others(source.data, found)))
    beside = source.truth.parent
    placed = [
        replace(one, video=source.folder / one.video.relative_to(beside))
        if one.video and not one.video.exists() and one.video.is_relative_to(beside)
        else one
        for one in found.questions
    ]
    return replace(found, questions=tuple(placed))


def _others(data: Path, found: QuestionSet) -> list[str]:
    """A note if a folder has videos that its question file does not ask about."""
    if not data.is_dir():
        return []
    asked = {one.video.resolve() for one in found.questions if one.video}
    try:
        others = [one for one in list_videos([data]) if one.resolve() not in asked]
    except UsageError:  # no video is there
        return []
    if not others:
        return []
    videos = "1 video lies" if len(others) == 1 else f"{len(others)} videos lie"
    return [
        f"{videos} in {data} that its questions.jsonl does not ask about ({others[0].name}): "
        "left out; --layout folder takes the folders as classes"
    ]


def _path(source: Source) -> Path:
    if source.truth is not None:
        return source.truth
    return source.data / "questions.jsonl" if source.data.is_dir() else source.data
