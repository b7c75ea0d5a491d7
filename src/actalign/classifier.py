"""Zero-shot classification of clips: an encoder, candidate labels, their scripts and a scorer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actalign._types import ClipEmbedding, Float32, FrameBatch, Script
from actalign.alignment import Alignment, align
from actalign.encoded_candidates import EncodedCandidates, check_encoder
from actalign.encoder import DEFAULT_MODEL, Encoder, encode_frames, load_encoder, revision_of
from actalign.errors import UsageError
from actalign.pipeline import Sampling, embed_video
from actalign.prediction import Prediction
from actalign.scoring import Calibration, affinity, get_scorer
from actalign.similarity import smooth
from actalign.store import Store
from actalign.subactions import label_text, load_scripts, scripts_for, step_texts

Video = str | Path | FrameBatch | ClipEmbedding
Scripts = str | Path | Sequence[Script] | dict[str, Sequence[str]]


class ActAlign:
    """Classify clips among candidate actions by aligning sub-actions with frames.

    fps: frames encoded a second, None for the encoder's own default. smoothing_seconds: width of
    the moving average over frame embeddings, None for the encoder's default, 0 for none.
    scorer: a name of `scoring.SCORERS`, None for the encoder's default. step_template,
    label_template: texts with {label}, {domain}, {step}. store: a folder that keeps embeddings
    between runs.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        fps: float | None = None,
        smoothing_seconds: float | None = None,
        scorer: str | None = None,
        step_template: str | None = None,
        label_template: str | None = None,
        store: str | Path | None = None,
    ) -> None:
        defaults = encoder.defaults
        self.encoder = encoder
        self.fps = fps if fps is not None else defaults.fps
        self.smoothing_seconds = (
            defaults.smoothing_seconds if smoothing_seconds is None else smoothing_seconds
        )
        self.scorer = get_scorer(scorer or defaults.scorer)
        self.step_template = step_template or defaults.step_template
        self.label_template = label_template or defaults.label_template
        self.store = None if store is None else Store(store)
        self.calibration = Calibration(encoder.logit_scale, encoder.logit_bias)
        self._texts: dict[str, Float32] = {}
        self._text_warnings: dict[str, list[str]] = {}

    @classmethod
    def from_pretrained(
        cls,
        model: str = DEFAULT_MODEL,
        *,
        device: str | None = None,
        dtype: str | None = None,
        **options: Any,
    ) -> ActAlign:
        """Load an encoder (hub id, folder or "body") and make a classifier of it.

        options: the constructor's. Raises EncoderError when the model can't be had.
        """
        return cls(load_encoder(model, device=device, dtype=dtype), **options)

    def embed(
        self,
        video: Video,
        *,
        clip_id: str | None = None,
        start: float | None = None,
        end: float | None = None,
    ) -> ClipEmbedding:
        """The frame embeddings of a clip: a path, frames with timestamps, or embeddings already.

        start, end: seconds of the source file, [start, end). Raises VideoError.
        """
        if isinstance(video, ClipEmbedding):
            check_encoder(video, self.encoder.model_id, self.encoder.fingerprint)
            return video
        if isinstance(video, FrameBatch):
            if len(video) == 0:
                raise UsageError("The frame array is empty; give at least one frame.")
            rows = np.concatenate(list(encode_frames(self.encoder, [video])))
            times = video.pts_seconds
            step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
            return ClipEmbedding(
                clip_id=clip_id or "frames",
                embeddings=np.asarray(rows, np.float32),
                pts_seconds=times,
                end_seconds=float(times[-1]) + step,
                model_id=self.encoder.model_id,
                fingerprint=self.encoder.fingerprint,
                provenance=revision_of(self.encoder),
            )
        path = Path(video)
        return embed_video(
            self.encoder,
            path,
            clip_id=clip_id or path.stem,
            sampling=Sampling(self.fps, start, end),
            store=self.store,
        )

    def predict(
        self,
        video: Video,
        *,
        candidate_labels: Sequence[str],
        scripts: Scripts | None = None,
        domain: str | None = None,
        start: float | None = None,
        end: float | None = None,
        scorer: str | None = None,
    ) -> Prediction:
        """Score every candidate for one clip and align each; see `Prediction`.

        scripts: a script file, `Script` objects, or {label: [step, ...]}. A label without a script
        is aligned as a script of one step, its own name.
        """
        clip = self.embed(video, start=start, end=end)
        ready = self.encode_candidates(candidate_labels, scripts, domain=domain, scorer=scorer)
        return ready.predict(clip)

    def encode_candidates(
        self,
        candidate_labels: Sequence[str],
        scripts: Scripts | None = None,
        *,
        domain: str | None = None,
        scorer: str | None = None,
    ) -> EncodedCandidates:
        """Embed the candidates' texts once, to score any number of embedded clips; see `predict`.

        Raises UsageError for labels or scripts that are wrong.
        """
        chosen, without = scripts_for(candidate_labels, as_scripts(scripts), domain=domain)
        use = self.scorer if scorer is None else get_scorer(scorer)
        read = [step_texts(s, self.step_template) for s in chosen]
        steps = [self.encode(texts) for texts in read]
        names = [label_text(s, self.label_template) for s in chosen if use.texts == "label"]
        return EncodedCandidates(
            model_id=self.encoder.model_id,
            fingerprint=self.encoder.fingerprint,
            calibration=self.calibration,
            scorer=use.name,
            smoothing_seconds=self.smoothing_seconds,
            domain=domain,
            scripts=chosen,
            steps=steps,
            names=[self.encode([text]) for text in names],
            without=without,
            settings={
                "step_template": self.step_template,
                "label_template": self.label_template,
                **revision_of(self.encoder),
            },
            warnings=tuple(w for texts in read for t in texts for w in self._text_warnings[t]),
        )

    def __call__(
        self,
        video: Video | Sequence[Video],
        *,
        candidate_labels: Sequence[str],
        scripts: Scripts | None = None,
        domain: str | None = None,
        top_k: int | None = None,
    ) -> list[dict[str, Any]] | list[list[dict[str, Any]]]:
        """Ranked [{"label", "score"}] of one clip; for a list of clips, a list of such lists."""
        if isinstance(video, Sequence) and not isinstance(video, str):
            return [
                self.predict(
                    one, candidate_labels=candidate_labels, scripts=scripts, domain=domain
                ).top_k(top_k)
                for one in video
            ]
        return self.predict(
            video, candidate_labels=candidate_labels, scripts=scripts, domain=domain
        ).top_k(top_k)

    def align(self, video: Video, *, script: Script) -> Alignment:
        """Align one clip with one script: the path, and each sub-action's frame interval."""
        clip = self.embed(video)
        frames = smooth(
            clip.embeddings, pts_seconds=clip.pts_seconds, seconds=self.smoothing_seconds
        )
        texts = self.encode(step_texts(script, self.step_template))
        return align(affinity(frames, [texts], self.calibration))

    def encode(self, texts: Sequence[str]) -> Float32:
        """Text embeddings (K, D); each different text is encoded once in this object's life."""
        missing = list(dict.fromkeys(t for t in texts if t not in self._texts))
        if missing:
            self._texts.update(zip(missing, self.encoder.encode_text(missing), strict=True))
            self._text_warnings.update({t: self.encoder.text_warnings([t]) for t in missing})
        return np.stack([self._texts[t] for t in texts])


def as_scripts(scripts: Scripts | None) -> list[Script]:
    """Scripts in any of the accepted forms as a list of `Script`."""
    if scripts is None:
        return []
    if isinstance(scripts, str | Path):
        return load_scripts(scripts)
    if isinstance(scripts, dict):
        return [Script(label, tuple(steps)) for label, steps in scripts.items()]
    return list(scripts)


def candidate_labels_of(scripts: Iterable[Script]) -> list[str]:
    """The labels that a list of scripts covers, in order, each once."""
    return list(dict.fromkeys(s.label for s in scripts))
