"""A kinematic human body: named joint angles in, BlazePose's 33 landmarks out.

World frame: metres, right-handed, y up, ground at y = 0. The person's own frame: facing +z, left
is +x. With every angle 0 the person stands straight, arms hanging, palms at the thighs.

A pose is a row of JOINTS (degrees); arrays of poses are (T, J). No noise and no camera here
(see `observe`), and no dynamics: a body is put on the ground by its lowest point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# name: (lowest, highest) in degrees. Signs, all seen from the person:
# heading turns to the left; pitch leans the whole body forward (90 = face down, -90 = on the back,
# 180 = upside down); roll tips it to the left (90 = lying on the left side).
# spine/neck: flex bends forward, lean bends to the left, twist turns to the left.
# limbs: flex raises to the front, abduct raises to the side, rotate turns outward about the
# limb's own axis (a bent elbow at rotate 0 brings the forearm to the front); elbow and knee bend;
# forearm_rotate + turns the palm forward/up (supination); wrist_flex + bends to the palm;
# ankle + pulls the toes up. A limb's direction is Rx(-flex) Rz(abduct) applied to straight down,
# so flex 90 with abduct 40 is horizontal, 40 degrees out of straight ahead.
_ARM = {
    "shoulder_flex": (-60.0, 190.0),
    "shoulder_abduct": (-50.0, 180.0),
    "shoulder_rotate": (-95.0, 100.0),
    "elbow": (0.0, 155.0),
    "forearm_rotate": (-90.0, 90.0),
    "wrist_flex": (-75.0, 75.0),
}
_LEG = {
    "hip_flex": (-45.0, 150.0),
    "hip_abduct": (-35.0, 90.0),
    "hip_rotate": (-50.0, 75.0),
    "knee": (0.0, 160.0),
    "ankle": (-65.0, 45.0),
}
LIMITS: dict[str, tuple[float, float]] = {
    "heading": (-360.0, 360.0),
    "pitch": (-200.0, 220.0),
    "roll": (-200.0, 200.0),
    "spine_flex": (-60.0, 90.0),
    "spine_lean": (-50.0, 50.0),
    "spine_twist": (-65.0, 65.0),
    "neck_flex": (-60.0, 60.0),
    "neck_lean": (-40.0, 40.0),
    "neck_twist": (-75.0, 75.0),
    **{f"{side}_{k}": v for side in ("left", "right") for k, v in {**_ARM, **_LEG}.items()},
}
JOINTS: tuple[str, ...] = tuple(LIMITS)
INDEX: dict[str, int] = {name: j for j, name in enumerate(JOINTS)}
LOWEST = np.array([LIMITS[j][0] for j in JOINTS])
HIGHEST = np.array([LIMITS[j][1] for j in JOINTS])

LANDMARKS: tuple[str, ...] = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)
# `points` returns the landmarks, then these inner points (for drawing a body).
POINTS: tuple[str, ...] = (*LANDMARKS, "pelvis", "waist", "chest", "neck", "head", "head_top")
AT: dict[str, int] = {name: i for i, name in enumerate(POINTS)}

# For each joint the one on the other side, and the sign it changes by, in a mirror.
_MIRROR = np.array(
    [
        INDEX[
            j.replace("left_", "right_") if j.startswith("left_") else j.replace("right_", "left_")
        ]
        for j in JOINTS
    ]
)
_MIRROR_SIGN = np.array(
    [
        -1.0
        if j in ("heading", "roll", "spine_lean", "spine_twist", "neck_lean", "neck_twist")
        else 1.0
        for j in JOINTS
    ]
)
# Landmark order after swapping left and right.
MIRROR_LANDMARKS = np.array(
    [
        AT[
            n.replace("left", "#").replace("right", "left").replace("#", "right")
            if ("left" in n or "right" in n)
            else n
        ]
        for n in LANDMARKS
    ]
)


@dataclass(frozen=True, slots=True)
class Body:
    """Lengths in metres between joint centres as BlazePose places them."""

    # medians of BlazePose's world landmarks on real clips; limbs come out shorter than in anatomy
    thigh: float = 0.385
    shank: float = 0.365
    ankle_height: float = 0.045
    foot: float = 0.16
    heel: float = 0.03
    upper_arm: float = 0.25
    forearm: float = 0.22
    hand: float = 0.08
    hip_width: float = 0.215
    shoulder_width: float = 0.325
    trunk: float = 0.49
    neck: float = 0.13
    head: float = 0.112

    @staticmethod
    def sample(rng: np.random.Generator) -> Body:
        """A random adult or teenager: overall size, then each proportion by itself."""
        size = float(np.clip(rng.normal(1.0, 0.07), 0.8, 1.18))
        limbs = rng.normal(1.0, 0.03)  # long or short limbs against the trunk
        width = rng.normal(1.0, 0.06)
        base = Body()

        def vary(length: float, sd: float = 0.04, times: float = 1.0) -> float:
            return float(length * size * times * np.clip(rng.normal(1.0, sd), 0.85, 1.15))

        return Body(
            thigh=vary(base.thigh, times=limbs),
            shank=vary(base.shank, times=limbs),
            ankle_height=vary(base.ankle_height),
            foot=vary(base.foot),
            heel=vary(base.heel),
            upper_arm=vary(base.upper_arm, times=limbs),
            forearm=vary(base.forearm, times=limbs),
            hand=vary(base.hand, 0.1),
            hip_width=vary(base.hip_width, 0.08, width),
            shoulder_width=vary(base.shoulder_width, 0.06, width),
            trunk=vary(base.trunk),
            neck=vary(base.neck, 0.1),
            head=vary(base.head),
        )

    @property
    def height(self) -> float:
        """Standing height, ground to head top."""
        return self.ankle_height + self.shank + self.thigh + self.trunk + self.neck + 2 * self.head


def pose(angles: Mapping[str, float] | None = None, **more: float) -> Array:
    """A (J,) pose from named angles; those not named are 0.

    Raises KeyError for a name not in JOINTS and ValueError for an angle outside LIMITS.
    """
    row = np.zeros(len(JOINTS))
    for name, value in {**(angles or {}), **more}.items():
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise ValueError(f"{name} = {value} is outside {low}..{high} degrees")
        row[INDEX[name]] = value
    return row


def clip_to_limits(poses: Array) -> Array:
    """The same (..., J) poses with every angle moved inside its limits."""
    return np.clip(poses, LOWEST, HIGHEST)


def mirror(poses: Array) -> Array:
    """The (..., J) poses as seen in a mirror: left and right limbs change places."""
    return poses[..., _MIRROR] * _MIRROR_SIGN


def _rot(axis: int, degrees: Array) -> Array:
    """(T, 3, 3) rotations about axis 0 (x), 1 (y) or 2 (z)."""
    a = np.deg2rad(np.asarray(degrees, dtype=np.float64))
    c, s = np.cos(a), np.sin(a)
    out = np.zeros((*a.shape, 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    out[..., axis, axis] = 1.0
    out[..., i, i] = c
    out[..., j, j] = c
    out[..., i, j] = -s
    out[..., j, i] = s
    return out


def _at(rotation: Array, x: float, y: float, z: float) -> Array:
    return rotation @ np.array([x, y, z])


def local_points(poses: Array, body: Body) -> Array:
    """(T, P, 3) points of (T, J) poses with the pelvis at the origin (heading, pitch, roll
    applied), in the order of POINTS."""
    poses = np.atleast_2d(poses)
    angle = {name: poses[:, j] for j, name in enumerate(JOINTS)}
    out = np.zeros((len(poses), len(POINTS), 3))
    root = _rot(1, angle["heading"]) @ _rot(0, angle["pitch"]) @ _rot(2, -angle["roll"])

    half = (
        _rot(0, angle["spine_flex"] / 2)
        @ _rot(2, -angle["spine_lean"] / 2)
        @ _rot(1, angle["spine_twist"] / 2)
    )
    lumbar = root @ half
    chest = lumbar @ half
    waist = _at(root, 0, 0.2 * body.trunk, 0)
    mid = waist + _at(lumbar, 0, 0.35 * body.trunk, 0)
    neck = mid + _at(chest, 0, 0.45 * body.trunk, 0)
    out[:, AT["waist"]], out[:, AT["chest"]], out[:, AT["neck"]] = waist, mid, neck

    skull = (
        chest
        @ _rot(0, angle["neck_flex"])
        @ _rot(2, -angle["neck_lean"])
        @ _rot(1, angle["neck_twist"])
    )
    # the neck itself takes half of the head's bend
    column = chest @ _rot(0, angle["neck_flex"] / 2) @ _rot(2, -angle["neck_lean"] / 2)
    head = neck + _at(column, 0, body.neck, 0.1 * body.head)
    h = body.head
    out[:, AT["head"]] = head
    out[:, AT["head_top"]] = head + _at(skull, 0, 1.3 * h, 0)
    out[:, AT["nose"]] = head + _at(skull, 0, 0.25 * h, 1.15 * h)
    for side, s in (("left", 1.0), ("right", -1.0)):
        out[:, AT[f"{side}_eye_inner"]] = head + _at(skull, s * 0.16 * h, 0.55 * h, 1.0 * h)
        out[:, AT[f"{side}_eye"]] = head + _at(skull, s * 0.28 * h, 0.55 * h, 0.98 * h)
        out[:, AT[f"{side}_eye_outer"]] = head + _at(skull, s * 0.40 * h, 0.55 * h, 0.92 * h)
        out[:, AT[f"{side}_ear"]] = head + _at(skull, s * 0.65 * h, 0.40 * h, 0.15 * h)
        out[:, AT[f"mouth_{side}"]] = head + _at(skull, s * 0.22 * h, -0.15 * h, 0.95 * h)

        flex, abduct = angle[f"{side}_shoulder_flex"], angle[f"{side}_shoulder_abduct"]
        arm = chest @ _rot(0, -flex) @ _rot(2, s * abduct)
        # the shoulder blade: a raised arm lifts the shoulder, an arm in front brings it forward
        reach = (chest.swapaxes(-1, -2) @ _at(arm, 0, -1, 0)[..., None])[..., 0]
        up = np.clip(reach[:, 1] + 0.3, 0.0, 1.3) / 1.3
        half_width = body.shoulder_width / 2
        blade = np.stack(
            [
                s * half_width * (1.0 - 0.15 * up),
                half_width * 0.38 * up,
                half_width * 0.18 * reach[:, 2],
            ],
            axis=-1,
        )
        shoulder = neck + (chest @ blade[..., None])[..., 0]
        arm = arm @ _rot(1, s * angle[f"{side}_shoulder_rotate"])
        elbow = shoulder + _at(arm, 0, -body.upper_arm, 0)
        fore = arm @ _rot(0, -angle[f"{side}_elbow"]) @ _rot(1, s * angle[f"{side}_forearm_rotate"])
        wrist = elbow + _at(fore, 0, -body.forearm, 0)
        palm = fore @ _rot(2, -s * angle[f"{side}_wrist_flex"])
        d = body.hand
        out[:, AT[f"{side}_shoulder"]], out[:, AT[f"{side}_elbow"]] = shoulder, elbow
        out[:, AT[f"{side}_wrist"]] = wrist
        out[:, AT[f"{side}_index"]] = wrist + _at(palm, 0, -d, 0.28 * d)
        out[:, AT[f"{side}_pinky"]] = wrist + _at(palm, 0, -0.9 * d, -0.28 * d)
        out[:, AT[f"{side}_thumb"]] = wrist + _at(palm, -s * 0.2 * d, -0.45 * d, 0.45 * d)

        leg = (
            root
            @ _rot(0, -angle[f"{side}_hip_flex"])
            @ _rot(2, s * angle[f"{side}_hip_abduct"])
            @ _rot(1, s * angle[f"{side}_hip_rotate"])
        )
        hip = _at(root, s * body.hip_width / 2, 0, 0)
        knee = hip + _at(leg, 0, -body.thigh, 0)
        shin = leg @ _rot(0, angle[f"{side}_knee"])
        ankle = knee + _at(shin, 0, -body.shank, 0)
        foot = shin @ _rot(0, -angle[f"{side}_ankle"])
        out[:, AT[f"{side}_hip"]], out[:, AT[f"{side}_knee"]] = hip, knee
        out[:, AT[f"{side}_ankle"]] = ankle
        out[:, AT[f"{side}_heel"]] = ankle + _at(foot, 0, -body.ankle_height, -body.heel)
        out[:, AT[f"{side}_foot_index"]] = ankle + _at(
            foot, s * 0.015, -body.ankle_height, body.foot - body.heel
        )
    return out


BAR_HEIGHT = 2.35
_WRISTS = [AT["left_wrist"], AT["right_wrist"]]


def place(local: Array, *, support: str = "ground", lift: Array | float = 0.0) -> Array:
    """Put (T, P, 3) pelvis-centred points into the world.

    support: what stays still. "ground": the lowest point lies on the ground and whatever touches
    the ground does not slide (so a stance leg moves the body forward); "hands": the wrists stay at
    a bar of BAR_HEIGHT (hanging); "hips": the pelvis stays where it is, at the height that
    keeps every point above the ground (sitting on a bench, a machine).
    lift: (T,) metres above the ground (jumps). The first frame's pelvis is above the origin.
    """
    out = local.copy()
    lift = np.broadcast_to(np.asarray(lift, dtype=np.float64), (len(local),))
    if support == "hands":
        hands = local[:, _WRISTS].mean(axis=1)
        out -= hands[:, None] - np.array([0.0, BAR_HEIGHT, 0.0])
        out[..., [0, 2]] -= out[:1, AT["pelvis"] : AT["pelvis"] + 1, [0, 2]]
        return out
    if support == "hips":
        out[..., 1] += lift[:, None] - local[..., 1].min()
        return out
    if support != "ground":
        raise ValueError(f"support is 'ground', 'hands' or 'hips', not {support!r}")
    out[..., 1] -= out[..., 1].min(axis=1, keepdims=True)
    weight = np.exp(-((out[..., 1] / 0.04) ** 2)) + 1e-9
    both = np.minimum(weight[1:], weight[:-1])
    step = np.diff(local[..., [0, 2]], axis=0)
    slide = -(both[..., None] * step).sum(axis=1) / both.sum(axis=1)[:, None]
    slide = np.concatenate([np.zeros((1, 2)), np.cumsum(slide, axis=0)])
    out[..., [0, 2]] += slide[:, None]
    out[..., 1] += lift[:, None]
    return out


def points(
    poses: Array, body: Body, *, support: str = "ground", lift: Array | float = 0.0
) -> Array:
    """(T, P, 3) world points of (T, J) poses, in the order of POINTS; see `place`."""
    return place(local_points(poses, body), support=support, lift=lift)


def landmarks(
    poses: Array,
    body: Body,
    heading: float = 0.0,
    *,
    support: str = "ground",
    lift: Array | float = 0.0,
) -> Array:
    """(T, 33, 3) world landmarks of (T, J) poses, or (33, 3) of one (J,) pose.

    heading (degrees, to the left) is added to the poses' own.
    """
    turned = np.atleast_2d(poses).copy()
    turned[:, INDEX["heading"]] += heading
    out = points(turned, body, support=support, lift=lift)[:, : len(LANDMARKS)]
    return out[0] if np.ndim(poses) == 1 else out
