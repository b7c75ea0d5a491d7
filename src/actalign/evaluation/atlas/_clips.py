"""One segment of a source video as a clip file: cut by time, text regions hidden.

Not here: fetching the source (`_download`), and which segments there are (`_metadata`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from actalign.errors import VideoError
from actalign.evaluation.atlas._download import ANNOTATED_HEIGHT, Source
from actalign.evaluation.atlas._metadata import Sample
from actalign.evaluation.atlas._obfuscate import hide_boxes
from actalign.files import file_sha256, file_stem
from actalign.video._containers import open_container, video_stream
from actalign.video._sampling import sample_frames
from actalign.video._writing import VideoFile

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
    """What the manifest says about a clip; see `_dataset.Entry`."""

    sha256: str
    duration: float
    fps: float
    frames: int
    height: int
    width: int
    hidden_frames: int


def clip_name(sample_id: str) -> str:
    """A file name for a sample's clip: its id if that is safe, otherwise with a hash added."""
    return f"{file_stem(sample_id)}.mp4"


def cut_clip(source: Source, sample: Sample, target: Path) -> ClipFacts:
    """Write the segment [start, end) of a source as ``target`` and return its facts.

    The end is clipped to the source's. Frames keep their times, less the segment's start. Text
    regions are keyed by frame number, 1 for the first frame of the segment; they are scaled if the
    source's height is not the one they were drawn on. Raises VideoError if the source can't be
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
    number = hidden = 0
    last = sample.start_seconds
    with VideoFile(target, options=ENCODER_OPTIONS, odd_sides=True) as file:
        for batch in stream:
            height = batch.frames.shape[1]
            annotated = source.annotated_height or min(height, ANNOTATED_HEIGHT)
            for frame, pts in zip(batch.frames, batch.pts_seconds, strict=True):
                number += 1
                boxes = sample.boxes.get(number, ())
                if boxes:
                    frame = hide_boxes(frame, boxes, scale=height / annotated)
                    hidden += 1
                last = float(pts)
                file.write(frame, last - sample.start_seconds)
        _check_whole(source.path, sample, promised, last, number)
    duration = float(stream.end_seconds) - sample.start_seconds
    return ClipFacts(
        sha256=file_sha256(target),
        duration=round(duration, 6),
        fps=round(number / duration, 6) if duration > 0 else 0.0,
        frames=number,
        height=file.height,
        width=file.width,
        hidden_frames=hidden,
    )


def _check_whole(path: Path, sample: Sample, promised: float, last: float, frames: int) -> None:
    """Raise SegmentError if the last frame is well before the segment's and the video's end."""
    step = (last - sample.start_seconds) / max(1, frames - 1)
    if min(sample.end_seconds, promised) - last > max(0.25, 3 * step):
        raise SegmentError(
            "truncated",
            f"The video {path} is cut short: it promises {promised:.2f} s, but its frames end at "
            f"{last:.2f} s, within the segment [{sample.start_seconds:g}, "
            f"{sample.end_seconds:g}) s.",
        )


def _promised_seconds(path: Path) -> float:
    """When the picture ends according to the file's header; infinity if that doesn't say.

    A file that was cut short still promises its whole length. Raises VideoError for a file that is
    not a video.
    """
    import av

    with open_container(path) as container:
        stream = video_stream(container, str(path))
        # The container's length may be that of a longer sound track, so the picture's comes first.
        if stream.duration:
            end = float((stream.start_time or 0) + stream.duration) * float(stream.time_base)
            return end - (container.start_time or 0) / av.time_base
        return (container.duration or math.inf) / av.time_base
