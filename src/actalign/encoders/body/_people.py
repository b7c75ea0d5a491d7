"""Turns frames into everyone's pose landmarks, each person with a permanent number.

Everyone is followed from frame to frame; from time to time, and whenever somebody is lost, a fresh
look at the whole frame finds who else is there. A lost person is recognised by their place or by
the colours of their clothes. Knows nothing about embeddings or language.
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

# Part of the fingerprint if everyone is followed; increased whenever a clip may give other people.
PEOPLE_VERSION = 1
_MOST_PEOPLE = 8  # most people in one look
_LOOK_SECONDS = 0.5  # between looks for other people
_PLACE_SECONDS = 1.0  # how long a lost person's place is remembered
_SAME_POSE = 0.15  # smallest mean distance between two people's landmarks, relative to their size
_SAME_BOX = 0.65  # largest overlap of two people's boxes
_NEAR = 0.1  # smallest overlap of a person with their place a moment ago
_SHADES = 8  # each of red, green and blue
# How similar the colours of clothes must be, from 0 to 1: for somebody found where a person was
# just lost, and for somebody who comes back anywhere. On eleven gym clips, nine tenths of each
# person's frames have a similarity of more than 0.7 to their first ones, and people from two clips
# one of 0.3 to 0.65 in the median.
_ALIKE_HERE, _ALIKE_ANYWHERE, _ALIKE_MORE = 0.4, 0.65, 0.15
_LEARN = 0.2  # weight of each new look in the remembered clothes
_LEAST_SECONDS, _LEAST_FRAMES = 0.5, 3  # anybody seen for less is a phantom


def clothes(frame: UInt8, person: Person) -> Float64:
    """(2, 512) colour histograms of trunk and thighs; zeros for what is outside the picture."""
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
    """How similar two people's clothes are, 0 to 1: the Bhattacharyya coefficient of their colours,
    averaged over the parts that both show."""
    both = a.any(axis=1) & b.any(axis=1)
    return float(np.sqrt(a[both] * b[both]).sum(axis=1).mean()) if both.any() else 0.0


def _same_pose(a: Person, b: Person) -> bool:
    """Whether these are one person, seen twice; left and right may be mixed up."""
    apart = np.linalg.norm(a.found.image - b.found.image, axis=1).mean()
    return float(apart) < _SAME_POSE * max(a.size, b.size) or a.overlap(b) > _SAME_BOX


def _one_place(a: Person, b: Person) -> bool:
    """Whether these two are mostly in the same place: perhaps one person, badly seen."""
    return max(a.inside(b), b.inside(a)) > 0.5


class _Known:
    """Somebody who was seen: where, when, in what clothes, and whether still followed."""

    def __init__(self, number: int, person: Person, seconds: float, colours: Float64) -> None:
        self.number, self.colours, self.first_seconds = number, colours, seconds
        self.begin(person, seconds)

    def begin(self, person: Person, seconds: float) -> None:
        """Follow this person from here, as found by a fresh look."""
        self.person, self.seconds = person, seconds
        self.smoothing = Smoothing()
        self.smoothing(person.found, seconds)
        self.region: Region | None = person.found.region

    def learn(self, colours: Float64) -> None:
        self.colours = self.colours + _LEARN * (colours - self.colours)


class PeopleTracker:
    """Follows everyone through one clip; not to be shared by threads."""

    def __init__(self) -> None:
        """Raises EncoderError if the networks are missing and can't be fetched."""
        self._looks = Looks()
        self._cuts = Cuts()
        self.ahead = self._cuts.ahead  # pass batches through it, for cuts at the start
        self.scene = 0  # of the last frame, counted in the clip; a cut begins another
        self._known: list[_Known] = []
        self._looked_seconds = -np.inf

    def follow(self, frame: UInt8, seconds: float) -> dict[int, Person]:
        """The people seen in the clip's next (H, W, 3) RGB frame, by number from 1."""
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
        """Those who are surely where they are followed, and the lost, with what is seen there
        instead."""
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
        """Of two people followed to one place, keep the one who moved there steadily and whose
        clothes are seen there; somebody who passes behind another is lost."""

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
        """Add to those found: people who were lost, who come back and who are new."""
        regions = self._looks.regions(frame)[:_MOST_PEOPLE]
        people = [p for p in self._looks.people(frame, regions) if p.sure(TORSO)]
        if self._looks.due(seconds):  # people who are small, or next to somebody large
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
        for one, person in lost.items():  # hips may be outside the picture
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
        """Give somebody followed the number of a lost person if the clothes are clearly theirs:
        tracking switched from one to the other as they passed. Somebody new was perhaps not seen
        well enough to be recognised at once."""
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
        """Each of these people once, without those already found."""
        new: list[Person] = []
        for person in people:
            if not any(_same_pose(person, other) for other in (*found.values(), *new)):
                new.append(person)
        return new

    def _recognise(
        self, frame: UInt8, seconds: float, fresh: list[Person], found: dict[_Known, Person]
    ) -> None:
        """Match people found by a fresh look to known people who are not found, the most similar
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
    """The numbers of those who are seen long enough to be people, in order of appearance.

    frames: the people seen in each of a clip's frames.
    """
    counts = Counter(number for people in frames for number in people)
    length = pts_seconds[-1] - pts_seconds[0] if len(frames) else 0.0
    step = length / max(len(frames) - 1, 1)
    seconds = min(_LEAST_SECONDS, length / 2)
    least = min(_LEAST_FRAMES, len(frames))
    return [n for n in sorted(counts) if counts[n] >= least and counts[n] * step >= seconds]
