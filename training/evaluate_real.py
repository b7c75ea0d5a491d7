"""Two encoders on the same real clips: top-1 by set, wording and scorer, and McNemar's exact test.

    python training/evaluate_real.py DIR [--model DIR] [--out FILE] [--against FILE]

DIR, sets and wordings are those of benchmarks/real_poses.py, which this program uses. The encoder
gets a background of simulated movements, as only the shipped one has one. --out keeps the answers,
for --against in another run, maybe of another version.
The rule that these numbers decide by is in README.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from real_poses import cells  # noqa: E402

from actalign.background import Background, BackgroundSums  # noqa: E402
from actalign.candidates import Candidates  # noqa: E402
from actalign.encoders._text_cache import TextCache  # noqa: E402
from actalign.encoders.body import BodyEncoder  # noqa: E402
from actalign.evaluation._metrics import mcnemar, rate  # noqa: E402
from training.samples import generate  # noqa: E402

SCORERS = ("dtw", "dtw_steps", "competitive", "mean_pool")
SHIPPED = ROOT / "src/actalign/encoders/body/model"
Answers = dict[tuple[str, str], NDArray[np.bool_]]


def answers(encoder: BodyEncoder, background: Background, folder: Path) -> Answers:
    """{(set/wording, scorer): (N,) whether each clip's answer is right}."""
    texts = TextCache(encoder.info, lambda: encoder)
    found: Answers = {}
    for cell in cells(folder, encoder):
        for scorer in SCORERS:
            candidates = Candidates.resolve(
                None, cell.scripts, info=encoder.info, texts=texts, scorer=scorer,
                background=background,
            )  # fmt: skip
            said = [candidates.predict(clip).label for clip in cell.clips]
            found[cell.name, scorer] = np.array(said) == np.array(cell.truth)
    return found


def show(found: Answers) -> None:
    """Prints the table, and the mean that the rule decides by."""
    print(" " * 16 + "".join(f"{name:>22s}" for name in SCORERS))
    for name in dict.fromkeys(name for name, _ in found):
        line = f"{name} ({len(found[name, SCORERS[0]])})"
        for scorer in SCORERS:
            right = found[name, scorer]
            share = rate(int(right.sum()), len(right))
            cell = f"{100 * share.value:.1f} [{100 * share.low:.0f}, {100 * share.high:.0f}]"
            line = f"{line:16s}{cell:>22s}" if scorer == SCORERS[0] else f"{line}{cell:>22s}"
        print(line)
    mean = 100 * float(np.mean([v.mean() for (_, s), v in found.items() if s != "mean_pool"]))
    print(f"mean of all sets and wordings and the first three scorers: {mean:.1f}")


def compare(old: Answers, new: Answers) -> None:
    """Prints McNemar's test for each set and wording, and over yoga6 and gym67 in all wordings."""
    for scorer in SCORERS[:3]:
        pairs = {name: (old[name, s], new[name, s]) for name, s in old if s == scorer}
        pooled = [pair for name, pair in pairs.items() if not name.startswith("gym14")]
        pairs["yoga6 + gym67"] = (
            np.concatenate([a for a, _ in pooled]),
            np.concatenate([b for _, b in pooled]),
        )
        for name, (a, b) in pairs.items():
            p = mcnemar(list(a), list(b)).p_value
            print(f"{scorer:12s} {name:14s} {a.sum():3d} -> {b.sum():3d} of {len(a)}, p = {p:.2g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("poses", type=Path)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--out", type=Path, help=".npz for the answers")
    parser.add_argument("--against", type=Path, help=".npz with another encoder's answers")
    parser.add_argument("--motions", type=int, default=3000, help="of the background")
    args = parser.parse_args()
    encoder = BodyEncoder(args.model)
    info = encoder.info
    sums = BackgroundSums(info.model_id, info.fingerprint, info.dim)
    rows = generate(args.motions, 77, workers=1).features
    for block in np.array_split(rows, 20):
        sums.add(encoder.embed_features(block))
    background = sums.background(f"{args.motions} movements")
    found = answers(encoder, background, args.poses)
    print(f"{args.model}:")
    show(found)
    if args.out:
        np.savez(args.out, **{"|".join(key): right for key, right in found.items()})
    if args.against:
        with np.load(args.against) as data:
            old = {tuple(key.split("|")): data[key] for key in data.files}
        print(f"right answers, {args.against} -> {args.model}:")
        compare({key: old[key] for key in found}, found)


if __name__ == "__main__":
    main()
