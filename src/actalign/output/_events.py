"""Rows as events: each time that an action is performed, with its steps, video by video.

Captions and the timelines of other tools are made from them. Not here: any file.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby, takewhile
from pathlib import Path, PurePath
from typing import NamedTuple

from actalign.addresses import is_address
from actalign.documents import composed, escaped
from actalign.errors import VideoError
from actalign.files import file_named, file_stem
from actalign.rows import Row
from actalign.rows._facts import action_span, has_action, step_numbers
from actalign.rows._fields import RepetitionRow, StepRow
from actalign.rows._warnings import tag

OWN_BYTES = 100
"""The most bytes of a video's name kept in a file name: `cut` adds to it, and 255 is the limit."""


@dataclass(frozen=True, slots=True)
class Event:
    """One time that an action is performed: [start_seconds, end_seconds) of the source file.

    number, count: which of the whole repetitions in its clip it is, None for a partial one, and how
    many there are. steps: empty for scorers that find none; step_numbers: which they are, from 1.
    confidence: None if the row has none. person: whose it is, in a clip with several people.
    doubt: what makes the answer unreliable, in two words, such as "mostly unseen"; or empty.
    shown_from: when its captions may begin: windows may overlap, and detections of one action, and
    each shows only what follows the end of the one before.
    """

    action: str
    start_seconds: float
    end_seconds: float
    steps: tuple[StepRow, ...]
    step_numbers: tuple[int, ...]
    number: int | None
    count: int
    score: float
    confidence: float | None
    person: int | None = None
    doubt: str = ""
    shown_from: float = -math.inf

    @property
    def captions_from(self) -> float:
        """When its captions begin, in seconds; there are none if that is not before its end."""
        return max(self.start_seconds, self.shown_from)

    @property
    def whose(self) -> str:
        """Whose action it is if there are several people, otherwise empty."""
        return "" if self.person is None else f"person {self.person}"

    @property
    def which(self) -> str:
        """Which repetition it is if there are several, otherwise empty."""
        if self.number is None:
            return "partial"
        return f"{self.number} of {self.count}" if self.count > 1 else ""

    @property
    def name(self) -> str:
        """The action, with several people whose it is, and with several repetitions which one."""
        whose = f"{self.whose}, " if self.whose else ""
        return f"{whose}{self.action}{f' ({self.which})' if self.which else ''}"

    @property
    def answer(self) -> str:
        """The name, the confidence if it is known, and what makes it doubtful."""
        confidence = "" if self.confidence is None else f", {self.confidence:.0%}"
        return f"{self.name}{confidence}{f' ({self.doubt})' if self.doubt else ''}"

    def step_name(self, step: StepRow) -> str:
        """The answer and the step; the answer alone if it has no script."""
        return self.answer if step["step"] == self.action else f"{self.answer}: {step['step']}"


def events(row: Row) -> list[Event]:
    """The times that the winner of a row is performed; none for a row that failed, is refused, or
    shows nothing or none of its candidates."""
    if not has_action(row):
        return []
    best = row["candidates"][0]
    span = action_span(row)
    found: Sequence[RepetitionRow] = best.get("repetitions", ())
    if not found and span is not None:
        start, end = span
        once = best.get("segments", [])
        found = [{"start_seconds": start, "end_seconds": end, "segments": once}]
    doubt = tag(row)
    if doubt == "no script":  # which is said of a candidate, not of this clip
        doubt = ""
    numbers = count(1)
    whole = [None if "partial_steps" in one else next(numbers) for one in found]
    return [
        Event(
            action=best["label"],
            start_seconds=max(0.0, one["start_seconds"]),
            end_seconds=max(0.0, one["end_seconds"]),
            steps=tuple(map(_from_zero, one["segments"])),
            step_numbers=tuple(step_numbers(one)),
            number=number,
            count=len(whole) - whole.count(None),
            score=best["score"],
            confidence=row.get("confidence"),
            person=row.get("person") if row.get("people", 1) > 1 else None,
            doubt=doubt,
        )
        for number, one in zip(whole, found, strict=True)
    ]


def _from_zero(step: StepRow) -> StepRow:
    """The step without any part before the video's start, where other tools have no time."""
    start, end = max(0.0, step["start_seconds"]), max(0.0, step["end_seconds"])
    return {**step, "start_seconds": start, "end_seconds": end}


class VideoRows(NamedTuple):
    """The scored rows of one video by one scorer, which are windows of it or one row.

    name: a file name without suffix, relative to the folder that such files are written to.
    """

    video: str
    name: Path
    rows: Sequence[Row]

    @property
    def events(self) -> list[Event]:
        """Their events in order of time."""
        found: list[Event] = []
        shown: defaultdict[tuple[int | None, str | None], float] = defaultdict(lambda: -math.inf)
        for row in sorted(
            self.rows, key=lambda row: (_window_end(row), row.get("start_seconds", -math.inf))
        ):
            end, action = _window_end(row), None
            if end == -math.inf and row.get("scorer") is None:  # a detection
                end, action = row.get("end_seconds", end), row.get("label")
            of = row.get("person"), action
            found += [replace(event, shown_from=shown[of]) for event in events(row)]
            shown[of] = max(shown[of], end)
        return sorted(found, key=lambda event: event.start_seconds)

    @property
    def path(self) -> Path:
        """The video's file."""
        return file_named(self.video)

    @property
    def contents(self) -> frozenset[str]:
        """The SHA-256 of the video file's content when the rows were made, if they say it."""
        known = (row.get("provenance", {}).get("sha256") for row in self.rows)
        return frozenset(digest for digest in known if digest)


def whole_path(video: str) -> str:
    """The video's absolute path, since other programs look for relative ones in their own folders;
    an address is returned unchanged."""
    return video if is_address(video) else escaped(str(Path(video).absolute()))


def check_content(video: str | Path, digest: str, contents: Collection[str]) -> None:
    """Raise VideoError if rows were made from another content of the video file than that of the
    digest (SHA-256); contents: see `VideoRows`."""
    if any(one != digest for one in contents):
        raise VideoError(
            f"{video} has changed since its predictions were made; make them again, or put back "
            "the video that they were made from."
        )


def _window_end(row: Row) -> float:
    """The end of the row's window, for `live` or `classify --window`; -inf for other rows."""
    if "window_start" in row.get("provenance", {}):
        return row["end_seconds"]
    return row.get("window_end_seconds", -math.inf)


def by_video(rows: Iterable[Row]) -> Iterator[VideoRows]:
    """The scored rows, grouped by video; they are read twice."""
    names = video_names([key for key, _ in _grouped(rows)])
    for name, (key, found) in zip(names, _grouped(rows), strict=True):
        yield VideoRows(key[0], name, list(found))


def _grouped(rows: Iterable[Row]) -> Iterator[tuple[tuple[str, str | None], Iterator[Row]]]:
    scored = (row for row in rows if row["candidates"])
    return groupby(scored, key=lambda row: (row.get("video") or row["clip"], row.get("scorer")))


def video_names(keys: Sequence[tuple[str, str | None]]) -> list[Path]:
    """A file name without suffix for each (video, scorer): the video's own, each unique.

    Players match captions by name. Equal names of different videos go into folders named like the
    videos' folders, and those of several scorers into folders named after the scorers.
    """
    stems = [_own_name(PurePath(video).stem) for video, _ in keys]
    videos, scorers = defaultdict(set), defaultdict(set)
    for stem, (video, scorer) in zip(stems, keys, strict=True):
        videos[_same(stem)].add(PurePath(video))
        scorers[video].add(scorer)
    shared = {stem: _shared_folders(same) for stem, same in videos.items()}
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    names = []
    for stem, (video, scorer) in zip(stems, keys, strict=True):
        folder = Path()
        if len(videos[_same(stem)]) > 1:
            own = PurePath(video).parent.parts[shared[_same(stem)] :]
            folder = Path(*map(_own_name, own))
        if len(scorers[video]) > 1 and scorer:
            folder /= file_stem(scorer)
        base = name = folder / stem
        key = _same(str(base))
        numbers[key] += 1
        while _same(str(name)) in taken:
            numbers[key] += name != base
            name = base.with_name(f"{stem}-{numbers[key]}")
        taken.add(_same(str(name)))
        names.append(name)
    return names


def _own_name(name: str) -> str:
    """A video's name, changed only if some system would not accept it as a file name."""
    plain = name.isprintable() and not set(name) & set('<>:"/\\|?*') and name[:1] not in ("", ".")
    return name if plain and len(name.encode()) <= OWN_BYTES else file_stem(name)


def _same(name: str) -> str:
    """The same for names that some systems treat as equal."""
    return composed(name).casefold()


def _shared_folders(videos: Iterable[PurePath]) -> int:
    """How many leading folders all of the videos' paths share."""
    parts = zip(*(video.parent.parts for video in videos), strict=False)
    return sum(1 for _ in takewhile(lambda one: len(set(one)) == 1, parts))
