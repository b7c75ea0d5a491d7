"""A planted model of image-text cosines: scorers where the truth is known, without an encoder.

    python benchmarks/planted.py [--clips 400] [--scorer dtw,competitive] [--signal 0.01]

Five candidates of ten steps, 190 frames at 32 a second, chance 20 %. The cosine of frame and step
is the step's offset + the frame's offset + correlated noise, + the signal where the step is
performed; the ranges are SigLIP's. The performed script lasts the whole clip, its steps' durations
are drawn from a gamma distribution. "order": the candidates are one script in five orders; "own":
each has its own steps. Frames and texts are vectors with exactly these cosines, and the background
is the model's own: each step's offset, and the deviation of frames and noise. Prints Top-1 with
95 % Wilson intervals, and the exact p of McNemar's test against `dtw`.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np

from actalign.alignment import Calibration, get_scorer
from actalign.background import Background

sys.path.insert(0, str(Path(__file__).parent))

from lines import scorer_line

FRAMES, STEPS, CANDIDATES, FPS = 190, 10, 5, 32.0
OFFSET, FRAME_OFFSET, NOISE, SHAPE = 0.02, 0.01, 0.02, 2.0
MEAN_COSINE, LOGIT_SCALE, LOGIT_BIAS = 0.05, math.log(112.3), -16.5
SCORERS = (
    "dtw", "dtw_steps", "equal_split", "centred+dtw+path", "centred+segment+path",
    "centred+segment+both", "competitive+dtw+both", "competitive+segment+both",
    "competitive+repeat+both", "competitive",
    "competitive_reversed", "competitive_order_free",
)  # fmt: skip


def planted(
    rng: np.random.Generator, kind: str, signal: float, correlation: float
) -> tuple[int, np.ndarray, list[np.ndarray], Calibration]:
    """Which candidate is performed, the frames, all candidates' steps, and what measures them."""
    count = STEPS if kind == "order" else STEPS * CANDIDATES
    lengths = rng.gamma(SHAPE, size=STEPS) + 0.1
    lengths = np.maximum(1, np.round(lengths / lengths.sum() * FRAMES)).astype(int)
    step = np.repeat(np.arange(STEPS), lengths)[:FRAMES]
    step = np.append(step, np.full(FRAMES - len(step), STEPS - 1))
    offsets = rng.normal(MEAN_COSINE, OFFSET, count)
    noise = rng.normal(size=(FRAMES, count))
    for t in range(1, FRAMES):
        noise[t] = correlation * noise[t - 1] + math.sqrt(1 - correlation**2) * noise[t]
    cosines = offsets + rng.normal(0, FRAME_OFFSET, (FRAMES, 1)) + NOISE * noise
    cosines[np.arange(FRAMES), step] += signal
    rest = np.sqrt(1 - (cosines**2).sum(axis=1, keepdims=True))
    frames = np.concatenate([cosines, rest], axis=1).astype(np.float32)
    texts = np.eye(count + 1, dtype=np.float32)[:count]
    if kind == "order":
        orders = [np.arange(STEPS), *(rng.permutation(STEPS) for _ in range(CANDIDATES - 1))]
        candidates = [texts[order] for order in orders]
    else:
        candidates = list(texts.reshape(CANDIDATES, STEPS, -1))
    variance = FRAME_OFFSET**2 + NOISE**2
    background = Background(
        np.append(offsets, 0).astype(np.float32),
        np.diag(np.full(count + 1, variance)).astype(np.float32),
        10_000, "planted", "planted", "the model's own",
    )  # fmt: skip
    answer = int(rng.integers(CANDIDATES))  # so that equal scores win a fifth
    candidates[0], candidates[answer] = candidates[answer], candidates[0]
    return answer, frames, candidates, Calibration(LOGIT_SCALE, LOGIT_BIAS, background, 1 / FPS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--signal", type=float, default=0.02, help="of a cosine")
    parser.add_argument("--correlation", type=float, default=0.9, help="from frame to frame")
    parser.add_argument("--scorer", default=",".join(SCORERS), help="comma-separated")
    args = parser.parse_args()
    names = dict.fromkeys(["dtw", *args.scorer.split(",")])
    for kind in ("order", "own"):
        rng = np.random.default_rng(1)
        clips = [planted(rng, kind, args.signal, args.correlation) for _ in range(args.clips)]
        right = {
            name: [get_scorer(name).score(*clip).argmax() == answer for answer, *clip in clips]
            for name in names
        }
        print(f"{kind}: {args.clips} clips")
        for name, hits in right.items():
            print(scorer_line(name, hits, right["dtw"]))


if __name__ == "__main__":
    main()
