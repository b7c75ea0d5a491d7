"""Clips of several people, put together from those of one."""

import av
import numpy as np
from PIL import Image

from actalign.demo import demo_clips
from actalign.video import sample_frames

FPS, SIDE = 5, 160
CHOICES = ["clean and press", "shooting"]
STEPS = [
    ["bending forward with straight arms, hands at the knees", "both arms extended to the ceiling"],
    ["knees bent, both hands in front of the chest", "jumping with both arms raised"],
]
QUESTION = [{"label": label, "steps": steps} for label, steps in zip(CHOICES, STEPS, strict=True)]


def two_people():
    """Frames of two people, the first lifts a bar in purple, the second plays in green and red."""
    frames = []
    for clip in demo_clips()[:2]:
        batches = sample_frames(clip.path, fps=FPS, end=4)
        images = [Image.fromarray(frame) for batch in batches for frame in batch.frames]
        frames.append([np.asarray(image.resize((SIDE, SIDE))) for image in images])
    return frames


def scene(width, count, *layers):
    """Frames in which each layer, frames and where their left edge is at a time, hides those
    before it."""
    made = np.full((count, SIDE, width, 3), 110, np.uint8)
    for t, canvas in enumerate(made):
        for frames, place in layers:
            x = place(t)
            low, high = max(0, x), min(width, x + SIDE)
            if low < high:
                canvas[:, low:high] = frames[t % len(frames)][:, low - x : high - x]
    return made


def write(path, frames):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path
