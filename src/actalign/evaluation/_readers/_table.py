"""A table of videos and their labels: CSV, JSON, JSON Lines or Parquet.

Columns are found by name, the first of COLUMNS that exists. Only video and label are required.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actalign.addresses import address_in
from actalign.clips import clip_ids
from actalign.documents import parse_json
from actalign.errors import UsageError
from actalign.evaluation._questions import Question, QuestionSet
from actalign.evaluation._readers._source import (
    TABLES,
    Source,
    asked_once,
    parquet_columns,
    question_or_absent,
    table_rows,
)
from actalign.files import is_there
from actalign.scripts._labels import label_key
from actalign.video import list_videos

COLUMNS = {
    "video": ("video", "clip", "file", "path", "filename", "video_path"),
    "label": ("label", "class", "action", "target", "answer"),
    "choices": ("candidates", "choices", "options"),
    "id": ("id",),
    "start": ("start", "start_seconds"),
    "end": ("end", "end_seconds"),
    "domain": ("domain", "sport"),
    "question": ("question",),
    "kind": ("kind",),
    "subject": ("subject", "person", "participant"),
    "license": ("license",),
    "source": ("source",),
}
"""The names that a column may have, in lower case."""


def matches(source: Source) -> bool:
    """Whether there is a table of labels, or the data are one."""
    if source.truth is not None:
        return True
    if not source.data.is_file() or source.data.suffix.lower() not in TABLES:
        return False
    if source.data.suffix.lower() == ".parquet":
        names = {name.lower() for name in parquet_columns(source.data)}
        return _column("video", names) is not None and _column("label", names) is not None
    return True


def read(source: Source) -> QuestionSet:
    """One question per row; raises UsageError that names the row or column that is wrong.

    Candidates are those of the row, or else all labels of the table. Videos are found by their path
    within the data's folder, with / or \\, or by their name if it is unique.
    """
    path = source.truth or source.data
    rows = [
        (where, {str(name).lower(): value for name, value in row.items()})
        for where, row in table_rows(path)
    ]
    if not rows:
        raise UsageError(f"The table {path} has no rows; give one per clip.")
    names = {part: _column(part, set(rows[0][1])) for part in COLUMNS}
    for part in ("video", "label"):
        if names[part] is None:
            raise UsageError(
                f"The table {path} has no column for the {part}; name one "
                f"{', '.join(COLUMNS[part])} (it has {', '.join(map(repr, rows[0][1]))[:200]})."
            )
    cells = [(where, _Cells(row, names, where)) for where, row in rows]
    named: dict[str, str] = {}
    for _, row in cells:
        if label := row.text("label"):
            named.setdefault(label_key(label), label)
    labels = source.candidates(named.values())
    find = _Videos(source.folder)
    videos = [find(row.text("video"), where) for where, row in cells]
    ids = _ids(cells, videos)
    questions, notes = asked_once(
        (where, _question(where, row, video, name, labels))
        for (where, row), video, name in zip(cells, videos, ids, strict=True)
    )
    labelled = {name for (_, row), name in zip(cells, ids, strict=True) if row.text("label")}
    others = frozenset(q.id for q in questions if q.answer is None and q.id in labelled)
    return QuestionSet(path.stem, tuple(questions), notes=tuple(notes), others=others)


def _question(where: str, row: _Cells, video: Path, name: str, labels: tuple[str, ...]) -> Question:
    choices = row.choices() or labels
    places = {label_key(choice): m for m, choice in enumerate(choices)}
    return question_or_absent(
        where,
        id=name,
        video=video,
        start=row.seconds("start"),
        end=row.seconds("end"),
        choices=choices,
        answer=places.get(label_key(row.text("label"))),
        subject=row.text("subject") or None,
        **{name: row.text(name) for name in ("question", "domain", "kind", "license", "source")},
    )


class _Cells:
    """A row's values by meaning."""

    def __init__(self, row: Mapping[str, Any], names: Mapping[str, str | None], where: str) -> None:
        self._row, self._names, self._where = row, names, where

    def _value(self, part: str) -> Any:
        name = self._names[part]
        return None if name is None else self._row.get(name)

    def text(self, part: str) -> str:
        """The text, "" if there is none."""
        value = self._value(part)
        if value is not None and not isinstance(value, str | int):
            raise UsageError(f"{self._where}: {self._names[part]} is {value!r}, not a text.")
        return "" if value is None else str(value).strip()

    def seconds(self, part: str) -> float | None:
        """The number, None if there is none."""
        value = self._value(part)
        if value is None or value == "":
            return None
        try:
            return float(value)
        except (TypeError, ValueError):
            raise UsageError(
                f"{self._where}: {self._names[part]} is {value!r}, not a number of seconds, such "
                "as 3.5."
            ) from None

    def choices(self) -> tuple[str, ...]:
        """The row's own candidates: a list, its JSON, or texts with | between them."""
        value = self._value("choices")
        if isinstance(value, str) and value.strip().startswith("["):
            try:
                value = parse_json(value)
            except ValueError:
                raise UsageError(
                    f"{self._where}: {self._names['choices']} begins with [ but is not a JSON list."
                ) from None
        if isinstance(value, str):
            value = value.split("|")
        if not isinstance(value, list | tuple | None):
            raise UsageError(f"{self._where}: {self._names['choices']} is not a list of texts.")
        return tuple(str(one).strip() for one in value or () if str(one).strip())


class _Videos:
    """Videos of a folder by path or by unique name; a missing one stays a path and fails alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_name: dict[str, list[Path]] | None = None

    def __call__(self, name: str, where: str) -> Path:
        if not name:
            raise UsageError(f"{where} names no video.")
        path = self._folder / name
        if address_in(name) and not is_there(path):
            return Path(name)  # reported where it is read
        if is_there(path):
            return path
        name = name.replace("\\", "/")  # of a table that was written on Windows
        if is_there(self._folder / name):
            return self._folder / name
        if self._by_name is None:
            self._by_name = {}
            try:
                listed = list_videos([self._folder])
            except UsageError:
                listed = []
            for one in listed:
                for key in {one.name, one.stem}:
                    self._by_name.setdefault(key, []).append(one)
        found = self._by_name.get(Path(name).name, [])
        return found[0] if len(found) == 1 else path


def _ids(cells: list[tuple[str, _Cells]], videos: list[Path]) -> list[str]:
    """One id per row: its own, or else its video's, with times or a number if several are alike."""
    named = {path: name for name, path in clip_ids(videos).items()}
    counts: dict[str, int] = {}
    found = []
    for (_, row), video in zip(cells, videos, strict=True):
        name = row.text("id")
        if not name:
            name, start, end = named[video], row.seconds("start"), row.seconds("end")
            if start is not None or end is not None:
                name += f"@{start or 0:g}-{'' if end is None else format(end, 'g')}"
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name}#{counts[name]}")
    return found


def _column(part: str, names: set[str]) -> str | None:
    return next((name for name in COLUMNS[part] if name in names), None)
