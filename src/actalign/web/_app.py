"""The explorer's HTTP API and its static page, safe to run on a person's own machine.

Only loopback hosts are answered unless a token is set; requests from other sites are refused; no
path of the server is ever taken from a request.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from actalign import __version__
from actalign.demo import demo_clips
from actalign.errors import ActAlignError, UsageError
from actalign.output._captions import to_vtt
from actalign.output._events import events
from actalign.scripts._generate import add_missing_scripts
from actalign.scripts._llm import LLMConfig
from actalign.types import Candidate, Script
from actalign.video import thumbnails
from actalign.web._guard import COOKIE, JSON_BYTES, LOOPBACK, guard
from actalign.web._jobs import Explorer, Job, NotFound, QueueFull
from actalign.web._uploads import DiskFull, TooLarge, TooSlow, not_kept, receive

SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""A figure as SVG is a document of its own, whose colours are styles inside it."""
CODES: dict[type[Exception], int] = {
    NotFound: 404, TooSlow: 408, TooLarge: 413, QueueFull: 429, DiskFull: 507
}  # fmt: skip


class CandidateIn(BaseModel):
    """One candidate: its label and its steps in order; without steps, the label is the step."""

    model_config = ConfigDict(extra="forbid")
    label: str = Field(min_length=1, max_length=200)
    steps: list[Annotated[str, Field(max_length=500)]] = Field(default=[], max_length=50)


class AlignIn(BaseModel):
    """What to align: a clip's id and its candidates."""

    model_config = ConfigDict(extra="forbid")
    clip: str = Field(max_length=200)
    candidates: list[CandidateIn] = Field(min_length=1, max_length=50)
    domain: str | None = Field(default=None, max_length=200)


class StepsIn(BaseModel):
    """Labels to have steps for."""

    model_config = ConfigDict(extra="forbid")
    labels: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        min_length=1, max_length=50
    )
    domain: str | None = Field(default=None, max_length=200)


def create_app(
    explorer: Explorer,
    *,
    model: str,
    llm: LLMConfig | None = None,
    token: str | None = None,
    host: str = "127.0.0.1",
) -> FastAPI:
    """The ASGI application; ``token`` is required when ``host`` is beyond loopback."""
    if host not in LOOPBACK and not token:
        raise UsageError(f"Serving on {host} is open to the network; give a token.")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(explorer.close)

    app = FastAPI(
        title="actalign explorer", version=__version__, lifespan=lifespan, docs_url=None,
        redoc_url=None, openapi_url="/api/openapi.json",
    )  # fmt: skip
    guard(app, token=token, host=host)
    _answer_errors(app)
    _info(app, explorer, model=model, llm=llm)
    _uploads(app, explorer)
    _clips(app, explorer)
    _alignment(app, explorer)

    @app.post("/api/steps", responses=_errors(400, 413, 422))
    def steps(body: StepsIn) -> dict[str, Any]:
        """Steps of labels, by the configured language model, else those that are shipped."""
        scripts, notes = add_missing_scripts(body.labels, [], domain=body.domain, config=llm)
        found = {s.label: list(s.steps) for s in scripts}
        return {"scripts": found, "notes": notes}

    @app.get("/", include_in_schema=False)
    def page(request: Request) -> Response:
        if token and request.query_params.get("token"):
            answer: Response = RedirectResponse("/", status_code=303)
            answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return answer
        return FileResponse(_static() / "index.html")

    app.mount("/static", StaticFiles(directory=_static()), name="static")
    return app


def _info(app: FastAPI, explorer: Explorer, *, model: str, llm: LLMConfig | None) -> None:
    @app.get("/api/info")
    def info() -> dict[str, Any]:
        """The model, the limits, and the shipped clips with their candidates."""
        return {
            "version": __version__,
            "model": model,
            "writes_steps": llm is not None,
            "limits": {
                "upload_bytes": explorer.limits.upload_bytes,
                "seconds": explorer.limits.seconds,
            },
            "demos": [
                {
                    "clip": demo.path.stem,
                    "domain": demo.domain,
                    "candidates": [
                        {"label": s.label, "steps": list(s.steps)} for s in demo.scripts
                    ],
                }
                for demo in demo_clips()
            ],
        }


def _uploads(app: FastAPI, explorer: Explorer) -> None:
    @app.post(
        "/api/clips",
        status_code=201,
        responses=_errors(400, 408, 413, 422, 429, 507),
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
        """Upload a video: the file's bytes are the body; ``name`` is only shown."""
        shown = PurePosixPath(name.replace("\\", "/")).name.strip() or "clip"
        shown = "".join(c if c.isprintable() else "_" for c in shown)[-120:]
        if not explorer.uploading.acquire(blocking=False):
            raise QueueFull("Too many uploads are under way; try again when one has finished.")
        try:
            path = explorer.new_upload()
            limits = explorer.limits
            await receive(
                request.stream(),
                path,
                name=shown,
                most=limits.upload_bytes,
                silent_seconds=limits.silent_seconds,
            )
        finally:
            explorer.uploading.release()
        clip = await run_in_threadpool(explorer.add_clip, path, shown)
        return {"clip": clip.id, "name": clip.name, "seconds": clip.seconds}


def _clips(app: FastAPI, explorer: Explorer) -> None:
    @app.get("/api/clips/{clip}/video", response_class=FileResponse, responses=_errors(404))
    def video(clip: str) -> FileResponse:
        """The clip's file, with byte ranges."""
        return FileResponse(explorer.clip(clip).path, media_type="video/mp4")

    @app.get("/api/clips/{clip}/frame", responses=_file("image/jpeg") | _errors(400, 404, 422))
    def frame(
        clip: str, t: Annotated[float, Query(ge=0, le=86400, allow_inf_nan=False)]
    ) -> Response:
        """The frame on screen at ``t`` seconds, as JPEG at most 320 pixels wide."""
        from PIL import Image

        found = explorer.clip(clip)
        try:
            picture = explorer.frame(found, t)
        except ActAlignError as error:
            raise type(error)(str(error).replace(str(found.path), found.name)) from error
        data = io.BytesIO()
        Image.fromarray(picture).save(data, "JPEG", quality=85)
        return Response(data.getvalue(), media_type="image/jpeg")


def _alignment(app: FastAPI, explorer: Explorer) -> None:
    @app.post("/api/jobs", status_code=202, responses=_errors(400, 404, 413, 422, 429))
    def submit(body: AlignIn) -> dict[str, Any]:
        """Queue a clip to be encoded and aligned; poll the job."""
        clip = explorer.clip(body.clip)
        return _job(explorer.submit(clip, _scripts(body), body.domain))

    @app.get("/api/jobs/{job}", responses=_errors(404))
    def poll(job: str) -> dict[str, Any]:
        """The job's state, its frames so far, and at the end its result's id or its error."""
        return _job(explorer.job(job))

    @app.delete("/api/jobs/{job}", responses=_errors(404))
    def cancel(job: str) -> dict[str, Any]:
        """Cancel a job that waits or runs."""
        return _job(explorer.cancel(job))

    @app.post("/api/score", responses=_errors(400, 404, 413, 422))
    def score(body: AlignIn) -> dict[str, Any]:
        """Align a clip that is encoded already, at once."""
        result_id = explorer.score(explorer.clip(body.clip), _scripts(body), body.domain)
        return result(result_id)

    @app.get("/api/results/{result}", responses=_errors(404))
    def result(result: str) -> dict[str, Any]:
        """The prediction as in predictions.jsonl, with every candidate's affinities and path."""
        prediction, clip = explorer.result(result)
        row = prediction.to_row()
        return {
            **row,
            "candidates": [
                {**shown, **_drawn(candidate)}
                for shown, candidate in zip(row["candidates"], prediction.candidates, strict=True)
            ],
            "result": result,
            "clip": clip.id if clip.id in explorer.clips else None,
            "pts_seconds": prediction.clip.pts_seconds.tolist(),
        }

    @app.get("/api/results/{result}/captions.vtt", responses=_file("text/vtt") | _errors(404))
    def captions(result: str) -> Response:
        """The winner's steps as WebVTT."""
        return Response(to_vtt(events(explorer.result(result)[0].to_row())), media_type="text/vtt")

    @app.get(
        "/api/results/{result}/figure.png",
        responses=_file("image/png", "image/svg+xml") | _errors(404, 422),
    )
    def figure(result: str, format: Literal["png", "svg"] = "png") -> Response:
        """The heat maps of the winner and the runner-up as a picture."""
        from actalign.output import alignment_figure

        prediction, clip = explorer.result(result)
        strip = thumbnails(clip.path, prediction.clip)
        data = io.BytesIO()
        alignment_figure(prediction, thumbnails=strip).savefig(data, format=format)
        if format == "png":
            return Response(data.getvalue(), media_type="image/png")
        policy = {"Content-Security-Policy": SVG_POLICY}
        return Response(data.getvalue(), media_type="image/svg+xml", headers=policy)


def _drawn(candidate: Candidate) -> dict[str, Any]:
    """What the page draws of a candidate beside its row: affinities, path and steps."""
    shown: dict[str, Any] = {"steps": list(candidate.script.steps)}
    if (found := candidate.alignment) is not None:
        shown["affinity"] = found.affinity.astype(float).round(4).tolist()
        shown["path"] = found.path.tolist()
    return shown


def _scripts(body: AlignIn) -> list[Script]:
    found = []
    for candidate in body.candidates:
        label = candidate.label.strip()
        steps = tuple(step.strip() for step in candidate.steps if step.strip())
        found.append(Script(label, steps or (label,), body.domain or None))
    return found


def _job(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "state": job.state,
        "frames_done": job.frames_done,
        "frames_total": job.frames_total,
        "error": job.error,
        "result": job.result,
    }


def _errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    schema = {
        "type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"],
    }  # fmt: skip
    return {
        code: {"description": "error", "content": {"application/json": {"schema": schema}}}
        for code in codes
    }


def _file(*kinds: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "file", "content": {kind: {"schema": schema} for kind in kinds}}}


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(ActAlignError)
    def ours(_: Request, error: ActAlignError) -> Response:
        code = CODES.get(type(error), 400)
        # What is left of a body that was refused is not read.
        headers = {"Connection": "close"} if code in (408, 413, 507) else None
        return JSONResponse({"error": str(error)}, code, headers)

    @app.exception_handler(OSError)
    def disk(_: Request, error: OSError) -> Response:
        found = not_kept(error)
        return JSONResponse({"error": str(found)}, CODES.get(type(found), 500))

    @app.exception_handler(HTTPException)
    def plain(_: Request, error: HTTPException) -> Response:
        known = {
            404: "There is nothing at this address.",
            405: "This address takes other methods.",
            413: f"The request is larger than {JSON_BYTES // 1_000_000} MB; send less.",
        }
        sentence = known.get(error.status_code, "The request can't be read; send JSON in UTF-8.")
        return JSONResponse({"error": sentence}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        fault = error.errors()[0]
        place = ".".join(str(p) for p in fault["loc"][1:]) or "body"
        message = str(fault["msg"]).rstrip(".")
        return JSONResponse({"error": f"The field {place} is wrong: {message}."}, 422)


def _static() -> Path:
    return Path(str(files("actalign.web") / "static"))
