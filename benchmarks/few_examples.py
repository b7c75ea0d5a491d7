"""Top-1 with a few labelled clips beside the words, on poses of real people.

    python benchmarks/few_examples.py [FOLDER] [--wordings a-k] [--draws 10] [--useless-words]

FOLDER: as for `real_poses.py`. Of each label of yoga6 and gym14 as many clips as said, drawn at
random, are examples, but at least one is left where there are two; the other clips are classified.
"1 to 3": as many for each label as a draw says. Prints the percentage of right answers, the mean
over draws and wordings, by words alone, by examples alone and by both. --useless-words gives each
label the script of another.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from real_poses import CHOSEN_BY, NAMES, Cell, cells, wordings_of

from actalign.candidates import Candidates
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.examples import Examples, WithExamples
from actalign.types import Script

EXAMPLES = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "1 to 3": (1, 3)}
"""By name the smallest and the largest number of examples of a label."""


def drawn(cell: Cell, numbers: tuple[int, int], seed: int) -> list[int]:
    """The clips that are examples."""
    rng, truth = np.random.default_rng(seed), np.array(cell.truth)
    found: list[int] = []
    for script in cell.scripts:
        mine = rng.permutation(np.flatnonzero(truth == script.label))
        count = rng.integers(numbers[0], numbers[1] + 1)
        found += mine[: max(1, min(count, len(mine) - 1))].tolist()
    return found


def mixed_up(scripts: list[Script]) -> list[Script]:
    """The labels, each with the steps of the next one."""
    pairs = zip(scripts, [*scripts[1:], scripts[0]], strict=True)
    return [Script(one.label, other.steps, one.domain) for one, other in pairs]


def shares(cell: Cell, candidates: Candidates, draws: int) -> Iterator[tuple[str, list[float]]]:
    """By name of EXAMPLES the shares of right answers by words, by examples and by both."""
    labels = np.array(candidates.labels)
    for name, numbers in EXAMPLES.items():
        for seed in range(draws):
            chosen = drawn(cell, numbers, seed)
            examples = Examples(
                [(cell.truth[n], cell.clips[n]) for n in chosen],
                smoothing_seconds=candidates.smoothing_seconds,
            )
            fitted = WithExamples.fitted(candidates, examples)
            rest = [n for n in range(len(cell.clips)) if n not in chosen]
            best = [[one.argmax() for one in fitted.all_scores(cell.clips[n])] for n in rest]
            right = labels[np.array(best)] == np.array(cell.truth)[rest][:, None]
            yield name, right.mean(axis=0).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/real_poses"))
    parser.add_argument(
        "--wordings", type=wordings_of, default=CHOSEN_BY, help=f"of {NAMES}, e.g. a,l-3"
    )
    parser.add_argument("--draws", type=int, default=10, help="of examples, for each number")
    parser.add_argument("--useless-words", action="store_true")
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    texts = TextCache(encoder.info, lambda: encoder)
    found: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    for cell in cells(args.folder, encoder, args.wordings):
        of = cell.name.partition("/")[0]
        if of == "gym67":
            continue  # most of its labels have no second clip
        scripts = mixed_up(cell.scripts) if args.useless_words else cell.scripts
        candidates = Candidates.resolve(None, scripts, info=encoder.info, texts=texts, repeats="no")
        for name, right in shares(cell, candidates, args.draws):
            found[of, name].append(right)
    for (of, name), right_shares in found.items():
        words, examples, both = 100 * np.mean(right_shares, axis=0)
        print(f"{of}, {name} a label: words {words:.1f}, examples {examples:.1f}, both {both:.1f}")


if __name__ == "__main__":
    main()
