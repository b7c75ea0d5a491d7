"""ActionAtlas's metadata: from the hub or a file to checked samples, one per question.

Only what the method may see is kept: titles, tags and descriptions of the source video name the
action, so they are dropped on reading. This module downloads no video.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actalign.documents import parse_json, parse_json_lines, read_text
from actalign.errors import ActAlignError, UsageError, brief_reason
from actalign.evaluation.atlas._dataset import Entry, split_choices, to_text
from actalign.files import pyarrow
from actalign.scripts._labels import label_key

HUB_ID = "mrsalehi/ActionAtlas-v1.0"
HUB_SPLIT = "test"

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """One question about one segment, whose clip is to be cut.

    entry: what the manifest says of it, apart from the clip. start_seconds, end_seconds: the
    segment [start, end) of the source video. boxes: text regions to hide, by frame number counted
    from 1 within the segment; each (left, top, right, bottom) in pixels of the at-most-720p
    download.
    """

    entry: Entry
    start_seconds: float
    end_seconds: float
    boxes: dict[int, tuple[Box, ...]]

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def key(self) -> str:
        """A hash of what the clip's pixels depend on; a clip with another key is cut again."""
        segment = [self.entry.youtube_id, self.start_seconds, self.end_seconds]
        parts = [*segment, sorted(self.boxes.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def read_metadata(path: Path | None) -> list[Sample | Entry]:
    """Read every entry of a JSON, JSON Lines or Parquet file, or of the hub if path is None.

    One that can't be used is a failed `Entry`, which is reported, and the others continue. Raises
    UsageError if the file can't be read, an entry has no id, or two share one.
    """
    rows = _hub_rows() if path is None else _file_rows(path)
    source = f"the hub's {HUB_ID}" if path is None else str(path)
    if not rows:
        raise UsageError(f"The metadata of {source} is empty; give at least one entry.")
    return parse_entries(rows, source=source)


def parse_entries(rows: Iterable[Any], *, source: str) -> list[Sample | Entry]:
    """Check entries given as mappings with ActionAtlas's fields; see `read_metadata`."""
    found: list[Sample | Entry] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise UsageError(f"Entry {number} of {source} is not an object with named fields.")
        sample_id = str(row.get("id") if row.get("id") is not None else "").strip()
        if not sample_id:
            raise UsageError(f"Entry {number} of {source} has no id; every entry needs its own.")
        if sample_id in seen:
            raise UsageError(f"The id {sample_id!r} occurs twice in {source}; ids must differ.")
        seen.add(sample_id)
        try:
            found.append(_sample(sample_id, row))
        except (KeyError, TypeError, ValueError) as error:
            reason = f"its field {error} is missing" if isinstance(error, KeyError) else str(error)
            fields = ("youtube_id", "action", "domain", "question")
            kept: dict[str, Any] = {name: str(row.get(name) or "") for name in fields}
            why = f"bad metadata: {reason}"
            found.append(Entry(sample_id, status="failed", kind="bad metadata", reason=why, **kept))
    return found


def parse_boxes(value: Any) -> dict[int, tuple[Box, ...]]:
    """Boxes by 1-based frame number, from the field's {"17": [{bounding_poly: ...}], "18": null}.

    Null and empty values are dropped: a table's reader fills every row with all keys of all rows.
    Each polygon becomes the axis-aligned box around it. Raises ValueError for anything else.
    """
    if isinstance(value, str):
        value = parse_json(value) if value.strip() else None
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"the text regions are a {type(value).__name__}, not an object by frame")
    found: dict[int, tuple[Box, ...]] = {}
    for name, regions in value.items():
        boxes = tuple(_box(region, name) for region in regions or () if region is not None)
        if boxes:
            if not re.fullmatch(r"\d+", str(name)) or int(name) < 1:
                raise ValueError(f"the text regions name a frame {name!r}, counted from 1")
            found[int(name)] = boxes
    return found


def _box(region: Any, name: Any) -> Box:
    try:
        points = region["bounding_poly"]["vertices"]
        if isinstance(points[0], Mapping):
            points = [(p["x"], p["y"]) for p in points]
        xs, ys = [float(p[0]) for p in points], [float(p[1]) for p in points]
    except (KeyError, TypeError, IndexError, ValueError):
        raise ValueError(f"a text region of frame {name} has no bounding_poly vertices") from None
    if not all(map(math.isfinite, xs + ys)):
        raise ValueError(f"a text region of frame {name} has a vertex that is not finite")
    return min(xs), min(ys), max(xs), max(ys)


def _sample(sample_id: str, row: Mapping[str, Any]) -> Sample:
    choices_str = str(row["choices_str"])
    choices = split_choices(choices_str)
    if len(choices) < 2:
        raise ValueError(f"choices_str holds {len(choices)} choice(s); a question needs two")
    if len(set(map(label_key, choices))) != len(choices):
        raise ValueError("choices_str holds one choice twice")
    answer = row["answer"]
    if isinstance(answer, bool) or not re.fullmatch(r"\d+", str(answer).strip()):
        raise ValueError(f"the answer is {answer!r}; it must be a choice's number from 1")
    if not 1 <= int(answer) <= len(choices):
        raise ValueError(f"the answer is {answer}, but there are {len(choices)} choices")
    youtube_id = str(row["youtube_id"] or "").strip()
    if not youtube_id or not re.fullmatch(r"[\w.-]+", youtube_id) or youtube_id.startswith("."):
        raise ValueError(f"the youtube_id {youtube_id!r} is not an id")
    start, end = float(row["start_timestamp"]), float(row["end_timestamp"])
    if not 0 <= start < end < math.inf:
        raise ValueError(f"the segment [{start:g}, {end:g}) is empty or impossible")
    boxes = parse_boxes(row.get("frames_to_obfuscate"))
    for number, more in parse_boxes(row.get("frames_to_blur")).items():
        boxes[number] = boxes.get(number, ()) + more
    entry = Entry(
        id=sample_id,
        youtube_id=youtube_id,
        status="ok",
        action=str(row.get("action") or choices[int(answer) - 1]),
        domain=str(row["domain"] or "").strip(),
        question=str(row.get("question") or ""),
        answer=int(answer),
        choices_str=choices_str,
        choice_descriptions=to_text(row.get("choice_descriptions")),
        start_timestamp=start,
        end_timestamp=end,
    )
    return Sample(entry, start, end, boxes)


def _file_rows(path: Path) -> list[Any]:
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            rows: Any = pyarrow()[1].read_table(path).to_pylist()
        elif path.suffix.lower() in (".jsonl", ".ndjson"):
            rows = parse_json_lines(read_text(path))
        else:
            rows = parse_json(read_text(path))
    except FileNotFoundError:
        raise UsageError(f"The metadata file {path} is missing; check --metadata.") from None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The metadata file {path} can't be read as JSON, JSON Lines or Parquet: {error}."
        ) from None
    if isinstance(rows, Mapping):
        rows = list(rows.values())
    if not isinstance(rows, list):
        raise UsageError(f"The metadata file {path} must hold a list of entries.")
    return rows


def _hub_rows() -> list[Any]:
    try:
        from datasets import load_dataset
    except ImportError:
        raise UsageError(
            "Reading ActionAtlas from the hub needs the package `datasets`; install "
            "actalign[atlas] or give --metadata FILE."
        ) from None
    try:
        return list(load_dataset(HUB_ID, split=HUB_SPLIT))
    except Exception as error:
        raise ActAlignError(
            f"The metadata {HUB_ID} can't be downloaded from the hub ({brief_reason(error)}); "
            "try again, or download it elsewhere and give --metadata FILE."
        ) from error
