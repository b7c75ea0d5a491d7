"""Predictions in the formats of other tools: captions, tables and annotation projects.

Every function takes rows as `Prediction.to_row` makes them and `predictions.jsonl` holds them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from actalign.atomic import write_bytes
from actalign.errors import UsageError

Row = dict[str, Any]
TABLE_COLUMNS = (
    "clip", "video", "status", "rank", "label", "score", "step_number", "step",
    "start_seconds", "end_seconds", "affinity",
)  # fmt: skip


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a predictions.jsonl; raises UsageError that names the file and the line."""
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The predictions {path} can't be read: {error}.") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            row["doc_id"], row["candidates"]
        except (ValueError, KeyError, TypeError):
            raise UsageError(
                f"{path}, line {number} is not a prediction; give a file that "
                "`actalign classify --out` wrote."
            ) from None
        rows.append(row)
    return rows


def to_vtt(row: Row) -> str:
    """The winner's steps of one clip as WebVTT (W3C), times to a millisecond."""
    cues = [
        f"{k}\n{_clock(s['start_seconds'], '.')} --> {_clock(s['end_seconds'], '.')}\n"
        f"{_vtt_text(s['step'])}\n"
        for k, s in enumerate(_segments(row), start=1)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def to_srt(row: Row) -> str:
    """The winner's steps of one clip as SubRip."""
    return "\n".join(
        f"{k}\n{_clock(s['start_seconds'], ',')} --> {_clock(s['end_seconds'], ',')}\n"
        f"{_one_line(s['step'])}\n"
        for k, s in enumerate(_segments(row), start=1)
    )


def to_records(rows: Sequence[Row]) -> list[Row]:
    """One flat record a step of every candidate, keys TABLE_COLUMNS; a failed clip has one."""
    found = []
    for row in rows:
        base = {"clip": row["doc_id"], "video": row.get("video"), "status": row.get("status", "ok")}
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


def to_label_studio(rows: Sequence[Row]) -> str:
    """Label Studio import JSON: one task a clip, the winner's steps as timeline predictions.

    Times are spans of a `<TimelineLabels>` control named "steps" on an object named "video", as
    1-based frame numbers at the rate in each span's ``meta``; the label of the clip is a
    `<Choices>` control named "action".
    """
    tasks = []
    for row in rows:
        task: Row = {"data": {"video": row.get("video"), "clip": row["doc_id"]}}
        if row["candidates"]:
            best = row["candidates"][0]
            choice = {
                "from_name": "action", "to_name": "video", "type": "choices",
                "value": {"choices": [best["label"]]},
            }  # fmt: skip
            spans = [_span(k, s) for k, s in enumerate(_segments(row), start=1)]
            task["predictions"] = [
                {
                    "model_version": f"actalign {row.get('model_id', '')}".strip(),
                    "score": best["score"],
                    "result": [choice, *spans],
                }
            ]
        tasks.append(task)
    return json.dumps(tasks, ensure_ascii=False, indent=1)


LABEL_STUDIO_FPS = 25.0


def _span(number: int, segment: Row) -> Row:
    first = round(segment["start_seconds"] * LABEL_STUDIO_FPS) + 1
    last = max(first, round(segment["end_seconds"] * LABEL_STUDIO_FPS))
    return {
        "id": f"step{number}",
        "from_name": "steps",
        "to_name": "video",
        "type": "timelinelabels",
        "value": {
            "ranges": [{"start": first, "end": last}],
            "timelinelabels": [_one_line(segment["step"])],
        },
        "meta": {"fps": LABEL_STUDIO_FPS},
    }


Whole = dict[str, tuple[str, Callable[[Sequence[Row]], str | bytes]]]
PER_CLIP: dict[str, Callable[[Row], str]] = {"vtt": to_vtt, "srt": to_srt}
WHOLE: Whole = {
    "csv": ("csv", to_csv),
    "parquet": ("parquet", to_parquet),
    "label-studio": ("json", to_label_studio),
}


def export(predictions: str | Path, to: str, out: str | Path) -> list[Path]:
    """Write predictions in format ``to``; returns the files written.

    vtt and srt: ``out`` is a folder for one file a clip. csv, parquet, label-studio: a file.
    Raises UsageError for an unknown format or predictions that can't be read.
    """
    if to not in PER_CLIP and to not in WHOLE:
        raise UsageError(
            f"There is no export format {to!r}; choose {', '.join([*PER_CLIP, *WHOLE])}."
        )
    rows = read_rows(predictions)
    out = Path(out)
    if to in WHOLE:
        made = WHOLE[to][1](rows)
        return [_write(out, made if isinstance(made, bytes) else made.encode())]
    named = {str(row["doc_id"]).replace("/", "_"): row for row in rows if row["candidates"]}
    return [_write(out / f"{name}.{to}", PER_CLIP[to](row).encode()) for name, row in named.items()]


def _write(path: Path, data: bytes) -> Path:
    write_bytes(path, data)
    return path


def _segments(row: Row) -> list[Row]:
    return list(row["candidates"][0]["segments"]) if row["candidates"] else []


def _clock(seconds: float, point: str) -> str:
    total = round(max(0.0, seconds) * 1000)
    minutes, milliseconds = divmod(total, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _vtt_text(text: str) -> str:
    return _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
