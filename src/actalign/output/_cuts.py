"""Results as video files: one per step or action, cut out of the videos.

Not here: how a part of a video becomes a file (`video._cut`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from actalign.errors import ActAlignError
from actalign.files import is_there
from actalign.output._events import Event, VideoRows, by_video, check_content
from actalign.rows import Row
from actalign.video._containers import Colours
from actalign.video._worker import DecodeProcess
from actalign.video._writing import Span, comment_of, hdr_note

Kind = Literal["step", "action"]
PART_BYTES = 40
"""The most bytes of an action's or a step's name in a file's name, which has at most 255."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a video, and the file for it, relative to the output folder.

    contents: what the video held when it was found, see `VideoRows`.
    """

    span: Span
    name: Path
    contents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of a piece: how its file was made ("kept": it existed), or why it was not.

    notes: sentences about its video, the same for each piece of it.
    """

    path: Path
    how: Literal["copied", "encoded", "kept", "failed"]
    error: str | None = None
    notes: tuple[str, ...] = ()


def pieces(rows: Iterable[Row], by: Kind | None = None) -> list[Piece]:
    """The pieces to be cut out of the rows' videos, in order; the rows are read twice.

    by: one file per step or per action, each time that it is performed. None: per action for rows
    of `locate` and if no steps were found, otherwise per step. Names are
    CLIP_ACTION_REPETITION_STEP_TIMES.mp4, no two alike; the numbers of a clip's repetitions, and of
    its steps, all have as many digits, so that the files are listed in order.
    """
    found: list[Piece] = []
    taken: set[str] = set()
    for video in by_video(rows):
        path, contents = video.path, video.contents
        kind = by or ("step" if all(row.get("scorer") for row in video.rows) else "action")
        for start, end, words in _spans(video, kind):
            stem = "_".join([video.name.name, *words, f"{start:.2f}-{end:.2f}s"])
            name, number = video.name.with_name(f"{stem}.mp4"), 1
            while str(name).casefold() in taken:
                number += 1
                name = video.name.with_name(f"{stem}-{number}.mp4")
            taken.add(str(name).casefold())
            found.append(Piece(Span(path, start, end), name, contents))
    return found


def _spans(video: VideoRows, kind: Kind) -> Iterator[tuple[float, float, list[str]]]:
    """When each piece begins and ends, and the words of its name."""
    found = video.events
    digits = len(str(max((event.count for event in found), default=0)))
    step_digits = len(str(max((n for event in found for n in event.step_numbers), default=0)))
    for event in found:
        action = _words(event, digits)
        if kind == "action" or not event.steps:
            yield event.start_seconds, event.end_seconds, action
            continue
        for number, step in zip(event.step_numbers, event.steps, strict=True):
            which = f"{number:0{step_digits}}-{_part(step['step'])}"
            name = [] if step["step"] == event.action else [which]
            yield step["start_seconds"], step["end_seconds"], [*action, *name]


def _words(event: Event, digits: int) -> list[str]:
    whose = [] if event.person is None else [f"person{event.person}"]
    number = "partial" if event.number is None else f"{event.number:0{digits}}"
    return [*whose, _part(event.action), *([number] if event.which else [])]


def _part(text: str) -> str:
    """Words as a part of a file name, with nothing that is special to shells or file systems."""
    words = re.sub(r"[^\w]+", "-", text).strip("-")
    return words.encode()[:PART_BYTES].decode(errors="ignore").strip("-") or "unnamed"


def cut_all(found: Iterable[Piece], folder: Path, *, silent_seconds: float) -> Iterator[Cut]:
    """Cut each piece into the folder; one that fails never stops the rest.

    Files that an earlier run cut from the same part of the same video are kept. One that it cut
    from another video stays too: the new piece then gets a number. Nothing is cut from a video that
    has changed since the rows were made.
    """
    with DecodeProcess(silent_seconds=silent_seconds) as decoder:
        digests: dict[Path, str] = {}
        colours: dict[Path, Colours] = {}
        for piece in found:
            path, video = folder / piece.name, piece.span.path
            try:
                if video not in digests:
                    digests[video] = decoder.content_of(video).digest
                check_content(video, digests[video], piece.contents)
                if video not in colours:
                    colours[video] = decoder.header_of(video).colours
                yield _cut(decoder, piece, path, digests[video], colours[video])
            except (ActAlignError, OSError) as error:
                yield Cut(path, "failed", str(error))


def _cut(decoder: DecodeProcess, piece: Piece, path: Path, digest: str, colours: Colours) -> Cut:
    """Cut a piece into the path, or into the next numbered one that is free or already its own."""
    origin = _origin(piece.span, digest)
    plain, number = path, 1
    while is_there(path):
        known = _said(path)
        if not origin.keys() <= known.keys():
            raise ActAlignError(f"{path} exists, and `actalign cut` did not write it; move it.")
        if known == origin:
            return Cut(path, "kept")
        if known["sha256"] == digest:
            break
        number += 1
        path = plain.with_name(f"{plain.stem}-{number}.mp4")
    how = decoder.cut_segment(piece.span, path, colours=colours, comment=json.dumps(origin))
    notes = hdr_note(piece.span.path, colours) if how == "encoded" else ()
    return Cut(path, how, notes=tuple(notes))


def _origin(span: Span, digest: str) -> dict[str, Any]:
    """Where a file says it comes from: the video by name and content, and the part."""
    part = [round(span.start_seconds, 6), round(span.end_seconds, 6)]
    return {"actalign cut": span.path.name, "sha256": digest, "seconds": part}


def _said(path: Path) -> dict[str, Any]:
    """What a file says of its origin; {} for one that says nothing."""
    try:
        said = json.loads(comment_of(path))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
