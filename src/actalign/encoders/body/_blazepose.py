"""BlazePose's two networks on ONNX Runtime: where people are, and one person's landmarks.

Bazarevsky et al., BlazePose (arXiv 2006.10204). Pre- and postprocessing follow mediapipe's pose
landmarker, so that our networks, which learnt from its errors, see the same poses. A detector looks
at the whole picture and gives a rotated square around each person. In it, the second network finds
33 landmarks, and two more points that define the square for the next frame.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.encoders.body._network import open_network
from actalign.encoders.body._warp import warp
from actalign.encoders.body._weights import weights
from actalign.types import Float64, UInt8

CONFIDENCE = 0.4  # minimum score of a detection and of a person's presence
_DETECTOR_SIDE, _LANDMARK_SIDE, _HEATMAP_SIDE = 224, 256, 64
_SUPPRESSION = 0.5  # detections that overlap by more are one person
_MARGIN = 1.25  # the square's side, in diameters of the circle around the person
_KERNEL = 3  # heat map cells on each side of a landmark that refine it
_UNLIMITED = 1 << 30


@dataclass(frozen=True, eq=False)
class Region:
    """A rotated square: centre and side in frame pixels, clockwise angle in radians."""

    centre: Float64
    side: float
    angle: float

    def points(self, inside: Float64) -> Float64:
        """(N, 2) frame pixels of points given in the square's coordinates, from 0 to 1."""
        return np.asarray((inside - 0.5) * self.side @ _turn(self.angle).T + self.centre)


@dataclass(frozen=True, eq=False)
class Landmarks:
    """The second network's output for one region.

    image: (33, 2) frame pixels. world: (33, 3) metres, x right, y down, z away from the camera.
    visibility: (33,) in 0..1. heat: (33,) in 0..1, peaks of the landmarks' heat maps; low for an
    object mistaken for a person, even if its visibility is 1. region: where to look for the same
    person in the next frame.
    """

    image: Float64
    world: Float64
    visibility: Float64
    heat: Float64
    region: Region


def _turn(angle: float) -> Float64:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _sigmoid(x: NDArray[Any]) -> Float64:
    return np.asarray(1 / (1 + np.exp(-np.clip(x.astype(np.float64), -100, 100))))


def _around(centre: Float64, rim: Float64) -> Region:
    """The square around a person, from the middle of the hips and a point on the circle around it.

    For a person who is upright, that point is above the hips; the square is rotated with it.
    """
    x, y = rim - centre
    angle = np.pi / 2 - np.arctan2(-y, x)
    return Region(
        np.asarray(centre, dtype=np.float64), 2 * _MARGIN * float(np.hypot(x, y)), float(angle)
    )


@functools.cache
def _anchors() -> Float64:
    """(2254, 2) centres that detections are relative to: 2, 2 and 6 in each cell of three grids."""
    grids = []
    for cells, count in ((28, 2), (14, 2), (7, 6)):
        y, x = np.mgrid[0:cells, 0:cells]
        grids.append(np.stack([x, y], axis=-1).reshape(-1, 2).repeat(count, axis=0) / cells)
        grids[-1] += 0.5 / cells
    return np.concatenate(grids)


class BlazePose:
    """Both networks, loaded once per process; may be shared by threads."""

    def __init__(self) -> None:
        """Raises EncoderError if the weights are missing and can't be fetched."""
        files = weights("pose_detector.onnx", "pose_landmarks.onnx")
        self._detector, self._landmarks = (open_network(file) for file in files)

    def _run(
        self, network: Any, frame: UInt8, region: Region, side: int, bounds: Any, low: float
    ) -> list[Any]:
        """Outputs for a region of the frame, resized; colours are scaled to low..1."""
        step = np.array([np.cos(region.angle), np.sin(region.angle)]) * region.side / side
        picture = np.empty((1, 3, side, side), np.float32)
        origin = region.points(np.zeros((1, 2)))[0]
        warp(frame, picture[0], origin, step, bounds, (1 - low) / 255, low)
        name = network.get_inputs()[0].name
        return [np.asarray(output)[0] for output in network.run(None, {name: picture})]

    def detect(
        self, frame: UInt8, box: tuple[int, int, int, int], quarters: int = 0
    ) -> list[Region]:
        """Squares around the people in a part of an (H, W, 3) uint8 RGB frame, the surest first.

        box: x, y, width, height in pixels; may extend beyond the frame. quarters: how many times it
        is rotated by 90 degrees anticlockwise before detection.
        """
        x, y, width, height = box
        part = Region(
            np.array([x + width / 2, y + height / 2]), max(width, height), quarters * np.pi / 2
        )
        raw, scores = self._run(
            self._detector, frame, part, _DETECTOR_SIDE, (x, y, x + width, y + height), -1.0
        )
        sure = _sigmoid(scores[:, 0])
        kept = np.flatnonzero(sure >= CONFIDENCE)
        if not len(kept):
            return []
        values = raw[kept].astype(np.float64).reshape(-1, 6, 2) / _DETECTOR_SIDE
        values[:, [0, 2, 3, 4, 5]] += _anchors()[kept][:, None]
        centres, sizes = values[:, 0], np.abs(values[:, 1])
        corners = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
        people = _suppress(corners, values[:, 2:4].reshape(-1, 4), sure[kept])
        return [_around(*part.points(points.reshape(2, 2))) for points in people]

    def measure(self, frame: UInt8, region: Region) -> Landmarks | None:
        """The landmarks of the person in a region; None if there is nobody."""
        if not 1.0 <= region.side < _UNLIMITED:
            return None
        everywhere = (-_UNLIMITED, -_UNLIMITED, _UNLIMITED, _UNLIMITED)
        points, presence, heat, world = self._run(
            self._landmarks, frame, region, _LANDMARK_SIDE, everywhere, 0.0
        )
        if presence[0] <= CONFIDENCE:
            return None
        points = points.astype(np.float64).reshape(39, 5)
        inside = points[:, :2] / _LANDMARK_SIDE
        image = region.points(_refine(inside, heat))
        metres = world.astype(np.float64).reshape(39, 3)[:33]
        metres[:, :2] = metres[:, :2] @ _turn(region.angle).T
        return Landmarks(
            image[:33],
            metres,
            _sigmoid(points[:33, 3]),
            _sigmoid(heat[:33].max(axis=(1, 2))),
            _around(image[33], image[34]),
        )


def _suppress(corners: Float64, points: Float64, scores: Float64) -> list[Float64]:
    """One row of points per person, the surest first: the mean of overlaps, weighted by score."""
    order = np.argsort(-scores, kind="stable")
    people = []
    area = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
    while len(order):
        first = order[0]
        low = np.maximum(corners[order, :2], corners[first, :2])
        high = np.minimum(corners[order, 2:], corners[first, 2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        same = shared > _SUPPRESSION * (area[order] + area[first] - shared)
        same[0] = True
        people.append(np.average(points[order[same]], axis=0, weights=scores[order[same]]))
        order = order[~same]
    return people


def _refine(inside: Float64, heat: NDArray[Any]) -> Float64:
    """Move landmarks to the mean of the heat around them if it is reliable; 0..1 in the square."""
    out = inside.copy()
    cells = (inside * _HEATMAP_SIDE).astype(int)  # towards zero
    for i in np.flatnonzero(((cells >= 0) & (cells < _HEATMAP_SIDE)).all(axis=1)):
        left, top = np.maximum(cells[i] - _KERNEL, 0)
        right, bottom = np.minimum(cells[i] + _KERNEL + 1, _HEATMAP_SIDE)
        sure = _sigmoid(heat[i, top:bottom, left:right])
        if sure.max() >= 0.5:
            across, down = sure.sum(axis=0), sure.sum(axis=1)
            mean = across @ np.arange(left, right), down @ np.arange(top, bottom)
            out[i] = np.array(mean) / sure.sum() / _HEATMAP_SIDE
    return out
