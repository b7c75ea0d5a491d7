"""Make clips in which a drawn person performs a script several times, and the truth of each.

    python benchmarks/mini_atlas/render_repeats.py --out mini-repeats [--clips 60] [--seed 0]

The scripts are mini-atlas's actions, performed 2 to 8 times: every repetition has a tempo of its
own, after some the person pauses (holds still, or stands about), and some clips begin or end with
that. Writes clips/*.mp4 and repeats.jsonl, a line a clip: id, clip, domain, candidates (label,
script), answer, and repetitions (for each, its steps' [start, end) in seconds).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from actions import ACTIONS, DOMAINS
from figure import Build, Pose, interpolate, pose_body
from render import Performance, draw_clip, in_processes, run_main, vary
from scene import Look, turned

FPS = 10
SIZE = 224
MOST = 8
PAUSE_SHARE = 0.3
"""How often a pause follows a repetition, and how often a clip begins or ends with one."""
IDLE = DOMAINS["daily"]["hips"].pose
"""How the person stands about: no step of the actions outside daily life."""

Intervals = list[tuple[float, float]]


@dataclass(frozen=True)
class Task:
    """One clip: which action, among which candidates, how often."""

    number: int
    domain: str
    labels: tuple[str, ...]
    scripts: tuple[tuple[str, ...], ...]
    answer: int
    count: int

    @property
    def id(self) -> str:
        return f"{self.number:04d}-{self.domain}-x{self.count}"


def ask(seed: int, number: int) -> Task:
    """The clip with this number; counts from 2 to MOST come equally often."""
    rng = np.random.default_rng([seed, number, 7])
    domains = [domain for domain in DOMAINS if domain != "daily"]
    domain = domains[number % len(domains)]
    say = {
        name: str(posture.words[rng.integers(len(posture.words))])
        for name, posture in DOMAINS[domain].items()
    }
    labels = [str(name) for name in rng.permutation(list(ACTIONS[domain]))[:5]]
    return Task(
        number=number,
        domain=domain,
        labels=tuple(labels),
        scripts=tuple(tuple(say[name] for name in ACTIONS[domain][one]) for one in labels),
        answer=int(rng.integers(len(labels))),
        count=2
        + int(
            np.random.default_rng([seed, number // (MOST - 1), 8]).permutation(MOST - 1)[
                number % (MOST - 1)
            ]
        ),
    )


def perform(
    task: Task, rng: np.random.Generator
) -> tuple[list[tuple[float, Pose]], list[Intervals], float]:
    """Key postures at times, each repetition's steps' [start, end), and the length in seconds.

    A step ends and the next begins in the middle of the movement between their postures.
    """
    steps = ACTIONS[task.domain][task.labels[task.answer]]
    keys: list[tuple[float, Pose]] = []
    found: list[Intervals] = []
    now = 0.0

    def go(pose: Pose, seconds: float, tempo: float) -> float:
        """Move into a posture and hold it; returns when it begins."""
        nonlocal now
        begins = now
        if keys:
            move = rng.uniform(0.3, 0.65) * tempo
            begins, now = now + move / 2, now + move
        keys.append((now, pose))
        now += seconds
        keys.append((now, vary(pose, rng, amount=0.3)))
        return float(begins)

    def pause(pose: Pose) -> float | None:
        """Perhaps stand about, or hold still; returns when that begins."""
        if rng.random() >= PAUSE_SHARE:
            return None
        return go(vary(pose if rng.random() < 0.5 else IDLE, rng), rng.uniform(0.8, 2.5), 1.0)

    usual = float(rng.uniform(0.6, 1.4))
    pause(IDLE)
    ended: float | None = None
    for _ in range(task.count):
        tempo = usual * float(np.exp(rng.normal(0, 0.25)))
        starts = []
        for name in steps:
            pose = vary(DOMAINS[task.domain][name].pose, rng)
            starts.append(go(pose, rng.uniform(0.2, 0.7) * tempo, tempo))
        if found and ended is None:
            found[-1][-1] = (found[-1][-1][0], starts[0])
        found.append(list(zip(starts, [*starts[1:], now], strict=True)))
        ended = pause(DOMAINS[task.domain][steps[-1]].pose)
        if ended is not None:
            found[-1][-1] = (found[-1][-1][0], ended)
    return keys, found, now


def performance(seed: int, task: Task) -> tuple[Performance, list[Intervals]]:
    """Everything of a clip but its pictures, and the truth; depends on seed and number only."""
    rng = np.random.default_rng([seed, task.number, 9])
    keys, repetitions, length = perform(task, rng)
    times = np.arange(max(2, round(length * FPS))) / FPS
    build, look = Build.random(rng), Look.random(rng)
    heading = float(rng.uniform(-70, 70))
    body = turned(pose_body(interpolate(keys, times), build), heading)
    return Performance(body, build, look, heading, [], times, rng), repetitions


def render(out: Path, seed: int, task: Task) -> dict[str, object]:
    """Draw the clip unless it is there, and return its line."""
    shown, repetitions = performance(seed, task)
    draw_clip(out / "clips" / f"{task.id}.mp4", shown, fps=FPS, size=SIZE)
    return {
        "id": task.id,
        "clip": f"clips/{task.id}.mp4",
        "domain": task.domain,
        "candidates": [
            {"label": label, "script": list(script)}
            for label, script in zip(task.labels, task.scripts, strict=True)
        ],
        "answer": task.answer,
        "repetitions": [
            [[round(start, 4), round(end, 4)] for start, end in steps] for steps in repetitions
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("mini-repeats"))
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    (args.out / "clips").mkdir(parents=True, exist_ok=True)
    tasks = [ask(args.seed, number) for number in range(args.clips)]
    rows = in_processes(partial(render, args.out, args.seed), tasks, args.processes)
    temporary = args.out / ".repeats.jsonl"
    temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    temporary.replace(args.out / "repeats.jsonl")
    print(f"{len(rows)} clips in {args.out}")


if __name__ == "__main__":
    run_main(main)
