"""Sanity check on real clips: an 11-way table with scripts that were not tuned to them.

    python training/evaluate_gym.py --clips DIR [--store DIR]

DIR holds one video a label of gym_scripts.json, named after it ("bench press" -> bench_press.mp4).
Runs what a user runs, video to answer. Prints every clip's answer by competitive (the default of
`body`), by dtw and by mean_pool (the label's text) and, for each miss of competitive, how well each
step of the right and of the winning script fits: its best frame's affinity and its mean.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from actalign.classifier import ActAlign
from actalign.scripts._script import load_scripts
from actalign.types import Candidate

SCRIPTS = Path(__file__).with_name("gym_scripts.json")


def steps_of(candidate: Candidate) -> list[str]:
    """One line a step: best and mean affinity over all frames."""
    assert candidate.alignment is not None
    table = candidate.alignment.affinity
    return [
        f"    {candidate.label:20s} best {column.max():.2f} mean {column.mean():.2f}  {step}"
        for step, column in zip(candidate.script.steps, table.T, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--store", type=Path, help="folder that keeps embeddings between runs")
    args = parser.parse_args()
    scripts = load_scripts(SCRIPTS)
    labels = [script.label for script in scripts]
    classifier = ActAlign.from_pretrained("body", store=args.store)
    right = dict.fromkeys(("competitive", "dtw", "mean_pool"), 0)
    print(f"{'clip':20s}" + "".join(f"{name:20s}" for name in right) + "rank (competitive)")
    for label in labels:
        name = f"{label.replace(' ', '_').replace('-', '_')}.mp4"
        clip = classifier.encode_video(args.clips / name)
        found = {
            name: classifier.predict(clip, candidate_labels=labels, scripts=scripts, scorer=name)
            for name in right
        }
        ranked = found["competitive"].candidates
        rank = [candidate.label for candidate in ranked].index(label)
        for name, prediction in found.items():
            right[name] += prediction.label == label
        answers = "".join(f"{found[name].label:20s}" for name in right)
        print(f"{label:20s}{answers}{rank + 1}")
        if rank:
            print("\n".join(steps_of(ranked[rank]) + steps_of(ranked[0])))
    total = len(labels)
    counts = ", ".join(f"{name} {hits}/{total}" for name, hits in right.items())
    print(f"{counts}; {classifier.fps} frames a second, smoothing {classifier.smoothing_seconds} s")


if __name__ == "__main__":
    main()
