"""Makes the background of the `body` encoder: python training/make_background.py (some minutes).

Simulated movements, as training makes them (another seed), through the image tower that ships; mean
and covariance of its rows go into src/actalign/encoders/body/model/background.safetensors. Must be
run again whenever the weights change: a background is used with exactly its own encoder.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402

from actalign.background import BackgroundSums, write_background  # noqa: E402
from actalign.encoders.body import BodyEncoder  # noqa: E402
from training.samples import generate  # noqa: E402

OUT = ROOT / "src" / "actalign" / "encoders" / "body" / "model" / "background.safetensors"
SEED = 77  # training has 1 and 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motions", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    samples = generate(args.motions, SEED, workers=args.workers)
    sums = BackgroundSums(encoder.info)
    for block in np.array_split(samples.features, 20):
        sums.add(encoder.embed_features(block))
    background = sums.background(f"{args.motions} simulated movements")
    write_background(background, OUT, half=True)
    print(f"{OUT}: {background}, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
