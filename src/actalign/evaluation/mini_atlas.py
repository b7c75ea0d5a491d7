"""mini-atlas: rendered clips with known sub-action intervals, half of them order-only questions.

`benchmarks/mini_atlas/render.py` makes the data; this module embeds the clips, scores every
question with every scorer, and writes predictions and results into a run folder.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from actalign._types import Script
from actalign.atomic import write_text
from actalign.classifier import ActAlign
from actalign.encoder import revision_of
from actalign.errors import ActAlignError, UsageError
from actalign.evaluation.metrics import (
    expected_chance,
    mean_temporal_iou,
    paired_bootstrap,
    rank_of_answer,
    top_k,
)
from actalign.pipeline import Embedded, Sampling, embed_videos
from actalign.prediction import error_row, write_rows

SCORERS = ("mean_pool", "dtw", "dtw_steps", "dtw_shuffled", "dtw_reversed", "order_free")


class Candidate(BaseModel):
    """A candidate of a question: its label and its sub-actions in order."""

    label: str
    script: Annotated[list[str], Field(min_length=1)]


class Question(BaseModel):
    """A line of questions.jsonl; ``answer`` counts candidates from 0, intervals are seconds."""

    id: str
    clip: str
    domain: str
    kind: Literal["order-only", "action"]
    candidates: Annotated[list[Candidate], Field(min_length=2)]
    answer: Annotated[int, Field(ge=0)]
    intervals: list[tuple[float, float]]


def load_questions(data: Path) -> list[Question]:
    """The questions of a rendered folder; raises UsageError that says how to render one."""
    path = data / "questions.jsonl"
    if not path.is_file():
        raise UsageError(
            f"{path} is missing; make the benchmark with "
            f"`python benchmarks/mini_atlas/render.py --out {data}`."
        )
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read ({error}); make the benchmark again.") from None
    questions = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            questions.append(Question.model_validate_json(line))
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(map(str, fault["loc"])) or "the line"
            raise UsageError(f"{path}, line {number}: {field} is wrong ({fault['msg']}).") from None
    return questions


def evaluate_mini_atlas(
    data: Path,
    out: Path,
    classifier: ActAlign,
    *,
    scorers: Sequence[str] = SCORERS,
    on_question: Callable[[int, int], None] = lambda done, total: None,
    embed: Callable[..., Iterator[Embedded]] = embed_videos,
) -> dict[str, Any]:
    """Score every question with every scorer; write predictions.jsonl and results.json to ``out``.

    A clip that can't be embedded is unscored: counted and named, never counted as wrong. Returns
    what results.json holds. ``on_question(done, total)`` is called after each question. embed:
    `pipeline.embed_videos`, or what does the same elsewhere.
    """
    questions = {question.id: question for question in load_questions(data)}
    rows: list[dict[str, Any]] = []
    ranks: dict[str, dict[str, int]] = {name: {} for name in scorers}
    overlaps: dict[str, float] = {}
    videos = {question.id: data / question.clip for question in questions.values()}
    sampling = Sampling(fps=classifier.fps)
    for result in embed(classifier.encoder, videos, sampling=sampling, store=classifier.store):
        question = questions[result.clip_id]
        labels = [candidate.label for candidate in question.candidates]
        target = labels[question.answer]
        if result.clip is None:
            error = result.error or ActAlignError("no embedding")
            rows.append(error_row(question.id, str(result.path), error) | {"target": target})
        else:
            row, overlap = _score(classifier, question, result.clip, scorers)
            rows.append(row)
            overlaps[question.id] = overlap
            for name in scorers:
                ranks[name][question.id] = rank_of_answer(row["scores"][name], question.answer)
        on_question(len(rows), len(questions))
    results = _summary(list(questions.values()), ranks, overlaps, classifier)
    write_rows(rows, out / "predictions.jsonl")
    write_text(out / "results.json", json.dumps(results, indent=2) + "\n")
    return results


def _score(
    classifier: ActAlign, question: Question, clip: Any, scorers: Sequence[str]
) -> tuple[dict[str, Any], float]:
    """One question's row with every scorer's scores by candidate, and the answer's mean IoU."""
    labels = [candidate.label for candidate in question.candidates]
    scripts = [Script(c.label, tuple(c.script)) for c in question.candidates]
    scores: dict[str, list[float]] = {}
    prediction = None
    for name in scorers:
        found = classifier.predict(clip, candidate_labels=labels, scripts=scripts, scorer=name)
        by_label = {candidate.label: candidate.score for candidate in found.candidates}
        scores[name] = [by_label[label] for label in labels]
        if prediction is None or name == "dtw":
            prediction = found
    assert prediction is not None
    target = labels[question.answer]
    answer = next(c for c in prediction.candidates if c.label == target)
    aligned = [(s.start_seconds, s.end_seconds) for s in prediction.segments(answer)]
    overlap = mean_temporal_iou(aligned, question.intervals)
    row = prediction.to_row(target=target) | {
        "doc_id": question.id,
        "kind": question.kind,
        "domain": question.domain,
        "options": labels,
        "scores": scores,
        "mean_iou": overlap,
    }
    return row, overlap


def _summary(
    questions: list[Question],
    ranks: dict[str, dict[str, int]],
    overlaps: dict[str, float],
    classifier: ActAlign,
) -> dict[str, Any]:
    scored = [q for q in questions if q.id in overlaps]
    groups = {
        kind: [q for q in scored if kind in ("all", q.kind)]
        for kind in ("all", "order-only", "action")
    }
    counts = {kind: [len(q.candidates) for q in group] for kind, group in groups.items()}
    scorers: dict[str, Any] = {
        "chance": {
            **{f"top{k}": _known(expected_chance(counts["all"], k)) for k in (1, 2, 3)},
            "ci95": None,
            "order_only_top1": _known(expected_chance(counts["order-only"])),
            "action_top1": _known(expected_chance(counts["action"])),
        }
    }
    for name, by_id in ranks.items():
        rates = {k: top_k([by_id[q.id] for q in groups["all"]], k) for k in (1, 2, 3)}
        order_only = top_k([by_id[q.id] for q in groups["order-only"]], 1)
        action = top_k([by_id[q.id] for q in groups["action"]], 1)
        scorers[name] = {
            **{f"top{k}": _known(rate.value) for k, rate in rates.items()},
            "ci95": [_known(rates[1].low), _known(rates[1].high)],
            "order_only_top1": _known(order_only.value),
            "order_only_ci95": [_known(order_only.low), _known(order_only.high)],
            "action_top1": _known(action.value),
            "action_ci95": [_known(action.low), _known(action.high)],
        }
    compared = {}
    if "dtw" in ranks and scored:
        right = {name: [by_id[q.id] == 1 for q in scored] for name, by_id in ranks.items()}
        compared = {
            name: asdict(paired_bootstrap(right["dtw"], right[name]))
            for name in right
            if name != "dtw"
        }
    return {
        "benchmark": "mini-atlas",
        "questions": len(questions),
        "scored": len(scored),
        "unscored": [q.id for q in questions if q.id not in overlaps],
        "order_only_questions": len(groups["order-only"]),
        "scorers": scorers,
        "dtw_top1_minus": compared,
        "mean_iou": float(np.mean(list(overlaps.values()))) if overlaps else None,
        "model_id": classifier.encoder.model_id,
        "fingerprint": classifier.encoder.fingerprint,
        **revision_of(classifier.encoder),
        "fps": classifier.fps,
        "smoothing_seconds": classifier.smoothing_seconds,
    }


def _known(share: float) -> float | None:
    """A share of no question at all is null: JSON has no NaN."""
    return None if math.isnan(share) else share
