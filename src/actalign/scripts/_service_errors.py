"""What went wrong at a language model's service, in one sentence: the SDK's errors explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openai

    from actalign.scripts._llm import LLMConfig


def explain(error: Exception, at: str, config: LLMConfig) -> tuple[str, bool]:
    """One sentence for the user, and whether every other request would fail likewise.

    at: the service's address. The sentence may still hold the key, as the server echoed it.
    """
    import openai

    tries = config.max_retries + 1
    if isinstance(error, openai.APITimeoutError):
        return (
            f"{at} sent no answer within {config.timeout_seconds:g} s, {tries} times; "
            "try again later or raise --timeout."
        ), False
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__
        detail = f" ({type(cause).__name__}: {short(cause)})" if cause else ""
        return (
            f"The connection to {at} failed or broke off{detail}, {tries} times; "
            "check --base-url and the network."
        ), False
    if not isinstance(error, openai.APIStatusError):
        return f"The request to {at} failed ({type(error).__name__}: {short(error)}).", False
    status, said = error.status_code, short(_server_message(error))
    if status == 401:
        return (
            f"{at} refused the API key; check OPENAI_API_KEY or the file given with --api-key-file."
        ), True
    if status == 403:
        return f"{at} does not let this key use {config.model!r}: {said}.", True
    if status == 404:
        return (
            f"{at} has no model {config.model!r} or no chat completions: {said}; "
            "check the model's name and --base-url."
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
