"""Predictions in the formats of other tools: one table of formats, and the files they make.

Rows are read as they are written, so that a file of any size needs the memory of one row, and of
the clips' names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from actalign.errors import UsageError
from actalign.files import file_stem, write_text
from actalign.output._captions import to_srt, to_vtt
from actalign.output._projects import to_fiftyone, to_inspect, to_label_studio, to_lmms_eval
from actalign.output._table_files import TABLE_SUFFIXES, TableFile, check_table_format
from actalign.output._tables import STEPS
from actalign.rows import Row, RowFile

PER_CLIP: dict[str, Callable[[Row], str]] = {"vtt": to_vtt, "srt": to_srt}
TABLES = tuple(suffix.lstrip(".") for suffix in TABLE_SUFFIXES)
PROJECTS: dict[str, Callable[[Iterable[Row], Path], list[Path]]] = {
    "lmms-eval": to_lmms_eval,
    "label-studio": to_label_studio,
    "fiftyone": to_fiftyone,
    "inspect": to_inspect,
}
FORMATS = (*PER_CLIP, *TABLES, *PROJECTS)


def export(predictions: str | Path, to: str, out: str | Path) -> list[Path]:
    """Write predictions in format ``to``; returns the files written.

    csv, parquet, xlsx and lmms-eval: ``out`` is a file. vtt and srt: a folder for one file a clip
    (a clip that several scorers scored has one for each). label-studio, fiftyone, inspect: a folder
    for the project's files. Raises UsageError for an unknown format or predictions that can't be
    read.
    """
    if to not in FORMATS:
        raise UsageError(f"There is no export format {to!r}; choose {', '.join(FORMATS)}.")
    rows, out = RowFile(predictions), Path(out)
    if to in PROJECTS:
        return PROJECTS[to](rows, out)
    if to in PER_CLIP:
        return _captions(rows, out, to)
    check_table_format(f".{to}")
    with TableFile(out, STEPS, suffix=f".{to}") as file:
        for row in rows:
            file.add(row)
    return [out]


def _captions(rows: Iterable[Row], out: Path, to: str) -> list[Path]:
    """One file a scored row; the rows are read through before the first is written."""
    names = _file_names([(row["clip"], row.get("scorer")) for row in rows if row["candidates"]])
    scored = (row for row in rows if row["candidates"])
    found = []
    for name, row in zip(names, scored, strict=True):
        found.append(out / f"{name}.{to}")
        write_text(found[-1], PER_CLIP[to](row))
    return found


def _file_names(clips: list[tuple[str, str | None]]) -> list[str]:
    """A file name for each row, none twice: the clip's id, then its scorer, then a number."""
    stems = [file_stem(clip) for clip, _ in clips]
    times = Counter(stems)
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    names = []
    for stem, (_, scorer) in zip(stems, clips, strict=True):
        base = name = f"{stem}.{scorer}" if times[stem] > 1 and scorer else stem
        numbers[base] += 1
        while name in taken:
            numbers[base] += name != base
            name = f"{base}-{numbers[base]}"
        taken.add(name)
        names.append(name)
    return names
