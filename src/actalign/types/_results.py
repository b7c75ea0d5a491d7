"""What is asked about a clip and what is found: scripts, alignments, candidates, predictions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from actalign.documents import unwritable
from actalign.errors import UsageError
from actalign.types._arrays import Float32, Float64, Int32
from actalign.types._clips import ClipEmbedding

if TYPE_CHECKING:
    from actalign.rows import Row
    from actalign.rows._fields import CandidateRow, StepRow, TextWarningRow


def _notebook_html(value: Alignment | Prediction) -> str:
    """Made by `output`, which is above this room, so it is reached through the package."""
    html: str = sys.modules["actalign"]._notebook_html(value)
    return html


@dataclass(frozen=True, slots=True)
class Script:
    """A candidate action as an ordered list of steps, each a short visual description.

    A step is what the paper calls a sub-action. rewordings: further lists of steps of the same
    action, in other words and of any length; a candidate's score is the mean over all of them.
    """

    label: str
    steps: tuple[str, ...]
    domain: str | None = None
    rewordings: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.label, str) or not self.label.strip():
            raise UsageError(f"A script's label is {self.label!r}; give a text that is not empty.")
        if not isinstance(self.domain, str | None):
            raise UsageError(f"The domain of {self.label!r} is {self.domain!r}; give a text.")
        for steps in self.step_lists:
            # A text's letters would be its steps.
            if isinstance(steps, str) or not isinstance(steps, Sequence):
                raise UsageError(
                    f"The steps of {self.label!r} are {steps!r}; give a list of texts."
                )
            if not steps:
                raise UsageError(f"The script of {self.label!r} has no steps; give at least one.")
            for k, step in enumerate(steps, start=1):
                if not isinstance(step, str):
                    raise UsageError(
                        f"Step {k} of the script of {self.label!r} is {step!r}, not a text."
                    )
                if not step.strip():
                    raise UsageError(f"Step {k} of the script of {self.label!r} is empty.")
        # Lists are accepted too; a frozen object is hashed by its contents.
        object.__setattr__(self, "steps", tuple(self.steps))
        object.__setattr__(self, "rewordings", tuple(map(tuple, self.rewordings)))
        every = chain.from_iterable(self.step_lists)
        for text in (self.label, self.domain or "", *every):
            if (wrong := unwritable(text)) is not None:
                raise UsageError(f"{text!a} contains {wrong}; leave it out.")

    @property
    def step_lists(self) -> tuple[tuple[str, ...], ...]:
        """The steps of each wording, the first one first."""
        return (self.steps, *self.rewordings)

    @property
    def wordings(self) -> tuple[Script, ...]:
        """A separate script for each list of steps, the first one first."""
        return tuple(Script(self.label, steps, self.domain) for steps in self.step_lists)


@dataclass(frozen=True, slots=True)
class TextWarning:
    """What an encoder says about a text that it was given: a label, or a step.

    warning: a sentence. text: which text; None for all of them. unknown: the encoder knows no word
    of the text, so that its score means nothing.
    """

    warning: str
    text: str | None = None
    unknown: bool = False

    def to_row(self) -> TextWarningRow:
        """The JSON object of a warning."""
        return {"text": self.text, "warning": self.warning, "unknown": self.unknown}


@dataclass(frozen=True, eq=False, slots=True)
class Alignment:
    """The best monotone path through one (T, K) affinity matrix.

    score: sum of the affinities on the path divided by its number of cells.
    path: (L, 2) int32, the cells (t, k) from (0, 0) to (T-1, K-1).
    affinity: the (T, K) float32 matrix that was aligned.
    """

    score: float
    path: Int32
    affinity: Float32

    @property
    def intervals(self) -> Int32:
        """(K, 2) int32: step k covers frames [start, end); neighbours may share one frame."""
        t, k = self.path[:, 0], self.path[:, 1]
        steps = np.arange(self.affinity.shape[1])
        first = t[np.searchsorted(k, steps, side="left")]
        last = t[np.searchsorted(k, steps, side="right") - 1]
        return np.stack([first, last + 1], axis=1).astype(np.int32)

    def step_edges(self, edges_seconds: Float64) -> Float64:
        """(K + 1,) start of each step in seconds, then the clip's end: steps partition the clip.

        edges_seconds: (T + 1,), see `ClipEmbedding.edges_seconds`. Steps that the path passes in
        one frame divide that frame's time in proportion to their affinities there, or equally if
        none is above 0.
        """
        t, k = self.path[:, 0], self.path[:, 1]
        weights = np.maximum(self.affinity[t, k].astype(np.float64), 0) + 1e-9
        before = np.cumsum(weights) - weights
        in_frame = before - before[np.searchsorted(t, t)]
        shares = in_frame / np.bincount(t, weights=weights)[t]
        begins = edges_seconds[t] + np.diff(edges_seconds)[t] * shares
        firsts = np.searchsorted(k, np.arange(self.affinity.shape[1]), side="left")
        return np.append(begins[firsts], edges_seconds[-1])

    def __repr__(self) -> str:
        t, k = self.affinity.shape
        return f"Alignment(score={self.score:#.4g}, T={t}, K={k}, path={len(self.path)} cells)"

    def _repr_html_(self) -> str:
        return _notebook_html(self)


@dataclass(frozen=True, slots=True)
class Segment:
    """When one step happens: [start_seconds, end_seconds) of the source file.

    affinity: mean affinity of the step over its frames on the alignment path. number: which step
    of the script, from 1.
    """

    step: str
    start_seconds: float
    end_seconds: float
    affinity: float
    number: int

    def to_row(self) -> StepRow:
        """The JSON object of a step, times to a microsecond."""
        return {
            "step": self.step,
            "start_seconds": round(self.start_seconds, 6),
            "end_seconds": round(self.end_seconds, 6),
            "affinity": self.affinity,
        }


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """One candidate's score for one clip and, for scorers that align, its alignment.

    edges_seconds: (T + 1,) of the clip, see `ClipEmbedding.edges_seconds`. script: the best-fitting
    one of several wordings, number ``wording`` (from 1) of ``wordings``. confidence: in [0, 1],
    with sum 1 over the candidates; None if there is only one, or if the scorer has no temperature,
    see `alignment.confidences`. repetitions: the steps of each repetition of the script, all of
    them or, at the clip's start and end, only those that are present; empty if they were not looked
    for.
    none: it stands for none of the others.
    """

    label: str
    score: float
    script: Script
    has_script: bool
    alignment: Alignment | None = None
    edges_seconds: Float64 | None = None
    confidence: float | None = None
    repetitions: tuple[tuple[Segment, ...], ...] = ()
    none: bool = False
    wording: int = 1
    wordings: int = 1

    @property
    def segments(self) -> tuple[Segment, ...]:
        """When each step happens, in every repetition; the steps of a script that is performed
        once cover the clip. They never overlap. Empty if there is no alignment."""
        if self.repetitions:
            return tuple(segment for one in self.repetitions for segment in one)
        if self.alignment is None or self.edges_seconds is None:
            return ()
        path, affinity = self.alignment.path, self.alignment.affinity
        edges = self.alignment.step_edges(self.edges_seconds).tolist()
        on_path = affinity[path[:, 0], path[:, 1]].astype(np.float64)
        means = np.bincount(path[:, 1], weights=on_path) / np.bincount(path[:, 1])
        steps = zip(self.script.steps, edges, edges[1:], means.tolist(), count(1), strict=False)
        return tuple(Segment(*step) for step in steps)

    @property
    def partial(self) -> tuple[bool, ...]:
        """(N,) for each repetition, whether some of its steps are missing."""
        return tuple(len(steps) < len(self.script.steps) for steps in self.repetitions)

    def to_row(self) -> CandidateRow:
        """The JSON object of a candidate."""
        from actalign.rows._made import repetition_row

        found: CandidateRow = {"label": self.label, "score": self.score}
        if self.confidence is not None:
            found["confidence"] = self.confidence
        if self.none:
            found["none"] = True
        found["has_script"] = self.has_script
        if self.wordings > 1:
            found["wording"], found["wordings"] = self.wording, self.wordings
        found["path_length"] = None if self.alignment is None else len(self.alignment.path)
        found["segments"] = [segment.to_row() for segment in self.segments]
        if self.repetitions:
            found["repetitions"] = [
                repetition_row(
                    [step.to_row() for step in steps],
                    [step.number for step in steps] if partial else (),
                )
                for steps, partial in zip(self.repetitions, self.partial, strict=True)
            ]
        return found


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """One clip's candidates, best first.

    Equal scores keep the order in which the labels were given, "none of these" first.

    Scores are path-mean similarities or cosines, not probabilities. background: a description of
    what steps were measured against. min_confidence: an answer below it is refused.
    """

    clip: ClipEmbedding
    candidates: tuple[Candidate, ...]
    scorer: str
    smoothing_seconds: float
    domain: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    text_warnings: tuple[TextWarning, ...] = ()
    background: str | None = None
    min_confidence: float | None = None

    @property
    def best(self) -> Candidate:
        """The winning candidate."""
        return self.candidates[0]

    @property
    def label(self) -> str:
        """The winning candidate's label, also where the answer is `refused`: only its row then has
        no label."""
        return self.best.label

    @property
    def confidence(self) -> float | None:
        """The winner's confidence, in [0, 1]; None if the scorer has no temperature, if there is
        one candidate only, or if the encoder knows no word of the winner; where none of these wins,
        of any other."""
        return self.best.confidence

    @property
    def refused(self) -> bool:
        """Whether the winner's confidence is below min_confidence, or it has none because of
        unknown words."""
        if self.min_confidence is None:
            return False
        return self.confidence is None or self.confidence < self.min_confidence

    @property
    def refusal(self) -> str:
        """Why it is refused, such as "confidence 31% below 50%"; empty if it is not."""
        from actalign.rows._facts import too_unsure

        if self.min_confidence is None or not self.refused:
            return ""
        if self.confidence is None:
            words = "the words that it is compared with" if self.best.none else "its words"
            return f"{words} are unknown, so it has no confidence"
        return too_unsure(self.confidence, self.min_confidence)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings in its row: first about the clip, such as few frames that show anybody, then
        about the candidates' texts."""
        from actalign.rows._warnings import all_warnings

        return tuple(all_warnings(self.to_row()))

    @property
    def margin(self) -> float | None:
        """The winner's score minus the runner-up's; None if there is one candidate."""
        if len(self.candidates) < 2:
            return None
        return self.candidates[0].score - self.candidates[1].score

    def top_k(self, k: int | None = None) -> list[dict[str, Any]]:
        """The best k candidates as [{"label", "score"}], best first.

        Raises UsageError unless k is a number above 0.
        """
        if k is not None and (not isinstance(k, Integral) or isinstance(k, bool) or k < 1):
            raise UsageError(f"The number of best candidates is {k!r}; give 1 or more.")
        return [{"label": c.label, "score": c.score} for c in self.candidates[:k]]

    def to_row(self, *, top_k: int | None = None, target: str | None = None) -> Row:
        """The JSON object of predictions.jsonl, see `rows.Row`; target: the true label if known.

        A refused answer has no label.
        """
        from actalign.rows._made import new_row

        label = None if self.refused else self.label
        names = ("confidence", "background", "min_confidence")
        known: Any = {name: value for name in names if (value := getattr(self, name)) is not None}
        return new_row(
            {
                **known,
                **self.clip.row_fields(),
                "label": label,
                "target": target,
                "metrics": {} if target is None else {"top1": float(label == target)},
                "margin": self.margin,
                "candidates": [c.to_row() for c in self.candidates[:top_k]],
                "domain": self.domain,
                "warnings": list(self.clip.warnings),
                "text_warnings": [one.to_row() for one in self.text_warnings],
                "scorer": self.scorer,
                "smoothing_seconds": self.smoothing_seconds,
                "settings": self.settings,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The row as a plain dict of numbers, strings, lists and dicts; see `to_row`."""
        return dict(self.to_row())

    def __repr__(self) -> str:
        best = f"{self.label!r} {self.best.score:#.4g}"
        if self.refusal:
            return f"Prediction({self.clip.clip_id!r}: no label, {best} refused: {self.refusal})"
        none = ", none of the others" if self.best.none else ""
        return f"Prediction({self.clip.clip_id!r}: {best}{none})"

    def _repr_html_(self) -> str:
        return _notebook_html(self)
