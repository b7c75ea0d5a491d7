"""One segment of a source video as a clip file: cut by time, text regions hidden.

Not here: fetching the source (`_download`), and which segments there are (`_metadata`).
"""

from __future__ import annotations

import hashlib
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from actalign.errors import VideoError
from actalign.evaluation.atlas._dataset import file_sha256
from actalign.evaluation.atlas._download import ANNOTATED_HEIGHT, Source
from actalign.evaluation.atlas._metadata import Sample
from actalign.evaluation.atlas._obfuscate import hide_boxes
from actalign.types import UInt8
from actalign.video._readers import open_container, video_stream
from actalign.video._sampling import sample_frames

TIME_BASE = Fraction(1, 90000)
ENCODER_OPTIONS = {"crf": "10", "preset": "veryfast", "bf": "0", "threads": "4"}
"""Near-lossless H.264; no B-frames, so that times stay exact; a fixed thread count, so that one
input always gives one file."""


class SegmentError(VideoError):
    """A segment can't be cut; ``kind`` is "truncated" or "empty segment"."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What the manifest says of a clip; see `_dataset.Entry`."""

    sha256: str
    duration: float
    fps: float
    frames: int
    height: int
    width: int
    hidden_frames: int


def clip_name(sample_id: str) -> str:
    """A file name for a sample's clip: its id where that is safe, else with a hash added."""
    safe = re.sub(r"[^\w.-]+", "_", sample_id).lstrip(".")[:80]
    if safe != sample_id:
        safe += "-" + hashlib.sha256(sample_id.encode()).hexdigest()[:8]
    return f"{safe}.mp4"


def cut_clip(source: Source, sample: Sample, target: Path) -> ClipFacts:
    """Write the segment [start, end) of a source as ``target`` and say what is in it.

    The end is clipped to the source's. Frames keep their times, less the segment's start. Text
    regions are keyed by frame number, 1 for the first frame of the segment; they are scaled when
    the source is not of the height they were drawn on. Raises VideoError when the source can't be
    decoded, is cut short within the segment, or has no frame there.
    """
    if source.path is None:
        raise VideoError(f"The video {source.youtube_id} is not available: {source.reason}.")
    promised = _promised_seconds(source.path)
    if sample.start_seconds >= promised:
        raise SegmentError(
            "empty segment",
            f"The video {source.path} ends at {promised:.2f} s, before the segment "
            f"[{sample.start_seconds:g}, {sample.end_seconds:g}) s.",
        )
    stream = sample_frames(
        source.path, fps=None, start=sample.start_seconds, end=sample.end_seconds, batch_size=8
    )
    temporary = target.with_name(f".{target.stem}.tmp{target.suffix}")
    writer: _Writer | None = None
    number = hidden = 0
    last = sample.start_seconds
    try:
        for batch in stream:
            height, width = batch.frames.shape[1:3]
            annotated = source.annotated_height or min(height, ANNOTATED_HEIGHT)
            writer = writer or _Writer(temporary, height, width)
            for frame, pts in zip(batch.frames, batch.pts_seconds, strict=True):
                number += 1
                boxes = sample.boxes.get(number, ())
                if boxes:
                    frame = hide_boxes(frame, boxes, scale=height / annotated)
                    hidden += 1
                last = float(pts)
                writer.write(frame, last - sample.start_seconds)
        if writer is None:
            raise VideoError(f"The video {source.path} has no frame in the segment.")
        writer.close()
        _check_whole(source.path, sample, promised, last, number)
        temporary.replace(target)
    finally:
        if writer is not None:
            writer.close()
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    duration = float(stream.end_seconds) - sample.start_seconds
    return ClipFacts(
        sha256=file_sha256(target),
        duration=round(duration, 6),
        fps=round(number / duration, 6) if duration > 0 else 0.0,
        frames=number,
        height=writer.height,
        width=writer.width,
        hidden_frames=hidden,
    )


def _check_whole(path: Path, sample: Sample, promised: float, last: float, frames: int) -> None:
    """Raise SegmentError where the last frame is well before the segment's and the video's end."""
    step = (last - sample.start_seconds) / max(1, frames - 1)
    if min(sample.end_seconds, promised) - last > max(0.25, 3 * step):
        raise SegmentError(
            "truncated",
            f"The video {path} is cut short: it promises {promised:.2f} s, but its frames end at "
            f"{last:.2f} s, within the segment [{sample.start_seconds:g}, "
            f"{sample.end_seconds:g}) s.",
        )


class _Writer:
    """H.264 in MP4 from RGB frames with their times."""

    def __init__(self, path: Path, height: int, width: int) -> None:
        import av

        self.height, self.width = height, width
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), "w")
        self._stream = self._container.add_stream("libx264", rate=30, options=ENCODER_OPTIONS)
        self._stream.height, self._stream.width = height, width
        # Chroma at half size needs even sides.
        self._stream.pix_fmt = "yuv444p" if height % 2 or width % 2 else "yuv420p"
        self._stream.time_base = TIME_BASE
        self._stream.codec_context.time_base = TIME_BASE
        self._last = -1
        self._open = True

    def write(self, frame: UInt8, seconds: float) -> None:
        import av

        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        # Converted here: left to the encoder, PyAV reuses one buffer that x264 may still read.
        picture = picture.reformat(format=self._stream.pix_fmt)
        self._last = max(self._last + 1, round(seconds / TIME_BASE))
        picture.pts, picture.time_base = self._last, TIME_BASE
        for packet in self._stream.encode(picture):
            self._container.mux(packet)

    def close(self) -> None:
        if self._open:
            self._open = False
            for packet in self._stream.encode():
                self._container.mux(packet)
            self._container.close()


def _promised_seconds(path: Path) -> float:
    """When the picture ends by the file's own header; infinity where that doesn't say.

    A file that was cut short still promises its whole length. Raises VideoError for a file that
    is no video.
    """
    import av

    with open_container(path) as container:
        stream = video_stream(container, str(path))
        # The container's length may be that of a longer sound track, so the picture's comes first.
        if stream.duration:
            end = float((stream.start_time or 0) + stream.duration) * float(stream.time_base)
            return end - (container.start_time or 0) / av.time_base
        return (container.duration or math.inf) / av.time_base
