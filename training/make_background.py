"""Makes the background of the `body` encoder: python training/make_background.py (some minutes).

Simulated movements, as training makes them (another seed), through the image tower that ships; mean
and covariance of its rows go into src/actalign/encoders/body/model/background.safetensors, with the
temperatures that turn scores into confidences (`temperatures.py`). Must be
run again whenever the encoder changes: a background is used with exactly its own encoder. Where
both towers are the same and only poses are estimated otherwise, which no simulation sees, a second
suffices: the numbers are kept and named after the new encoder.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402

from actalign.background import BackgroundSums, read_background, write_background  # noqa: E402
from actalign.encoders._fingerprint import fingerprint_files  # noqa: E402
from actalign.encoders.body import BodyEncoder  # noqa: E402
from training import temperatures  # noqa: E402
from training.samples import generate  # noqa: E402

OUT = ROOT / "src" / "actalign" / "encoders" / "body" / "model" / "background.safetensors"
SEED = 77  # training has others
TOWERS = ("image.onnx", "text.onnx", "config.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motions", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--anew", action="store_true", help="even if both towers are the same")
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    towers = f"towers {fingerprint_files([OUT.with_name(name) for name in TOWERS])}"
    if OUT.exists() and not args.anew:
        known = read_background(OUT)
        if known.origin.endswith(towers):
            write_background(replace(known, fingerprint=encoder.info.fingerprint), OUT, half=True)
            print(f"{OUT}: the towers are the same, {encoder.info.fingerprint} is written into it")
            return
    samples = generate(args.motions, SEED, workers=args.workers)
    info = encoder.info
    sums = BackgroundSums(info.model_id, info.fingerprint, info.dim)
    for block in np.array_split(samples.features, 20):
        sums.add(encoder.embed_features(block))
    background = sums.background(f"{args.motions} simulated movements, {towers}")
    # As it is read again, rounded.
    write_background(background, OUT, half=True)
    fitted = temperatures.fit(encoder, read_background(OUT))
    write_background(replace(background, temperatures=fitted), OUT, half=True)
    print(f"temperatures of confidences: {fitted}")
    print(f"{OUT}: {background}, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
