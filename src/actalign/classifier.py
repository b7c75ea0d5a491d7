"""`ActAlign`: an encoder with its settings, for classifying clips from Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actalign.alignment._affinities import Calibration, affinity
from actalign.alignment._confidence import check_temperature
from actalign.alignment._dtw import align
from actalign.alignment._locate import MAX_STEP_SECONDS, OVERLAP, THRESHOLD, Detection
from actalign.alignment._paths import MIN_STEP_SECONDS
from actalign.alignment._repeats import check_repeats
from actalign.alignment._scorers import Scorer, default_scorer, get_scorer
from actalign.alignment._similarity import check_smoothing
from actalign.arguments import check_fps, check_listed
from actalign.background import Background, read_background
from actalign.candidates import Candidates
from actalign.clips._keys import Sampling
from actalign.clips._notebook_bar import with_bar
from actalign.clips._parquet import open_store
from actalign.clips._smoothed import smoothed
from actalign.clips._videos import Video, embed_any, embed_each
from actalign.encoders._backgrounds import shipped_background
from actalign.encoders._base import Encoder, check_encoder, one_person_only
from actalign.encoders._load import DEFAULT_MODEL, load_encoder
from actalign.encoders._process import OnePerProcess
from actalign.encoders._text_cache import TextCache
from actalign.errors import UsageError
from actalign.scripts._script import ScriptsGiven, as_scripts
from actalign.scripts._templates import step_texts
from actalign.types import (
    Alignment,
    ClipEmbedding,
    ClipError,
    Float32,
    FrameBatch,
    Prediction,
    Script,
)


class ActAlign(OnePerProcess):
    """Classify clips among candidate actions by aligning steps with frames.

    fps: frames to encode per second, None for the encoder's own default. smoothing_seconds: width
    of the moving average over frame embeddings, None for the encoder's default, 0 for none.
    scorer: a name in `alignment.SCORERS`, parts as AFFINITY+PATH+AVERAGE, or your own `Scorer`;
    None for the default: `competitive` if there is a background, else the encoder's own.
    step_template, label_template: texts with {label}, {domain}, {step}. repeats: how many times the
    winner is performed: "no" to assume once, "auto" to count them, "partial" to count them if the
    clip may begin and end inside a repetition, or the number; None for the encoder's default.
    store: a folder or an address with :// that keeps embeddings between runs. background: what
    steps are measured against, a `Background` or a file from `actalign background`; None for the
    one that ships with the encoder, if any. temperature: turns the scorer's scores into
    confidences, as found by `alignment.fit_temperature`; None for the background's, if it has one.

    Threads may share a classifier; it can't be pickled or copied, so each process makes its own.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        fps: float | None = None,
        smoothing_seconds: float | None = None,
        scorer: str | Scorer | None = None,
        step_template: str | None = None,
        label_template: str | None = None,
        repeats: str | int | None = None,
        store: str | Path | None = None,
        background: Background | str | Path | None = None,
        temperature: float | None = None,
    ) -> None:
        check_encoder(encoder)
        info = encoder.info
        self.encoder = encoder
        self.fps = info.fps if fps is None else check_fps(fps)
        self.smoothing_seconds = (
            info.smoothing_seconds
            if smoothing_seconds is None
            else check_smoothing(smoothing_seconds)
        )
        if isinstance(background, str | Path):
            background = read_background(background)
        if not isinstance(background, Background | None):
            raise UsageError(
                f"The background is {background!r}; give a Background or a file from `actalign "
                "background`."
            )
        self.background = shipped_background(info) if background is None else background
        self.scorer = get_scorer(scorer) if scorer else default_scorer(info, self.background)
        self.step_template = step_template or info.step_template
        self.label_template = label_template or info.label_template
        self.repeats = check_repeats(info.repeats if repeats is None else repeats)
        self.temperature = None if temperature is None else check_temperature(temperature)
        self.store = None if store is None else open_store(store)
        self._texts = TextCache(info, lambda: encoder)

    @classmethod
    def from_pretrained(
        cls,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        device: str | None = None,
        dtype: str | None = None,
        **options: Any,
    ) -> ActAlign:
        """Load an encoder (hub id, folder or "body") and make a classifier with it.

        options: those of the constructor. Raises EncoderError if the model is not available.
        """
        return cls(load_encoder(model, device=device, dtype=dtype), **options)

    def candidates(
        self,
        candidate_labels: Sequence[str] | None = None,
        scripts: ScriptsGiven | None = None,
        *,
        domain: str | None = None,
        scorer: str | Scorer | None = None,
        none: str | None = None,
        min_confidence: float | None = None,
    ) -> Candidates:
        """Resolve candidates once, to score any number of embedded clips; see `predict`.

        Raises UsageError for invalid labels or scripts.
        """
        use = get_scorer(scorer) if scorer else self.scorer
        return Candidates.resolve(
            candidate_labels,
            as_scripts(scripts),
            info=self.encoder.info,
            texts=self._texts,
            domain=domain,
            scorer=use,
            smoothing_seconds=self.smoothing_seconds,
            step_template=self.step_template,
            label_template=self.label_template,
            background=self.background,
            none=none,
            min_confidence=min_confidence,
            temperature=self.temperature if use.name == self.scorer.name else None,
            repeats=self.repeats,
        )

    def predict(
        self,
        video: Video,
        *,
        candidate_labels: Sequence[str] | None = None,
        scripts: ScriptsGiven | None = None,
        domain: str | None = None,
        start: float | None = None,
        end: float | None = None,
        scorer: str | Scorer | None = None,
        none: str | None = None,
        min_confidence: float | None = None,
    ) -> Prediction:
        """Score every candidate for one clip and align each; see `Prediction`.

        candidate_labels: a list, or a comma-separated string, in which a label that contains a
        comma is in double quotes; may be left out if scripts are given. scripts: a script file,
        `Script` objects, or {label: [step, ...]}, where a label may have several lists of steps:
        its wordings, whose scores are averaged. Unlike on the command line, scripts that ship with
        the package are not used automatically: give `actalign.scripts.shipped_scripts(labels,
        domain)`, and the labels too, since those without a script are not in it. A label without a
        script is aligned as a script of one step, its own name, and its candidate's `has_script`
        is False. start, end: seconds of the source file, [start, end). none: the label of an
        additional candidate, which wins if no other fits better than the background.
        min_confidence: in [0, 1]; an answer below it is `refused`, and its row has no label. Raises
        UsageError if the scorer can't do these.
        """
        candidates = self.candidates(
            candidate_labels,
            scripts,
            domain=domain,
            scorer=scorer,
            none=none,
            min_confidence=min_confidence,
        )
        return candidates.predict(self.encode_video(video, start=start, end=end))

    def predict_many(
        self,
        videos: Iterable[Video],
        *,
        candidate_labels: Sequence[str] | None = None,
        scripts: ScriptsGiven | None = None,
        domain: str | None = None,
        scorer: str | Scorer | None = None,
        none: str | None = None,
        min_confidence: float | None = None,
        progress: bool = True,
    ) -> Iterator[Prediction | ClipError]:
        """A prediction for each video, in order, or the error of one that failed.

        videos: paths, frames and embeddings, in any mixture; frames get the clip id frames-N, where
        N is their index in the list, from 0. The id of a path is its file's, however often it is in
        the list. Files are decoded ahead in child processes and encoded
        in parallel, as in `actalign classify`. none, min_confidence: see `predict`. progress: show
        a progress bar, in notebooks only. An encoder that follows everyone (`body:all`) gives a
        prediction for each person of a clip, whose `clip.clip_id` ends in -person1, -person2, ...
        Raises UsageError for invalid labels or scripts, and for a single video.
        """
        single = (str, bytes, os.PathLike, FrameBatch, ClipEmbedding, Mapping)
        pixels = isinstance(videos, np.ndarray) and videos.dtype.kind not in "OUT"  # not paths
        if pixels or isinstance(videos, single) or not isinstance(videos, Iterable):
            raise UsageError(
                "This takes a list of videos; `predict` takes one, and actalign.video.list_videos "
                "lists those of folders."
            )
        every = list(videos)
        candidates = self.candidates(
            candidate_labels,
            scripts,
            domain=domain,
            scorer=scorer,
            none=none,
            min_confidence=min_confidence,
        )
        return self._predict_each(every, candidates, progress=progress)

    def locate(
        self,
        video: Video,
        *,
        candidate_labels: Sequence[str] | None = None,
        scripts: ScriptsGiven | None = None,
        domain: str | None = None,
        start: float | None = None,
        end: float | None = None,
        threshold: float = THRESHOLD,
        min_step: float = MIN_STEP_SECONDS,
        max_step: float = MAX_STEP_SECONDS,
        overlap: float = OVERLAP,
    ) -> list[Detection]:
        """Find where in a long video each candidate happens, in order of time.

        threshold: minimum score, in nats. min_step, max_step: shortest and longest duration of a
        step, in seconds. overlap: of two detections whose intersection over union is larger, only
        the better is kept.
        """
        candidates = self.candidates(candidate_labels, scripts, domain=domain)
        return candidates.locate(
            self.encode_video(video, start=start, end=end),
            threshold=threshold,
            min_step=min_step,
            max_step=max_step,
            overlap=overlap,
        )

    def __call__(
        self,
        video: Video | Sequence[Video],
        *,
        candidate_labels: Sequence[str] | None = None,
        scripts: ScriptsGiven | None = None,
        domain: str | None = None,
        top_k: int | None = None,
        none: str | None = None,
        min_confidence: float | None = None,
    ) -> list[dict[str, Any]] | list[list[dict[str, Any]]]:
        """Ranked [{"label", "score"}] for one clip; for a list of clips, a list of such lists.

        none, min_confidence: see `predict`; a clip whose answer is refused has an empty list.
        Raises the error of the first clip that fails; `predict_many` continues with the others. An
        encoder that follows everyone is refused: use `predict_many` for those.
        """
        how: dict[str, Any] = {
            "candidate_labels": candidate_labels,
            "scripts": scripts,
            "domain": domain,
            "none": none,
            "min_confidence": min_confidence,
        }
        if not isinstance(video, Sequence) or isinstance(video, str | bytes):
            return _answers(self.predict(video, **how), top_k)
        one_person_only(self.encoder)
        ranked = []
        for found in self.predict_many(video, **how):
            if isinstance(found, ClipError):
                raise found.error
            ranked.append(_answers(found, top_k))
        return ranked

    def align(self, video: Video, *, script: Script) -> Alignment:
        """Align one clip with one script: the path, and each step's frame interval.

        Uses the paper's affinity and path, whatever the scorer: a single script has nothing to
        compete with. For the scorer's own alignment see the `candidates` that `predict` returns.
        """
        if not isinstance(script, Script):
            raise UsageError(f"The script is {script!r}; give Script(label, steps).")
        clip = self.encode_video(video)
        frames = smoothed(clip, self.smoothing_seconds)
        texts = self.encode_texts(step_texts(script, self.step_template))
        return align(affinity(frames, [texts], Calibration.of(self.encoder.info)))

    def encode_video(
        self,
        video: Video,
        *,
        clip_id: str | None = None,
        start: float | None = None,
        end: float | None = None,
    ) -> ClipEmbedding:
        """The frame embeddings of a clip.

        video: a path; frames with their times, sampled at `fps`, as from a file; or embeddings,
        which are returned unchanged. start, end: seconds of the video, [start, end). Raises
        VideoError, ArrayError, and UsageError for anything else and for an encoder that follows
        everyone: use `predict_many` for those.
        """
        sampling = Sampling(self.fps, start, end)
        return embed_any(self.encoder, video, clip_id=clip_id, sampling=sampling, store=self.store)

    def encode_texts(self, texts: Sequence[str]) -> Float32:
        """Text embeddings (K, D); each distinct text is encoded only once per object.

        Raises UsageError unless it is a non-empty list of strings.
        """
        check_listed(texts, "texts")
        listed = list(texts)
        if not listed or not all(isinstance(text, str) for text in listed):
            raise UsageError(f"The texts are {texts!r}; give a list of texts.")
        return self._texts.encode(listed)

    def _predict_each(
        self, videos: Sequence[Video], candidates: Candidates, *, progress: bool
    ) -> Iterator[Prediction | ClipError]:
        clips = embed_each(self.encoder, videos, sampling=Sampling(self.fps), store=self.store)
        for clip in with_bar(clips, len(videos)) if progress else clips:
            if isinstance(clip, ClipError):
                yield clip
                continue
            try:
                yield candidates.predict(clip)
            except UsageError as error:  # too short for the number of repetitions
                video = str(clip.provenance.get("video") or clip.clip_id)
                yield ClipError(clip.clip_id, video, error)


def _answers(prediction: Prediction, top_k: int | None) -> list[dict[str, Any]]:
    return [] if prediction.refused else prediction.top_k(top_k)
