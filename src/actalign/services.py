"""OpenAI-compatible web services: limits on their answers, their key, and their errors."""

from __future__ import annotations

import os
import re
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from actalign.documents import one_line, read_text
from actalign.errors import UsageError

if TYPE_CHECKING:
    import openai

T = TypeVar("T")
MOST_BYTES, MOST_FILE_BYTES = 32 << 20, 1 << 30
"""Maximum size of one answer, and of a file, such as all answers of a batch."""
SILENCES, FILE_SILENCES = 10, 60
"""A whole answer, and a file, may take this many times as long as a silence."""


FAULT = "actalign"
"""Key in the extensions of a replacement response, for a sentence on the real one's fault."""


KEY_OR_FILE = "OPENAI_API_KEY or the file given with --api-key-file"


@dataclass(frozen=True, slots=True)
class Told:
    """How messages name what sets a service's address, key and time-out in the current command."""

    address: str = "--base-url"
    key: str = "OPENAI_API_KEY"
    or_wait: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a service, to explain what went wrong with it.

    timeout_seconds, max_retries: of the SDK; a service may be silent for this long, and its whole
    answer may take SILENCES times that. offers: what it should provide. key: must not appear in any
    message.
    """

    address: str
    model: str
    timeout_seconds: float
    max_retries: int
    told: Told = Told()
    offers: str = "chat completions"
    key: SecretStr | None = None

    def short(self, value: object, limit: int = 300) -> str:
        """The text of a value on one line, without the key, cut after ``limit`` characters.

        In this order, as the rest of a key that is cut in two would not be recognised.
        """
        text = one_line(redact(str(value), self.key)).rstrip(".")
        return text if len(text) <= limit else text[:limit] + "..."


def client(asked: Asked) -> openai.OpenAI:
    """Connections to the service, without following redirects, as what is sent would go there. An
    answer that is too large or takes too long is an error for `explain`."""
    import openai

    # A compressed answer of a few bytes could become a very large one.
    http = _bounded(asked)(
        timeout=asked.timeout_seconds,
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
    )
    made = openai.OpenAI(
        api_key=asked.key.get_secret_value() if asked.key else "none",
        base_url=asked.address,
        timeout=asked.timeout_seconds,
        max_retries=asked.max_retries,
        http_client=http,
    )
    weakref.finalize(made, http.close)  # the SDK only closes its own client
    return made


def _bounded(asked: Asked) -> Any:
    """The SDK's class of HTTP clients, with limits on the size and time of answers."""
    import openai

    sdks: Any = openai.DefaultHttpxClient
    http = import_module(sdks.__base__.__module__.partition(".")[0])  # httpx, later httpx2

    def instead(request: Any, said: str) -> Any:
        """A response that replaces an answer, so that the SDK raises and doesn't try again."""
        never = {"x-should-retry": "false"}
        of_ours = {FAULT: f"{asked.address} {said}."}
        return http.Response(502, headers=never, request=request, extensions=of_ours)

    class Bounded(sdks):  # type: ignore[misc]
        def send(self, request: Any, **options: Any) -> Any:
            """The whole answer, already read."""
            is_file = re.search(r"/files(/[^/]+/content)?$", request.url.path)
            silences = FILE_SILENCES if is_file else SILENCES
            most = MOST_FILE_BYTES if is_file else MOST_BYTES
            seconds = silences * request.extensions["timeout"]["read"]
            until = time.monotonic() + seconds
            try:
                return within(seconds, lambda: self._read(request, most, until, options))
            except TimeoutError:
                said = f"sent no complete answer within {seconds:g} s; try again later"
                return instead(request, said + asked.told.or_wait)

        def _read(self, request: Any, most: int, until: float, options: dict[str, Any]) -> Any:
            answer = super().send(request, **{**options, "stream": True})
            whole = bytearray()
            try:
                if answer.headers.get("content-encoding", "identity") != "identity":
                    said = "compressed its answer, although it was asked not to"
                    return instead(request, f"{said}; check {asked.told.address}")
                for part in answer.iter_raw():
                    whole += part
                    if len(whole) > most:
                        said = f"answered with more than {most >> 20} MiB"
                        return instead(request, f"{said}; check {asked.told.address}")
                    if time.monotonic() > until:
                        raise TimeoutError
            finally:
                answer.close()
            return http.Response(
                answer.status_code,
                headers=answer.headers,
                content=bytes(whole),
                request=request,
                extensions=answer.extensions,
            )

    return Bounded


def within(seconds: float, ask: Callable[[], T]) -> T:
    """What ``ask`` returns or raises; raises TimeoutError after this many seconds.

    For operations without their own time-out, such as looking up a name, or headers that arrive
    byte by byte. After a time-out, they continue in their own thread, which doesn't keep the
    program from exiting.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True, name="asks a service").start()
    try:
        return answer.result(seconds)
    except TimeoutError as error:
        if answer.done():  # its own error
            raise
        raise TimeoutError(f"no complete answer within {seconds:g} s") from error


def read_api_key(file: str | Path | None = None) -> SecretStr | None:
    """The key from ``file`` (its whole text, stripped), else from OPENAI_API_KEY, else None."""
    if file is None:
        key, where = os.environ.get("OPENAI_API_KEY", "").strip(), "OPENAI_API_KEY"
        if not key:
            return None
    else:
        try:
            key, where = read_text(file).strip(), f"The API key file {file}"
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise UsageError(f"The API key file {file} can't be read: {reason}.") from None
    if len(key.split()) != 1:
        raise UsageError(f"{where} must contain a single line with a single key.")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(f"{where} contains characters that no key has; copy the key again.")
    return SecretStr(key)


def redact(text: str, key: SecretStr | None) -> str:
    """``text`` without the key, or parts of an OpenAI key that a server echoes."""
    if key is not None:
        text = text.replace(key.get_secret_value(), "[API key]")
    return re.sub(r"\bsk-[\w*.-]{4,}", "[API key]", text)


def spent(given: int, written: int, cost: float | None) -> str:
    """Tokens that went in and came out, and their price in USD where it is known, in words."""
    return f"{given} tokens in, {written} out" + ("" if cost is None else f", {cost:.4f} USD")


def explain(error: Exception, asked: Asked) -> tuple[str, bool]:
    """One sentence for the user, without the key, and whether other requests would fail too."""
    import openai

    at, tries = asked.address, asked.max_retries + 1
    if isinstance(error, openai.APITimeoutError):
        return (
            f"{at} sent no answer within {asked.timeout_seconds:g} s, {tries} times; "
            f"try again later{asked.told.or_wait}."
        ), False
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__
        detail = f" ({type(cause).__name__}: {asked.short(cause)})" if cause else ""
        return (
            f"The connection to {at} failed or broke off{detail}, {tries} times; "
            f"check {asked.told.address} and the network."
        ), False
    if not isinstance(error, openai.APIStatusError):
        return f"The request to {at} failed ({type(error).__name__}: {asked.short(error)}).", False
    if FAULT in error.response.extensions:
        return error.response.extensions[FAULT], False
    status, said = error.status_code, asked.short(_server_message(error))
    if 300 <= status < 400:
        place = asked.short(error.response.headers.get("location", "nowhere"))
        return (
            f"{at} redirects to {place}, but nothing is sent there; if that is right, give that "
            f"address as {asked.told.address}."
        ), True
    if status == 401:
        return f"{at} refused the API key; check {asked.told.key}.", True
    if status == 403:
        return f"{at} does not let this key use {asked.model!r}: {said}.", True
    if status == 404:
        return (
            f"{at} has no model {asked.model!r} or offers no {asked.offers}: {said}; "
            f"check the model's name and {asked.told.address}."
        ), True
    if status == 429:
        wait = error.response.headers.get("retry-after")
        return (
            f"{at} refused the request because of a rate limit or missing credit: {said}"
            + (f" (it asks you to wait {asked.short(wait)} s)" if wait else "")
            + "; run the same command later (existing answers are kept)."
        ), False
    return f"{at} answered with status {status}: {said}.", False


def _server_message(error: openai.APIStatusError) -> object:
    body = error.body
    if isinstance(body, dict):
        return body.get("message") or body.get("error") or body
    return body or error.message
