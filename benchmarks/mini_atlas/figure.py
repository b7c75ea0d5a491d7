"""The performer: joint directions -> joints -> BlazePose's 33 landmarks and a body to draw.

The person's own frame: metres, y up, ground at y = 0, facing +z, left is +x. Everything here is
vectorised over T frames. It shares nothing with the body that the built-in encoder was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LIMBS = ("upper_arm", "forearm", "thigh", "shin", "foot")
SIDES = ("left", "right")
DIRECTIONS = tuple(f"{side}_{limb}" for side in SIDES for limb in LIMBS)
ANGLES = ("pelvis", "spine", "head")

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Pose:
    """One key posture.

    angles: degrees of (forward pitch, lean to the left, turn to the left) for the pelvis in space,
        the chest against the pelvis, the head against the chest.
    directions: unit vectors of the ten limb segments in the person's frame.
    air: metres between the ground and the lowest point.
    """

    angles: dict[str, np.ndarray]
    directions: dict[str, np.ndarray]
    air: float = 0.0


def make_pose(
    *,
    pelvis: Vector = (0, 0, 0),
    spine: Vector = (0, 0, 0),
    head: Vector = (0, 0, 0),
    arms: tuple = ((0.12, -1, 0.02),),
    legs: tuple = ((0.1, -1, 0.0),),
    left_arm: tuple | None = None,
    right_arm: tuple | None = None,
    left_leg: tuple | None = None,
    right_leg: tuple | None = None,
    air: float = 0.0,
) -> Pose:
    """A posture from limb directions (outward, up, forward), mirrored for the right side.

    A limb is (upper, lower) or (upper,) when straight; a leg may add the foot's direction.
    """
    directions = {}
    facing = rotations(np.array([pelvis], dtype=float))[0] @ np.array([0.0, 0.0, 1.0])
    for side in SIDES:
        arm = (left_arm if side == "left" else right_arm) or arms
        leg = (left_leg if side == "left" else right_leg) or legs
        mirror = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
        upper, lower = arm[0], arm[1] if len(arm) > 1 else arm[0]
        thigh, shin = leg[0], leg[1] if len(leg) > 1 else leg[0]
        directions[f"{side}_upper_arm"] = unit(np.array(upper) * mirror)
        directions[f"{side}_forearm"] = unit(np.array(lower) * mirror)
        directions[f"{side}_thigh"] = unit(np.array(thigh) * mirror)
        directions[f"{side}_shin"] = unit(np.array(shin) * mirror)
        foot = (
            np.array(leg[2]) * mirror
            if len(leg) > 2
            else _default_foot(unit(np.array(shin) * mirror), facing)
        )
        directions[f"{side}_foot"] = unit(foot)
    angles = {"pelvis": pelvis, "spine": spine, "head": head}
    return Pose({k: np.array(v, dtype=float) for k, v in angles.items()}, directions, air)


def _default_foot(shin: np.ndarray, facing: np.ndarray) -> np.ndarray:
    """Flat on the ground under an upright shin, square to the shin otherwise."""
    if shin[1] < -0.6:
        ahead = np.array([facing[0], 0.0, facing[2]])
        if np.linalg.norm(ahead) > 0.5:
            return ahead
    square = facing - (facing @ shin) * shin
    return square + 0.3 * shin if np.linalg.norm(square) > 0.3 else shin


def unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def rotations(angles: np.ndarray) -> np.ndarray:
    """(T, 3) degrees of (pitch, lean, turn) -> (T, 3, 3): turn about y after pitch after lean."""
    pitch, lean, turn = np.radians(angles).T
    zero, one = np.zeros_like(pitch), np.ones_like(pitch)

    def stack(rows: list[list[np.ndarray]]) -> np.ndarray:
        return np.stack([np.stack(row, -1) for row in rows], -2)

    rx = stack(
        [
            [one, zero, zero],
            [zero, np.cos(pitch), -np.sin(pitch)],
            [zero, np.sin(pitch), np.cos(pitch)],
        ]
    )
    rz = stack(
        [[np.cos(lean), np.sin(lean), zero], [-np.sin(lean), np.cos(lean), zero], [zero, zero, one]]
    )
    ry = stack(
        [[np.cos(turn), zero, np.sin(turn)], [zero, one, zero], [-np.sin(turn), zero, np.cos(turn)]]
    )
    return ry @ rx @ rz


def slerp(a: np.ndarray, b: np.ndarray, s: np.ndarray, via: np.ndarray) -> np.ndarray:
    """Directions from unit a to unit b at shares s (T,); near-opposite ones pass through `via`."""
    if a @ b < -0.75:
        middle = unit(via + 0.15 * (a + b))
        if min(a @ middle, middle @ b) < -0.75:
            # The way round lies along the limb itself: any direction square to it will do.
            square = np.array([0.0, 1.0, 0.0]) - a[1] * a
            middle = unit(square if np.linalg.norm(square) > 0.1 else np.array([1.0, 0.0, 0.0]))
        first = slerp(a, middle, np.clip(2 * s, 0, 1), via)
        second = slerp(middle, b, np.clip(2 * s - 1, 0, 1), via)
        return np.where((s < 0.5)[:, None], first, second)
    angle = np.arccos(np.clip(a @ b, -1.0, 1.0))
    if angle < 1e-4:
        return np.repeat(a[None], len(s), axis=0)
    return unit(
        (np.sin((1 - s) * angle)[:, None] * a + np.sin(s * angle)[:, None] * b) / np.sin(angle)
    )


@dataclass(frozen=True)
class Motion:
    """A posture a frame: angles (T, 3) each, directions (T, 3) each, air (T,)."""

    angles: dict[str, np.ndarray]
    directions: dict[str, np.ndarray]
    air: np.ndarray


def interpolate(keys: list[tuple[float, Pose]], times: np.ndarray) -> Motion:
    """Ease between key postures at their times (seconds, increasing); hold outside them."""
    count = len(times)
    angles = {k: np.zeros((count, 3)) for k in ANGLES}
    directions = {k: np.zeros((count, 3)) for k in DIRECTIONS}
    air = np.zeros(count)
    starts = np.array([t for t, _ in keys])
    segment = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, max(len(keys) - 2, 0))
    for i in range(max(len(keys) - 1, 1)):
        (t0, p0), (t1, p1) = keys[i], keys[min(i + 1, len(keys) - 1)]
        here = segment == i
        s = np.clip((times[here] - t0) / max(t1 - t0, 1e-6), 0.0, 1.0)
        s = s * s * (3 - 2 * s)
        for k in ANGLES:
            angles[k][here] = p0.angles[k] + s[:, None] * (p1.angles[k] - p0.angles[k])
        for k in DIRECTIONS:
            outward = 0.7 if k.startswith("left") else -0.7
            via = unit(np.array([outward, 0.0, 1.0])) if "arm" in k else np.array([0.0, 0.0, 1.0])
            directions[k][here] = slerp(p0.directions[k], p1.directions[k], s, via)
        air[here] = p0.air + s * (p1.air - p0.air)
    return Motion(angles, directions, air)


@dataclass(frozen=True)
class Build:
    """Lengths in metres and girth of one random person."""

    height: float
    girth: float
    shoulder: float
    hip: float
    arm: float
    leg: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Build:
        return cls(
            height=float(rng.uniform(1.55, 1.92)) / 1.75,
            girth=float(rng.uniform(0.88, 1.18)),
            shoulder=float(rng.uniform(0.16, 0.2)),
            hip=float(rng.uniform(0.085, 0.105)),
            arm=float(rng.uniform(0.95, 1.05)),
            leg=float(rng.uniform(0.95, 1.05)),
        )


@dataclass(frozen=True)
class Body:
    """Joints (name -> (T, 3)) in the person's frame and the head's and chest's axes (T, 3, 3)."""

    joints: dict[str, np.ndarray]
    head_axes: np.ndarray
    chest_axes: np.ndarray


def pose_body(motion: Motion, build: Build) -> Body:
    """Forward kinematics, the lowest point put on the ground (plus `air`)."""
    b, s = build, build.height
    pelvis = rotations(motion.angles["pelvis"])
    chest = pelvis @ rotations(motion.angles["spine"])
    half = pelvis @ rotations(motion.angles["spine"] / 2)
    head = chest @ rotations(motion.angles["head"])
    count = len(pelvis)
    root = np.zeros((count, 3))

    def at(axes: np.ndarray, offset: tuple[float, float, float]) -> np.ndarray:
        return axes @ (np.array(offset) * s)

    joints = {"pelvis": root, "waist": at(pelvis, (0, 0.14, 0))}
    joints["ribs"] = joints["waist"] + at(half, (0, 0.16, 0.01))
    joints["neck"] = joints["ribs"] + at(chest, (0, 0.22, 0))
    joints["head"] = joints["neck"] + at(chest, (0, 0.07, 0.0)) + at(head, (0, 0.12, 0.02))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        d = {limb: motion.directions[f"{side}_{limb}"] for limb in LIMBS}
        # A raised arm lifts its shoulder.
        lift = 0.035 * np.clip(d["upper_arm"] @ np.array([0.0, 1.0, 0.0]), 0, 1)[:, None]
        shoulder = (
            joints["neck"] + at(chest, (sign * b.shoulder, -0.035, 0)) + lift * chest[:, :, 1]
        )
        elbow = shoulder + 0.285 * s * b.arm * d["upper_arm"]
        wrist = elbow + 0.25 * s * b.arm * d["forearm"]
        hip = at(pelvis, (sign * b.hip, -0.02, 0))
        knee = hip + 0.42 * s * b.leg * d["thigh"]
        ankle = knee + 0.40 * s * b.leg * d["shin"]
        sole = unit(d["shin"] - 0.98 * np.sum(d["shin"] * d["foot"], -1, keepdims=True) * d["foot"])
        heel = ankle + s * (0.06 * sole - 0.05 * d["foot"])
        toe = ankle + s * (0.065 * sole + 0.16 * d["foot"])
        ahead = chest[:, :, 2]
        thumb = unit(ahead - np.sum(ahead * d["forearm"], -1, keepdims=True) * d["forearm"] + 1e-3)
        joints |= {
            f"{side}_shoulder": shoulder,
            f"{side}_elbow": elbow,
            f"{side}_wrist": wrist,
            f"{side}_index": wrist + s * (0.085 * d["forearm"] + 0.025 * thumb),
            f"{side}_pinky": wrist + s * (0.08 * d["forearm"] - 0.03 * thumb),
            f"{side}_thumb": wrist + s * (0.04 * d["forearm"] + 0.045 * thumb),
            f"{side}_fingers": wrist + s * 0.15 * d["forearm"],
            f"{side}_hip": hip,
            f"{side}_knee": knee,
            f"{side}_ankle": ankle,
            f"{side}_heel": heel,
            f"{side}_toe": toe,
        }
    flesh = {
        "pelvis": 0.11,
        "ribs": 0.11,
        "neck": 0.06,
        "head": 0.11,
        "knee": 0.05,
        "elbow": 0.04,
        "fingers": 0.01,
        "wrist": 0.03,
        "heel": 0.02,
        "toe": 0.02,
        "shoulder": 0.05,
    }
    lows = [p[:, 1] - flesh.get(n.split("_")[-1], 0.02) * s for n, p in joints.items()]
    rise = np.zeros((count, 3))
    rise[:, 1] = motion.air - np.min(lows, axis=0)
    return Body({n: p + rise for n, p in joints.items()}, head, chest)


def landmarks(body: Body, build: Build) -> np.ndarray:
    """BlazePose's 33 landmarks, (T, 33, 3) metres in the person's frame."""
    j, s = body.joints, build.height

    def face(x: float, y: float, z: float) -> np.ndarray:
        return j["head"] + body.head_axes @ (np.array([x, y, z]) * s)

    points = [face(0, -0.015, 0.115)]
    points += [face(x, 0.02, 0.092) for x in (0.018, 0.033, 0.048)]
    points += [face(-x, 0.02, 0.092) for x in (0.018, 0.033, 0.048)]
    points += [face(0.078, 0.0, 0.0), face(-0.078, 0.0, 0.0)]
    points += [face(0.026, -0.055, 0.09), face(-0.026, -0.055, 0.09)]
    for name in (
        "shoulder",
        "elbow",
        "wrist",
        "pinky",
        "index",
        "thumb",
        "hip",
        "knee",
        "ankle",
        "heel",
        "toe",
    ):
        points += [j[f"left_{name}"], j[f"right_{name}"]]
    return np.stack(points, axis=1)
