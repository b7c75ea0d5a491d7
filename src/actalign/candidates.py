"""The candidates of a run, resolved once: labels, scripts, their text embeddings and a scorer.

Everything that scoring a clip needs, without the encoder. Small, and made of plain arrays, so that
it can be sent to other machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from actalign.alignment._affinities import Calibration
from actalign.alignment._confidence import check_least, check_temperature
from actalign.alignment._locate import MAX_STEP_SECONDS, OVERLAP, THRESHOLD, Detection, locate
from actalign.alignment._paths import MIN_STEP_SECONDS
from actalign.alignment._repeats import Repeats, check_repeats
from actalign.alignment._scorers import Scorer, default_scorer, get_scorer
from actalign.alignment._similarity import check_smoothing
from actalign.alignment._texts import NEEDS_BACKGROUND
from actalign.background import Background
from actalign.clips._background import OtherClips
from actalign.clips._result import ClipResult, scored_clip
from actalign.clips._smoothed import smoothed
from actalign.competitions import Competition, best_wordings, embed_texts, mean
from actalign.confidence import beside_none, fitted_background, with_confidence
from actalign.documents import unwritable
from actalign.encoder_info import EncoderInfo, short_template
from actalign.encoders._backgrounds import shipped_background
from actalign.encoders._text_cache import TextCache
from actalign.errors import UsageError
from actalign.repetitions import with_repetitions
from actalign.scripts._labels import as_labels, check_domain, label_key, labels_of
from actalign.scripts._script import scripts_for
from actalign.types import Candidate, ClipEmbedding, Float32, Prediction, Script, TextWarning

if TYPE_CHECKING:
    from actalign.rows import Row


def check_none(name: str) -> None:
    """Raise UsageError for an unusable name of none-of-these, such as an empty one."""
    if not isinstance(name, str):
        raise UsageError(f"The name of none-of-these is {name!r}; give a text, such as nothing.")
    if not name.strip():
        raise UsageError("The name of none-of-these is empty; give one, such as nothing.")
    if (wrong := unwritable(name)) is not None:
        raise UsageError(f"The name of none-of-these, {name!a}, contains {wrong}; leave it out.")


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """M candidates, ready to be scored against any clip of the same encoder.

    info: the encoder. scripts: one per candidate. competitions: one, with all wordings, for a
    scorer that is made of parts; for other scorers as many as the candidate with the most wordings
    has, each with one wording of every candidate. only: the number of the one wording that scores
    and alignments come from; None for all. names: the embeddings of the candidates' labels, (1, D)
    each; empty if the scorer neither reads them nor lets them vote, and (0, D) for a label that
    can't vote since the encoder knows no word of it. repeats: how often the winner is performed:
    "no" to assume once, "auto" to count them, "partial" to count them if the clip may begin and end
    inside a repetition, or the number. without: labels that had no script, whose only step is their
    name. background: what steps are measured against, for scorers that use one. none: the label of
    the candidate that wins if no script fits better than the background. min_confidence: an answer
    below it is refused. temperature: turns scores into confidences; None if it was never fitted.
    given_temperature: overrides the background's. warnings: for example about texts that were cut.
    """

    info: EncoderInfo
    scorer: Scorer
    smoothing_seconds: float
    domain: str | None
    scripts: Sequence[Script]
    competitions: Sequence[Competition]
    names: Sequence[Float32]
    without: Sequence[str]
    repeats: Repeats
    settings: dict[str, str]
    warnings: tuple[TextWarning, ...]
    background: Background | None = None
    none: str | None = None
    min_confidence: float | None = None
    temperature: float | None = None
    given_temperature: float | None = None
    only: int | None = None

    @classmethod
    def resolve(
        cls,
        labels: Sequence[str] | None,
        scripts: Sequence[Script] = (),
        *,
        info: EncoderInfo,
        texts: TextCache,
        domain: str | None = None,
        scorer: str | Scorer | None = None,
        smoothing_seconds: float | None = None,
        step_template: str | None = None,
        label_template: str | None = None,
        background: Background | None = None,
        none: str | None = None,
        min_confidence: float | None = None,
        temperature: float | None = None,
        repeats: str | int | None = None,
    ) -> Candidates:
        """Give every label its script and embed the texts.

        labels: a list, or a comma-separated string; None for those of the scripts, in order. A
        label without a script is aligned as a script of one step, its own name. scorer,
        smoothing_seconds, background, repeats and the templates: None for the encoder's own.
        domain: None for the one that all scripts share. none, min_confidence: see the class.
        temperature: for this scorer; None for the background's. Raises UsageError for invalid
        labels, scripts or templates, and for what a scorer can't do.
        """
        check_domain(domain)
        listed = labels_of(scripts) if labels is None else as_labels(labels)
        chosen, without = scripts_for(listed, scripts, domain=domain)
        own = background or shipped_background(info)
        use = get_scorer(scorer) if scorer else default_scorer(info, own)
        of_step = step_template or info.step_template
        of_label = label_template or info.label_template
        competitions, names, said = embed_texts(chosen, use, texts, step=of_step, label=of_label)
        short = short_template(info) if of_step == info.step_template else []
        settings = {"step_template": of_step, "label_template": of_label}
        if info.revision is not None:
            settings["model_revision"] = info.revision
        if temperature is not None:
            settings["temperature"] = repr(check_temperature(temperature))
        domains = {script.domain for script in chosen} - {None}
        seconds = info.smoothing_seconds if smoothing_seconds is None else smoothing_seconds
        found = cls(
            info=info,
            scorer=use,
            smoothing_seconds=check_smoothing(seconds),
            domain=domains.pop() if len(domains) == 1 else None,
            scripts=chosen,
            competitions=competitions,
            names=names,
            without=without,
            repeats=check_repeats(info.repeats if repeats is None else repeats),
            settings=settings,
            warnings=(*map(TextWarning, short), *said),
            none=none,
            min_confidence=check_least(min_confidence),
            given_temperature=temperature,
        )
        return found.measured_against(own)

    def measured_against(self, background: Background | None) -> Candidates:
        """The same with another background; raises UsageError if it is None and one is needed."""
        needed = self.scorer.needs_background
        if needed and background is None:
            raise UsageError(f"The scorer {self.scorer.name} {NEEDS_BACKGROUND}")
        if self.none is not None and not self.scorer.knows_none:
            with_one = ", with a background" if background is None else ""
            raise UsageError(
                f"The scorer {self.scorer.name} can't tell when none of the candidates fits; "
                "choose one whose affinity measures steps against a background, such as "
                f"competitive{with_one}."
            )
        used = background.checked(self.info) if needed and background is not None else None
        temperature, none = self.given_temperature, self.none is not None
        fitted = fitted_background(self.scorer, self.info, background)
        if fitted is not None:
            known = fitted.checked(self.info).temperature(self.scorer.name, self._single, none=none)
            temperature = temperature or known
        if self.none is not None:
            check_none(self.none)
            if label_key(self.none) in map(label_key, self.labels):
                raise UsageError(
                    f"The label {self.none!r} is a candidate; give none-of-these (none) another "
                    "name."
                )
        voters = self.names if self.scorer.stages else ()
        found = replace(
            self,
            background=used,
            temperature=temperature,
            competitions=[one.measured(used, none=none, names=voters) for one in self.competitions],
        )
        if self.min_confidence is not None and len(self.scripts) == 1 and not none:
            raise UsageError(
                "A single candidate has no confidence, so min_confidence can't be used; give more "
                "candidates, or a name for none-of-these (none)."
            )
        if self.min_confidence is not None and found.temperature is None:
            raise UsageError(
                f"The scorer {self.scorer.name} gives no confidence with this encoder, so "
                "min_confidence can't be used; fit a temperature on labelled clips with "
                "`actalign eval clips`, or for your own scorer with "
                "alignment.fit_temperature, and give it as --temperature (temperature), or choose "
                "another scorer."
            )
        return found

    @property
    def _single(self) -> float:
        """The share of candidates with a single step, such as their name."""
        lists = [script.step_lists for script in self.scripts]
        return sum(max(map(len, one)) == 1 for one in lists) / len(lists)

    def against(self, others: OtherClips | None, result: ClipResult) -> Candidates:
        """The same, measured against a run's other clips if those are the background."""
        if others is None or result.clip is None:
            return self
        return self.measured_against(others.of(result.clip))

    def of_wording(self, number: int) -> Candidates:
        """The same with one wording of each script, counted from 0, against all other labels.

        Labels with fewer wordings repeat theirs in turn.
        """
        return replace(self, only=number)

    @property
    def most_wordings(self) -> int:
        """The largest number of wordings that any candidate has."""
        return max(len(script.step_lists) for script in self.scripts)

    @property
    def labels(self) -> list[str]:
        """The candidates' labels, in the order given."""
        return [script.label for script in self.scripts]

    def identity(self) -> dict[str, object]:
        """Everything that a row depends on besides its clip, as values for JSON."""
        return {
            "labels": self.labels,
            "scripts": [asdict(script) for script in self.scripts],
            "domain": self.domain,
            "encoder": self.info.fingerprint,
            "scorer": self.scorer.name,
            "smoothing_seconds": self.smoothing_seconds,
            "background": None if self.background is None else self.background.digest,
            "none": self.none,
            "min_confidence": self.min_confidence,
            "temperature": self.temperature,
            "repeats": self.repeats,
            **self.settings,
        }

    def predict(self, clip: ClipEmbedding) -> Prediction:
        """Score every candidate for one clip and align each; see `Prediction`.

        Raises EncoderError for a clip that was embedded by another encoder, UsageError for one that
        is too short for the number of repetitions.
        """
        frames = self._frames(clip)
        by = self._calibration(clip)
        scored = [one.scored(frames, self.scorer, self.names, by) for one in self.competitions]
        wordings = [len(script.step_lists) for script in self.scripts]
        best = best_wordings(self.competitions, scored, wordings, self.only)
        candidates = [
            Candidate(
                script.label,
                shown.score,
                shown.script,
                has_script=script.label not in self.without,
                alignment=shown.alignment,
                edges_seconds=clip.edges_seconds,
                wording=shown.number + 1,
                wordings=count,
            )
            for script, shown, count in zip(self.scripts, best, wordings, strict=True)
        ]
        unknown = {one.text for one in self.warnings if one.unknown}
        if self.none is not None:
            score = mean([one.scores[-1] for one in scored])
            none = Candidate(self.none, score, Script(self.none, (self.none,)), False, none=True)
            candidates = beside_none(candidates, none, unknown=unknown)
        candidates = with_confidence(candidates, self.temperature, unknown=unknown)
        candidates.sort(key=lambda c: -c.score)
        if not candidates[0].none:
            candidates[0] = with_repetitions(
                candidates[0],
                clip,
                frames,
                best[self.labels.index(candidates[0].label)].steps,
                logit_scale=self.info.logit_scale,
                repeats=self.repeats,
            )
        return Prediction(
            clip=clip,
            candidates=tuple(candidates),
            scorer=self.scorer.name,
            smoothing_seconds=self.smoothing_seconds,
            domain=self.domain,
            text_warnings=self.warnings,
            settings=dict(self.settings),
            background=None if self.background is None else self.background.source,
            min_confidence=self.min_confidence,
        )

    def order_margin(self, clip: ClipEmbedding, label: str) -> float | None:
        """A candidate's score minus the mean of its scores with its steps reversed and in four
        random orders.

        The mean over its wordings, like the score; a wording of a single step has no other order.
        None for scorers that don't align, for your own functions, and if all wordings have a single
        step. Raises UsageError for a label that is not a candidate.
        """
        if label not in self.labels:
            raise UsageError(
                f"There is no candidate {label!r}; choose one of {', '.join(self.labels)}."
            )
        stages = self.scorer.stages
        if stages is None or stages.path.align is None:
            return None
        by = self._calibration(clip)
        frames, of = self._frames(clip), self.labels.index(label)
        margins = [
            margin
            for one in self.competitions
            for (m, _), margin in zip(
                one.places, stages.order_margins(frames, one.texts, by), strict=False
            )
            if m == of
        ]
        return None if np.isnan(margins).all() else float(np.nan_to_num(margins).mean())

    def score(
        self, result: ClipResult, *, top_k: int | None = None
    ) -> tuple[Row, Prediction | None]:
        """The row of a run's clip, and its prediction if it has one; never raises for a clip."""
        return scored_clip(self.predict, result, top_k)

    def locate(
        self,
        clip: ClipEmbedding,
        *,
        threshold: float = THRESHOLD,
        min_step: float = MIN_STEP_SECONDS,
        max_step: float = MAX_STEP_SECONDS,
        overlap: float = OVERLAP,
    ) -> list[Detection]:
        """Find where in a long clip each candidate happens, in any of its wordings; see
        `alignment.locate`."""
        every = {
            place: (script, steps)
            for one in self.competitions
            for place, script, steps in zip(one.places, one.scripts, one.texts.scripts, strict=True)
        }
        return locate(
            clip,
            self._frames(clip),
            [every[place][0] for place in sorted(every)],
            [every[place][1] for place in sorted(every)],
            threshold=threshold,
            min_step=min_step,
            max_step=max_step,
            overlap=overlap,
        )

    def _calibration(self, clip: ClipEmbedding) -> Calibration:
        times = clip.pts_seconds
        seconds = float(np.median(np.diff(times))) if len(times) > 1 else None
        return replace(Calibration.of(self.info, self.background), frame_seconds=seconds)

    def _frames(self, clip: ClipEmbedding) -> Float32:
        """(T, D): the clip's embeddings, smoothed."""
        if not isinstance(clip, ClipEmbedding):
            raise UsageError(
                f"This takes a clip's embeddings, as from `encode_video`, not {clip!r}."
            )
        clip.check_encoder(self.info.model_id, self.info.fingerprint)
        return smoothed(clip, self.smoothing_seconds)
