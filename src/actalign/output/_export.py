"""Predictions in the formats of other tools: one table of formats, and the files they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from actalign.errors import UsageError
from actalign.files import file_stem, write_bytes
from actalign.output._captions import to_srt, to_vtt
from actalign.output._projects import to_fiftyone, to_inspect, to_label_studio, to_lmms_eval
from actalign.output._tables import to_csv, to_parquet
from actalign.rows import Row, read_rows

Whole = dict[str, Callable[[Sequence[Row]], str | bytes]]
PER_CLIP: dict[str, Callable[[Row], str]] = {"vtt": to_vtt, "srt": to_srt}
WHOLE: Whole = {"csv": to_csv, "parquet": to_parquet, "lmms-eval": to_lmms_eval}
PROJECTS: dict[str, Callable[[Sequence[Row]], dict[str, str]]] = {
    "label-studio": to_label_studio,
    "fiftyone": to_fiftyone,
    "inspect": to_inspect,
}
FORMATS = (*PER_CLIP, *WHOLE, *PROJECTS)


def export(predictions: str | Path, to: str, out: str | Path) -> list[Path]:
    """Write predictions in format ``to``; returns the files written.

    csv, parquet and lmms-eval: ``out`` is a file. vtt and srt: a folder for one file a clip (a clip
    that several scorers scored has one for each). label-studio, fiftyone, inspect: a folder for
    the project's files. Raises UsageError for an unknown format or predictions that can't be read.
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
    names = [file_stem(row["clip"]) for row in rows]
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
