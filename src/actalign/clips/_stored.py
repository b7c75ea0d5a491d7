"""Reads the entries of stores without their videos, for `actalign align` and the time left."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from actalign.addresses import is_address
from actalign.clips._embed import clip_ids
from actalign.clips._keys import Sampling, clip_key
from actalign.clips._parquet import AnyStore, list_address, nothing_at, read_address
from actalign.clips._result import ClipResult, person_id
from actalign.clips._store import Store, entry_source, has_key, read_entry
from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import follows_everyone
from actalign.errors import ActAlignError, UsageError
from actalign.files import cache_folder, file_stem
from actalign.rows import Row
from actalign.rows._made import renamed


def list_entries(given: Sequence[str]) -> dict[str, str]:
    """The entries in folders, files and addresses with ://, sorted within each, by id.

    An entry's id is its file name without suffix, or its whole path if two agree. Raises UsageError
    for a folder without entries and for a path that doesn't exist.
    """
    found: list[str] = []
    for one in given:
        path = Path(one)
        if is_address(one):
            inside = list_address(one)
        elif path.is_dir():
            inside = [str(entry) for entry in entries_in(path)]
        elif path.exists():
            if path.suffix.lower() not in (".safetensors", ".parquet"):
                raise UsageError(
                    f"{one} is not an embedding; give a folder that `actalign encode --out` wrote, "
                    "or use `actalign classify` for videos."
                )
            inside = [str(path)]
        else:
            raise nothing_at(one)
        if not inside:
            raise UsageError(f"The folder {one} contains no embeddings from `actalign encode`.")
        found += inside
    return clip_ids(found)


def entries_in(folder: Path) -> list[Path]:
    """The entries of a folder, sorted: a store's, or else those copied from an address."""
    return [*Store(folder)] or sorted(p for p in folder.glob("*.parquet") if has_key(p.name))


def filled_cache() -> Path | None:
    """The user's cache folder; None if it has no entry, can't be read, or there is no home folder.

    Looks no further than the first entry, as there may be a hundred thousand.
    """
    with suppress(UsageError, OSError):
        folder = cache_folder()
        with os.scandir(folder) as inside:
            if any(has_key(one.name) for one in inside):
                return folder
    return None


def entry_clip(entry: str) -> str:
    """What all entries of one clip share, however it was sampled: the file name before the key."""
    stem = PurePath(entry).stem
    return stem.rpartition(".")[0] or stem


def seem_stored(
    store: AnyStore | None, videos: Mapping[str, Path], info: EncoderInfo, sampling: Sampling
) -> Iterator[str]:
    """The ids of those videos that the store's entries say they are of, by their paths.

    No video is read, so that one which has changed since is among them. None at an address, where
    every entry would have to be fetched.
    """
    if not isinstance(store, Store):
        return
    entries: dict[str, list[str]] = {}
    with suppress(OSError), os.scandir(store.folder) as inside:
        for one in inside:
            if has_key(one.name):
                entries.setdefault(entry_clip(one.name), []).append(one.path)
    persons = (1, 0) if follows_everyone(info.model_id) else ()
    for clip_id, video in videos.items():
        names = [person_id(clip_id, person) for person in persons] or [clip_id]
        for entry in (one for name in names for one in entries.get(file_stem(name), ())):
            source = entry_source(Path(entry))
            key = clip_key(source.get("sha256", ""), info.fingerprint, sampling)
            same = Path(source.get("video", "")).absolute() == video.absolute()
            if same and PurePath(entry).stem.endswith(f".{key}"):
                yield clip_id
                break


def read_stored(entry_id: str, entry: str) -> ClipResult:
    """One entry, from a path or an address; its error if it can't be read."""
    try:
        in_table = is_address(entry) or PurePath(entry).suffix.lower() == ".parquet"
        clip = read_address(entry) if in_table else read_entry(entry)
    except UsageError:
        raise
    except ActAlignError as error:
        said = ActAlignError(f"{error} `actalign encode` makes a damaged entry again.")
        return ClipResult(entry_id, entry, error=said)
    return ClipResult(clip.clip_id, entry, clip, cached=True)


def with_unique_ids(rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    """(entry, row) pairs, in order; if a clip is stored twice, the second one gets the id of its
    entry. Rows of one entry, from several scorers, have one id."""
    first: dict[str, str] = {}
    for entry_id, row in rows:
        if first.setdefault(row["clip"], entry_id) != entry_id:
            row = renamed(row, entry_id)
            first.setdefault(entry_id, entry_id)
        yield entry_id, row
