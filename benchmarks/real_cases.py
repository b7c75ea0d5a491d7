"""What else is asked of the poses of real people than Top-1: see `real_poses.py` for the clips.

    python benchmarks/real_cases.py [FOLDER] [--wordings a,l-3]

- Labels without a script: a half, drawn four times, has none. How often they win.
- "None of these", where it should win and where it should not, and what confidences are worth.
- Clips that are measured against each other (`--background clips`).
- People who stand still: a frame in which somebody stands, held for five seconds, where one
  candidate is standing and the others are exercises that begin and end so.
- Legs that are seen, and legs out of the picture or hidden.
- The right script against itself in reverse.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from actalign import ClipEmbedding, Prediction, Script
from actalign.candidates import Candidates
from actalign.clips._background import OtherClips
from actalign.encoder_info import EncoderInfo
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.encoders.body._features import PoseTrack
from actalign.evaluation import expected_calibration_error
from actalign.types import Float64

sys.path.insert(0, str(Path(__file__).parent))

from lines import scorer_line
from real_poses import (
    CHOSEN_BY,
    NAMES,
    STEPS_ALONE,
    Cell,
    cells,
    embedded,
    read_tracks,
    wordings_of,
)

SCORERS = ("dtw", "dtw_steps", "competitive")
STANDING = (
    ("standing",), ("standing still",), ("standing upright",), ("a person stands still",),
    ("a man is standing",), ("just standing there",),
    ("standing upright with the arms hanging at the sides",),
    ("standing upright, arms at the sides", "standing still"),
    ("feet on the floor, legs straight", "the arms hang down", "nothing moves"),
)  # fmt: skip
OF_ANOTHER_KIND = {"yoga6": "gym14", "gym14": "yoga6"}
"""The sets that are asked with "none of these", and whose clips show none of their candidates."""
LEGS = [25, 26, 27, 28]  # landmarks of knees and ankles

Resolve = Callable[..., Candidates]


def resolver(encoder: BodyEncoder) -> Resolve:
    """What makes candidates of scripts, and of labels where some have none; texts are encoded once.

    Repetitions, which change no answer, are not looked for.
    """
    texts = TextCache(encoder.info, lambda: encoder)

    def resolve(
        scripts: list[Script], *, labels: list[str] | None = None, **options: str | None
    ) -> Candidates:
        return Candidates.resolve(
            labels, scripts, info=encoder.info, texts=texts, repeats="no", **options
        )

    return resolve


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


def none_of_these(cell: Cell, resolve: Resolve) -> tuple[str, list[tuple[float, bool]]]:
    """How often "none of these" wins where it should; and each confidence and whether it is right.

    Four questions of each clip: all candidates, without the true one, the true one alone, and
    another one, drawn, alone. In the second and the last "none of these" is right.
    """
    labels = [script.label for script in cell.scripts]
    rng = np.random.default_rng(0)
    everything = resolve(cell.scripts, none="none")
    less = {
        label: resolve([s for s in cell.scripts if s.label != label], none="none")
        for label in labels
    }
    one = {s.label: resolve([s], none="none") for s in cell.scripts}
    asked: dict[str, list[Prediction]] = {"all": [], "less": [], "alone": [], "other": []}
    for clip, label in zip(cell.clips, cell.truth, strict=True):
        drawn = rng.choice([other for other in labels if other != label])
        of_clip = everything, less[label], one[label], one[drawn]
        for kind, candidates in zip(asked, of_clip, strict=True):
            asked[kind].append(candidates.predict(clip))
    right = {
        kind: [
            p.label == ("none" if kind in ("less", "other") else label)
            for p, label in zip(found, cell.truth, strict=True)
        ]
        for kind, found in asked.items()
    }
    sure = {kind: [p.confidence or 0.0 for p in found] for kind, found in asked.items()}
    kept = np.mean([p.label != "none" for p in asked["all"]])
    shares = [100 * np.mean(one) for one in (kept, right["less"], right["alone"], right["other"])]
    means = [
        f"{np.mean(sure[kind]):.2f} ({np.mean(right[kind]):.2f})"
        for kind in ("all", "less", "alone", "other")
    ]
    lost = [p.confidence or 0.0 for p in asked["less"] if p.label != "none"]
    line = (
        f"{cell.name}: with `none` {shares[0]:.0f} % keep a label; without the true label "
        f"{shares[1]:.0f} % get none; the true label alone is kept in {shares[2]:.0f} %, another "
        f"one alone is refused in {shares[3]:.0f} %. Mean confidence (right) of these questions "
        f"{', '.join(means)}; a wrong label where the true one is no candidate has "
        f"{np.mean(lost):.2f}"
    )
    return line, [pair for kind in asked for pair in zip(sure[kind], right[kind], strict=True)]


def of_another_kind(cell: Cell, other: Cell, resolve: Resolve) -> str:
    """How often "none of these" wins on the clips of another set, which show no candidate."""
    candidates = resolve(cell.scripts, none="none")
    refused = np.mean([candidates.predict(clip).label == "none" for clip in other.clips])
    return f"{cell.name}: of the clips of {other.name} {100 * refused:.0f} % get none"


def against_others(cell: Cell, info: EncoderInfo, resolve: Resolve) -> list[bool]:
    """Which clips `competitive` gets right where the set's others are half of the background."""
    others, candidates = OtherClips(info, cell.clips), resolve(cell.scripts, scorer="competitive")
    return [
        candidates.measured_against(others.of(clip)).predict(clip).label == label
        for clip, label in zip(cell.clips, cell.truth, strict=True)
    ]


def _bend(a: Float64, joint: Float64, b: Float64) -> Float64:
    """(T,) inner angle at a joint in degrees; 180 is straight."""
    u, v = a - joint, b - joint
    lengths = np.linalg.norm(u, axis=-1) * np.linalg.norm(v, axis=-1)
    return np.asarray(np.degrees(np.arccos((u * v).sum(-1) / np.maximum(lengths, 1e-9))))


def standing(track: PoseTrack) -> int | None:
    """A frame in which the person stands upright with the arms down; None where there is none."""
    points = track.world  # y down
    middle = {
        name: points[:, [i, i + 1], 1].mean(1) for name, i in (("sh", 11), ("hip", 23), ("an", 27))
    }
    knee = np.minimum(
        *(_bend(points[:, 23 + s], points[:, 25 + s], points[:, 27 + s]) for s in (0, 1))
    )
    elbow = np.minimum(
        *(_bend(points[:, 11 + s], points[:, 13 + s], points[:, 15 + s]) for s in (0, 1))
    )
    upright = (middle["hip"] - middle["sh"] > 0.4) & (middle["an"] - middle["hip"] > 0.6)
    arms_down = (elbow > 120) & (points[:, [15, 16], 1].min(1) > -0.12)
    seen = track.found & (track.visibility[:, LEGS].min(1) > 0.3)
    frames = np.flatnonzero(seen & upright & arms_down & (knee > 150))
    return int(frames[0]) if len(frames) else None


def still_clips(tracks: dict[str, PoseTrack], encoder: BodyEncoder) -> Iterator[ClipEmbedding]:
    """Clips of people who stand still: a frame of each who does, for 5 s, with noise of 2 mm."""
    rng = np.random.default_rng(0)
    count = 50
    for name, track in tracks.items():
        if (frame := standing(track)) is None:
            continue
        one = np.full(count, frame)
        held = PoseTrack(
            world=track.world[one] + rng.normal(0, 0.002, (count, 33, 3)),
            visibility=track.visibility[one],
            root=track.root[one],
            pixels_per_metre=track.pixels_per_metre[one],
            pts_seconds=np.arange(count) / 10,
            found=np.ones(count, bool),
        )
        yield embedded(name, held, encoder)


def held_still(cell: Cell, clips: list[ClipEmbedding], scorer: str, resolve: Resolve) -> str:
    """How often "standing" wins among the cell's candidates, for each of STANDING."""
    shares = []
    for steps in STANDING:
        candidates = resolve([*cell.scripts, Script("standing", steps)], scorer=scorer)
        shares.append(np.mean([candidates.predict(clip).label == "standing" for clip in clips]))
    each = " / ".join(f"{100 * share:.0f}" for share in shares)
    mean = 100 * np.mean(shares)
    return f"{cell.name}, {scorer}: standing still is found in {each} %, mean {mean:.0f}"


def by_legs(cell: Cell, tracks: dict[str, PoseTrack], scorer: str, resolve: Resolve) -> str:
    """Top-1 where knees and ankles are seen in the mean, and where they are not."""
    candidates = resolve(cell.scripts, scorer=scorer)
    right: dict[bool, list[bool]] = {True: [], False: []}
    for clip, label in zip(cell.clips, cell.truth, strict=True):
        track = tracks[clip.clip_id]
        seen = track.visibility[track.found][:, LEGS].mean() >= 0.5
        right[bool(seen)].append(candidates.predict(clip).label == label)
    told = [f"{sum(right[seen])} of {len(right[seen])}" for seen in (True, False)]
    return f"{cell.name}, {scorer}: right {told[0]} with legs, {told[1]} without"


def against_reverse(cell: Cell, scorer: str, resolve: Resolve) -> str:
    """How often the right script beats itself with its steps in reverse; by chance half."""
    pairs = {}
    for script in cell.scripts:
        turned = Script("reverse", tuple(reversed(script.steps)))
        if turned.steps != script.steps:
            parts = STEPS_ALONE.get(scorer, scorer)  # both have one label
            pairs[script.label] = resolve([script, turned], scorer=parts)
    asked = [
        (clip, label) for clip, label in zip(cell.clips, cell.truth, strict=True) if label in pairs
    ]
    won = sum(pairs[label].predict(clip).label == label for clip, label in asked)
    return f"{cell.name}, {scorer}: beats its own reverse in {won} of {len(asked)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/real_poses"))
    parser.add_argument(
        "--wordings", type=wordings_of, default=CHOSEN_BY, help=f"of {NAMES}, e.g. a,l-3"
    )
    args = parser.parse_args()
    encoder = BodyEncoder.from_package()
    tracks = read_tracks(args.folder)
    still = list(still_clips(tracks, encoder))
    print(f"{len(still)} people stand still: {' / '.join(', '.join(s) for s in STANDING)}")

    resolve = resolver(encoder)
    sure: dict[str, list[tuple[float, bool]]] = {}
    every = list(cells(args.folder, encoder, args.wordings))
    named = {cell.name: cell for cell in every}
    for cell in every:
        candidates = resolve(cell.scripts, scorer="competitive")
        alone = [
            candidates.predict(clip).label == label
            for clip, label in zip(cell.clips, cell.truth, strict=True)
        ]
        line = scorer_line("--background clips", against_others(cell, encoder.info, resolve), alone)
        print(f"{cell.name}:{line.replace('against dtw', 'against competitive alone')}")
        of_set, _, wording = cell.name.partition("/")
        if of_set in OF_ANOTHER_KIND:
            line, pairs = none_of_these(cell, resolve)
            print(line)
            other = named[f"{OF_ANOTHER_KIND[of_set]}/{wording}"]
            print(of_another_kind(cell, other, resolve))
            sure.setdefault(of_set, []).extend(pairs)
        for scorer in SCORERS:
            print(without_scripts(cell, scorer, resolve))
            print(against_reverse(cell, scorer, resolve))
            if cell.name.startswith("gym"):
                print(by_legs(cell, tracks, scorer, resolve))
            if cell.name.startswith("gym14"):
                print(held_still(cell, still, scorer, resolve))
    for of_set, pairs in sure.items():
        error = expected_calibration_error(*zip(*pairs, strict=True))
        print(f"{of_set}, all wordings with `none`: expected calibration error {error:.3f}")


if __name__ == "__main__":
    main()
