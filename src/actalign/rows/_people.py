"""The people in a clip: what a row reports about them, and how provenance stores it.

Encoders that follow people write it (`people_source`); a row's fields are read from it, and a part
of the clip gets what belongs to its own time (`PeopleTimes`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal

from actalign.rows._fields import BoxRow, Row

_BOX = tuple(BoxRow.__annotations__)
_COUNTS = ("people_frames", "people_looks")
_TIMES = "people_seconds"
_WHOLE = "whole_seconds"  # when nobody was found, and the whole frame was encoded


def people_source(
    counted: Literal["people_frames", "people_looks"], seen: Sequence[tuple[float, int]]
) -> dict[str, str]:
    """The provenance of how many people were seen, in how many frames or looks, and when.

    seen: the time in seconds and the number of people of each, in order of time.
    """
    runs = (
        f"{count}:{' '.join(_seconds(seconds) for seconds, _ in run)}"
        for count, run in groupby(seen, key=lambda one: one[1])
    )
    return {counted: _text(seen), _TIMES: ";".join(runs)} if seen else {counted: ""}


def whole_source(seconds: Sequence[float]) -> dict[str, str]:
    """The provenance of the frames that were encoded whole because nobody was found."""
    return {_WHOLE: " ".join(map(_seconds, seconds))} if seconds else {}


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _text(seen: Sequence[tuple[float, int]]) -> str:
    counts = Counter(people for _, people in seen)
    return " ".join(f"{people}:{number}" for people, number in sorted(counts.items()))


@lru_cache(maxsize=1)  # each detection of a clip asks for the same
def _seen(text: str) -> tuple[tuple[float, int], ...]:
    found: list[tuple[float, int]] = []
    with suppress(ValueError):
        for run in filter(None, text.split(";")):
            count, times = run.split(":")
            found += [(float(seconds), int(count)) for seconds in times.split()]
    return tuple(found)


class PeopleTimes:
    """How many people were seen when in a clip, so that a part of it can report its own.

    provenance: of the clip, as `people_source` wrote it.
    """

    def __init__(self, provenance: Mapping[str, str]) -> None:
        self._counted = [name for name in _COUNTS if name in provenance]
        apart = (*_COUNTS, _TIMES, _WHOLE)
        self._rest = {n: t for n, t in provenance.items() if n not in apart}
        self._whole: list[float] = []
        self._seen = _seen(provenance.get(_TIMES, ""))
        with suppress(ValueError):
            self._whole += map(float, provenance.get(_WHOLE, "").split())

    def between(self, start: float, end: float) -> dict[str, str]:
        """The provenance of the part [start, end) in seconds, without counts if times are not
        known. If no look falls into the part, the one before it counts."""
        whole = whole_source([seconds for seconds in self._whole if start <= seconds < end])
        if not self._seen or len(self._counted) != 1:
            return {**self._rest, **whole}
        [counted] = self._counted
        first, after = (bisect_left(self._seen, (seconds, -1)) for seconds in (start, end))
        if first == after and counted == "people_looks":
            first = max(first - 1, 0)
            after = first + 1
        return {**self._rest, **whole, counted: _text(self._seen[first:after])}


def joined_people(parts: Iterable[tuple[Mapping[str, str], float, float]]) -> dict[str, str]:
    """The provenance of how many people were seen in a clip, from that of its consecutive parts.

    parts: what `people_source` wrote of each, and its [start, end) in seconds, outside of which
    nothing counts. Empty if nobody was counted.
    """
    seen: list[tuple[float, int]] = []
    counted = False
    for provenance, start, end in parts:
        counted |= "people_looks" in provenance
        within = PeopleTimes(provenance)._seen
        # Its times are rounded.
        seen += [one for one in within if start <= one[0] + 1e-6 < end]
    return people_source("people_looks", seen) if counted else {}


def people_fields(provenance: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of a row that encoders that follow people write to the provenance, and the rest.

    Values that can't be read stay in the provenance.
    """
    found: dict[str, Any] = {}
    readers: dict[str, Callable[[str], Any]] = {
        "person": int,
        "people": int,
        "people_frames": _counts,
        "people_looks": _counts,
        "boxes": lambda text: [
            dict(zip(_BOX, map(float, box.split()), strict=True)) for box in text.split(";")
        ],
    }
    for name, read in readers.items():
        with suppress(KeyError, ValueError):
            found[name] = read(provenance[name])
    if _WHOLE in provenance:
        found["whole_frames"] = len(provenance[_WHOLE].split())
    # Times are only for parts of the clip; a row has the counts.
    left = {n: text for n, text in provenance.items() if n not in (*found, _TIMES, _WHOLE)}
    return found, left


def box_near(boxes: Iterable[BoxRow], seconds: float, *, within: float) -> BoxRow | None:
    """The box nearest to a time; None if no box is within this many seconds of it."""
    near = min(boxes, key=lambda one: abs(one["seconds"] - seconds), default=None)
    return near if near is not None and abs(near["seconds"] - seconds) <= within else None


def box_area(box: BoxRow) -> float:
    """The share of the picture that a box covers."""
    return max(0.0, box["right"] - box["left"]) * max(0.0, box["bottom"] - box["top"])


def _counts(text: str) -> dict[str, int]:
    parts = (part.split(":") for part in text.split())
    return {str(int(people)): int(frames) for people, frames in parts}


def people_seen(row: Row) -> str:
    """In how many frames the followed person is seen, or how many people are in how many frames if
    everyone is followed; just "1 person" if one is seen throughout, and empty if not known."""
    if counts := row.get("people_frames"):
        return f"{_in_frames(counts)} of {sum(counts.values())} frames"
    looks = row.get("people_looks")
    if not looks:
        return ""
    # Looks say little of how often nobody is seen: most are made where the person is lost.
    frames = row.get("frames", 0)
    seen = frames - row.get("neutral_frames", 0) - row.get("whole_frames", 0)
    several = {people: n for people, n in looks.items() if int(people) > 1}
    followed = f"the person followed is seen in {seen} of {frames} frames"
    if several:
        searched = f"{sum(looks.values())} frames searched for people"
        return f"{followed}; {_in_frames(several)} of {searched}"
    if set(looks) == {"0"}:
        return "nobody is seen"
    return "1 person" if seen == frames else followed


def _in_frames(counts: Mapping[str, int]) -> str:
    """Such as "nobody in 2, 1 person in 14", of frames by the number of people in them."""
    names = {"0": "nobody", "1": "1 person"}
    return ", ".join(
        f"{names.get(people, f'{people} people')} in {n}" for people, n in counts.items()
    )


def several_warning(people_looks: Mapping[str, int]) -> list[str]:
    """One sentence if several people are seen in at least a quarter of the looks at the picture,
    for users who did not say which of them to follow. people_looks: see the row's field."""
    looks = sum(people_looks.values())
    several = sum(n for people, n in people_looks.items() if int(people) > 1)
    if 4 * several < looks or not several:
        return []
    return [
        f"Several people are seen in {several} of {looks} frames searched for people, and the one "
        "who was largest at first is followed; --person left, right or 2 (in Python a model such "
        "as body:left) follows another, and --person all, of `classify` or `serve`, everyone."
    ]


def looks_warning(provenance: Mapping[str, str]) -> list[str]:
    """`several_warning` for the looks in a provenance; none if they are absent or unreadable.

    Nothing else in it is parsed, as there may be many boxes.
    """
    with suppress(ValueError):
        return several_warning(_counts(provenance.get("people_looks", "")))
    return []


def neutral_warning(
    neutral: int, frames: int, people_frames: Mapping[str, int] | None
) -> list[str]:
    """One sentence if fewer than half of the frames show anything that the encoder knows.

    people_frames: how many frames of the whole clip or window show how many people, if everyone is
    followed; a row's own frames are then those between a person's first and last.
    """
    if 2 * neutral > frames:
        return [
            f"{neutral} of {frames} frames show nothing that the encoder knows (body: the person "
            "it follows)."
        ]
    nobody, total = (people_frames or {}).get("0", 0), sum((people_frames or {}).values())
    return [f"{nobody} of all {total} frames show nobody."] if 2 * nobody > total else []


def mostly_unseen(row: Row) -> bool:
    """Whether fewer than half of the frames show anything that the encoder knows, or the person
    whom --crop should show it."""
    neutral, frames = row.get("neutral_frames", 0), row.get("frames", 0)
    few = neutral_warning(neutral, frames, row.get("people_frames"))
    return bool(few) or 2 * row.get("whole_frames", 0) > frames
