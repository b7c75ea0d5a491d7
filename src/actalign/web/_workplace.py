"""The part of the API that works on many clips: the table, corrections, scripts, search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import FastAPI, Query, Response
from pydantic import Field

from actalign.alignment._locate import THRESHOLD
from actalign.clips._search import most_per_clip, search
from actalign.documents import parse_yaml
from actalign.errors import ActAlignError, UsageError
from actalign.evaluation._questions import Interval
from actalign.output._tables import CLIPS
from actalign.rows import Row
from actalign.rows._facts import Times, has_action
from actalign.rows._files import row_text
from actalign.rows._warnings import all_warnings, tag
from actalign.scripts import parse_scripts
from actalign.scripts._script import PASTED
from actalign.scripts._shipped import shipped_domains
from actalign.types import ClipError
from actalign.video._listing import TRUTH_FILE
from actalign.web._answers import errors, file
from actalign.web._asked import AlignIn, Asked, Body, ClipId, Label, candidate_json
from actalign.web._jobs import Explorer
from actalign.web._results import Seconds, table_file
from actalign.web._state import Clip, Result
from actalign.web._truth import accuracy, truth_text

Clips = Annotated[list[ClipId], Query()]
MOMENTS = 30
"""So many moments of a few clips are found at least, as many as the page shows at once."""
MOST_MOMENTS = 100
"""So many moments of all clips together are found at most: of many clips, each has moments, but few
show what is searched for."""
MOST_HEAD_BYTES = 4 << 20
"""Largest size of a request's address and headers, the only limit on how many clips it can name
(about 100 000). With a smaller limit, a server refuses them only if they arrive in pieces."""


class IntervalIn(Body):
    """When a step truly happens, in seconds. step: its index, from 0."""

    start: Seconds
    end: Seconds
    step: int = Field(ge=0, le=1000)


class TruthIn(Body):
    """What a clip truly shows. label null: the answer is wrong, and the right one isn't given."""

    label: Label | None
    intervals: list[IntervalIn] = Field(default=[], max_length=2000)


class ScriptsIn(Body):
    """The text of a script file (YAML or JSON), and its name in errors."""

    text: str = Field(max_length=1_000_000)
    name: str = Field(default="the list", max_length=200)


class SearchIn(Body):
    """A phrase, and the clips to search for it."""

    phrase: str = Field(min_length=1, max_length=500)
    clips: list[ClipId] = Field(min_length=1)


def workplace(app: FastAPI, explorer: Explorer) -> None:
    """Add these endpoints to the application."""
    _table(app, explorer)
    _truths(app, explorer)
    _lists(app)
    _moments(app, explorer)


def _known(explorer: Explorer, clips: Sequence[str]) -> list[Clip]:
    """The clips with these ids that still exist; a clip of several people is replaced by theirs."""
    found = [explorer.clips[one] for one in clips if one in explorer.clips]
    ids = dict.fromkeys(n for one in found for n in (one.people or [one.id]))
    return [explorer.clips[one] for one in ids]


def _judged(explorer: Explorer, clips: Sequence[Clip]) -> dict[str, Any]:
    found = accuracy(
        (clip.truth, explorer.results[clip.result].prediction)
        for clip in clips
        if clip.truth is not None and clip.result is not None
    )
    return asdict(found) if found.total else {"hits": 0, "total": 0}


def _table(app: FastAPI, explorer: Explorer) -> None:
    @app.get("/api/clips", responses=errors(422))
    def table(clip: Clips = []) -> dict[str, Any]:  # noqa: B006 - FastAPI copies it
        """The states of those clips that still exist, and the measured accuracy."""
        found = _known(explorer, clip)
        return {
            "clips": [_summary(explorer, one) for one in found],
            "accuracy": _judged(explorer, found),
        }

    @app.get("/api/table.csv", responses=file("text/csv") | errors(422))
    def csv(clip: Clips = []) -> Response:  # noqa: B006
        """One line per clip."""
        return table_file(_rows(explorer, clip), CLIPS)

    @app.get("/api/predictions.jsonl", responses=file("application/x-ndjson") | errors(422))
    def predictions(clip: Clips = []) -> Response:  # noqa: B006
        """The clips' rows, as `actalign classify --out` writes them."""
        lines = "".join(f"{row_text(row)}\n" for row in _rows(explorer, clip))
        return Response(lines, media_type="application/x-ndjson")


def _summary(explorer: Explorer, clip: Clip) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "clip": clip.id,
        "whole": clip.video.id,
        "name": clip.name,
        "seconds": clip.seconds or None,
        "picture_seconds": _middle(clip),
        "encoded": clip.embedding is not None,
        "result": clip.result,
        "error": clip.error,
        "truth": None,
    }
    if clip.truth is not None:
        question = clip.truth.question
        shown["truth"] = {
            "label": clip.truth.none or question.target,
            "rejected": clip.truth.rejected,
            "intervals": [asdict(one) for one in question.intervals or ()],
        }
    if clip.result is not None:
        shown |= _answer(explorer.results[clip.result])
    return shown


def _middle(clip: Clip) -> float:
    """A time at which the clip, or its person, is shown well."""
    boxes = clip.boxes
    return boxes[len(boxes) // 2]["seconds"] if clip.whole and boxes else clip.seconds / 2


def _answer(result: Result) -> dict[str, Any]:
    prediction = result.prediction
    row = prediction.to_row(top_k=2)
    others = prediction.candidates[1:]
    times = Times.of(row["candidates"][0]) if has_action(row) else None
    return {
        "label": row["label"],
        "likeliest": prediction.best.label,
        "score": prediction.best.score,
        "confidence": prediction.confidence,
        "min_confidence": prediction.min_confidence,
        "margin": row["margin"],
        "second": others[0].label if others else None,
        "repetitions": times.whole if times else None,
        "partial_repetitions": times.partial if times else None,
        "tag": tag(row),
        "warnings": all_warnings(row),
        "without_script": [
            one.label for one in prediction.candidates if not one.has_script and one.alignment
        ],
        "candidates_key": result.asked.key,
    }


def _rows(explorer: Explorer, clips: Sequence[str]) -> list[Row]:
    rows = []
    for clip in _known(explorer, clips):
        if clip.result is not None:
            row = explorer.results[clip.result].prediction.to_row()
            row["target"] = None if clip.truth is None else clip.truth.question.target
            rows.append(row)
        elif clip.error is not None:
            rows.append(ClipError(clip.name, clip.name, ActAlignError(clip.error)).to_row())
    return rows


def _truths(app: FastAPI, explorer: Explorer) -> None:
    @app.put("/api/clips/{clip}/truth", responses=errors(400, 404, 413, 422))
    def judge(clip: str, body: TruthIn) -> dict[str, Any]:
        """Record what a clip truly shows; for a clip of the served folder, it is saved there."""
        found = explorer.clip(clip)
        times = [Interval(one.start, one.end, one.step) for one in body.intervals]
        explorer.judge(found, body.label, times)
        return _summary(explorer, found)

    @app.delete("/api/clips/{clip}/truth", responses=errors(400, 404))
    def unjudge(clip: str) -> dict[str, Any]:
        """Delete what was recorded about a clip."""
        found = explorer.clip(clip)
        explorer.unjudge(found)
        return _summary(explorer, found)

    @app.get(f"/api/{TRUTH_FILE}", responses=file("application/x-ndjson") | errors(422))
    def truths(clip: Clips = []) -> Response:  # noqa: B006
        """The judgements of these clips, as a question file for `actalign eval` and --examples."""
        found = [one.truth for one in _known(explorer, clip) if one.truth is not None]
        return Response(truth_text(found), media_type="application/x-ndjson")


def _lists(app: FastAPI) -> None:
    @app.get("/api/shipped")
    def shipped() -> list[dict[str, Any]]:
        """The scripts that ship with the package, by domain."""
        return [
            {
                "domain": domain,
                "candidates": [candidate_json(one, domain) for one in scripts],
            }
            for domain, scripts in shipped_domains().items()
        ]

    @app.post("/api/scripts", responses=errors(400, 413, 422))
    def read(body: ScriptsIn) -> dict[str, Any]:
        """The candidates of a script file's text; domain: the one that all of them share."""
        try:
            data = parse_yaml(body.text)
        except ValueError as error:
            raise UsageError(f"{body.name} can't be read as YAML: {error}; {PASTED}.") from error
        found = parse_scripts(data, source=body.name)
        domains = {one.domain for one in found}
        domain = domains.pop() if len(domains) == 1 else None
        return {"domain": domain, "candidates": [candidate_json(one, domain) for one in found]}


def _moments(app: FastAPI, explorer: Explorer) -> None:
    @app.post("/api/search", responses=errors(400, 413, 422))
    def find(body: SearchIn) -> dict[str, Any]:
        """The moments in the encoded clips that a phrase fits best, best first: at most `per_clip`
        of each, and `most` in all."""
        clips = [one for one in _known(explorer, body.clips) if one.embedding is not None]
        if not clips:
            raise UsageError("No clip is encoded yet; align one first.")
        phrase, notes = explorer.encode_phrase(body.phrase)
        # Several clips may have the same name, so an embedding is named by its clip's id here.
        named = (replace(one.embedding, clip_id=one.id) for one in clips if one.embedding)
        each = most_per_clip(MOMENTS, len(clips))
        found = search(
            named,
            phrase,
            smoothing_seconds=explorer.classifier.smoothing_seconds,
            top=MOST_MOMENTS,
            per_clip=each,
        )
        return {
            "moments": [{**one.to_json(), "name": explorer.clip(one.clip).name} for one in found],
            "notes": notes,
            "clips": len(clips),
            "per_clip": each,
            "most": MOST_MOMENTS,
        }

    @app.post("/api/locate", responses=errors(400, 404, 413, 422))
    def locate(body: AlignIn) -> dict[str, Any]:
        """Find where in an encoded clip each candidate happens; weak: below the usual threshold."""
        clip = explorer.clip(body.clip)
        found = explorer.locate(clip, Asked.of(body))
        return {
            "detections": [
                {
                    "label": one.label,
                    "start_seconds": one.start_seconds,
                    "end_seconds": one.end_seconds,
                    "score": one.score,
                    "weak": one.score < THRESHOLD,
                }
                for one in found
            ]
        }
