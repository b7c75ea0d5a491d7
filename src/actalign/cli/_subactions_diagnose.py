"""`actalign subactions diagnose`: which steps say nothing of the clips of a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from actalign.cli._align import StoredModelOptions
from actalign.cli._candidates import CandidateOptions
from actalign.cli._grouped import grouped
from actalign.cli._options import AsJson, ScoringOptions
from actalign.errors import UsageError

if TYPE_CHECKING:
    from actalign.candidates import Candidates
    from actalign.types import Prediction

SENTENCES = {
    "never": "never fires, though clips are answered so; say what a camera sees",
    "always": "fires in almost every clip; say what only this action shows",
    "wrong candidate": "fires mostly in clips answered {fires_for!r}; say what tells them apart",
}


@grouped
def diagnose(
    stored: Annotated[
        list[str],
        typer.Argument(help="Folders or addresses with :// that `actalign encode --out` wrote."),
    ],
    candidates: CandidateOptions,
    model: StoredModelOptions,
    scoring: ScoringOptions,
    as_json: AsJson = False,
) -> None:
    """Say which steps never fire, always fire, or fire for the wrong candidate.

    A step fires in a frame where none of all candidates' steps has a higher affinity; the answer of
    a clip is its best candidate.
    """
    import json

    from actalign.cli._show import console_of, print_json
    from actalign.clips._stored import list_entries
    from actalign.evaluation._diagnosis import diagnose

    scoring.check(where="here", clips=False)
    listed = list_entries(stored)
    given = candidates.read()
    (resolved,) = given.resolve(model.choice(listed).load(), scoring)
    left_out: list[str] = []
    found = diagnose(_predictions(resolved, listed, left_out))
    console = console_of(stderr=True)
    for note in (*given.notes, *left_out):
        console.print(note, style="yellow", markup=False)
    if not found["clips"]:
        raise UsageError("None of the entries can be scored, so nothing is known of the steps.")
    if as_json:
        print_json(json.dumps(found, ensure_ascii=False, indent=1))
        return
    faults = [one for one in found["steps"] if one["fault"]]
    for one in faults:
        said = SENTENCES[one["fault"]].format(**one)
        print(f"{one['label']}, step {one['number']} ({one['step']}): {said}")
    print(f"{len(faults)} of {len(found['steps'])} steps have a fault, on {found['clips']} clips")


def _predictions(
    candidates: Candidates, entries: Mapping[str, str], left_out: list[str]
) -> Iterator[Prediction]:
    from actalign.clips._stored import read_stored

    for entry_id, entry in entries.items():
        row, prediction = candidates.score(read_stored(entry_id, entry))
        if prediction is None:
            left_out.append(f"{entry_id}: {row['error']}")
        else:
            yield prediction
