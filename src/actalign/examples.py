"""Uses a few labelled clips besides the words: a clip is also aligned with them, frame by frame.

Each label is the set of its examples. A clip and an example are two sequences of frame embeddings;
their cosines, relative to the centre of all example frames, are aligned by the recurrence that
aligns frames with steps (`alignment.align_scores`), and the label's score is that of its best
example. Both kinds of scores are brought to the same scale and added. The examples' weight goes
from FEW_WEIGHT towards the one that does best when each example is left out in turn, the more
examples there are. Nothing is trained, and any encoder works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from actalign.alignment._dtw import align_scores
from actalign.alignment._similarity import centre_of, cosine, from_centre, normalize
from actalign.candidates import Candidates
from actalign.clips._result import ClipResult, scored_clip
from actalign.clips._smoothed import smoothed
from actalign.errors import UsageError, counted
from actalign.scripts._labels import label_key
from actalign.types import ClipEmbedding, Float32, Float64, Prediction

if TYPE_CHECKING:
    from actalign.rows import Row

__all__ = ["Example", "Examples", "Trial", "WithExamples"]

WEIGHTS = tuple(n / 10 for n in range(11))
"""Weights of the examples' score that are tried: 0 is words alone, 1 examples alone."""
FEW_WEIGHT = 0.3
FEW_CLIPS = 10
"""The weight without any trial, and after how many clips a trial's choice counts as much as it: few
clips choose by chance."""
NAMED = 5
"""How many labels without examples an error names."""


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """A labelled clip. frames: (S, D) smoothed unit rows."""

    label: str
    clip: ClipEmbedding
    frames: Float32


class Examples:
    """Labelled clips that candidates are compared with.

    clips: pairs of label and clip, from one encoder. Raises UsageError if there are none.
    """

    def __init__(
        self, clips: Sequence[tuple[str, ClipEmbedding]], *, smoothing_seconds: float
    ) -> None:
        if not clips:
            raise UsageError(
                "There are no examples; give a folder with one folder of clips per label, or a "
                "truth.jsonl in which clips have a right action."
            )
        self._seconds = smoothing_seconds
        self.examples = [Example(label, clip, self._smoothed(clip)) for label, clip in clips]
        # An encoder's embeddings lie in a cone: relative to its centre, different frames differ
        # more.
        self._centre = centre_of(np.concatenate([one.frames for one in self.examples]))
        self._rows = [from_centre(one.frames, self._centre) for one in self.examples]

    @property
    def labels(self) -> list[str]:
        """The labels that have examples."""
        return list(dict.fromkeys(one.label for one in self.examples))

    def has_other(self, label: str, clip: ClipEmbedding) -> bool:
        """Whether the label has an example besides this clip."""
        key, content = label_key(label), _content(clip)
        return any(
            label_key(one.label) == key and _content(one.clip) != content for one in self.examples
        )

    def scores(self, clip: ClipEmbedding, labels: Sequence[str]) -> Float64:
        """(M,) the score of each label's best example, NaN for a label without examples.

        Examples with the same content as the clip are left out: they would give away the answer.
        """
        content = _content(clip)
        used = [n for n, one in enumerate(self.examples) if _content(one.clip) != content]
        found = np.full(len(labels), np.nan)
        if not used:
            return found
        frames = from_centre(self._smoothed(clip), self._centre)
        table = cosine(frames, np.concatenate([self._rows[n] for n in used]))
        values, _ = align_scores(table, [len(self._rows[n]) for n in used])
        places = {label_key(label): m for m, label in enumerate(labels)}
        for n, value in zip(used, values.tolist(), strict=True):
            m = places.get(label_key(self.examples[n].label))
            if m is not None:
                found[m] = np.fmax(found[m], value)
        return found

    def _smoothed(self, clip: ClipEmbedding) -> Float32:
        return normalize(smoothed(clip, self._seconds), name="frame embeddings")


def _content(clip: ClipEmbedding) -> str:
    """What identifies a clip: the hash of its bytes or, if unknown, its id."""
    return clip.provenance.get("sha256") or clip.clip_id


@dataclass(frozen=True, slots=True)
class Trial:
    """How often words, examples and both are right when each example is left out in turn."""

    clips: int
    words: float
    examples: float
    both: float


@dataclass(frozen=True, eq=False, slots=True)
class WithExamples:
    """Candidates scored by words and by examples together.

    weight: the examples' share. words_scale, examples_scale: the spread of each kind of score.
    trial: the results that the weight was moved by; None if no label has two different examples.
    """

    candidates: Candidates
    examples: Examples
    weight: float
    words_scale: float
    examples_scale: float
    trial: Trial | None

    @classmethod
    def fitted(cls, candidates: Candidates, examples: Examples) -> WithExamples:
        """Choose the weight by leaving out each example; raises UsageError for a label without any.

        It is FEW_WEIGHT if no label has two different examples.
        """
        labels = candidates.labels
        check_shown(labels, examples.labels)
        places = {label_key(label): m for m, label in enumerate(labels)}
        words, shown, answers = [], [], []
        by = replace(candidates, repeats="no")  # repeats change no score
        for example in examples.examples:
            answer = places.get(label_key(example.label))
            if answer is not None:
                words.append(_in_order(by.predict(example.clip), labels))
                shown.append(examples.scores(example.clip, labels))
                answers.append(answer)
        by_words, by_examples = np.stack(words), np.stack(shown)
        scales = _spread(by_words), _spread(by_examples)
        whole = ~np.isnan(by_examples).any(axis=1)  # not the label's only example
        tried = int(whole.sum())
        if not tried:
            return cls(candidates, examples, FEW_WEIGHT, *scales, None)
        first = _scaled(by_words[whole], scales[0])
        second = _scaled(by_examples[whole], scales[1])
        right = np.array(answers)[whole]

        def merit(weight: float) -> tuple[float, float]:
            return _merit((1 - weight) * first + weight * second, right)

        best = max(WEIGHTS, key=merit)
        weight = (tried * best + FEW_CLIPS * FEW_WEIGHT) / (tried + FEW_CLIPS)
        trial = Trial(tried, merit(0.0)[0], merit(1.0)[0], merit(weight)[0])
        return cls(candidates, examples, weight, *scales, trial)

    def all_scores(self, clip: ClipEmbedding) -> tuple[Float64, Float64, Float64]:
        """(M,) each, in the candidates' order: by words, by examples, by both."""
        by = replace(self.candidates, repeats="no")  # repeats change no score
        words = _in_order(by.predict(clip), by.labels)
        shown, weight = self._shown(clip)
        return words, shown, self._both(words, shown, weight)

    def predict(self, clip: ClipEmbedding) -> Prediction:
        """The words' prediction with the scores of both, and without the words' confidence."""
        found = self.candidates.predict(clip)
        labels = self.candidates.labels
        shown, weight = self._shown(clip)
        both = self._both(_in_order(found, labels), shown, weight)
        scores = dict(zip(labels, both.tolist(), strict=True))
        ranked = sorted(
            (replace(one, score=scores[one.label], confidence=None) for one in found.candidates),
            key=lambda one: (-one.score, labels.index(one.label)),
        )
        return replace(
            found,
            candidates=tuple(ranked),
            scorer="both",
            settings={**found.settings, "words": found.scorer, "examples_weight": weight},
        )

    def score(
        self, result: ClipResult, *, top_k: int | None = None
    ) -> tuple[Row, Prediction | None]:
        """The same as `Candidates.score`."""
        return scored_clip(self.predict, result, top_k)

    def summary(self) -> str:
        """A sentence about the weight and how it was chosen."""
        candidates = {label_key(label) for label in self.candidates.labels}
        mine = sum(label_key(one.label) in candidates for one in self.examples.examples)
        shown = f"{counted(mine, 'example')} of the candidates, weight {self.weight:.2g}"
        if self.candidates.temperature is not None:
            shown = f"with examples, rows have margins and no confidences; {shown}"
        if self.trial is None:
            return (
                f"{shown}: not chosen, because no label has two different examples (copies of a "
                "clip count once)"
            )
        rates = (self.trial.words, self.trial.examples, self.trial.both)
        words, examples, both = (f"{100 * rate:.0f} %" for rate in rates)
        return (
            f"{shown}, chosen by leaving each of {self.trial.clips} out: words alone {words} "
            f"right, examples alone {examples}, both {both}"
        )

    def _shown(self, clip: ClipEmbedding) -> tuple[Float64, float]:
        """(M,) the scores by examples, and their weight.

        It is 0 where a label's only example is this very clip, as the others have theirs: the label
        gets the lowest of their scores.
        """
        shown = self.examples.scores(clip, self.candidates.labels)
        missing = np.isnan(shown)
        if not missing.any():
            return shown, self.weight
        return np.where(missing, 0.0 if missing.all() else np.nanmin(shown), shown), 0.0

    def _both(self, words: Float64, shown: Float64, weight: float) -> Float64:
        by_words = _scaled(words[None], self.words_scale)[0]
        by_examples = _scaled(shown[None], self.examples_scale)[0]
        return (1 - weight) * by_words + weight * by_examples


def check_shown(labels: Sequence[str], shown: Sequence[str]) -> None:
    """Raise UsageError for labels without examples."""
    known = {label_key(label) for label in shown}
    without = [label for label in labels if label_key(label) not in known]
    if without:
        names = ", ".join(map(repr, without[:NAMED]))
        more = f" and of {len(without) - NAMED} more" if len(without) > NAMED else ""
        raise UsageError(
            f"There is no example of {names}{more}; give each candidate at least one, or name "
            "only labels with examples as candidates."
        )


def _in_order(prediction: Prediction, labels: Sequence[str]) -> Float64:
    scores = {one.label: one.score for one in prediction.candidates}
    return np.array([scores[label] for label in labels])


def _spread(table: Float64) -> float:
    """Standard deviation of (N, M) scores within a clip, of those that aren't NaN; 1 if none."""
    some = table[~np.isnan(table).all(axis=1)]
    if not len(some):
        return 1.0
    return float(np.nanstd(some - np.nanmean(some, axis=1, keepdims=True))) or 1.0


def _scaled(table: Float64, scale: float) -> Float64:
    return (table - table.mean(axis=1, keepdims=True)) / scale


def _merit(table: Float64, right: NDArray[np.int_]) -> tuple[float, float]:
    """How often the right label has the highest score, and its mean lead over the best other."""
    rows = np.arange(len(table))
    own = table[rows, right]
    others = table.copy()
    others[rows, right] = -np.inf
    lead = own - others.max(axis=1)
    lead = lead[np.isfinite(lead)]
    return float((table.argmax(axis=1) == right).mean()), float(lead.mean()) if len(lead) else 0.0
