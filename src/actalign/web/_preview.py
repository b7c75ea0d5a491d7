"""A clip as a small H.264 file, for browsers that can't play its own codec (HEVC, ProRes, AVI)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from actalign.video._worker import DecodeProcess

FPS = 15
SIDE = 480
_TICKS = 90_000


def write_preview(decoder: DecodeProcess, video: Path, path: Path) -> None:
    """Write at most 480 pixels wide and high, 15 frames a second, no sound; whole or not at all.

    The frames keep their times. Raises VideoError for a video that can't be decoded.
    """
    import av

    part = path.with_suffix(".part")
    try:
        stream = decoder.sample_frames(video, fps=FPS, max_side=SIDE)
        with av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as file:
            out = None
            for batch in stream:
                for frame, seconds in zip(batch.frames, batch.pts_seconds, strict=True):
                    height, width = (max(2, side // 2 * 2) for side in frame.shape[:2])
                    if out is None:
                        out = file.add_stream("libx264", rate=FPS)
                        out.width, out.height, out.pix_fmt = width, height, "yuv420p"
                        out.options = {"preset": "veryfast", "crf": "26"}
                        out.time_base = Fraction(1, _TICKS)
                    image = av.VideoFrame.from_ndarray(
                        np.ascontiguousarray(frame[: out.height, : out.width]), format="rgb24"
                    )
                    image.pts, image.time_base = round(seconds * _TICKS), Fraction(1, _TICKS)
                    file.mux(out.encode(image))
            if out is not None:
                file.mux(out.encode(None))
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
