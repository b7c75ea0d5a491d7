"""Candidates whose texts are embedded: all that scoring a stored clip takes, without the encoder.

Small, and of plain arrays, so that it can be sent to other machines. Not here: where the text
embeddings come from (`classifier`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actalign._types import ClipEmbedding, Float32, Script
from actalign.errors import EncoderError
from actalign.prediction import Candidate, Prediction
from actalign.scoring import Calibration, alignments, get_scorer
from actalign.similarity import smooth


@dataclass(frozen=True, eq=False, slots=True)
class EncodedCandidates:
    """M candidates, ready to be scored against any clip of the same encoder.

    scripts: one a candidate. steps: their sub-actions' text embeddings, (K_m, D) each. names: the
    embeddings of the candidates' names, (1, D) each; empty where the scorer does not read them.
    without: labels that had no script. warnings: a sentence on each text that was cut.
    """

    model_id: str
    fingerprint: str
    calibration: Calibration
    scorer: str
    smoothing_seconds: float
    domain: str | None
    scripts: Sequence[Script]
    steps: Sequence[Float32]
    names: Sequence[Float32]
    without: Sequence[str]
    settings: dict[str, str]
    warnings: tuple[str, ...]

    def predict(self, clip: ClipEmbedding) -> Prediction:
        """Score every candidate for one clip and align each; see `Prediction`.

        Raises EncoderError for a clip that another encoder embedded.
        """
        check_encoder(clip, self.model_id, self.fingerprint)
        use = get_scorer(self.scorer)
        frames = smooth(
            clip.embeddings, pts_seconds=clip.pts_seconds, seconds=self.smoothing_seconds
        )
        found = (use.align or alignments)(frames, self.steps, self.calibration)
        if use.texts == "label":
            scores = use.score(frames, self.names, self.calibration)
        elif use.align:
            scores = np.array([alignment.score for alignment in found])
        else:
            scores = use.score(frames, self.steps, self.calibration)
        candidates = [
            Candidate(s.label, float(score), s, s.label not in self.without, alignment)
            for s, score, alignment in zip(self.scripts, scores, found, strict=True)
        ]
        candidates.sort(key=lambda c: -c.score)
        return Prediction(
            clip=clip,
            candidates=tuple(candidates),
            scorer=use.name,
            smoothing_seconds=self.smoothing_seconds,
            domain=self.domain,
            text_warnings=self.warnings,
            settings=dict(self.settings),
        )


def check_encoder(clip: ClipEmbedding, model_id: str, fingerprint: str) -> None:
    """Raise EncoderError unless this encoder made the clip's embeddings."""
    if clip.fingerprint != fingerprint:
        raise EncoderError(
            f"The embeddings of {clip.clip_id!r} come from {clip.model_id} ({clip.fingerprint}), "
            f"but the texts would come from {model_id} ({fingerprint}); encode the clip again."
        )
