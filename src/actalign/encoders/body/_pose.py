"""Frames -> one person's pose landmarks, by BlazePose.

Follows one person through a clip: the largest at first sight. A person too small for the whole
frame's detector is looked for in enlarged parts of it. Knows nothing of embeddings or language.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from actalign.encoders._cuts import Cuts
from actalign.encoders.body._blazepose import BlazePose, Landmarks, Region
from actalign.encoders.body._features import PoseTrack, pixel_scale
from actalign.encoders.body._smoothing import Smoothing
from actalign.errors import UsageError
from actalign.types import FrameBatch, UInt8

Array = NDArray[np.float64]

# Part of the encoder's fingerprint: another number whenever a clip may give other poses.
POSE_VERSION = 4
# Means over landmarks. Of 65 people in gym clips 63 have so hot a torso, of 24 machines that were
# taken for people 2; visibility alone lets nearly all of them pass. A search looks at dozens of
# parts, so it asks for more, as does who shows no hips.
_VISIBLE, _HOT, _VERY_HOT = 0.75, 0.45, 0.55
_SHOULDERS, _TORSO = [11, 12], [11, 12, 23, 24]
_MOST_PEOPLE = 4  # of one look
# An unseen person is looked for in parts of the frame: after so many seconds, then after twice as
# many each time, since it costs ten times as much as a frame in which somebody is followed.
_SEARCH_SECONDS, _MOST_SEARCH_SECONDS = 1.0, 8.0
_FORGET_SECONDS = 1.0  # how long a lost person's place is remembered


@functools.cache
def _networks() -> BlazePose:
    return BlazePose()


class _Person:
    """One detection: its landmarks, and what can be told of them."""

    def __init__(self, found: Landmarks) -> None:
        self.found = found
        self.low, self.high = found.image.min(axis=0), found.image.max(axis=0)

    def sees(self, landmarks: list[int]) -> bool:
        """Whether these landmarks are seen, as far as the network says so itself."""
        return float(self.found.visibility[landmarks].mean()) >= _VISIBLE

    def sure(self, landmarks: list[int], hot: float = _HOT) -> bool:
        """Whether these landmarks are seen, and are a person's."""
        return self.sees(landmarks) and float(self.found.heat[landmarks].mean()) >= hot

    @property
    def size(self) -> float:
        return float(np.linalg.norm(self.high - self.low))

    @property
    def centre(self) -> Array:
        return np.asarray((self.low + self.high) / 2)

    @property
    def upright(self) -> float:
        """1 for shoulders straight above the hips in the picture, -1 for upside down."""
        image = self.found.image
        trunk = image[[11, 12]].mean(axis=0) - image[[23, 24]].mean(axis=0)
        return float(-trunk[1] / max(float(np.linalg.norm(trunk)), 1e-6))

    def overlap(self, other: _Person) -> float:
        """Intersection over union of the two bounding boxes."""
        inner = np.minimum(self.high, other.high) - np.maximum(self.low, other.low)
        shared = float(np.clip(inner, 0, None).prod())
        both = float((self.high - self.low).prod() + (other.high - other.low).prod()) - shared
        return shared / max(both, 1e-6)


def _squares(frame: UInt8, share: float) -> list[tuple[int, int, int, int, int]]:
    """Overlapping squares that cover the frame, as parts to look at; share: of its shorter side."""
    height, width = frame.shape[:2]
    side = round(share * min(height, width))
    if side < 20:
        return []
    rows = np.linspace(0, height - side, max(2, round(2 * height / side) - 1))
    columns = np.linspace(0, width - side, max(2, round(2 * width / side) - 1))
    return [(round(x), round(y), side, side, 0) for y in rows for x in columns]


def _apart(people: list[_Person]) -> list[_Person]:
    """Each of these people once: overlapping parts of a picture show the same one."""
    found: list[_Person] = []
    for person in people:
        if all(person.overlap(other) < 0.3 for other in found):
            found.append(person)
    return found


def check_person(person: str) -> None:
    """Raises UsageError unless this says whom to follow."""
    if person not in ("largest", "left", "right") and not re.fullmatch("[1-9]", person):
        raise UsageError(
            f"{person!r} is nobody to follow; say largest, left, right, or 2 for the second "
            "largest."
        )


def _choose(people: list[_Person], person: str) -> _Person | None:
    """The one of these people, the largest first, that is to be followed. Left and right are of the
    picture, among those half as large as the largest: who passes far behind is not meant."""
    if not person.isdecimal():
        side = {"largest": 0, "left": -1, "right": 1}[person]
        near = [p for p in people if 2 * p.size >= people[0].size]
        return max(near, key=lambda p: side * p.centre[0], default=None)
    found = _apart(people)
    return found[int(person) - 1] if len(found) >= int(person) else None


class PoseEstimator:
    """Follows one person through one clip; not to be shared by threads.

    still: every frame is a picture by itself, nothing is remembered. person: who of several, at
    first sight: `largest`, `left`, `right`, or `2` for the second largest and so on.
    """

    def __init__(self, *, still: bool = False, person: str = "largest") -> None:
        """Raises EncoderError where the networks are missing and can't be had."""
        self._still, self._person = still, person
        self._networks = _networks()
        self._cuts = Cuts()
        self._forget()

    def _forget(self) -> None:
        self._last: _Person | None = None
        self._last_seconds = self._searched_seconds = -np.inf
        self._search_seconds = _SEARCH_SECONDS
        self._region: Region | None = None  # where the person is followed, unless it was lost
        self._smoothing = Smoothing()

    def _everybody(
        self, frame: UInt8, x: int, y: int, width: int, height: int, quarters: int = 0
    ) -> list[_Person]:
        """All in a part of the frame, phantoms too, the largest first. A part that reaches over the
        edge is filled up with the edge's colours; it may be turned by quarters beforehand."""
        regions = self._networks.detect(frame, (x, y, width, height), quarters)[:_MOST_PEOPLE]
        measured = [self._networks.measure(frame, region) for region in regions]
        people = [_Person(found) for found in measured if found is not None]
        return sorted(people, key=lambda p: -p.size)

    def _look(self, frame: UInt8, *part: int) -> list[_Person]:
        """Who is surely there: shoulders and hips are seen, and are a person's."""
        return [p for p in self._everybody(frame, *part) if p.sure(_TORSO)]

    def _search(self, frame: UInt8) -> _Person | None:
        """The person to follow, looked for with a border around the frame, in enlarged, overlapping
        squares of it, and lying or upside down."""
        height, width = frame.shape[:2]
        border = round(0.2 * max(height, width))
        turns = [[(0, 0, width, height, quarters)] for quarters in (1, 3, 2)]
        around = [(-border, -border, width + 2 * border, height + 2 * border, 0)]
        for parts in (around, _squares(frame, 0.65), _squares(frame, 0.4), *turns):
            people = [person for part in parts for person in self._look(frame, *part)]
            sure = [person for person in people if person.sure(_TORSO, _VERY_HOT)]
            if sure:
                return _choose(sorted(sure, key=lambda p: -p.size), self._person)
        return None

    def _near(self, frame: UInt8, last: _Person) -> _Person | None:
        """The person that overlaps most with where it was last seen, in a few cuttings."""
        extent = max(float((last.high - last.low).max()), 16.0)
        for times, quarters in ((1.8, 0), (1.3, 0), (2.6, 0), (1.6, 1), (1.6, 3)):
            side = round(times * extent)
            x, y = (last.centre - side / 2).round().astype(int)
            people = [
                p
                for p in self._look(frame, int(x), int(y), side, side, quarters)
                if p.overlap(last) > 0.1
            ]
            if people:
                return max(people, key=lambda p: p.overlap(last))
        return None

    def _follow(self, frame: UInt8, seconds: float) -> _Person | None:
        height, width = frame.shape[:2]
        if self._still:
            people = self._look(frame, 0, 0, width, height)
            return _choose(people, self._person) if people else self._search(frame)
        if self._cuts(frame):
            self._forget()
        if seconds - self._last_seconds > _FORGET_SECONDS:
            self._last = None
        followed = None if self._region is None else self._networks.measure(frame, self._region)
        person = None if followed is None else _Person(self._smoothing(followed, seconds))
        if person is None or not self._sound(person):
            person = self._afresh(frame, seconds, person)
        self._region = None if person is None else person.found.region
        if person is not None:
            self._last, self._last_seconds = person, seconds
            self._search_seconds = _SEARCH_SECONDS
        return person

    def _sound(self, person: _Person) -> bool:
        """Whether this is surely a person, where it was, and not upside down: who stands up from a
        forward bend may be kept so."""
        near = self._last is None or person.overlap(self._last) >= 0.15
        return near and person.sure(_TORSO) and person.upright > -0.5

    def _afresh(self, frame: UInt8, seconds: float, followed: _Person | None) -> _Person | None:
        """The person as a fresh look sees it, else who is followed, if its shoulders are seen: hips
        may lie outside the picture. With nobody in mind, the largest that can be found."""
        height, width = frame.shape[:2]
        everybody = self._everybody(frame, 0, 0, width, height)
        people = [p for p in everybody if p.sure(_TORSO)]
        person: _Person | None = None
        if self._last is None:
            person = _choose(people, self._person)
            if not people and seconds - self._searched_seconds >= self._search_seconds:
                if self._searched_seconds > -np.inf:
                    self._search_seconds = min(2 * self._search_seconds, _MOST_SEARCH_SECONDS)
                self._searched_seconds = seconds
                person = self._search(frame)
            if person is None and not people:
                person = next((p for p in everybody if p.sure(_SHOULDERS, _VERY_HOT)), None)
        else:
            last = self._last
            same = [p for p in people if p.overlap(last) > 0.1]
            person = max(same, key=last.overlap) if same else self._near(frame, last)
        if followed is not None:
            turned = followed.upright <= -0.5 and followed.sees(_TORSO)
            if turned and person is not None and person.upright < 0.5:
                person = None  # it is upside down indeed
            if person is None:
                return followed if followed.sees(_SHOULDERS) else None
        if person is not None:
            self._smoothing = Smoothing()
            self._smoothing(person.found, seconds)
        return person

    def track(self, batch: FrameBatch) -> PoseTrack:
        """The next frames of the clip as a PoseTrack, one row a frame."""
        n = len(batch)
        world, visibility = np.zeros((n, 33, 3)), np.zeros((n, 33))
        image = np.zeros((n, 33, 2))
        found = np.zeros(n, dtype=bool)
        for t, (frame, seconds) in enumerate(zip(batch.frames, batch.pts_seconds, strict=True)):
            person = self._follow(frame, float(seconds))
            if person is not None:
                world[t], image[t] = person.found.world, person.found.image
                visibility[t] = person.found.visibility
                found[t] = True
        return PoseTrack(
            world=world,
            visibility=visibility,
            root=image[:, [23, 24]].mean(axis=1),
            pixels_per_metre=pixel_scale(world, image),
            pts_seconds=np.asarray(batch.pts_seconds, dtype=np.float64),
            found=found,
        )


def estimate_poses(
    batches: Iterable[FrameBatch], *, still: bool = False, person: str = "largest"
) -> Iterator[PoseTrack]:
    """Yield one PoseTrack a batch of one clip's frames, in order.

    The same clip gives the same poses however it is cut into batches. Frames without a person
    have found = False. still, person: see PoseEstimator. Raises EncoderError where
    the networks are missing and can't be had.
    """
    estimator = PoseEstimator(still=still, person=person)
    for batch in batches:
        yield estimator.track(batch)
