"""How well wordings by another hand are understood, on simulated movements.

    python training/evaluate_paraphrases.py [--model DIR] [--repeats N] [--verbose]

paraphrases.json holds actions, each a list of steps: the posture that is reached and a text that
training never sees. Every action is performed by random bodies before random cameras. Prints
(1) 6-way classification by script, rivals from anywhere and from the same domain;
(2) R@1 of a reached posture's own text among 50 step texts of clearly different postures.
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

from actalign.alignment._scorers import SCORERS, Calibration, affinity  # noqa: E402
from actalign.alignment._similarity import smooth  # noqa: E402
from actalign.encoders.body._features import PoseTrack, features  # noqa: E402
from actalign.encoders.body._text import TextTower  # noqa: E402
from training.compose import twin  # noqa: E402
from training.motions import FPS, perturb  # noqa: E402
from training.observe import every, observe  # noqa: E402
from training.postures import POSTURES  # noqa: E402
from training.samples import _APART, NAMES  # noqa: E402
from training.skeleton import Body, clip_to_limits, landmarks  # noqa: E402


def perform(
    postures: list[str], rng: np.random.Generator, fps: float, degrees: float = 7.0
) -> tuple[PoseTrack, NDArray[np.int64]]:
    """A noisy track of a body going through postures, and (T,) which of them it holds (-1 none).

    degrees: how far its joints are from the postures' own angles, a standard deviation.
    """
    keys = [perturb(POSTURES[p].angles, rng, degrees) for p in postures]
    pace = float(np.exp(rng.normal(np.log(0.6), 0.3)))
    poses, lift, at = [], [], []
    for k, key in enumerate(keys):
        hold = round(rng.uniform(0.15, 0.9) * pace * FPS) + 2
        poses += [key] * hold
        lift += [POSTURES[postures[k]].lift] * hold
        at += [k] * hold
        if k + 1 < len(keys):
            n = round(pace * rng.uniform(0.7, 1.4) * FPS) + 2
            for u in np.arange(1, n) / n:
                s = u * u * (3 - 2 * u)
                poses.append(key * (1 - s) + keys[k + 1] * s)
                lift.append((1 - s) * lift[-1] + s * POSTURES[postures[k + 1]].lift)
                at.append(-1)
    support = "hands" if all(POSTURES[p].support == "hands" for p in postures) else "ground"
    world = landmarks(
        clip_to_limits(np.stack(poses)), Body.sample(rng), support=support, lift=np.array(lift)
    )
    t = np.arange(len(world)) / FPS
    index = every(fps, t, rng)
    return observe(world[index], t[index], rng), np.array(at)[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "src/actalign/encoders/body/model")
    parser.add_argument("--repeats", type=int, default=4)
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
    actions = json.loads((ROOT / "training/paraphrases.json").read_text())
    scripts = [words.encode([s["text"] for s in a["steps"]]) for a in actions]
    owner = [(a, k) for a, action in enumerate(actions) for k in range(len(action["steps"]))]
    where = [NAMES.index(actions[a]["steps"][k]["posture"]) for a, k in owner]
    mirror = [NAMES.index(twin(NAMES[p])) for p in where]
    apart = np.minimum(_APART[where][:, where], _APART[where][:, mirror])

    rng = np.random.default_rng(5)
    right = {
        (s, r): [] for s in ("dtw", "mean_pool", "dtw_reversed") for r in ("any", "same domain")
    }
    hits: dict[int, list[bool]] = {}
    for a, action in enumerate(actions):
        rivals = {
            "any": [b for b in range(len(actions)) if b != a],
            "same domain": [
                b
                for b in range(len(actions))
                if b != a and actions[b]["domain"] == action["domain"]
            ],
        }
        for _ in range(args.repeats):
            track, at = perform([s["posture"] for s in action["steps"]], rng, fps)
            rows = image.run(None, {"features": features(track)})[0] * track.found[:, None]
            frames = smooth(rows, pts_seconds=track.pts_seconds, seconds=seconds)
            for kind, others in rivals.items():
                some = list(rng.choice(others, min(5, len(others)), replace=False))
                for name in ("dtw", "mean_pool", "dtw_reversed"):
                    if name not in SCORERS:
                        continue
                    scores = SCORERS[name].score(
                        frames, [scripts[a], *(scripts[b] for b in some)], by
                    )
                    right[name, kind].append(bool(scores[0] > scores[1:].max()))
            table = affinity(frames, scripts, by)
            for k in range(len(action["steps"])):
                mine = owner.index((a, k))
                held = table[at == k].mean(0) if (at == k).any() else None
                if held is not None:
                    others = rng.choice(np.flatnonzero(apart[mine] > 0.25), 49, replace=False)
                    hits.setdefault(mine, []).append(bool(held[mine] > held[others].max()))
    for (name, kind), found in right.items():
        if found:
            print(f"6-way, rivals {kind}: {name} {np.mean(found):.3f} of {len(found)}")
    print(f"R@1 among 50: {np.mean([h for v in hits.values() for h in v]):.3f}")
    if args.verbose:
        for mine, found in sorted(hits.items(), key=lambda item: np.mean(item[1])):
            if np.mean(found) < 0.4:
                a, k = owner[mine]
                step = actions[a]["steps"][k]
                print(f"  {np.mean(found):.2f} {step['posture']} | {step['text']}")


if __name__ == "__main__":
    main()
