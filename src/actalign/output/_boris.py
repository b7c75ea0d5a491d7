"""Events for BORIS: a project of many videos, or a workbook of the events of one.

An action is a state: where it starts and where it stops are two events of one code, the action's
name, whose comment names the steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actalign.output._events import Event, VideoRows, events
from actalign.output._table_files import TableFile
from actalign.output._tables import Cell, Table
from actalign.rows import Row

Json = dict[str, Any]
KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"


def _states(found: Iterable[Event]) -> list[tuple[float, str, str]]:
    """Time, action and comment of each event of BORIS, in the order of time."""
    return sorted(
        (time, event.action, _comment(event))
        for event in found
        for time in (event.start_seconds, event.end_seconds)
    )


def _comment(event: Event) -> str:
    """The steps, which repetition it is, and how sure."""
    told = [] if event.confidence is None else [f"confidence {event.confidence:.0%}"]
    if event.count > 1:
        told.append(f"{event.number} of {event.count}")
    return "; ".join([*(step["step"] for step in event.steps), *told])


def _records(row: Row) -> Iterator[dict[str, Cell]]:
    for time, action, comment in _states(events(row)):
        yield {"time": time, "subject": "", "code": action, "modifier": "", "comment": comment}


EVENTS = Table(
    {"time": float, "subject": str, "code": str, "modifier": str, "comment": str}, _records
)
"""What BORIS asks of a spreadsheet whose events are imported into an open observation."""


def write_boris_events(video: VideoRows, path: Path) -> None:
    """The events of one video as a workbook that BORIS imports into an observation."""
    with TableFile(path, EVENTS, suffix=".xlsx") as file:
        for row in video.rows:
            file.add(row)


def to_boris(videos: Iterable[VideoRows]) -> str:
    """A project of BORIS (format 7.0): an observation a video, a state event an action."""
    observations: Json = {}
    actions: dict[str, None] = {}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for video in videos:
        found = video.events
        actions.update((event.action, None) for event in found)
        name = str(video.name)
        observations[name] = {
            "file": {str(n): [video.video] if n == 1 else [] for n in range(1, 9)},
            "type": "MEDIA",
            "date": now,
            "description": "",
            "time offset": 0,
            "events": [[time, "", action, "", steps] for time, action, steps in _states(found)],
            "observation time interval": [0, 0],
            "independent_variables": {},
            "media_info": {"length": {}, "fps": {}, "hasVideo": {}, "hasAudio": {}},
        }
    project = {
        "time_format": "hh:mm:ss",
        "project_date": now,
        "project_name": "actalign",
        "project_description": "",
        "project_format_version": "7.0",
        "subjects_conf": {},
        "behaviors_conf": {str(n): _behaviour(n, a) for n, a in enumerate(actions)},
        "observations": observations,
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return json.dumps(project, ensure_ascii=False, indent=1) + "\n"


def _behaviour(number: int, action: str) -> Json:
    empty = ("description", "category", "modifiers", "excluded", "coding map")
    key = KEYS[number] if number < len(KEYS) else ""
    return {"type": "State event", "key": key, "code": action} | dict.fromkeys(empty, "")
