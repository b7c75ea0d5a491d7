"""How sure a run's answers are: none of these, whether a temperature is known, and confidences
based on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from actalign.alignment._confidence import confidences
from actalign.alignment._scorers import Scorer
from actalign.background import Background
from actalign.encoder_info import EncoderInfo
from actalign.encoders._backgrounds import shipped_background
from actalign.rows._warnings import means_nothing
from actalign.types import Candidate


def fitted_background(
    scorer: Scorer, info: EncoderInfo, background: Background | None
) -> Background | None:
    """The background whose temperature turns this scorer's scores into confidences, if any.

    Scores that need no background are the same with any, so the encoder's own has their temperature
    too.
    """
    if background is not None and scorer.name in background.temperatures:
        return background
    shipped = None if scorer.needs_background else shipped_background(info)
    return shipped if shipped is not None and scorer.name in shipped.temperatures else None


def beside_none(
    candidates: list[Candidate], none: Candidate, *, unknown: Collection[str | None] = ()
) -> list[Candidate]:
    """A clip's candidates and "none of these", which is first, so that it wins if scores are equal.

    A score that means nothing is at most that of none, which it can't be told from. unknown: labels
    and steps of which the encoder knows no word.
    """
    return [
        none,
        *(
            replace(c, score=min(c.score, none.score))
            if means_nothing(c.label, c.script.steps, unknown)
            else c
            for c in candidates
        ),
    ]


def with_confidence(
    candidates: list[Candidate], temperature: float | None, *, unknown: Collection[str | None] = ()
) -> list[Candidate]:
    """A clip's candidates with their confidences, or unchanged if there are none.

    temperature: None if unknown. unknown: labels and steps of which the encoder knows no word.
    """
    if temperature is None or len(candidates) == 1:  # a single one's would always be 1
        return candidates
    best = max(candidates, key=lambda c: c.score)
    # A meaningless score can't give a probability of being right; nor can any that is compared with
    # such scores alone, as that of none of these.
    compared = [c for c in candidates if not c.none] if best.none else [best]
    if all(means_nothing(c.label, c.script.steps, unknown) for c in compared):
        return candidates
    sure = confidences([c.score for c in candidates], temperature)
    return [replace(c, confidence=float(one)) for c, one in zip(candidates, sure, strict=True)]
