"""Embeddings that another store has, copied into a run's own, so that nothing is encoded twice.

An entry is found by its key, which says what it depends on; the clip may have any name there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from actalign.clips._people import stored_people
from actalign.clips._result import person_id
from actalign.clips._stored import list_entries, read_stored
from actalign.evaluation._embed import Clip, Embedder
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
    embedder: Embedder,
) -> tuple[int, int]:
    """Copy into the embedder's store what it lacks of these clips and is among ``entries``.

    keys: see `clip_keys`. A damaged entry counts as missing. Returns the number of clips that were
    copied, and of those that the store had.
    """
    copied, kept, names = set[str](), set[str](), list[str]()
    for clip in clips:
        key = keys.get(clip.id, "")
        name = embedder.stored_name(clip, key)
        names.append(name)  # several questions may be about people of one clip
        if name not in copied and embedder.is_stored(name, key):
            kept.add(name)
        elif name not in copied:
            for one in _named(entries.get(key, ()), name, embedder.everyone):
                embedder.store.put(one, key)
                copied.add(name)
    return sum(name in copied for name in names), sum(name in kept for name in names)


def _named(entries: Sequence[str], name: str, everyone: bool) -> Sequence[ClipEmbedding]:
    """What is in the entries of one key, under another name: a clip, or all of its people."""
    found = [one for entry in entries if (one := read_stored(entry, entry).clip)]
    if not everyone:  # several are the same clip in files of several names
        return [replace(one, clip_id=name) for one in found[:1]]
    numbers = [one.provenance.get("person", "") for one in found]
    people = {
        person_id(name, int(number)): one
        for number, one in zip(numbers, found, strict=True)
        if number.isdecimal()
    }
    return stored_people({i: replace(one, clip_id=i) for i, one in people.items()}.get, name)
