"""The paper's baseline on a data set: mean frame embedding against each candidate's name."""

from __future__ import annotations

import numpy as np

from actalign._types import Script
from actalign.atlas.align import Scored, scored, unscored_video
from actalign.atlas.dataset import Dataset
from actalign.atlas.embeddings import EmbeddingFile
from actalign.atlas.texts import Question
from actalign.encoder import Encoder
from actalign.errors import UsageError
from actalign.scoring import Calibration, get_scorer
from actalign.subactions import label_text


def score_labels(
    encoder: Encoder, dataset: Dataset, videos: EmbeddingFile, *, template: str | None = None
) -> list[Scored]:
    """Cosine of each clip's mean normalised frame with each candidate's text, joined by id.

    template: text with {label} and {domain}; the encoder's own by default.
    """
    chosen = template or encoder.defaults.label_template
    entries = dataset.usable
    clips = videos.by_id([entry.id for entry in entries])
    score = get_scorer("mean_pool").score
    calibration = Calibration(encoder.logit_scale, encoder.logit_bias)
    found: list[Scored] = []
    for entry in entries:
        correct = entry.correct
        question = Question(
            entry.id, entry.domain, entry.choices, correct, (None,) * len(entry.choices), {}
        )
        fault = unscored_video(question, clips.get(entry.id))
        if fault is None:
            frames = np.asarray(clips[entry.id][1])
            texts = [
                label_text(Script(option, (option,), entry.domain or None), chosen)
                for option in entry.choices
            ]
            try:
                blocks = list(encoder.encode_text(texts)[:, None, :])
                found.append(scored(question, score(frames, blocks, calibration)))
                continue
            except UsageError as error:
                fault = "bad embedding", str(error)
        kind, reason = fault
        found.append(
            Scored(
                entry.id,
                "unscored",
                list(entry.choices),
                correct_index=correct,
                kind=kind,
                reason=reason,
            )
        )
    return found
