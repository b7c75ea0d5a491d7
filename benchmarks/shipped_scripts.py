"""Top-1 where the user gives labels alone, and the scripts that ship with actalign are taken.

    python benchmarks/shipped_scripts.py [FOLDER]

On the poses of real people of `real_poses.py`: labels without any script, the first wording, the
first three, all of them, and all with each clip measured against the run's others as well
(`--background clips`, which is transductive). p: McNemar's exact test against the first wording.
Half of the labels, drawn four times, without any: how often these win (`without_scripts`).
Then the expected calibration error of `competitive` over the three sets, and the mean confidence
beside the share of right answers. At the end each of the wordings a to k by itself, and together
with those that ship, as `actalign subactions merge --shipped` puts them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from actalign import Prediction, Script
from actalign.candidates import Candidates
from actalign.clips._background import OtherClips
from actalign.encoders.body import BodyEncoder
from actalign.evaluation import expected_calibration_error
from actalign.scripts import shipped_scripts
from actalign.scripts._merge import with_shipped

sys.path.insert(0, str(Path(__file__).parent))

from lines import scorer_line, wordings_line
from real_cases import Resolve, resolver, without_scripts
from real_poses import Cell, cells, with_confidence

DOMAINS = {"yoga6": "yoga", "gym67": "gym", "gym14": "gym"}


def answers(cell: Cell, candidates: Candidates, others: OtherClips | None) -> list[Prediction]:
    """Each clip's answer. others: to measure it against, where given."""
    return [
        (candidates if others is None else candidates.measured_against(others.of(clip))).predict(
            clip
        )
        for clip in cell.clips
    ]


def right_of(cell: Cell, found: list[Prediction]) -> list[bool]:
    return [one.label == label for one, label in zip(found, cell.truth, strict=True)]


def first(scripts: list[Script], wordings: int) -> list[Script]:
    return [replace(one, rewordings=one.rewordings[: wordings - 1]) for one in scripts]


def beside_given(everything: list[Cell], resolve: Resolve) -> None:
    """Prints Top-1 of each wording by itself, and with those that ship."""
    shares: dict[tuple[str, str, str], list[float]] = {}
    for cell in everything:
        name = cell.name.split("/")[0]
        labels = [script.label for script in cell.scripts]
        given = [replace(script, domain=DOMAINS[name]) for script in cell.scripts]
        for scorer in ("dtw", "competitive"):
            for title, scripts in (("given", given), ("with shipped", with_shipped(given)[0])):
                right = right_of(
                    cell, answers(cell, resolve(scripts, labels=labels, scorer=scorer), None)
                )
                shares.setdefault((name, scorer, title), []).append(float(np.mean(right)))
    for which, each in shares.items():
        print(wordings_line(", ".join(which), each))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/real_poses"))
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    sure: dict[str, list[tuple[float, bool]]] = {}
    everything = list(cells(args.folder, encoder))

    resolve = resolver(encoder)
    for cell in everything:
        name, wording = cell.name.split("/")
        if wording != "a":
            continue
        labels = [script.label for script in cell.scripts]
        scripts = list(shipped_scripts(labels, DOMAINS[name]).values())
        print(f"{name}: {len(cell.clips)} clips, {len(labels)} labels, {len(scripts)} with scripts")
        others = OtherClips(encoder.info, cell.clips)
        for scorer in ("dtw", "dtw_steps", "competitive"):
            print("  " + without_scripts(replace(cell, scripts=scripts), scorer, resolve))
        for scorer in ("dtw", "competitive"):
            right = {}
            for title, chosen, against in (
                ("first wording", first(scripts, 1), None),
                ("labels alone", [], None),
                ("three wordings", first(scripts, 3), None),
                ("all wordings", scripts, None),
                ("all, --background clips", scripts, others if scorer == "competitive" else None),
            ):
                if title.endswith("clips") and against is None:
                    continue
                found = answers(cell, resolve(chosen, labels=labels, scorer=scorer), against)
                right[title] = right_of(cell, found)
                pairs = with_confidence(found, right[title])
                if scorer == "competitive" and pairs:
                    sure.setdefault(title, []).extend(pairs)
                line = scorer_line(title, right[title], right["first wording"])
                print(f"  {scorer:12}{line.replace('against dtw', 'against the first')}")
    for title, pairs in sure.items():
        confident, hits = zip(*pairs, strict=True)
        error = expected_calibration_error(confident, hits)
        print(
            f"{title}: expected calibration error {error:.3f}, mean confidence "
            f"{np.mean(confident):.3f}, right {np.mean(hits):.3f}"
        )
    beside_given(everything, resolve)


if __name__ == "__main__":
    main()
