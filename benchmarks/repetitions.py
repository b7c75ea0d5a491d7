"""Counting accuracy of --repeats auto: rendered clips with planted counts, and real ones.

    python benchmarks/mini_atlas/render_repeats.py --out mini-repeats --clips 63
    python benchmarks/repetitions.py --repeated mini-repeats --once mini-atlas --gym GYM --store S

repeated: a folder of render_repeats.py. once: a folder of render.py, whose clips perform their
script once. gym: a folder with one video a label of gym_repetitions.yaml ("bench press" ->
bench_press.mp4). Each is optional. Every clip is scored by `body` with all its candidates, and
counted for its right label and for the one that wins.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from actalign.classifier import ActAlign
from actalign.evaluation._metrics import rate, temporal_iou
from actalign.scripts._script import load_scripts
from actalign.types import Candidate, ClipEmbedding, Script

HERE = Path(__file__).parent
GYM_SCRIPTS = HERE.parent / "training" / "gym_scripts.json"
Counts = list[tuple[int, int]]


def count(classifier: ActAlign, clip: ClipEmbedding, scripts: list[Script]) -> Candidate:
    """The winner, with its repetitions."""
    return classifier.predict(clip, scripts=scripts).best


def line(name: str, counts: Counts) -> str:
    """Shares of true counts that were found, and found within one, with Wilson's intervals."""
    true, found = np.array(counts).T
    shares = [rate(int(hits.sum()), len(true)) for hits in (true == found, abs(true - found) <= 1)]
    texts = [f"{100 * s.value:5.1f} [{100 * s.low:.1f}, {100 * s.high:.1f}]" for s in shares]
    return f"{name:34s} n {len(true):4d}  exact {texts[0]}  within one {texts[1]}"


def rendered(classifier: ActAlign, folder: Path, file: str) -> Iterable[tuple[dict, ClipEmbedding]]:
    for text in (folder / file).read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        yield row, classifier.encode_video(folder / row["clip"])


def candidates(row: dict) -> list[Script]:
    return [Script(c["label"], tuple(c["script"])) for c in row["candidates"]]


def repeated(classifier: ActAlign, folder: Path) -> None:
    """Planted counts: of the right script alone, and of whichever of the candidates wins."""
    right: Counts = []
    winner: Counts = []
    hits, overlaps = 0, []
    for row, clip in rendered(classifier, folder, "repeats.jsonl"):
        scripts = candidates(row)
        true = row["repetitions"]
        own = count(classifier, clip, [scripts[row["answer"]]])
        best = count(classifier, clip, scripts)
        hits += best.label == own.label
        right.append((len(true), len(own.repetitions)))
        winner.append((len(true), len(best.repetitions)))
        if len(true) == len(own.repetitions):
            overlaps += [
                temporal_iou((segment.start_seconds, segment.end_seconds), tuple(interval))
                for steps, intervals in zip(own.repetitions, true, strict=True)
                for segment, interval in zip(steps, intervals, strict=True)
            ]
    print(line("repeated, right script", right))
    print(line("repeated, winner", winner), f"(right label: {hits} of {len(right)})")
    print(f"mean IoU of steps where the count is right: {np.mean(overlaps):.3f}")
    for n in sorted({true for true, _ in right}):
        found = [one for true, one in right if true == n]
        print(f"  {n} times: {' '.join(map(str, sorted(found)))}")


def once(classifier: ActAlign, folder: Path) -> None:
    """Clips in which the right script is performed once."""
    right: Counts = []
    winner: Counts = []
    for row, clip in rendered(classifier, folder, "questions.jsonl"):
        scripts = candidates(row)
        right.append((1, len(count(classifier, clip, [scripts[row["answer"]]]).repetitions)))
        winner.append((1, len(count(classifier, clip, scripts).repetitions)))
    print(line("performed once, right script", right))
    print(line("performed once, winner", winner))


def gym(classifier: ActAlign, folder: Path) -> None:
    """Real clips, counted by eye."""
    truth = yaml.safe_load((HERE / "gym_repetitions.yaml").read_text(encoding="utf-8"))
    scripts = {script.label: replace(script, domain=None) for script in load_scripts(GYM_SCRIPTS)}
    counts: Counts = []
    for label, known in truth.items():
        name = label.replace(" ", "_").replace("-", "_")
        best = count(classifier, classifier.encode_video(folder / f"{name}.mp4"), [scripts[label]])
        counts.append((known["count"], len(best.repetitions)))
        begins = " ".join(f"{steps[0].start_seconds:.1f}" for steps in best.repetitions)
        print(
            f"  {label:20s} true {known['count']}  found {counts[-1][1]}  beginning at {begins} s"
        )
    print(line("gym, right script", counts))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("repeated", "once", "gym", "store"):
        parser.add_argument(f"--{name}", type=Path)
    args = parser.parse_args()
    classifier = ActAlign.from_pretrained("body", store=args.store, repeats="auto")
    for part in (repeated, once, gym):
        folder = getattr(args, part.__name__)
        if folder is not None:
            part(classifier, folder)


if __name__ == "__main__":
    main()
