"""Several wordings of a script: where to combine them, measured on poses of real people.

    python benchmarks/wordings.py [FOLDER] [--scorer dtw,competitive] [--subsets 10]

FOLDER and the sets are those of `real_poses.py`, with its eleven wordings. Each way of combining is
scored with one wording (each of the eleven), with 2, 3 and 5 (drawn at random, --subsets of each
number, the same for every way), and with all. Prints Top-1 in percent, the mean over subsets. Only
steps are scored: the label's small vote in `competitive` is the same for every way.

The rule of choice, written before any number was seen:

1. A way's value is rule 2's mean of benchmarks/README.md: yoga6 counts one half, gym67 and gym14 a
   quarter each, over the columns 2, 3, 5 and 11; a vote of the label is valued over 1 as well.
2. Till then the way is `scores`: a wording of a label competes with one wording of each other, the
   first with the first. Another takes its place, for both scorers or for one, only if its value is
   higher by a point or more and it is significantly better: exact McNemar, p < 0.05, on the answers
   of all subsets, and also with each clip of a set counted once, for the way that is right on it
   more often, since the answers of many subsets on one clip are not independent.
3. Of ways within one point of the best that pass, the simpler one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actalign import ClipEmbedding
from actalign.alignment import Calibration
from actalign.alignment._affinities import columns_of, seen_frames
from actalign.alignment._paths import Timing
from actalign.alignment._stages import Stages
from actalign.alignment._texts import Texts
from actalign.candidates import Candidates
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.evaluation._metrics import mcnemar
from actalign.types import Float32, Float64, Script

sys.path.insert(0, str(Path(__file__).parent))

from real_poses import STEPS_ALONE, Cell, cells

BEFORE = "scores"
SHARES = {"yoga6": 0.5, "gym67": 0.25, "gym14": 0.25}
DRAWN = (2, 3, 5)
VOTES = (0.1, 0.2, 0.5)
Subset = tuple[int, ...]


def resampling(steps: int, wanted: int) -> Float64:
    """(wanted, steps): what share of each wanted step is which step, all spread evenly over the
    script."""
    have, want = np.arange(steps + 1) / steps, np.arange(wanted + 1) / wanted
    shared = np.minimum(want[1:, None], have[1:]) - np.maximum(want[:-1, None], have[:-1])
    return wanted * np.maximum(shared, 0)


def averaged(wordings: Sequence[Sequence[Float32]]) -> list[Float32]:
    """(D, K) of each label, the mean over wordings of (D, K_w), resampled to the mean number of
    steps."""
    found = []
    for several in zip(*wordings, strict=True):
        wanted = round(np.mean([one.shape[1] for one in several]))
        resampled = [one @ resampling(one.shape[1], wanted).T for one in several]
        found.append(np.mean(resampled, axis=0).astype(np.float32))
    return found


@dataclass(frozen=True)
class Look:
    """A clip, and each wording of all labels scored against it by itself.

    table: (W, M) scores, a wording's labels competing with each other only. votes: (M,) the same by
    the labels. matrices: (T, sum K_m) of each wording.
    """

    frames: Float32
    by: Calibration
    stages: Stages
    texts: list[Texts]
    matrices: list[Float32]
    table: Float64
    votes: Float64

    @classmethod
    def of(cls, clip: ClipEmbedding, wordings: Sequence[Candidates], label: Candidates) -> Look:
        first = wordings[0]
        frames, by, stages = first._frames(clip), first._calibration(clip), first.scorer.stages
        assert stages is not None
        texts = [one.competitions[0].texts for one in wordings]
        return cls(
            frames,
            by,
            stages,
            texts,
            [stages.affinity.of(frames, one, by) for one in texts],
            np.stack([stages.score(frames, one, by) for one in texts]),
            stages.score(frames, label.competitions[0].texts, by),
        )

    def scored(self, matrix: Float32, sizes: Sequence[int]) -> Float64:
        """(M,) scores of affinities, however they were made."""
        timing = Timing.of(seen_frames(self.frames), self.by.frame_seconds)
        return self.stages._scores(self.stages.path.means(matrix, sizes, timing), self.by)


def best(look: Look, of: Subset) -> Float64:
    return look.table[list(of)].max(axis=0)


def scores(look: Look, of: Subset) -> Float64:
    return look.table[list(of)].mean(axis=0)


def _standardised(look: Look, of: Subset) -> Float64:
    table = look.table[list(of)]
    spread = table.std(axis=1, keepdims=True)
    return (table - table.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-12)


def standardised(look: Look, of: Subset) -> Float64:
    """A wording's scores less their mean over labels, over their deviation; the mean of those."""
    return _standardised(look, of).mean(axis=0)


def log_mean_exp(look: Look, of: Subset) -> Float64:
    """The same, averaged as exponentials: between the mean and the best."""
    return np.log(np.exp(_standardised(look, of)).mean(axis=0))


def affinities(look: Look, of: Subset) -> Float64:
    """Affinities of each wording, resampled to one number of steps, averaged; then the path."""
    mean = averaged([columns_of(look.matrices[w], look.texts[w].sizes) for w in of])
    return look.scored(np.concatenate(mean, axis=1), [one.shape[1] for one in mean])


def embeddings(look: Look, of: Subset) -> Float64:
    """Unit embeddings of steps, resampled to one number of steps, averaged: one script a label."""
    unit = [
        [(one / np.linalg.norm(one, axis=1, keepdims=True)).T for one in look.texts[w].scripts]
        for w in of
    ]
    made = [np.ascontiguousarray(one.T) for one in averaged(unit)]
    return look.stages.score(look.frames, Texts.of(made, look.by.background), look.by)


def _together(look: Look, of: Subset) -> Float64:
    every = [script for w in of for script in look.texts[w].scripts]
    texts = Texts.of(every, look.by.background)
    return look.stages.score(look.frames, texts, look.by).reshape(len(of), -1)


def together_best(look: Look, of: Subset) -> Float64:
    """Every wording a candidate of one competition, with those of its own label too; the best."""
    return _together(look, of).max(axis=0)


def together_mean(look: Look, of: Subset) -> Float64:
    return _together(look, of).mean(axis=0)


def others(look: Look, of: Subset) -> Float64:
    """A wording competes with every wording of every *other* label, 1/W each; mean of scores."""
    every = [script for w in of for script in look.texts[w].scripts]
    labels = [m for w in of for m in range(len(look.texts[w].sizes))]
    texts = Texts.of(every, look.by.background, labels=labels)
    return look.stages.score(look.frames, texts, look.by).reshape(len(of), -1).mean(axis=0)


Way = Callable[[Look, Subset], Float64]


def ways(competes: bool) -> dict[str, Way]:
    """The ways of combining, and `scores` with a vote of the label."""
    found: list[Way] = [scores, best, standardised, log_mean_exp, affinities, embeddings]
    if competes:
        found += [together_best, together_mean, others]
    named = {way.__name__: way for way in found}
    for vote in VOTES:
        named[f"label {vote}"] = lambda look, of, vote=vote: scores(look, of) + vote * look.votes
    return named


def subsets(wordings: int, each: int) -> dict[int, list[Subset]]:
    """By number of wordings: every single one, `each` different drawn sets of DRAWN, and all."""
    rng = np.random.default_rng(0)
    found: dict[int, list[Subset]] = {1: [(w,) for w in range(wordings)]}
    for number in DRAWN:
        drawn: dict[Subset, None] = {}
        while len(drawn) < each:
            drawn[tuple(sorted(rng.permutation(wordings)[:number].tolist()))] = None
        found[number] = list(drawn)
    return {**found, wordings: [tuple(range(wordings))]}


Hits = dict[str, dict[int, NDArray[np.bool_]]]
"""By way and number of wordings: (subsets, clips) whether the answer is right."""


def answers(of: Sequence[Cell], resolve: Callable[..., Candidates], drawn: dict) -> Hits:
    """The right answers on one set, whose cells are its wordings."""
    labels = sorted(script.label for script in of[0].scripts)
    wordings = [resolve(labels, cell.scripts) for cell in of]
    label = resolve(labels, [])
    stages = wordings[0].scorer.stages
    every = ways(stages is not None and stages.affinity.name == "competitive")
    right: dict[str, dict[int, list[list[bool]]]] = {
        way: {number: [] for number in drawn} for way in every
    }
    product = resolve(labels, _joined(of))
    for clip, truth in zip(of[0].clips, of[0].truth, strict=True):
        look = Look.of(clip, wordings, label)
        if clip is of[0].clips[0]:
            ours = {c.label: c.score for c in product.predict(clip).candidates}
            mean = every.get("others", scores)(look, tuple(range(len(of))))
            assert np.allclose([ours[one] for one in labels], mean, rtol=1e-4), "not the product's"
        for name, way in every.items():
            for number, sets in drawn.items():
                found = [labels[int(np.argmax(way(look, one)))] == truth for one in sets]
                right[name][number].append(found)
    return {
        way: {number: np.array(one).T for number, one in by.items()} for way, by in right.items()
    }


def _joined(of: Sequence[Cell]) -> list[Script]:
    """One script a label, with all wordings."""
    found: dict[str, list[Script]] = {}
    for cell in of:
        for script in cell.scripts:
            found.setdefault(script.label, []).append(script)
    return [
        Script(label, one.steps, one.domain, tuple(other.steps for other in more))
        for label, (one, *more) in found.items()
    ]


def value(hits: dict[str, Hits], way: str, numbers: Sequence[int]) -> float:
    """Rule 1's, in percent."""
    return 100 * sum(
        share * float(np.mean([hits[name][way][number].mean() for number in numbers]))
        for name, share in SHARES.items()
    )


def line(hits: dict[str, Hits], way: str) -> str:
    """The way's Top-1 in each set by number of wordings, its value, and its tests."""
    every = list(hits["yoga6"][way])
    numbers = every if way.startswith("label") else every[1:]
    shares = [
        " ".join(f"{100 * hits[name][way][number].mean():5.1f}" for number in every)
        for name in SHARES
    ]
    mine, before = (
        [np.concatenate([hits[name][one][number] for number in numbers]) for name in SHARES]
        for one in (way, BEFORE)
    )
    pooled = mcnemar(np.concatenate([m.ravel() for m in mine]), _flat(before)).p_value
    gain = np.concatenate(
        [m.mean(axis=0) - t.mean(axis=0) for m, t in zip(mine, before, strict=True)]
    )
    clips = mcnemar(gain > 0, gain < 0).p_value
    change = value(hits, way, numbers) - value(hits, BEFORE, numbers)
    tests = "" if way == BEFORE else f" {change:+6.2f}  p {pooled:.2g}, by clips {clips:.2g}"
    return f"  {way:14s} {' | '.join(shares)} | {value(hits, way, numbers):6.2f}{tests}"


def _flat(arrays: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    return np.concatenate([one.ravel() for one in arrays])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/real_poses"))
    parser.add_argument("--scorer", default="dtw,competitive", help="comma-separated")
    parser.add_argument("--subsets", type=int, default=10)
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    texts = TextCache(encoder.info, lambda: encoder)
    every = sorted(cells(args.folder, encoder), key=lambda cell: cell.name)
    named = {
        name: list(of) for name, of in groupby(every, lambda cell: cell.name.partition("/")[0])
    }
    drawn = subsets(len(named["yoga6"]), args.subsets)
    columns = " ".join(f"{number:5d}" for number in drawn)
    for scorer in args.scorer.split(","):

        def resolve(labels: list[str], scripts: list[Script], scorer: str = scorer) -> Candidates:
            return Candidates.resolve(
                labels,
                scripts,
                info=encoder.info,
                texts=texts,
                scorer=STEPS_ALONE.get(scorer, scorer),
                repeats="no",
            )

        hits = {name: answers(named[name], resolve, drawn) for name in SHARES}
        print(f"{scorer}: Top-1 by number of wordings: {' | '.join(SHARES)} | value")
        print(f"  {'':14s} {' | '.join([columns] * len(SHARES))}")
        for way in hits["yoga6"]:
            print(line(hits, way), flush=True)


if __name__ == "__main__":
    main()
