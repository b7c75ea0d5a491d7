"""A service that embeds, on loopback: it decodes the pictures and looks at their colour."""

from __future__ import annotations

import base64
import io
import json

from PIL import Image

from tests.colour_model import COLOURS
from tests.llm_server import Behaviour, LLMServer, Reply, status


class EmbeddingServer(LLMServer):
    """form: "messages", as vLLM takes pictures, or "input" with a modality, as Infinity does.

    behaviours: what to do with the next requests, in turn. Embeddings are those of the colour
    model: a picture's mean colour, the sum of a text's colours; the last of a batch comes first.
    """

    def __init__(self, form: str = "messages") -> None:
        super().__init__()
        self.form = form
        self.behaviours: list[Behaviour] = []
        self.pictures = 0

    def chat(self, body: dict) -> Reply:
        with self.lock:
            behave = self.behaviours.pop(0) if self.behaviours else None
        return behave(body) if behave is not None else self.embedded(body)

    def embedded(self, body: dict) -> Reply:
        assert body["encoding_format"] == "float"
        if self.form not in body:
            return status(422, f"Field required: {self.form}")(body)
        if self.form == "messages":
            [turn] = body["messages"]
            [part] = turn["content"]
            image = part["type"] == "image_url"
            inputs = [part["image_url"]["url"] if image else part["text"]]
        else:
            inputs, image = body["input"], body["modality"] == "image"
        rows = [self.picture(one) if image else text(one) for one in inputs]
        data = [{"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(rows)]
        return answer(data[::-1])

    def picture(self, url: str) -> list[float]:
        start = "data:image/jpeg;base64,"
        assert url.startswith(start)
        with Image.open(io.BytesIO(base64.b64decode(url.removeprefix(start)))) as image:
            assert max(image.size) <= 512
            mean = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        with self.lock:
            self.pictures += 1
        return [part / 127.5 - 1 for part in mean]


def text(words: str) -> list[float]:
    known = [COLOURS[word] for word in words.split() if word in COLOURS]
    return [float(sum(parts)) for parts in zip(*known, strict=True)] or [0.5, 0.5, 0.5]


def answer(data: object) -> Reply:
    return Reply(body=json.dumps({"object": "list", "model": "m", "data": data}).encode())


def vectors(*rows: object, start: int = 0) -> Behaviour:
    """An answer of exactly these embeddings."""
    data = [{"index": n, "embedding": row} for n, row in enumerate(rows, start)]
    return lambda body: answer(data)
