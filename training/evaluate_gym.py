"""Sanity check on real clips: an 11-way table with scripts that were not tuned to them.

    python training/evaluate_gym.py --clips DIR [--model DIR] [--cache DIR]

DIR holds one video a label of gym_scripts.json, named after it ("bench press" -> bench_press.mp4).
Prints every clip's answer by dtw and by mean_pool and, for each miss, which steps of the right
script found no frame.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from actalign.body_features import PoseTrack, features, pixel_scale  # noqa: E402
from actalign.body_text import TextTower  # noqa: E402
from actalign.scoring import SCORERS, Calibration, affinity  # noqa: E402
from actalign.similarity import smooth  # noqa: E402


def read_poses(path: Path, fps: float = 15.0) -> dict[str, NDArray[np.float64]]:
    """BlazePose over one clip: world (T, 33, 3), image (T, 33, 2) pixels, visibility, times."""
    import av
    import mediapipe

    world, image, seen, times = [], [], [], []
    with (
        av.open(str(path)) as container,
        mediapipe.solutions.pose.Pose(model_complexity=1) as pose,
    ):
        stream = container.streams.video[0]
        following = 0.0
        for frame in container.decode(stream):
            if frame.time is None or frame.time < following:
                continue
            following += 1 / fps
            rgb = frame.to_ndarray(format="rgb24")
            result = pose.process(rgb)
            size = np.array([frame.width, frame.height], dtype=np.float64)
            times.append(frame.time)
            if result.pose_world_landmarks is None:
                world.append(np.full((33, 3), np.nan))
                image.append(np.full((33, 2), np.nan))
                seen.append(np.zeros(33))
                continue
            points = result.pose_world_landmarks.landmark
            world.append(np.array([[p.x, p.y, p.z] for p in points]))
            image.append(np.array([[p.x, p.y] for p in result.pose_landmarks.landmark]) * size)
            seen.append(np.array([p.visibility for p in points]))
    return {
        "world": np.array(world),
        "image": np.array(image),
        "visibility": np.array(seen),
        "t": np.array(times),
    }


def track_of(poses: dict[str, NDArray[np.float64]], fps: float) -> PoseTrack:
    """A pose track at about ``fps`` frames a second."""
    keep = np.unique(
        np.searchsorted(poses["t"], np.arange(0, poses["t"][-1] + 1e-6, 1 / fps) - 1e-6)
    )
    world, image = poses["world"][keep], poses["image"][keep]
    found = ~np.isnan(world[:, 0, 0])
    world, image = np.nan_to_num(world), np.nan_to_num(image)
    return PoseTrack(
        world=world,
        visibility=poses["visibility"][keep],
        root=image[:, [23, 24]].mean(axis=1),
        pixels_per_metre=np.where(found, pixel_scale(world, image), 1.0),
        pts_seconds=poses["t"][keep],
        found=found,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=ROOT / "src/actalign/models/body")
    parser.add_argument("--cache", type=Path, help="folder to keep the poses in")
    parser.add_argument("--fps", type=float)
    parser.add_argument("--smoothing", type=float)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    import onnxruntime

    config = json.loads((args.model / "config.json").read_text())
    fps = args.fps or config["fps"]
    seconds = config["smoothing_seconds"] if args.smoothing is None else args.smoothing
    by = Calibration(logit_scale=config["logit_scale"], logit_bias=config["logit_bias"])
    image = onnxruntime.InferenceSession(
        str(args.model / "image.onnx"), providers=["CPUExecutionProvider"]
    )
    words = TextTower(args.model / "text.onnx")
    scripts = json.loads((ROOT / "training/gym_scripts.json").read_text())["scripts"]
    labels = list(scripts)
    steps = [words.encode(scripts[label]) for label in labels]
    right = dict.fromkeys(("dtw", "mean_pool"), 0)
    print(f"{'clip':22s} {'dtw':22s} {'mean_pool':22s} rank of truth (dtw)")
    for m, label in enumerate(labels):
        name = label.replace(" ", "_").replace("-", "_")
        kept = args.cache / f"{name}.npz" if args.cache else None
        if kept and kept.is_file():
            with np.load(kept) as file:
                poses = dict(file)
        else:
            poses = read_poses(args.clips / f"{name}.mp4")
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                np.savez(kept, **poses)
        track = track_of(poses, fps)
        rows = image.run(None, {"features": features(track)})[0] * track.found[:, None]
        frames = smooth(rows, pts_seconds=track.pts_seconds, seconds=seconds)
        scores = {s: SCORERS[s].score(frames, steps, by) for s in right}
        best = {s: int(np.argmax(v)) for s, v in scores.items()}
        for s in right:
            right[s] += best[s] == m
        rank = int((scores["dtw"] > scores["dtw"][m]).sum()) + 1
        print(f"{label:22s} {labels[best['dtw']]:22s} {labels[best['mean_pool']]:22s} {rank}")
        if args.verbose:
            order = np.argsort(-scores["dtw"])[:4]
            print("    " + ", ".join(f"{labels[i]} {scores['dtw'][i]:.3f}" for i in order))
        if best["dtw"] != m:
            table = np.split(
                affinity(frames, steps, by), np.cumsum([len(s) for s in steps])[:-1], 1
            )
            for who in (m, best["dtw"]):
                peak = table[who].max(0)
                typical = table[who].mean(0)
                for text, high, mean in zip(scripts[labels[who]], peak, typical, strict=True):
                    print(f"    {labels[who]:20s} best {high:.2f} mean {mean:.2f}  {text}")
    total = len(labels)
    print(f"dtw {right['dtw']}/{total}, mean_pool {right['mean_pool']}/{total}, "
          f"fps {fps}, smoothing {seconds} s")  # fmt: skip


if __name__ == "__main__":
    main()
