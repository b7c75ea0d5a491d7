"""Two clips of one action in step: which moments match, as a table and as a video side by side.

The frames of one clip are aligned with those of the other by the recurrence that aligns frames with
steps. Their cosines are measured from the centre of both clips, so that unlike frames count against
a match. Not here: embedding the clips.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actalign.alignment import align
from actalign.alignment._similarity import centre_of, cosine, from_centre
from actalign.clips._smoothed import smoothed
from actalign.files import write_text
from actalign.types import ClipEmbedding, Float64, UInt8
from actalign.video import FrameStream
from actalign.video._containers import Colours
from actalign.video._worker import DecodeProcess
from actalign.video._writing import VideoFile, shared_colours

MAX_HEIGHT = 720
MAX_FPS = 30.0
HEADER = ("first_seconds", "second_seconds", "similarity")


@dataclass(frozen=True, eq=False, slots=True)
class Sync:
    """Matching moments of two clips.

    first_seconds: (T,) the first clip's frames. second_seconds: (T,) when the second clip shows the
    same, never decreasing. similarity: (T,) the mean cosine of the frames that were matched. score:
    the path's, comparable between pairs with the same encoder.
    """

    first_seconds: Float64
    second_seconds: Float64
    similarity: Float64
    score: float

    def at(self, seconds: Float64) -> Float64:
        """When the second clip shows what the first shows at these times."""
        return np.interp(seconds, self.first_seconds, self.second_seconds)

    def rows(self) -> list[dict[str, float]]:
        """The table's rows, times to a millisecond."""
        table = zip(self.first_seconds, self.second_seconds, self.similarity, strict=True)
        rounded = (
            (round(float(a), 3), round(float(b), 3), round(float(s), 4)) for a, b, s in table
        )
        return [dict(zip(HEADER, one, strict=True)) for one in rounded]


def synchronise(first: ClipEmbedding, second: ClipEmbedding, *, smoothing_seconds: float) -> Sync:
    """Align two clips of one encoder frame by frame; raises EncoderError for two encoders."""
    second.check_encoder(first.model_id, first.fingerprint)
    rows = [smoothed(clip, smoothing_seconds) for clip in (first, second)]
    centre = centre_of(np.concatenate(rows))
    a, b = (from_centre(one, centre) for one in rows)
    # The mean, not the sum: a sum of positive cosines grows with every detour.
    found = align(cosine(a, b), objective="mean")
    t, k = found.path[:, 0], found.path[:, 1]
    counts = np.bincount(t)
    matched = np.bincount(t, weights=second.pts_seconds[k]) / counts
    similarity = np.bincount(t, weights=found.affinity[t, k].astype(np.float64)) / counts
    return Sync(first.pts_seconds, matched, similarity, found.score)


def write_table(sync: Sync, path: Path) -> None:
    """The matching times as CSV, one row per frame of the first clip."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sync.rows())
    write_text(path, text.getvalue())


def write_side_by_side(sync: Sync, first: Path, second: Path, out: Path) -> None:
    """Both clips beside each other as H.264, the second in step with the first.

    The first runs at its own speed, at most at MAX_FPS; the second is slowed down or sped up to
    match it. Both have the same height, at most MAX_HEIGHT. Memory holds a few frames of each.
    The file has their colour tags, or BT.709's where these differ. Raises VideoError for a clip
    that can't be decoded.
    """
    with DecodeProcess() as one, DecodeProcess() as other:
        readers = (one, first), (other, second)
        colours = shared_colours(*(decoder.header_of(path).colours for decoder, path in readers))
        streams = [
            decoder.sample_frames(path, max_side=2 * MAX_HEIGHT) for decoder, path in readers
        ]
        _write_pictures(sync, streams, out, colours)


def _write_pictures(sync: Sync, streams: list[FrameStream], out: Path, colours: Colours) -> None:
    height = min(MAX_HEIGHT, *(stream.info.height for stream in streams)) // 2 * 2
    rate = min(MAX_FPS, streams[0].info.native_fps or MAX_FPS)
    begin, end = float(sync.first_seconds[0]), streams[0].end_seconds
    times = begin + np.arange(max(1, int((end - begin) * rate))) / rate
    shown = zip(_shown_at(streams[0], times), _shown_at(streams[1], sync.at(times)), strict=True)
    pictures = (
        np.concatenate([_scaled(left, height), _scaled(right, height)], axis=1)
        for left, right in shown
    )
    with VideoFile(out, colours=colours) as file:
        for number, picture in enumerate(pictures):
            file.write(picture, number / rate)


def _shown_at(stream: FrameStream, times: Float64) -> Iterator[UInt8]:
    """The frame on screen at each of the rising times; the first and last hold at the ends."""
    frames = (
        (float(at), frame)
        for batch in stream
        for at, frame in zip(batch.pts_seconds, batch.frames, strict=True)
    )
    _, current = next(frames)
    coming = next(frames, None)
    for time in times.tolist():
        while coming is not None and coming[0] <= time + 1e-6:
            current, coming = coming[1], next(frames, None)
        yield current


def _scaled(frame: UInt8, height: int) -> UInt8:
    from PIL import Image

    width = max(2, round(frame.shape[1] * height / frame.shape[0]) // 2 * 2)
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BILINEAR))
