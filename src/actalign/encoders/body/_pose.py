"""Frames -> one person's pose landmarks, by BlazePose.

Follows one person through a clip: the largest at first sight. A person too small for the whole
frame's detector is looked for in enlarged parts of it. Knows nothing of embeddings or language.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from actalign.encoders.body._blazepose import BlazePose, Landmarks, Region
from actalign.encoders.body._features import PoseTrack, pixel_scale
from actalign.encoders.body._smoothing import Smoothing
from actalign.types import FrameBatch, UInt8

Array = NDArray[np.float64]

# Part of the encoder's fingerprint: another number whenever a clip may give other poses.
POSE_VERSION = 2
# A real torso scored at least 0.74 in hard real frames, phantoms in random pictures at most 0.52.
_TORSO, _TORSO_VISIBILITY = [11, 12, 23, 24], 0.75
_MOST_PEOPLE = 4  # of one look
_SEARCH_SECONDS = 1.0  # how often an unseen person is looked for in parts of the frame
_FORGET_SECONDS = 1.0  # how long a lost person's place is remembered


@functools.cache
def _networks() -> BlazePose:
    return BlazePose()


class _Person:
    """One detection: its landmarks, and what can be told of them."""

    def __init__(self, found: Landmarks) -> None:
        self.found = found
        self.low, self.high = found.image.min(axis=0), found.image.max(axis=0)

    @property
    def torso(self) -> float:
        """How well shoulders and hips are seen, 0..1."""
        return float(self.found.visibility[_TORSO].mean())

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


class PoseEstimator:
    """Follows one person through one clip; not to be shared by threads.

    still: every frame is a picture by itself, nothing is remembered.
    """

    def __init__(self, *, still: bool = False) -> None:
        """Raises EncoderError where the networks are missing and can't be had."""
        self._still = still
        self._networks = _networks()
        self._last: _Person | None = None
        self._last_seconds = -np.inf
        self._searched_seconds = -np.inf
        self._region: Region | None = None  # where the tracked person is, unless it was lost
        self._smoothing = Smoothing()

    def _look(
        self, frame: UInt8, x: int, y: int, width: int, height: int, quarters: int = 0
    ) -> list[_Person]:
        """Everybody in a part of the frame, the largest first. A part that reaches over the edge is
        filled up with the edge's colours; it may be turned by quarters beforehand."""
        regions = self._networks.detect(frame, (x, y, width, height), quarters)[:_MOST_PEOPLE]
        measured = [self._networks.measure(frame, region) for region in regions]
        people = [_Person(found) for found in measured if found is not None]
        sure = [person for person in people if person.torso >= _TORSO_VISIBILITY]
        return sorted(sure, key=lambda p: -p.size)

    def _track(self, frame: UInt8, seconds: float) -> _Person | None:
        """The person where it was in the last frame; the surest in the picture if it was lost."""
        if self._region is None:
            height, width = frame.shape[:2]
            for region in self._networks.detect(frame, (0, 0, width, height))[:1]:
                self._region, self._smoothing = region, Smoothing()
        found = None if self._region is None else self._networks.measure(frame, self._region)
        self._region = None if found is None else found.region
        return None if found is None else _Person(self._smoothing(found, seconds))

    def _search(self, frame: UInt8) -> _Person | None:
        """The largest person, looked for with a border around the frame, in enlarged, overlapping
        squares of it, and lying or upside down."""
        height, width = frame.shape[:2]
        border = round(0.2 * max(height, width))
        for person in self._look(frame, -border, -border, width + 2 * border, height + 2 * border):
            return person
        for share in (0.65, 0.4):
            side = round(share * min(height, width))
            if side < 20:
                break
            best: _Person | None = None
            rows = max(2, round(2 * height / side) - 1)
            columns = max(2, round(2 * width / side) - 1)
            for y in np.linspace(0, height - side, rows).round().astype(int):
                for x in np.linspace(0, width - side, columns).round().astype(int):
                    for person in self._look(frame, int(x), int(y), side, side)[:1]:
                        if best is None or person.size > best.size:
                            best = person
            if best is not None:
                return best
        for quarters in (1, 3, 2):
            for person in self._look(frame, 0, 0, width, height, quarters):
                return person
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
            return people[0] if people else self._search(frame)
        person = self._track(frame, seconds)
        if person is not None and person.upright < -0.5:
            person = self._righted(frame, person)
        if self._last is not None and seconds - self._last_seconds > _FORGET_SECONDS:
            self._last = None
        if self._last is None:
            # first sight: the tracker may have taken somebody smaller
            for other in self._look(frame, 0, 0, width, height)[:1] if person else ():
                if person is None or other.size > 1.25 * person.size:
                    person = other
            if person is None and seconds - self._searched_seconds >= _SEARCH_SECONDS:
                self._searched_seconds = seconds
                person = self._search(frame)
        elif person is None or person.overlap(self._last) < 0.15:
            person = self._near(frame, self._last) or (
                person if person and person.size > 0.5 * self._last.size else None
            )
        if person is not None:
            self._last, self._last_seconds = person, seconds
        return person

    def _righted(self, frame: UInt8, person: _Person) -> _Person:
        """The same person as a fresh look sees it, where that is the right way up: the tracker may
        keep somebody upside down who has stood up from a forward bend. It then starts anew."""
        height, width = frame.shape[:2]
        for seen in self._look(frame, 0, 0, width, height):
            if seen.overlap(person) > 0.3 and seen.upright > 0.5:
                self._region = None
                return seen
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


def estimate_poses(batches: Iterable[FrameBatch], *, still: bool = False) -> Iterator[PoseTrack]:
    """Yield one PoseTrack a batch of one clip's frames, in order.

    The same clip gives the same poses however it is cut into batches. Frames without a person
    have found = False. still: treat every frame as a picture by itself. Raises EncoderError where
    the networks are missing and can't be had.
    """
    estimator = PoseEstimator(still=still)
    for batch in batches:
        yield estimator.track(batch)
