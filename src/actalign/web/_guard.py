"""Decides which requests the explorer's server answers: hosts, origins, token, body sizes and file
ranges."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; media-src 'self' blob:; img-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
RANGES = {
    400: "The Range header is malformed; ask for bytes, such as bytes=0-1023.",
    416: "The range begins after the file's end; Content-Range says how long the file is.",
}
COOKIE = "actalign_token"
JSON_BYTES = 8_000_000
"""More than any valid request has, except an upload."""
DRAIN_SECONDS = 30.0
"""How long at most the rest of a refused body is taken in, for clients that send all of it before
they read the answer."""
SILENT_SECONDS = 2.0
"""How long such a client may send nothing."""


def guard(app: FastAPI, *, token: str | None, host: str) -> None:
    """Refuse foreign hosts and origins, and requests without the token; add security headers."""

    app.add_middleware(BodyLimit)

    def refusal(request: Request) -> tuple[int, str] | None:
        named = request.headers.get("host", "")
        if host in LOOPBACK and (urlsplit(f"//{named}").hostname or "") not in LOOPBACK:
            return 403, "This server answers only on 127.0.0.1 and localhost."
        origin = request.headers.get("origin")
        foreign = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if (origin is not None and urlsplit(origin).netloc != named) or (
            foreign and request.url.path != "/"
        ):
            return 403, "Requests from other sites are refused."
        if token is None:
            return None
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = given or request.cookies.get(COOKIE, "")
        if request.url.path == "/":
            given = request.query_params.get("token") or given
        if not secrets.compare_digest(given.encode(), token.encode()):
            return 401, (
                "The token is missing or wrong; open the address with the token that the server "
                "printed, or send the header Authorization: Bearer TOKEN."
            )
        return None

    @app.middleware("http")
    async def answered(
        request: Request, proceed: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        try:
            refused = refusal(request)
        except ValueError:
            refused = 400, "The Host or Origin header is malformed."
        if refused:
            answer: Response = JSONResponse({"error": refused[1]}, refused[0])
        else:
            answer = _ranged(request, await proceed(request))
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    app.add_middleware(Draining)
    app.add_middleware(Ending)  # the last one added is the outermost


def _ranged(request: Request, answer: Response) -> Response:
    """The answer, or a sentence as JSON if a range can't be given, which Starlette reports in plain
    text or not at all."""
    if "range" not in request.headers or answer.status_code not in RANGES:
        return answer
    if answer.headers.get("content-type", "").startswith("application/json"):
        return answer
    size = {name: text for name, text in answer.headers.items() if name == "content-range"}
    return JSONResponse({"error": RANGES[answer.status_code]}, answer.status_code, size)


class BodyLimit:
    """Refuses a request whose body is larger than JSON_BYTES, unless it is an upload."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > JSON_BYTES:
                raise HTTPException(413, headers={"Connection": "close"})
            return message

        limited = scope["type"] == "http" and scope["path"] != "/api/clips"
        await self._app(scope, counted if limited else receive, send)


class Draining:
    """Ends an answer that closes the connection only once the client has sent its whole body, or
    stops, or DRAIN_SECONDS are over: closed earlier, the connection is reset, and the answer may be
    lost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        closes = False

        async def drained(message: Message) -> None:
            nonlocal closes
            if message["type"] == "http.response.start":
                closes = (b"connection", b"close") in message["headers"]
            elif closes and not message.get("more_body", False):
                await send({**message, "more_body": True})  # the answer can be read from now on
                with suppress(TimeoutError):
                    async with asyncio.timeout(DRAIN_SECONDS):
                        left = True
                        while left:
                            found = await asyncio.wait_for(receive(), SILENT_SECONDS)
                            left = found.get("more_body", False)
                message = {"type": "http.response.body"}
            await send(message)

        await self._app(scope, receive, drained)


class Ending:
    """Answers requests cut off by the server's shutdown, which uvicorn would do in plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            if started or scope["type"] != "http":
                raise
            sentence = "The server is shutting down; ask again when it is back."
            answer = JSONResponse({"error": sentence}, 503, {**HEADERS, "Connection": "close"})
            await answer(scope, receive, send)
