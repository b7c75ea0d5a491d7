# ruff: noqa: E501 (one code a line)
# fmt: off
"""What is true of a moving body, as codes: (N, W, 33, 3) windows of landmarks -> (N, C) in {-1,0,1}.

A code is a statement such as "left knee bent" or "hips rising" that follows from the geometry of
clean landmarks (y up, metres, ground at y = 0, BlazePose order). Each is 1 (true), -1 (false) or 0
(near the border: then nothing is learnt from it). The idea is that of posecodes, PoseScript
(Delmas et al., ECCV 2022); wordings are in `phrases` and `lexicon`, sampling in `compose`.

A code about a limb comes in four forms: name|L, name|R, name|B (both) and name|1 (exactly one).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Truth = NDArray[np.int8]
SIDES = ("L", "R", "B", "1")

NOSE, EARS, SHOULDERS, ELBOWS, WRISTS = 0, (7, 8), (11, 12), (13, 14), (15, 16)
INDEXES, HIPS, KNEES, ANKLES = (19, 20), (23, 24), (25, 26), (27, 28)
HEELS, TOES = (29, 30), (31, 32)
UP = np.array([0.0, 1.0, 0.0])
BAR_HEIGHT = 2.35  # where `skeleton.place` puts the wrists of a hanging body


def _unit(v: Array) -> Array:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def _dot(a: Array, b: Array) -> Array:
    return np.einsum("...d,...d->...", a, b)


def _angle(a: Array, b: Array) -> Array:
    """Angle between vectors in degrees."""
    return np.degrees(np.arccos(np.clip(_dot(_unit(a), _unit(b)), -1, 1)))


def _bend(a: Array, joint: Array, b: Array) -> Array:
    """Inner angle at a joint: 180 is straight."""
    return _angle(a - joint, b - joint)


class Body:
    """Quantities of (N, 33, 3) landmarks. Those of limbs are (N, 2): left, right."""

    def __init__(self, p: Array) -> None:
        pair = lambda i: p[:, list(i)]  # noqa: E731
        sh, el, wr, hip = pair(SHOULDERS), pair(ELBOWS), pair(WRISTS), pair(HIPS)
        kn, an, heel, toe, ear = pair(KNEES), pair(ANKLES), pair(HEELS), pair(TOES), pair(EARS)
        hand = pair(INDEXES)
        self.pelvis, self.chest = hip.mean(1), sh.mean(1)
        self.u = _unit(self.chest - self.pelvis)
        across = (sh[:, 0] - sh[:, 1]) + (hip[:, 0] - hip[:, 1])
        self.left = _unit(across - _dot(across, self.u)[:, None] * self.u)
        self.front = np.cross(self.left, self.u)
        # horizontal heading of the pelvis; where it is undefined (side-lying) fall back on the chest
        flat = np.cross(hip[:, 0] - hip[:, 1], UP)
        self.ahead = _unit(np.where(np.linalg.norm(flat, axis=1)[:, None] > 0.03, flat, self.front))
        self.ahead_left = np.cross(UP, self.ahead)
        self.tilt = _angle(self.u, UP[None])
        self.pitch = np.degrees(np.arctan2(_dot(self.u, self.ahead), self.u[:, 1]))
        self.lean = np.degrees(np.arctan2(_dot(self.u, self.ahead_left), np.abs(self.u[:, 1])))
        self.face = self.front[:, 1]  # 1: chest faces the sky, -1: the ground
        twist = _dot(np.cross(hip[:, 0] - hip[:, 1], sh[:, 0] - sh[:, 1]), self.u)
        wide = np.linalg.norm(hip[:, 0] - hip[:, 1], axis=1) * np.linalg.norm(sh[:, 0] - sh[:, 1], axis=1)
        self.twist = np.degrees(np.arcsin(np.clip(twist / np.maximum(wide, 1e-6), -1, 1)))

        self.leg = (np.linalg.norm(hip - kn, axis=-1) + np.linalg.norm(kn - an, axis=-1)).mean(1)
        self.arm = (np.linalg.norm(sh - el, axis=-1) + np.linalg.norm(el - wr, axis=-1)).mean(1)
        self.width = np.linalg.norm(sh[:, 0] - sh[:, 1], axis=1)
        self.hip_height = self.pelvis[:, 1] / self.leg
        self.elbow, self.knee = _bend(sh, el, wr), _bend(hip, kn, an)
        self.hip = _bend(sh, hip, kn)
        self.waist = _bend(self.chest, self.pelvis, an.mean(1))
        foot_low = np.minimum(heel[..., 1], toe[..., 1])
        self.foot, self.knee_y, self.hip_y = foot_low, kn[..., 1], hip[..., 1]
        self.heel_rise = heel[..., 1] - toe[..., 1]
        self.hand_y, self.wrist_y = np.minimum(hand[..., 1], wr[..., 1]), wr[..., 1]
        self.elbow_y, self.shoulder_y = el[..., 1], sh[..., 1]
        self.head_y = p[:, NOSE, 1]
        self.low = p[..., 1].min(1)

        sign = np.array([1.0, -1.0])
        upper, fore, thigh = _unit(el - sh), _unit(wr - el), _unit(kn - hip)
        frame = lambda v, axis: np.einsum("nsd,nd->ns", v, axis)  # noqa: E731
        self.raise_ = np.degrees(np.arccos(np.clip(-frame(upper, self.u), -1, 1)))
        self.arm_front, self.arm_out = frame(upper, self.front), frame(upper, self.left) * sign
        self.fore_up, self.upper_up = fore[..., 1], upper[..., 1]
        self.fore_front = frame(fore, self.front)
        self.reach_up = (wr[..., 1] - sh[..., 1]) / self.arm[:, None]
        rel = wr - self.chest[:, None]
        self.hand_out = frame(rel, self.left) * sign
        self.hand_front, self.hand_along = frame(rel, self.front), frame(rel, self.u)
        self.hands_apart = np.linalg.norm(wr[:, 0] - wr[:, 1], axis=1) / self.width
        near = lambda a, b: np.linalg.norm(a - b, axis=-1)  # noqa: E731
        self.to_shoulder, self.to_hip = near(wr, sh), near(wr, hip)
        self.ankle_to_hip = near(an, hip)
        self.to_chest = near(hand, (self.chest - 0.12 * self.u + 0.12 * self.front)[:, None])
        head = ear.mean(1)
        self.to_head = near(hand, head[:, None])
        self.behind_head = frame(hand - head[:, None], self.front)
        self.to_knee = np.minimum(near(wr, kn), near(wr, kn[:, ::-1]))
        self.to_foot = np.minimum(near(hand, an), near(hand, an[:, ::-1]))
        self.behind_back = frame(wr - self.pelvis[:, None], self.front)

        self.thigh_up = thigh[..., 1]
        level = np.broadcast_to(self.ahead[:, None], thigh.shape)
        self.thigh_ahead = _dot(thigh, level)
        side = np.broadcast_to(self.ahead_left[:, None], thigh.shape)
        self.thigh_out = _dot(thigh, side) * sign
        # along the body instead of gravity, for a leg swung forward or back
        self.leg_front = frame(_unit(an - hip), self.front)
        self.leg_body_out = frame(_unit(an - hip), self.left) * sign
        self.ankle_front = _dot(an - hip, level)
        self.ankle_y = an[..., 1]
        between = an[:, 0] - an[:, 1]
        self.feet_side = np.abs(_dot(between, self.ahead_left)) / self.leg
        self.stride = _dot(between, self.ahead) / self.leg  # > 0: left foot in front
        self.feet_apart = np.linalg.norm(between, axis=1) / self.leg
        knees = kn[:, 0] - kn[:, 1]
        self.knees_apart = np.linalg.norm(knees, axis=1) / self.leg
        self.crossed = _dot(between, self.ahead_left)


def gt(x: Array, yes: float, no: float) -> Truth:
    """1 above ``yes``, -1 below ``no``, 0 between."""
    return ((x >= yes).astype(np.int8) - (x <= no)).astype(np.int8)


def lt(x: Array, yes: float, no: float) -> Truth:
    """1 below ``yes``, -1 above ``no``, 0 between."""
    return gt(-x, -yes, -no)


def between(x: Array, low: float, high: float, margin: float) -> Truth:
    """1 inside [low, high], -1 further outside than ``margin``."""
    return np.minimum(gt(x, low, low - margin), lt(x, high, high + margin))


def all_of(*t: Truth) -> Truth:
    """True where all are, false where any is."""
    out = t[0]
    for x in t[1:]:
        out = np.minimum(out, x)
    return out


def any_of(*t: Truth) -> Truth:
    """True where any is, false where all are."""
    return -all_of(*(-x for x in t)) if len(t) > 1 else t[0]


def _c(t: Truth) -> Truth:
    """A whole-body truth as a column, to meet those of limbs."""
    return t[:, None]


def postures(b: Body) -> Iterator[tuple[str, Truth]]:
    """Codes of the middle frame: (N,) about the whole body, (N, 2) about limbs."""
    two = lambda t: t.min(1)  # noqa: E731
    feet_down = lt(b.foot.max(1), 0.12, 0.2)
    foot_down = lt(b.foot, 0.12, 0.2)
    horizontal = between(b.tilt, 65, 115, 15)
    low_hips = lt(b.pelvis[:, 1], 0.24, 0.36)
    upright = lt(b.tilt, 22, 33)
    hands_down = lt(b.hand_y, 0.10, 0.2)
    knee_down = lt(b.knee_y, 0.17, 0.25)
    elbows_down = lt(b.elbow_y, 0.12, 0.2)
    shoulders_low = lt(b.chest[:, 1], 0.24, 0.36)
    body_straight = all_of(gt(b.hip.min(1), 155, 142), gt(b.knee.min(1), 150, 138))
    standing = all_of(gt(b.hip_height, 0.9, 0.8), feet_down, upright)

    yield "upright", upright
    yield "lean_forward", all_of(between(b.pitch, 25, 65, 9), lt(np.abs(b.lean), 30, 40))
    yield "hinge", all_of(between(b.pitch, 55, 112, 12), gt(b.hip_height, 0.68, 0.58), feet_down, lt(b.face, -0.4, -0.2), -two(knee_down))
    yield "fold", all_of(gt(b.pitch % 360, 118, 102), lt(b.pitch % 360, 200, 220), gt(b.hip_height, 0.7, 0.6), feet_down)
    yield "lean_back", all_of(between(b.pitch, -62, -14, 6), lt(np.abs(b.lean), 30, 40))
    lean = np.stack([b.lean, -b.lean], 1)
    yield "lean_side", all_of(gt(lean, 18, 9), _c(lt(np.abs(b.pitch), 60, 75)))
    yield "twist", gt(np.stack([b.twist, -b.twist], 1), 24, 12)
    yield "horizontal", horizontal
    yield "face_down", all_of(lt(b.face, -0.75, -0.5), horizontal)
    yield "face_up", all_of(gt(b.face, 0.75, 0.5), horizontal)
    # on a bench the back is higher than the feet, but the hands don't carry it
    unpropped = gt(b.hand_y.min(1) - b.chest[:, 1], -0.15, -0.3)
    yield "lying_back", any_of(
        all_of(gt(b.face, 0.6, 0.4), shoulders_low),
        all_of(gt(b.face, 0.75, 0.6), horizontal, unpropped, feet_down, lt(b.hip_height, 0.75, 0.9)),
    )
    yield "lying_front", all_of(lt(b.face, -0.6, -0.4), low_hips, lt(b.chest[:, 1], 0.45, 0.55), gt(b.hip.min(1), 130, 115))
    side_lying = np.stack([-b.left[:, 1], b.left[:, 1]], 1)
    yield "lying_side", all_of(gt(side_lying, 0.7, 0.45), _c(low_hips), _c(gt(b.tilt, 55, 42)))
    yield "side_facing_ground", all_of(gt(side_lying, 0.75, 0.5), _c(horizontal))
    yield "inverted", all_of(gt(b.ankle_y.min(1) - b.head_y, 0.5, 0.25), gt(b.tilt, 110, 90))
    yield "head_below_hips", lt(b.chest[:, 1] - b.pelvis[:, 1], -0.12, 0.02)
    yield "standing", all_of(standing, gt(b.knee.min(1), 150, 138))
    sit_chair = all_of(between(b.hip_height, 0.4, 0.68, 0.06), lt(b.tilt, 28, 38), lt(np.abs(b.thigh_up).max(1), 0.35, 0.5), between(b.knee.mean(1), 65, 125, 15))
    knees_off_ground = gt(b.knee_y.min(1), 0.25, 0.18)
    on_feet = all_of(feet_down, gt(b.pelvis[:, 1], 0.17, 0.12), knees_off_ground)
    squat_low = all_of(lt(b.hip_height, 0.62, 0.74), on_feet, lt(b.knee.max(1), 105, 120), lt(b.tilt, 65, 75), gt(b.pitch, -10, -20))
    # seated on something or in an upright squat: a pose can't tell
    yield "squat_low", np.where(sit_chair == 1, np.minimum(squat_low, 0), squat_low)
    yield "half_squat", all_of(between(b.hip_height, 0.62, 0.9, 0.06), feet_down, between(b.knee.max(1), 88, 150, 12), lt(np.abs(b.knee[:, 0] - b.knee[:, 1]), 25, 40), lt(b.tilt, 60, 70), lt(np.abs(b.stride), 0.35, 0.5), knees_off_ground)
    yield "sit_chair", sit_chair
    folded = lt(b.hip.mean(1), 125, 140)
    yield "sit_floor", all_of(low_hips, lt(b.tilt, 45, 58), folded, -on_feet)
    yield "long_sit", all_of(low_hips, lt(b.tilt, 60, 72), folded, gt(b.knee.min(1), 150, 135))
    yield "cross_legged", all_of(low_hips, lt(b.tilt, 40, 52), lt(b.knee.max(1), 85, 105), gt(b.knees_apart, 0.45, 0.3), lt(b.feet_apart, 0.5, 0.7), lt(b.pelvis[:, 1], 0.16, 0.22))
    # the heels are under the hips; with crossed legs they lie in front of them
    on_heels = all_of(two(knee_down), lt(b.knee.max(1), 60, 78), lt(b.ankle_to_hip.max(1), 0.24, 0.3), gt(b.crossed, 0.06, -0.02))
    kneeling = any_of(on_heels, gt(b.pelvis[:, 1], 0.3, 0.22))  # else the legs may be straight
    yield "kneel_both", all_of(two(knee_down), kneeling, lt(b.knee.max(1), 130, 145), gt(b.chest[:, 1], 0.5, 0.4), lt(b.tilt, 45, 58))
    yield "sit_on_heels", all_of(on_heels, lt(b.pelvis[:, 1], 0.36, 0.46))
    yield "kneel_one", all_of(knee_down, -knee_down[:, ::-1], _c(gt(b.pelvis[:, 1], 0.3, 0.22)), foot_down[:, ::-1])
    yield "all_fours", all_of(two(knee_down), two(hands_down), gt(b.pelvis[:, 1], 0.3, 0.22), lt(b.face, -0.3, -0.1))
    yield "plank", all_of(body_straight, any_of(two(hands_down), two(elbows_down)), lt(b.face, -0.5, -0.3), gt(b.chest[:, 1], 0.17, 0.12), gt(b.pelvis[:, 1], 0.16, 0.11))
    yield "body_straight", body_straight
    yield "bridge", all_of(gt(b.face, 0.2, 0.0), gt(b.pelvis[:, 1] - b.chest[:, 1], 0.06, -0.05), feet_down, gt(b.pelvis[:, 1], 0.26, 0.18), lt(b.knee.max(1), 130, 145))
    yield "pike_up", all_of(gt(b.pelvis[:, 1] - b.chest[:, 1], 0.15, 0.05), two(hands_down), feet_down, gt(b.to_foot.min(1), 0.5, 0.35), lt(b.face, 0.2, 0.4), gt(b.knee.min(1), 135, 120))
    yield "legs_up", all_of(gt(b.ankle_y.min(1) - b.pelvis[:, 1], 0.3, 0.15), gt(b.tilt, 50, 40))
    hanging = lt(np.abs(b.wrist_y.mean(1) - BAR_HEIGHT), 0.03, 0.031)
    yield "hanging", hanging
    yield "airborne", all_of(gt(b.low, 0.07, 0.02), -hanging)
    yield "hands_on_ground", hands_down
    forearms = all_of(elbows_down, lt(b.wrist_y, 0.16, 0.24))
    # they carry nothing there, so whether people would say it is undecided
    yield "forearms_on_ground", np.where(_c(b.face > 0.3), np.minimum(forearms, 0), forearms)
    carries = (b.knee < 140) & _c(b.pelvis[:, 1] > 0.15)
    yield "knee_on_ground", np.where(carries, knee_down, np.minimum(knee_down, 0))
    yield "hips_piked", all_of(lt(b.hip.max(1), 118, 132), gt(b.knee.min(1), 148, 135))

    yield "knee_straight", gt(b.knee, 160, 148)
    yield "knee_soft", between(b.knee, 130, 158, 8)
    yield "knee_bent", lt(b.knee, 125, 140)
    yield "knee_right_angle", between(b.knee, 72, 110, 12)
    yield "knee_deep", lt(b.knee, 68, 85)
    yield "thigh_level", lt(np.abs(b.thigh_up), 0.26, 0.42)
    tall = _c(lt(b.tilt, 50, 62))
    yield "knee_lifted", all_of(gt(b.thigh_up, -0.3, -0.55), gt(b.foot, 0.2, 0.1), lt(b.knee, 135, 150), tall, gt(b.thigh_ahead, 0.35, 0.15))
    yield "knee_high", all_of(gt(b.thigh_up, 0.02, -0.2), gt(b.foot, 0.3, 0.15), tall, lt(b.knee, 140, 155))
    other_down = foot_down[:, ::-1]
    yield "foot_lifted", all_of(gt(b.foot, 0.22, 0.12), other_down, _c(gt(b.hip_height, 0.6, 0.5)))
    yield "one_leg_stand", all_of(foot_down, gt(b.foot[:, ::-1], 0.22, 0.12), _c(gt(b.hip_height, 0.7, 0.6)))
    yield "leg_front", all_of(gt(b.ankle_front / b.leg[:, None], 0.42, 0.25), gt(b.foot, 0.22, 0.12), gt(b.knee, 145, 130), other_down)
    yield "leg_back", all_of(lt(b.ankle_front / b.leg[:, None], -0.38, -0.2), gt(b.foot, 0.2, 0.1), other_down)
    yield "leg_side", all_of(gt(b.leg_body_out, 0.45, 0.3), gt(b.foot, 0.2, 0.1), gt(b.knee, 140, 125), other_down)
    yield "leg_level", all_of(lt(np.abs(b.ankle_y - b.hip_y) / b.leg[:, None], 0.28, 0.42), gt(b.knee, 145, 130), other_down, gt(b.foot, 0.35, 0.25))
    yield "foot_high", all_of(gt(b.ankle_y - b.shoulder_y, -0.1, -0.3), gt(b.foot, 0.6, 0.4), other_down)
    yield "heel_to_glute", all_of(lt(b.knee, 75, 90), gt(b.foot, 0.25, 0.15), lt(b.thigh_ahead, 0.25, 0.45), other_down)
    yield "tiptoe", all_of(gt(b.heel_rise, 0.05, 0.015), foot_down, _c(gt(b.hip_height, 0.7, 0.6)))
    yield "feet_together", all_of(lt(b.feet_apart, 0.24, 0.34), feet_down)
    yield "feet_hip_width", all_of(between(b.feet_side, 0.22, 0.48, 0.08), lt(np.abs(b.stride), 0.25, 0.4), feet_down)
    yield "feet_wide", all_of(gt(b.feet_side, 0.62, 0.48), gt(b.hip_height, 0.4, 0.3))
    stride = np.stack([b.stride, -b.stride], 1)
    yield "foot_ahead", all_of(gt(stride, 0.32, 0.18), _c(gt(b.hip_height, 0.35, 0.25)))
    yield "lunge", all_of(gt(stride, 0.5, 0.36), lt(b.knee, 128, 142), foot_down, _c(lt(b.hip_height, 0.9, 1.0)), gt(b.knee[:, ::-1], 60, 45), _c(gt(b.hip_height, 0.3, 0.2)), lt(b.thigh_up, 0.3, 0.45))
    yield "side_lunge", all_of(_c(gt(b.feet_side, 0.7, 0.55)), lt(b.knee, 125, 140), gt(b.knee[:, ::-1], 145, 132), foot_down)
    yield "knees_out", all_of(gt(b.knees_apart, 0.62, 0.48), lt(b.knee.max(1), 135, 148))
    yield "legs_crossed", lt(b.crossed, -0.02, 0.06)

    yield "arm_down", all_of(lt(b.raise_, 25, 38), gt(b.elbow, 138, 125))
    yield "arm_overhead", all_of(gt(b.raise_, 142, 128), gt(b.elbow, 125, 108))
    yield "arm_front", all_of(gt(b.arm_front, 0.76, 0.6), gt(b.elbow, 135, 120), _c(lt(b.tilt, 52, 64)))
    yield "arm_out", all_of(gt(b.arm_out, 0.76, 0.6), gt(b.elbow, 135, 120))
    yield "arm_back", all_of(lt(b.arm_front, -0.38, -0.22), gt(b.elbow, 135, 120))
    yield "arm_diagonal", all_of(between(b.raise_, 108, 145, 10), gt(b.arm_out, 0.35, 0.2), gt(b.elbow, 135, 120))
    yield "arm_across", lt(b.hand_out, -0.04, 0.06)
    yield "arm_skyward", all_of(gt(b.reach_up, 0.82, 0.65), gt(b.elbow, 140, 125))
    yield "arm_hanging", all_of(lt(b.reach_up, -0.85, -0.7), gt(b.elbow, 140, 125))
    yield "elbow_straight", gt(b.elbow, 158, 145)
    yield "elbow_soft", between(b.elbow, 118, 155, 10)
    yield "elbow_bent", lt(b.elbow, 118, 135)
    yield "elbow_right_angle", between(b.elbow, 70, 112, 12)
    yield "elbow_tight", lt(b.elbow, 62, 78)
    yield "elbow_tucked", all_of(lt(b.raise_, 32, 45), lt(b.elbow, 122, 138))
    yield "elbow_out", all_of(gt(b.arm_out, 0.6, 0.42), lt(b.elbow, 125, 140))
    yield "elbow_front", all_of(gt(b.arm_front, 0.6, 0.42), lt(b.elbow, 125, 140))
    yield "elbow_back", all_of(lt(b.arm_front, -0.28, -0.12), lt(b.elbow, 130, 145))
    yield "elbow_high", all_of(gt(b.raise_, 115, 98), lt(b.elbow, 115, 130))
    yield "goalpost", all_of(between(b.raise_, 70, 118, 12), gt(b.arm_out, 0.5, 0.35), between(b.elbow, 60, 120, 15), gt(b.fore_up, 0.6, 0.4))
    yield "hand_shoulder", lt(b.to_shoulder, 0.21, 0.29)
    yield "hand_chest", lt(b.to_chest, 0.2, 0.3)
    yield "hand_hip", all_of(lt(b.to_hip, 0.23, 0.31), between(b.elbow, 60, 125, 15), gt(b.arm_out, 0.15, 0.0))
    yield "hand_behind_head", all_of(lt(b.to_head, 0.24, 0.32), lt(b.behind_head, 0.02, 0.08), lt(b.elbow, 95, 110))
    yield "hand_face", all_of(lt(b.to_head, 0.28, 0.36), gt(b.behind_head, 0.06, 0.0))
    yield "hand_knee", lt(b.to_knee, 0.17, 0.26)
    yield "hand_foot", lt(b.to_foot, 0.2, 0.3)
    yield "hand_above_head", gt(b.wrist_y - b.head_y[:, None], 0.18, 0.06)
    yield "hand_shoulder_height", all_of(lt(np.abs(b.wrist_y - b.shoulder_y), 0.12, 0.22), tall)
    yield "hand_waist_height", all_of(lt(np.abs(b.wrist_y - b.hip_y - 0.1), 0.13, 0.22), _c(lt(b.tilt, 40, 50)))
    yield "hand_low", all_of(lt(b.wrist_y - b.knee_y, -0.02, 0.1), _c(gt(b.pelvis[:, 1], 0.4, 0.3)))
    yield "hand_behind_back", all_of(lt(b.behind_back, -0.06, 0.02), lt(b.to_hip, 0.35, 0.45), tall)
    yield "hands_together", lt(b.hands_apart, 0.55, 0.8)
    yield "hands_wide", gt(b.hands_apart, 2.5, 2.0)
    yield "hands_shoulder_width", all_of(between(b.hands_apart, 0.75, 1.35, 0.2), gt(b.raise_.min(1), 35, 25))


def _either_way(
    more: str, less: str, value: Array, sure: float, border: float
) -> Iterator[tuple[str, Truth]]:
    """Two codes of one rate of change: that it rises, and that it falls, as fast."""
    yield more, gt(value, sure, border)
    yield less, gt(-value, sure, border)


def movements(a: Body, b: Body, c: Body, p: Array, seconds: float) -> Iterator[tuple[str, Truth]]:
    """Codes of change over a window: a, b, c are its first, middle and last frame."""
    rate = lambda x, y: (y - x) / seconds  # noqa: E731
    hips = rate(a.pelvis[:, 1], c.pelvis[:, 1])
    yield from _either_way("hips_rise", "hips_drop", hips, 0.2, 0.08)
    yield "jump_up", all_of(gt(hips, 0.9, 0.6), any_of(gt(c.low, 0.04, 0.01), gt(b.low, 0.04, 0.01)))
    yield "landing", all_of(gt(-hips, 0.6, 0.35), gt(a.low, 0.05, 0.02), lt(c.low, 0.03, 0.06))
    chest = rate(a.chest[:, 1], c.chest[:, 1])
    yield from _either_way("chest_rise", "chest_drop", chest, 0.25, 0.1)
    knee, elbow = rate(a.knee, c.knee), rate(a.elbow, c.elbow)
    yield from _either_way("knee_extend", "knee_flex", knee, 55, 25)
    yield from _either_way("elbow_extend", "elbow_flex", elbow, 55, 25)
    lift = rate(a.raise_, c.raise_)
    yield from _either_way("arm_raise", "arm_lower", lift, 55, 25)
    local = lambda q: q.hand_front  # noqa: E731
    swing = rate(local(a), local(c))
    yield from _either_way("hand_forward", "hand_backward", swing, 0.5, 0.22)
    sweep = rate(a.hand_out, c.hand_out)
    yield from _either_way("hand_inward", "hand_outward", -sweep, 0.5, 0.22)
    # where hands go in the room, and towards the body or away from it, whatever the arms do
    height = rate(a.wrist_y, c.wrist_y)
    yield from _either_way("hand_up", "hand_down", height, 0.3, 0.12)
    near = rate(a.to_chest, c.to_chest)
    yield from _either_way("hand_in", "hand_away", -near, 0.3, 0.12)
    knees = rate(a.knees_apart, c.knees_apart)
    yield from _either_way("knees_open", "knees_close", knees, 0.45, 0.2)
    heel = rate(a.heel_rise, c.heel_rise)
    planted = all_of(lt(a.foot, 0.12, 0.2), lt(c.foot, 0.12, 0.2))
    yield "heel_up", all_of(gt(heel, 0.1, 0.04), planted)
    yield "heel_down", all_of(gt(-heel, 0.1, 0.04), planted)
    step = np.diff(p, axis=1)
    body = step[:, :, list(HIPS)].mean(2)[:, :, None]
    dt = seconds / max(p.shape[1] - 1, 1)
    speed = np.linalg.norm(step - body, axis=-1) / dt
    hand_speed = speed[:, :, list(WRISTS)].max(1)
    yield "strike", all_of(gt(hand_speed, 2.4, 1.7), gt(elbow, 130, 70))
    yield "swing_fast", gt(hand_speed, 2.2, 1.5)
    foot_speed = speed[:, :, list(ANKLES)].max(1)
    up = rate(a.foot, c.foot)
    yield from _either_way("foot_up", "foot_down", up, 0.3, 0.12)
    leg = rate(a.leg_front, c.leg_front)
    yield "leg_swing_forward", all_of(gt(leg, 0.7, 0.35), gt(foot_speed, 0.7, 0.4))
    yield "leg_swing_back", all_of(gt(-leg, 0.7, 0.35), gt(foot_speed, 0.7, 0.4))
    yield "kick", all_of(gt(foot_speed, 2.4, 1.7), gt(up, 0.2, 0.0))
    out = rate(a.leg_body_out, c.leg_body_out)
    yield "leg_out", all_of(gt(out, 0.5, 0.25), gt(foot_speed, 0.5, 0.3))
    yield "leg_in", all_of(gt(-out, 0.5, 0.25), gt(foot_speed, 0.5, 0.3))
    yield "running_legs", all_of(
        lt(leg[:, 0] * leg[:, 1], -0.4, -0.1), gt(np.abs(leg).min(1), 0.5, 0.3), lt(b.tilt, 45, 55)
    )
    pitch = (rate(a.pitch, c.pitch) + 180 / seconds) % (360 / seconds) - 180 / seconds
    yield "bend_over", all_of(gt(pitch, 35, 15), lt(np.abs(pitch), 400, 500))
    yield "straighten_up", all_of(gt(-pitch, 35, 15), lt(np.abs(pitch), 400, 500))
    fold = rate(a.hip.mean(1), c.hip.mean(1))
    yield "hips_fold", gt(-fold, 50, 25)
    yield "hips_open", gt(fold, 50, 25)
    turn = np.degrees(
        np.arctan2(_dot(np.cross(a.ahead, c.ahead), UP), _dot(a.ahead, c.ahead))
    ) / seconds
    steady = all_of(lt(a.tilt, 50, 60), lt(c.tilt, 50, 60))
    yield "turn", all_of(gt(np.stack([turn, -turn], 1), 60, 30), _c(steady))
    twist = rate(a.twist, c.twist)
    yield "rotate", gt(np.stack([twist, -twist], 1), 50, 25)
    side = rate(a.lean, c.lean)
    yield "tip_side", all_of(gt(np.stack([side, -side], 1), 40, 20), _c(lt(b.tilt, 60, 70)))
    wider = rate(a.feet_apart, c.feet_apart)
    yield "feet_apart", all_of(gt(wider, 0.35, 0.15), lt(b.tilt, 70, 80))
    yield "feet_close", all_of(gt(-wider, 0.35, 0.15), lt(b.tilt, 70, 80))
    mean_speed = np.linalg.norm(np.diff(p, axis=1), axis=-1).mean((1, 2)) / dt
    yield "still", lt(mean_speed, 0.07, 0.16)
    yield "fast", gt(mean_speed, 1.3, 0.9)
