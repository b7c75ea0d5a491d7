"""The part of the API that aligns clips and returns results in every format."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import FastAPI, Response
from pydantic import Field

from actalign.errors import ActAlignError
from actalign.output._captions import to_srt, to_vtt
from actalign.output._events import events
from actalign.output._table_files import csv_lines
from actalign.output._tables import STEPS, Table
from actalign.rows import Row
from actalign.rows._facts import cuts_inside
from actalign.rows._people import people_seen
from actalign.rows._warnings import long_for_one_action, long_note, tag
from actalign.types import Candidate, Float32, Float64
from actalign.video import thumbnails
from actalign.web._answers import errors, file
from actalign.web._asked import AlignIn, Asked, JobIn
from actalign.web._jobs import Explorer
from actalign.web._state import Clip, Job

logger = logging.getLogger(__name__)

SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""An SVG figure is its own document, with inline styles for its colours."""

LONG_NOTE = long_note(
    "This is one answer for the whole clip, which is", finder="“Look for the candidates” below"
)
"""On the page, where a button does what `actalign locate` does."""

Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]


def results(app: FastAPI, explorer: Explorer) -> None:
    """Add these endpoints to the application."""
    _alignment(app, explorer)
    _files(app, explorer)


def _alignment(app: FastAPI, explorer: Explorer) -> None:
    @app.post("/api/jobs", status_code=202, responses=errors(400, 404, 413, 422, 429))
    def submit(body: JobIn) -> dict[str, Any]:
        """Queue a clip to be encoded and aligned; poll the job."""
        clip = explorer.clip(body.clip)
        return _job(explorer.submit(clip, Asked.of(body), body.job))

    @app.get("/api/jobs/{job}", responses=errors(404))
    def poll(job: str) -> dict[str, Any]:
        """The job's state, its frames so far and, at the end, its result's id or its error."""
        return _job(explorer.job(job))

    @app.delete("/api/jobs/{job}", responses=errors(404))
    def cancel(job: str) -> dict[str, Any]:
        """Cancel a waiting or running job."""
        return _job(explorer.cancel(job))

    @app.post("/api/score", responses=errors(400, 404, 413, 422))
    def score(body: AlignIn) -> dict[str, Any]:
        """Align an encoded clip immediately."""
        result_id = explorer.score(explorer.clip(body.clip), Asked.of(body))
        return result(result_id)

    @app.get("/api/results/{result}", responses=errors(404))
    def result(result: str) -> dict[str, Any]:
        """The prediction as in predictions.jsonl, with every candidate's affinities and path."""
        known = explorer.result(result)
        prediction, clip = known.prediction, known.clip
        row = prediction.to_row()
        return {
            **row,
            "candidates": [
                {**shown, **_drawn(candidate)}
                for shown, candidate in zip(row["candidates"], prediction.candidates, strict=True)
            ],
            "result": result,
            "asked": known.asked.to_json(),
            "clip": clip.id if clip.id in explorer.clips else None,
            "pts_seconds": prediction.clip.pts_seconds.tolist(),
            "people_seen": people_seen(row),
            "tag": tag(row),
            "long_note": f"{LONG_NOTE}." if long_for_one_action(row) else None,
            "cuts": cuts_inside(row),
            "whole": clip.video.id if clip.id in explorer.clips else None,
            "people": _people(explorer, clip),
        }


def _people(explorer: Explorer, clip: Clip) -> list[dict[str, Any]]:
    """The people in the clip's video, and where they are over time."""
    ids = [one for one in (clip.video.people or [clip.id]) if one in explorer.clips]
    known = [explorer.clips[one] for one in ids]
    return [{"clip": one.id, "name": one.name, "boxes": one.boxes} for one in known if one.boxes]


def _files(app: FastAPI, explorer: Explorer) -> None:
    @app.get("/api/results/{result}/captions.vtt", responses=file("text/vtt") | errors(404))
    def captions(result: str) -> Response:
        """The winner's steps as WebVTT."""
        row = explorer.result(result).prediction.to_row()
        return Response(to_vtt(events(row)), media_type="text/vtt")

    @app.get("/api/results/{result}/captions.srt", responses=file("text/plain") | errors(404))
    def subtitles(result: str) -> Response:
        """The winner's steps as SubRip."""
        row = explorer.result(result).prediction.to_row()
        return Response(to_srt(events(row)), media_type="text/plain")

    @app.get("/api/results/{result}/steps.csv", responses=file("text/csv") | errors(404))
    def steps(result: str) -> Response:
        """One line for each step of each candidate."""
        return table_file([explorer.result(result).prediction.to_row()], STEPS)

    @app.get(
        "/api/results/{result}/figure.png",
        responses=file("image/png", "image/svg+xml") | errors(400, 404, 422),
    )
    def figure(result: str, format: Literal["png", "svg"] = "png") -> Response:
        """The heat maps of the winner and the runner-up as an image."""
        from actalign.output import alignment_figure, picture

        known = explorer.result(result)
        strip = None
        try:
            strip = thumbnails(known.clip.path, known.prediction.clip)
        except ActAlignError as error:
            logger.warning("A figure has no pictures of the video. %s", error)
        data = picture(alignment_figure(known.prediction, thumbnails=strip), format)
        if format == "png":
            return Response(data, media_type="image/png")
        policy = {"Content-Security-Policy": SVG_POLICY}
        return Response(data, media_type="image/svg+xml", headers=policy)


def table_file(rows: Sequence[Row], table: Table) -> Response:
    """Rows as comma-separated values."""
    data = io.BytesIO()
    with csv_lines(data, table) as write:
        for row in rows:
            write(row)
    return Response(data.getvalue(), media_type="text/csv")


def _drawn(candidate: Candidate) -> dict[str, Any]:
    """What the page draws for a candidate in addition to its row: affinities, path and steps."""
    shown: dict[str, Any] = {"steps": list(candidate.script.steps)}
    if (found := candidate.alignment) is not None:
        shown["affinity"] = _rounded(found.affinity).tolist()
        shown["path"] = found.path.tolist()
    return shown


def _rounded(affinity: Float32) -> Float64:
    """To four decimals, or to four digits of the largest one if that has zeros after the point.

    The pair probabilities of SigLIP are often all below 1e-4, and the page scales them.
    """
    largest = float(np.abs(affinity).max(initial=0))
    decimals = 3 - math.floor(math.log10(largest)) if largest > 0 else 4
    return affinity.astype(np.float64).round(max(4, decimals))


def _job(job: Job) -> dict[str, Any]:
    state = job.state  # read once: the job continues, and has results when it is done
    results = job.results if state == "done" else []
    return {
        "job": job.id,
        "state": state,
        "frames_done": job.frames_done,
        "frames_total": job.frames_total,
        "error": job.error,
        "result": results[0] if results else None,
        "results": results,
    }
