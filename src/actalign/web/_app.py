"""The explorer's HTTP API and its static page, safe to run on a personal machine.

Only loopback hosts are answered unless a token is set; requests from other sites are refused; a
server path is never taken from a request.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from actalign import __version__
from actalign.demo import demo_clips
from actalign.documents import escaped
from actalign.errors import UsageError
from actalign.scripts._generate import add_missing_scripts
from actalign.scripts._llm import LLMConfig
from actalign.web._answers import answer_errors, errors, file
from actalign.web._asked import Body, Domain, Label, candidate_json, offers
from actalign.web._guard import COOKIE, LOOPBACK, guard
from actalign.web._jobs import Explorer
from actalign.web._results import results
from actalign.web._state import NotFound, QueueFull
from actalign.web._uploads import receive
from actalign.web._workplace import workplace


class LabelsIn(Body):
    """Labels that need steps."""

    labels: list[Label] = Field(min_length=1, max_length=50)
    domain: Domain | None = None


def create_app(
    explorer: Explorer,
    *,
    model: str,
    llm: LLMConfig | None = None,
    token: str | None = None,
    host: str = "127.0.0.1",
) -> FastAPI:
    """The ASGI application; ``token`` is required if ``host`` is not loopback."""
    if host not in LOOPBACK and not token:
        raise UsageError(f"A server on {host} is open to the network; give a token.")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(explorer.close)

    app = FastAPI(
        title="actalign explorer", version=__version__, lifespan=lifespan, docs_url=None,
        redoc_url=None, openapi_url="/api/openapi.json",
    )  # fmt: skip
    guard(app, token=token, host=host)
    answer_errors(app)
    _info(app, explorer, model=model, llm=llm, asks_token=token is not None)
    _uploads(app, explorer)
    _clips(app, explorer)
    results(app, explorer)
    workplace(app, explorer)

    @app.post("/api/steps", responses=errors(400, 413, 422))
    def steps(body: LabelsIn) -> dict[str, Any]:
        """Steps for labels, from the configured language model, else those shipped with the
        package."""
        scripts, notes = add_missing_scripts(body.labels, [], domain=body.domain, config=llm)
        return {
            "scripts": {one.label: list(one.steps) for one in scripts},
            "rewordings": {one.label: list(map(list, one.rewordings)) for one in scripts},
            "domains": {one.label: one.domain for one in scripts},
            "notes": notes,
        }

    @app.get("/", include_in_schema=False)
    def page(request: Request) -> Response:
        if token and request.query_params.get("token"):
            answer: Response = RedirectResponse("/", status_code=303)
            answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return answer
        return FileResponse(_static() / "index.html")

    app.mount("/static", StaticFiles(directory=_static()), name="static")
    return app


def _info(
    app: FastAPI, explorer: Explorer, *, model: str, llm: LLMConfig | None, asks_token: bool
) -> None:
    @app.get("/api/info")
    def info() -> dict[str, Any]:
        """The model, what can be asked of it, the limits, and the shipped clips with candidates."""
        return {
            "version": __version__,
            "model": model,
            "writes_steps": llm is not None,
            "asks_token": asks_token,
            "offers": offers(explorer.classifier),
            "repeats": explorer.classifier.repeats,
            "limits": {
                "upload_bytes": explorer.limits.upload_bytes,
                "seconds": explorer.limits.seconds,
                "clips": explorer.limits.uploads,
            },
            "folder": None if explorer.served is None else escaped(explorer.served.resolve().name),
            "folder_clips": explorer.folder_clips,
            "demos": [
                {
                    "clip": demo.path.stem,
                    "domain": demo.domain,
                    "candidates": [candidate_json(one, demo.domain) for one in demo.scripts],
                }
                for demo in demo_clips()
            ],
        }


def _uploads(app: FastAPI, explorer: Explorer) -> None:
    @app.post(
        "/api/clips",
        status_code=201,
        responses=errors(400, 408, 413, 422, 429, 503, 507),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                },
            }
        },
    )
    async def upload(
        request: Request, name: Annotated[str, Query(max_length=300)] = "clip"
    ) -> dict[str, Any]:
        """Upload a video: the body is the file's bytes; ``name`` is only for display."""
        shown = PurePosixPath(name.replace("\\", "/")).name.strip() or "clip"
        shown = "".join(c if c.isprintable() else "_" for c in shown)[-120:]
        length = request.headers.get("content-length")  # the server has checked that it is a number
        if not explorer.uploading.acquire(blocking=False):
            raise QueueFull("Too many uploads are in progress; try again when one has finished.")
        try:
            path = explorer.new_upload()
            limits = explorer.limits
            await receive(
                request.stream(),
                path,
                name=shown,
                announced=None if length is None else int(length),
                most=limits.upload_bytes,
                silent_seconds=limits.silent_seconds,
            )
        finally:
            explorer.uploading.release()
        if request.headers.get("content-type", "").startswith("multipart/"):
            # Only once all has arrived: a client that is still sending would not read the answer.
            path.unlink()
            raise UsageError(
                "The body is a form; send the file itself as the body, as `curl --data-binary "
                "@FILE` does."
            )
        clip = await run_in_threadpool(explorer.add_clip, path, shown)
        return {"clip": clip.id, "name": clip.name, "seconds": clip.seconds}


def _clips(app: FastAPI, explorer: Explorer) -> None:
    @app.get(
        "/api/clips/{clip}/video", response_class=FileResponse, responses=errors(400, 404, 416)
    )
    def video(clip: str) -> FileResponse:
        """The clip's file, with byte ranges."""
        found = explorer.clip(clip)
        path = explorer.source(found)
        if path.is_dir():
            raise NotFound(f"{found.name} is a folder of images, not a file; ask for its preview.")
        return FileResponse(path, media_type="video/mp4")

    @app.get(
        "/api/clips/{clip}/preview",
        response_class=FileResponse,
        responses=file("video/mp4") | errors(400, 404, 416),
    )
    def preview(clip: str) -> FileResponse:
        """The clip as a small H.264 file without sound, for browsers that can't play it."""
        return FileResponse(explorer.preview(explorer.clip(clip)), media_type="video/mp4")

    @app.get("/api/clips/{clip}/frame", responses=file("image/jpeg") | errors(400, 404, 422))
    def frame(
        clip: str, t: Annotated[float, Query(ge=0, le=86400, allow_inf_nan=False)]
    ) -> Response:
        """The frame on screen at ``t`` seconds, as JPEG at most 320 pixels wide."""
        from PIL import Image

        picture = explorer.frame(explorer.clip(clip), t)
        data = io.BytesIO()
        Image.fromarray(picture).save(data, "JPEG", quality=85)
        return Response(data.getvalue(), media_type="image/jpeg")


def _static() -> Path:
    return Path(str(files("actalign.web") / "static"))
