"""A reader's input, and reading tables of any file format."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from actalign.documents import one_line, parse_json, read_lines, read_text
from actalign.errors import UsageError, reason_of
from actalign.evaluation._question_file import json_lines
from actalign.evaluation._questions import Absent, Question
from actalign.files import pyarrow
from actalign.scripts._labels import label_key

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
"""Files of spreadsheet programs, which are not text."""

UNUSED = {
    "labels": "names candidates, but such data have their own",
    "split": "names a part of the data, but such data are read whole",
    "truth": "names a table of videos and labels, but such data have their own",
}
"""Fields of `Source` that some layouts have no use for, and why."""


@dataclass(frozen=True, slots=True)
class Source:
    """Data to read.

    data: a folder or a file. truth: a table of videos and labels for a folder of videos. split: a
    part of the data, as named by its publishers. videos: folder to write videos to that are inside
    a table. labels: candidates, instead of all labels of the data. none: a label that is not a
    candidate, because it stands for all others.
    """

    data: Path
    truth: Path | None = None
    split: str | None = None
    videos: Path = Path("videos")
    labels: tuple[str, ...] = ()
    none: str | None = None

    def candidates(self, labels: Iterable[str]) -> tuple[str, ...]:
        """The candidates that are named, or else these labels; without ``none``."""
        given = self.labels or tuple(labels)
        none = None if self.none is None else label_key(self.none)
        return tuple(one for one in given if label_key(one) != none)

    def refuse(self, *fields: str, layout: str) -> None:
        """Raise UsageError if one of these is given, for which the layout has no use."""
        for field in fields:
            if getattr(self, field):
                raise UsageError(
                    f"--{field} {UNUSED[field]} (the layout of {self.data} is {layout}); leave it "
                    "out."
                )

    @property
    def folder(self) -> Path:
        """The folder, or the one that the file is in."""
        return self.data if self.data.is_dir() else self.data.parent

    def tables(self) -> list[Path]:
        """The file, or the Parquet files of the split in a folder and in its `data` folder."""
        if not self.data.is_dir():
            return [self.data] if self.data.suffix.lower() == ".parquet" else []
        found = sorted([*self.data.glob("*.parquet"), *self.data.glob("data/*.parquet")])
        if self.split is None:
            tests = [path for path in found if path.name.startswith("test")]
            return tests or found
        chosen = [path for path in found if path.name.startswith(f"{self.split}-")]
        return chosen or [path for path in found if path.stem == self.split]


def table_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row of a CSV, JSON, JSON Lines or Parquet file, and its place.

    Raises UsageError for a file that can't be read and for a row that is not an object.
    """
    kind = path.suffix.lower()
    if kind in SPREADSHEETS:
        raise UsageError(f"The table {path} is a workbook; save it as CSV and give that file.")
    if kind == ".parquet":
        for number, row in enumerate(parquet_rows(path), start=1):
            yield f"{path}, row {number}", row
        return
    if kind in (".jsonl", ".ndjson"):
        listed = json_lines(path, "table")
    elif kind == ".json":
        listed = [(f"{path}, entry {n}", row) for n, row in enumerate(_json(path), start=1)]
    else:
        listed = list(_csv(path))
    for where, row in listed:
        if not isinstance(row, dict):
            raise UsageError(f"{where} is not an object with named fields.")
        yield where, row


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, a few at a time: a column may hold whole videos."""
    pa, pq = pyarrow()
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=8):
                yield from batch.to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = one_line(error)[:200]
        raise UsageError(f"{path} can't be read as Parquet: {reason}.") from None


def parquet_columns(path: Path) -> set[str]:
    """The names of a Parquet file's columns; none if it can't be read."""
    pa, pq = pyarrow()
    try:
        return set(pq.read_schema(path).names)
    except (OSError, ValueError, pa.ArrowException):
        return set()


def csv_columns(path: Path) -> set[str]:
    """The names in a CSV file's header; only the beginning of the file is read.

    Raises OSError, and ValueError for a file that is not text or not CSV.
    """
    with closing(read_lines(path)) as lines:
        first = next(lines, "")
        try:
            cells = next(csv.reader(chain([first], lines), delimiter=_delimiter(first)), [])
        except csv.Error as error:
            raise ValueError(str(error)) from None
    return {cell.strip() for cell in cells}


def question_or_absent(where: str, **fields: Any) -> Question:
    """A question; one whose fields contradict each other is a sample without a clip."""
    try:
        return Question(**fields)
    except UsageError as error:
        return Question(id=fields["id"], absent=Absent("bad question", f"{where}: {error}"))


def asked_once(places: Iterable[tuple[str, Question]]) -> tuple[list[Question], list[str]]:
    """Each question once, and a sentence if some are repeated.

    places: each question with its place, such as "labels.csv, line 2". Raises UsageError if one
    question (the same seconds of a video, the same person, the same candidates) has two answers.
    """
    kept: list[Question] = []
    repeats: list[str] = []
    first: dict[object, tuple[str, Question]] = {}
    for where, one in places:
        if one.video is None or one.target is None:
            kept.append(one)
            continue
        # Path.resolve would follow links; `copy_notes` reports what they lead to.
        video = os.path.abspath(one.video)  # noqa: PTH100
        before, same = first.setdefault((video, asked_of(one)), (where, one))
        line = before.rpartition(", ")[2]
        if label_key(same.target or "") != label_key(one.target):
            raise UsageError(
                f"{where} says {one.target!r} for {one.video.name}, and {line} says "
                f"{same.target!r}; keep the right one, or tell them apart by start and end."
            )
        alike = replace(one, id=same.id, video=same.video, license=same.license, source=same.source)
        if same is not one and alike == same:
            repeats.append(f"{where} repeats {line}")
        else:
            kept.append(one)
    return kept, [f"{one_of(repeats)}: counted once"] if repeats else []


def one_of(found: Sequence[str]) -> str:
    """The first of what was found, and how many such there are."""
    return f"{found[0]}, one of {len(found)} such" if len(found) > 1 else found[0]


def asked_of(question: Question) -> object:
    """What makes a question about the same video a different one, apart from its answer."""
    steps = question.scripts or (None,) * len(question.choices)
    return (
        (question.start or 0, question.end),
        (question.box, question.subject, question.question),
        frozenset(zip(map(label_key, question.choices), steps, strict=True)),
    )


def _activitynet(videos: dict[str, Any], path: Path) -> Iterator[dict[str, Any]]:
    """The events of ActivityNet's truth, {"database": {VIDEO: {"annotations": [...]}}}."""
    for video, entry in videos.items():
        try:
            for event in entry["annotations"]:
                start, end = event["segment"]
                yield {"video": video, "label": event["label"], "start": start, "end": end}
        except (KeyError, TypeError, ValueError):
            raise UsageError(
                f"{path}, {video}: it has no annotations with a label and a segment [start, end] "
                "in seconds."
            ) from None


def _json(path: Path) -> list[Any]:
    try:
        rows = parse_json(read_text(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"The table {path} can't be read as JSON ({error}).") from None
    if isinstance(rows, dict) and isinstance(rows.get("database"), dict):
        return list(_activitynet(rows["database"], path))
    if not isinstance(rows, list):
        raise UsageError(f"The table {path} must hold a list of objects, one per clip.")
    return rows


def _csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"The table {path} can't be read: {reason_of(error)}.") from None
    delimiter = _delimiter(text.split("\n", 1)[0])
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row.get(None, ())):
                raise UsageError(
                    f"{path}, line {reader.line_num} has more cells than the header names columns; "
                    "put a text with a comma in it in double quotes."
                )
            named = {str(k).strip(): v for k, v in row.items() if k is not None}
            if delimiter == ";":  # of a spreadsheet whose decimals have a comma
                named = {
                    k: v.replace(",", ".") if v and _COMMA_DECIMAL.fullmatch(v) else v
                    for k, v in named.items()
                }
            yield f"{path}, line {reader.line_num}", named
    except csv.Error as error:
        raise UsageError(
            f"{path} is not CSV after line {reader.line_num} ({error}); close each double quote."
        ) from None


_COMMA_DECIMAL = re.compile(r"\s*\d+,\d+\s*")


def _delimiter(header: str) -> str:
    """The delimiter; spreadsheets write semicolons if a comma marks decimals."""
    return max(",;\t", key=header.count)
