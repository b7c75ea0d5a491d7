"""The form of the API's answers: errors as one sentence, files, and their descriptions."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from actalign.errors import ActAlignError
from actalign.web._guard import HEADERS, JSON_BYTES
from actalign.web._state import NotFound, QueueFull
from actalign.web._uploads import DiskFull, TooLarge, TooSlow, not_kept

CODES: dict[type[Exception], int] = {
    NotFound: 404, TooSlow: 408, TooLarge: 413, QueueFull: 429, DiskFull: 507
}  # fmt: skip


def errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The part of an endpoint's description about these error codes."""
    schema = {
        "type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"],
    }  # fmt: skip
    return {
        code: {"description": "error", "content": {"application/json": {"schema": schema}}}
        for code in codes
    }


def file(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The part about an answer that is a file of one of these media types."""
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "file", "content": {kind: {"schema": schema} for kind in kinds}}}


def answer_errors(app: FastAPI) -> None:
    """Make every error `{"error": "a sentence"}`."""

    @app.exception_handler(ActAlignError)
    def ours(_: Request, error: ActAlignError) -> Response:
        code = CODES.get(type(error), 400)
        # The rest of a refused body is not read.
        headers = {"Connection": "close"} if code in (408, 413, 507) else None
        return JSONResponse({"error": str(error)}, code, headers)

    @app.exception_handler(OSError)
    def disk(_: Request, error: OSError) -> Response:
        found = not_kept(error)
        return JSONResponse({"error": str(found)}, CODES.get(type(found), 500))

    @app.exception_handler(ClientDisconnect)
    def left(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody reads this

    @app.exception_handler(Exception)
    def unexpected(_: Request, error: Exception) -> Response:
        sentence = (
            f"The server failed unexpectedly ({type(error).__name__}); its output says more. "
            "Please report it."
        )
        # The middleware that adds the headers doesn't see this answer; uvicorn then closes the
        # connection.
        return JSONResponse({"error": sentence}, 500, {**HEADERS, "Connection": "close"})

    @app.exception_handler(HTTPException)
    def plain(_: Request, error: HTTPException) -> Response:
        known = {
            404: "There is nothing at this address.",
            405: "This address doesn't take this method; see /api/openapi.json.",
            413: f"The request is larger than {JSON_BYTES // 1_000_000} MB; send less.",
        }
        sentence = known.get(error.status_code, "The request can't be read; send JSON in UTF-8.")
        return JSONResponse({"error": sentence}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        fault = error.errors()[0]
        if fault["type"] == "json_invalid":
            return JSONResponse({"error": "The request's body is not JSON."}, 422)
        if fault["loc"] == ("body",) and "json" not in request.headers.get("content-type", ""):
            sentence = "Send the body as JSON, with the header Content-Type: application/json."
            return JSONResponse({"error": sentence}, 422)
        place = ".".join(str(p) for p in fault["loc"][1:]) or "body"
        kind = "string_" if isinstance(fault["input"], str) else ""
        said = _SAID.get(kind + fault["type"].removeprefix("string_")) or _SAID.get(fault["type"])
        message = said.format(**fault.get("ctx", {})) if said else str(fault["msg"]).rstrip(".")
        return JSONResponse({"error": f"The field {place} is wrong: {message}."}, 422)


_SAID = {
    "missing": "it is required",
    "extra_forbidden": "there is no such field; see /api/openapi.json",
    "too_short": "give at least {min_length}",
    "too_long": "give at most {max_length}",
    "string_too_short": "give a text that is not empty",
    "string_too_long": "give a text of at most {max_length} characters",
}
"""What is wrong with a field, by the kind of fault, where the library's words are of its types."""
