"""Turns frames into one person's pose landmarks, with BlazePose.

Follows one person through a clip: the largest at first sight. A person too small to be detected in
the whole frame is searched for in enlarged parts of it. Knows nothing about embeddings or language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike

from actalign.encoders._cuts import Cuts
from actalign.encoders.body._blazepose import Region
from actalign.encoders.body._features import PoseTrack, pixel_scale
from actalign.encoders.body._look import (
    ALL_PEOPLE,
    MOST_PEOPLE,
    SHOULDERS,
    TORSO,
    VERY_HOT,
    Looks,
    Person,
    apart,
)
from actalign.encoders.body._smoothing import Smoothing
from actalign.rows._people import people_source, several_warning
from actalign.types import Float64, FrameBatch, UInt8

# Part of the encoder's fingerprint; increased whenever a clip may give other poses.
POSE_VERSION = 5
CHOICE_VERSION = 2  # the same if somebody other than the largest is followed
_FORGET_SECONDS = 1.0  # how long a lost person's place is remembered
# Other people are looked for at least every this many frames. These looks cost 1 per cent of the
# time if there is one person, and 3 if there are two (benchmarks/people_looks.py).
_LOOK_FRAMES = 50


def _choose(people: list[Person], person: str) -> Person | None:
    """Which of these people, sorted from the largest, to follow. Left and right are the picture's,
    among those at least half as large as the largest: nobody who passes far behind is meant."""
    if not person.isdecimal():
        side = {"largest": 0, "left": -1, "right": 1}[person]
        near = [p for p in people if 2 * p.size >= people[0].size]
        return max(near, key=lambda p: side * p.centre[0], default=None)
    found = apart(people)
    return found[int(person) - 1] if len(found) >= int(person) else None


class PoseEstimator:
    """Follows one person through one clip; not to be shared by threads.

    still: every frame is a picture by itself, and nothing is remembered. person: which of several,
    at first sight: `largest`, `left`, `right`, or `2` for the second largest and so on.
    """

    def __init__(self, *, still: bool = False, person: str = "largest") -> None:
        """Raises EncoderError if the networks are missing and can't be fetched."""
        self._still, self._person = still, person
        self._looks = Looks(MOST_PEOPLE if person == "largest" else ALL_PEOPLE)
        self._cuts = Cuts()
        self.ahead = self._cuts.ahead  # pass batches through it, for cuts at the start
        self.scene = 0  # of the last frame, counted in the clip; a cut begins another
        self._people: list[tuple[float, int]] = []  # each look's time and number of people
        self._unlooked = 0  # frames since the last look that was counted
        self._followed_until = -np.inf  # when anybody was last followed
        self._passed = 0  # looks that found somebody farther left or right
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget who was followed, as after a cut; the next frame shows something else."""
        self._last: Person | None = None
        self._last_seconds = -np.inf
        self._looks.forget()
        self._region: Region | None = None  # where the person is followed, unless lost
        self._smoothing = Smoothing()

    def follow(self, frame: UInt8, seconds: float) -> Person | None:
        """The person in the clip's next (H, W, 3) RGB frame; None if not seen."""
        if self._still:
            people = self._looks.look(frame)
            if people and self._person != "largest":
                people = self._with_parts(frame, people)
            return _choose(people or self._looks.search(frame), self._person)
        if self._cuts(frame):
            self.scene += 1
            self.begin_anew()
        if seconds - self._last_seconds > _FORGET_SECONDS:
            self._last = None
        followed = None if self._region is None else self._looks.measure(frame, self._region)
        person = None if followed is None else Person(self._smoothing(followed, seconds))
        looked: list[Person] | None = None
        due = self._unlooked + 1 >= _LOOK_FRAMES
        if person is None or not person.follows(self._last):
            regions = self._looks.regions(frame)
            seen = self._looks.people(frame, regions[: self._looks.most])
            person = self._afresh(frame, seconds, person, seen)
            more = regions[self._looks.most :]
            # If the followed person is lost in a crowd, the crowd is not counted each time.
            if due or self._last is None or not more:
                looked = [*seen, *self._looks.people(frame, more)]
        elif due:
            looked = self._looks.people(frame, self._looks.regions(frame, beside=person))
        self._unlooked = self._unlooked + 1 if looked is None else 0
        if looked is not None:
            others = [p for p in looked if p.sure(TORSO)]
            there = apart(others if person is None else [person, *others])
            self._people.append((seconds, len(there)))
            if person is not None and self._person in ("left", "right"):
                there.sort(key=lambda p: -p.size)
                self._passed += _choose(there, self._person) is not person
        self._region = None if person is None else person.found.region
        if person is not None:
            self._last, self._last_seconds, self._followed_until = person, seconds, seconds
            self._looks.found_again()
        return person

    def _afresh(
        self, frame: UInt8, seconds: float, followed: Person | None, everybody: list[Person]
    ) -> Person | None:
        """The person as found by a fresh look, else the one followed, if the shoulders are seen:
        hips may be outside the picture. If nobody was followed yet, the largest person that can be
        found.

        everybody: the people found by the look at the whole frame.
        """
        people = [p for p in everybody if p.sure(TORSO)]
        person: Person | None = None
        if self._last is None:
            if people and self._chosen_in_parts(seconds):
                people = self._with_parts(frame, people)
            if not people and self._looks.due(seconds):
                people = self._looks.search(frame)
            person = _choose(people, self._person)
            if person is None and not people:
                person = next((p for p in everybody if p.sure(SHOULDERS, VERY_HOT)), None)
        else:
            last = self._last
            same = [p for p in people if p.overlap(last) > 0.1]
            person = max(same, key=last.overlap) if same else self._looks.near(frame, last)
        if followed is not None:
            turned = followed.upright <= -0.5 and followed.sees(TORSO)
            if turned and person is not None and person.upright < 0.5:
                person = None  # the person really is upside down
            if person is None:
                return followed if followed.sees(SHOULDERS) else None
        if person is not None:
            self._smoothing = Smoothing()
            self._smoothing(person.found, seconds)
        return person

    def _with_parts(self, frame: UInt8, people: list[Person]) -> list[Person]:
        """These people and those found in enlarged parts of the frame, the largest first."""
        return sorted([*people, *self._looks.parts(frame, people)], key=lambda p: -p.size)

    def _chosen_in_parts(self, seconds: float) -> bool:
        """Whether finding the right person needs a look at enlarged parts of the frame too, as a
        look at the whole may miss somebody. The N-th largest may never be there; then this is done
        ever more rarely.
        """
        if self._person == "largest":
            return False
        return not self._person.isdecimal() or self._looks.due(seconds)

    @property
    def in_looks(self) -> Counter[int]:
        """How many looks at a whole frame have found how many people. Such a look is taken at a
        clip's first frame, after a cut, when the person is lost, and in every fiftieth frame."""
        return Counter(people for _, people in self._people)

    def forget(self, before: float) -> None:
        """Discard all that was before a time, in seconds, except the last look if there was none
        since."""
        self._people = [one for one in self._people if one[0] >= before] or self._people[-1:]
        if self._followed_until < before:
            self._followed_until = -np.inf

    def source(self) -> dict[str, str]:
        """What a result reports about other people in the clip."""
        return people_source("people_looks", self._people)

    def warnings(self) -> tuple[str, ...]:
        """One sentence if several people are seen and the user didn't say which to follow, if
        somebody is farther left or right than the one who was so at first sight, or if the N-th
        largest is never there."""
        in_looks = self.in_looks
        if self._person.isdecimal() and self._followed_until == -np.inf:
            most = max(in_looks, default=0)
            people = {0: "nobody was found", 1: "at most 1 person was found at once"}
            found = people.get(most, f"at most {most} people were found at once")
            return (f"There is no person {self._person} to follow: {found}.",)
        if self._person in ("left", "right") and self._passed:
            looks = f"{self._passed} of {len(self._people)} looks"
            return (
                f"The person who was farthest {self._person} at first sight is followed; in "
                f"{looks} somebody else is. To follow that person, say all, or 2 for the second "
                "largest.",
            )
        if self._person != "largest":
            return ()
        return tuple(several_warning({str(people): n for people, n in in_looks.items()}))

    def clip_tracks(self, batches: Iterable[FrameBatch]) -> Iterator[PoseTrack]:
        """The PoseTracks of one clip in order, however it is cut into batches."""
        for batch in self.ahead(batches):
            yield from self.tracks(batch)

    def tracks(self, batch: FrameBatch) -> list[PoseTrack]:
        """The PoseTracks of the clip's next frames: one for each scene, with one row per frame."""
        people: list[Person | None] = []
        scenes: list[int] = []
        for frame, seconds in zip(batch.frames, batch.pts_seconds.tolist(), strict=True):
            people.append(self.follow(frame, seconds))
            scenes.append(self.scene)
        return pose_tracks(people, batch.pts_seconds, scenes)


def pose_tracks(
    people: Sequence[Person | None], pts_seconds: ArrayLike, scenes: Sequence[int]
) -> list[PoseTrack]:
    """One person's frames as a PoseTrack for each scene. people: None where not seen.

    scenes: the number of each frame's scene, which never decreases.
    """
    times = np.asarray(pts_seconds, dtype=np.float64)
    found: list[PoseTrack] = []
    first = 0
    for scene, frames in groupby(scenes):
        end = first + len(list(frames))
        found.append(_track(people[first:end], times[first:end], scene))
        first = end
    return found


def _track(people: Sequence[Person | None], pts_seconds: Float64, scene: int) -> PoseTrack:
    n = len(people)
    world, visibility = np.zeros((n, 33, 3)), np.zeros((n, 33))
    image = np.zeros((n, 33, 2))
    for t, person in enumerate(people):
        if person is not None:
            world[t], image[t] = person.found.world, person.found.image
            visibility[t] = person.found.visibility
    return PoseTrack(
        world=world,
        visibility=visibility,
        root=image[:, [23, 24]].mean(axis=1),
        pixels_per_metre=pixel_scale(world, image),
        pts_seconds=pts_seconds,
        found=np.array([person is not None for person in people], dtype=bool),
        scene=scene,
    )
