"""Splits a run into shards by clip id, and merges the parts back into one predictions.jsonl.

Shards share nothing but the list of clips, so any scheduler can run them (a Slurm array, a shell
loop). A shard's row says in "shard" where it belongs; merging puts it there and removes that field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from actalign.clips._store import entry_key
from actalign.documents import open_text
from actalign.errors import UsageError, reason_of
from actalign.rows import Row
from actalign.rows._fields import ShardRow
from actalign.rows._files import parse_row

Value = TypeVar("Value")

SETTINGS = (
    "schema_version", "model_id", "fingerprint", "scorer", "background", "min_confidence",
    "smoothing_seconds", "domain",
)  # fmt: skip
SAMPLING = ("fps", "start", "end")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``count`` parts of a run; ``index`` counts from 0."""

    index: int
    count: int

    @classmethod
    def of(cls, count: int | None, index: int | None) -> Shard | None:
        """From --num-shards and --shard; None if neither is given. Raises UsageError."""
        if count is None and index is None:
            return None
        if count is None or index is None:
            raise UsageError("--num-shards and --shard go together; give both or neither.")
        if not 0 <= index < count:
            raise UsageError(
                f"--shard is {index}, but {count} shards are numbered 0 to {count - 1}; give one "
                "of those."
            )
        return cls(index, count)

    def clips(self, videos: Mapping[str, Value]) -> dict[str, Value]:
        """The clips of this shard, in order; a clip's shard depends only on its id."""
        return {name: one for name, one in videos.items() if self.holds(name)}

    def holds(self, clip_id: str) -> bool:
        """Whether a clip is in this shard: SHA-256 of its id, first 8 bytes, modulo ``count``."""
        digest = hashlib.sha256(clip_id.encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index

    def marks(
        self,
        clip_ids: Iterable[str],
        settings: Mapping[str, object],
        *,
        held: Container[str] | None = None,
    ) -> dict[str, ShardRow]:
        """The field "shard" of this shard's rows, by clip: where the row belongs in the whole run.

        clip_ids: of the whole run, in order. settings: everything that its rows depend on, as
        values for JSON; parts with other settings or other clips never merge. held: this shard's
        clips, if they are not determined by their ids.
        """
        ids = list(clip_ids)
        run = entry_key({**settings, "clips": ids})
        return {
            name: {
                "index": self.index,
                "count": self.count,
                "clips": len(ids),
                "clip": n,
                "run": run,
            }
            for n, name in enumerate(ids)
            if (self.holds(name) if held is None else name in held)
        }


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a row is in a file; kept instead of the row, so memory doesn't grow with candidates."""

    part: Path
    number: int
    place: int
    digest: bytes
    shard: ShardRow | None


def merge(parts: Sequence[Path]) -> Iterator[Row]:
    """The rows of several predictions.jsonl as one undisturbed run would have written them.

    Rows of shards come in the order of the run's clips, other rows in the order of the parts. A
    clip that is in several parts counts once if its rows are equal. Everything is checked before
    the first row is yielded. Raises UsageError, which names the file and the clip, for a line that
    is not a prediction, differing rows for one clip, parts of different runs, and a clip of the run
    that is in no part.
    """
    lines = _index(parts)
    if any(line.shard for line in lines.values()):
        lines = _in_order(lines, parts)
    return (_without_shard(line) for line in lines.values())


def _index(parts: Sequence[Path]) -> dict[str, _Line]:
    """Read the parts once and check them; each clip's line, in the order of the parts."""
    lines: dict[str, _Line] = {}
    first: dict[str, tuple[object, str]] = {}
    for part in dict.fromkeys(parts):
        for number, place, row in _rows(part):
            name = row["clip"]
            for field, value in _settings(row):
                known, there = first.setdefault(field, (value, f"{part} (clip {name!r})"))
                if known != value:
                    raise UsageError(_mixed(field, value, f"{part} (clip {name!r})", known, there))
            digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest()
            before = lines.setdefault(name, _Line(part, number, place, digest, row.get("shard")))
            if before.digest != digest:
                raise UsageError(
                    f"The clip {name!r} has two different rows: {before.part}, line "
                    f"{before.number}, and {part}, line {number}; leave out one of the files."
                )
    return lines


def _settings(row: Row) -> Iterator[tuple[str, object]]:
    """The settings that must be the same in all rows; a failed clip's row has few of them.

    Rows of a shard have a hash of the run's settings, which also covers clips with different
    sampling.
    """
    if row.get("status") == "ok" and "shard" not in row:
        yield from ((name, row.get(name)) for name in SETTINGS)
        yield from (row.get("settings") or {}).items()
        source = row.get("provenance") or {}
        yield from ((name, source.get(name)) for name in SAMPLING)
    shard: Mapping[str, object] = row.get("shard") or {}
    yield from ((f"shard {name}", shard.get(name)) for name in ("count", "run"))


def _mixed(field: str, value: object, here: str, known: object, there: str) -> str:
    if not field.startswith("shard "):
        one, other = (
            f"without {field}" if asked is None else f"with {field} {asked!r}"
            for asked in (value, known)
        )
        return f"{here} was made {one}, but {there} {other}; merge parts of one run only."
    what = f"{here} and {there} are not shards of one run: "
    if None in (value, known):
        return what + "one of them is not a shard at all; merge shards with shards."
    if field == "shard count":
        return what + f"one run has {value} shards, the other {known}."
    return (
        what
        + "the videos, candidates, scripts or settings differ; run all shards with the same ones."
    )


def _in_order(lines: dict[str, _Line], parts: Sequence[Path]) -> dict[str, _Line]:
    """Lines of shards in the order of the run's clips; raises UsageError if some are missing."""
    shards = [line.shard for line in lines.values() if line.shard]
    count, clips = shards[0]["count"], shards[0]["clips"]
    if len(lines) < clips:
        absent = sorted(set(range(count)) - {shard["index"] for shard in shards})
        named = ", ".join(map(str, absent[:20])) + (", ..." if len(absent) > 20 else "")
        which = f" (no row of shard {named} of {count}, counted from 0)" if absent else ""
        empty = [str(part) for part in parts if next(_rows(part), None) is None]
        without = f"; without a row: {', '.join(empty)}" if empty else ""
        raise UsageError(
            f"{clips - len(lines)} of the run's {clips} clips are in none of the parts{which}"
            f"{without}; finish the shards that are missing or empty and give all parts."
        )
    return dict(
        sorted(lines.items(), key=lambda item: item[1].shard["clip"] if item[1].shard else 0)
    )


def _rows(part: Path) -> Iterator[tuple[int, int, Row]]:
    """(line number, offset to seek, row) of each line of a file."""
    number = place = 0
    try:
        with open_text(part) as file:
            while line := file.readline():
                number += 1
                if line.strip():
                    yield number, place, parse_row(line, f"{part}, line {number}")
                place = file.tell()
    except UnicodeDecodeError:
        raise UsageError(
            f"The part {part} is not UTF-8 text (line {number + 1}); save it as UTF-8."
        ) from None
    except OSError as error:
        raise UsageError(f"The part {part} can't be read: {reason_of(error)}.") from error


def _without_shard(line: _Line) -> Row:
    with open_text(line.part) as file:
        file.seek(line.place)
        row = parse_row(file.readline(), f"{line.part}, line {line.number}")
    row.pop("shard", None)
    return row
