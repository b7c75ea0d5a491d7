"""A vision chat on loopback that looks at the JPEGs it is sent, and likes some letters too much.

It decodes every picture and reads its colour. An option is the likelier the more of its typical
steps are seen in their order; `bias` is then added to the letters, whatever they mean.
"""

from __future__ import annotations

import base64
import io
import json
import math
import re

from PIL import Image

from tests.colour_model import RGB
from tests.llm_server import Behaviour, LLMServer, Reply, completion


def colour_of(jpeg: bytes) -> str:
    """The name of the colour in the middle of a picture."""
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        middle = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    return min(RGB, key=lambda name: math.dist(RGB[name], middle))


class VisionServer(LLMServer):
    """bias: added to each letter's log-probability. logprobs: whether it gives any.

    behaviours: what to do with the next requests, in turn; it looks at all others. top_most: it
    refuses requests for more log-probabilities.
    """

    def __init__(self, *, bias=(), logprobs=True, top_most=20) -> None:
        super().__init__()
        self.bias = bias
        self.logprobs = logprobs
        self.top_most = top_most
        self.behaviours: list[Behaviour] = []
        self.seen: list[list[str]] = []
        self.captions: list[list[str]] = []

    def chat(self, body: dict) -> Reply:
        with self.lock:
            behave = self.behaviours.pop(0) if self.behaviours else None
        return behave(body) if behave is not None else self.look(body)

    def look(self, body: dict) -> Reply:
        parts = body["messages"][0]["content"]
        *shown, question = parts
        data = [p["image_url"]["url"] for p in shown if p["type"] == "image_url"]
        prefix = "data:image/jpeg;base64,"
        assert all(url.startswith(prefix) for url in data)
        seen = [colour_of(base64.b64decode(url.removeprefix(prefix))) for url in data]
        with self.lock:
            self.seen.append(seen)
            self.captions.append([p["text"] for p in shown if p["type"] == "text"])
        scores = {}
        options = re.findall(r"^([A-H])\. .+(?:\n   Typical steps: (.+))?$", question["text"], re.M)
        for place, (letter, steps) in enumerate(options):
            wanted = re.findall(r"\(\d+\) (\w+)", steps)
            liked = self.bias[place] if place < len(self.bias) else 0.0
            scores[letter] = in_order(wanted, seen) + liked
        total = math.log(sum(map(math.exp, scores.values())))
        said = max(scores, key=scores.__getitem__)
        whole = completion(body, said)
        if self.logprobs and body.get("logprobs"):
            listed = [
                {"token": letter, "logprob": value - total, "bytes": None}
                for letter, value in scores.items()
            ]
            token = {"token": said, "logprob": scores[said] - total, "bytes": None}
            whole["choices"][0]["logprobs"] = {"content": [{**token, "top_logprobs": listed}]}
        return Reply(body=json.dumps(whole).encode())


def in_order(wanted: list[str], seen: list[str]) -> int:
    """The length of the longest common subsequence of two lists."""
    best = [0] * (len(seen) + 1)
    for one in wanted:
        before = list(best)
        for n, other in enumerate(seen, start=1):
            best[n] = before[n - 1] + 1 if one == other else max(before[n], best[n - 1])
    return best[-1]
