"""Frames out of H.264 files: `sample_frames` beside OpenCV, a full decode by PyAV, and decord.

    python benchmarks/decode.py [--clips DIR] [--fps 2] [--repeats 3] [--decord PYTHON]

decord is no dependency: PYTHON is the interpreter of an environment that has it. First checks that
all contenders give the same frames (as many, in the same places, pixels apart by less than 3 levels
on average, since converters round colours differently); then times them in turn, in processor
seconds, which other programs disturb less than the clock, and prints each one's ratio to the bare
decoder, which turns nothing into RGB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from actalign.types import UInt8
from actalign.video._listing import list_videos
from actalign.video._sampling import sample_frames

DECORD = """
import sys, time, numpy as np, decord
path, what = sys.argv[1:]
chosen = np.frombuffer(sys.stdin.buffer.read(), np.int64).tolist()
processor, clock = time.process_time(), time.perf_counter()
reader = decord.VideoReader(path)
for start in range(0, len(chosen), 16):
    frames = reader.get_batch(chosen[start : start + 16]).asnumpy()
    if what == "frames":
        sys.stdout.buffer.write(frames.tobytes())
if what == "times":
    print(time.process_time() - processor, time.perf_counter() - clock)
"""
Read = Callable[[Path, "float | None", list[int]], Iterable[UInt8]]


def ours(path: Path, fps: float | None, _: list[int]) -> Iterator[UInt8]:
    for batch in sample_frames(path, fps=fps, batch_size=16):
        yield from batch.frames


def opencv(path: Path, _: float | None, chosen: list[int]) -> Iterator[UInt8]:
    """Grab every frame in turn, convert the chosen ones."""
    import cv2

    capture = cv2.VideoCapture(str(path))
    wanted = set(chosen)
    for index in range(chosen[-1] + 1):
        if not capture.grab():
            break
        if index in wanted:
            yield cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)
    capture.release()


def full(path: Path, _: float | None, chosen: list[int]) -> Iterator[UInt8]:
    """Every frame to RGB, the chosen ones kept: what a loader does that knows no sampling."""
    wanted = set(chosen)
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for index, frame in enumerate(container.decode(video=0)):
            picture = frame.to_ndarray(format="rgb24")
            if index in wanted:
                yield picture


def bare(path: Path, _: float | None, __: list[int]) -> Iterator[UInt8]:
    """Decode and drop."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _frame in container.decode(video=0):
            pass
    return iter(())


class Decord:
    """decord in another environment, where it times itself."""

    def __init__(self, python: str) -> None:
        self.python = python

    def _start(self, path: Path, chosen: list[int], what: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [self.python, "-c", DECORD, str(path), what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert child.stdin is not None
        child.stdin.write(np.array(chosen, np.int64).tobytes())
        child.stdin.close()
        return child

    def __call__(self, path: Path, _: float | None, chosen: list[int]) -> Iterator[UInt8]:
        shape = shape_of(path)
        with self._start(path, chosen, "frames") as child:
            assert child.stdout is not None
            for _index in chosen:
                yield np.frombuffer(child.stdout.read(int(np.prod(shape))), np.uint8).reshape(shape)

    def seconds(self, path: Path, chosen: list[int]) -> tuple[float, float]:
        with self._start(path, chosen, "times") as child:
            assert child.stdout is not None
            processor, clock = map(float, child.stdout.read().split())
        return processor, clock


def shape_of(path: Path) -> tuple[int, int, int]:
    return next(iter(sample_frames(path, num_frames=1))).frames.shape[1:]


def indices_at(path: Path, fps: float | None) -> list[int]:
    """Which of a clip's frames are on screen at 0, 1/fps, ... seconds after the first."""
    times = sample_frames(path).pts_seconds
    if fps is None:
        return list(range(len(times)))
    info = sample_frames(path).info
    moments = times[0] + np.arange(int(np.ceil((info.end_seconds - times[0]) * fps - 1e-6))) / fps
    return sorted(set((np.searchsorted(times, moments + 1e-6, side="right") - 1).tolist()))


def seconds_of(
    read: Read, videos: list[Path], fps: float | None, chosen: dict[Path, list[int]]
) -> tuple[float, float]:
    """Processor seconds of all threads, and the clock's."""
    if isinstance(read, Decord):
        taken = [read.seconds(path, chosen[path]) for path in videos]
        return sum(spent for spent, _ in taken), sum(clock for _, clock in taken)
    spent, clock = time.process_time(), time.perf_counter()
    for path in videos:
        for _ in read(path, fps, chosen[path]):
            pass
    return time.process_time() - spent, time.perf_counter() - clock


def check(label: str, read: Read, path: Path, fps: float | None, chosen: list[int]) -> None:
    """Exit unless the contender gives the frames that `sample_frames` gives."""
    pairs = zip(read(path, fps, chosen), ours(path, fps, chosen), strict=True)
    for index, (got, frame) in zip(chosen, pairs, strict=True):
        apart = float(np.abs(got.astype(np.int16) - frame).mean())
        if not apart < 3:
            raise SystemExit(f"{label} gives another frame {index} of {path}: {apart:.1f} apart")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder of videos; else one is made")
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--frames", type=int, default=300, help="of the clip that is made")
    parser.add_argument("--decord", metavar="PYTHON")
    options = parser.parse_args()
    contenders: dict[str, Read] = {
        "bare decode, no RGB": bare,
        "actalign sample_frames": ours,
        "OpenCV, one frame after another": opencv,
        "PyAV, every frame to RGB": full,
    }
    if options.decord:
        contenders["decord get_batch"] = Decord(options.decord)

    with tempfile.TemporaryDirectory() as name:
        clips = options.clips
        if clips is None:
            from encode_gpu import write_clips

            clips = Path(name)
            write_clips(clips, count=1, frames=options.frames, size=(1280, 720))
        videos = list_videos([clips])
        total = sum(len(indices_at(path, None)) for path in videos)
        print(f"{len(videos)} clips, {len(os.sched_getaffinity(0))} cores", end=", ")
        print(f"load {os.getloadavg()[0]:.1f} when begun")
        for fps in (None, options.fps):
            chosen = {path: indices_at(path, fps) for path in videos}
            for label, read in contenders.items():
                for path in videos if read is not bare else ():
                    check(label, read, path, fps, chosen[path])
            cost = dict.fromkeys(contenders, (float("inf"), float("inf")))
            for _ in range(options.repeats):
                for label, read in contenders.items():
                    spent, clock = seconds_of(read, videos, fps, chosen)
                    cost[label] = (min(cost[label][0], spent), min(cost[label][1], clock))
            given = sum(map(len, chosen.values()))
            print(f"\n{'every frame' if fps is None else f'{fps:g} frames a second'}: ", end="")
            print(f"{given} of {total} frames, contents agree; processor time a stored frame")
            limit = cost["bare decode, no RGB"][0]
            for label, (spent, clock) in cost.items():
                print(
                    f"{label:34s} {1e3 * spent / total:7.2f} ms  ratio {spent / limit:5.2f}  "
                    f"({total / clock:7.1f} stored frames/s by the clock)"
                )


if __name__ == "__main__":
    main()
