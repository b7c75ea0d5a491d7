"""The frames of a second look: the times that the alignment chooses, and their images."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from actalign.errors import VideoError
from actalign.scripts._chat import Picture
from actalign.types import Candidate, ClipEmbedding, FrameBatch
from actalign.video import sample_frames
from actalign.video._worker import DecodeProcess

MOST_FRAMES = 12
MOST_PIXELS = 512
"""Longest side of an image, in pixels: services charge by size, and scale larger ones down."""
JPEG_QUALITY = 85


def best_times(clip: ClipEmbedding, candidates: Sequence[Candidate]) -> list[float]:
    """The times of the best-fitting frame for each step of each candidate: seconds, increasing.

    Of a step's frames on the alignment path, the one with the highest affinity is chosen, the
    earliest of equal ones. If there are more than MOST_FRAMES, that many are taken at even
    intervals. Candidates without an alignment contribute none; if no candidate has one, frames are
    spread evenly over the clip.
    """
    chosen: set[int] = set()
    for candidate in candidates:
        if candidate.alignment is not None:
            affinity = candidate.alignment.affinity
            for k, (start, end) in enumerate(candidate.alignment.intervals.tolist()):
                chosen.add(start + int(affinity[start:end, k].argmax()))
    frames = sorted(chosen) or list(range(len(clip.pts_seconds)))
    if len(frames) > MOST_FRAMES:
        kept = np.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int)
        frames = [frames[i] for i in kept]
    found: list[float] = clip.pts_seconds[frames].tolist()
    return found


def pictures_at(
    video: str | Path | FrameBatch, times: Sequence[float], decoder: DecodeProcess
) -> tuple[Picture, ...]:
    """The frames on screen at these times, in order of time; raises VideoError, UsageError.

    video: a file or a folder of images, which ``decoder`` reads, or frames.
    """
    from PIL import Image

    if isinstance(video, FrameBatch):
        stream = sample_frames(video, at_seconds=list(times), max_side=MOST_PIXELS)
    else:
        stream = decoder.sample_frames(video, at_seconds=list(times), max_side=MOST_PIXELS)
    found: list[Picture] = []
    for batch in stream:
        for frame, seconds in zip(batch.frames, batch.pts_seconds.tolist(), strict=True):
            data = io.BytesIO()
            Image.fromarray(frame).save(data, "JPEG", quality=JPEG_QUALITY)
            caption = f"Frame {len(found) + 1}, at {seconds:.2f} s:"
            found.append(Picture(caption, data.getvalue()))
    if not found:
        raise VideoError(f"No frame of {video} can be decoded at the chosen times.")
    return tuple(found)
