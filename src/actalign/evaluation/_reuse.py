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
) -> int:
    """Copy into ``store`` what it lacks of these clips and is among ``entries``.

    keys: see `clip_keys`. everyone: the encoder follows everyone. A damaged entry counts as
    missing. Returns the number of clips that were copied.
    """
    copied: set[str] = set()
    count = 0
    for clip in clips:
        key = keys.get(clip.id, "")
        name = stored_name(clip, key, everyone)
        if key in entries and not is_stored(store, name, key, everyone):
            found = [one for e in entries[key] if (one := read_stored(e, e).clip)]
            named = _people(found, name) if everyone else _first(found, name)
            for one in named:
                store.put(one, key)
                copied.add(name)
        count += name in copied  # several questions may be about people of one clip
    return count


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
