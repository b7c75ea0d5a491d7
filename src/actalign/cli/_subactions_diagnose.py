"""`actalign subactions diagnose`: which steps say nothing of the clips of a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actalign.cli._align import StoredModelOptions
from actalign.cli._candidates import CandidateOptions
from actalign.cli._grouped import grouped
from actalign.cli._options import AsJson
from actalign.cli._scoring_options import ScoringOptions
from actalign.errors import UsageError, counted

if TYPE_CHECKING:
    from actalign.candidates import Candidates
    from actalign.types import Prediction

FEW_CLIPS = 3
"""What the steps of an action do in fewer clips than this may be chance."""
SENTENCES = {
    "never": "never fits best, though clips have this answer; write what a camera sees",
    "always": "fits best somewhere in almost every clip; write what only this action shows",
    "wrong candidate": "fits best more often in clips whose answer is {fires_for!r} than in its "
    "own; write what tells them apart",
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
    """Find steps that never fire, always fire, or fire for the wrong candidate.

    A step fires in a frame if no candidate has a step with a higher affinity there. A clip's
    answer is its best candidate, right or wrong: if many may be wrong, run `actalign eval clips`
    first.
    """
    from actalign.cli._show import print_json, print_notes
    from actalign.clips._stored import list_entries
    from actalign.evaluation._diagnosis import diagnose

    scoring.check(where="here", clips=False)
    listed = list_entries(stored)
    given = candidates.read()
    (resolved,) = given.resolve(model.choice(listed).load(), scoring)
    left_out: list[str] = []
    several = resolved.most_wordings > 1
    found: dict[str, Any] = {}
    for number in range(resolved.most_wordings):
        one = diagnose(_predictions(resolved, number, listed, [] if number else left_out))
        steps = [{**step, "wording": number + 1} if several else step for step in one["steps"]]
        found = {**one, "steps": [*found.get("steps", ()), *steps]}
    print_notes((*given.notes, *left_out))
    if not found["clips"]:
        raise UsageError("None of the entries can be scored, so nothing is known about the steps.")
    if as_json:
        print_json(found)
        raise typer.Exit(1 if left_out else 0)
    _print_faults(found, several=several)
    raise typer.Exit(1 if left_out else 0)


def _print_faults(found: Mapping[str, Any], *, several: bool) -> None:
    """A line for each step with a fault, and what is not known. several: wordings are named."""
    faults = [one for one in found["steps"] if one["fault"]]
    faults.sort(key=lambda one: str(one["label"]))  # a label's wordings together
    for one in faults:
        said = SENTENCES[one["fault"]].format(**one)
        where = f"wording {one['wording']}, " if several else ""
        print(f"{one['label']}, {where}step {one['number']} ({one['step']}): {said}")
    silent = dict.fromkeys(one["label"] for one in found["steps"])
    if never := [repr(label) for label in silent if label not in found["answers"]]:
        print(
            f"no clip's answer is {', '.join(never)}, so it is not known whether those "
            "steps are good"
        )
    answers = found["answers"]
    if any(answers.get(one["label"], FEW_CLIPS) < FEW_CLIPS for one in faults):
        print(
            f"where an action is the answer of fewer than {FEW_CLIPS} clips, such a fault may be "
            "chance: encode more clips before you change its steps"
        )
    have = "has" if len(faults) == 1 else "have"
    print(
        f"{len(faults)} of {counted(len(found['steps']), 'step')} {have} a fault, "
        f"on {counted(found['clips'], 'clip')}"
    )


def _predictions(
    candidates: Candidates, number: int, entries: Mapping[str, str], left_out: list[str]
) -> Iterator[Prediction]:
    """Each clip's prediction by one wording of the scripts, its answer the one by all of them."""
    from actalign.clips._stored import read_stored

    of_one = candidates.of_wording(number)
    has = {s.label for s in candidates.scripts if number < len(s.wordings)}
    for entry_id, entry in entries.items():
        result = read_stored(entry_id, entry)
        row, prediction = candidates.score(result)
        if prediction is None or result.clip is None:
            left_out.append(f"{entry_id}: {row['error']}")
            continue
        # The answer first, as in a prediction; a label with fewer wordings has no step here.
        ranked = sorted(
            of_one.predict(result.clip).candidates, key=lambda c: c.label != prediction.label
        )
        kept = [c if c.label in has else replace(c, alignment=None) for c in ranked]
        yield replace(prediction, candidates=tuple(kept))
