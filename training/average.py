"""The mean of the weights of several trainings that began with the same towers.

    python training/average.py FOLDER FOLDER ... --out FOLDER

Each folder holds image.onnx, text.onnx and config.json, as train.py exports them. Averaged weights
are as small and as fast as those of one training (Wortsman et al., ICML 2022, arXiv 2203.05482).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from actalign.encoders.body._features import FEATURES  # noqa: E402
from training.export import export, start_from  # noqa: E402
from training.log import Log  # noqa: E402
from training.measure import measure_both  # noqa: E402
from training.model import Towers  # noqa: E402


def average(folders: list[Path]) -> Towers:
    """Towers with the mean of all folders' weights, scales and biases."""
    states = []
    towers = Towers(torch.zeros(len(FEATURES)), torch.ones(len(FEATURES)))
    for folder in folders:
        start_from(towers, folder)
        states.append({name: value.clone() for name, value in towers.state_dict().items()})
    towers.load_state_dict(
        {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    )
    return towers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--log", type=Path, default=ROOT / "training/train.log")
    args = parser.parse_args()
    log = Log(args.log)
    log("mean of " + ", ".join(folder.name for folder in args.folders))
    towers = average(args.folders)
    export(towers, args.out, measure_both(towers, 1001, 2, log), log)


if __name__ == "__main__":
    main()
