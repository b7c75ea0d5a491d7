"""Top-1 of scorers on poses of real people: every scorer x set x wording, with tests against `dtw`.

    python benchmarks/real_poses.py [FOLDER] [--scorer dtw,competitive] [--wording FOLDER]

FOLDER (../shared/real_poses) holds `dev.npz`, `truth.json` and the first wording of the
scripts, `gym67.yaml` and `yoga6.yaml`; its README says what they are. A further
--wording is a folder with files of the same names.
gym14 are the 14 exercises of at least three clips in the whole set. Prints each share with
its 95 % Wilson interval, and the exact p of McNemar's test against `dtw`. The rule by which the
default was chosen is in benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actalign import ClipEmbedding, Script
from actalign.alignment import calibration_error
from actalign.candidates import Candidates
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.encoders.body._features import PoseTrack
from actalign.evaluation._metrics import mcnemar, rate
from actalign.scripts import load_scripts

GYM14 = (
    "barbell curl", "bench press", "calf raise", "dips", "dumbbell curl", "lateral raise", "lunge",
    "plank", "preacher curl", "pull up", "push up", "shoulder press", "squat", "triceps pushdown",
)  # fmt: skip
SCORERS = ("dtw", "dtw_steps", "mean_pool", "centred", "competitive", "competitive_equal_split",
           "competitive_reversed", "competitive_order_free")  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One set of clips with one wording of its scripts."""

    name: str
    clips: list[ClipEmbedding]
    truth: list[str]
    scripts: list[Script]


def read_clips(folder: Path, encoder: BodyEncoder) -> dict[str, ClipEmbedding]:
    """The embeddings of every clip of dev.npz."""
    info, found = encoder.info, {}
    with np.load(folder / "dev.npz") as arrays:
        for name in sorted({key.rpartition("/")[0] for key in arrays.files}):
            times = arrays[f"{name}/pts_seconds"].astype(np.float64)
            track = PoseTrack(
                world=arrays[f"{name}/world"].astype(np.float64),
                visibility=arrays[f"{name}/visibility"] / 255.0,
                root=arrays[f"{name}/root"].astype(np.float64),
                pixels_per_metre=arrays[f"{name}/pixels_per_metre"].astype(np.float64),
                pts_seconds=times,
                found=arrays[f"{name}/found"].astype(bool),
            )
            rows = np.concatenate(list(encoder.encode_poses([track])))
            end = float(times[-1]) + 0.1
            found[name] = ClipEmbedding(name, rows, times, end, info.model_id, info.fingerprint)
    return found


def cells(folder: Path, wordings: Sequence[Path], encoder: BodyEncoder) -> Iterator[Cell]:
    clips = read_clips(folder, encoder)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    for letter, wording in zip("abcdefgh", wordings, strict=False):
        yoga, gym = (load_scripts(wording / name) for name in ("yoga6.yaml", "gym67.yaml"))
        few = [script for script in gym if script.label in GYM14]
        for name, of, scripts in (
            ("yoga6", "yoga6", yoga), ("gym67", "gym", gym), ("gym14", "gym", few),
        ):  # fmt: skip
            labels = {script.label for script in scripts}
            mine = [i for i, one in truth.items() if one["set"] == of and one["label"] in labels]
            yield Cell(
                f"{name}/{letter}",
                [clips[i] for i in mine],
                [truth[i]["label"] for i in mine],
                scripts,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/real_poses"))
    parser.add_argument("--scorer", default=",".join(SCORERS), help="comma-separated")
    parser.add_argument("--wording", type=Path, action="append", default=[])
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    texts = TextCache(encoder.info, lambda: encoder)
    scorers = args.scorer.split(",")
    hits: dict[tuple[str, str], list[bool]] = {}
    sure: dict[str, list[float]] = {name: [] for name in scorers}
    everything = list(cells(args.folder, [args.folder, *args.wording], encoder))
    for cell in everything:
        print(f"{cell.name}: {len(cell.clips)} clips, {len(cell.scripts)} candidates")
        for name in dict.fromkeys(["dtw", *scorers]):
            candidates = Candidates.resolve(
                None, cell.scripts, info=encoder.info, texts=texts, scorer=name
            )
            found = [candidates.predict(clip) for clip in cell.clips]
            right = [p.label == label for p, label in zip(found, cell.truth, strict=True)]
            hits[name, cell.name] = right
            if name not in scorers:
                continue
            sure[name] += [p.confidence for p in found if p.confidence is not None]
            share = rate(sum(right), len(right))
            p = mcnemar(right, hits["dtw", cell.name]).p_value
            print(
                f"  {name:36s}{100 * share.value:5.1f} [{100 * share.low:.1f}, "
                f"{100 * share.high:.1f}]  p = {p:.3g} against dtw"
            )
    for name in scorers:
        if sure[name]:
            right = [one for cell in everything for one in hits[name, cell.name]]
            print(f"{name}: expected calibration error {calibration_error(sure[name], right):.3f}")


if __name__ == "__main__":
    main()
