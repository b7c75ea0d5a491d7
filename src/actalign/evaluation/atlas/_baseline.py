"""The paper's baseline on a data set: mean frame embedding against each candidate's name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actalign.alignment import Calibration, get_scorer
from actalign.encoders import Encoder
from actalign.errors import UsageError
from actalign.evaluation._questions import Question
from actalign.evaluation._rows import row_of_scores, unscored_row
from actalign.evaluation.atlas._align import encoder_fields, video_fault
from actalign.evaluation.atlas._embeddings import EmbeddingFile
from actalign.rows import Row
from actalign.scripts._script import label_text
from actalign.types import Script

SCORER = "mean_pool"


def score_labels(
    encoder: Encoder,
    questions: Sequence[Question],
    videos: EmbeddingFile,
    *,
    template: str | None,
) -> list[Row]:
    """Cosine of each clip's mean normalised frame with each candidate's text, joined by id.

    template: text with {label} and {domain}; the encoder's own by default.
    """
    info = encoder.info
    chosen = template or info.label_template
    clips = videos.by_id([question.id for question in questions])
    score, calibration = get_scorer(SCORER).score, Calibration.of(info)
    about = encoder_fields(info)
    found: list[Row] = []
    for question in questions:
        fault = video_fault(question, clips.get(question.id))
        if fault is None:
            frames = np.asarray(clips[question.id][1])
            texts = [
                label_text(Script(choice, (choice,), question.domain or None), chosen)
                for choice in question.choices
            ]
            try:
                blocks = list(encoder.encode_text(texts)[:, None, :])
                scores = score(frames, blocks, calibration)
            except UsageError as error:
                fault = "bad embedding", str(error)
            else:
                found.append(row_of_scores(question, scores, SCORER, about=about))
                continue
        found.append(unscored_row(question, SCORER, *fault))
    return found
