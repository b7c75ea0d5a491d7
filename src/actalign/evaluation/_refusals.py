"""Refused answers, none-of-these, and the temperatures that labelled clips give.

Figures from rows, and what a run can't be asked. Not here: which choice is none (`_none`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from actalign.alignment import get_scorer
from actalign.alignment._confidence import fit_temperature
from actalign.encoder_info import EncoderInfo
from actalign.errors import UsageError
from actalign.evaluation._config import EvalConfig, of_words
from actalign.evaluation._metrics import rate, rate_fields
from actalign.evaluation._rows import answer_of
from actalign.rows import Row


def check_refusals(config: EvalConfig, info: EncoderInfo) -> None:
    """Raise UsageError for a scorer that can't refuse as the resolved configuration asks."""
    if config.examples is not None and (
        config.none or config.min_confidence is not None or config.of_clips
    ):
        raise UsageError(
            "--examples can't be used with --background clips, --none or --min-confidence."
        )
    scorers = [name for name in config.scorers if of_words(name)]
    unable = [name for name in scorers if not get_scorer(name).knows_none]
    if config.none is not None and unable:
        raise UsageError(
            f"The scorer {unable[0]} can't tell when none of the candidates fits, so --none can't "
            "be used with it; with --scorer name others that measure steps against a background, "
            "such as competitive."
        )
    if config.min_confidence is None:
        return
    confident = config.confident(info)
    if unsure := [name for name in scorers if name not in confident]:
        raise UsageError(
            f"The scorer {unsure[0]} gives no confidence with this encoder, so --min-confidence "
            "can't be used with it; run without it first, which fits a temperature, and give "
            "that as --temperature."
        )


def refusal_figures(rows: Sequence[Row], none: str | None) -> dict[str, Any]:
    """How many answers were refused and how good the others are; how often none was answered.

    rows: those of one scorer. `answered` is present with a minimum confidence, `none` with a
    none-of-these candidate: `others` are the clips of other actions, `candidates` those of the
    candidates, each with how often none-of-these is the best candidate, refused or not.
    """
    found: dict[str, Any] = {}
    asked = [row for row in rows if row.get("min_confidence") is not None]
    if asked:
        given = [row for row in asked if row["label"] is not None]
        right = sum(row["rank"] == 1 for row in given)
        found["answered"] = {
            "refused": len(asked) - len(given),
            "refused_right": sum(row["rank"] == 1 for row in asked) - right,
            **rate_fields(rate(right, len(given))),
        }
    if none is not None and rows:
        for_none = {
            name: [answer_of(row) == none for row in rows if (row["target"] == none) == others]
            for name, others in (("others", True), ("candidates", False))
        }
        found["none"] = {
            "label": none,
            **{name: rate_fields(rate(sum(hits), len(hits))) for name, hits in for_none.items()},
        }
    return found


def temperature_figures(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The temperature of a scorer that reads words, fitted on its rows; or None and why.

    It depends on the scores alone, whatever temperature the run's own confidences used.
    """
    pairs = []
    for row in rows:
        labels = [candidate["label"] for candidate in row["candidates"]]
        if len(labels) > 1:
            scores = np.array([c["score"] for c in row["candidates"]], np.float64)
            pairs.append((scores, labels.index(str(row["target"]))))
    if not of_words(name) or not pairs:
        return {}
    why = ""
    if all(values[answer] > np.delete(values, answer).max() for values, answer in pairs):
        why = "every answer is right, so nothing says how sure to be"
    elif not any(values[answer] == values.max() for values, answer in pairs):
        why = "no answer is right"
    elif sum(float(values[answer] - values.mean()) for values, answer in pairs) <= 0:
        why = "right candidates score no higher than others"
    value = None if why else fit_temperature([s for s, _ in pairs], [a for _, a in pairs])
    return {"temperature": {"n": len(pairs), "value": value, **({"why": why} if why else {})}}
