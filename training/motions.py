"""Random movements of the kinematic body: what it did, frame by frame, with its clean landmarks.

`sample_motion` draws a plan (key postures with times), eases between them, perturbs everything
and returns landmarks at 30 frames/s. Cameras and estimator noise come later (`observe`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from training.postures import POSTURES, Posture, swap_sides
from training.skeleton import (
    HIGHEST,
    INDEX,
    JOINTS,
    LOWEST,
    Array,
    Body,
    clip_to_limits,
    landmarks,
    mirror,
)

FPS = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """One clean clip.

    world: (T, 33, 3) metres, y up, ground at 0. poses: (T, J) degrees. pts_seconds: (T,).
    keys: names of the key postures, "" for one that has no name (a random pose); key_from, key_to:
    (T,) indices into keys; phase: (T,) in 0..1, the share of the way from one to the other (0 while
    resting at key_from). away: (T,) RMS degrees between the pose and the named blend, so that a
    caption may tell how literally the name holds. lift: (T,) metres in the air. kind: how drawn.
    """

    world: Array
    poses: Array
    pts_seconds: Array
    keys: tuple[str, ...]
    key_from: Array
    key_to: Array
    phase: Array
    away: Array
    lift: Array
    body: Body
    kind: str

    def name_from(self, t: int) -> str:
        return self.keys[int(self.key_from[t])]

    def name_to(self, t: int) -> str:
        return self.keys[int(self.key_to[t])]


def _twin(name: str) -> str:
    """The name of the mirrored posture (its own name if it is symmetric)."""
    swapped = swap_sides(name)
    if swapped != name:
        return swapped
    if name.endswith(" (mirrored)"):
        return name.removesuffix(" (mirrored)")
    return f"{name} (mirrored)" if f"{name} (mirrored)" in POSTURES else name


# Plausible orders (exercises, sports actions, flows), one a line; each may be mirrored.
CYCLES: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.split("|"))
    for line in Path(__file__).with_name("cycles.txt").read_text("utf-8").splitlines()
)
_GAITS: tuple[tuple[tuple[str, ...], float], ...] = (
    (
        (
            "running, right foot landing",
            "running, right foot under the body",
            "running, right knee up",
        ),
        0.12,
    ),
    (("running, right foot landing", "sprinting, right knee high"), 0.13),
    (("walking, right foot forward", "walking, right leg passing"), 0.28),
    (("marching, right knee high",), 0.5),
    (("high knees, right knee up",), 0.25),
    (("butt kicks, right heel up",), 0.25),
    (("skating push, right leg out to the side",), 0.7),
    (("crawling, right hand forward",), 0.6),
    (("cycling, right knee up",), 0.4),
)  # fmt: skip
for _name in {n for c in CYCLES for n in c} | {n for g, _ in _GAITS for n in g}:
    if _name not in POSTURES:
        raise ValueError(f"motions: no posture is called {_name!r}")

# Families between which a person moves without a long way round.
_NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "standing": ("squat", "lunge", "yoga standing", "gym", "dance", "jump", "martial", "ball game"),
    "squat": ("standing", "lunge", "gym", "jump", "chair"),
    "lunge": ("standing", "squat", "yoga standing", "kneeling", "martial"),
    "kneeling": ("all fours", "lunge", "floor"),
    "chair": ("standing", "floor"),
    "floor": ("supine", "kneeling", "chair"),
    "supine": ("floor", "side"),
    "prone": ("all fours", "plank", "side"),
    "side": ("supine", "prone", "plank"),
    "all fours": ("plank", "kneeling", "prone"),
    "plank": ("all fours", "prone", "yoga standing"),
    "inverted": ("plank", "standing"),
    "yoga standing": ("standing", "lunge", "plank"),
    "gym": ("standing", "squat"),
    "jump": ("standing", "squat", "running"),
    "running": ("standing", "jump", "throwing", "ball game"),
    "throwing": ("running", "standing", "ball game"),
    "ball game": ("standing", "jump", "running", "throwing"),
    "martial": ("standing", "lunge", "dance"),
    "dance": ("standing", "yoga standing", "jump"),
    "dip": (),
    "hanging": (),
}
_BY_FAMILY: dict[str, list[str]] = {}
for _p in POSTURES.values():
    _BY_FAMILY.setdefault(_p.family, []).append(_p.name)
_FAMILY_NAMES = tuple(_BY_FAMILY)

_AXIAL = np.array(
    [j.startswith(("heading", "pitch", "roll", "spine", "neck")) for j in JOINTS], dtype=bool
)
_ARMS = np.array([any(k in j for k in ("shoulder", "elbow", "forearm", "wrist")) for j in JOINTS])
_LEGS = np.array([any(k in j for k in ("hip", "knee", "ankle")) for j in JOINTS])
_FREE = np.where(_AXIAL, 0.5, 1.0)  # how much each joint is perturbed
_FREE[[INDEX["heading"]]] = 0.0
_FREE[_LEGS] = 0.7
for _side in ("left", "right"):
    _FREE[INDEX[f"{_side}_forearm_rotate"]] = 2.0
    _FREE[INDEX[f"{_side}_wrist_flex"]] = 1.5


def perturb(angles: Array, rng: np.random.Generator, degrees: float) -> Array:
    """A (J,) pose with every joint moved by about so many degrees, inside the limits. Half of the
    movement is shared by both sides, so that a symmetric posture stays nearly symmetric."""
    noise = rng.normal(size=len(JOINTS))
    shared = mirror(noise)
    noise = np.where(rng.random() < 0.7, (noise + shared) / np.sqrt(2), noise)
    return clip_to_limits(angles + degrees * _FREE * noise)


def random_pose(rng: np.random.Generator) -> tuple[Array, Posture]:
    """A pose without a name, and the posture whose root orientation and support it has: trunk, arms
    and legs from different postures or from anywhere inside the limits."""
    base = POSTURES[str(rng.choice(_BY_FAMILY[str(rng.choice(_FAMILY_NAMES))]))]
    angles = base.angles.copy()

    def uniform(mask: Array) -> None:
        # towards the middle of the range: a uniform draw has too many extremes
        u = rng.beta(1.3, 1.3, size=len(JOINTS))
        drawn = LOWEST + u * (HIGHEST - LOWEST)
        if rng.random() < 0.4:  # the same on both sides
            drawn = np.where(rng.random() < 0.5, drawn, mirror(drawn))
            left = np.array([j.startswith("left_") for j in JOINTS])
            drawn = np.where(left, mirror(drawn), drawn)
        angles[mask] = drawn[mask]

    def borrow(mask: Array) -> None:
        names = list(POSTURES)
        angles[mask] = POSTURES[names[rng.integers(len(names))]].angles[mask]

    if base.support == "ground" and rng.random() < 0.85:
        (borrow if rng.random() < 0.6 else uniform)(_ARMS)
    one_leg = np.array([j.startswith("right_") for j in JOINTS]) & _LEGS
    legs = rng.random()
    if legs < 0.2:
        borrow(_LEGS)
    elif legs < 0.4:
        uniform(one_leg)
    elif legs < 0.5:
        uniform(_LEGS)
    if rng.random() < 0.3:
        for joint in ("spine_flex", "spine_lean", "spine_twist"):
            angles[INDEX[joint]] += rng.normal(0, 20)
    if rng.random() < 0.2:
        angles[INDEX["pitch"]] += rng.normal(0, 25)
    return perturb(angles, rng, float(rng.uniform(3, 12))), base


def _ease(u: Array, kind: int) -> Array:
    if kind == 0:
        return u * u * (3 - 2 * u)
    if kind == 1:  # minimum jerk
        return u**3 * (10 - 15 * u + 6 * u * u)
    if kind == 2:  # starts slowly, ends fast: a strike
        return u**2
    return np.sin(u * np.pi / 2)  # starts fast, ends slowly


class _Key(NamedTuple):
    """A key posture of a plan: its name, the pose drawn, the form that it was drawn about, (J,)
    each, and the posture whose root and support it has."""

    name: str
    angles: Array
    form: Array
    posture: Posture


# Families whose feet carry nothing, or whose toes may be tucked under.
_FREE_FEET = frozenset(
    {"supine", "floor", "hanging", "dip", "kneeling", "prone", "side", "all fours"}
)
_FEET = [INDEX[f"{s}_ankle"] for s in ("left", "right")]
_HANDS = [[INDEX[f"{s}_{j}"] for s in ("left", "right")] for j in ("forearm_rotate", "wrist_flex")]


def _loose(keys: list[_Key], rng: np.random.Generator) -> None:
    """Hold hands and feet that nothing else asks of otherwise: a clip's own way."""
    if rng.random() < 0.6:
        for joint, spread in zip(_HANDS, (35.0, 18.0), strict=True):
            amount = rng.normal(0, spread) + rng.normal(0, spread / 2, 2)
            for key in keys:
                key.angles[joint] += amount
    if rng.random() < 0.6 and all(key.posture.family in _FREE_FEET for key in keys):
        amount = rng.normal(0, 18) + rng.normal(0, 8, 2)
        tucked = rng.random() < 0.15
        for key in keys:
            if tucked and key.posture.family in ("kneeling", "prone", "all fours"):
                key.angles[_FEET] = 15 + amount / 3
            else:
                key.angles[_FEET] += amount
    for key in keys:
        key.angles[:] = clip_to_limits(key.angles)


def _plan(
    rng: np.random.Generator,
) -> tuple[str, list[_Key], Array, Array]:
    """kind, key postures, seconds of moving to and of resting at each."""
    draw, form = rng.random(), rng.random()
    amount = float(rng.choice([4.0, 7.0, 11.0]))
    names: list[str] = []
    if draw < 0.40:
        kind = "cycle"
        cycle = list(CYCLES[rng.integers(len(CYCLES))])
        if rng.random() < 0.5:
            cycle = [_twin(n) for n in cycle]
        if rng.random() < 0.3:
            cycle = cycle[::-1]
        names = (cycle * 3)[: int(rng.integers(max(2, len(cycle)), len(cycle) + 4))]
        start = int(rng.integers(len(cycle)))
        names = (cycle * 4)[start : start + len(names)]
        pace = float(np.exp(rng.normal(np.log(0.55), 0.5)))
    elif draw < 0.60:
        kind = "transition"
        family = str(rng.choice(_FAMILY_NAMES))
        for _ in range(int(rng.integers(2, 5))):
            names.append(str(rng.choice(_BY_FAMILY[family])))
            near = _NEIGHBOURS[family]
            if near and rng.random() < 0.35:
                family = str(rng.choice(near))
        pace = float(np.exp(rng.normal(np.log(0.7), 0.45)))
    elif draw < 0.72:
        kind = "hold"
        family = str(rng.choice(_FAMILY_NAMES))
        names = [str(rng.choice(_BY_FAMILY[family]))]
        pace = 0.8
    elif draw < 0.80:
        kind = "gait"
        steps, pace = _GAITS[rng.integers(len(_GAITS))]
        pace *= float(np.exp(rng.normal(0, 0.2)))
        names = ([*steps, *(_twin(n) for n in steps)] * 12)[: int(np.clip(3.0 / pace, 4, 24))]
        amount = min(amount, 6.0)
    else:
        kind = "random"
        pace = float(np.exp(rng.normal(np.log(0.7), 0.5)))
        keys: list[_Key] = []
        angles, base = random_pose(rng)
        for _ in range(int(rng.integers(1, 4))):
            keys.append(_Key("", angles, angles, base))
            if rng.random() < 0.6:  # the same root, other limbs
                angles = perturb(angles, rng, 25.0)
            else:
                angles, other = random_pose(rng)
                base = other if other.support == base.support else base
        move = pace * np.exp(rng.normal(0, 0.3, len(keys)))
        rest = np.where(rng.random(len(keys)) < 0.5, rng.uniform(0, 0.8, len(keys)), 0.0)
        if len(keys) == 1:
            rest[:] = 1.5
        return kind, keys, move, rest

    keys = [
        _Key(n, perturb(POSTURES[n].form(form), rng, amount), POSTURES[n].form(form), POSTURES[n])
        for n in names
    ]
    _loose(keys, rng)
    move = pace * np.exp(rng.normal(0, 0.25, len(keys)))
    holding = {"cycle": 0.35, "transition": 0.5, "hold": 1.0, "gait": 0.0}[kind]
    rest = np.where(rng.random(len(keys)) < holding, rng.uniform(0.05, 0.3 + pace, len(keys)), 0.0)
    if kind == "hold":
        rest[:] = rng.uniform(1.2, 3.0)
    return kind, keys, move, rest


def sample_motion(rng: np.random.Generator, *, max_seconds: float = 4.0) -> Motion:
    """Draw one movement of a random body, at most max_seconds long, at 30 frames/s."""
    kind, keys, move, rest = _plan(rng)
    body = Body.sample(rng)
    # times: rest at key 0, move to key 1, rest there, ...
    frames: list[tuple[int, int, float]] = []  # key_from, key_to, eased phase
    lift: list[float] = []
    for k, key in enumerate(keys):
        n = round(rest[k] * FPS)
        frames += [(k, k, 0.0)] * max(n, 1)
        lift += [key.posture.lift] * max(n, 1)
        if k + 1 < len(keys):
            n = max(round(move[k + 1] * FPS), 2)
            u = np.arange(1, n) / n
            eased = _ease(u, int(rng.choice([0, 0, 1, 2, 3])))
            frames += [(k, k + 1, float(e)) for e in eased]
            a, b = key.posture.lift, keys[k + 1].posture.lift
            # up fast and slowing, down slow and speeding up, as gravity has it
            height = a + (b - a) * (1 - (1 - u) ** 2) if b >= a else a + (b - a) * u**2
            lift += list(height)
    limit = round(max_seconds * FPS)
    start = int(rng.integers(0, max(1, len(frames) - limit + 1)))
    frames, lift = frames[start : start + limit], lift[start : start + limit]

    key_from = np.array([f[0] for f in frames])
    key_to = np.array([f[1] for f in frames])
    phase = np.array([f[2] for f in frames])
    drawn = np.stack([key.angles for key in keys])
    named = np.stack([key.form for key in keys])

    def blend(table: Array) -> Array:
        return table[key_from] * (1 - phase[:, None]) + table[key_to] * phase[:, None]

    seconds = np.arange(len(frames)) / FPS
    # breathing, sway, tremble: two slow sines a joint
    sway = np.zeros((len(frames), len(JOINTS)))
    for _ in range(2):
        rate, angle = rng.uniform(0.1, 1.2, len(JOINTS)), rng.uniform(0, 2 * np.pi, len(JOINTS))
        size = rng.exponential(1.0 if kind != "hold" else 0.7, len(JOINTS)) * _FREE
        sway += size * np.sin(2 * np.pi * rate * seconds[:, None] + angle)
    poses = clip_to_limits(blend(drawn) + sway)
    if rng.random() < 0.08 and keys[0].posture.support == "ground":
        poses[:, INDEX["heading"]] += rng.normal(0, 120) * seconds
    support = "hands" if all(key.posture.support == "hands" for key in keys) else "ground"
    height_in_air = np.array(lift) * float(rng.uniform(0.6, 1.2))
    world = landmarks(poses, body, support=support, lift=height_in_air)
    difference = (poses - blend(named))[:, np.arange(len(JOINTS)) != INDEX["heading"]]
    return Motion(
        world=world,
        poses=poses,
        pts_seconds=seconds,
        keys=tuple(key.name for key in keys),
        key_from=key_from,
        key_to=key_to,
        phase=phase,
        away=np.sqrt((difference**2).mean(axis=1)),
        lift=height_in_air,
        body=body,
        kind=kind,
    )
