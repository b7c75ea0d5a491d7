"""Events for BORIS: a project of many videos, or a workbook of the events of one.

An action is a state: its start and its stop are two events with the same code, the action's name,
whose comment names the steps; the subject is the person who performs it. BORIS reads events of one
subject and one code as start and stop in turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from actalign.errors import VideoError
from actalign.output._events import Event, VideoRows, whole_path
from actalign.output._workbooks import sheets
from actalign.video._worker import DecodeProcess

Json = dict[str, Any]
KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"


class _State(NamedTuple):
    """A start or a stop."""

    time: float
    subject: str
    code: str
    comment: str


def _states(found: Iterable[Event]) -> list[_State]:
    """The events of BORIS in order of time; an action never begins before an equal one has
    ended."""
    states: list[_State] = []
    ended: dict[tuple[str, str], float] = {}
    for event in sorted(found, key=lambda event: event.start_seconds):
        what = event.whose, event.action
        start = max(event.start_seconds, ended.get(what, 0.0))
        if event.end_seconds >= start:
            times = start, event.end_seconds
            states += [_State(time, *what, _comment(event)) for time in times]
            ended[what] = event.end_seconds
    return sorted(states, key=lambda state: state.time)


def _comment(event: Event) -> str:
    """The steps, which repetition it is, and the confidence."""
    told = [] if event.confidence is None else [f"confidence {event.confidence:.0%}"]
    if event.which:
        told.append(event.which)
    return "; ".join([*(step["step"] for step in event.steps), *told])


EVENTS = {"time": float, "subject": str, "code": str, "modifier": str, "comment": str}
"""The columns that BORIS requires to import a spreadsheet's events into an open observation."""


def write_boris_events(video: VideoRows, path: Path) -> None:
    """The events of one video as a workbook that BORIS imports into an observation."""
    with sheets(path, {"Events": EVENTS}) as kept:
        for state in _states(video.events):
            kept["Events"].keep({**state._asdict(), "modifier": ""})  # the column has to be there


def to_boris(videos: Iterable[VideoRows]) -> str:
    """A project of BORIS (format 7.0): one observation per video, one state event per action."""
    observations: Json = {}
    actions: dict[str, None] = {}
    subjects: dict[str, None] = {}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    with DecodeProcess() as decoder:
        for video in videos:
            found = video.events
            actions.update((event.action, None) for event in found)
            subjects.update((event.whose, None) for event in found if event.whose)
            file = whole_path(video.video)
            observations[str(video.name)] = {
                "file": {str(n): [file] if n == 1 else [] for n in range(1, 9)},
                "type": "MEDIA",
                "date": now,
                "description": "",
                "time offset": 0,
                "events": [
                    [one.time, one.subject, one.code, "", one.comment] for one in _states(found)
                ],
                "observation time interval": [0, 0],
                "independent_variables": {},
                "media_info": _media(decoder, video.path, file),
            }
    project = {
        "time_format": "hh:mm:ss",
        "project_date": now,
        "project_name": "actalign",
        "project_description": "",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(n): {"key": "", "name": name, "description": ""} for n, name in enumerate(subjects)
        },
        "behaviors_conf": {str(n): _behaviour(n, a) for n, a in enumerate(actions)},
        "observations": observations,
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return json.dumps(project, ensure_ascii=False, indent=1) + "\n"


def _media(decoder: DecodeProcess, path: Path, file: str) -> Json:
    """The media facts that BORIS's checks require; empty if the video can't be read here."""
    found: Json = {"length": {}, "fps": {}, "hasVideo": {}, "hasAudio": {}}
    with suppress(VideoError):
        header = decoder.header_of(path)
        if header.seconds and header.width:  # BORIS plays no folder of images
            told = header.seconds, header.fps, True, header.sound
            found = {name: {file: one} for name, one in zip(found, told, strict=True)}
    return found


def _behaviour(number: int, action: str) -> Json:
    empty = ("description", "category", "modifiers", "excluded", "coding map")
    key = KEYS[number] if number < len(KEYS) else ""
    return {"type": "State event", "key": key, "code": action} | dict.fromkeys(empty, "")
