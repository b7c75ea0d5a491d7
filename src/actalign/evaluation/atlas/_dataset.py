"""A dataset on disk: our folder (manifest and clips), or the original's ten-column `.npy`.

The folder holds `manifest.parquet`, `manifest.jsonl` (one row per metadata entry, failures
included) and `clips/`. An `.npy` that we write has a small `.json` beside it that names its folder,
so that later commands read clip by clip and never the whole array.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from actalign.arguments import check_fields
from actalign.documents import composed, parse_json, parse_json_lines, read_text
from actalign.errors import ActAlignError, UsageError, reason_of
from actalign.evaluation.atlas._npy import load_objects, object_column, save_objects
from actalign.files import pyarrow, write_text, writing
from actalign.types import UInt8
from actalign.video._sampling import sample_frames

COLUMNS = (
    "youtube_id",
    "id",
    "action",
    "domain",
    "question",
    "answer",
    "choices_str",
    "choice_descriptions",
    "processed_video_path",
    "video_frames",
)
SIDECAR_FORMAT = "actalign-dataset-1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the manifest.

    answer: 1-based, as in ActionAtlas; None if the metadata are bad. status: "ok" or "failed"; kind
    and reason say why. clip: path within the folder; sha256 of its bytes.
    duration: seconds; fps: frames over duration; frames, height, width: of the clip.
    hidden_frames: how many frames had text regions hidden.
    """

    id: str
    youtube_id: str
    status: str
    kind: str = ""
    reason: str = ""
    action: str = ""
    domain: str = ""
    question: str = ""
    answer: int | None = None
    choices_str: str = ""
    choice_descriptions: str | None = None
    start_timestamp: float | None = None
    end_timestamp: float | None = None
    clip: str | None = None
    sha256: str | None = None
    duration: float | None = None
    fps: float | None = None
    frames: int | None = None
    height: int | None = None
    width: int | None = None
    hidden_frames: int | None = None

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def choices(self) -> tuple[str, ...]:
        """The candidates' names, lower-cased as the texts need them."""
        return tuple(c.lower() for c in split_choices(self.choices_str))

    @property
    def correct(self) -> int | None:
        """The true candidate, counted from 0; None if the answer names none of them."""
        if self.answer is None or not 1 <= self.answer <= len(self.choices):
            return None
        return self.answer - 1


@dataclass(frozen=True, slots=True)
class Dataset:
    """Entries in order, and where their pixels are.

    folder: our dataset folder, whose clips the entries name; or None and ``frames``: (T, 3, H, W)
    uint8 arrays by id, read from an original's file.
    """

    entries: tuple[Entry, ...]
    folder: Path | None
    frames: dict[str, UInt8]

    @property
    def usable(self) -> list[Entry]:
        """The entries that have a clip, in order: the rows of the `.npy`."""
        return [entry for entry in self.entries if entry.ok]

    def clip_path(self, entry: Entry) -> Path:
        """The clip's file; raises UsageError for an original's dataset, which has arrays only."""
        if self.folder is None or entry.clip is None:
            raise UsageError(f"Sample {entry.id!r} has no clip file.")
        return self.folder / entry.clip


def write_manifest(folder: Path, entries: Sequence[Entry]) -> None:
    """Write both manifests, each atomically."""
    pa, pq = pyarrow()
    rows = [asdict(entry) for entry in entries]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_text(folder / "manifest.jsonl", lines)
    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema(
        [
            (f.name, next(kinds[t] for t in kinds if t.__name__ in str(f.type)))
            for f in fields(Entry)
        ]
    )
    with writing(folder / "manifest.parquet") as file:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)


def read_manifest(folder: Path) -> tuple[Entry, ...]:
    """Read a dataset folder's manifest; raises UsageError if it is missing or damaged."""
    path = folder / "manifest.jsonl"
    try:
        return tuple(map(_entry, parse_json_lines(read_text(path))))
    except FileNotFoundError:
        raise UsageError(
            f"{folder} is not a finished dataset folder: {path.name} is missing; run "
            "process_data.py until it ends."
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"The manifest {path} can't be read ({reason_of(error)}); make it again."
        ) from None


def _entry(row: dict[str, Any]) -> Entry:
    """An entry whose fields have their declared types; raises TypeError."""
    entry = Entry(**row)
    check_fields(entry)
    return entry


def split_choices(choices_str: str) -> tuple[str, ...]:
    """Names of a "1. name\\n2. name" text, numbering removed and nothing else.

    A number is numbering only when every line starts with its own position, so "1. 360 flip" is
    "360 flip", and "360 flip" without numbering stays whole.
    """
    lines = [composed(line).strip() for line in choices_str.splitlines() if line.strip()]
    numbered = [re.match(rf"{i}\s*[.):]\s*(?=\S)", line) for i, line in enumerate(lines, start=1)]
    if lines and all(numbered):
        return tuple(line[m.end() :] for line, m in zip(lines, numbered, strict=True) if m)
    return tuple(lines)


def load_dataset(path: Path) -> Dataset:
    """Open a dataset folder, an `.npy` of ours (by its folder) or one of the original scripts."""
    if path.is_dir():
        return Dataset(read_manifest(path), path, {})
    sidecar = path.with_name(path.name + ".json")
    if sidecar.is_file() and path.is_file():
        with suppress(ValueError, KeyError, TypeError):
            known = parse_json(read_text(sidecar))
            if known["format"] == SIDECAR_FORMAT and known["bytes"] == path.stat().st_size:
                folder = path.parent / known["folder"]
                if (folder / "manifest.jsonl").is_file():
                    return Dataset(read_manifest(folder), folder, {})
    return _from_rows(path, load_objects(path))


def _from_rows(path: Path, table: Any) -> Dataset:
    if table.ndim != 2 or table.shape[1] < len(COLUMNS) - 1:
        raise UsageError(
            f"{path} holds an array of shape {table.shape}; a dataset has one row per sample and "
            f"the ten columns {', '.join(COLUMNS)}."
        )
    entries: list[Entry] = []
    frames: dict[str, UInt8] = {}
    for number, row in enumerate(table, start=1):
        cells = dict(zip(COLUMNS, row, strict=False))
        sample_id = str(cells["id"])
        if any(entry.id == sample_id for entry in entries):
            raise UsageError(f"The id {sample_id!r} occurs twice in {path} (row {number}).")
        answer = str(cells["answer"]).strip()
        entries.append(
            Entry(
                id=sample_id,
                youtube_id=str(cells["youtube_id"]),
                status="ok",
                action=str(cells["action"]),
                domain=str(cells["domain"]),
                question=str(cells["question"]),
                answer=int(answer) if answer.isdecimal() else None,
                choices_str=str(cells["choices_str"]),
                choice_descriptions=to_text(cells["choice_descriptions"]),
            )
        )
        if "video_frames" in cells:
            frames[sample_id] = np.asarray(cells["video_frames"])
    return Dataset(tuple(entries), None, frames)


def export_npy(path: Path, folder: Path, entries: Iterable[Entry]) -> None:
    """Write the original's ten columns, a row for each usable entry, and the sidecar.

    Every frame of every clip is held in memory: the file's readers need that as well. Raises
    ActAlignError, before anything is decoded, if memory or disk space is too small.
    """
    usable = [entry for entry in entries if entry.ok]
    check_room(path, usable)
    table = np.empty((len(usable), len(COLUMNS)), dtype=object)
    for row, entry in enumerate(usable):
        clip = folder / (entry.clip or "")
        descriptions = entry.choice_descriptions
        cells = [
            entry.youtube_id,
            entry.id,
            entry.action,
            entry.domain,
            entry.question,
            entry.answer,
            entry.choices_str,
            None if descriptions is None else json.loads(descriptions),
            str(clip),
            _clip_frames(clip),
        ]
        table[row] = object_column(cells)
    save_objects(path, table)
    known = {"format": SIDECAR_FORMAT, "folder": folder.name, "bytes": path.stat().st_size}
    write_text(path.with_name(path.name + ".json"), json.dumps(known) + "\n")


def export_missing(path: Path, entries: Iterable[Entry]) -> None:
    """Write the original's table of failed entries: youtube_id, id, error."""
    failed = [entry for entry in entries if not entry.ok]
    table = np.empty((len(failed), 3), dtype=object)
    for row, entry in enumerate(failed):
        table[row] = object_column([entry.youtube_id, entry.id, entry.reason])
    save_objects(path, table)


def check_room(path: Path, entries: Iterable[Entry]) -> None:
    """Raise ActAlignError if the frames of these entries don't fit into memory or on the disk."""
    need = sum(3 * (e.frames or 0) * (e.height or 0) * (e.width or 0) for e in entries)
    memory = available_memory()
    free = shutil.disk_usage(path.resolve().parent).free
    if memory is not None and need > 0.9 * memory:
        room, what = memory, "memory"
    elif need > free:
        room, what = free, "disk space"
    else:
        return
    raise ActAlignError(
        f"{path} would hold {need / 1e9:.1f} GB of frames, but {room / 1e9:.1f} GB of {what} are "
        f"free; give an --output that does not end in .npy (a dataset folder, one clip at a time) "
        "or a lower --max-height."
    )


def available_memory() -> int | None:
    """Bytes of memory that are free now, within the control group's limit; None if unknown."""
    limits: list[int] = []
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        limits += [int(x.split()[1]) * 1024 for x in lines if x.startswith("MemAvailable:")]
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        for line in (group / "memory.stat").read_text().splitlines():
            if line.startswith("inactive_file "):  # the page cache gives way
                used -= int(line.split()[1])
        limits.append(max(0, limit - used))
    return min(limits, default=None)


def _clip_frames(clip: Path) -> UInt8:
    """(T, 3, H, W) uint8: every frame of a clip in the original's layout."""
    batches = [batch.frames for batch in sample_frames(clip, fps=None, batch_size=16)]
    return np.ascontiguousarray(np.concatenate(batches).transpose(0, 3, 1, 2))


def to_text(value: Any) -> str | None:
    """A metadata value as JSON text; arrays become lists."""
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return json.dumps(value, ensure_ascii=False, default=str)
