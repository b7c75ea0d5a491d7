"""A small ActionAtlas: rendered clips, metadata with its fields, and a local web site."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.colour_model import RGB, save_colour_model
from tests.loopback import LoopbackServer

FPS = 20


def render(path: Path, colours, *, fps: int = FPS, size=(64, 96)):
    """H.264 in MP4 of whole-frame colours, one second each; the index comes first in the file."""
    height, width = size
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"crf": "10", "threads": "1", "g": "10"}
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.time_base = Fraction(1, fps)
        for i in range(len(colours) * fps):
            frame = np.full((height, width, 3), RGB[colours[i // fps]], np.uint8)
            frame[::2, :: 2 + i % 3] //= 2  # something for the coder to do
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture = picture.reformat(format="yuv420p")  # see the note in atlas/_clips.py
            picture.pts, picture.time_base = i, Fraction(1, fps)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def polygon(left, top, right, bottom):
    vertices = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {"description": "caption", "bounding_poly": {"vertices": vertices}}


def entry(sample_id, youtube_id, start, end, **changes):
    """One metadata entry with ActionAtlas's fields."""
    choices = changes.pop("choices", ["jump shot", "layup", "360 flip", "hook shot"])
    row = {
        "id": sample_id,
        "youtube_id": youtube_id,
        "action": choices[0],
        "domain": "basketball",
        "question": "What does the person in red do?",
        "answer": 1,
        "choices_str": "\n".join(f"{i}. {c}" for i, c in enumerate(choices, 1)),
        "choice_descriptions": [f"how to {c}" for c in choices],
        "start_timestamp": start,
        "end_timestamp": end,
        "youtube_metadata": {"title": "SECRET jump shot"},
        "frames_to_obfuscate": {},
    }
    return {**row, **changes}


# By colours: good1 is red, green, blue; good2 is blue, red. The last answer is wrong on purpose.
ENTRIES = [
    entry(
        "first",
        "good1",
        0.5,
        1.5,
        frames_to_obfuscate={"1": [polygon(60, 30, 200, 60)], "2": None, "3": []},
    ),
    entry("second", "good1", 1.5, 2.5, answer=3),
    entry("dead link", "dead", 0, 1),
    entry("private", "private", 0, 1),
    entry("cut short", "broken", 1.5, 3),
    entry("no script", "good2", 0, 1, choices=["jump shot", "unheard-of move"]),
    entry("clipped end", "good2", 0.5, 99, answer=4),
    entry("bad answer", "good2", 0, 1, answer=9),
    entry("two candidates", "good2", 0.5, 1.5, choices=["layup", "hook shot"], answer=1),
]

BANK = {
    "domain": "basketball",
    "scripts": {
        "jump shot": ["red", "green"],
        "layup": ["green", "red"],
        "360 flip": ["green", "blue"],
        "hook shot": ["blue", "red"],
    },
}


def make_world(folder: Path) -> Path:
    """Videos for the site, `metadata.json`, `bank.json` and an encoder in a folder."""
    site = folder / "site"
    render(site / "good1.mp4", ["red", "green", "blue"])
    render(site / "good2.mp4", ["blue", "red"])
    whole = render(folder / "whole.mp4", ["red", "green", "blue"]).read_bytes()
    (site / "broken.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    (folder / "metadata.json").write_text(json.dumps(ENTRIES))
    (folder / "bank.json").write_text(json.dumps(BANK))
    save_colour_model(folder / "model")
    return folder


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, *, body):
        name = self.path.strip("/")
        if self.server.seen is not None and body:
            self.server.seen.append(name)
        if name.startswith("private"):
            return self.send_error(403)
        path = self.server.folder / name
        if not path.is_file():
            return self.send_error(404)
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)
        return None


@contextmanager
def serve(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The site on a loopback port: the URL template, and the list of files asked for."""
    server = LoopbackServer(("127.0.0.1", 0), _Handler)
    server.folder = folder / "site"
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{{youtube_id}}.mp4", server.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
