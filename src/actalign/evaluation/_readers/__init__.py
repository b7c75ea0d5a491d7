"""Data that others publish or users have, read into questions: the table READERS.

Each reader knows one layout. `read_data` finds out which one a folder or file has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from actalign.errors import UsageError
from actalign.evaluation._questions import QuestionSet
from actalign.evaluation._readers import (
    _breakfast,
    _finediving,
    _folder,
    _mini_atlas,
    _mteb,
    _questions,
    _table,
    _videonet,
)
from actalign.evaluation._readers._copies import copy_notes
from actalign.evaluation._readers._source import UNUSED, Source
from actalign.evaluation.atlas import _questions as _actionatlas

__all__ = ["READERS", "Reader", "Source", "read_data"]


class Reader(NamedTuple):
    """A test whether data have a layout, its reader, and which fields of UNUSED that one uses."""

    matches: Callable[[Source], bool]
    read: Callable[[Source], QuestionSet]
    uses: frozenset[str]


READERS: dict[str, Reader] = {
    name: Reader(module.matches, module.read, frozenset(uses.split()))
    for name, module, uses in (
        ("questions", _questions, "truth"),
        ("mini-atlas", _mini_atlas, ""),
        ("actionatlas", _actionatlas, ""),
        ("videonet", _videonet, "split"),
        ("breakfast", _breakfast, "split"),
        ("finediving", _finediving, "split"),
        ("mteb", _mteb, "labels split"),
        ("table", _table, "labels truth"),
        ("folder", _folder, "labels"),
    )
}
"""In the order in which they are tried: the plainest layouts come last."""


def read_data(source: Source, layout: str | None = None) -> QuestionSet:
    """Read a folder or file into questions.

    layout: a name of READERS; if None, the first one that fits. Raises UsageError if none fits, if
    the data are wrong, and for a field of `source` that the layout has no use for.
    """
    names = ", ".join(READERS)
    if layout is not None and layout not in READERS:
        raise UsageError(f"There is no layout {layout!r}; choose one of {names}.")
    if not source.data.exists():
        raise UsageError(f"There is no file or folder {source.data}; check the name.")
    for name, reader in READERS.items():
        if layout == name or (layout is None and reader.matches(source)):
            source.refuse(*(field for field in UNUSED if field not in reader.uses), layout=name)
            found = reader.read(source)
            return replace(found, notes=(*found.notes, *copy_notes(found.questions)))
    raise UsageError(
        f"{source.data} has no known layout; make one folder per class, give --truth with a table "
        f"of videos and labels, or name the layout: --layout, one of {names}."
    )
