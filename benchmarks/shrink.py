"""Whether a picture that is made smaller first calms the pose tracker of `body`.

    python benchmarks/shrink.py --clips DIR

clips: a folder of videos with one person each. The first 5 s of each are followed at 10 frames a
second, as they are and shrunk by area to fewer lines. Prints for each size in how many frames the
person is found and the jitter: the mean length of the second difference of the joints' positions,
shoulders to feet, before any smoothing of the rows. It includes true accelerations, which are the
same at every size. The rule, written before the first run over all clips: a smaller size is taken
if it lowers the mean jitter over the clips by a tenth and finds the person no less often.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from actalign.encoders.body._pose import PoseEstimator
from actalign.types import UInt8
from actalign.video import list_videos, sample_frames

LINES = (None, 720, 480, 320, 240)
FPS, SECONDS = 10.0, 5.0
JOINTS = slice(11, 29)


def shrunk(frame: UInt8, lines: int | None) -> UInt8:
    """The frame with so many lines, by area; as it is where it has no more."""
    height, width = frame.shape[:2]
    if lines is None or lines >= height:
        return frame
    size = round(width * lines / height), lines
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX))


def followed(frames: list[UInt8]) -> tuple[int, float]:
    """In how many frames the person is found, and the jitter in cm."""
    estimator = PoseEstimator()
    people = [estimator.follow(frame, t / FPS) for t, frame in enumerate(frames)]
    nowhere = np.full((33, 3), np.nan)
    points = np.array([p.found.world if p is not None else nowhere for p in people])[:, JOINTS]
    second = points[2:] - 2 * points[1:-1] + points[:-2]
    return sum(p is not None for p in people), 100 * float(
        np.nanmean(np.linalg.norm(second, axis=-1))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True)
    args = parser.parse_args()
    totals: dict[int | None, list[tuple[int, float]]] = {lines: [] for lines in LINES}
    for path in list_videos([args.clips]):
        batches = sample_frames(path, fps=FPS, end=SECONDS)
        frames = [frame for batch in batches for frame in batch.frames]
        for lines in LINES:
            totals[lines].append(followed([shrunk(frame, lines) for frame in frames]))
        each = "  ".join(f"{lines or 'whole'} {totals[lines][-1][1]:.2f}" for lines in LINES)
        print(f"{path.name} ({frames[0].shape[1]}x{frames[0].shape[0]}): jitter in cm {each}")
    for lines, found in totals.items():
        seen, jitter = (np.array(one) for one in zip(*found, strict=True))
        print(
            f"{lines or 'whole'}: found in {seen.sum()} frames, mean jitter {jitter.mean():.2f} cm"
        )


if __name__ == "__main__":
    main()
