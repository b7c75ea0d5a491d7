"""Scores stored clips on many machines with Ray: a row for each entry of a store, in order.

Texts are encoded once, where the run was started; actors get their embeddings, so they load no
model. They read the store's entries and send back rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from actalign.candidates import Candidates
from actalign.clips._stored import read_stored
from actalign.cluster._ray import DEATHS, Item, Outcome, RayCluster, enter, run_on_cluster, stop
from actalign.errors import ActAlignError
from actalign.rows import Row
from actalign.types import ClipError

MOST_ENTRIES = 64
"""Maximum number of entries that one actor is given at a time."""


@dataclass(frozen=True, eq=False, slots=True)
class AlignWork:
    """All that an actor must know besides the entries, whose paths are relative to ``folder``."""

    candidates: Candidates
    top_k: int | None
    folder: str


def align_stored_on_ray(
    candidates: Candidates,
    entries: Mapping[str, str],
    *,
    top_k: int | None = None,
    cluster: RayCluster,
) -> Iterator[Row]:
    """A row for each entry, in order, as `Candidates.score` makes it.

    The entries must be in a folder that all machines see under the same path, or at an address.
    Raises UsageError if the cluster or the folder can't be used.
    """
    work = AlignWork(candidates, top_k, str(Path.cwd()))
    run = run_on_cluster(
        entries, AlignEntries, lambda ray, cpus: work, cluster=cluster, most=MOST_ENTRIES
    )
    for outcome, entry_id, entry in run:
        if outcome["state"] == "aligned":
            yield outcome["row"]
        else:
            gone = f"The process that read {entry} died {DEATHS} times; encode the clip again."
            yield ClipError(entry_id, entry, ActAlignError(outcome.get("error", gone))).to_row()


class AlignEntries:
    """A Ray actor that scores entries of a store."""

    def __init__(self, work: AlignWork) -> None:
        self._work = work

    def outcomes(self, entries: str) -> list[str]:
        """For a JSON list of entries (n, id, path), outcomes as JSON, one per entry."""
        return [json.dumps(self._align(entry)) for entry in json.loads(entries)]

    def _align(self, item: Item) -> Outcome:
        n, entry_id, entry = item
        work = self._work
        try:
            enter(work.folder)
            row, _ = work.candidates.score(read_stored(entry_id, entry), top_k=work.top_k)
        except ActAlignError as error:  # not specific to an entry
            return stop(n, error)
        except Exception as error:
            text = f"{entry} can't be aligned: {type(error).__name__}: {error}"
            return {"n": n, "state": "failed", "error": text}
        return {"n": n, "state": "aligned", "row": row}
