"""Where the built-in encoder's time goes: decoding, finding the person's pose, and the rest.

    python benchmarks/encode_body.py [--clips DIR] [--repeats 2]

Stage by stage over the same clips (those of `actalign demo` where none are given), in processor
seconds of all threads, the least of a few runs. First checks that the stages, one after the other,
give what `encode_clip` gives. Then the time of a text, over the steps of the demo's scripts.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from actalign.demo import demo_clips
from actalign.encoders.body._encoder import BodyEncoder, stream_features
from actalign.encoders.body._pose import PoseEstimator
from actalign.video._listing import list_videos
from actalign.video._sampling import sample_frames


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    before = time.process_time()
    return work(), time.process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder of videos; else the demo's")
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    videos = list_videos([options.clips]) if options.clips else [c.path for c in demo_clips()]
    encoder = BodyEncoder.from_package()
    least: dict[str, float] = {}
    frames = 0
    load = os.getloadavg()[0]
    for _ in range(options.repeats + 1):  # the first warms up
        spent = dict.fromkeys(("decode", "pose", "features", "network"), 0.0)
        frames = 0
        for path in videos:
            stream = sample_frames(path, fps=encoder.info.fps)
            batches, spent_now = timed(lambda stream=stream: list(stream))
            spent["decode"] += spent_now
            tracks, spent_now = timed(
                lambda batches=batches: list(PoseEstimator().clip_tracks(batches))
            )
            spent["pose"] += spent_now
            rows, spent_now = timed(lambda tracks=tracks: list(stream_features(tracks)))
            spent["features"] += spent_now
            blocks, spent_now = timed(
                lambda rows=rows: [encoder.embed_features(block) for block in rows]
            )
            spent["network"] += spent_now
            got = np.concatenate(blocks)
            frames += len(got)
            if not least and not np.array_equal(
                got, np.concatenate(list(encoder.encode_clip(batches)))
            ):
                raise SystemExit(f"{path}: the stages give other rows than encode_clip")
        if least:
            least = {stage: min(least[stage], spent[stage]) for stage in spent}
        else:
            least = dict.fromkeys(spent, float("inf"))
    total = sum(least.values())
    print(f"{len(videos)} clips, {frames} frames, load {load:.1f}; the stages agree with the whole")
    for stage, seconds in least.items():
        print(f"{stage:9s} {1e3 * seconds / frames:7.2f} ms a frame  {seconds / total:6.1%}")
    texts = [step for clip in demo_clips() for script in clip.scripts for step in script.steps]
    runs = [timed(lambda: encoder.encode_text(texts))[1] for _ in range(options.repeats + 1)]
    print(f"text      {1e3 * min(runs[1:]) / len(texts):7.2f} ms a text, over {len(texts)} steps")


if __name__ == "__main__":
    main()
