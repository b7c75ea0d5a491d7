"""Embeddings that another store has, copied into a run's own, so that nothing is encoded twice.

An entry is found by its key, which says what it depends on; the clip may have any name there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from actalign.clips import Store
from actalign.clips._people import stored_people
from actalign.clips._result import person_id
from actalign.clips._stored import list_entries, read_stored
from actalign.evaluation._embed import Clip, is_stored, stored_name
from actalign.types import ClipEmbedding


def entries_by_key(given: str | None) -> dict[str, list[str]]:
    """The entries of a folder, or of an address with ://, by key; none for None.

    Raises UsageError if there are none there.
    """
    found: dict[str, list[str]] = {}
    for entry in [] if given is None else list_entries([given]).values():
        found.setdefault(PurePath(entry).stem.rpartition(".")[2], []).append(entry)
    return found


def reuse(
    clips: Sequence[Clip],
    keys: Mapping[str, str],
    entries: Mapping[str, Sequence[str]],
    store: Store,
    *,
    everyone: bool,
) -> tuple[int, int]:
    """Copy into ``store`` what it lacks of these clips and is among ``entries``.

    keys: see `clip_keys`. everyone: the encoder follows everyone. A damaged entry counts as
    missing. Returns the number of clips that were copied, and of those that the store had.
    """
    copied, kept, names = set[str](), set[str](), list[str]()
    for clip in clips:
        key = keys.get(clip.id, "")
        name = stored_name(clip, key, everyone)
        names.append(name)  # several questions may be about people of one clip
        if name not in copied and is_stored(store, name, key, everyone):
            kept.add(name)
        elif name not in copied:
            for one in _named(entries.get(key, ()), name, everyone):
                store.put(one, key)
                copied.add(name)
    return sum(name in copied for name in names), sum(name in kept for name in names)


def _named(entries: Sequence[str], name: str, everyone: bool) -> tuple[ClipEmbedding, ...]:
    """What is in the entries of one key, under another name."""
    found = [one for entry in entries if (one := read_stored(entry, entry).clip)]
    return _people(found, name) if everyone else _first(found, name)


def _first(found: Sequence[ClipEmbedding], name: str) -> tuple[ClipEmbedding, ...]:
    """The first entry, named; several are the same clip in files of several names."""
    return tuple(replace(one, clip_id=name) for one in found[:1])


def _people(found: Sequence[ClipEmbedding], name: str) -> tuple[ClipEmbedding, ...]:
    """A clip's people, named: all of them, or none."""
    numbers = [one.provenance.get("person", "") for one in found]
    ids = {
        person_id(name, int(number)): replace(one, clip_id=person_id(name, int(number)))
        for number, one in zip(numbers, found, strict=True)
        if number.isdecimal()
    }
    return stored_people(ids.get, name)
