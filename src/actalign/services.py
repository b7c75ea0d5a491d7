"""Web services that speak as OpenAI's: their address, their key, and what goes wrong with them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from actalign.documents import read_text
from actalign.errors import UsageError

if TYPE_CHECKING:
    import openai


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a service, to tell what went wrong with it.

    timeout_seconds, max_retries: of the SDK. offers: what it should do. address_option, key_option,
    or_wait: where a user gives the address and the key, and how a longer time-out.
    """

    address: str
    model: str
    timeout_seconds: float
    max_retries: int
    offers: str = "chat completions"
    address_option: str = "--base-url"
    key_option: str = "OPENAI_API_KEY or the file given with --api-key-file"
    or_wait: str = " or raise --timeout"


def plain_address(url: str) -> str:
    """The address without a slash at its end; raises UsageError for one that can't be, or that
    holds a user name, a password or a query."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("The base URL must look like https://host/v1 or http://127.0.0.1:8080/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "The base URL must have no user name, password or query; the key belongs in "
            "OPENAI_API_KEY or in --api-key-file."
        )
    return url.rstrip("/")


def read_api_key(file: str | Path | None = None) -> SecretStr | None:
    """The key from ``file`` (its whole text, stripped), else from OPENAI_API_KEY, else None."""
    if file is None:
        key = os.environ.get("OPENAI_API_KEY", "").strip()
        return SecretStr(key) if key else None
    try:
        key = read_text(file).strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(f"The API key file {file} can't be read: {reason}.") from None
    if not key or len(key.split()) != 1:
        raise UsageError(f"The API key file {file} must contain one line with one key only.")
    return SecretStr(key)


def explain(error: Exception, asked: Asked) -> tuple[str, bool]:
    """One sentence for the user, and whether every other request would fail likewise.

    The sentence may still hold the key, as the server echoed it.
    """
    import openai

    at, tries = asked.address, asked.max_retries + 1
    if isinstance(error, openai.APITimeoutError):
        return (
            f"{at} sent no answer within {asked.timeout_seconds:g} s, {tries} times; "
            f"try again later{asked.or_wait}."
        ), False
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__
        detail = f" ({type(cause).__name__}: {short(cause)})" if cause else ""
        return (
            f"The connection to {at} failed or broke off{detail}, {tries} times; "
            f"check {asked.address_option} and the network."
        ), False
    if not isinstance(error, openai.APIStatusError):
        return f"The request to {at} failed ({type(error).__name__}: {short(error)}).", False
    status, said = error.status_code, short(_server_message(error))
    if status == 401:
        return f"{at} refused the API key; check {asked.key_option}.", True
    if status == 403:
        return f"{at} does not let this key use {asked.model!r}: {said}.", True
    if status == 404:
        return (
            f"{at} has no model {asked.model!r} or no {asked.offers}: {said}; "
            f"check the model's name and {asked.address_option}."
        ), True
    if status == 429:
        wait = error.response.headers.get("retry-after")
        return (
            f"{at} refused the request for its rate limit or credit: {said}"
            + (f" (it asks you to wait {short(wait)} s)" if wait else "")
            + "; run the same command later, existing answers are kept."
        ), False
    return f"{at} answered with status {status}: {said}.", False


def _server_message(error: openai.APIStatusError) -> object:
    body = error.body
    if isinstance(body, dict):
        return body.get("message") or body.get("error") or body
    return body or error.message


def short(value: object, limit: int = 300) -> str:
    """The text of a value on one line, cut off after ``limit`` characters."""
    text = " ".join(str(value).split()).rstrip(".")
    return text if len(text) <= limit else text[:limit] + "..."
