"""Videos with the results drawn into them: the action, its step, the confidence and the time, and
with several people a box around each."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.errors import VideoError
from actalign.files import is_there
from actalign.output._drawing import BOX_SECONDS
from actalign.output._events import Event, VideoRows, by_video, check_content, events
from actalign.output._lettering import boxes_for, lay_over, lettered, unknown_letters
from actalign.output._style import PALETTE
from actalign.rows import Row
from actalign.rows._facts import clock
from actalign.rows._fields import BoxRow
from actalign.rows._people import box_near
from actalign.types import UInt8
from actalign.video._worker import DecodeProcess
from actalign.video._writing import Span, VideoFile, comment_of, hdr_note

LEAST_SIDE = 360
"""A smaller picture is enlarged to it, so that there is room for text."""
BY = "actalign burn"
"""The mark in the files' metadata, with the hash of the video that they were made from."""
AT_ONCE = 3
"""The most actions shown at one time."""


def write_burned(video: VideoRows, path: Path) -> None:
    """Write a video as MP4 with the text of its events at their times, and with a numbered box
    around each of several people; atomically.

    Every frame is kept, with its time, the sound and the colour tags. Raises VideoError if the
    video can't be read or has changed since the rows were made, or if the path is that of a video
    that this function did not write, or made from another one.
    """
    source = video.path
    found = video.events
    with DecodeProcess() as decoder:
        digest = decoder.content_of(source).digest
        check_content(source, digest, video.contents)
        comment = json.dumps({BY: digest})
        known = comment_of(path) if is_there(path) else comment
        if known != comment:
            what = "made from another video" if BY in known else "without text drawn in"
            raise VideoError(f"{path} is a video {what}; choose another folder.")
        colours = decoder.header_of(source).colours
        frames = decoder.sample_frames(source)
        begin = float(frames.pts_seconds[0])
        whole = Span(source, begin, frames.info.end_seconds)
        painter = _Painter(_boxes(video.rows))
        with VideoFile(path, colours=colours, sound=whole, comment=comment) as file:
            for batch in frames:
                for frame, seconds in zip(batch.frames, batch.pts_seconds.tolist(), strict=True):
                    file.write(painter.drawn(frame, seconds, found), seconds - begin)


def undrawable(rows: Iterable[Row]) -> list[str]:
    """One sentence if no font here draws all characters of the rows' actions and steps."""
    found = [one for row in rows for one in events(row)]
    texts = {one.action for one in found} | {step["step"] for one in found for step in one.steps}
    return boxes_for(unknown_letters(sorted(texts)), "the video")


def hdr_notes(rows: Iterable[Row]) -> list[str]:
    """A sentence for each of the rows' videos that is HDR."""
    notes: list[str] = []
    with DecodeProcess() as decoder:
        for path in dict.fromkeys(video.path for video in by_video(rows)):
            with suppress(VideoError):  # it is reported when the video is read
                notes += hdr_note(path, decoder.header_of(path).colours)
    return notes


def _boxes(rows: Iterable[Row]) -> dict[int, list[BoxRow]]:
    """The boxes of each of several people, in order of time."""
    found: defaultdict[int, list[BoxRow]] = defaultdict(list)
    for row in rows:
        if row.get("people", 1) > 1:
            found[row.get("person", 0)] += row.get("boxes", [])
    return {person: sorted(found[person], key=_seconds) for person in sorted(found)}


def _seconds(box: BoxRow) -> float:
    return box["seconds"]


class _Painter:
    """Draws into one frame after another; keeps a text's picture while it is shown.

    boxes: each person's, in order of time; the nearest to a frame is drawn into it.
    """

    def __init__(self, boxes: Mapping[int, Sequence[BoxRow]]) -> None:
        self._boxes = boxes
        self._lines: list[str] = []
        self._caption: NDArray[np.uint8] | None = None

    def drawn(self, frame: UInt8, seconds: float, found: list[Event]) -> UInt8:
        """The frame, enlarged if it is small, with the time above, the events below, and a box
        around each of several people."""
        shown = _enlarged(frame)
        height, width = shown.shape[:2]
        size = max(14, min(height, width) // 24)
        for person, boxes in self._boxes.items():
            if (box := _near(boxes, seconds)) is not None:
                _draw_box(shown, box, person, size)
        lines = _lines(seconds, found)
        if lines != self._lines or self._caption is None:
            self._lines = lines
            self._caption = lettered(lines, size=size, width=width) if lines else None
        if self._caption is not None:
            lay_over(shown, self._caption, x=0, y=max(0, height - len(self._caption)))
        lay_over(shown, lettered([clock(seconds, 2)], size=size, width=width), x=0, y=0)
        return shown


def _near(boxes: Sequence[BoxRow], seconds: float) -> BoxRow | None:
    """The box nearest in time; None if there is none nearby."""
    at = bisect_left(boxes, seconds, key=_seconds)
    return box_near(boxes[max(0, at - 1) : at + 1], seconds, within=BOX_SECONDS)


def _draw_box(frame: UInt8, box: BoxRow, person: int, size: int) -> None:
    """A thin box in the person's colour, with its number, size pixels high."""
    from PIL import ImageColor

    height, width = frame.shape[:2]
    left, right = (round(min(max(box[side], 0), 1) * width) for side in ("left", "right"))
    top, bottom = (round(min(max(box[side], 0), 1) * height) for side in ("top", "bottom"))
    colour = ImageColor.getrgb(PALETTE[(person - 1) % len(PALETTE)])
    thick = max(2, size // 8)
    part = frame[top:bottom, left:right]
    inside = part[thick:-thick, thick:-thick].copy()
    part[:] = colour
    part[thick:-thick, thick:-thick] = inside
    lay_over(frame, lettered([str(person)], size=size, width=width), x=left, y=top)


def _enlarged(frame: UInt8) -> UInt8:
    """A copy that may be drawn into, its sides at least LEAST_SIDE long."""
    from PIL import Image

    height, width = frame.shape[:2]
    scale = LEAST_SIDE / min(height, width)
    if scale <= 1:
        return np.array(frame)
    sides = round(width * scale), round(height * scale)
    image: Any = Image.fromarray(np.ascontiguousarray(frame))
    return np.array(image.resize(sides, Image.Resampling.BICUBIC))


def _lines(seconds: float, found: list[Event]) -> list[str]:
    """The action and the step that are under way; of several actions at one time, as of several
    people, a line each with the step's number, so that they leave room for the picture; last, how
    many more there are."""
    now = [one for one in found if one.captions_from - 1e-6 <= seconds < one.end_seconds - 1e-6]
    now.sort(key=lambda one: one.person or 0)
    if len(now) == 1:
        return [now[0].answer, *(f"{which}: {text}" for which, text in _step(now[0], seconds))]
    lines = [
        ", step ".join([one.answer, *(which for which, _ in _step(one, seconds))])
        for one in now[:AT_ONCE]
    ]
    return lines if len(now) <= AT_ONCE else [*lines, f"and {len(now) - AT_ONCE} more"]


def _step(event: Event, seconds: float) -> list[tuple[str, str]]:
    """Which step is under way, as 2/5, and its text; [] if none is, or if it is only the label."""
    for number, step in zip(event.step_numbers, event.steps, strict=True):
        if step["start_seconds"] - 1e-6 <= seconds < step["end_seconds"] - 1e-6:
            of = "" if event.number is None else f"/{len(event.steps)}"
            return [(f"{number}{of}", step["step"])] if step["step"] != event.action else []
    return []
