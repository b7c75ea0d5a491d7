"""What it costs to let near-duplicate frames take the embedding before (--skip-duplicates).

    python benchmarks/skip_duplicates.py --atlas DIR [--limit 40]   # a mini-atlas, see mini_atlas/
    python benchmarks/skip_duplicates.py --gym DIR [--seconds 8]    # of training/gym_scripts.json

Encodes each clip by `body`, which looks across frames, and by `body` shown each frame by itself, as
image towers see it; then again for each threshold without the near-duplicates. First checks
that encoding a clip twice gives the same rows. Prints, for each: the share of frames not encoded,
the cosine of what stands in for them with what it stands for (mean and least), Top-1, the clips
whose winner changed, and the largest change of a winner's score.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actalign import ActAlign, Script
from actalign.encoders._base import encode_frames
from actalign.encoders.body import BodyEncoder
from actalign.evaluation import Source, read_data
from actalign.scripts._script import load_scripts
from actalign.types import ClipEmbedding, Float32, FrameBatch, UInt8
from actalign.video._near_duplicates import NearDuplicates
from actalign.video._sampling import sample_frames

GYM = Path(__file__).parents[1] / "training" / "gym_scripts.json"
THRESHOLDS = (2.0, 4.0, 8.0)
SCORERS = ("dtw_steps", "dtw")


@dataclass(frozen=True)
class Task:
    path: Path
    scripts: list[Script]
    answer: str


def tasks_of(options: argparse.Namespace) -> list[Task]:
    if options.atlas:
        return [
            Task(
                question.video,
                question.given_scripts,
                question.choices[question.answer],
            )
            for question in read_data(Source(options.atlas)).questions
        ]
    scripts = load_scripts(GYM)
    return [
        Task(options.gym / f"{s.label.replace(' ', '_').replace('-', '_')}.mp4", scripts, s.label)
        for s in scripts
    ]


def cosines(a: Float32, b: Float32) -> Float32:
    """Of rows; a row of zeros (nobody seen) agrees with another such row only."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    same = (a == b).all(axis=1).astype(np.float32)
    return np.where(norms > 0, (a * b).sum(axis=1) / np.maximum(norms, 1e-9), same)


class Tally:
    """Sums over the clips for one encoder and one threshold."""

    def __init__(self) -> None:
        self.frames = self.reused = 0
        self.cosines: list[float] = []
        self.right = dict.fromkeys(SCORERS, 0)
        self.changed = dict.fromkeys(SCORERS, 0)
        self.largest = dict.fromkeys(SCORERS, 0.0)

    def line(self, clips: int) -> str:
        share = self.reused / self.frames
        near = f"{np.mean(self.cosines):.4f}, {min(self.cosines):.3f}" if self.cosines else "-"
        scored = " | ".join(
            f"{100 * self.right[s] / clips:.1f}, {self.changed[s]}, {self.largest[s]:.4f}"
            for s in SCORERS
        )
        return f"{share:.1%} | {near} | {scored}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--atlas", type=Path)
    given.add_argument("--gym", type=Path)
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--seconds", type=float, help="of each clip, from its start")
    options = parser.parse_args()
    tasks = tasks_of(options)[: options.limit]
    classifier = ActAlign.from_pretrained("body")
    encoder = classifier.encoder
    assert isinstance(encoder, BodyEncoder)
    tallies = {(kind, t): Tally() for kind in ("clip", "frame") for t in (None, *THRESHOLDS)}

    def score(task: Task, times: np.ndarray, rows: Float32, end: float) -> dict[str, dict]:
        info = encoder.info
        clip = ClipEmbedding("clip", rows, times, end, info.model_id, info.fingerprint)
        labels = [script.label for script in task.scripts]
        found = {}
        for name in SCORERS:
            prediction = classifier.predict(
                clip, candidate_labels=labels, scripts=task.scripts, scorer=name
            )
            found[name] = {c.label: c.score for c in prediction.candidates}
        return found

    def encode(frames: UInt8, times: np.ndarray) -> Float32:
        rows = [rows for rows, _ in encode_frames(encoder, [FrameBatch(frames, times)])]
        return np.concatenate(rows)

    for number, task in enumerate(tasks):
        stream = sample_frames(task.path, fps=classifier.fps, end=options.seconds)
        frames = np.concatenate([batch.frames for batch in stream])
        times, end = stream.pts_seconds, stream.end_seconds
        whole = {"clip": encode(frames, times), "frame": encoder.encode_image(frames)}
        if number == 0 and not np.array_equal(encode(frames, times), whole["clip"]):
            raise SystemExit(f"{task.path}: encoding it again gives other rows")
        without = {kind: score(task, times, rows, end) for kind, rows in whole.items()}
        for threshold in (None, *THRESHOLDS):
            if threshold is None:
                kept, rows, got = np.ones(len(frames), bool), np.arange(len(frames)), whole
            else:
                kept, rows = NearDuplicates(threshold).keep(frames)
                got = {"clip": encode(frames[kept], times[kept]), "frame": whole["frame"][kept]}
            for kind, encoded in got.items():
                found = encoded[rows]
                tally = tallies[kind, threshold]
                tally.frames += len(frames)
                tally.reused += int((~kept).sum())
                tally.cosines += cosines(found, whole[kind])[~kept].tolist()
                scores = score(task, times, found, end)
                for name in SCORERS:
                    before, after = without[kind][name], scores[name]
                    winner = next(iter(before))
                    tally.right[name] += next(iter(after)) == task.answer
                    tally.changed[name] += next(iter(after)) != winner
                    change = abs(after[winner] - before[winner])
                    tally.largest[name] = max(tally.largest[name], change)
        print(f"{task.path.name}: {len(frames)} frames", flush=True)

    print(f"\n{len(tasks)} clips, {classifier.fps:g} frames a second")
    print("encoder sees | threshold | frames reused | cosine mean, least |", end=" ")
    print(" | ".join(f"{name}: Top-1 %, winners changed, largest score change" for name in SCORERS))
    for (kind, threshold), tally in tallies.items():
        label = f"{threshold:g}" if threshold else "off"
        print(f"{kind} | {label} | {tally.line(len(tasks))}")


if __name__ == "__main__":
    main()
