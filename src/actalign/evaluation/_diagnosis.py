"""Which steps of scripts never fire, always fire, or fire for the wrong candidate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from actalign.types import Prediction

ALWAYS = 0.9
"""A step that fires in at least this share of the clips fits whatever they show."""


@dataclass(slots=True)
class StepUse:
    """How often a step fires (has the highest affinity of all candidates' steps in a frame).

    label: the step's candidate. clips: those in which it fires at least once. frames: those in
    which it fires, by the clip's answer. lengths: how many frames the clips with that answer have.
    """

    label: str
    clips: int = 0
    frames: Counter[str] = field(default_factory=Counter)
    lengths: Counter[str] = field(default_factory=Counter)

    @property
    def fires_for(self) -> str | None:
        """The answer in whose clips it fires in the largest share of the frames, if it fires."""
        if not self.clips:
            return None
        return max(self.frames, key=lambda answer: self.frames[answer] / self.lengths[answer])

    def fault(self, found: Counter[str]) -> str | None:
        """What is wrong: "never", "always", "wrong candidate", or None.

        found: how many clips have each answer.
        """
        # If a candidate is no clip's answer, it is unknown in which clips its steps should fire.
        known = self.label in self.lengths
        if not self.clips:
            return "never" if known else None
        if len(found) > 1 and self.clips >= ALWAYS * found.total():
            return "always"
        return "wrong candidate" if known and self.fires_for != self.label else None


def diagnose(predictions: Iterable[Prediction]) -> dict[str, Any]:
    """Every step of the clips' candidates, with its fault if it has one.

    Without true labels a clip's answer is its best candidate. A step that never fires, or fires in
    a larger share of another answer's clips than of its own, is a fault only if its candidate is
    some clip's answer. Candidates without an alignment have no steps.
    """
    steps: dict[tuple[str, int, str], StepUse] = {}
    found: Counter[str] = Counter()
    for prediction in predictions:
        found[prediction.label] += 1
        aligned = [
            (one.label, one.script.steps, one.alignment.affinity)
            for one in prediction.candidates
            if one.alignment is not None
        ]
        uses = [
            steps.setdefault((label, number, text), StepUse(label))
            for label, texts, _ in aligned
            for number, text in enumerate(texts, start=1)
        ]
        if not uses:
            continue
        table = np.concatenate([affinity for _, _, affinity in aligned], axis=1)
        fired = np.bincount(table.argmax(axis=1), minlength=len(uses)).tolist()
        for use, frames in zip(uses, fired, strict=True):
            use.clips += frames > 0
            use.frames[prediction.label] += frames
            use.lengths[prediction.label] += len(table)
    listed = [
        {
            "label": label,
            "number": number,
            "step": step,
            "frames": use.frames.total(),
            "clips": use.clips,
            "own_frames": use.frames[label],
            "fault": use.fault(found),
            "fires_for": use.fires_for,
        }
        for (label, number, step), use in sorted(steps.items(), key=lambda one: one[0][:2])
    ]
    return {"clips": found.total(), "answers": found, "steps": listed}
