"""The paper's baseline on a data set: mean frame embedding against each candidate's name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actalign.alignment import Calibration, get_scorer
from actalign.encoders import Encoder
from actalign.evaluation._questions import Question
from actalign.evaluation._rows import row_of_scores
from actalign.evaluation.atlas._align import encoder_fields, rows_of, video_fault
from actalign.evaluation.atlas._embeddings import EmbeddingFile
from actalign.rows import Row
from actalign.scripts._templates import label_text
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

    def scored(question: Question) -> Row:
        frames = np.asarray(clips[question.id][1])
        texts = [
            label_text(Script(choice, (choice,), question.domain or None), chosen)
            for choice in question.choices
        ]
        blocks = list(encoder.encode_text(texts)[:, None, :])
        return row_of_scores(question, score(frames, blocks, calibration), SCORER, about=about)

    faults = [video_fault(one, clips.get(one.id)) for one in questions]
    return rows_of(questions, SCORER, faults, scored)
