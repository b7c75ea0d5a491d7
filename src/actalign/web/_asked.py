"""What is asked about a clip: its candidates, and when none of them is the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from actalign.alignment._repeats import Repeats, check_repeats
from actalign.candidates import Candidates
from actalign.classifier import ActAlign
from actalign.confidence import fitted_background
from actalign.documents import composed
from actalign.errors import UsageError
from actalign.scripts._labels import check_labels
from actalign.scripts._script import writable
from actalign.types import Script

Text = Annotated[str, AfterValidator(writable)]
"""Text without characters that captions, tables and figures can't show."""
Label = Annotated[Text, Field(min_length=1, max_length=200)]
Domain = Annotated[Text, Field(max_length=200)]
ClipId = Annotated[str, Field(max_length=200)]


def _repeats(given: object) -> Repeats:
    """As `--repeats` takes it, or an error for pydantic."""
    if isinstance(given, str | int):
        try:
            return check_repeats(given)
        except UsageError:
            pass
    raise PydanticCustomError("repeats", "give no, auto, partial, or a number above 0")


RepeatsIn = Annotated[
    Literal["no", "auto", "partial"] | Annotated[int, Field(ge=1)], BeforeValidator(_repeats)
]
StepsIn = Annotated[list[Annotated[Text, Field(max_length=500)]], Field(max_length=50)]


class Body(BaseModel):
    """The body of a request; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class CandidateIn(Body):
    """One candidate: its label and its steps in order. Without steps, the label is the only step.

    rewordings: further lists of steps of the same action, in other words. domain: its own; null for
    the request's.
    """

    label: Label
    steps: StepsIn = []
    rewordings: list[StepsIn] = Field(default=[], max_length=20)
    domain: Domain | None = None


class AlignIn(Body):
    """What to align: a clip's id and its candidates.

    domain: of the candidates that have none of their own. none: adds a candidate of this name,
    which wins if none of the others fits better than the background. min_confidence: below it there
    is no label. repeats: how many times the winner is performed: no, auto, partial or the number,
    see `ActAlign`; null for the server's own, which `/api/info` names.
    """

    clip: ClipId
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
    """The candidates of a request, as a script each.

    without: the labels that have no steps; the only step of their script is the label. domain: what
    the request names, which is that of a script unless the candidate names another one.
    none, min_confidence, repeats: see `Candidates`; None for the classifier's own.
    """

    scripts: list[Script]
    without: list[str]
    domain: str | None
    none: str | None = None
    min_confidence: float | None = None
    repeats: Repeats | None = None

    @classmethod
    def of(cls, body: AlignIn) -> Asked:
        """What a request asks; raises UsageError for labels that are empty or given twice."""
        domain = body.domain or None
        labels = [composed(candidate.label).strip() for candidate in body.candidates]
        check_labels(labels)
        scripts, without = list[Script](), list[str]()
        for label, candidate in zip(labels, body.candidates, strict=True):
            lists = map(_without_empty, (candidate.steps, *candidate.rewordings))
            if not (wordings := [steps for steps in lists if steps]):
                wordings = [(label,)]
                without.append(label)
            first, *more = wordings
            scripts.append(Script(label, first, candidate.domain or domain, tuple(more)))
        return cls(scripts, without, domain, body.none, body.min_confidence, body.repeats)

    def candidates(self, classifier: ActAlign) -> Candidates:
        """The candidates, ready to be scored; raises UsageError."""
        # Each script has its domain already; one that is named here would be that of all.
        found = classifier.candidates(
            scripts=self.scripts, none=self.none, min_confidence=self.min_confidence
        )
        return replace(found, without=self.without, repeats=self.repeats or found.repeats)

    def to_json(self) -> dict[str, Any]:
        """The request as JSON, without its clip."""
        return {
            "candidates": [
                candidate_json(one, self.domain)
                | ({"steps": []} if one.label in self.without else {})
                for one in self.scripts
            ],
            "domain": self.domain,
            "none": self.none,
            "min_confidence": self.min_confidence,
            "repeats": self.repeats,
        }

    @property
    def key(self) -> str:
        """A key that is the same for the same question, in whatever order its candidates are."""
        scripts = sorted((s.label, s.steps, s.rewordings, s.domain or "") for s in self.scripts)
        options = (self.none, self.min_confidence, self.repeats)
        found = (*scripts, *sorted(self.without), *options)
        return f"{hash(found) & 0xFFFFFFFF:08x}"


def candidate_json(script: Script, domain: str | None) -> dict[str, Any]:
    """A candidate in the form that requests use; domain: of the whole list."""
    return {
        "label": script.label,
        "steps": list(script.steps),
        "rewordings": [list(steps) for steps in script.rewordings],
        "domain": None if script.domain == domain else script.domain,
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
