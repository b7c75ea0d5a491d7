"""What it costs to look for others while `body` follows one person, and how many it then counts.

    python benchmarks/people_looks.py CLIPS

CLIPS: a folder of videos with one person each. Each is followed by itself, then beside the next
one, both as high as the lower of them, so that there are two people. Processor time with the looks
that are taken for the count alone is compared with the time without these; the least of three runs
each.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from actalign.encoders.body import _pose
from actalign.types import UInt8
from actalign.video import list_videos, sample_frames

FRAMES_A_SECOND, SECONDS, RUNS = 10.0, 12.0, 3


def frames_of(path: Path) -> list[UInt8]:
    """The frames of a clip's first seconds."""
    batches = sample_frames(path, fps=FRAMES_A_SECOND, end=SECONDS)
    return [frame for batch in batches for frame in batch.frames]


def beside(left: Sequence[UInt8], right: Sequence[UInt8]) -> list[UInt8]:
    """Two clips as one, as long as the shorter."""
    height = min(left[0].shape[0], right[0].shape[0])

    def resized(frame: UInt8) -> UInt8:
        width = round(frame.shape[1] * height / frame.shape[0])
        return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BOX))

    return [np.hstack([resized(a), resized(b)]) for a, b in zip(left, right, strict=False)]


def followed(frames: Sequence[UInt8], every: int) -> tuple[float, Counter[int]]:
    """Processor seconds, and the counts; every: so many frames lie between looks at the most."""
    _pose._LOOK_FRAMES = every
    estimator = _pose.PoseEstimator()
    begin = time.process_time()
    for number, frame in enumerate(frames):
        estimator.follow(frame, number / FRAMES_A_SECOND)
    return time.process_time() - begin, estimator.in_looks


def measure(name: str, clips: Sequence[Sequence[UInt8]]) -> None:
    """Print the ratio of the times of all clips, and the sum of their counts."""
    usual = _pose._LOOK_FRAMES
    times, counts = np.zeros(2), Counter[int]()
    for frames in clips:
        with_looks = [followed(frames, usual) for _ in range(RUNS)]
        without = [followed(frames, len(frames) + 1) for _ in range(RUNS)]
        times += [min(seconds for seconds, _ in one) for one in (with_looks, without)]
        counts += with_looks[0][1]
    _pose._LOOK_FRAMES = usual
    shown = ", ".join(f"{people} in {count}" for people, count in sorted(counts.items()))
    ratio = times[0] / times[1]
    print(f"{name}: {len(clips)} clips, time x {ratio:.3f}, people in looks: {shown}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    clips = [frames_of(path) for path in list_videos([parser.parse_args().clips])]
    measure("one person", clips)
    pairs = zip(clips, clips[1:] + clips[:1], strict=True)
    measure("two people", [beside(a, b) for a, b in pairs])


if __name__ == "__main__":
    main()
