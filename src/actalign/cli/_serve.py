"""`actalign serve`: the explorer, a page on this machine."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Annotated

import typer

from actalign.cli._candidates import LanguageModelOptions
from actalign.cli._grouped import grouped
from actalign.cli._options import (
    BodyModelOptions,
)
from actalign.errors import UsageError


@grouped
def serve(
    model: BodyModelOptions,
    llm: LanguageModelOptions,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(help="File with the token to ask for; beyond loopback one is made up."),
    ] = None,
) -> None:
    """Open the explorer: align clips in the browser, on this machine."""
    try:
        import uvicorn

        from actalign.web import LOOPBACK, Explorer, create_app
    except ImportError as error:
        raise UsageError(
            f"The explorer needs more packages ({error}); run `pip install 'actalign[web]'`."
        ) from error
    from actalign.classifier import ActAlign

    config = llm.config()
    token = None if token_file is None else _token(token_file)
    if token is None and host not in LOOPBACK:
        token = secrets.token_urlsafe(24)
    classifier = ActAlign(model.choice.load())
    app = create_app(
        Explorer(lambda: classifier), model=model.model, llm=config, token=token, host=host
    )
    port = port or _free_port(host)
    named = f"[{host}]" if ":" in host else host
    query = f"?token={token}" if token else ""
    print(f"actalign explorer: http://{named}:{port}/{query}  (stop with Ctrl+C)", flush=True)
    uvicorn.run(app, host=host, port=port, log_level="warning")


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        found: int = probe.getsockname()[1]
    return found


def _token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The token file {path} can't be read: {error}.") from error
    if len(token) < 16:
        raise UsageError(f"The token in {path} is shorter than 16 characters; use a longer one.")
    return token
