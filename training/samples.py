"""Training samples: features as the runtime sees them, what is true of each, and its captions."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actalign.body_features import features
from training.captions import truth
from training.compose import NAMED, Caption, Composer, twin
from training.motions import sample_motion
from training.observe import every, observe
from training.postures import POSTURES
from training.skeleton import AT, INDEX, Body, local_points

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


def _chunk(seed: int) -> tuple[NDArray[np.float32], NDArray[np.int8], tuple[str, ...]]:
    rng = np.random.default_rng(seed)
    rows: list[NDArray[np.float32]] = []
    windows, poses, start, end, phase = [], [], [], [], []
    for _ in range(CHUNK):
        motion = sample_motion(rng)
        fps = float(np.exp(rng.uniform(np.log(6), np.log(30))))
        index = every(fps, motion.pts_seconds, rng)
        noise = float(rng.choice([0.5, 1.0, 1.0, 1.4]))
        track = observe(motion.world[index], motion.pts_seconds[index], rng, noise=noise)
        found = np.flatnonzero(track.found)
        pick = rng.choice(found, size=min(PER_MOTION, len(found)), replace=False)
        rows.append(features(track)[pick])
        keys = [NAMES.index(k) if k else -1 for k in motion.keys]
        for t in index[pick]:
            windows.append(motion.world[np.clip(t + WINDOW, 0, len(motion.world) - 1)])
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
