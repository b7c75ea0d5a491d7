"""Top-1 of scorers on poses of real people: every scorer x set x wording, with tests against `dtw`.

    python benchmarks/real_poses.py [FOLDER] [--scorer dtw,competitive] [--wordings a,l-3]

FOLDER (../shared/real_poses) holds `dev.npz`, `truth.json` and the first wording of the scripts,
`gym67.yaml` and `yoga6.yaml`; its README says what they are. Further wordings, b to z and 1 to 171,
lie in benchmarks/real_poses. gym14 are the 14 exercises of at least three clips in the whole set.
Prints each share with its 95 % Wilson interval and the exact p of McNemar's test against `dtw`.
Then, for each scorer, its shares of each set in all wordings with their mean, the mean of the sets,
in how many cells it differs from `dtw` with p < 0.05, and the expected calibration error. The rule
by which the default was chosen is in benchmarks/README.md; `real_cases.py` asks more of the clips.
"""

from __future__ import annotations

import argparse
import json
import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actalign import ClipEmbedding, Prediction, Script
from actalign.candidates import Candidates
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.encoders.body._features import PoseTrack
from actalign.evaluation import expected_calibration_error
from actalign.evaluation._metrics import mcnemar
from actalign.scripts import load_scripts

sys.path.insert(0, str(Path(__file__).parent))

from lines import scorer_line, wordings_line

GYM14 = (
    "barbell curl", "bench press", "calf raise", "dips", "dumbbell curl", "lateral raise", "lunge",
    "plank", "preacher curl", "pull up", "push up", "shoulder press", "squat", "triceps pushdown",
)  # fmt: skip
SCORERS = (
    "dtw", "dtw_steps", "mean_pool", "equal_split", "centred+dtw+path", "competitive+dtw+both",
    "competitive+segment+both", "competitive+repeat+both", "competitive",
    "competitive+relaxed+steps_four_times", "competitive_equal_split", "competitive_reversed",
    "competitive_order_free",
)  # fmt: skip
STEPS_ALONE = {"competitive": "competitive+relaxed+steps_four_times"}
"""By scorer in which labels vote, its name without."""
FOLDER = Path(__file__).with_name("real_poses")
WORDINGS = (*string.ascii_lowercase, *map(str, range(1, 172)))
NAMES = f"a-z and 1-{WORDINGS[-1]}"
CHOSEN_BY = WORDINGS[:11]
"""Those that weights and scorers were chosen by."""


@dataclass(frozen=True)
class Cell:
    """One set of clips with one wording of its scripts."""

    name: str
    clips: list[ClipEmbedding]
    truth: list[str]
    scripts: list[Script]


def read_tracks(folder: Path) -> dict[str, PoseTrack]:
    """The poses of every clip of dev.npz; ends the program where it is missing."""
    if not (folder / "dev.npz").is_file():
        sys.exit(
            f"There is no {folder / 'dev.npz'}: the poses of real people are not part of this "
            "repository; name a folder of your own that holds dev.npz, truth.json, gym67.yaml and "
            "yoga6.yaml, as benchmarks/real_poses/README.md describes them."
        )
    with np.load(folder / "dev.npz") as arrays:
        return {
            name: PoseTrack(
                world=arrays[f"{name}/world"].astype(np.float64),
                visibility=arrays[f"{name}/visibility"] / 255.0,
                root=arrays[f"{name}/root"].astype(np.float64),
                pixels_per_metre=arrays[f"{name}/pixels_per_metre"].astype(np.float64),
                pts_seconds=arrays[f"{name}/pts_seconds"].astype(np.float64),
                found=arrays[f"{name}/found"].astype(bool),
            )
            for name in sorted({key.rpartition("/")[0] for key in arrays.files})
        }


def embedded(name: str, track: PoseTrack, encoder: BodyEncoder) -> ClipEmbedding:
    """The embedding of a clip that shows these poses."""
    info, times = encoder.info, track.pts_seconds
    rows = np.concatenate(list(encoder.encode_poses([track])))
    return ClipEmbedding(name, rows, times, float(times[-1]) + 0.1, info.model_id, info.fingerprint)


def wordings_of(text: str) -> list[str]:
    """The wordings that comma-separated names and ranges name, such as a,l-3.

    Raises ArgumentTypeError for a name that no wording has, and for a range that runs backwards.
    """
    found: list[str] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not {first, last or first} <= set(WORDINGS):
            raise argparse.ArgumentTypeError(f"{part!r} names no wording; there are {NAMES}")
        several = WORDINGS[WORDINGS.index(first) : WORDINGS.index(last or first) + 1]
        if not several:
            raise argparse.ArgumentTypeError(f"{part!r} runs backwards; give {last}-{first}")
        found += several
    return found


def cells(
    folder: Path, encoder: BodyEncoder, wordings: Sequence[str] = CHOSEN_BY
) -> Iterator[Cell]:
    """Every set in every one of these wordings."""
    clips = {name: embedded(name, track, encoder) for name, track in read_tracks(folder).items()}
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    for wording in wordings:
        yoga, gym = (
            load_scripts(
                folder / f"{name}.yaml" if wording == "a" else FOLDER / f"{name}_{wording}.yaml"
            )
            for name in ("yoga6", "gym67")
        )
        few = [script for script in gym if script.label in GYM14]
        for name, of, scripts in (
            ("yoga6", "yoga6", yoga), ("gym67", "gym", gym), ("gym14", "gym", few),
        ):  # fmt: skip
            labels = {script.label for script in scripts}
            mine = [i for i, one in truth.items() if one["set"] == of and one["label"] in labels]
            yield Cell(
                f"{name}/{wording}",
                [clips[i] for i in mine],
                [truth[i]["label"] for i in mine],
                scripts,
            )


def with_confidence(found: Sequence[Prediction], right: Sequence[bool]) -> list[tuple[float, bool]]:
    """Of the answers that have a confidence, that and whether it is right.

    One of whose words the encoder knows none has no confidence.
    """
    pairs = zip(found, right, strict=True)
    return [(one.confidence, hit) for one, hit in pairs if one.confidence is not None]


def summary(name: str, hits: Mapping[tuple[str, str], Sequence[bool]]) -> Iterator[str]:
    """What a scorer's cells say together. hits: by scorer and cell whether each answer is right."""
    sets: dict[str, list[float]] = {}
    better = worse = 0
    mine = [(cell, right) for (scorer, cell), right in hits.items() if scorer == name]
    for cell, right in mine:
        sets.setdefault(cell.partition("/")[0], []).append(float(np.mean(right)))
        told_apart = mcnemar(right, hits["dtw", cell]).p_value < 0.05
        better += told_apart and sum(right) > sum(hits["dtw", cell])
        worse += told_apart and sum(right) < sum(hits["dtw", cell])
    for of, shares in sets.items():
        yield wordings_line(f"{of}, {name}", shares)
    yoga, gym67, gym14 = (100 * np.mean(sets[of]) for of in ("yoga6", "gym67", "gym14"))
    mean = (yoga + (gym67 + gym14) / 2) / 2
    yield f"{name}: mean of yoga6 and of gym, half gym67 and half gym14, {mean:.1f}"
    if name != "dtw":
        yield (
            f"{name}: better than dtw with p < 0.05 in {better} of {len(mine)} cells, worse in "
            f"{worse}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/real_poses"))
    parser.add_argument("--scorer", default=",".join(SCORERS), help="comma-separated")
    parser.add_argument(
        "--wordings", type=wordings_of, default=CHOSEN_BY, help=f"of {NAMES}, e.g. a,l-3"
    )
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    texts = TextCache(encoder.info, lambda: encoder)
    scorers = args.scorer.split(",")
    hits: dict[tuple[str, str], list[bool]] = {}
    sure: dict[str, list[tuple[float, bool]]] = {name: [] for name in scorers}
    everything = list(cells(args.folder, encoder, args.wordings))

    for cell in everything:
        print(f"{cell.name}: {len(cell.clips)} clips, {len(cell.scripts)} candidates")
        for name in dict.fromkeys(["dtw", *scorers]):
            candidates = Candidates.resolve(
                None, cell.scripts, info=encoder.info, texts=texts, scorer=name, repeats="no"
            )
            found = [candidates.predict(clip) for clip in cell.clips]
            right = [p.label == label for p, label in zip(found, cell.truth, strict=True)]
            hits[name, cell.name] = right
            if name not in scorers:
                continue
            sure[name] += with_confidence(found, right)
            print(scorer_line(name, right, hits["dtw", cell.name]))
    for name in scorers:
        print(*summary(name, hits), sep="\n")
        if sure[name]:
            error = expected_calibration_error(*zip(*sure[name], strict=True))
            print(f"{name}: expected calibration error {error:.3f}")


if __name__ == "__main__":
    main()
