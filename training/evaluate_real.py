"""Real clips as pose tracks: top-1 by set, wording of the scripts and scorer.

    python training/evaluate_real.py --poses DIR [--model DIR] [--against DIR] [--wordings abc]

DIR holds dev.npz, truth.json, gym67.yaml and yoga6.yaml (wording a); wordings b and c lie in
benchmarks/real_poses. --against: a second model folder, for McNemar's exact test on the same clips.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from actalign.alignment import align_batch, smooth  # noqa: E402
from actalign.alignment._scorers import SCORERS, Calibration  # noqa: E402
from actalign.encoders.body import BodyEncoder  # noqa: E402
from actalign.encoders.body._features import PoseTrack  # noqa: E402

GYM14 = (
    "barbell curl", "bench press", "calf raise", "dips", "dumbbell curl", "lateral raise", "lunge",
    "plank", "preacher curl", "pull up", "push up", "shoulder press", "squat", "triceps pushdown",
)  # fmt: skip
SETS = {"yoga6": "yoga6", "gym14": "gym67", "gym67": "gym67"}
NAMES = ("dtw", "dtw_steps", "competitive", "mean_pool")
FIELDS = ("world", "visibility", "root", "pixels_per_metre", "pts_seconds", "found")
Array = NDArray[np.float64]


def tracks(file: Path) -> dict[str, PoseTrack]:
    """{clip id: track} of an .npz with entries ID/world, ID/visibility (uint8 of 255) and so on."""
    out = {}
    with np.load(file) as data:
        for clip in sorted({key.rsplit("/", 1)[0] for key in data.files}):
            part = {name: np.asarray(data[f"{clip}/{name}"], np.float64) for name in FIELDS}
            if data[f"{clip}/visibility"].dtype == np.uint8:
                part["visibility"] /= 255
            out[clip] = PoseTrack(**(part | {"found": part["found"] > 0}))
    return out


def scripts(folder: Path, name: str, wording: str) -> dict[str, list[str]]:
    """{label: steps} of a set in one wording."""
    if wording == "a":
        file = folder / f"{name}.yaml"
    else:
        file = ROOT / f"benchmarks/real_poses/{name}_{wording}.yaml"
    found: dict[str, list[str]] = yaml.safe_load(file.read_text())["scripts"]
    return found


def competitive(
    frames: Array, candidates: Sequence[Array], mean: Array, covariance: Array
) -> Array:
    """(T, D) frames against M scripts -> (M,): steps of all candidates compete in each frame.

    A step's cosine is standardised on the background's mean and covariance; softmax over all steps;
    log(p + 0.02); the best path's mean over steps of each step's mean, plus its mean over the path.
    Frames without a person (rows of zeros) don't count.
    """
    texts = np.concatenate(candidates).astype(np.float64)
    spread = np.sqrt(np.einsum("kd,de,ke->k", texts, covariance, texts))
    length = np.linalg.norm(frames, axis=1, keepdims=True)
    rows = (frames / np.maximum(length, 1e-9))[length[:, 0] > 1e-6]
    if not len(rows):
        return np.zeros(len(candidates))
    z = (rows @ texts.T - mean @ texts.T) / spread
    p = np.exp(z - z.max(axis=1, keepdims=True))
    table = np.log(p / p.sum(axis=1, keepdims=True) + 0.02).astype(np.float32)
    scores = []
    for alignment in align_batch(table, [len(c) for c in candidates]):
        t, k = alignment.path[:, 0], alignment.path[:, 1]
        value = alignment.affinity[t, k].astype(np.float64)
        scores.append(float(np.mean(np.bincount(k, weights=value) / np.bincount(k)) + value.mean()))
    return np.array(scores)


def background(encoder: BodyEncoder) -> tuple[Array, Array]:
    """Mean (D,) and covariance (D, D) of the rows of simulated movements, seed 77."""
    from training.samples import _chunk

    rows = encoder._embed(_chunk(77 * 100_000)[0]).astype(np.float64)
    return rows.mean(axis=0), np.cov(rows.T)


def answers(
    encoder: BodyEncoder, folder: Path, wordings: str
) -> dict[tuple[str, str, str], NDArray[np.bool_]]:
    """{(set, wording, scorer): (N,) whether each clip's answer is right}."""
    truth = json.loads((folder / "truth.json").read_text())
    info, by = encoder.info, Calibration.of(encoder.info)
    mean, covariance = background(encoder)
    clips = {}
    for clip, track in tracks(folder / "dev.npz").items():
        rows = np.concatenate(list(encoder.encode_poses([track])))
        clips[clip] = smooth(rows, pts_seconds=track.pts_seconds, seconds=info.smoothing_seconds)
    out: dict[tuple[str, str, str], NDArray[np.bool_]] = {}
    for name, file in SETS.items():
        for wording in wordings:
            candidates = scripts(folder, file, wording)
            labels = [c for c in candidates if name != "gym14" or c in GYM14]
            steps = [encoder.encode_text(candidates[label]) for label in labels]
            names = [encoder.encode_text([label]) for label in labels]
            mine = [c for c in clips if truth[c]["set"] == file.rstrip("67") or
                    truth[c]["set"] == file]  # fmt: skip
            mine = [c for c in mine if truth[c]["label"] in labels]
            for scorer in NAMES:
                right = []
                for clip in mine:
                    if scorer == "competitive":
                        score = competitive(clips[clip], steps, mean, covariance)
                    else:
                        texts = names if scorer == "mean_pool" else steps
                        score = SCORERS[scorer].score(clips[clip], texts, by)
                    right.append(labels[int(np.argmax(score))] == truth[clip]["label"])
                out[name, wording, scorer] = np.array(right)
    return out


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, p = 1.959964, hits / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Two-sided exact p that two methods are right equally often on the same clips."""
    b, c = int((first & ~second).sum()), int((~first & second).sum())
    tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c)
    return min(1.0, 2 * tail)


def show(found: dict[tuple[str, str, str], NDArray[np.bool_]], wordings: str) -> float:
    """Prints the table; returns the mean that the rule in README.md decides by."""
    print(f"{'':16s}" + "".join(f"{name:>22s}" for name in NAMES))
    for name in SETS:
        for wording in wordings:
            line = f"{name} {wording} ({len(found[name, wording, NAMES[0]])})"
            cells = []
            for scorer in NAMES:
                right = found[name, wording, scorer]
                low, high = wilson(int(right.sum()), len(right))
                cells.append(f"{100 * right.mean():.1f} [{100 * low:.0f}, {100 * high:.0f}]")
            print(f"{line:16s}" + "".join(f"{cell:>22s}" for cell in cells))
    mean = 100 * float(np.mean([v.mean() for k, v in found.items() if k[2] != "mean_pool"]))
    print(f"mean of sets, wordings {wordings} and the first three scorers: {mean:.1f}")
    return mean


def compare(
    old: dict[tuple[str, str, str], NDArray[np.bool_]],
    new: dict[tuple[str, str, str], NDArray[np.bool_]],
    wordings: str,
) -> None:
    """Prints McNemar's test for each set and wording, and over yoga6 and gym67 in all wordings."""
    for scorer in NAMES[:3]:
        cells = {
            f"{name} {w}": (old[name, w, scorer], new[name, w, scorer])
            for name in SETS
            for w in wordings
        }
        pooled = [v for k, v in cells.items() if not k.startswith("gym14")]
        cells["yoga6 + gym67"] = tuple(np.concatenate(v) for v in zip(*pooled, strict=True))
        for name, (a, b) in cells.items():
            print(
                f"{scorer:12s} {name:14s} {a.sum():3d} -> {b.sum():3d} of {len(a)}, "
                f"p = {mcnemar(a, b):.2g}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--poses", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=ROOT / "src/actalign/encoders/body/model")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--wordings", default="abc")
    args = parser.parse_args()
    new = answers(BodyEncoder(args.model), args.poses, args.wordings)
    show(new, args.wordings)
    if args.against:
        print(f"\n{args.against}:")
        old = answers(BodyEncoder(args.against), args.poses, args.wordings)
        show(old, args.wordings)
        compare(old, new, args.wordings)


if __name__ == "__main__":
    main()
