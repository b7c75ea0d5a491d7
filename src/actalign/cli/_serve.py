"""`actalign serve`: the explorer, a page on this machine."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actalign.cli._candidates import LanguageModelOptions
from actalign.cli._grouped import grouped
from actalign.cli._model_options import BodyModelOptions
from actalign.cli._scoring_options import ScorerOptions
from actalign.documents import read_text
from actalign.errors import UsageError, reason_of
from actalign.program import stopped_with

if TYPE_CHECKING:
    from actalign.background import Background
    from actalign.classifier import ActAlign
    from actalign.encoders import Encoder

GRACEFUL_SECONDS = 3
"""How long requests under way, such as uploads, may take when the server is stopped."""


@grouped
def serve(
    model: BodyModelOptions,
    scoring: ScorerOptions,
    llm: LanguageModelOptions,
    clips: Annotated[
        Path | None,
        typer.Argument(
            help="Folder whose videos the page shows; corrections are saved in its truth.jsonl."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the access token to require; beyond loopback one is generated "
            "by default."
        ),
    ] = None,
) -> None:
    """Serve the explorer, a page on this machine: classify clips, and correct what is wrong."""
    try:
        import uvicorn

        from actalign.web import LOOPBACK, MOST_HEAD_BYTES, Explorer, create_app
    except ImportError as error:
        raise UsageError(
            f"The explorer needs more packages ({error}); run `pip install 'actalign[web]'`."
        ) from error
    config = llm.config()
    scoring.check(where="on the page", clips=False)
    background = scoring.read_background()
    given = None if token_file is None else _token(token_file)
    made = secrets.token_urlsafe(24) if given is None and host not in LOOPBACK else None
    with _listen(host, port) as listening:
        classifier = _classifier(model.choice.load(), scoring, background)
        app = create_app(
            Explorer(classifier, clips=clips),
            model=model.choice.model,
            llm=config,
            token=given or made,
            host=host,
        )
        named = f"[{host}]" if ":" in host else host
        query = f"?token={made}" if made else ""
        if given:  # a secret that others may see on this screen or in a log
            query = f"?token=TOKEN  (the token in {token_file})"
        # The system keeps who asks now waiting until uvicorn takes them, instead of refusing them.
        listening.listen()
        address = f"http://{named}:{listening.getsockname()[1]}/{query}"
        print(f"actalign explorer: {address}  (stop with Ctrl+C)", flush=True)
        settings = uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancelling)
        with stopped_with(lambda: print("stopped", file=sys.stderr)):
            uvicorn.Server(settings).run(sockets=[listening])


def _classifier(
    encoder: Encoder, scoring: ScorerOptions, background: Background | None
) -> ActAlign:
    """The page's classifier; raises UsageError and EncoderError for what the encoder can't do."""
    from actalign.alignment._confidence import temperatures_of
    from actalign.alignment._texts import NEEDS_BACKGROUND
    from actalign.classifier import ActAlign
    from actalign.clips import open_store_or_cache

    if background:
        background.checked(encoder.info)
    classifier = ActAlign(encoder, scorer=scoring.scorer, background=background)
    scorer = classifier.scorer
    if scorer.needs_background and classifier.background is None:
        raise UsageError(f"The scorer {scorer.name} {NEEDS_BACKGROUND}")
    scoring.check_background([scorer], background)
    temperatures = temperatures_of(scoring.temperatures, [scorer.name], scorer.name)
    classifier.temperature = temperatures.get(scorer.name)
    notes: list[str] = []
    classifier.store = open_store_or_cache(None, notes)
    for note in notes:
        print(note, file=sys.stderr)
    return classifier


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, before anything is loaded; raises UsageError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as failed:
            bound = failed.enter_context(socket.socket(family, kind, protocol))
            if os.name == "posix":
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            failed.pop_all()
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} of {host} is in use; give another --port, or 0 for a free one."
            ) from None
        reason = reason_of(error)
        raise UsageError(
            f"The explorer can't listen on {host}, port {port}: {reason}; give another --host or "
            "--port."
        ) from None
    return bound


def _is_no_cancelling(record: logging.LogRecord) -> bool:
    """Whether a line of the log is anything else than a request that the server's end cut off."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _token(path: Path) -> str:
    try:
        token = read_text(path).strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"The token file {path} can't be read: {reason_of(error)}.") from error
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError(
            f"The token in {path} must be one line of ASCII letters, digits and symbols, without "
            "spaces; write another."
        )
    if len(token) < 16:
        raise UsageError(f"The token in {path} is shorter than 16 characters; use a longer one.")
    return token
