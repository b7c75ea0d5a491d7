"""Turns pose landmarks into the numbers that the `body` encoder sees. Needs only numpy.

Training and inference share this module, so a change here needs new weights: bump FEATURE_VERSION.

Input frame: MediaPipe world landmarks, metres, hip-centred, x to the image's right, y down, z away
from the camera. Internally: x right, y up, z towards the camera, then rotated about the vertical so
that the person faces +z with the left side at +x ("person frame"). The vertical is the camera's, so
lying and standing stay different. Lengths are in body units (about a metre for an adult: a robust
sum of limb lengths is scaled to its usual value). FEATURES names every column; the blocks are

| prefix  | columns per entry | what                                                              |
|---------|-------------------|-------------------------------------------------------------------|
| pos     | x y z | joint relative to the pelvis, person frame, body units                        |
| dir     | x y z | unit vector along a limb or axis, person frame                                |
| rel     | u l f | limb's unit vector along the torso's own up, left and forward                 |
| angle   | 1, cos | joint angle in units of 90 degrees minus 1 (0 = right angle), and its cosine |
| height  | 1     | joint above the body's lowest point, body units                               |
| dist    | 1     | distance between two joints, body units                                       |
| torso   | 1     | vertical parts of the torso's axes: upright, facing up (+) or down, side up   |
| vis     | 1     | visibility 0..1                                                               |
| vel     | x y z | velocity relative to the pelvis over +-0.2 s, person frame (asinh, units/s)   |
| speed   | 1     | length of that velocity (asinh)                                               |
| turn    | 1     | rate of a joint angle (asinh, 90 degrees/s), over +-0.2 s                     |
| rise    | 1     | rate of a height (asinh, units/s), over +-0.2 s                               |
| yaw     | 1     | rate of turning to the left about the vertical (asinh, rad/s)                 |
| slow-*  |       | the same as vel, turn, rise over +-0.5 s                                      |
| root    | 1     | pelvis velocity in the picture over +-0.2 s: up, forward, left, speed (asinh) |
| known   | 1     | 1 if the window had enough frames to know movement, else 0 (fast, slow)      |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actalign.types import Float64

FEATURE_VERSION = 1
CONTEXT_SECONDS = 0.6  # frames further away than this never affect a row
_FAST, _SLOW = 0.2, 0.5
_USUAL_SUM = 1.69  # metres: trunk + thigh + shank + upper arm + forearm of an adult
_EPS = 1e-6

_NOSE, _SH, _EL, _WR, _IX, _HIP, _KN, _AN, _HEEL, _TOE = 0, 11, 13, 15, 19, 23, 25, 27, 29, 31
_SIDES = (("left", 0), ("right", 1))
_PAIRS = {
    "shoulder": _SH,
    "elbow": _EL,
    "wrist": _WR,
    "knee": _KN,
    "ankle": _AN,
    "toe": _TOE,
}
_JOINTS = {"nose": _NOSE} | {
    f"{side}_{name}": base + s for name, base in _PAIRS.items() for side, s in _SIDES
}
_BONES = {
    "upper_arm": (_SH, _EL),
    "forearm": (_EL, _WR),
    "hand": (_WR, _IX),
    "thigh": (_HIP, _KN),
    "shank": (_KN, _AN),
    "foot": (_HEEL, _TOE),
}


@dataclass(frozen=True, eq=False, slots=True)
class PoseTrack:
    """One person through a clip, as a pose estimator reports it.

    world: (T, 33, 3) metres, hip-centred, x right, y down, z away. visibility: (T, 33) in 0..1.
    root: (T, 2) pelvis in the picture, pixels, x right, y down. pixels_per_metre: (T,).
    pts_seconds: (T,) non-decreasing. found: (T,) bool; rows of other frames are ignored.
    scene: its number in the clip, from 0; a cut in the picture begins another.
    """

    world: Float64
    visibility: Float64
    root: Float64
    pixels_per_metre: Float64
    pts_seconds: Float64
    found: NDArray[np.bool_]
    scene: int = 0

    def __len__(self) -> int:
        return len(self.pts_seconds)

    def __getitem__(self, rows: slice) -> PoseTrack:
        return PoseTrack(
            self.world[rows],
            self.visibility[rows],
            self.root[rows],
            self.pixels_per_metre[rows],
            self.pts_seconds[rows],
            self.found[rows],
            self.scene,
        )

    def __repr__(self) -> str:
        return f"PoseTrack({len(self)} frames, {int(self.found.sum())} with a person)"


def pixel_scale(world: Float64, image: Float64) -> Float64:
    """(T,) pixels per metre that best map world x, y onto image x, y (both (T, 33, >=2))."""
    a = world[..., :2] - world[..., :2].mean(axis=1, keepdims=True)
    b = image[..., :2] - image[..., :2].mean(axis=1, keepdims=True)
    return np.asarray(
        np.sqrt((b**2).sum(axis=(1, 2)) / np.maximum((a**2).sum(axis=(1, 2)), _EPS)),
        dtype=np.float64,
    )


def _unit(v: Float64) -> Float64:
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), _EPS))


def _angle(a: Float64, b: Float64) -> Float64:
    """(T,) degrees between two (T, 3) vectors."""
    cos = (_unit(a) * _unit(b)).sum(axis=-1)
    return np.asarray(np.degrees(np.arccos(np.clip(cos, -1.0, 1.0))))


def _slope_weights(t: Float64, half: float) -> tuple[Float64, NDArray[np.bool_]]:
    """(T, T) weights whose product with samples at times t is the least-squares slope over
    +-half seconds, and (T,) whether a slope is known. Rows that aren't known are zero."""
    # 20 % of slack, so that a neighbour at 5 frames/s counts in spite of rounded timestamps
    near = (np.abs(t[:, None] - t[None, :]) <= half * 1.2 + 1e-9).astype(np.float64)
    count = near.sum(axis=1, keepdims=True)
    mean = (near * t[None, :]).sum(axis=1, keepdims=True) / count
    centred = near * (t[None, :] - mean)
    spread = (centred**2).sum(axis=1, keepdims=True)
    known = spread[:, 0] > (0.02**2)
    return np.where(known[:, None], centred / np.maximum(spread, 1e-12), 0.0), known


def _slow_median(t: Float64, x: Float64) -> Float64:
    near = np.abs(t[:, None] - t[None, :]) <= _SLOW + 1e-9
    return np.asarray(np.nanmedian(np.where(near, x[None, :], np.nan), axis=1))


class _Columns:
    """Collects named columns in order."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.blocks: list[Float64] = []

    def vector(self, name: str, value: Float64, axes: str = "xyz") -> None:
        self.names += [f"{name}.{a}" for a in axes]
        self.blocks.append(value)

    def scalar(self, name: str, value: Float64) -> None:
        self.names.append(name)
        self.blocks.append(value[:, None])


@dataclass(frozen=True, eq=False, slots=True)
class _Pose:
    """A track whose frames all show a person, in the axes that the columns are measured in.

    world: (T, 33, 3) metres, pelvis at the origin, x right, y up. turn: (T, 3, 3) from those axes
    to the person frame. unit: (T,) metres in a body unit. person: world in the person frame, body
    units. up, left, forward: (T, 3) the torso's own axes. heading, yaw: (T, 3) and (T,) radians,
    the facing direction on the ground. axes, bones: (T, 3) vectors by name.
    """

    track: PoseTrack
    world: Float64
    turn: Float64
    unit: Float64
    person: Float64
    up: Float64
    left: Float64
    forward: Float64
    heading: Float64
    yaw: Float64
    axes: dict[str, Float64]
    bones: dict[str, Float64]


def _pose(track: PoseTrack) -> _Pose:
    t = track.pts_seconds
    world = track.world * np.array([1.0, -1.0, -1.0])
    hips, shoulders = world[:, [_HIP, _HIP + 1]], world[:, [_SH, _SH + 1]]
    pelvis, chest = hips.mean(axis=1), shoulders.mean(axis=1)
    world = world - pelvis[:, None]
    chest = chest - pelvis

    up = _unit(chest)
    across = (shoulders[:, 0] - shoulders[:, 1]) + (hips[:, 0] - hips[:, 1])
    left = _unit(across - (across * up).sum(axis=-1, keepdims=True) * up)
    forward: Float64 = np.cross(left, up)
    heading: Float64 = np.cross(left, np.array([0.0, 1.0, 0.0])) + left[:, 1:2] ** 2 * forward
    heading[:, 1] = 0.0
    heading = _unit(heading)
    yaw = np.arctan2(heading[:, 0], heading[:, 2])
    cos, sin = np.cos(yaw), np.sin(yaw)
    turn = np.zeros((len(t), 3, 3))  # rows: person's left, up, forward in camera axes
    turn[:, 0, 0], turn[:, 0, 2] = cos, -sin
    turn[:, 1, 1] = 1.0
    turn[:, 2, 0], turn[:, 2, 2] = sin, cos

    def length(a: int, b: int) -> Float64:
        pair = [np.linalg.norm(world[:, a + s] - world[:, b + s], axis=-1) for s in (0, 1)]
        return np.asarray((pair[0] + pair[1]) / 2)

    limbs = length(_HIP, _KN) + length(_KN, _AN) + length(_SH, _EL) + length(_EL, _WR)
    total = np.linalg.norm(chest, axis=-1) + limbs
    unit = np.maximum(_slow_median(t, total) / _USUAL_SUM, 0.05)
    person = np.einsum("tij,tpj->tpi", turn, world) / unit[:, None, None]
    ears = world[:, [7, 8]].mean(axis=1)
    axes = {
        "torso": chest,
        "shoulders": world[:, _SH] - world[:, _SH + 1],
        "hips": world[:, _HIP] - world[:, _HIP + 1],
        "neck": ears - chest,
        "face": world[:, _NOSE] - ears,
    }
    bones = {
        f"{side}_{name}": world[:, b + s] - world[:, a + s]
        for name, (a, b) in _BONES.items()
        for side, s in _SIDES
    }
    return _Pose(track, world, turn, unit, person, up, left, forward, heading, yaw, axes, bones)


def _columns(track: PoseTrack) -> _Columns:
    """Every column for a track whose frames all show a person."""
    pose, out = _pose(track), _Columns()
    for name, p in _JOINTS.items():
        out.vector(f"pos.{name}", pose.person[:, p])
    _directions(pose, out)
    angles = _angles(pose, out)
    heights = _heights(pose, out)
    _distances(pose, out)
    out.scalar("torso.upright", pose.up[:, 1])
    out.scalar("torso.facing_up", pose.forward[:, 1])
    out.scalar("torso.left_up", pose.left[:, 1])
    for name in ("elbow", "wrist", "knee", "ankle"):
        for side, s in _SIDES:
            out.scalar(f"vis.{side}_{name}", track.visibility[:, _PAIRS[name] + s])
    _movement(pose, angles, heights, out)
    return out


def _directions(pose: _Pose, out: _Columns) -> None:
    torso = np.stack([pose.up, pose.left, pose.forward], axis=1)  # (T, 3, 3) rows in camera axes
    for name, v in (pose.axes | pose.bones).items():
        out.vector(f"dir.{name}", np.einsum("tij,tj->ti", pose.turn, _unit(v)))
    for name, v in pose.bones.items():
        if not name.endswith(("hand", "foot")):
            out.vector(f"rel.{name}", np.einsum("tij,tj->ti", torso, _unit(v)), "ulf")


def _angles(pose: _Pose, out: _Columns) -> dict[str, Float64]:
    """Adds the joint angles; returns those, (T,) degrees, whose rate of change is a column too."""
    bones, axes, up = pose.bones, pose.axes, pose.up
    chest = axes["torso"]
    angles: dict[str, Float64] = {}
    for side, _ in _SIDES:
        angles[f"{side}_elbow"] = _angle(bones[f"{side}_upper_arm"], bones[f"{side}_forearm"])
        angles[f"{side}_shoulder"] = _angle(bones[f"{side}_upper_arm"], -chest)
        angles[f"{side}_hip"] = _angle(bones[f"{side}_thigh"], -chest)
        angles[f"{side}_knee"] = _angle(bones[f"{side}_thigh"], bones[f"{side}_shank"])
    moving = dict(angles)
    for side, _ in _SIDES:
        angles[f"{side}_ankle"] = _angle(bones[f"{side}_shank"], bones[f"{side}_foot"])
    angles["thighs"] = _angle(bones["left_thigh"], bones["right_thigh"])
    angles["neck"] = _angle(axes["neck"], chest)
    for name, value in angles.items():
        out.scalar(f"angle.{name}", value / 90.0 - 1.0)
        out.scalar(f"angle.{name}.cos", np.cos(np.radians(value)))
    hip_axis, shoulder_axis = axes["hips"], axes["shoulders"]
    hip_axis = _unit(hip_axis - (hip_axis * up).sum(-1, keepdims=True) * up)
    shoulder_axis = _unit(shoulder_axis - (shoulder_axis * up).sum(-1, keepdims=True) * up)
    out.scalar("angle.twist", (np.cross(hip_axis, shoulder_axis) * up).sum(axis=-1))
    return moving


def _heights(pose: _Pose, out: _Columns) -> dict[str, Float64]:
    """Adds the heights above the body's lowest point; returns them, (T,) in metres, by joint."""
    world = pose.world
    lowest = world[..., 1].min(axis=1)
    heights = {"pelvis": -lowest, "nose": world[:, _NOSE, 1] - lowest}
    for side, s in _SIDES:
        for name, base in _PAIRS.items():
            heights[f"{side}_{name}"] = world[:, base + s, 1] - lowest
    for name, value in heights.items():
        out.scalar(f"height.{name}", value / pose.unit)
    out.scalar("height.all", (world[..., 1].max(axis=1) - lowest) / pose.unit)
    return heights


def _distances(pose: _Pose, out: _Columns) -> None:
    person = pose.person

    def distance(name: str, a: int, b: int) -> None:
        out.scalar(f"dist.{name}", np.linalg.norm(person[:, a] - person[:, b], axis=-1))

    distance("wrists", _WR, _WR + 1)
    distance("elbows", _EL, _EL + 1)
    distance("knees", _KN, _KN + 1)
    distance("ankles", _AN, _AN + 1)
    for side, s in _SIDES:
        o = 1 - s
        distance(f"{side}_wrist-nose", _WR + s, _NOSE)
        distance(f"{side}_wrist-ear", _WR + s, 7 + s)
        distance(f"{side}_wrist-own_shoulder", _WR + s, _SH + s)
        distance(f"{side}_wrist-other_shoulder", _WR + s, _SH + o)
        distance(f"{side}_wrist-own_hip", _WR + s, _HIP + s)
        distance(f"{side}_wrist-other_hip", _WR + s, _HIP + o)
        distance(f"{side}_wrist-own_knee", _WR + s, _KN + s)
        distance(f"{side}_wrist-other_knee", _WR + s, _KN + o)
        distance(f"{side}_wrist-own_ankle", _WR + s, _AN + s)
        distance(f"{side}_wrist-other_ankle", _WR + s, _AN + o)
        distance(f"{side}_wrist-other_elbow", _WR + s, _EL + o)
        distance(f"{side}_elbow-own_knee", _EL + s, _KN + s)
        distance(f"{side}_elbow-other_knee", _EL + s, _KN + o)
        distance(f"{side}_ankle-own_hip", _AN + s, _HIP + s)
        distance(f"{side}_ankle-other_knee", _AN + s, _KN + o)
        distance(f"{side}_knee-own_shoulder", _KN + s, _SH + s)


def _movement(
    pose: _Pose, angles: dict[str, Float64], heights: dict[str, Float64], out: _Columns
) -> None:
    """Slopes of positions in the gravity frame, rotated only by this frame's heading."""
    for prefix, half in (("", _FAST), ("slow-", _SLOW)):
        weights, known = _slope_weights(pose.track.pts_seconds, half)
        rates = np.einsum("ij,jpk->ipk", weights, pose.world[:, list(_JOINTS.values())])
        rates = np.einsum("tij,tpj->tpi", pose.turn, rates) / pose.unit[:, None, None]
        for k, name in enumerate(_JOINTS):
            if not name.endswith("toe"):
                out.vector(f"{prefix}vel.{name}", np.arcsinh(rates[:, k]))
                if not prefix and name.endswith(("wrist", "ankle")):
                    out.scalar(f"speed.{name}", np.arcsinh(np.linalg.norm(rates[:, k], axis=-1)))
        for name, value in angles.items():
            out.scalar(f"{prefix}turn.{name}", np.arcsinh(weights @ value / 90.0))
        for name in ("pelvis", "nose"):
            out.scalar(f"{prefix}rise.{name}", np.arcsinh(weights @ heights[name] / pose.unit))
        if not prefix:
            _drift(pose, weights, out)
        out.scalar(f"{prefix}known", known.astype(np.float64))


def _drift(pose: _Pose, weights: Float64, out: _Columns) -> None:
    """Rotation about the vertical, and the pelvis's path across the picture."""
    yaw, heading = pose.yaw, pose.heading
    difference = (yaw[None, :] - yaw[:, None] + np.pi) % (2 * np.pi) - np.pi
    out.scalar("yaw", np.arcsinh((weights * difference).sum(axis=1)))
    scale = np.maximum(pose.track.pixels_per_metre * pose.unit, _EPS)
    drift = weights @ pose.track.root / scale[:, None] * np.array([1.0, -1.0])
    out.scalar("root.up", np.arcsinh(drift[:, 1]))
    out.scalar("root.forward", np.arcsinh(drift[:, 0] * heading[:, 0]))
    out.scalar("root.left", np.arcsinh(drift[:, 0] * heading[:, 2]))
    out.scalar("root.speed", np.arcsinh(np.linalg.norm(drift, axis=-1)))


def features(track: PoseTrack) -> NDArray[np.float32]:
    """(T, F) float32 rows in the order of FEATURES; a frame without a person is a row of zeros.

    A row depends only on frames within CONTEXT_SECONDS of it, so a long clip may be cut into pieces
    that overlap by that much. Any sampling rate works; if no neighbouring frame is near enough,
    movement is 0 and `known` is 0.
    """
    out = np.zeros((len(track), len(FEATURES)), dtype=np.float32)
    found = np.flatnonzero(track.found)
    if len(found):
        seen = PoseTrack(
            track.world[found].astype(np.float64),
            track.visibility[found].astype(np.float64),
            track.root[found].astype(np.float64),
            track.pixels_per_metre[found].astype(np.float64),
            track.pts_seconds[found].astype(np.float64),
            track.found[found],
        )
        out[found] = np.concatenate(_columns(seen).blocks, axis=1)
    return out


def _names() -> tuple[str, ...]:
    still = np.zeros((1, 33, 3))
    one = PoseTrack(
        still, np.zeros((1, 33)), np.zeros((1, 2)), np.ones(1), np.zeros(1), np.ones(1, bool)
    )
    return tuple(_columns(one).names)


FEATURES: tuple[str, ...] = _names()
