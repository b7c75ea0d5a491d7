"""Gym exercises as simulated people do them, in training's words and in writers' words.

    python training/evaluate_exercises.py [--model DIR] [--wordings b-k,100] [--clips N]

exercises.txt says which postures each of the 67 exercises of benchmarks/real_poses goes through.
Random bodies repeat them before random cameras, as in training, and `competitive` asks which of the
67, and which of the 14 common ones, a clip shows: first by scripts of what training says of these
postures, then by each writer's scripts. What is lost from the first to the second is lost by words,
and what real clips lose beside that by poses. Prints the shares of right answers and, by exercise,
what it is taken for in writers' words. No clip of real people takes part.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import numpy as np  # noqa: E402
from real_poses import CHOSEN_BY, FOLDER, GYM14, embedded, wordings_of  # noqa: E402

from actalign.candidates import Candidates  # noqa: E402
from actalign.encoders._text_cache import TextCache  # noqa: E402
from actalign.encoders.body import BodyEncoder  # noqa: E402
from actalign.scripts import load_scripts  # noqa: E402
from actalign.types import ClipEmbedding, Script  # noqa: E402
from training.compose import NAMED, expand  # noqa: E402
from training.evaluate_paraphrases import perform  # noqa: E402
from training.evaluate_real import SHIPPED  # noqa: E402

EXERCISES = {
    label: postures.split("|")
    for label, _, postures in (
        line.partition(" = ")
        for line in Path(__file__).with_name("exercises.txt").read_text("utf-8").splitlines()
    )
}
KEYS = 9  # at least so many postures are gone through in a clip
SEED = 5
OWN = 10  # scripts of each exercise in training's words


def performed(encoder: BodyEncoder, clips: int) -> list[tuple[str, ClipEmbedding]]:
    """(exercise, clip) of so many simulated people for each exercise."""
    rng = np.random.default_rng(SEED)
    found = []
    for label, cycle in EXERCISES.items():
        for _ in range(clips):
            track, _ = perform(cycle * -(-KEYS // len(cycle)), rng, encoder.info.fps)
            found.append((label, embedded(label, track, encoder)))
    return found


def in_own_words(rng: np.random.Generator) -> list[Script]:
    """A script of each exercise: of each of its postures, a wording that training has for it."""
    wordings: dict[str, list[str]] = {}
    for one in NAMED:
        if one.kind == "hold":
            wordings.setdefault(one.statement.removesuffix("|any"), []).append(one.wording)
    return [
        Script(label, tuple(expand(str(rng.choice(wordings[f"hold:{p}"])), rng) for p in cycle))
        for label, cycle in EXERCISES.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--wordings", type=wordings_of, default=CHOSEN_BY[1:])
    parser.add_argument("--clips", type=int, default=6, help="of each exercise")
    args = parser.parse_args()
    encoder = BodyEncoder(args.model)
    texts = TextCache(encoder.info, lambda: encoder)
    clips = performed(encoder, args.clips)

    def share(scripts: list[Script], taken: Counter[tuple[str, str]]) -> float:
        """Of right answers, in percent; counts in ``taken`` what each exercise is taken for."""
        candidates = Candidates.resolve(
            None, scripts, info=encoder.info, texts=texts, scorer="competitive", repeats="no"
        )
        asked = {script.label for script in scripts}
        found = [(label, candidates.predict(clip).label) for label, clip in clips if label in asked]
        taken.update(found)
        return 100 * float(np.mean([label == said for label, said in found]))

    rng = np.random.default_rng(SEED)
    of_writers = [load_scripts(FOLDER / f"gym67_{wording}.yaml") for wording in args.wordings]
    for whose, every in (
        ("training's words", [in_own_words(rng) for _ in range(OWN)]),
        ("writers' words", of_writers),
    ):
        common = [[one for one in scripts if one.label in GYM14] for scripts in every]
        for name, these in (("gym14", common), ("gym67", every)):
            taken: Counter[tuple[str, str]] = Counter()
            shares = [share(scripts, taken) for scripts in these]
            print(
                f"{whose}, {name}: {np.mean(shares):.1f} % ({min(shares):.0f} to {max(shares):.0f})"
            )
    # The last question was of all 67 in writers' words.
    for label in sorted(EXERCISES, key=lambda one: taken[one, one]):
        said = Counter({other: n for (own, other), n in taken.items() if own == label})
        wrong = [(other, n) for other, n in said.most_common(4) if other != label][:3]
        instead = ", ".join(f"{other} {100 * n / said.total():.0f}" for other, n in wrong)
        print(f"  {label:24s}{100 * said[label] / said.total():4.0f}   {instead}")


if __name__ == "__main__":
    main()
