"""A web service that embeds images and texts, such as vLLM or Infinity (extra `llm`).

A name is `http://HOST/v1#MODEL`. Frames are sent there as JPEGs, texts unchanged, and nothing is
sent elsewhere. Every embedding is kept in the user's cache, so that none is requested twice.

Two forms of `/embeddings` are known: "messages", one chat turn per request (vLLM), and "input", a
list of texts or of data URLs with their modality (Infinity). The first one that the service accepts
is used. "messages" is tried first, since a service that ignores the modality would embed the data
URL as text.
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
from PIL import Image

from actalign.addresses import plain_address
from actalign.arguments import check_frames
from actalign.encoder_info import EncoderInfo
from actalign.encoders._process import OnePerProcess
from actalign.encoders._text_cache import keep_rows, opened, stored_rows
from actalign.errors import EncoderError, EncoderUsageError, UsageError, VideoError
from actalign.files import cache_folder
from actalign.services import Asked, Told, client, explain, read_api_key
from actalign.types import Float32, TextWarning, UInt8

logger = logging.getLogger(__name__)

MOST_PIXELS = 512
"""Longest side of an image, in pixels; most models scale larger ones down."""
JPEG_QUALITY = 95
PROBE = "a person"
"""Text that is embedded first, to find the form and the length of the vectors."""
TIMEOUT_SECONDS, MAX_RETRIES, AT_ONCE = 60.0, 4, 8
Form = Literal["messages", "input"]
Kind = Literal["text", "image"]


class _RefusedError(EncoderError):
    """The service rejects the content of a request, not the sender."""


class ServiceEncoder(OnePerProcess):
    """A service's model as an `Encoder`. It has no scale, so candidates are compared by cosine.

    The fingerprint covers the address, the model's name and how images are made; it doesn't notice
    if a service changes the weights behind a name.
    """

    def __init__(self, name: str, *, batch_size: int | None = None) -> None:
        """Use `ADDRESS#MODEL`; raises EncoderError if it doesn't answer, UsageError for an invalid
        name."""
        address, _, model = name.partition("#")
        address = plain_address(address)
        if not model:
            raise UsageError(f"{address} names no model; write {address}#MODEL.")
        try:
            import openai  # noqa: F401
        except ImportError:
            raise EncoderUsageError(
                "The openai package is not installed; install it with `pip install "
                "'actalign[llm]'` to use an embedding service."
            ) from None
        self._address, self._model, self.batch_size = address, model, batch_size or 16
        self._asked = Asked(
            address,
            model,
            TIMEOUT_SECONDS,
            MAX_RETRIES,
            Told(address="the address in the model's name"),
            offers="embeddings",
            key=read_api_key(),
        )
        self._client = client(self._asked)
        settings = f"{address}\0{model}\0{MOST_PIXELS}\0{JPEG_QUALITY}"
        self._cached_as = hashlib.sha256(settings.encode()).hexdigest()[:16]
        self._cache = cache_folder() / "embeddings.sqlite"
        logger.warning("Frames and texts are sent to %s.", address)
        self._form: Form = "messages"
        dim = self._find_form()
        self.info = EncoderInfo(
            model_id=f"{address}#{model}",
            fingerprint=self._cached_as,
            dim=dim,
            logit_scale=None,
            logit_bias=None,
            dtype="service",
        )

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each by itself, as (T, D) float32.

        Raises VideoError if the service refuses an image, EncoderError if it fails.
        """
        check_frames(frames)
        pictures = [_jpeg(frame) for frame in frames]
        names = [f"image {hashlib.sha256(one).hexdigest()}" for one in pictures]
        urls = [f"data:image/jpeg;base64,{base64.b64encode(one).decode()}" for one in pictures]
        try:
            return self._embed("image", urls, names)
        except _RefusedError as error:
            raise VideoError(str(error)) from None

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; raises EncoderError if the service fails."""
        return self._embed("text", list(texts), [f"text {text}" for text in texts])

    def text_warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """No warnings, as only the service knows how many tokens it reads."""
        return []

    def _embed(self, kind: Kind, inputs: list[str], names: list[str]) -> Float32:
        """Rows of the inputs, from the cache or the service; answers are stored as they arrive."""
        with opened(self._cache) as file:
            found = stored_rows(file, self._cached_as, set(names))
        found = {name: row for name, row in found.items() if len(row) == self.info.dim}
        wanted = {n: one for n, one in zip(names, inputs, strict=True) if n not in found}
        at_once = 1 if self._form == "messages" else self.batch_size
        missing = list(wanted)
        parts = [missing[start : start + at_once] for start in range(0, len(missing), at_once)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = [pool.submit(self._ask, kind, [wanted[n] for n in part]) for part in parts]
            try:
                for part, answer in zip(parts, asked, strict=True):
                    rows = self._checked(answer.result(), len(part), self.info.dim)
                    new = dict(zip(part, rows, strict=True))
                    with opened(self._cache) as file:
                        keep_rows(file, self._cached_as, new)
                    found |= new
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        empty = np.empty((0, self.info.dim), np.float32)
        return np.stack([found[name] for name in names]) if names else empty

    def _find_form(self) -> int:
        """Choose the first form that the service accepts; returns the length of its vectors."""
        try:
            answer = self._ask("text", [PROBE])
        except _RefusedError:
            self._form = "input"
            answer = self._ask("text", [PROBE])
        return self._checked(answer, 1, None).shape[1]

    def _ask(self, kind: Kind, inputs: list[str]) -> object:
        """The service's answer to one request; raises EncoderError."""
        import openai

        body: dict[str, Any] = {"model": self._model, "encoding_format": "float"}
        if self._form == "input":
            body |= {"input": inputs, "modality": kind}
        else:
            [one] = inputs
            part = {"type": "text", "text": one}
            if kind == "image":
                part = {"type": "image_url", "image_url": {"url": one}}  # type: ignore[dict-item]
            body["messages"] = [{"role": "user", "content": [part]}]
        try:
            return self._client.post("/embeddings", body=body, cast_to=object)
        except openai.OpenAIError as error:
            said, _ = explain(error, self._asked)
            refused = getattr(error, "status_code", None) in (400, 422)
            # "from None": the SDK's own message may contain the key, echoed by a server
            raise (_RefusedError if refused else EncoderError)(said) from None
        except (ValueError, RecursionError) as error:
            raise self._strange(error) from None

    def _checked(self, answer: object, count: int, dim: int | None) -> Float32:
        """The (count, D) rows of an answer, in the order of its inputs; raises EncoderError."""
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list) or len(data) != count:
            raise self._strange(f"not {count} embeddings")
        try:
            if sorted(one["index"] for one in data) != list(range(count)):
                raise self._strange("indices that are not those of what was asked")
            ordered = sorted(data, key=lambda one: one["index"])
            with np.errstate(over="ignore"):  # infinity, which is reported below
                rows = np.array([one["embedding"] for one in ordered], np.float32)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            said = self._asked.short(error, 80)
            raise self._strange(f"something that is not a list of numbers ({said})") from None
        if rows.ndim != 2 or rows.shape[1] == 0 or not np.isfinite(rows).all():
            raise self._strange("vectors that are empty or contain numbers that are not finite")
        if dim is not None and rows.shape[1] != dim:
            raise self._strange(f"vectors of {rows.shape[1]} numbers, but returned {dim} before")
        return rows

    def _strange(self, what: object) -> EncoderError:
        return EncoderError(
            f"{self._address} answered with {self._asked.short(what)}; check that it embeds "
            f"with {self._model!r} and that this address ends as it should (usually /v1)."
        )


def _jpeg(frame: UInt8) -> bytes:
    """The frame as a JPEG without chroma subsampling, its longer side at most MOST_PIXELS."""
    image = Image.fromarray(frame)
    image.thumbnail((MOST_PIXELS, MOST_PIXELS), Image.Resampling.BICUBIC)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return data.getvalue()
