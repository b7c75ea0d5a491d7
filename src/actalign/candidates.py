"""The candidates of a run, resolved once: labels, scripts, their text embeddings and a scorer.

All that scoring a clip takes, without the encoder. Small, and of plain arrays, so that it can be
sent to other machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from actalign.alignment._locate import (
    MAX_STEP_SECONDS,
    MIN_STEP_SECONDS,
    OVERLAP,
    THRESHOLD,
    Detection,
    locate,
)
from actalign.alignment._scorers import Calibration, Scorer, alignments, get_scorer
from actalign.alignment._similarity import smooth
from actalign.clips._result import ClipResult
from actalign.encoders._text_cache import TextCache
from actalign.errors import EncoderError
from actalign.scripts._script import label_text, scripts_for, step_texts
from actalign.types import (
    Candidate,
    ClipEmbedding,
    ClipError,
    EncoderInfo,
    Float32,
    Prediction,
    Script,
)

if TYPE_CHECKING:
    from actalign.rows import Row


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """M candidates, ready to be scored against any clip of the same encoder.

    info: the encoder. scripts: one a candidate. steps: their text embeddings, (K_m, D) each. names:
    the embeddings of the candidates' labels, (1, D) each; empty where the scorer does not read
    them. without: labels that had no script, whose only step is their name. warnings: a sentence on
    each text that was cut.
    """

    info: EncoderInfo
    scorer: str
    smoothing_seconds: float
    domain: str | None
    scripts: Sequence[Script]
    steps: Sequence[Float32]
    names: Sequence[Float32]
    without: Sequence[str]
    settings: dict[str, str]
    warnings: tuple[str, ...]

    @classmethod
    def resolve(
        cls,
        labels: Sequence[str] | None,
        scripts: Sequence[Script] = (),
        *,
        info: EncoderInfo,
        texts: TextCache,
        domain: str | None = None,
        scorer: str | None = None,
        smoothing_seconds: float | None = None,
        step_template: str | None = None,
        label_template: str | None = None,
    ) -> Candidates:
        """Give every label its script and embed the texts.

        labels: None for those of the scripts, in order. A label without a script is aligned as a
        script of one step, its own name. scorer, smoothing_seconds and the templates: None for the
        encoder's own. Raises UsageError for labels, scripts or templates that are wrong.
        """
        if labels is None:
            labels = list(dict.fromkeys(script.label for script in scripts))
        chosen, without = scripts_for(labels, scripts, domain=domain)
        use: Scorer = get_scorer(scorer or info.scorer)
        of_step = step_template or info.step_template
        of_label = label_template or info.label_template
        read = [step_texts(script, of_step) for script in chosen]
        steps = [texts.encode(one) for one in read]
        named = [label_text(script, of_label) for script in chosen if use.texts == "label"]
        return cls(
            info=info,
            scorer=use.name,
            smoothing_seconds=(
                info.smoothing_seconds if smoothing_seconds is None else smoothing_seconds
            ),
            domain=domain,
            scripts=chosen,
            steps=steps,
            names=[texts.encode([text]) for text in named],
            without=without,
            settings={
                "step_template": of_step,
                "label_template": of_label,
                **({} if info.revision is None else {"model_revision": info.revision}),
            },
            warnings=tuple(texts.warnings([text for one in read for text in one])),
        )

    @property
    def labels(self) -> list[str]:
        """The candidates' labels, in the order given."""
        return [script.label for script in self.scripts]

    def identity(self) -> dict[str, object]:
        """All that a row depends on beside its clip, as JSON can hold it."""
        return {
            "labels": self.labels,
            "scripts": [asdict(script) for script in self.scripts],
            "domain": self.domain,
            "encoder": self.info.fingerprint,
            "scorer": self.scorer,
            "smoothing_seconds": self.smoothing_seconds,
            **self.settings,
        }

    def predict(self, clip: ClipEmbedding) -> Prediction:
        """Score every candidate for one clip and align each; see `Prediction`.

        Raises EncoderError for a clip that another encoder embedded.
        """
        frames = self._frames(clip)
        use, by = get_scorer(self.scorer), Calibration.of(self.info)
        found = (use.align or alignments)(frames, self.steps, by)
        if use.texts == "label":
            scores = use.score(frames, self.names, by)
        elif use.align:
            scores = np.array([alignment.score for alignment in found])
        else:
            scores = use.score(frames, self.steps, by)
        edges = clip.edges_seconds
        candidates = [
            Candidate(s.label, float(score), s, s.label not in self.without, alignment, edges)
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

    def score(
        self, result: ClipResult, *, top_k: int | None = None
    ) -> tuple[Row, Prediction | None]:
        """The row of a run's clip, and its prediction where it has one; never raises for a clip."""
        if result.clip is None:
            return result.failure.to_row(), None
        try:
            prediction = self.predict(result.clip)
        except EncoderError as error:
            failure = ClipError(result.clip_id, str(result.path), error)
            return failure.to_row(), None
        return prediction.to_row(top_k=top_k), prediction

    def locate(
        self,
        clip: ClipEmbedding,
        *,
        threshold: float = THRESHOLD,
        min_step: float = MIN_STEP_SECONDS,
        max_step: float = MAX_STEP_SECONDS,
        overlap: float = OVERLAP,
    ) -> list[Detection]:
        """Where in a long clip each candidate happens; see `alignment.locate`."""
        return locate(
            clip,
            self._frames(clip),
            self.scripts,
            self.steps,
            threshold=threshold,
            min_step=min_step,
            max_step=max_step,
            overlap=overlap,
        )

    def _frames(self, clip: ClipEmbedding) -> Float32:
        """(T, D): the clip's embeddings, smoothed."""
        clip.check_encoder(self.info.model_id, self.info.fingerprint)
        times, seconds = clip.pts_seconds, self.smoothing_seconds
        return smooth(clip.embeddings, pts_seconds=times, seconds=seconds)
