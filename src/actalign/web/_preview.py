"""Writes a clip as a small H.264 file, for browsers that can't play it (HEVC, ProRes, AVI)."""

from __future__ import annotations

from pathlib import Path

from actalign.video._worker import DecodeProcess
from actalign.video._writing import VideoFile

FPS = 15
SIDE = 480
OPTIONS = {"preset": "veryfast", "crf": "26", "bf": "0"}


def write_preview(decoder: DecodeProcess, video: Path, path: Path) -> None:
    """Write at most 480 pixels wide and high, 15 frames a second, no sound; all or nothing.

    The frames keep their times, and the file the colour tags. Raises VideoError for a video that
    can't be decoded.
    """
    colours = decoder.header_of(video).colours
    stream = decoder.sample_frames(video, fps=FPS, max_side=SIDE)
    with VideoFile(path, options=OPTIONS, colours=colours) as file:
        for batch in stream:
            for frame, seconds in zip(batch.frames, batch.pts_seconds, strict=True):
                file.write(frame, float(seconds))
