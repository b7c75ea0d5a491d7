"""Scoring a data set's samples, each by its id, and the resulting accuracy.

A sample whose video failed, or with a candidate that has no script, is unscored: it is counted and
named, never counted as wrong and never in another's place. Not here: `actalign eval`, which keeps a
run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from actalign.alignment import Calibration, affinity, align_scores, get_scorer, smooth
from actalign.encoder_info import EncoderInfo
from actalign.encoders import Encoder
from actalign.errors import UsageError
from actalign.evaluation._embed import ASSUMED_FPS
from actalign.evaluation._metrics import expected_chance, top_k
from actalign.evaluation._questions import Question
from actalign.evaluation._rows import KS, row_of_scores, row_without_score
from actalign.evaluation.atlas._embeddings import EmbeddingFile, IndexRow
from actalign.rows import Row
from actalign.scripts._templates import label_text
from actalign.types import Float32, Script

Fault = tuple[str, str]
"""The kind of a fault, and a sentence on it."""


def score_dtw(
    questions: Sequence[Question],
    videos: EmbeddingFile,
    texts: EmbeddingFile,
    by: Calibration,
    *,
    smoothing_seconds: float,
    reference: bool,
) -> list[Row]:
    """Align every question's video with each candidate's script, joined by id.

    smoothing_seconds: moving average over frames, 0 for none. ``reference``: affinities are
    computed by torch as the original script does.
    """
    ids = [question.id for question in questions]
    clips, steps = videos.by_id(ids), texts.by_id(ids)
    make = reference_affinity if reference else affinity
    encoder = _encoder_fields(videos.encoder or texts.encoder)
    about = {**encoder, "smoothing_seconds": smoothing_seconds}

    def scored(question: Question) -> Row:
        row, frames = clips[question.id]
        blocks = [np.asarray(block) for block in steps[question.id][1] or ()]
        frames = np.asarray(frames)
        if smoothing_seconds > 0:
            times = videos.times(row)
            if times is None:
                times = np.arange(len(frames)) / ASSUMED_FPS
            frames = smooth(frames, pts_seconds=times, seconds=smoothing_seconds)
        scores, lengths = align_scores(make(frames, blocks, by), [len(b) for b in blocks])
        return row_of_scores(question, scores, "dtw", path_lengths=lengths.tolist(), about=about)

    faults = [_fault(one, clips.get(one.id), steps.get(one.id)) for one in questions]
    return _rows_of(questions, "dtw", faults, scored)


def score_labels(
    encoder: Encoder,
    questions: Sequence[Question],
    videos: EmbeddingFile,
    *,
    template: str | None,
) -> list[Row]:
    """Cosine of each clip's mean normalised frame with each candidate's text, joined by id.

    This is the paper's baseline. template: text with {label} and {domain}; the encoder's own by
    default.
    """
    info = encoder.info
    chosen = template or info.label_template
    clips = videos.by_id([question.id for question in questions])
    score, calibration = get_scorer("mean_pool").score, Calibration.of(info)
    about = _encoder_fields(info)

    def scored(question: Question) -> Row:
        frames = np.asarray(clips[question.id][1])
        texts = [
            label_text(Script(choice, (choice,), question.domain or None), chosen)
            for choice in question.choices
        ]
        blocks = list(encoder.encode_text(texts)[:, None, :])
        return row_of_scores(question, score(frames, blocks, calibration), "mean_pool", about=about)

    faults = [_video_fault(one, clips.get(one.id)) for one in questions]
    return _rows_of(questions, "mean_pool", faults, scored)


def _rows_of(
    questions: Sequence[Question],
    scorer: str,
    faults: Sequence[Fault | None],
    scored: Callable[[Question], Row],
) -> list[Row]:
    """The row of each question: scored, or with its fault, which may be of its embeddings."""
    found: list[Row] = []
    for question, fault in zip(questions, faults, strict=True):
        if fault is None:
            try:
                found.append(scored(question))
                continue
            except UsageError as error:
                fault = "bad embedding", str(error)
        found.append(row_without_score(question, "unscored", *fault, scorer=scorer))
    return found


def _encoder_fields(info: EncoderInfo | None) -> dict[str, object]:
    """What a row says about the embeddings' encoder; nothing if they don't name it."""
    if info is None:
        return {}
    return {
        "model_id": info.model_id,
        "fingerprint": info.fingerprint,
        "provenance": info.provenance,
    }


def _video_fault(question: Question, clip: tuple[IndexRow, Any] | None) -> Fault | None:
    """Why a question can't be scored because of its video or answer; None if it can."""
    if question.answer is None:
        return "no answer", "its correct_answer_index is not one of the candidates"
    if clip is None:
        return "no video", "the video embeddings have no row with this id"
    row, frames = clip
    if frames is None:
        return row.kind or "no video", row.reason or "the video has no embedding"
    return None


def _fault(
    question: Question,
    clip: tuple[IndexRow, Any] | None,
    texts: tuple[IndexRow, Any] | None,
) -> Fault | None:
    if (fault := _video_fault(question, clip)) is not None:
        return fault
    if question.without_script:
        names = ", ".join(f"{choice!r} has no script" for choice in question.without_script)
        return "missing candidate", names
    if texts is None or texts[1] is None:
        return "no texts", "the sub-action embeddings have no row with this id"
    row, blocks = texts
    if row.digest is not None and row.digest != question.digest:
        return "stale texts", "its sub-actions changed after they were encoded; encode them again"
    if len(blocks) != len(question.choices) or any(b is None for b in blocks):
        return "missing candidate", (
            f"{sum(b is not None for b in blocks)} of {len(question.choices)} candidates have "
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
        if by.logit_bias is not None:
            scale, bias = torch.tensor(by.logit_scale).exp(), torch.tensor(by.logit_bias)
            found = torch.sigmoid(found * scale + bias)
        columns.append(found.numpy())
    return np.concatenate(columns, axis=1)


def report_lines(found: Sequence[Row], absent: Sequence[Row]) -> list[str]:
    """The lines that commands 5 and 6 print; ``absent`` are samples that never had a clip."""
    good = [row for row in found if row["status"] == "ok"]
    unscored = [row for row in found if row["status"] != "ok"]
    total = len(found) + len(absent)
    lines = [f"{row['clip']}: unscored ({row['error_kind']}): {row['error']}" for row in unscored]
    lines += [f"{row['clip']}: no clip ({row['error_kind']}): {row['error']}" for row in absent]
    lines.append(f"{len(good)} of {total} samples scored")
    for name, rows in (("unscored", unscored), ("without a clip", absent)):
        kinds = Counter(row["error_kind"] or "no clip" for row in rows)
        if kinds:
            listed = ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))
            lines.append(f"{len(rows)} {name}: {listed}")
    if not good:
        return lines
    sizes = [len(row["candidates"]) for row in good]
    by_k = {k: top_k([row["rank"] for row in good], k) for k in KS}
    for k, r in by_k.items():
        lines.append(
            f"Top-{k} Accuracy: {r.value:.2%} ({r.hits} of {r.total}, 95% interval {r.low:.2%} to "
            f"{r.high:.2%}; chance {expected_chance(sizes, k):.2%})"
        )
    if total > len(good):
        shares = ", ".join(f"Top-{k} {r.hits / total:.2%}" for k, r in by_k.items())
        lines.append(f"over all {total} samples: {shares}")
    return lines


def scores_json(found: Sequence[Row], absent: Sequence[Row]) -> list[dict[str, Any]]:
    """The objects of --scores: the samples' rows in order, then those without a clip ("missing").

    Each also has the names of earlier versions: id, correct_index, and scores and path_lengths in
    the order of the options.
    """
    objects = []
    for row in [*found, *absent]:
        by_label = {candidate["label"]: candidate for candidate in row["candidates"]}
        ordered = [by_label[option] for option in row.get("options", ()) if option in by_label]
        lengths = [candidate.get("path_length") for candidate in ordered]
        names = {
            "id": row["clip"],
            "scores": [candidate["score"] for candidate in ordered] or None,
            "path_lengths": None if None in lengths else lengths or None,
            "correct_index": row.get("target_index"),
        }
        objects.append({**row, **names})
    return objects
