"""Finds people with BlazePose in a picture, in parts of it, and in rotated parts.

Keeps nothing between frames; `_pose` follows one person and `_people` everyone. Knows nothing about
embeddings or language.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from actalign.encoders.body._blazepose import BlazePose, Landmarks, Region
from actalign.types import Float64, UInt8

# Minimum means over landmarks. Of 65 people in gym clips, 63 have a torso this hot; of 24 machines
# mistaken for people, 2 do; visibility alone lets nearly all of them pass. A search looks at dozens
# of parts, so it requires more, as does a person without visible hips.
VISIBLE, HOT, VERY_HOT = 0.75, 0.45, 0.55
SHOULDERS, TORSO = [11, 12], [11, 12, 23, 24]
MOST_PEOPLE = 4  # most people found in one look, the surest ones
ALL_PEOPLE = 30  # the same if their order or number matters
_SAME_CENTRE = 0.15  # largest distance of detected from known hips, in sides of the region
# A person who is not seen is searched for in parts of the frame: after this many seconds, then
# after twice as long each time, since it costs ten times as much as a frame in which somebody is
# followed.
_SEARCH_SECONDS, _MOST_SEARCH_SECONDS = 1.0, 8.0


@functools.cache
def _networks() -> BlazePose:
    return BlazePose()


class Person:
    """One detection: its landmarks, and what they tell."""

    def __init__(self, found: Landmarks) -> None:
        self.found = found
        self.low, self.high = found.image.min(axis=0), found.image.max(axis=0)

    def sees(self, landmarks: list[int]) -> bool:
        """Whether these landmarks are seen, according to the network alone."""
        return float(self.found.visibility[landmarks].mean()) >= VISIBLE

    def sure(self, landmarks: list[int], hot: float = HOT) -> bool:
        """Whether these landmarks are seen and belong to a person."""
        return self.sees(landmarks) and float(self.found.heat[landmarks].mean()) >= hot

    def follows(self, last: Person | None) -> bool:
        """Whether this is surely a person, at the last one's place and not upside down, as tracking
        may still show somebody who has stood up from a forward bend."""
        near = last is None or self.overlap(last) >= 0.15
        return near and self.sure(TORSO) and self.upright > -0.5

    @property
    def size(self) -> float:
        return float(np.linalg.norm(self.high - self.low))

    @property
    def centre(self) -> Float64:
        return np.asarray((self.low + self.high) / 2)

    @property
    def upright(self) -> float:
        """1 if the shoulders are straight above the hips in the picture, -1 if upside down."""
        image = self.found.image
        trunk = image[[11, 12]].mean(axis=0) - image[[23, 24]].mean(axis=0)
        return float(-trunk[1] / max(float(np.linalg.norm(trunk)), 1e-6))

    def overlap(self, other: Person) -> float:
        """Intersection over union of the two bounding boxes."""
        shared = self._shared(other)
        both = float((self.high - self.low).prod() + (other.high - other.low).prod()) - shared
        return shared / max(both, 1e-6)

    def inside(self, other: Person) -> float:
        """Share of this person's bounding box that lies inside the other's."""
        return self._shared(other) / max(float((self.high - self.low).prod()), 1e-6)

    def _shared(self, other: Person) -> float:
        inner = np.minimum(self.high, other.high) - np.maximum(self.low, other.low)
        return float(np.clip(inner, 0, None).prod())


def _squares(frame: UInt8, share: float) -> list[tuple[int, int, int, int]]:
    """Overlapping squares that cover the frame. share: of the frame's shorter side."""
    height, width = frame.shape[:2]
    side = round(share * min(height, width))
    if side < 20:
        return []
    rows = np.linspace(0, height - side, max(2, round(2 * height / side) - 1))
    columns = np.linspace(0, width - side, max(2, round(2 * width / side) - 1))
    return [(round(x), round(y), side, side) for y in rows for x in columns]


def apart(people: list[Person]) -> list[Person]:
    """Each of these people once, as overlapping parts of a picture show the same person."""
    found: list[Person] = []
    for person in people:
        if all(person.overlap(other) < 0.3 for other in found):
            found.append(person)
    return found


class Looks:
    """Looks for people in the frames of one clip; remembers only when it last searched.

    most: maximum number of people found in one look, the surest ones.
    """

    def __init__(self, most: int = MOST_PEOPLE) -> None:
        """Raises EncoderError if the networks are missing and can't be fetched."""
        self._networks, self.most = _networks(), most
        self.measure = self._networks.measure
        self.forget()

    def forget(self) -> None:
        """Search as if it were the first time."""
        self._searched_seconds = -np.inf
        self.found_again()

    def found_again(self) -> None:
        """Somebody is there, so the next search need not wait long."""
        self._wait_seconds = _SEARCH_SECONDS

    def due(self, seconds: float) -> bool:
        """Whether it is time for a search, which the caller then makes; intervals grow longer."""
        if seconds - self._searched_seconds < self._wait_seconds:
            return False
        if self._searched_seconds > -np.inf:
            self._wait_seconds = min(2 * self._wait_seconds, _MOST_SEARCH_SECONDS)
        self._searched_seconds = seconds
        return True

    def regions(
        self,
        frame: UInt8,
        part: tuple[int, int, int, int] | None = None,
        *,
        quarters: int = 0,
        beside: Person | None = None,
    ) -> list[Region]:
        """Where people seem to be in a frame or part of it (x, y, width, height), the surest first.

        A part that extends beyond the frame is filled with the edge's colours. quarters: how many
        times the part is rotated by 90 degrees first. beside: somebody already known, who is left
        out.
        """
        box = part or (0, 0, frame.shape[1], frame.shape[0])
        regions = self._networks.detect(frame, box, quarters)[:ALL_PEOPLE]
        if beside is None:
            return regions
        known = beside.found.region
        least = _SAME_CENTRE * known.side
        return [r for r in regions if np.linalg.norm(r.centre - known.centre) > least]

    def people(self, frame: UInt8, regions: Sequence[Region]) -> list[Person]:
        """The people in these regions, including phantoms, the largest first."""
        measured = [self.measure(frame, region) for region in regions]
        people = [Person(found) for found in measured if found is not None]
        return sorted(people, key=lambda p: -p.size)

    def look(
        self, frame: UInt8, part: tuple[int, int, int, int] | None = None, *, quarters: int = 0
    ) -> list[Person]:
        """Those who are surely people, the largest first: shoulders and hips are seen and human."""
        regions = self.regions(frame, part, quarters=quarters)[: self.most]
        return [p for p in self.people(frame, regions) if p.sure(TORSO)]

    def search(self, frame: UInt8) -> list[Person]:
        """People, the largest first. Looks with a border around the frame, in enlarged, overlapping
        squares of it, and for people lying or upside down, until somebody is found."""
        height, width = frame.shape[:2]
        border = round(0.2 * max(height, width))
        around = (-border, -border, width + 2 * border, height + 2 * border)
        turns = [[((0, 0, width, height), quarters)] for quarters in (1, 3, 2)]
        # Larger squares first: most people are found in them, and there are fewer of them.
        squares = [[(part, 0) for part in _squares(frame, share)] for share in (0.65, 0.4)]
        for parts in ([(around, 0)], *squares, *turns):
            people = [p for part, q in parts for p in self.look(frame, part, quarters=q)]
            sure = [person for person in people if person.sure(TORSO, VERY_HOT)]
            if sure:
                return sorted(sure, key=lambda p: -p.size)
        return []

    def parts(self, frame: UInt8, known: list[Person]) -> list[Person]:
        """The people found in enlarged squares of a frame but not in the whole frame."""
        squares = {part: None for share in (1.0, 0.65) for part in _squares(frame, share)}
        people = [p for part in squares for p in self.look(frame, part)]
        sure = sorted((p for p in people if p.sure(TORSO, VERY_HOT)), key=lambda p: -p.size)
        new: list[Person] = []
        for person in sure:
            if all(person.inside(other) < 0.3 for other in (*known, *new)):
                new.append(person)
        return new

    def near(self, frame: UInt8, last: Person) -> Person | None:
        """The person, found in a few crops, who overlaps most with where they were last seen."""
        extent = max(float((last.high - last.low).max()), 16.0)
        for times, quarters in ((1.8, 0), (1.3, 0), (2.6, 0), (1.6, 1), (1.6, 3)):
            side = round(times * extent)
            x, y = (last.centre - side / 2).round().astype(int)
            looked = self.look(frame, (int(x), int(y), side, side), quarters=quarters)
            people = [p for p in looked if p.overlap(last) > 0.1]
            if people:
                return max(people, key=lambda p: p.overlap(last))
        return None
