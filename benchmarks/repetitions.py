"""Counting accuracy of --repeats auto and partial: rendered clips of known counts, and real ones.

    python benchmarks/mini_atlas/render_repeats.py --out mini-repeats --clips 63
    python benchmarks/repetitions.py --repeated mini-repeats --once mini-atlas --gym GYM --store S

repeated: a folder of render_repeats.py. once: a folder of render.py, whose clips perform their
script once. gym: a folder with one video a label of gym_repetitions.yaml ("bench press" ->
bench_press.mp4). Each is optional. Every clip is scored by `body` with all its candidates, and
counted for its right label and for the one that wins.

Clips of `repeated` are also cut: each begins at a random time inside its first repetition and ends
at one inside its last. A step is there if 0.2 s of it are left; a repetition with all steps is
whole, one with some is partial. `partial` counts as working if, with the right script, (1) whole
repetitions are counted exactly in at least 80 % of the cut clips, and within one in 95 %; (2) that
is more often exact than by `auto` (McNemar's exact test, p < 0.05); (3) on the clips that are not
cut it is exact at most 5 points less often than `auto`. This was written before a clip was cut.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from actalign.alignment._repeats import MIN_STEP
from actalign.classifier import ActAlign
from actalign.evaluation._metrics import mcnemar, rate, temporal_iou
from actalign.scripts._script import load_scripts
from actalign.types import Candidate, ClipEmbedding, Script

HERE = Path(__file__).parent
GYM_SCRIPTS = HERE.parent / "training" / "gym_scripts.json"
Counts = list[tuple[int, int]]
Repetitions = list[list[tuple[float, float]]]
Steps = dict[int, tuple[float, float]]
"""The steps of one repetition that are there, by number from 1."""


def count(classifier: ActAlign, clip: ClipEmbedding, scripts: list[Script]) -> Candidate:
    """The winner, with its repetitions."""
    return classifier.predict(clip, scripts=scripts).best


def line(name: str, counts: Counts) -> str:
    """Shares of true counts that were found, and found within one, with Wilson's intervals."""
    true, found = np.array(counts).T
    shares = [rate(int(hits.sum()), len(true)) for hits in (true == found, abs(true - found) <= 1)]
    texts = [f"{100 * s.value:5.1f} [{100 * s.low:.1f}, {100 * s.high:.1f}]" for s in shares]
    return f"{name:34s} n {len(true):4d}  exact {texts[0]}  within one {texts[1]}"


def there(true: Repetitions, start: float, end: float) -> list[Steps]:
    """What is left of true repetitions between two times: the steps by number, from 1."""
    left = [
        {
            number: (max(a, start), min(b, end))
            for number, (a, b) in enumerate(steps, start=1)
            if min(b, end) - max(a, start) >= MIN_STEP
        }
        for steps in true
    ]
    return [steps for steps in left if steps]


def found_steps(best: Candidate) -> list[Steps]:
    return [{s.number: (s.start_seconds, s.end_seconds) for s in one} for one in best.repetitions]


def overlaps(true: list[Steps], found: list[Steps]) -> list[float]:
    """The IoU of each true step, where as many repetitions were found; 0 of one that is missing."""
    return [
        temporal_iou(one[number], interval) if number in one else 0.0
        for steps, one in zip(true, found, strict=True)
        for number, interval in steps.items()
    ]


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


def cut(classifier: ActAlign, folder: Path) -> None:
    """Clips that begin inside the first repetition and end inside the last, and whole ones."""
    counts: dict[str, Counts] = {}
    both: Counts = []
    too_many: Counts = []
    shared: dict[str, list[float]] = {"auto": [], "partial": []}
    for number, (row, whole) in enumerate(rendered(classifier, folder, "repeats.jsonl")):
        true, right = row["repetitions"], candidates(row)[row["answer"]]
        rng = np.random.default_rng([number, 11])
        start, end = (float(rng.uniform(true[n][0][0], true[n][-1][1])) for n in (0, -1))
        part = classifier.encode_video(folder / row["clip"], start=start, end=end)
        given = classifier.candidates(scripts=[right])
        left = there(true, start, end)
        steps = len(right.steps)
        wholes = sum(len(one) == steps for one in left)
        for option in ("auto", "partial"):
            asked = replace(given, repeats=option)
            uncut = asked.predict(whole).best
            uncut_count = len(uncut.repetitions) - sum(uncut.partial)
            counts.setdefault(f"not cut, {option}", []).append((len(true), uncut_count))
            found = found_steps(asked.predict(part).best)
            found_wholes = sum(len(one) == steps for one in found)
            counts.setdefault(f"cut, {option}", []).append((wholes, found_wholes))
            if len(found) == len(left):
                shared[option] += overlaps(left, found)
            if option == "partial":
                both.append((len(left) - wholes, len(found) - found_wholes))
                too_many.append((0, sum(uncut.partial)))
    for name, pairs in counts.items():
        print(line(f"{name}: whole ones", pairs))
    print(line("not cut, partial: partial ones", too_many))
    print(line("cut, partial: partial ones", both))
    exact = [[a == b for a, b in counts[f"cut, {option}"]] for option in ("auto", "partial")]
    test = mcnemar(exact[1], exact[0])
    print(
        f"  exact by partial only {test.only_first}, by auto only {test.only_second}, "
        f"p {test.p_value:.1e}"
    )
    for option, values in shared.items():
        print(f"  mean IoU of steps where as many were found, {option}: {np.mean(values):.3f}")


def once(classifier: ActAlign, folder: Path) -> None:
    """Clips in which the right script is performed once."""
    right: Counts = []
    winner: Counts = []
    partial: Counts = []
    too_many: Counts = []
    for row, clip in rendered(classifier, folder, "questions.jsonl"):
        scripts = candidates(row)
        alone = classifier.candidates(scripts=[scripts[row["answer"]]])
        best = replace(alone, repeats="partial").predict(clip).best
        # One that is cut would be one whole too few.
        partial.append((1, len(best.repetitions) - sum(best.partial)))
        too_many.append((0, sum(best.partial)))
        right.append((1, len(count(classifier, clip, [scripts[row["answer"]]]).repetitions)))
        winner.append((1, len(count(classifier, clip, scripts).repetitions)))
    print(line("performed once, right script", right))
    print(line("performed once, winner", winner))
    print(line("performed once, partial: whole ones", partial))
    print(line("performed once, partial: partial", too_many))


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
    if args.repeated is not None:
        cut(classifier, args.repeated)


if __name__ == "__main__":
    main()
