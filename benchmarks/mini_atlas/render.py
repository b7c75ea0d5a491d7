"""Make mini-atlas: clips of a rendered person performing scripts, and questions about them.

    python benchmarks/mini_atlas/render.py --out mini-atlas [--clips 200] [--seed 0]

Writes clips/*.mp4 (H.264) and questions.jsonl into the folder. Every clip depends on the seed and
its own number only, so an interrupted run goes on where it stopped and two runs agree.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from actions import ACTIONS, DOMAINS
from figure import Body, Build, Pose, interpolate, pose_body
from scene import Camera, Look, draw, turned

FPS = 15
SIZE = 288
ORDER_ONLY_SHARE = 0.5
TOLD_SECONDS = 5.0
"""How often a program says how many clips are done."""

Task = TypeVar("Task")
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Question:
    """One clip and what is asked of it; ``performed`` is the answer's postures in order."""

    number: int
    domain: str
    kind: str
    labels: tuple[str, ...]
    scripts: tuple[tuple[str, ...], ...]
    answer: int
    performed: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{self.number:04d}-{self.domain}"


def ask(seed: int, number: int) -> Question:
    """The question with this number: even ones are order-only, odd ones are between actions."""
    rng = np.random.default_rng([seed, number, 1])
    domain = list(DOMAINS)[number // 2 % len(DOMAINS)]
    say = {
        name: str(posture.words[rng.integers(len(posture.words))])
        for name, posture in DOMAINS[domain].items()
    }
    actions = ACTIONS[domain]
    if number % 2 == 0:
        fit = [steps for steps in actions.values() if len(set(steps)) == len(steps) >= 3]
        steps = fit[rng.integers(len(fit))]
        orders = [tuple(order) for order in permutations(steps)]
        count = int(rng.integers(3, min(5, len(orders)) + 1))
        chosen = [orders[i] for i in rng.permutation(len(orders))[:count]]
        labels = [f"order {i + 1}" for i in range(count)]
        kind = "order-only"
    else:
        labels = [str(name) for name in rng.permutation(list(actions))[:5]]
        chosen = [actions[name] for name in labels]
        kind = "action"
    answer = int(rng.integers(len(chosen)))
    return Question(
        number=number,
        domain=domain,
        kind=kind,
        labels=tuple(labels),
        scripts=tuple(tuple(say[name] for name in steps) for steps in chosen),
        answer=answer,
        performed=chosen[answer],
    )


def perform(
    question: Question, rng: np.random.Generator
) -> tuple[list[tuple[float, Pose]], list[tuple[float, float]], float]:
    """Key postures at times, each sub-action's true [start, end) and the clip's length in seconds.

    A sub-action ends and the next begins in the middle of the movement between their postures.
    """
    keys: list[tuple[float, Pose]] = []
    starts, now = [0.0], 0.0
    for i, name in enumerate(question.performed):
        pose = vary(DOMAINS[question.domain][name].pose, rng)
        if i:
            move = rng.uniform(0.35, 0.75)
            starts.append(now + move / 2)
            now += move
        keys.append((now, pose))
        now += rng.uniform(0.6, 1.5)
        keys.append((now, vary(pose, rng, amount=0.3)))
    ends = [*starts[1:], now]
    return keys, list(zip(starts, ends, strict=True)), now


def vary(pose: Pose, rng: np.random.Generator, amount: float = 1.0) -> Pose:
    """The same posture as another body would do it: some degrees here and there."""
    angles = {k: v + amount * rng.normal(0, 4, 3) for k, v in pose.angles.items()}
    directions = {}
    for k, v in pose.directions.items():
        moved = v + amount * rng.normal(0, 0.07, 3)
        directions[k] = moved / np.linalg.norm(moved)
    return Pose(angles, directions, pose.air)


@dataclass(frozen=True)
class Performance:
    """A question performed: the body a frame, turned to the camera, and all that dresses it.

    rng: what is left of the clip's random numbers, for the camera and the noise.
    """

    body: Body
    build: Build
    look: Look
    heading: float
    intervals: list[tuple[float, float]]
    times: np.ndarray
    rng: np.random.Generator


def performance(seed: int, question: Question) -> Performance:
    """Everything of a clip but its pictures; depends on the seed and the question's number only."""
    rng = np.random.default_rng([seed, question.number, 2])
    keys, intervals, length = perform(question, rng)
    times = np.arange(max(2, round(length * FPS))) / FPS
    motion = interpolate(keys, times)
    build, look = Build.random(rng), Look.random(rng)
    heading = float(rng.uniform(-70, 70))
    body = turned(pose_body(motion, build), heading)
    return Performance(body, build, look, heading, intervals, times, rng)


def render(out: Path, seed: int, question: Question) -> dict[str, object]:
    """Draw the clip unless it is there, and return the question's row."""
    shown = performance(seed, question)
    draw_clip(out / "clips" / f"{question.id}.mp4", shown)
    return {
        "id": question.id,
        "clip": f"clips/{question.id}.mp4",
        "domain": question.domain,
        "kind": question.kind,
        "candidates": [
            {"label": label, "script": list(script)}
            for label, script in zip(question.labels, question.scripts, strict=True)
        ],
        "answer": question.answer,
        "intervals": [[round(float(s), 4), round(float(e), 4)] for s, e in shown.intervals],
        "heading_degrees": round(shown.heading, 1),
    }


def draw_clip(path: Path, shown: Performance, *, fps: int = FPS, size: int = SIZE) -> None:
    """Draw a performance into an H.264 file, unless the file is there."""
    import av

    if path.exists():
        return
    body, times, rng = shown.body, shown.times, shown.rng
    points = np.concatenate(list(body.joints.values()))
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    distance = rng.uniform(3.8, 5.0)
    extent = max(high[1] - low[1] + 0.45, high[0] - low[0] + 0.5, 1.6)
    focal = size * distance / extent / rng.uniform(1.05, 1.3)
    pan = rng.normal(0, 0.05, (2, 3))
    roll = np.radians(rng.normal(0, 1.5))
    rise = rng.uniform(-0.15, 0.45)
    noise = rng.uniform(0.0, 0.02)
    temporary = path.with_name(f".{path.name}")
    with av.open(str(temporary), "w", format="mp4") as container:
        # x264's macroblock tree gives other bytes from run to run, so it is left out.
        options = {"crf": "23", "threads": "1", "x264-params": "mbtree=0"}
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for frame in range(len(times)):
            share = frame / len(times)
            target = middle + (1 - share) * pan[0] + share * pan[1]
            camera = Camera.look_at(
                middle + np.array([0.0, rise, distance]), target, float(roll), focal
            )
            picture = draw(body, shown.build, shown.look, camera, frame, (size, size))
            picture = picture + rng.normal(0, noise, picture.shape)
            image = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    temporary.replace(path)


def in_processes(
    draw: Callable[[Task], Drawn], tasks: Sequence[Task], processes: int
) -> list[Drawn]:
    """What ``draw`` returns for each task, in order; says on stderr how many are done."""
    found: list[Drawn] = []
    told = -np.inf
    with ProcessPoolExecutor(processes, initializer=_ignore_interrupts) as pool:
        try:
            for job in [pool.submit(draw, task) for task in tasks]:
                found.append(job.result())
                if time.monotonic() - told >= TOLD_SECONDS or len(found) == len(tasks):
                    told = time.monotonic()
                    print(f"{len(found)} of {len(tasks)} clips", file=sys.stderr, flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _ignore_interrupts() -> None:
    """Ctrl-C is sent to all processes; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_main(main: Callable[[], None]) -> None:
    """Run a program that can be interrupted, as `actalign` can."""
    signal.signal(signal.SIGINT, _end)
    main()


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End at once: an exception could leave a lock of the executor held, and the end would hang."""
    for child in multiprocessing.active_children():
        child.kill()
    os.write(2, b"interrupted; run the same command again to continue\n")
    os._exit(130)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("mini-atlas"))
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    (args.out / "clips").mkdir(parents=True, exist_ok=True)
    questions = [ask(args.seed, number) for number in range(args.clips)]
    rows = in_processes(partial(render, args.out, args.seed), questions, args.processes)
    temporary = args.out / ".questions.jsonl"
    temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    temporary.replace(args.out / "questions.jsonl")


if __name__ == "__main__":
    run_main(main)
