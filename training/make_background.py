"""Makes the background of the `body` encoder: python training/make_background.py (some minutes).

Simulated movements, as training makes them (another seed), through the image tower that ships; mean
and covariance of its rows go into src/actalign/encoders/body/model/background.safetensors, with the
temperatures that turn scores into confidences (`temperatures.py`). Must be run again whenever a
tower changes: a background is used with exactly its own.
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

from actalign.background import KINDS, Background, BackgroundSums, read_background, write_background  # noqa: E402
from actalign.encoders._fingerprint import fingerprint_files  # noqa: E402
from actalign.encoders.body import BodyEncoder  # noqa: E402
from actalign.encoders.body._encoder import PACKAGE_FOLDER, tower_files  # noqa: E402
from training import temperatures  # noqa: E402
from training.samples import generate  # noqa: E402

OUT = PACKAGE_FOLDER / "background.safetensors"
SEED = 77  # training has others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motions", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--temperatures", action="store_true", help="fit these again, and keep mean and covariance"
    )
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    if not args.temperatures:
        write_background(simulated(encoder, args.motions, args.workers), OUT, half=True)
    # As it is read again, rounded; it is stored with the fingerprint of the towers alone.
    stored = read_background(OUT, source="simulated movements")
    found = temperatures.fitted(encoder, replace(stored, fingerprint=encoder.info.fingerprint))
    write_background(replace(found, fingerprint=stored.fingerprint), OUT, half=True)
    for kind in KINDS:
        print(f"{kind}: {getattr(found, kind)}")
    print(f"{OUT}: {found}, {OUT.stat().st_size} bytes")


def simulated(encoder: BodyEncoder, motions: int, workers: int) -> Background:
    """The background of so many movements, without temperatures."""
    samples = generate(motions, SEED, workers=workers)
    info, towers = encoder.info, fingerprint_files(tower_files(PACKAGE_FOLDER))
    sums = BackgroundSums(info.model_id, towers, info.dim)
    for block in np.array_split(samples.features, 20):
        sums.add(encoder.embed_features(block))
    return sums.background("simulated movements")


if __name__ == "__main__":
    main()
