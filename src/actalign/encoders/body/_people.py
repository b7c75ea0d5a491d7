"""Frames -> everyone's pose landmarks, each person by a number that stays.

Everyone is followed from frame to frame; now and then, and wherever somebody is lost, a fresh look
at the whole frame finds who else is there. Who was lost is known again by the place or by the
colours of the clothes. Knows nothing of embeddings or language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from actalign.encoders._cuts import Cuts
from actalign.encoders.body._blazepose import Region
from actalign.encoders.body._look import SHOULDERS, TORSO, Looks, Person
from actalign.encoders.body._smoothing import Smoothing
from actalign.types import Float64, UInt8

# Part of the fingerprint of who follows everyone: another number whenever a clip may give others.
PEOPLE_VERSION = 1
_MOST_PEOPLE = 8  # of one look
_LOOK_SECONDS = 0.5  # between looks for who else is there
_PLACE_SECONDS = 1.0  # how long a lost person's place is remembered
_SAME_POSE = 0.15  # least mean distance of two people's landmarks, in their size
_SAME_BOX = 0.65  # most overlap of two people's boxes
_NEAR = 0.1  # least overlap of a person with where it was a moment ago
_SHADES = 8  # of red, green and blue
# How alike colours of clothes must be, from 0 to 1: of who is found where somebody was just lost,
# and of who comes back anywhere. On eleven gym clips nine tenths of each person's frames are alike
# to its first ones by more than 0.7, and people of two clips by 0.3 to 0.65 in the median.
_ALIKE_HERE, _ALIKE_ANYWHERE, _ALIKE_MORE = 0.4, 0.65, 0.15
_LEARN = 0.2  # share of each new look in what is remembered of the clothes
_LEAST_SECONDS, _LEAST_FRAMES = 0.5, 3  # who is seen for less is taken for a phantom


def clothes(frame: UInt8, person: Person) -> Float64:
    """(2, 512) shares of colours of the trunk and of the thighs; zeros for what lies outside."""
    image = person.found.image
    shares = np.zeros((2, _SHADES**3))
    for part, joints in enumerate(([11, 12, 23, 24], [23, 24, 25, 26])):
        low, high = image[joints].min(axis=0), image[joints].max(axis=0)
        x0, y0 = np.clip(low.round(), 0, frame.shape[1::-1]).astype(int)
        x1, y1 = np.clip(high.round() + 1, 0, frame.shape[1::-1]).astype(int)
        pixels = frame[y0:y1, x0:x1].reshape(-1, 3) // (256 // _SHADES)
        if len(pixels):
            cells = pixels @ np.array([_SHADES**2, _SHADES, 1])
            shares[part] = np.bincount(cells, minlength=_SHADES**3) / len(pixels)
    return shares


def alike(a: Float64, b: Float64) -> float:
    """How alike two people's clothes are, 0 to 1: the Bhattacharyya coefficient of their colours,
    in the mean over the parts that both show."""
    both = a.any(axis=1) & b.any(axis=1)
    return float(np.sqrt(a[both] * b[both]).sum(axis=1).mean()) if both.any() else 0.0


def _same_pose(a: Person, b: Person) -> bool:
    """Whether these two are one person, seen twice; left and right may be taken for each other."""
    apart = np.linalg.norm(a.found.image - b.found.image, axis=1).mean()
    return float(apart) < _SAME_POSE * max(a.size, b.size) or a.overlap(b) > _SAME_BOX


def _one_place(a: Person, b: Person) -> bool:
    """Whether one of these two is mostly where the other is: perhaps one person, badly seen."""
    return max(a.inside(b), b.inside(a)) > 0.5


class _Known:
    """Somebody who was seen: where, when, in what clothes, and whether it is still followed."""

    def __init__(self, number: int, person: Person, seconds: float, colours: Float64) -> None:
        self.number, self.colours, self.first_seconds = number, colours, seconds
        self.begin(person, seconds)

    def begin(self, person: Person, seconds: float) -> None:
        """Follow it from here, as a fresh look sees it."""
        self.person, self.seconds = person, seconds
        self.smoothing = Smoothing()
        self.smoothing(person.found, seconds)
        self.region: Region | None = person.found.region

    def learn(self, colours: Float64) -> None:
        self.colours = self.colours + _LEARN * (colours - self.colours)


class PeopleTracker:
    """Follows everyone through one clip; not to be shared by threads."""

    def __init__(self) -> None:
        """Raises EncoderError where the networks are missing and can't be had."""
        self._looks = Looks()
        self._cuts = Cuts()
        self.ahead = self._cuts.ahead  # batches are to come through it, for cuts at the begin
        self.scene = 0  # of the clip, the frame followed last; a cut begins another
        self._known: list[_Known] = []
        self._looked_seconds = -np.inf

    def follow(self, frame: UInt8, seconds: float) -> dict[int, Person]:
        """Who is seen in the next frame, (H, W, 3) RGB, of the clip, by number from 1 on."""
        if self._cuts(frame):
            self.scene += 1
            for one in self._known:
                one.region, one.seconds = None, -np.inf
            self._looks.forget()
            self._looked_seconds = -np.inf
        found, lost = self._followed(frame, seconds)
        self._part_doubles(frame, found)
        if lost or not found or seconds - self._looked_seconds >= _LOOK_SECONDS:
            self._looked_seconds = seconds
            self._look(frame, seconds, found, lost)
        for one in self._known:
            person = found.get(one)
            one.region = None if person is None else person.found.region
            if person is not None:
                one.person, one.seconds = person, seconds
        return {one.number: person for one, person in found.items()}

    def _followed(
        self, frame: UInt8, seconds: float
    ) -> tuple[dict[_Known, Person], dict[_Known, Person | None]]:
        """Who is surely where it is followed; who is lost, with what is seen there instead."""
        found: dict[_Known, Person] = {}
        lost: dict[_Known, Person | None] = {}
        for one in self._known:
            if one.region is None:
                continue
            seen = self._looks.measure(frame, one.region)
            person = None if seen is None else Person(one.smoothing(seen, seconds))
            if person is not None and person.follows(one.person):
                found[one] = person
            else:
                lost[one] = person
        return found, lost

    def _part_doubles(self, frame: UInt8, found: dict[_Known, Person]) -> None:
        """Of two who are followed to one place the one is kept that moved there steadily and whose
        clothes are there: who passes behind another is lost."""

        def fits(one: _Known) -> float:
            here = found[one]
            return here.overlap(one.person) + alike(clothes(frame, here), one.colours)

        for a, b in combinations(list(found), 2):
            if a in found and b in found and _same_pose(found[a], found[b]):
                del found[min((b, a), key=fits)]

    def _look(
        self,
        frame: UInt8,
        seconds: float,
        found: dict[_Known, Person],
        lost: dict[_Known, Person | None],
    ) -> None:
        """Add to who is found: who was lost, who comes back and who is new."""
        regions = self._looks.regions(frame)[:_MOST_PEOPLE]
        people = [p for p in self._looks.people(frame, regions) if p.sure(TORSO)]
        if self._looks.due(seconds):  # who is small, or beside somebody large
            seen = [*people, *found.values()]
            people += self._looks.parts(frame, seen) if seen else self._looks.search(frame)
        for one in lost:
            near = max(people, key=one.person.overlap, default=None)
            if near is None or near.overlap(one.person) <= _NEAR:
                near = self._looks.near(frame, one.person)
                if near is not None:
                    people.append(near)
        fresh = self._new_ones(people, found)
        self._recognise(frame, seconds, fresh, found)
        for one, person in lost.items():  # hips may lie outside the picture
            there = one not in found and person is not None and person.sees(SHOULDERS)
            if person is not None and there and self._new_ones([person], found):
                found[one] = person
        for person in fresh:
            if any(_one_place(person, other) for other in found.values()):
                continue
            new = _Known(len(self._known) + 1, person, seconds, clothes(frame, person))
            self._known.append(new)
            found[new] = person
        self._correct(frame, seconds, found)
        for one, person in found.items():
            if not any(p is not person and p.overlap(person) > _NEAR for p in found.values()):
                one.learn(clothes(frame, person))

    def _correct(self, frame: UInt8, seconds: float, found: dict[_Known, Person]) -> None:
        """Give who is followed the number of somebody lost whose clothes these clearly are: it was
        followed from the one to the other while they passed. Who is new was perhaps not seen well
        enough to be known at once."""
        for one in list(found):
            seen = clothes(frame, found[one])
            lost = [other for other in self._known if other not in found]
            other = max(lost, key=lambda k: alike(seen, k.colours), default=one)
            likeness = alike(seen, other.colours)
            new = seconds - one.first_seconds <= _PLACE_SECONDS
            least = alike(seen, one.colours) + (0.0 if new else _ALIKE_MORE)
            if other is not one and likeness >= max(_ALIKE_ANYWHERE, least):
                found[other] = found.pop(one)
                other.begin(found[other], other.seconds)

    @staticmethod
    def _new_ones(people: Sequence[Person], found: dict[_Known, Person]) -> list[Person]:
        """Each of these people once, without those who are found already."""
        new: list[Person] = []
        for person in people:
            if not any(_same_pose(person, other) for other in (*found.values(), *new)):
                new.append(person)
        return new

    def _recognise(
        self, frame: UInt8, seconds: float, fresh: list[Person], found: dict[_Known, Person]
    ) -> None:
        """Give people who are seen afresh to those of the known who are not found, the most alike
        first."""
        pairs = []
        for p, person in enumerate(fresh):
            seen = clothes(frame, person)
            for one in self._known:
                if one in found:
                    continue
                likeness = alike(seen, one.colours)
                recent = seconds - one.seconds <= _PLACE_SECONDS
                here = recent and person.overlap(one.person) > _NEAR
                if likeness >= (_ALIKE_HERE if here else _ALIKE_ANYWHERE):
                    pairs.append((likeness + here + 0.1 * person.overlap(one.person), p, one))
        taken = set()
        for _, p, one in sorted(pairs, key=lambda pair: -pair[0]):
            if p not in taken and one not in found:
                taken.add(p)
                one.begin(fresh[p], seconds)
                found[one] = fresh[p]
        fresh[:] = [person for p, person in enumerate(fresh) if p not in taken]


def kept_people(frames: Sequence[Mapping[int, object]], pts_seconds: Sequence[float]) -> list[int]:
    """The numbers of those who are seen long enough to be people, in order of first sight.

    frames: who is seen in each of a clip's frames.
    """
    counts = Counter(number for people in frames for number in people)
    length = pts_seconds[-1] - pts_seconds[0] if len(frames) else 0.0
    step = length / max(len(frames) - 1, 1)
    seconds = min(_LEAST_SECONDS, length / 2)
    least = min(_LEAST_FRAMES, len(frames))
    return [n for n in sorted(counts) if counts[n] >= least and counts[n] * step >= seconds]
