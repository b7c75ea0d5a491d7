"""Frames and clips of plain colours, which `colour_model` knows."""

from pathlib import Path

import av
import numpy as np

from tests.colour_model import RGB
from tests.media import add_sound

CANDIDATES = [
    {"label": "sunrise", "steps": ["black", "red", "yellow"]},
    {"label": "sunset", "steps": ["yellow", "red", "black"]},
]
"""Candidates of a request to the page's API."""


def colour_frames(names, each=10, size=(48, 64)):
    """(T, H, W, 3) RGB frames, so many of each colour."""
    return np.concatenate(
        [np.tile(np.array(RGB[name], np.uint8), (each, *size, 1)) for name in names]
    )


def write_colours(path: Path, names, each=10, fps=10, *, sound_seconds=0) -> Path:
    """A real H.264 clip of `colour_frames`, and sound if asked; the suffix says the container."""
    return write_frames(path, colour_frames(names, each), fps, sound_seconds=sound_seconds)


def write_frames(path: Path, frames, fps=10, *, sound_seconds=0) -> Path:
    """A real H.264 clip of (T, H, W, 3) RGB frames."""
    with av.open(str(path), "w", options={"max_interleave_delta": "0"}) as container:
        stream = container.add_stream("libx264", rate=fps, options={"g": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = *frames.shape[2:0:-1], "yuv420p"
        if sound_seconds:
            add_sound(container, seconds=sound_seconds)
        for image in frames:
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path
