"""Records who was where in one clip, as its frames arrive."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np

from actalign.encoders._base import PersonRows
from actalign.encoders.body._look import Person
from actalign.encoders.body._people import PEOPLE_VERSION, PeopleTracker, kept_people
from actalign.encoders.body._pose import CHOICE_VERSION, PoseEstimator
from actalign.errors import EncoderUsageError
from actalign.rows._people import people_source
from actalign.types import Float32, FrameBatch

EVERYONE = "all"
_BOXES_A_SECOND, _MOST_BOXES = 2.0, 1000  # in a row


def check_person(person: str) -> None:
    """Raises EncoderUsageError if this doesn't say whom to follow."""
    if person not in ("largest", "left", "right", EVERYONE) and not re.fullmatch("[1-9]", person):
        raise EncoderUsageError(
            f"{person!r} names nobody to follow; say largest, left, right, 2 for the second "
            "largest, or all."
        )


def person_version(person: str) -> str:
    """What a fingerprint says about how people are chosen; nothing for the largest."""
    if person == "largest":
        return ""
    return str(PEOPLE_VERSION if person == EVERYONE else CHOICE_VERSION)


class Tracks:
    """The people of one clip; not to be shared by threads.

    person: whom to follow, as `check_person` accepts it. people: for each frame so far, the
    people seen in it, by number from 1; a single person who is followed is 1. scenes: the number of
    each frame's scene; a cut in the picture begins another.
    """

    def __init__(self, person: str) -> None:
        """Raises EncoderError if the networks are missing and can't be fetched."""
        self._everyone = person == EVERYONE
        self._one = None if self._everyone else PoseEstimator(person=person)
        self._follower = self._one or PeopleTracker()
        self.ahead = self._follower.ahead  # pass batches through it, for cuts at the start
        self.people: list[dict[int, Person]] = []
        self.pts_seconds: list[float] = []
        self.scenes: list[int] = []
        self._size = (1, 1)

    def add(self, batch: FrameBatch) -> list[dict[int, Person]]:
        """The people seen in each of the next frames."""
        self._size = batch.frames.shape[2], batch.frames.shape[1]
        first = len(self.people)
        for frame, seconds in zip(batch.frames, batch.pts_seconds.tolist(), strict=True):
            found = self._follower.follow(frame, seconds)
            if not isinstance(found, dict):
                found = {} if found is None else {1: found}
            self.people.append(found)
            self.pts_seconds.append(seconds)
            self.scenes.append(self._follower.scene)
        return self.people[first:]

    def begin_anew(self) -> None:
        """Forget who the single followed person is, as after a cut."""
        if self._one is not None:
            self._one.begin_anew()

    def forget(self, before: float) -> None:
        """Discard all that was before a time, in seconds."""
        first = bisect_left(self.pts_seconds, before)
        del self.people[:first], self.pts_seconds[:first], self.scenes[:first]
        if self._one is not None:
            self._one.forget(before)

    def numbers(self) -> list[int]:
        """The numbers of those seen long enough to be people, in order of appearance."""
        return kept_people(self.people, self.pts_seconds) if self._everyone else [1]

    def span(self, number: int) -> tuple[int, int]:
        """The frames [first, end) from the first to the last in which somebody is seen; all frames
        for number 0, which is nobody."""
        if not number:
            return 0, len(self.people)
        seen = [t for t, people in enumerate(self.people) if number in people]
        return seen[0], seen[-1] + 1

    def everyones(self, rows: Mapping[int, tuple[Float32, Sequence[int]]]) -> list[PersonRows]:
        """Everyone's (n, D) rows, and what a result reports of each. rows: by number, with the
        frames that they are of."""
        counts, times = self._counts(), [*self.pts_seconds, None]
        return [
            PersonRows(
                number,
                found,
                np.array([self.pts_seconds[t] for t in frames]),
                times[frames[-1] + 1] if frames else None,
                {"person": str(number), **counts, **self._boxes(number)},
            )
            for number, (found, frames) in rows.items()
        ]

    def source(self, number: int) -> dict[str, str]:
        """What a result reports about a person: the box over time, and how many frames (for a
        single person: looks) show how many people."""
        return self._counts() | self._boxes(number)

    def _counts(self) -> dict[str, str]:
        if self._one is not None:
            return self._one.source()
        kept = set(self.numbers())
        counts = [len(kept & people.keys()) for people in self.people]
        seen = people_source("people_frames", list(zip(self.pts_seconds, counts, strict=True)))
        return {"people": str(len(kept)), **seen}

    def warnings(self) -> tuple[str, ...]:
        """The same as `PoseEstimator.warnings`; none if everyone is followed."""
        return () if self._one is None else self._one.warnings()

    def _boxes(self, number: int) -> dict[str, str]:
        """Seconds, and left, top, right, bottom as shares of the picture, a few times a second."""
        chosen: list[tuple[float, Person]] = []
        for seconds, people in zip(self.pts_seconds, self.people, strict=True):
            last = chosen[-1][0] if chosen else -np.inf
            if number in people and seconds - last >= 1 / _BOXES_A_SECOND - 1e-6:
                chosen.append((seconds, people[number]))
        texts = []
        for seconds, person in chosen[:: -(-len(chosen) // _MOST_BOXES) or 1]:
            corners = np.clip([person.low / self._size, person.high / self._size], 0, 1).ravel()
            texts.append(" ".join([f"{seconds:.2f}", *(f"{corner:.3f}" for corner in corners)]))
        return {"boxes": ";".join(texts)} if texts else {}
