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
from actalign.evaluation._readers._source import Source
from actalign.evaluation.atlas import _questions as _actionatlas

__all__ = ["READERS", "Reader", "Source", "read_data"]


class Reader(NamedTuple):
    """A test whether data have a layout, and its reader."""

    matches: Callable[[Source], bool]
    read: Callable[[Source], QuestionSet]


READERS: dict[str, Reader] = {
    name: Reader(module.matches, module.read)
    for name, module in (
        ("questions", _questions),
        ("mini-atlas", _mini_atlas),
        ("actionatlas", _actionatlas),
        ("videonet", _videonet),
        ("breakfast", _breakfast),
        ("finediving", _finediving),
        ("mteb", _mteb),
        ("table", _table),
        ("folder", _folder),
    )
}
"""In the order in which they are tried: the plainest layouts come last."""


def read_data(source: Source, layout: str | None = None) -> QuestionSet:
    """Read a folder or file into questions.

    layout: a name of READERS; if None, the first one that fits. Raises UsageError if none fits, or
    if the data are wrong.
    """
    names = ", ".join(READERS)
    if layout is not None and layout not in READERS:
        raise UsageError(f"There is no layout {layout!r}; choose one of {names}.")
    if not source.data.exists():
        raise UsageError(f"There is no file or folder {source.data}; check the name.")
    for name, reader in READERS.items():
        if layout == name or (layout is None and reader.matches(source)):
            found = reader.read(source)
            return replace(found, notes=(*found.notes, *copy_notes(found.questions)))
    raise UsageError(
        f"{source.data} has no known layout; make one folder per class, give --truth with a table "
        f"of videos and labels, or name the layout: --layout, one of {names}."
    )
