"""Training samples: features as the runtime sees them, what is true of each, and its captions."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actalign.body_features import features
from training.captions import truth
from training.compose import NAMED, Caption, Composer, twin
from training.motions import Motion, sample_motion
from training.observe import every, observe
from training.postures import POSTURES
from training.skeleton import AT, INDEX, LANDMARKS, Body, clip_to_limits, landmarks, local_points

WINDOW = np.arange(-9, 10, 3)  # frames at 30/s: +-0.3 s
WINDOW_SECONDS = 0.6
PER_MOTION = 4
CAPTIONS_PER_SAMPLE = 3
CHUNK = 500

NAMES: tuple[str, ...] = tuple(POSTURES)
_SHAPE = [AT["nose"]] + [
    AT[f"{s}_{p}"]
    for s in ("left", "right")
    for p in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """features (N, F) float32; truth (N, C) int8 in {-1, 0, 1} for ``statements``; captions of each
    sample in texts and claims: ``owner`` (M,) is the sample of caption m, ``claims`` (M, 6) its
    columns, -1 for none."""

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


_CANON = _shape(np.stack([p.angles for p in POSTURES.values()])).reshape(len(NAMES), -1)


def _distance(shapes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, P) RMS joint distance in metres to every named posture."""
    flat = shapes.reshape(len(shapes), -1)
    square = (flat**2).sum(1)[:, None] + (_CANON**2).sum(1)[None] - 2 * flat @ _CANON.T
    return np.asarray(np.sqrt(np.maximum(square, 0) / len(_SHAPE)))


_APART = _distance(_CANON.reshape(len(NAMES), len(_SHAPE), 3))
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
    hold = np.where(away < 0.06, 1, np.where(away < 0.21, 0, -1)).astype(np.int8)
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
    "standing": ((8, 16), (18, 32), (-12, 3), (0, 0), (12, 8)),
    "chair": ((60, 60), (75, 100), (95, 75), (85, 110), (70, 30), (50, 75)),
}


def _stance(motion: Motion) -> str | None:
    """Which of _STANCES fits all of a motion's postures, if any."""
    found: set[str | None] = set()
    for key in motion.keys:
        posture = POSTURES.get(key)
        tags = set(posture.tags) if posture else set()
        if posture is None:
            found.add(None)
        elif posture.family == "supine" and "bench" in tags:
            found.add("bench")
        elif posture.family == "dip" or (posture.family == "hanging" and "pull" in tags):
            found.add("hanging")
        elif posture.family == "chair" and tags & {"press", "pull", "row", "curl"}:
            found.add("chair")
        elif posture.family == "gym" and tags & {"curl", "raise", "press", "pull", "triceps"}:
            found.add("standing" if "hinge" not in tags else None)
        else:
            found.add(None)
    return found.pop() if len(found) == 1 else None


def _vary_legs(motion: Motion, rng: np.random.Generator) -> NDArray[np.float64]:
    """The motion's landmarks, at times with the legs in another stance that keeps its name."""
    kind = _stance(motion)
    if kind is None or rng.random() < 0.4:
        return motion.world
    poses = motion.poses.copy()
    stances = _STANCES[kind]
    both = [stances[int(rng.integers(len(stances)))] for _ in range(2)]
    if rng.random() < 0.65:
        both[1] = both[0]
    for side, (hip, knee) in zip(("left", "right"), both, strict=True):
        for joint, angle, spread in (("hip_flex", hip, 6.0), ("knee", knee, 7.0)):
            column = INDEX[f"{side}_{joint}"]
            poses[:, column] += angle + rng.normal(0, spread) - poses[:, column].mean()
    if kind == "chair":
        poses[:, INDEX["pitch"]] += rng.normal(0, 10)
    support = "hands" if all(POSTURES[k].support == "hands" for k in motion.keys) else "ground"
    return landmarks(clip_to_limits(poses), motion.body, support=support, lift=motion.lift)


# Estimators see straight limbs a little bent, each clip its own way: degrees, mean and spread.
_BENT = {"hip_flex": (6.0, 7.0), "knee": (9.0, 8.0), "elbow": (6.0, 8.0), "shoulder_abduct": (2.0, 5.0),
         "shoulder_flex": (0.0, 6.0), "hip_abduct": (2.0, 4.0), "ankle": (-4.0, 12.0)}  # fmt: skip


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
    poses[:, INDEX["neck_flex"]] += rng.normal(0, 8)
    local = local_points(clip_to_limits(poses), motion.body)[:, : len(LANDMARKS)]
    return local + world[:, [23, 24]].mean(axis=1, keepdims=True)


def _chunk(seed: int) -> tuple[NDArray[np.float32], NDArray[np.int8], tuple[str, ...]]:
    rng = np.random.default_rng(seed)
    rows: list[NDArray[np.float32]] = []
    windows, poses, start, end, phase = [], [], [], [], []
    for _ in range(CHUNK):
        motion = sample_motion(rng)
        fps = float(np.exp(rng.uniform(np.log(6), np.log(30))))
        index = every(fps, motion.pts_seconds, rng)
        noise = float(rng.choice([0.5, 1.0, 1.0, 1.4]))
        world = _vary_legs(motion, rng)
        seen = _as_estimated(motion, world, rng)
        track = observe(seen[index], motion.pts_seconds[index], rng, noise=noise)
        found = np.flatnonzero(track.found)
        pick = rng.choice(found, size=min(PER_MOTION, len(found)), replace=False)
        rows.append(features(track)[pick])
        keys = [NAMES.index(k) if k else -1 for k in motion.keys]
        for t in index[pick]:
            windows.append(world[np.clip(t + WINDOW, 0, len(world) - 1)])
            poses.append(motion.poses[t])
            start.append(keys[int(motion.key_from[t])])
            end.append(keys[int(motion.key_to[t])])
            # a nameless pose at rest is nowhere in particular
            phase.append(motion.phase[t])
    codes, code_truth = truth(np.stack(windows), WINDOW_SECONDS)
    first, last = np.array(start), np.array(end)
    named = _named_truth(first, last, np.array(phase), np.stack(poses))
    statements = tuple(dict.fromkeys(n.statement for n in NAMED))
    columns = []
    for statement in statements:
        kind, name = statement.split(":", 1)
        p = NAMES.index(name.removesuffix("|any"))
        column = named[kind][:, p]
        if name.endswith("|any"):
            column = np.maximum(column, named[kind][:, _TWIN[p]])
        columns.append(column)
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
    """About 4 samples a motion, 3 captions a sample. The same arguments give the same samples."""
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
    owner = np.array([i for i, captions in enumerate(made) for _ in captions], np.int32)
    flat = [c for captions in made for c in captions]
    claims = np.full((len(flat), 6), -1, np.int16)
    for m, caption in enumerate(flat):
        claims[m, : len(caption.claims)] = caption.claims
    return Samples(rows, table, statements, [c.text for c in flat], claims, owner)
