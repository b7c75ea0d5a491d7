"""`actalign serve`: the explorer, a page on this machine."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from actalign.cli._candidates import LanguageModelOptions
from actalign.cli._grouped import grouped
from actalign.cli._model_options import BodyModelOptions
from actalign.documents import read_text
from actalign.errors import UsageError, reason_of

GRACEFUL_SECONDS = 3
"""How long requests under way, such as uploads, may take when the server is stopped."""


@grouped
def serve(
    model: BodyModelOptions,
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
        typer.Option(help="File with the token to ask for; beyond loopback one is made up."),
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
    from actalign.classifier import ActAlign

    config = llm.config()
    given = None if token_file is None else _token(token_file)
    made = secrets.token_urlsafe(24) if given is None and host not in LOOPBACK else None
    with _listen(host, port) as listening:
        classifier = ActAlign(model.choice.load())
        app = create_app(
            Explorer(lambda: classifier, clips=clips),
            model=model.choice.model,
            llm=config,
            token=given or made,
            host=host,
        )
        named = f"[{host}]" if ":" in host else host
        query = f"?token={made}" if made else ""
        if given:  # a secret that others may see on this screen or in a log
            query = f"?token=TOKEN  (the token in {token_file})"
        address = f"http://{named}:{listening.getsockname()[1]}/{query}"
        print(f"actalign explorer: {address}  (stop with Ctrl+C)", flush=True)
        settings = uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancelling)
        uvicorn.Server(settings).run(sockets=[listening])


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
    if len(token) < 16:
        raise UsageError(f"The token in {path} is shorter than 16 characters; use a longer one.")
    return token
