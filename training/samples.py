"""Training samples: features as the runtime sees them, what is true of each, and its captions."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.encoders.body._features import PoseTrack, features
from training.compose import NAMED, Caption, Composer, twin
from training.motions import Motion, sample_motion
from training.observe import every, observe
from training.postures import POSTURES, Posture
from training.sentences import sentence_captions
from training.skeleton import (
    AT,
    INDEX,
    LANDMARKS,
    MIRROR_LANDMARKS,
    Body,
    clip_to_limits,
    landmarks,
    local_points,
)
from training.truth import truth

WINDOW = np.arange(-9, 10, 3)  # frames at 30/s: +-0.3 s
WINDOW_SECONDS = 0.6
PER_MOTION = 4
CAPTIONS_PER_SAMPLE = 2
CHUNK = 500

NAMES: tuple[str, ...] = tuple(POSTURES)
_SHAPE = [AT["nose"]] + [
    AT[f"{s}_{p}"]
    for s in ("left", "right")
    for p in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """Row 2 i + 1 is the mirror image of row 2 i.

    features (N, F) float32; truth (N, C) int8 in {-1, 0, 1} for ``statements``; captions of each
    sample in texts and claims: ``owner`` (M,) is the sample of caption m, ``claims`` (M, 6) its
    columns, -1 for none.
    """

    features: NDArray[np.float32]
    truth: NDArray[np.int8]
    statements: tuple[str, ...]
    texts: list[str]
    claims: NDArray[np.int16]
    owner: NDArray[np.int32]


def _shape(poses: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 13, 3) joints of poses on one body, facing +z: what two postures are compared by."""
    still = poses.copy()
    still[:, INDEX["heading"]] = 0
    return local_points(still, Body())[:, _SHAPE]


def _distance(shapes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, P) RMS joint distance in metres to every named posture, to the nearest of its forms.

    Legs don't count for postures that keep their name whatever the legs do, nor do arms where the
    arms don't matter.
    """
    forms = np.empty((len(shapes), len(_CANON)))
    for joints, names in (
        (np.arange(len(_SHAPE)), ~_LEGS_FREE & ~_ARMS_FREE),
        (_UPPER, _LEGS_FREE),
        (_LOWER, _ARMS_FREE),
    ):
        mine = names[_FORM_OF]
        flat = shapes[:, joints].reshape(len(shapes), -1)
        canon = _CANON[mine][:, joints].reshape(int(mine.sum()), -1)
        square = (flat**2).sum(1)[:, None] + (canon**2).sum(1)[None] - 2 * flat @ canon.T
        forms[:, mine] = np.sqrt(np.maximum(square, 0) / len(joints))
    return np.minimum.reduceat(forms, _FIRST_FORM, axis=1)


def _legs(posture: Posture) -> str | None:
    """Which of _STANCES a posture may take, None where its legs belong to it."""
    tags = set(posture.tags)
    if posture.family == "supine" and "bench" in tags:
        return "bench"
    if posture.family == "dip" or (posture.family == "hanging" and "pull" in tags):
        return "hanging"
    if posture.family == "chair" and tags & {"press", "pull", "row", "curl"}:
        return "chair"
    gym = tags & {"curl", "raise", "press", "pull", "triceps"}
    if posture.family == "gym" and gym and "hinge" not in tags:
        return "standing"
    return None


_CANON = _shape(np.concatenate([p.forms for p in POSTURES.values()]))
_FORM_OF = np.repeat(np.arange(len(NAMES)), [len(p.forms) for p in POSTURES.values()])
_FIRST_FORM = np.searchsorted(_FORM_OF, np.arange(len(NAMES)))
_UPPER = np.array([j for j, p in enumerate(_SHAPE) if p < AT["left_knee"]])
_LOWER = np.array(
    [j for j, p in enumerate(_SHAPE) if not AT["left_elbow"] <= p <= AT["right_wrist"]]
)
_LEGS_FREE = np.array([_legs(p) not in (None, "chair") for p in POSTURES.values()])
_ARMS_FREE = np.array(["legs" in p.tags for p in POSTURES.values()])
_APART = _distance(_CANON[_FIRST_FORM])
# Codes that tell postures apart whose joints lie near each other, heels under the hips from crossed
# legs: where one holds of a posture in all its forms, and not of a sample, the sample isn't in it.
_TELLING = (
    "standing", "squat_low", "sit_chair", "sit_floor", "long_sit", "cross_legged", "kneel_both",
    "sit_on_heels", "all_fours", "plank", "lying_back", "lying_front", "bridge", "pike_up",
    "knee_straight|L", "knee_straight|R", "knee_bent|L", "knee_bent|R",
)  # fmt: skip


def _telling() -> NDArray[np.int8]:
    """(P, K) what _TELLING says of every posture, 0 where its forms or its legs may differ."""
    still = [landmarks(p.forms, Body(), support=p.support, lift=p.lift) for p in POSTURES.values()]
    windows = np.repeat(np.concatenate(still)[:, None], 3, axis=1)
    codes, values = truth(windows, WINDOW_SECONDS)
    values = values[:, [codes.index(code) for code in _TELLING]]
    low = np.minimum.reduceat(values, _FIRST_FORM, axis=0)
    high = np.maximum.reduceat(values, _FIRST_FORM, axis=0)
    return np.where((low == high) & ~_LEGS_FREE[:, None], low, 0)


_TOLD = _telling()
_TWIN = np.array([NAMES.index(twin(n)) for n in NAMES])


def _named_truth(
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    phase: NDArray[np.float64],
    poses: NDArray[np.float64],
) -> dict[str, NDArray[np.int8]]:
    """{"hold" | "enter" | "leave": (N, P)}; start, end index NAMES, -1 for a pose without name."""
    away = _distance(_shape(poses))
    rows = np.arange(len(poses))
    resting = start == end
    same = (away < 0.06) & ~_LEGS_FREE & ~_ARMS_FREE
    hold = np.where(same, 1, np.where(away < 0.21, 0, -1)).astype(np.int8)
    for who, here in ((start, resting | (phase < 0.12)), (end, ~resting & (phase > 0.88))):
        ok = here & (who >= 0)
        hold[rows[ok], who[ok]] = np.where(away[rows[ok], who[ok]] < 0.28, 1, 0)
    out = {"hold": hold}
    moving = ~resting & (start >= 0) & (end >= 0)
    for kind, to, origin in (("enter", end, start), ("leave", start, end)):
        t = np.where(away < 0.12, 0, -1).astype(np.int8)
        t[rows[moving]] = np.maximum(
            t[rows[moving]], np.where(_APART[to[moving]] < 0.17, 0, -1).astype(np.int8)
        )
        # a pose without a name may be on its way anywhere near
        t[rows[~resting & ~moving]] = np.where(away[rows[~resting & ~moving]] < 0.35, 0, -1)
        far = np.zeros(len(poses), bool)
        far[moving] = _APART[to[moving], origin[moving]] > 0.12
        yes = moving & far & (phase > 0.06) & (phase < 0.96)
        t[rows[yes], to[yes]] = 1
        out[kind] = t
    return out


# Postures about the arms keep their names whatever the legs do: (hip, knee) of other stances.
_STANCES: dict[str, tuple[tuple[float, float], ...]] = {
    "bench": ((0, 5), (-5, 40), (55, 105), (-5, 90), (30, 60)),
    "hanging": ((0, 5), (5, 30), (0, 90), (15, 60), (-5, 15)),
    # the last three: seated, which a third of such exercises are
    "standing": ((8, 16), (18, 32), (-12, 3), (0, 0), (12, 8), (82, 88), (95, 98), (74, 72)),
    "chair": ((60, 60), (75, 100), (95, 75), (85, 110), (70, 30), (50, 75)),
}


def _stance(motion: Motion) -> str | None:
    """Which of _STANCES fits all of a motion's postures, if any."""
    found = {_legs(POSTURES[k]) if k else None for k in motion.keys}
    return found.pop() if len(found) == 1 else None


def _vary_legs(motion: Motion, rng: np.random.Generator) -> NDArray[np.float64]:
    """The motion's landmarks, at times with the legs in another stance that keeps its name."""
    kind = _stance(motion)
    if kind is None or rng.random() < 0.4:
        return motion.world
    poses = motion.poses.copy()
    stances = _STANCES[kind]
    both = [stances[int(rng.integers(len(stances)))] for _ in range(2)]
    if rng.random() < 0.65 or (kind == "standing" and max(both)[0] > 60):
        both[1] = both[0]
    for side, (hip, knee) in zip(("left", "right"), both, strict=True):
        for joint, angle, spread in (("hip_flex", hip, 6.0), ("knee", knee, 7.0)):
            column = INDEX[f"{side}_{joint}"]
            poses[:, column] += angle + rng.normal(0, spread) - poses[:, column].mean()
    if kind == "chair" or both[0][0] > 60:
        poses[:, INDEX["pitch"]] += rng.normal(-4, 12)
    if kind == "bench":  # benches are inclined, and estimators lift a lying chest
        poses[:, INDEX["pitch"]] += rng.normal(8, 10)
    support = "hands" if all(POSTURES[k].support == "hands" for k in motion.keys) else "ground"
    return landmarks(clip_to_limits(poses), motion.body, support=support, lift=motion.lift)


# What arms may do, whatever the legs do: shoulder flex, abduct, rotate; elbow.
_ARMS: tuple[tuple[float, float, float, float], ...] = (
    (2, 8, 0, 10), (12, 3, 0, 5), (2, 8, 0, 10),  # hanging; with weights
    (25, 20, 30, 140), (15, 45, 40, 140), (35, 5, -35, 135),  # at the shoulders, at the chest
    (-15, 42, 55, 138), (40, 110, 60, 148),  # a bar on the back, hands behind the head
    (-10, 50, -80, 98), (32, 12, -72, 112),  # on the hips, crossed
    (88, 4, 0, 8), (60, 5, 0, 30), (174, 8, 0, 8), (0, 88, 0, 8), (30, 10, -10, 90),
)  # fmt: skip
_ARM_JOINTS = ("shoulder_flex", "shoulder_abduct", "shoulder_rotate", "elbow")
_FREE_ARMS = 0.6  # share of the movements of legs whose arms do something else


def _vary_arms(motion: Motion, rng: np.random.Generator) -> Motion:
    """The motion, if it is one of the legs, at times with arms that do something else."""
    keys = [POSTURES[k] for k in motion.keys if k]
    if len(keys) < len(motion.keys) or not all(
        "legs" in p.tags or p.family == "standing" for p in keys
    ):
        return motion
    if not any("legs" in p.tags for p in keys) or rng.random() > _FREE_ARMS:
        return motion
    poses = motion.poses.copy()
    arms = [_ARMS[int(rng.integers(len(_ARMS)))]] * 2
    if rng.random() < 0.1:
        arms[1] = _ARMS[int(rng.integers(len(_ARMS)))]
    hanging = [arm[0] < 14 and arm[3] < 14 and arm[1] < 14 for arm in arms]
    for side, arm, down in zip(("left", "right"), arms, hanging, strict=True):
        for joint, angle in zip(_ARM_JOINTS, arm, strict=True):
            poses[:, INDEX[f"{side}_{joint}"]] += (
                angle + rng.normal(0, 7) - poses[:, INDEX[f"{side}_{joint}"]].mean()
            )
            if joint == "shoulder_flex":
                own = poses[:, INDEX[f"{side}_{joint}"]]
                own[:] = own.mean()
                if down:  # weights hang straight down
                    own += poses[:, INDEX["pitch"]] + 0.7 * poses[:, INDEX["spine_flex"]]
    poses = clip_to_limits(poses)
    world = landmarks(poses, motion.body, lift=motion.lift)
    return replace(motion, poses=poses, world=world)


# Estimators see straight limbs a little bent, each clip its own way: degrees, mean and spread.
_BENT = {
    "hip_flex": (6.0, 7.0),
    "knee": (9.0, 8.0),
    "elbow": (6.0, 8.0),
    "shoulder_abduct": (2.0, 5.0),
    "shoulder_flex": (0.0, 6.0),
    "hip_abduct": (2.0, 4.0),
    "ankle": (-4.0, 12.0),
}


def _as_estimated(
    motion: Motion, world: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """The landmarks with a clip's constant bias of joint angles, pelvis where it was."""
    if world is not motion.world or rng.random() < 0.25:
        return world  # legs were varied already: poses and landmarks differ
    poses = motion.poses.copy()
    for joint, (mean, spread) in _BENT.items():
        shared = rng.normal()
        for side in ("left", "right"):
            amount = mean + spread * (0.7 * shared + 0.7 * rng.normal())
            poses[:, INDEX[f"{side}_{joint}"]] += amount
    poses[:, INDEX["spine_flex"]] += rng.normal(2, 7)
    poses[:, INDEX["pitch"]] += rng.normal(0, 5)
    poses[:, INDEX["roll"]] += rng.normal(0, 3)
    poses[:, INDEX["neck_flex"]] += rng.normal(0, 8)
    local = local_points(clip_to_limits(poses), motion.body)[:, : len(LANDMARKS)]
    return local + world[:, [23, 24]].mean(axis=1, keepdims=True)


def _mirrored(track: PoseTrack) -> PoseTrack:
    """What the same camera would report of the scene in a mirror."""
    return PoseTrack(
        world=track.world[:, MIRROR_LANDMARKS] * np.array([-1.0, 1.0, 1.0]),
        visibility=track.visibility[:, MIRROR_LANDMARKS],
        root=track.root * np.array([-1.0, 1.0]),
        pixels_per_metre=track.pixels_per_metre,
        pts_seconds=track.pts_seconds,
        found=track.found,
    )


def _pairs(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """Rows of both in turn: row 2 i + 1 is the mirror image of row 2 i."""
    return np.stack([first, second], axis=1).reshape(-1, *first.shape[1:])


def _chunk(seed: int) -> tuple[NDArray[np.float32], NDArray[np.int8], tuple[str, ...]]:
    rng = np.random.default_rng(seed)
    rows: list[NDArray[np.float32]] = []
    windows, poses, start, end, phase, other_arms = [], [], [], [], [], []
    for _ in range(CHUNK):
        drawn = sample_motion(rng)
        motion = _vary_arms(drawn, rng)
        fps = float(np.exp(rng.uniform(np.log(6), np.log(30))))
        index = every(fps, motion.pts_seconds, rng)
        noise = float(rng.choice([0.5, 1.0, 1.0, 1.4]))
        world = _vary_legs(motion, rng)
        seen = _as_estimated(motion, world, rng)
        track = observe(seen[index], motion.pts_seconds[index], rng, noise=noise)
        found = np.flatnonzero(track.found)
        pick = rng.choice(found, size=min(PER_MOTION, len(found)), replace=False)
        rows.append(_pairs(features(track)[pick], features(_mirrored(track))[pick]))
        keys = [NAMES.index(k) if k else -1 for k in motion.keys]
        for t in index[pick]:
            windows.append(world[np.clip(t + WINDOW, 0, len(world) - 1)])
            poses.append(motion.poses[t])
            start.append(keys[int(motion.key_from[t])])
            end.append(keys[int(motion.key_to[t])])
            # a nameless pose at rest is nowhere in particular
            phase.append(motion.phase[t])
            other_arms.append(motion is not drawn)
    here = np.stack(windows)
    there = here[:, :, MIRROR_LANDMARKS] * np.array([-1.0, 1.0, 1.0])
    codes, code_truth = truth(_pairs(here, there), WINDOW_SECONDS)
    first, last = np.array(start), np.array(end)
    named = _named_truth(first, last, np.array(phase), np.stack(poses))
    own_arms = np.ix_(np.array(other_arms), ~_ARMS_FREE)  # postures that ask for their own arms
    for column in named.values():
        column[own_arms] = np.minimum(column[own_arms], 0)
    statements = tuple(dict.fromkeys(n.statement for n in NAMED))
    says = code_truth[::2][:, [codes.index(code) for code in _TELLING]]
    unlike = (says[:, None] * _TOLD[None] < 0).any(2)
    named["hold"] = np.where(unlike & (named["hold"] == 0), -1, named["hold"])
    columns = []
    for statement in statements:
        kind, name = statement.split(":", 1)
        p = NAMES.index(name.removesuffix("|any"))
        column, other = named[kind][:, p], named[kind][:, _TWIN[p]]
        if name.endswith("|any"):
            column = other = np.maximum(column, other)
        columns.append(_pairs(column, other))
    table = np.concatenate([code_truth, np.stack(columns, 1)], axis=1).astype(np.int8)
    return np.concatenate(rows), table, (*codes, *statements)


def _caption_chunk(job: tuple[int, Composer, NDArray[np.int8], bool]) -> list[list[Caption]]:
    seed, composer, table, held_out = job
    rng = np.random.default_rng(seed)
    out = []
    for row in table:
        made = [composer.caption(row, rng, held_out=held_out) for _ in range(CAPTIONS_PER_SAMPLE)]
        out.append([c for c in made if c])
    return out


def generate(motions: int, seed: int, *, held_out: bool = False, workers: int = 2) -> Samples:
    """About 4 samples a motion and their mirror images, 2 captions a sample and whole sentences.

    The same arguments give the same samples.
    """
    jobs = max(1, motions // CHUNK)
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(_chunk, range(seed * 100_000, seed * 100_000 + jobs)))
        statements = parts[0][2]
        rows = np.concatenate([p[0] for p in parts])
        table = np.concatenate([p[1] for p in parts])
        composer = Composer(statements, (table == 1).mean(0))
        work = [
            (seed * 100_000 + 50_000 + j, composer, part[1], held_out)
            for j, part in enumerate(parts)
        ]
        made = [c for chunk in pool.map(_caption_chunk, work) for c in chunk]
    owner = [i for i, captions in enumerate(made) for _ in captions]
    flat = [c for captions in made for c in captions]
    if not held_out:
        for sample, caption in sentence_captions(table, statements, np.random.default_rng(seed)):
            owner.append(sample)
            flat.append(caption)
    claims = np.full((len(flat), 6), -1, np.int16)
    for m, caption in enumerate(flat):
        claims[m, : len(caption.claims)] = caption.claims
    texts = [c.text for c in flat]
    return Samples(rows, table, statements, texts, claims, np.array(owner, np.int32))
