"""Predictions in the formats of other tools: captions and tables; `export_projects` has the rest.

Every function takes rows as `Prediction.to_row` makes them and `predictions.jsonl` holds them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from actalign.atomic import write_bytes
from actalign.errors import UsageError
from actalign.export_projects import to_fiftyone, to_inspect, to_label_studio
from actalign.prediction import file_stem

Row = dict[str, Any]
TABLE_COLUMNS = (
    "clip", "video", "status", "error", "scorer", "target", "rank", "label", "score",
    "step_number", "step", "start_seconds", "end_seconds", "affinity",
)  # fmt: skip


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a predictions.jsonl; raises UsageError that names the file and the line."""
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The predictions {path} can't be read: {error}.") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            checked = _Prediction.model_validate(row).model_dump()
        except (ValueError, TypeError, RecursionError) as error:
            fault = error.errors()[0] if isinstance(error, ValidationError) else None
            field = ".".join(map(str, fault["loc"])) if fault else ""
            why = f" ({field}: {fault['msg']})" if fault and field else ""
            raise UsageError(
                f"{path}, line {number} is not a prediction{why}; give a file that "
                "`actalign classify --out` wrote."
            ) from None
        rows.append({**row, **checked})
    return rows


Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]


class _Step(BaseModel):
    step: str
    start_seconds: Finite
    end_seconds: Finite
    affinity: Finite | None = None


class _Candidate(BaseModel):
    label: str
    score: Finite
    segments: list[_Step] = []


class _Prediction(BaseModel):
    """What the formats take from a row; further fields are left as they are."""

    model_config = ConfigDict(protected_namespaces=())

    doc_id: Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]
    candidates: list[_Candidate]
    status: str = "ok"
    video: str | None = None
    error: str | None = None
    scorer: str | None = None
    target: str | None = None
    model_id: str | None = None


def to_vtt(row: Row) -> str:
    """The winner's steps of one clip as WebVTT (W3C), times to a millisecond."""
    cues = [
        f"{k}\n{_span(s, '.')}\n{_vtt_text(s['step'])}\n"
        for k, s in enumerate(_segments(row), start=1)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def to_srt(row: Row) -> str:
    """The winner's steps of one clip as SubRip."""
    return "\n".join(
        f"{k}\n{_span(s, ',')}\n{_one_line(s['step'])}\n"
        for k, s in enumerate(_segments(row), start=1)
    )


def to_records(rows: Sequence[Row]) -> list[Row]:
    """One flat record a step of every candidate, keys TABLE_COLUMNS; a failed clip has one."""
    found = []
    for row in rows:
        base = {"clip": row["doc_id"], "status": row.get("status", "ok")}
        base |= {name: row.get(name) for name in ("video", "error", "scorer", "target")}
        if not row["candidates"]:
            found.append({**dict.fromkeys(TABLE_COLUMNS), **base})
        for rank, candidate in enumerate(row["candidates"], start=1):
            named = {**base, "rank": rank, "label": candidate["label"], "score": candidate["score"]}
            empty: list[Row] = [dict.fromkeys(TABLE_COLUMNS[-4:])]
            for number, segment in enumerate(candidate["segments"] or empty, start=1):
                step = number if candidate["segments"] else None
                found.append({**named, "step_number": step, **segment})
    return found


def to_csv(rows: Sequence[Row]) -> str:
    """`to_records` as comma-separated values (RFC 4180) with a header line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, TABLE_COLUMNS)
    writer.writeheader()
    writer.writerows(to_records(rows))
    return text.getvalue()


def to_parquet(rows: Sequence[Row]) -> bytes:
    """`to_records` as one Parquet table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"rank": pa.int32(), "step_number": pa.int32()}
    numbers = ("score", "start_seconds", "end_seconds", "affinity")
    kinds.update({name: pa.float64() for name in numbers})
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in TABLE_COLUMNS])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(to_records(rows), schema=schema), sink)
    return sink.getvalue()


Whole = dict[str, Callable[[Sequence[Row]], str | bytes]]
PER_CLIP: dict[str, Callable[[Row], str]] = {"vtt": to_vtt, "srt": to_srt}
WHOLE: Whole = {"csv": to_csv, "parquet": to_parquet}
PROJECTS: dict[str, Callable[[Sequence[Row]], dict[str, str]]] = {
    "label-studio": to_label_studio,
    "fiftyone": to_fiftyone,
    "inspect": to_inspect,
}
FORMATS = (*PER_CLIP, *WHOLE, *PROJECTS)


def export(predictions: str | Path, to: str, out: str | Path) -> list[Path]:
    """Write predictions in format ``to``; returns the files written.

    csv and parquet: ``out`` is a file. vtt and srt: a folder for one file a clip (a clip that
    several scorers scored has one for each). label-studio, fiftyone, inspect: a folder for the
    project's files. Raises UsageError for an unknown format or predictions that can't be read.
    """
    if to not in FORMATS:
        raise UsageError(f"There is no export format {to!r}; choose {', '.join(FORMATS)}.")
    rows = read_rows(predictions)
    out = Path(out)
    if to in WHOLE:
        made = WHOLE[to](rows)
        return [_write(out, made if isinstance(made, bytes) else made.encode())]
    if to in PROJECTS:
        return [_write(out / name, text.encode()) for name, text in PROJECTS[to](rows).items()]
    scored = [row for row in rows if row["candidates"]]
    return [
        _write(out / f"{name}.{to}", PER_CLIP[to](row).encode())
        for name, row in zip(_file_names(scored), scored, strict=True)
    ]


def _file_names(rows: Sequence[Row]) -> list[str]:
    """A file name for each row, none twice: the clip's id, then its scorer, then a number."""
    names = [file_stem(str(row["doc_id"])) for row in rows]
    named = [
        f"{name}.{row['scorer']}" if names.count(name) > 1 and row.get("scorer") else name
        for name, row in zip(names, rows, strict=True)
    ]
    return [
        name if named.index(name) == at else f"{name}-{at + 1}" for at, name in enumerate(named)
    ]


def _write(path: Path, data: bytes) -> Path:
    write_bytes(path, data)
    return path


def _segments(row: Row) -> list[Row]:
    return list(row["candidates"][0]["segments"]) if row["candidates"] else []


def _span(segment: Row, point: str) -> str:
    """From when to when; at least a millisecond, since readers drop cues that last no time."""
    start = round(max(0.0, segment["start_seconds"]) * 1000)
    end = max(start + 1, round(segment["end_seconds"] * 1000))
    return f"{_clock(start, point)} --> {_clock(end, point)}"


def _clock(total: int, point: str) -> str:
    minutes, milliseconds = divmod(total, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _vtt_text(text: str) -> str:
    return _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
