"""Make one long video of drawn people in which some actions happen now and then, and the truth.

    python benchmarks/mini_atlas/long_video.py --out FOLDER [--minutes 180] [--seed 0]

Performances are drawn once, as short pieces that begin and end in one standing posture before one
camera, and shown again in other orders until the video is long enough, because pictures are costly.
Writes long-SEED-MINUTES.mp4 and beside it .truth.jsonl (a line an action: label, piece,
start_seconds, end_seconds) and .scripts.json. What is drawn already is not drawn again.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from actions import ACTIONS, DOMAINS
from figure import Build, Pose, interpolate, pose_body
from render import in_processes, run_main, vary
from scene import Camera, Look, draw, turned

FPS = 10
SIZE = 256
WANTED = {
    "thruster": "gym",
    "half sun salutation": "yoga",
    "full swing": "golf",
    "front kick": "boxing",
    "greeting": "daily",
}
"""The actions to find, and their domains; what else happens comes from the other domains."""
OTHERS = ("dance", "athletics", "basketball", "tennis", "volleyball")
TAKES = 2
SESSION_SECONDS = 300.0
"""How long one performer is shown before the next one."""


@dataclass(frozen=True)
class Piece:
    """A short performance; label is None for what is not to be found, begin and end are seconds."""

    performer: int
    number: int
    label: str | None
    keys: list[tuple[float, Pose]]
    begin: float
    end: float
    length: float


def pieces_of(seed: int, performer: int) -> list[Piece]:
    """The pieces of one performer: every wanted action twice, and ten of other things."""
    rng = np.random.default_rng([seed, performer, 3])
    plans: list[tuple[str | None, list[Pose]]] = [
        (label, [DOMAINS[domain][step].pose for step in ACTIONS[domain][label]])
        for label, domain in WANTED.items()
        for _ in range(TAKES)
    ]
    for number in range(10):
        if number < 4:  # standing about
            plans.append((None, [DOMAINS["gym"]["stand"].pose] * 4))
        elif number < 6:  # a wanted action backwards is another action
            label = list(WANTED)[rng.integers(len(WANTED))]
            domain = WANTED[label]
            plans.append((None, [DOMAINS[domain][s].pose for s in ACTIONS[domain][label][::-1]]))
        else:
            domain = OTHERS[rng.integers(len(OTHERS))]
            actions = list(ACTIONS[domain].values())
            chosen = [step for i in rng.permutation(len(actions))[:2] for step in actions[i]]
            plans.append((None, [DOMAINS[domain][step].pose for step in chosen]))
    found = []
    for number, (label, poses) in enumerate(plans):
        stand = DOMAINS["gym"]["stand"].pose
        keys, now = [(0.0, stand)], float(rng.uniform(0.2, 0.6))
        keys.append((now, stand))
        moves = []
        for pose in poses:
            move = float(rng.uniform(0.35, 0.75))
            moves.append(now + move / 2)
            varied = vary(pose, rng)
            keys.append((now + move, varied))
            now += move + float(rng.uniform(0.6, 1.5))
            keys.append((now, vary(varied, rng, amount=0.3)))
        move = float(rng.uniform(0.35, 0.75))
        moves.append(now + move / 2)
        now += move
        keys += [(now, stand), (now + 0.3, stand)]
        # A border lies in the middle of a movement, as in mini-atlas.
        found.append(Piece(performer, number, label, keys, moves[0], moves[-1], now + 0.3))
    return found


def draw_piece(folder: Path, seed: int, piece: Piece) -> Path:
    """Draw one piece unless it is there: H.264 without B-frames, so that packets can be joined."""
    import av

    path = folder / f"{piece.performer:02}-{piece.number:02}.mp4"
    if path.exists():
        return path
    rng = np.random.default_rng(
        [seed, piece.performer, 4]
    )  # one body, place and camera a performer
    build, look = Build.random(rng), Look.random(rng)
    heading = float(rng.uniform(-60, 60))
    distance, tight, rise = rng.uniform(3.8, 5.0), rng.uniform(1.0, 1.15), rng.uniform(-0.15, 0.4)
    noise = rng.uniform(0.0, 0.02)
    times = np.arange(max(2, round(piece.length * FPS))) / FPS
    body = turned(pose_body(interpolate(piece.keys, times), build), heading)
    middle = np.array([0.0, 1.05, 0.0])
    focal = SIZE * distance / 2.6 * tight
    camera = Camera.look_at(middle + np.array([0.0, rise, distance]), middle, 0.0, focal)
    grain = np.random.default_rng([seed, piece.performer, piece.number, 5])
    temporary = path.with_name(f".{path.name}")
    with av.open(str(temporary), "w", format="mp4") as container:
        options = {"crf": "23", "threads": "1", "bf": "0", "x264-params": "mbtree=0:keyint=50"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for frame in range(len(times)):
            picture = draw(body, build, look, camera, frame, (SIZE, SIZE))
            picture = picture + grain.normal(0, noise, picture.shape)
            image = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    temporary.replace(path)
    return path


def running_order(seed: int, minutes: float, pieces: list[list[Piece]]) -> list[Piece]:
    """Which pieces are shown: sessions of one performer, an action between two to five others."""
    rng = np.random.default_rng([seed, 6])
    shown: list[Piece] = []
    now = 0.0
    while now < minutes * 60:
        own = pieces[int(len(shown) and rng.integers(len(pieces)))]
        until = min(now + SESSION_SECONDS, minutes * 60)
        actions = [p for p in own if p.label]
        others = [p for p in own if not p.label]
        turn: list[Piece] = []
        while now < until:
            if not turn:
                turn = [actions[i] for i in rng.permutation(len(actions))]
            count = int(rng.integers(2, 6))
            block = [others[rng.integers(len(others))] for _ in range(count)] + [turn.pop()]
            shown += block
            now += sum(round(p.length * FPS) / FPS for p in block)
    return shown


def join(paths: list[Path], out: Path) -> None:
    """Put the packets of the pieces one after another into one file; decodes nothing."""
    import av

    temporary = out.with_name(f".{out.name}")
    with av.open(str(temporary), "w", format="mp4") as container:
        stream = None
        count = 0
        for path in paths:
            with av.open(str(path)) as piece:
                source = piece.streams.video[0]
                if stream is None:
                    stream = container.add_stream_from_template(source)
                    stream.time_base = Fraction(1, 10_240)
                for packet in piece.demux(source):
                    if packet.size:
                        packet.time_base = Fraction(1, FPS)
                        packet.pts = packet.dts = count
                        packet.duration = 1
                        packet.stream = stream
                        container.mux(packet)
                        count += 1
    temporary.replace(out)


def make(out: Path, *, minutes: float, seed: int, performers: int, processes: int) -> Path:
    """Draw what is missing and write the video with its truth; returns the video's path."""
    folder = out / f"pieces-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [pieces_of(seed, performer) for performer in range(performers)]
    shown = running_order(seed, minutes, pieces)
    wanted = {(piece.performer, piece.number): piece for piece in shown}
    paths = in_processes(partial(draw_piece, folder, seed), list(wanted.values()), processes)
    drawn = dict(zip(wanted, paths, strict=True))
    video = out / f"long-{seed}-{minutes:g}.mp4"
    join([drawn[piece.performer, piece.number] for piece in shown], video)
    now, truth = 0.0, []
    for piece in shown:
        if piece.label:
            row = {"label": piece.label, "piece": f"{piece.performer}-{piece.number}"}
            row |= {"start_seconds": now + piece.begin, "end_seconds": now + piece.end}
            truth.append(json.dumps(row))
        now += round(piece.length * FPS) / FPS
    video.with_suffix(".truth.jsonl").write_text("\n".join(truth) + "\n", encoding="utf-8")
    scripts = {
        label: [DOMAINS[domain][step].words[0] for step in ACTIONS[domain][label]]
        for label, domain in WANTED.items()
    }
    text = json.dumps({"scripts": scripts}, indent=1)
    video.with_suffix(".scripts.json").write_text(text, encoding="utf-8")
    return video


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("long-video"))
    parser.add_argument("--minutes", type=float, default=180.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--performers", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    print(
        make(
            args.out,
            minutes=args.minutes,
            seed=args.seed,
            performers=args.performers,
            processes=args.processes,
        )
    )


if __name__ == "__main__":
    run_main(main)
