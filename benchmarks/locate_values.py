"""What a frame is worth to a step in `actalign locate`: the present value beside three others.

    python benchmarks/locate_values.py [--minutes 10] [--out long-video] [--real FOLDER]

own: the negative log tail probability among the video's own frames, as `locate` has it; of any
function that grows with the cosine it is the same, so of `centred` too. background: the same on the
encoder's background, -log P(z > (S - m) / d) of a normal z. mean: of the two. competitive: own,
of the step's share of the frame among all candidates' steps.

Sets: `long`, rendered videos (mini_atlas/long_video.py) in which actions are planted, in two
wordings; `minute`, the same cut into minutes, most of which have one or two of them; `real`, the
clips of yoga6 and of gym14 (real_poses.py) one after another, in eleven wordings. Prints the mean
average precision over labels, at temporal IoU 0.5. In `real` only the clip is known in which an
action happens, so a clip's best detection of each label is taken for all of the clip. --noise
HOURS: the false detections an hour in frames that show nothing, by number of wordings, with and
without what `locate` takes off for them. The rule by which the value was chosen is in
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from actalign import ActAlign, ClipEmbedding, Script
from actalign.alignment import AFFINITIES, Calibration, cosine, smooth
from actalign.alignment._affinities import columns_of, seen_frames
from actalign.alignment._locate import LEVEL, Detection, Limits, detect, neg_log_tail, suppress
from actalign.alignment._texts import Texts
from actalign.background import Background
from actalign.encoders._backgrounds import shipped_background
from actalign.evaluation._detection import Event, mean_average_precision
from actalign.scripts._templates import step_texts
from actalign.types import Float32

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "mini_atlas"))

from actions import ACTIONS, DOMAINS
from long_video import WANTED, make
from real_poses import cells

SEEDS = (11, 12, 13)
"""Of the rendered videos; on the first one the level of each value is chosen."""
LEVELS = (1.0, 2.0, 3.0)
EVERYTHING = Limits(threshold=-1e6)
MINUTE = 60.0


@dataclass(frozen=True)
class Scene:
    """A long clip, its scripts in one wording, and what truly happens."""

    clip: ClipEmbedding
    scripts: list[Script]
    truth: list[Event]
    whole: bool = False
    """Whether the truth is clips within which an action happens."""


@dataclass(frozen=True)
class Look:
    """A clip's smoothed frames (T, D), which of them show anything, the candidates' steps (K, D)
    each, and the background."""

    frames: Float32
    seen: NDArray[np.bool_]
    steps: list[Float32]
    background: Background | None = None


Values = Callable[[Look], list[Float32]]


def own(look: Look) -> list[Float32]:
    return [neg_log_tail(cosine(look.frames, one), seen=look.seen) for one in look.steps]


def on_background(look: Look) -> list[Float32]:
    by, found = Calibration(None, None, look.background), []
    for one in look.steps:
        z = AFFINITIES["centred"].of(look.frames, Texts.of([one], look.background), by)
        found.append(np.where(look.seen[:, None], -log_ndtr(-z), 0).astype(np.float32))
    return found


def mean(look: Look) -> list[Float32]:
    return [(a + b) / 2 for a, b in zip(own(look), on_background(look), strict=True)]


def competitive(look: Look) -> list[Float32]:
    affinity, by = AFFINITIES["competitive"], Calibration(None, None, look.background)
    assert affinity.shown is not None
    texts = Texts.of(look.steps, look.background)
    shares = affinity.shown(affinity.measure(look.frames, texts, by), texts, by)
    sizes = [len(one) for one in look.steps]
    return [neg_log_tail(one, seen=look.seen) for one in columns_of(shares, sizes)]


VALUES: dict[str, Values] = {
    "own": own,
    "background": on_background,
    "mean": mean,
    "competitive": competitive,
}


def rendered(video: Path, classifier: ActAlign) -> Iterator[Scene]:
    """A rendered video in each of two wordings."""
    clip = classifier.encode_video(video)
    lines = video.with_suffix(".truth.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    truth = [
        Event(clip.clip_id, row["label"], row["start_seconds"], row["end_seconds"]) for row in rows
    ]
    for n in range(2):
        scripts = [
            Script(label, tuple(DOMAINS[domain][s].words[n] for s in ACTIONS[domain][label]))
            for label, domain in WANTED.items()
        ]
        yield Scene(clip, scripts, truth)


def minutes_of(scene: Scene) -> Iterator[Scene]:
    """Its whole minutes, each with the actions that lie in it; one across a border is cut off."""
    clip = scene.clip
    for n in range(int(clip.end_seconds // MINUTE)):
        begin, end = n * MINUTE, (n + 1) * MINUTE
        rows = (clip.pts_seconds >= begin) & (clip.pts_seconds < end)
        name = f"{clip.clip_id}-{n}"
        part = replace(
            clip,
            clip_id=name,
            embeddings=clip.embeddings[rows],
            pts_seconds=clip.pts_seconds[rows],
            end_seconds=end,
        )
        inside = [e for e in scene.truth if e.start >= begin and e.end <= end]
        yield replace(scene, clip=part, truth=[replace(e, video=name) for e in inside])


def real(folder: Path, classifier: ActAlign) -> Iterator[Scene]:
    """The clips of a set one after another, in an order drawn once, in each wording."""
    for cell in cells(folder, classifier.encoder):  # type: ignore[arg-type]
        if cell.name.startswith("gym67"):
            continue
        now, truth, times, rows = 0.0, [], [], []
        for n in np.random.default_rng(0).permutation(len(cell.clips)):
            one = cell.clips[n]
            end = now + one.end_seconds - float(one.pts_seconds[0])
            truth.append(Event(cell.name, cell.truth[n], now, end))
            times.append(one.pts_seconds - one.pts_seconds[0] + now)
            rows.append(one.embeddings)
            now = end
        clip = replace(
            cell.clips[0],
            clip_id=cell.name,
            embeddings=np.concatenate(rows),
            pts_seconds=np.concatenate(times),
            end_seconds=now,
        )
        yield Scene(clip, cell.scripts, truth, whole=True)


def detections(
    scene: Scene, classifier: ActAlign, values: Values, level: float, background: Background
) -> list[Event]:
    """What `locate` would detect by these values, every score kept."""
    clip = scene.clip
    seconds = classifier.smoothing_seconds
    frames = smooth(clip.embeddings, pts_seconds=clip.pts_seconds, seconds=seconds)
    template = classifier.step_template
    steps = [classifier.encoder.encode_text(step_texts(s, template)) for s in scene.scripts]
    found = values(Look(frames, seen_frames(clip.embeddings), steps, background))
    shifted = [one + np.float32(LEVEL - level) for one in found]
    kept = detect(clip, scene.scripts, shifted, EVERYTHING)
    if not scene.whole:
        return [Event(clip.clip_id, d.label, d.start_seconds, d.end_seconds, d.score) for d in kept]
    best: dict[tuple[int, str], float] = {}
    for d in kept:
        middle = (d.start_seconds + d.end_seconds) / 2
        for n, event in enumerate(scene.truth):
            if event.start <= middle < event.end:
                best[n, d.label] = max(d.score, best.get((n, d.label), -math.inf))
    return [replace(scene.truth[n], label=label, score=score) for (n, label), score in best.items()]


def precision(found: Sequence[Event], truth: Sequence[Event]) -> float:
    return 100 * mean_average_precision(found, truth, [0.5])[0.5]


def scored(
    scenes: Sequence[Scene],
    classifier: ActAlign,
    values: Values,
    level: float,
    background: Background,
) -> float:
    """The mean average precision of scenes taken together, in percent."""
    found = [
        event
        for scene in scenes
        for event in detections(scene, classifier, values, level, background)
    ]
    return precision(found, [event for scene in scenes for event in scene.truth])


def together(cells_of: Sequence[Sequence[Scene]]) -> list[list[Scene]]:
    """The scenes with the scripts of all wordings; one list for each set of clips."""
    several: dict[str, list[Sequence[Scene]]] = {}
    for scenes in cells_of:
        several.setdefault(scenes[0].clip.clip_id.partition("/")[0], []).append(scenes)
    return [
        [
            replace(ones[0], scripts=[script for one in ones for script in one.scripts])
            for ones in zip(*same, strict=True)
        ]
        for same in several.values()
    ]


def noise(hours: float, fps: float = 5.0, steps: int = 4, width: int = 64) -> None:
    """False detections an hour where nothing happens, by the number of wordings."""
    rng = np.random.default_rng(0)
    count = int(hours * 3600 * fps)
    rows = rng.normal(size=(count, width)).astype(np.float32)
    for t in range(1, count):
        rows[t] = 0.8 * rows[t - 1] + 0.6 * rows[t]
    clip = ClipEmbedding("noise", rows, np.arange(count) / fps, count / fps, "none", "none")
    limits = Limits(threshold=3.0)
    for several in (1, 2, 4, 8):
        texts = rng.normal(size=(several, steps, width)).astype(np.float32)
        scripts = [Script("a", tuple(f"{n} {k}" for k in range(steps))) for n in range(several)]
        values = own(Look(rows, seen_frames(rows), list(texts)))
        corrected = detect(clip, scripts, values, limits)
        alone: list[Detection] = []
        for script, one in zip(scripts, values, strict=True):
            alone += detect(clip, [script], [one], limits)
        plain = suppress(alone, overlap=limits.overlap)
        print(
            f"{several} wordings: {len(plain) / hours:.1f} false detections an hour, "
            f"{len(corrected) / hours:.1f} with log(W) / K off"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--real", type=Path, default=Path("../shared/real_poses"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--out", type=Path, default=Path("long-video"))
    parser.add_argument("--noise", type=float, help="Only false detections, in so many hours.")
    args = parser.parse_args()
    if args.noise:
        noise(args.noise)
        return
    # Drawn before anything starts threads, which the pool of processes that draw would not survive.
    videos = {
        seed: make(args.out, minutes=args.minutes, seed=seed, performers=1, processes=1)
        for seed in SEEDS
    }
    classifier = ActAlign.from_pretrained("body", fps=5, store=args.out / "store")
    background = shipped_background(classifier.encoder.info)
    assert background is not None
    drawn = {s: list(rendered(video, classifier)) for s, video in videos.items()}
    first = drawn.pop(SEEDS[0])[0]
    levels = {"own": LEVEL}
    for name in list(VALUES)[1:]:
        tried = {
            level: precision(
                detections(first, classifier, VALUES[name], level, background), first.truth
            )
            for level in LEVELS
        }
        levels[name] = max(tried, key=lambda level: tried[level])
        print(f"{name}: level {levels[name]:g}, of", {k: round(v, 1) for k, v in tried.items()})
    groups: dict[str, list[list[Scene]]] = {"long": [], "minute": [], "real": []}
    for n in range(2):  # by wording, all videos together
        of_wording = [scenes[n] for scenes in drawn.values()]
        groups["long"].append(of_wording)
        groups["minute"].append([part for scene in of_wording for part in minutes_of(scene)])
    groups["real"] = [[scene] for scene in real(args.real, classifier)]
    for name, values in VALUES.items():
        means = []
        for group, cells_of in groups.items():
            each = [
                scored(scenes, classifier, values, levels[name], background) for scenes in cells_of
            ]
            means.append(float(np.mean(each)))
            shown = " / ".join(f"{one:.0f}" for one in each)
            print(f"{name}, {group}: {means[-1]:.1f} ({shown})", flush=True)
        print(f"{name}: mean of the sets {np.mean(means):.1f}", flush=True)
    for group, cells_of in groups.items():
        for scenes in together(cells_of):
            value = scored(scenes, classifier, own, LEVEL, background)
            print(f"own, all wordings at once, {group}: {value:.1f}", flush=True)


if __name__ == "__main__":
    main()
