"""What was found as files: one a step or an action, cut out of the videos.

Not here: how a part of a video becomes a file (`video._cut`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from actalign.errors import ActAlignError
from actalign.files import is_there
from actalign.output._events import Event, VideoRows, by_video
from actalign.rows import Row
from actalign.video._cut import cut_segment
from actalign.video._worker import DecodeProcess
from actalign.video._writing import Span, comment_of

Kind = Literal["step", "action"]
PART_BYTES = 40
"""Most bytes of an action's or a step's name within a file's: that has 255 at most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a video, and the file for it, relative to the folder of all."""

    span: Span
    name: Path


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of a piece: how its file was made ("kept": it was there), or why it was not."""

    path: Path
    how: Literal["copied", "encoded", "kept", "failed"]
    error: str | None = None


def pieces(rows: Iterable[Row], by: Kind | None = None) -> list[Piece]:
    """What is to be cut out of the rows' videos, in order; the rows are read twice.

    by: a file a step or a file an action, each time that it is performed. None: an action for rows
    of `locate` and where no steps were found, else a step. Names are CLIP_ACTION_STEP_TIMES.mp4, no
    two alike.
    """
    found: list[Piece] = []
    taken: set[str] = set()
    for video in by_video(rows):
        kind = by or ("step" if all(row.get("scorer") for row in video.rows) else "action")
        for start, end, words in _spans(video, kind):
            stem = "_".join([video.name.name, *words, f"{start:.2f}-{end:.2f}s"])
            name, number = video.name.with_name(f"{stem}.mp4"), 1
            while str(name).casefold() in taken:
                number += 1
                name = video.name.with_name(f"{stem}-{number}.mp4")
            taken.add(str(name).casefold())
            found.append(Piece(Span(Path(video.video), start, end), name))
    return found


def _spans(video: VideoRows, kind: Kind) -> Iterator[tuple[float, float, list[str]]]:
    """When each piece begins and ends, and the words of its name."""
    for event in video.events:
        action = _words(event)
        if kind == "action" or not event.steps:
            yield event.start_seconds, event.end_seconds, action
            continue
        for number, step in enumerate(event.steps, start=1):
            name = [] if step["step"] == event.action else [f"{number}-{_part(step['step'])}"]
            yield step["start_seconds"], step["end_seconds"], [*action, *name]


def _words(event: Event) -> list[str]:
    whose = [] if event.person is None else [f"person{event.person}"]
    which = [str(event.number)] if event.count > 1 else []
    return [*whose, _part(event.action), *which]


def _part(text: str) -> str:
    """Words as a part of a file's name that no shell and no file system takes for anything else."""
    words = re.sub(r"[^\w]+", "-", text).strip("-")
    return words.encode()[:PART_BYTES].decode(errors="ignore").strip("-") or "unnamed"


def cut_all(found: Iterable[Piece], folder: Path, *, silent_seconds: float) -> Iterator[Cut]:
    """Cut each piece into the folder; one that fails never stops the rest.

    Files that an earlier run cut of the same part of the same video are kept.
    """
    with DecodeProcess(silent_seconds=silent_seconds) as decoder:
        for piece in found:
            path = folder / piece.name
            try:
                yield _cut(decoder, piece, path)
            except (ActAlignError, OSError) as error:
                yield Cut(path, "failed", str(error))


def _cut(decoder: DecodeProcess, piece: Piece, path: Path) -> Cut:
    origin = _origin(piece.span)
    if is_there(path):
        known = comment_of(path)
        if known == origin:
            return Cut(path, "kept")
        if "actalign cut" not in known:
            raise ActAlignError(f"{path} is there, and `actalign cut` did not write it; move it.")
    return Cut(path, cut_segment(decoder, piece.span, path, comment=origin))


def _origin(span: Span) -> str:
    """What a file says of where it comes from: enough to know that it is the same part again."""
    size = span.path.stat().st_size if is_there(span.path) else None
    part = [round(span.start_seconds, 6), round(span.end_seconds, 6)]
    return json.dumps({"actalign cut": span.path.name, "bytes": size, "seconds": part})
