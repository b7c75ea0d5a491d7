"""Which steps of scripts never fire, always fire, or fire for the wrong candidate."""

from __future__ import annotations

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

    frames: those in which it fires. clips: those in which it fires at least once. own_frames: those
    of the frames in clips whose answer is the step's own candidate. answers: the frames by the
    clip's answer; lengths: how many frames the clips with that answer have.
    """

    label: str
    number: int
    step: str
    frames: int = 0
    clips: int = 0
    own_frames: int = 0
    own_clips: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)

    @property
    def fires_for(self) -> str | None:
        """The answer in whose clips it fires in the largest share of the frames, if it fires."""
        if not self.frames:
            return None
        return max(self.answers, key=lambda answer: self.answers[answer] / self.lengths[answer])

    def fault(self, total: int, answers: int) -> str | None:
        """What is wrong: "never", "always", "wrong candidate", or None.

        total: clips. answers: how many candidates are the answer of some clip.
        """
        if not self.frames:
            return "never" if self.own_clips else None
        if answers > 1 and self.clips >= ALWAYS * total:
            return "always"
        # If a candidate is no clip's answer, it is unknown in which clips its steps should fire.
        return "wrong candidate" if self.own_clips and self.fires_for != self.label else None

    def to_json(self, total: int, answers: int) -> dict[str, Any]:
        """What is known of the step, as JSON can hold it."""
        return {
            "label": self.label,
            "number": self.number,
            "step": self.step,
            "frames": self.frames,
            "clips": self.clips,
            "own_frames": self.own_frames,
            "fault": self.fault(total, answers),
            "fires_for": self.fires_for,
        }


def diagnose(predictions: Iterable[Prediction]) -> dict[str, Any]:
    """Every step of the clips' candidates, with its fault if it has one.

    Without true labels a clip's answer is its best candidate. A step that never fires, or fires in
    a larger share of another answer's clips than of its own, is a fault only if its candidate is
    some clip's answer. Candidates without an alignment have no steps.
    """
    steps: dict[tuple[str, int, str], StepUse] = {}
    found: dict[str, int] = {}
    for prediction in predictions:
        found[prediction.label] = found.get(prediction.label, 0) + 1
        aligned = [
            (one.label, one.script.steps, one.alignment.affinity)
            for one in prediction.candidates
            if one.alignment is not None
        ]
        uses = [
            steps.setdefault((label, number, text), StepUse(label, number, text))
            for label, texts, _ in aligned
            for number, text in enumerate(texts, start=1)
        ]
        if not uses:
            continue
        table = np.concatenate([affinity for _, _, affinity in aligned], axis=1)
        fired = np.bincount(table.argmax(axis=1), minlength=len(uses)).tolist()
        for use, frames in zip(uses, fired, strict=True):
            own = use.label == prediction.label
            use.own_clips += own
            use.frames += frames
            use.clips += frames > 0
            use.own_frames += frames * own
            for counts, more in ((use.answers, frames), (use.lengths, len(table))):
                counts[prediction.label] = counts.get(prediction.label, 0) + more
    total = sum(found.values())
    listed = [use.to_json(total, len(found)) for use in steps.values()]
    listed.sort(key=lambda one: (one["label"], one["number"]))
    return {"clips": total, "answers": found, "steps": listed}
