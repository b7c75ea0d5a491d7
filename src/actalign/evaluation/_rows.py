"""The rows of an evaluation: `rows.Row` with the question's fields. Not here: scoring, files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np

from actalign.evaluation._questions import Question
from actalign.rows import Row
from actalign.rows._facts import unseen
from actalign.rows._fields import CandidateRow
from actalign.rows._made import new_row
from actalign.types import Float64

KS = (1, 2, 3)


def drawn_scores(question: Question, seed: int) -> Float64:
    """(M,) uniform scores drawn from seed and id, so that order and resuming don't matter."""
    digest = hashlib.sha256(f"{seed}:{question.id}".encode()).digest()
    return np.random.default_rng(list(digest)).random(len(question.choices))


def scored_row(row: Row, question: Question) -> Row:
    """A prediction's row with the question's answer, options and metrics.

    Equal scores keep their order, as in the reference scripts. If nothing is seen in a clip, so
    that all are equal, the order is drawn: otherwise the first label would be right for every such
    clip of its class.
    """
    if unseen(row) and len({candidate["score"] for candidate in row["candidates"]}) == 1:
        drawn = dict(zip(question.choices, drawn_scores(question, 0).tolist(), strict=True))
        candidates = sorted(row["candidates"], key=lambda one: drawn[one["label"]])
        row = {**row, "candidates": candidates}
    ranked = [question.choices.index(candidate["label"]) for candidate in row["candidates"]]
    return _answered(row, question, ranked)


def _answered(row: Row, question: Question, ranked: Sequence[int]) -> Row:
    """ranked: the choices' indices, best first; rank and metrics follow these, even if the label is
    refused."""
    refused = row.get("label", "") is None
    found: Row = {
        **row,
        "label": None if refused else question.choices[ranked[0]],
        "target": question.target,
        "domain": question.domain,
        "question": question.question,
        "options": list(question.choices),
        "target_index": question.answer,
        "predicted_index": None if refused else ranked[0],
    }
    if question.kind:
        found["kind"] = question.kind
    if question.answer is not None:
        found["rank"] = ranked.index(question.answer) + 1
        found["metrics"] = {f"top{k}": float(found["rank"] <= k) for k in KS}
    return new_row(found)


def row_of_scores(
    question: Question,
    scores: Float64,
    scorer: str,
    *,
    path_lengths: Sequence[int] | None = None,
    about: Mapping[str, object],
    ranked: Sequence[int] | None = None,
) -> Row:
    """A row from (M,) scores in the question's order; equal scores keep that order, as in the
    reference scripts.

    about: further fields, for example the encoder's. ranked: the choices, best first, if equal
    scores are in another order.
    """
    if ranked is None:
        ranked = np.argsort(-scores, kind="stable").tolist()
    candidates: list[CandidateRow] = []
    for m in ranked:
        candidate: CandidateRow = {"label": question.choices[m], "score": float(scores[m])}
        if path_lengths is not None:
            candidate["path_length"] = int(path_lengths[m])
        candidates.append(candidate)
    known = cast(Row, about)
    row: Row = {**known, "clip": question.id, "candidates": candidates, "scorer": scorer}
    if len(candidates) > 1:
        row["margin"] = candidates[0]["score"] - candidates[1]["score"]
    return _answered(row, question, ranked)


def answer_of(row: Row) -> str:
    """The answer's label; if refused, and in rows of earlier versions, the best candidate's."""
    given = row.get("label") or next(iter(row.get("filtered_resps", ())), None)
    return str(given or row["candidates"][0]["label"])


def confidence_of(row: Row) -> float | None:
    """The row's confidence in [0, 1], None if it has none."""
    known: Any = row
    value = known.get("confidence")
    return value if isinstance(value, float | int) and 0 <= value <= 1 else None


NOBODY_IN_BOX, NO_BOX = NO_PERSON = ("nobody in the box", "several people and no box")
"""Kinds of errors of a clip that was read, but not with the person who is meant."""


def row_without_score(
    question: Question | str,
    status: Literal["error", "unscored", "missing"],
    kind: str,
    reason: str,
    *,
    scorer: str | None = None,
) -> Row:
    """The row of a sample that was left out: it is counted by its kind, and never as wrong.

    question: or the sample's id, if its question is not known. status: "missing", it has no clip or
    no answer; "error", its clip failed; "unscored", a scorer can't score it.
    """
    row: Row = {
        "clip": question if isinstance(question, str) else question.id,
        "status": status,
        "error": reason,
        "error_kind": kind,
        "label": None,
        "metrics": {},
        "candidates": [],
        "scorer": scorer,
    }
    if not isinstance(question, str):
        row |= {
            "target": question.target,
            "domain": question.domain,
            "options": list(question.choices),
            "target_index": question.answer,
            "predicted_index": None,
        }
    return new_row(row)
