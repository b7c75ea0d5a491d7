"""How small a person `body` finds, and how often it finds one where there is none.

    python benchmarks/people.py --clips DIR --empty DIR

clips: a folder of videos with one person each. empty: a folder of pictures without people. Each
clip's picture is shrunk and put into a grey picture of its first size, at a place that differs from
frame to frame, and looked at as a picture by itself: as a whole, then in enlarged parts too where
the whole shows nobody. Each picture of `empty` is looked at whole, and so are its four quarters.
The rule, written before the first run: the parts are searched if they find at least ten in a
hundred more of the people at a quarter of the size, and people in at most two in a hundred more of
the pictures without any.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from actalign.encoders.body._look import Looks, Person
from actalign.evaluation._metrics import rate
from actalign.types import UInt8
from actalign.video import list_videos, sample_frames

SHARES = (1.0, 0.5, 0.33, 0.25, 0.17)
FRAMES_A_SECOND, SECONDS = 1.0, 6.0


def shrunk(frame: UInt8, share: float, number: int) -> tuple[UInt8, tuple[int, int, int, int]]:
    """The frame at a share of its size in a grey picture, and where: left, top, right, bottom."""
    height, width = frame.shape[:2]
    small = Image.fromarray(frame).resize(
        (round(width * share), round(height * share)), Image.Resampling.BOX
    )
    steps = np.array([(number * 0.37) % 1, (number * 0.61) % 1])
    x, y = (steps * (width - small.width, height - small.height)).round().astype(int)
    canvas = Image.new("RGB", (width, height), (110, 110, 110))
    canvas.paste(small, (int(x), int(y)))
    return np.asarray(canvas), (int(x), int(y), int(x) + small.width, int(y) + small.height)


def inside(people: list[Person], box: tuple[int, int, int, int]) -> bool:
    """Whether one of these people's middle lies in a box."""
    low, high = np.array(box[:2]), np.array(box[2:])
    return any(bool(((p.centre >= low) & (p.centre <= high)).all()) for p in people)


def pictures(folder: Path) -> Iterator[UInt8]:
    """Each picture, and its four quarters."""
    for path in sorted(folder.iterdir()):
        image = np.asarray(Image.open(path).convert("RGB"))
        middle, centre = image.shape[0] // 2, image.shape[1] // 2
        yield image
        for rows in (slice(None, middle), slice(middle, None)):
            yield from (image[rows, :centre], image[rows, centre:])


def line(name: str, whole: list[bool], parts: list[bool]) -> str:
    """Shares, with Wilson's intervals."""
    shares = [rate(sum(hits), len(hits)) for hits in (whole, parts)]
    texts = [f"{100 * s.value:5.1f} [{100 * s.low:4.1f}, {100 * s.high:5.1f}]" for s in shares]
    return f"{name:28s} n {len(whole):4d}  whole {texts[0]}  with parts {texts[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--empty", type=Path, required=True)
    args = parser.parse_args()
    looks = Looks()
    frames = [
        frame
        for path in list_videos([args.clips])
        for batch in sample_frames(path, fps=FRAMES_A_SECOND, end=SECONDS)
        for frame in batch.frames
    ]
    for share in SHARES:
        whole, parts = [], []
        for number, frame in enumerate(frames):
            picture, box = shrunk(frame, share, number)
            people = looks.look(picture)
            whole.append(inside(people, box))
            parts.append(inside(people or looks.search(picture), box))
        print(line(f"people found, size x {share:g}", whole, parts), flush=True)
    whole, parts = [], []
    for picture in pictures(args.empty):
        people = looks.look(np.ascontiguousarray(picture))
        whole.append(bool(people))
        parts.append(bool(people or looks.search(np.ascontiguousarray(picture))))
    print(line("found where nobody is", whole, parts))


if __name__ == "__main__":
    main()
