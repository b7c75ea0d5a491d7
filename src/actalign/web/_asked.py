"""What is asked about a clip: its candidates, and when none of them is the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from actalign.candidates import Candidates
from actalign.classifier import ActAlign
from actalign.confidence import fitted_background
from actalign.scripts._script import without_control
from actalign.types import Script

Text = Annotated[str, AfterValidator(without_control)]
"""Text without characters that captions, tables and figures can't show."""
Label = Annotated[Text, Field(min_length=1, max_length=200)]
Domain = Annotated[Text, Field(max_length=200)]
RepeatsIn = Literal["no", "auto", "partial"]
StepsIn = Annotated[list[Annotated[Text, Field(max_length=500)]], Field(max_length=50)]


class CandidateIn(BaseModel):
    """One candidate: its label and its steps in order. Without steps, the label is the only step.

    rewordings: further lists of steps of the same action, in other words.
    """

    model_config = ConfigDict(extra="forbid")
    label: Label
    steps: StepsIn = []
    rewordings: list[StepsIn] = Field(default=[], max_length=20)


class AlignIn(BaseModel):
    """What to align: a clip's id and its candidates.

    none: adds a candidate of this name, which wins if none of the others fits better than the
    background. min_confidence: below it there is no label. repeats: how often the winner is
    performed, see `ActAlign`; null for the model's default.
    """

    model_config = ConfigDict(extra="forbid")
    clip: str = Field(max_length=200)
    candidates: list[CandidateIn] = Field(min_length=1, max_length=50)
    domain: Domain | None = None
    none: Label | None = None
    min_confidence: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    repeats: RepeatsIn | None = None


class JobIn(AlignIn):
    """The same, and optionally the id that the job is to have: asked for twice, it is one job."""

    job: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")


@dataclass(frozen=True, slots=True)
class Asked:
    """The candidates of a request: all labels, and a script for each that has steps.

    none, min_confidence, repeats: see `Candidates`; None for the classifier's own.
    """

    labels: list[str]
    scripts: list[Script]
    domain: str | None
    none: str | None = None
    min_confidence: float | None = None
    repeats: RepeatsIn | None = None

    @classmethod
    def of(cls, body: AlignIn) -> Asked:
        """What a request asks."""
        domain = body.domain or None
        scripts = []
        for candidate in body.candidates:
            lists = map(_without_empty, (candidate.steps, *candidate.rewordings))
            if wordings := [steps for steps in lists if steps]:
                label, (first, *more) = candidate.label.strip(), wordings
                scripts.append(Script(label, first, domain, tuple(more)))
        labels = [candidate.label.strip() for candidate in body.candidates]
        return cls(labels, scripts, domain, body.none, body.min_confidence, body.repeats)

    def candidates(self, classifier: ActAlign) -> Candidates:
        """The candidates, ready to be scored; raises UsageError."""
        found = classifier.candidates(
            self.labels,
            self.scripts,
            domain=self.domain,
            none=self.none,
            min_confidence=self.min_confidence,
        )
        return found if self.repeats is None else replace(found, repeats=self.repeats)

    def to_json(self) -> dict[str, Any]:
        """The request as JSON, without its clip."""
        known = {script.label: script for script in self.scripts}
        nothing: dict[str, Any] = {"steps": [], "rewordings": []}
        return {
            "candidates": [
                candidate_json(known[label]) if label in known else {"label": label, **nothing}
                for label in self.labels
            ],
            "domain": self.domain,
            "none": self.none,
            "min_confidence": self.min_confidence,
            "repeats": self.repeats,
        }

    @property
    def key(self) -> str:
        """A key that is the same for the same question, in whatever order its candidates are."""
        scripts = sorted((s.label, s.steps, s.rewordings) for s in self.scripts)
        options = (self.domain, self.none, self.min_confidence, self.repeats)
        found = (*sorted(self.labels), *scripts, *options)
        return f"{hash(found) & 0xFFFFFFFF:08x}"


def candidate_json(script: Script) -> dict[str, Any]:
    """A candidate in the form that requests use."""
    return {
        "label": script.label,
        "steps": list(script.steps),
        "rewordings": [list(steps) for steps in script.rewordings],
    }


def offers(classifier: ActAlign) -> dict[str, bool]:
    """Whether none-of-these and a minimum confidence can be asked for."""
    scorer, background = classifier.scorer, classifier.background
    fitted = fitted_background(scorer, classifier.encoder.info, background)
    return {
        "none": scorer.knows_none and background is not None,
        "min_confidence": classifier.temperature is not None or fitted is not None,
    }


def _without_empty(steps: list[str]) -> tuple[str, ...]:
    return tuple(step.strip() for step in steps if step.strip())
