"""Frames -> one person's pose landmarks, with the BlazePose weights inside the mediapipe wheel.

Follows one person through a clip: the largest at first sight. A person too small for the whole
frame's detector is looked for in enlarged parts of it. Knows nothing of embeddings or language.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from actalign.encoders.body._features import PoseTrack, pixel_scale
from actalign.encoders.body._mediapipe import import_mediapipe, native_silence, pose_task
from actalign.types import FrameBatch, UInt8

Array = NDArray[np.float64]

_CONFIDENCE = 0.4
# A real torso scored at least 0.74 in hard real frames, phantoms in random pictures at most 0.52.
_TORSO, _TORSO_VISIBILITY = [11, 12, 23, 24], 0.75
_MIN_SIDE = 256  # smaller pictures are enlarged to this before anything looks at them
_WINDOW_SIDE = 384  # a window around a small person is enlarged to this
_SEARCH_SECONDS = 1.0  # how often an unseen person is looked for in parts of the frame
_FORGET_SECONDS = 1.0  # how long a lost person's place is remembered


_PICTURES: list[Any] = []
"""Landmarkers for single pictures that no estimator uses now: they remember nothing, and making one
takes as long as ten frames."""


@atexit.register
def _close_pictures() -> None:
    while _PICTURES:
        with native_silence:
            _PICTURES.pop().close()


class _Person:
    """One detection: world (33, 3) metres, visibility (33,), image (33, 2) pixels."""

    def __init__(
        self, result: Any, index: int, box: tuple[int, int, int, int], quarters: int = 0
    ) -> None:
        """box: x, y, width, height of the part that was looked at, in frame pixels; quarters: how
        often it had been turned by 90 degrees, anticlockwise, beforehand."""
        x, y, width, height = box
        self.visibility = np.array(
            [p.visibility for p in result.pose_world_landmarks[index]], dtype=np.float64
        ).clip(0, 1)
        world = np.array([[p.x, p.y, p.z] for p in result.pose_world_landmarks[index]])
        image = np.array([[p.x, p.y] for p in result.pose_landmarks[index]]) - 0.5
        for _ in range(quarters):  # turn back, clockwise
            world = world[:, [1, 0, 2]] * np.array([-1.0, 1.0, 1.0])
            image = image[:, [1, 0]] * np.array([-1.0, 1.0])
        self.world = world
        self.image = (image + 0.5) * np.array([width, height]) + np.array([x, y])
        self.low, self.high = self.image.min(axis=0), self.image.max(axis=0)

    @property
    def size(self) -> float:
        return float(np.linalg.norm(self.high - self.low))

    @property
    def centre(self) -> Array:
        return np.asarray((self.low + self.high) / 2)

    @property
    def upright(self) -> float:
        """1 for shoulders straight above the hips in the picture, -1 for upside down."""
        trunk = self.image[[11, 12]].mean(axis=0) - self.image[[23, 24]].mean(axis=0)
        return float(-trunk[1] / max(float(np.linalg.norm(trunk)), 1e-6))

    def overlap(self, other: _Person) -> float:
        """Intersection over union of the two bounding boxes."""
        inner = np.minimum(self.high, other.high) - np.maximum(self.low, other.low)
        shared = float(np.clip(inner, 0, None).prod())
        both = float((self.high - self.low).prod() + (other.high - other.low).prod()) - shared
        return shared / max(both, 1e-6)


def _enlarge(picture: UInt8, side: int) -> UInt8:
    """At least `side` pixels on the shorter side, bilinear."""
    import cv2

    height, width = picture.shape[:2]
    times = side / min(height, width)
    if times <= 1.0:
        return np.ascontiguousarray(picture)
    size = (max(1, round(width * times)), max(1, round(height * times)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


class PoseEstimator:
    """Follows one person through one clip; a context manager, not to be shared by threads.

    still: every frame is a picture by itself, nothing is remembered.
    """

    def __init__(self, *, still: bool = False) -> None:
        self._still = still
        self._mediapipe = import_mediapipe()
        self._last: _Person | None = None
        self._last_seconds = -np.inf
        self._searched_seconds = -np.inf
        self._clock_ms = 0
        self._vision = self._mediapipe.tasks.vision
        with ExitStack() as silence:
            silence.enter_context(native_silence)
            try:
                self._picture = _PICTURES.pop()
            except IndexError:
                self._picture = self._landmarker(self._vision.RunningMode.IMAGE, people=4)
            self._video = (
                None if still else self._landmarker(self._vision.RunningMode.VIDEO, people=1)
            )
            self._silence = silence.pop_all()  # until `close`

    def _landmarker(self, mode: Any, people: int) -> Any:
        options = self._vision.PoseLandmarkerOptions(
            base_options=self._mediapipe.tasks.BaseOptions(model_asset_buffer=pose_task()),
            running_mode=mode,
            num_poses=people,
            min_pose_detection_confidence=_CONFIDENCE,
            min_pose_presence_confidence=_CONFIDENCE,
            min_tracking_confidence=_CONFIDENCE,
        )
        return self._vision.PoseLandmarker.create_from_options(options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the models; the estimator can't be used afterwards."""
        _PICTURES.append(self._picture)
        with self._silence:
            if self._video is not None:
                self._video.close()
            self._video = None

    def _image(self, picture: UInt8) -> Any:
        return self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture)
        )

    def _look(
        self, frame: UInt8, x: int, y: int, width: int, height: int, quarters: int = 0
    ) -> list[_Person]:
        """Everybody in a part of the frame, the largest first. A part that reaches over the edge is
        filled up with the edge's colours; it may be turned by quarters beforehand."""
        high, wide = frame.shape[:2]
        rows = np.clip(np.arange(y, y + height), 0, high - 1)
        columns = np.clip(np.arange(x, x + width), 0, wide - 1)
        inside = x >= 0 and y >= 0 and x + width <= wide and y + height <= high
        part = frame[y : y + height, x : x + width] if inside else frame[rows][:, columns]
        side = _MIN_SIDE if (height, width) == (high, wide) else _WINDOW_SIDE
        image = self._image(_enlarge(np.rot90(part, quarters), side))
        result = self._picture.detect(image)
        people = [
            _Person(result, i, (x, y, width, height), quarters)
            for i in range(len(result.pose_world_landmarks))
        ]
        sure = [p for p in people if p.visibility[_TORSO].mean() >= _TORSO_VISIBILITY]
        return sorted(sure, key=lambda p: -p.size)

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
        if self._video is None:
            people = self._look(frame, 0, 0, width, height)
            return people[0] if people else self._search(frame)
        self._clock_ms = max(self._clock_ms + 1, round(seconds * 1000))
        whole = self._image(_enlarge(frame, _MIN_SIDE))
        result = self._video.detect_for_video(whole, self._clock_ms)
        person = _Person(result, 0, (0, 0, width, height)) if result.pose_world_landmarks else None
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
                if self._video is not None:
                    self._video.close()
                self._video = self._landmarker(self._vision.RunningMode.VIDEO, people=1)
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
                world[t], visibility[t], image[t] = person.world, person.visibility, person.image
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
    mediapipe or its weights are missing.
    """
    with PoseEstimator(still=still) as estimator:
        for batch in batches:
            yield estimator.track(batch)
