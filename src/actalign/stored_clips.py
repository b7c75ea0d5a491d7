"""Score clips of a store again, a row each, without their videos: what `actalign align` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from actalign.encoded_candidates import EncodedCandidates
from actalign.errors import ActAlignError, UsageError
from actalign.parquet_store import list_address, read_address
from actalign.pipeline import clip_ids
from actalign.prediction import error_row
from actalign.store import Store, read_entry

Row = dict[str, Any]


def stored_clips(given: Sequence[str]) -> dict[str, str]:
    """The entries that folders, files and addresses with :// mean, sorted within each, by id.

    An entry's id is its file name without suffix, or all of its path where two agree. Raises
    UsageError for a folder that holds none and for what isn't there.
    """
    found: list[str] = []
    for one in given:
        path = Path(one)
        if "://" in one:
            inside = list_address(one)
        elif path.is_dir():
            inside = [str(entry) for entry in Store(path)]
        elif path.exists():
            inside = [str(path)]
        else:
            raise UsageError(f"There is no file or folder {one}.")
        if not inside:
            raise UsageError(f"The folder {one} holds no embeddings of `actalign encode`.")
        found += inside
    return clip_ids(found)


def clip_name(entry: str) -> str:
    """What the entries of one clip share, however it was sampled: the file name before the key."""
    stem = PurePath(entry).stem
    return stem.rpartition(".")[0] or stem


def align_stored(
    candidates: EncodedCandidates, entries: Mapping[str, str], *, top_k: int | None = None
) -> Iterator[Row]:
    """A row for each entry, in order, of predictions.jsonl; see `stored_row`."""
    for entry_id, entry in entries.items():
        yield stored_row(candidates, entry_id, entry, top_k=top_k)


def stored_row(
    candidates: EncodedCandidates, entry_id: str, entry: str, *, top_k: int | None = None
) -> Row:
    """Score one entry, a path or an address; one that can't be read or used is an error row."""
    clip_id = entry_id
    try:
        clip = read_address(entry) if "://" in entry else read_entry(entry)
        clip_id = clip.clip_id
        return candidates.predict(clip).to_row(top_k=top_k)
    except UsageError:
        raise
    except ActAlignError as error:
        return error_row(clip_id, entry, error)


def with_unlike_ids(rows: Iterable[Row], entry_ids: Iterable[str]) -> Iterator[Row]:
    """The rows, in order; a clip that is stored twice keeps its id once, then takes its entry's."""
    seen: set[str] = set()
    for row, entry_id in zip(rows, entry_ids, strict=True):
        clip_id = entry_id if row["doc_id"] in seen else row["doc_id"]
        seen.add(clip_id)
        yield {**row, "doc_id": clip_id}
