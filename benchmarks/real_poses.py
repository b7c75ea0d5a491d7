"""Top-1 of scorers on poses of real people: every scorer x set x wording, with tests against `dtw`.

    python benchmarks/real_poses.py [FOLDER] [--scorer dtw,competitive] [--more]

FOLDER (../shared/real_poses) holds `dev.npz`, `truth.json` and the first wording of the scripts,
`gym67.yaml` and `yoga6.yaml`; its README says what they are. Further wordings, b to k, lie in
benchmarks/real_poses. gym14 are the 14 exercises of at least three clips in the whole set. Prints
each share with its 95 % Wilson interval, the exact p of McNemar's test against `dtw`, and by scorer
the expected calibration error. --more also says what becomes of labels without scripts, of clips
that none of the candidates is right for, and of clips that are measured against each other
(`--background clips`). The rule by which the default was chosen is in
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actalign import ClipEmbedding, Script
from actalign.candidates import Candidates
from actalign.clips._background import OtherClips
from actalign.encoder_info import EncoderInfo
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.encoders.body._features import PoseTrack
from actalign.evaluation import expected_calibration_error
from actalign.scripts import load_scripts

sys.path.insert(0, str(Path(__file__).parent))

from lines import scorer_line

GYM14 = (
    "barbell curl", "bench press", "calf raise", "dips", "dumbbell curl", "lateral raise", "lunge",
    "plank", "preacher curl", "pull up", "push up", "shoulder press", "squat", "triceps pushdown",
)  # fmt: skip
SCORERS = (
    "dtw", "dtw_steps", "mean_pool", "equal_split", "centred+dtw+path", "competitive+dtw+both",
    "competitive+segment+both", "competitive+repeat+both", "competitive",
    "competitive_equal_split", "competitive_reversed", "competitive_order_free",
)  # fmt: skip
WORDINGS = Path(__file__).with_name("real_poses")


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


def cells(folder: Path, encoder: BodyEncoder) -> Iterator[Cell]:
    """Every set in every wording."""
    clips = read_clips(folder, encoder)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    for wording in "abcdefghijk":
        yoga, gym = (
            load_scripts(
                folder / f"{name}.yaml" if wording == "a" else WORDINGS / f"{name}_{wording}.yaml"
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


Resolve = Callable[..., Candidates]


def without_scripts(cell: Cell, scorer: str, resolve: Resolve) -> str:
    """How often labels without a script win, where a half, drawn four times, has none."""
    rng = np.random.default_rng(0)
    labels = [script.label for script in cell.scripts]
    won, true, right = [], [], []
    for _ in range(4):
        bare = set(rng.permutation(labels)[: len(labels) // 2])
        scripts = [script for script in cell.scripts if script.label not in bare]
        candidates = resolve(scripts, labels=labels, scorer=scorer)
        found = [candidates.predict(clip).label for clip in cell.clips]
        won += [label in bare for label in found]
        right += [label == true for label, true in zip(found, cell.truth, strict=True)]
        true += [label in bare for label in cell.truth]
    return (
        f"{cell.name}, {scorer}: labels without a script win {100 * np.mean(won):.0f} % and are "
        f"right in {100 * np.mean(true):.0f} %; Top-1 {100 * np.mean(right):.1f}"
    )


def none_of_these(cell: Cell, resolve: Resolve) -> str:
    """How often "none of these" wins where it should, and where it should not."""
    everything = resolve(cell.scripts, none="none")
    kept, absent, alone, refused = [], [], [], []
    rng = np.random.default_rng(0)
    labels = [script.label for script in cell.scripts]
    less = {
        label: resolve([s for s in cell.scripts if s.label != label], none="none")
        for label in labels
    }
    one = {s.label: resolve([s], none="none") for s in cell.scripts}
    for clip, label in zip(cell.clips, cell.truth, strict=True):
        kept.append(everything.predict(clip).label != "none")
        absent.append(less[label].predict(clip).label == "none")
        alone.append(one[label].predict(clip).label != "none")
        other = rng.choice([other for other in labels if other != label])
        refused.append(one[other].predict(clip).label == "none")
    shares = [f"{100 * np.mean(one):.0f}" for one in (kept, absent, alone, refused)]
    return (
        f"{cell.name}: with `none` {shares[0]} % keep a label; without the true label {shares[1]} "
        f"% get none; the true label alone is kept in {shares[2]} %, another one alone is refused "
        f"in {shares[3]} %"
    )


def against_others(cell: Cell, info: EncoderInfo, resolve: Resolve) -> list[bool]:
    """Which clips `competitive` gets right where the set's others are half of the background."""
    others, candidates = OtherClips(info, cell.clips), resolve(cell.scripts, scorer="competitive")
    return [
        candidates.measured_against(others.of(clip)).predict(clip).label == label
        for clip, label in zip(cell.clips, cell.truth, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/real_poses"))
    parser.add_argument("--scorer", default=",".join(SCORERS), help="comma-separated")
    parser.add_argument("--more", action="store_true")
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    texts = TextCache(encoder.info, lambda: encoder)
    scorers = args.scorer.split(",")
    hits: dict[tuple[str, str], list[bool]] = {}
    sure: dict[str, list[float]] = {name: [] for name in scorers}
    everything = list(cells(args.folder, encoder))

    def resolve(
        scripts: list[Script], *, labels: list[str] | None = None, **options: str | None
    ) -> Candidates:
        return Candidates.resolve(
            labels, scripts, info=encoder.info, texts=texts, repeats="no", **options
        )

    for cell in everything:
        print(f"{cell.name}: {len(cell.clips)} clips, {len(cell.scripts)} candidates")
        for name in dict.fromkeys(["dtw", *scorers]):
            candidates = resolve(cell.scripts, scorer=name)
            found = [candidates.predict(clip) for clip in cell.clips]
            right = [p.label == label for p, label in zip(found, cell.truth, strict=True)]
            hits[name, cell.name] = right
            if name not in scorers:
                continue
            sure[name] += [p.confidence for p in found if p.confidence is not None]
            print(scorer_line(name, right, hits["dtw", cell.name]))
    for name in scorers:
        if sure[name]:
            right = [one for cell in everything for one in hits[name, cell.name]]
            error = expected_calibration_error(sure[name], right)
            print(f"{name}: expected calibration error {error:.3f}")
    for cell in everything if args.more else ():
        right = against_others(cell, encoder.info, resolve)
        line = scorer_line("--background clips", right, hits["competitive", cell.name])
        print(f"{cell.name}:{line.replace('against dtw', 'against competitive alone')}")
        if cell.name.startswith("gym"):
            print(without_scripts(cell, "dtw", resolve))
            print(without_scripts(cell, "competitive", resolve))
        if not cell.name.startswith("gym67"):
            print(none_of_these(cell, resolve))


if __name__ == "__main__":
    main()
