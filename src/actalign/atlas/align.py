"""Scoring a data set's samples, each by its id, and the accuracy that comes out.

A sample whose video failed, or with a candidate that has no script, is unscored: counted and
named, never wrong and never in another's place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from actalign._types import Float32, Float64
from actalign.alignment import align_scores
from actalign.atlas.embeddings import EmbeddingFile, Row
from actalign.atlas.texts import Question
from actalign.errors import UsageError
from actalign.evaluation.metrics import Rate, expected_chance, rank_of_answer, rate, top_k
from actalign.scoring import Calibration, affinity
from actalign.similarity import smooth

ASSUMED_FPS = 30.0
"""Frames a second of embeddings without times: the reference's 30 frames are its 1 s."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One sample's outcome, as --scores writes it.

    status: "ok", or "unscored" or "missing" (no clip) with kind and reason. scores, path_lengths:
    one a candidate. Indices count from 0.
    """

    id: str
    status: str
    candidates: list[str]
    scores: list[float] | None = None
    path_lengths: list[int] | None = None
    predicted_index: int | None = None
    correct_index: int | None = None
    kind: str = ""
    reason: str = ""


Affinity = Callable[[Float32, Sequence[Float32], Calibration], Float32]


def score_dtw(
    questions: Sequence[Question],
    videos: EmbeddingFile,
    texts: EmbeddingFile,
    by: Calibration,
    *,
    smoothing_seconds: float,
    reference: bool = False,
) -> list[Scored]:
    """Align every question's video with each candidate's script, joined by id.

    smoothing_seconds: moving average over frames, 0 for none. ``reference``: affinities computed
    by torch as the original script does, without smoothing; the rest is the same.
    """
    ids = [question.id for question in questions]
    clips, steps = videos.by_id(ids), texts.by_id(ids)
    make: Affinity = reference_affinity if reference else affinity
    found: list[Scored] = []
    for question in questions:
        fault = _fault(question, clips.get(question.id), steps.get(question.id))
        if fault is not None:
            found.append(_unscored(question, *fault))
            continue
        row, frames = clips[question.id]
        candidates = steps[question.id][1]
        assert isinstance(frames, np.ndarray)
        assert isinstance(candidates, list)
        blocks = [np.asarray(c) for c in candidates]
        try:
            if smoothing_seconds > 0 and not reference:
                times = videos.times(row)
                if times is None:
                    times = np.arange(len(frames)) / ASSUMED_FPS
                frames = smooth(frames, pts_seconds=times, seconds=smoothing_seconds)
            scores, lengths = align_scores(make(frames, blocks, by), [len(b) for b in blocks])
        except UsageError as error:
            found.append(_unscored(question, "bad embedding", str(error)))
            continue
        found.append(scored(question, scores, lengths.tolist()))
    return found


def scored(question: Question, scores: Float64, lengths: list[int] | None = None) -> Scored:
    """The outcome of a question whose candidates all have a score."""
    return Scored(
        id=question.id,
        status="ok",
        candidates=list(question.options),
        scores=[float(s) for s in scores],
        path_lengths=lengths,
        predicted_index=int(np.argmax(scores)),
        correct_index=question.correct,
    )


def _unscored(question: Question, kind: str, reason: str) -> Scored:
    return Scored(
        id=question.id,
        status="unscored",
        candidates=list(question.options),
        correct_index=question.correct,
        kind=kind,
        reason=reason,
    )


def unscored_video(question: Question, clip: tuple[Row, Any] | None) -> tuple[str, str] | None:
    """Why a question can't be scored on account of its video or answer; None where it can."""
    if question.correct is None:
        return "no answer", "its correct_answer_index is not one of the candidates"
    if clip is None:
        return "no video", "the video embeddings have no row of this id"
    row, frames = clip
    if frames is None:
        return row.kind or "no video", row.reason or "the video has no embedding"
    return None


def _fault(
    question: Question, clip: tuple[Row, Any] | None, texts: tuple[Row, Any] | None
) -> tuple[str, str] | None:
    if (fault := unscored_video(question, clip)) is not None:
        return fault
    if question.missing:
        names = ", ".join(f"{o!r} {why}" for o, why in question.missing.items())
        return "missing candidate", names
    if texts is None or texts[1] is None:
        return "no texts", "the sub-action embeddings have no row of this id"
    row, blocks = texts
    if row.digest is not None and row.digest != question.digest:
        return "stale texts", "its sub-actions changed after they were encoded; encode them again"
    if len(blocks) != len(question.options) or any(b is None for b in blocks):
        return "missing candidate", (
            f"{sum(b is not None for b in blocks)} of {len(question.options)} candidates have "
            "embeddings"
        )
    return None


def reference_affinity(frames: Float32, candidates: Sequence[Float32], by: Calibration) -> Float32:
    """The original script's affinities, (T, sum K_m), by the same torch operations in its order.

    Facts from github.com/amir-aghdam/ActAlign, `seq_alignment.py`: rows divided by their L2 norm,
    product, exp(scale) times and plus bias, sigmoid, all in float32.
    """
    try:
        import torch
    except ImportError:
        return affinity(frames, candidates, by)
    video = torch.tensor(frames, dtype=torch.float32)
    video = video / video.norm(p=2, dim=1, keepdim=True)
    columns = []
    for candidate in candidates:
        steps = torch.tensor(candidate, dtype=torch.float32)
        found = video @ (steps / steps.norm(p=2, dim=1, keepdim=True)).T
        if by.sigmoid:
            scale, bias = torch.tensor(by.logit_scale).exp(), torch.tensor(by.logit_bias)
            found = torch.sigmoid(found * scale + bias)
        columns.append(found.numpy())
    return np.concatenate(columns, axis=1)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Top-1/2/3 over the scored samples, and over all of the data set where the rest is wrong."""

    scored: dict[int, Rate]
    overall: dict[int, Rate]
    chance: dict[int, float]
    unscored: dict[str, int]
    missing: dict[str, int]


def accuracy(found: Sequence[Scored], missing: Sequence[Row] = ()) -> Accuracy:
    """Count hits; ``missing`` are samples that never had a clip."""
    good = [one for one in found if one.scores is not None and one.correct_index is not None]
    ranks = [rank_of_answer(one.scores or [], one.correct_index or 0) for one in good]
    total = len(found) + len(missing)
    by_k = {k: top_k(ranks, k) for k in (1, 2, 3)}
    return Accuracy(
        scored=by_k,
        overall={k: rate(r.hits, total) for k, r in by_k.items()},
        chance={k: expected_chance([len(one.candidates) for one in good], k) for k in by_k},
        unscored=dict(Counter(one.kind for one in found if one.status != "ok")),
        missing=dict(Counter(row.kind or "no clip" for row in missing)),
    )


def report_lines(found: Sequence[Scored], missing: Sequence[Row] = ()) -> list[str]:
    """The lines that commands 5 and 6 print."""
    result = accuracy(found, missing)
    lines = [f"{one.id}: unscored ({one.kind}): {one.reason}" for one in found if one.kind]
    lines += [f"{row.id}: no clip ({row.kind}): {row.reason}" for row in missing]
    total = len(found) + len(missing)
    done = result.scored[1].total
    lines.append(f"{done} of {total} samples scored")
    for name, counts in (("unscored", result.unscored), ("without a clip", result.missing)):
        if counts:
            listed = ", ".join(f"{kind} {n}" for kind, n in sorted(counts.items()))
            lines.append(f"{sum(counts.values())} {name}: {listed}")
    if done == 0:
        return lines
    for k, r in result.scored.items():
        lines.append(
            f"Top-{k} Accuracy: {r.value:.2%} ({r.hits} of {r.total}, 95% interval {r.low:.2%} to "
            f"{r.high:.2%}; chance {result.chance[k]:.2%})"
        )
    if total > done:
        shares = ", ".join(f"Top-{k} {r.value:.2%}" for k, r in result.overall.items())
        lines.append(f"over all {total} samples: {shares}")
    return lines


def scores_json(found: Sequence[Scored], missing: Sequence[Row] = ()) -> list[dict[str, Any]]:
    """The objects of --scores: the samples in order, then those without a clip ("missing")."""
    gone = [Scored(r.id, "missing", [], kind=r.kind, reason=r.reason) for r in missing]
    return [asdict(one) for one in [*found, *gone]]
