"""The video sets of MTEB in Parquet: zero-shot classification and multiple-choice questions.

Zero-shot (HMDB51, UCF101, Breakfast, Kinetics): the columns `video` and `label`; the labels' names
are in the file's metadata. Multiple choice (NExT-QA, EgoSchema): `video`, `question`, `candidates`
and `answer`, a text. A video is its bytes with a path, or a path. A label of -1, or none, is not
known: data sets on the hub hold it where the truth is kept back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from actalign.errors import UsageError
from actalign.evaluation._questions import Question, QuestionSet
from actalign.evaluation._readers._folder import label_of
from actalign.evaluation._readers._source import (
    Source,
    parquet_columns,
    parquet_rows,
    question_or_absent,
)
from actalign.files import pyarrow, write_bytes
from actalign.scripts._labels import label_key

ZERO_SHOT, CHOICE = {"video", "label"}, {"video", "candidates", "answer"}
_SIGNS = ((4, b"ftyp", ".mp4"), (0, b"\x1a\x45\xdf\xa3", ".webm"), (8, b"AVI ", ".avi"))


def matches(source: Source) -> bool:
    """Whether the first table has the columns of either form and holds videos."""
    return any(
        (names >= ZERO_SHOT or names >= CHOICE) and _holds_videos(path)
        for path in source.tables()[:1]
        for names in [parquet_columns(path)]
    )


def read(source: Source) -> QuestionSet:
    """One question per row; videos inside the tables are written to ``source.videos``.

    Raises UsageError for tables of another form and for labels without names.
    """
    questions: list[Question] = []
    others: set[str] = set()
    for path in source.tables():
        columns = parquet_columns(path)
        if not columns >= ZERO_SHOT and not columns >= CHOICE:
            raise UsageError(
                f"{path} has the columns {', '.join(sorted(columns))}; MTEB's video sets have "
                "video and label, or video, question, candidates and answer."
            )
        if columns >= CHOICE:
            source.refuse("labels", layout="mteb")
        names = [] if columns >= CHOICE else list(map(label_of, _label_names(path)))
        for number, row in enumerate(parquet_rows(path)):
            question = _question(source, path, number, row, names)
            questions.append(question)
            if names and _known(row["label"]) and question.answer is None:
                others.add(question.id)
    name = source.folder.resolve().name
    return QuestionSet(name, tuple(questions), others=frozenset(others))


def _question(
    source: Source, path: Path, number: int, row: dict[str, Any], names: list[str]
) -> Question:
    """names: of the labels, for zero-shot classification."""
    name = f"{path.stem}-{number:06}"
    where = f"{path}, row {number + 1}"
    if not names:
        choices, label = tuple(str(one) for one in row["candidates"]), str(row["answer"])
    elif not _known(row["label"]):
        choices, label = source.candidates(names), None
    elif row["label"] in range(len(names)):
        choices, label = source.candidates(names), names[row["label"]]
    else:
        raise UsageError(f"{where} has the label {row['label']}, and there are {len(names)} names.")
    places = {label_key(choice): m for m, choice in enumerate(choices)}
    return question_or_absent(
        where,
        id=str(row.get("question_id") or name),
        video=_video(source, path, name, row["video"]),
        question=str(row.get("question") or ""),
        choices=choices,
        answer=None if label is None else places.get(label_key(label)),
    )


def _known(label: object) -> bool:
    return label not in (None, -1)


def _video(source: Source, table: Path, name: str, value: Any) -> Path:
    """The video's file, written once."""
    data, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (None, "")
    if data is None:
        return table.parent / str(path or value)
    suffix = Path(path or "").suffix or next(
        (suffix for at, sign, suffix in _SIGNS if data[at : at + len(sign)] == sign), ".mp4"
    )
    file = source.videos / f"{name}{suffix}"
    if not file.exists() or file.stat().st_size != len(data):
        write_bytes(file, data)
    return file


def _holds_videos(path: Path) -> bool:
    """Whether the column is of bytes with a path, or declared as a video."""
    pa, pq = pyarrow()
    kind = pq.read_schema(path).field("video").type
    return (
        bool(pa.types.is_struct(kind)) or _features(path).get("video", {}).get("_type") == "Video"
    )


def _features(path: Path) -> dict[str, Any]:
    """What the file's metadata, as `datasets` writes them, say about its columns."""
    metadata = pyarrow()[1].read_schema(path).metadata or {}
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return features if isinstance(features, dict) else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}


def _label_names(path: Path) -> list[str]:
    names = _features(path).get("label", {}).get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(
            f"The labels of {path} are numbers without names: its metadata don't hold them; give "
            "a table of videos and label names with --truth."
        )
    if blank := [number for number, name in enumerate(names) if not name.strip()]:
        raise UsageError(f"The label {blank[0]} of {path} has an empty name in its metadata.")
    return names
