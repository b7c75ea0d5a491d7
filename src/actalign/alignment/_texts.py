"""The texts of the candidates as one matrix, measured by a background, and the labels that vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actalign.alignment._rivals import Rivals
from actalign.alignment._similarity import as_embeddings, fast_unit_scale
from actalign.background import Background
from actalign.errors import UsageError
from actalign.types import Float32, Float64

ONE_LOOK = 0.9
"""What a script of one step is believed beside longer ones: one look varies more than several."""


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """What each text is measured by, (sum K_m,) each.

    factors, shifts: a unit frame's product with the text times the factor, less the shift, is its
    cosine less the mean on the background, over the deviation there; times ONE_LOOK for a candidate
    of one step, such as a label without a script, among others with more. weights: 1 over how many
    texts are equal to it, so that a text competes once. rivals: which compete, where a label has
    several wordings; None where every candidate competes with every other.
    """

    factors: Float32
    shifts: Float32
    weights: Float32
    rivals: Rivals | None = None

    @classmethod
    def of(
        cls,
        rows: Float32,
        sizes: Sequence[int],
        background: Background,
        none: bool,
        labels: Sequence[int] = (),
    ) -> Measured:
        """rows: (sum K_m, D) of the candidates that have texts. none: whether there is one without.
        labels: see `Texts`."""
        mean, deviation = background.statistics(rows)
        alone = (np.repeat(sizes, sizes)[: len(rows)] == 1) & (max(sizes) > 1)
        deviation = np.where(alone, deviation / ONE_LOOK, deviation)
        _, scales = fast_unit_scale(rows, "text embeddings")
        texts = [row.tobytes() for row in rows]
        count = Counter(texts)
        weights = [1 / count[text] for text in texts] + [1.0] * none
        several = len(set(labels)) < len(labels)
        return cls(
            (scales / deviation).astype(np.float32),
            (mean / deviation).astype(np.float32),
            np.array(weights, np.float32),
            Rivals.of_texts(texts, sizes, labels, none) if several else None,
        )

    def joined(self, other: Measured) -> Measured:
        """These texts and then others, for affinities that don't compete."""
        return Measured(
            np.concatenate([self.factors, other.factors]),
            np.concatenate([self.shifts, other.shifts]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Texts:
    """The steps of M candidates as one matrix, prepared for any number of clips.

    rows: (sum K_m, D). sizes: K_m. measured: by a background, None without one. none: whether
    the last candidate is "none of these", which has no texts and counts as one step. labels: which
    label each candidate that has texts is a wording of; empty where each is of its own. voting: the
    labels' own texts, for scorers that let them vote.
    """

    rows: Float32
    sizes: tuple[int, ...]
    measured: Measured | None = None
    none: bool = False
    labels: tuple[int, ...] = ()
    voting: Voting | None = None

    @classmethod
    def of(
        cls,
        candidates: Sequence[ArrayLike],
        background: Background | None = None,
        *,
        none: bool = False,
        labels: Sequence[int] = (),
        names: Sequence[Float32] = (),
    ) -> Texts:
        """none: with a candidate "none of these". labels: see the class. names: the embeddings of
        the labels that vote, (1, D) each, or (0, D) for a label that doesn't.

        Raises UsageError for no candidate, and for one that is none without a background.
        """
        if not candidates:
            raise UsageError("There is no candidate to score; give at least one label.")
        scripts = [np.asarray(c, np.float32) for c in candidates]
        rows = as_embeddings(np.concatenate(scripts), name="text embeddings")
        sizes = [*map(len, scripts), *[1] * none]
        if none and background is None:
            raise UsageError(f"A candidate that is none of the others {NEEDS_BACKGROUND}")
        measured = (
            None if background is None else Measured.of(rows, sizes, background, none, labels)
        )
        steps = cls(rows, tuple(sizes), measured, none, tuple(labels))
        known = [name for name in names if len(name)]
        if not known:
            return steps
        voters = cls.of(known, background, none=none)
        return replace(steps, voting=Voting.of(steps, voters, [len(name) > 0 for name in names]))

    @property
    def scripts(self) -> list[Float32]:
        """(K_m, D) of each candidate that has texts."""
        sizes = self.sizes[:-1] if self.none else self.sizes
        ends = np.cumsum(sizes).tolist()
        return [self.rows[end - size : end] for end, size in zip(ends, sizes, strict=True)]


@dataclass(frozen=True, eq=False, slots=True)
class Voting:
    """The labels that vote beside their scripts.

    texts: theirs, one step each. together: the steps' texts and these, whose similarities to frames
    are one product. places: (M,) which of these labels is each candidate's own. silent: (S,) the
    candidates whose label doesn't vote. share: labels per script, since a name says less beside
    several wordings than beside one.
    """

    texts: Texts
    together: Texts
    places: NDArray[np.intp]
    silent: NDArray[np.intp]
    share: float

    @classmethod
    def of(cls, steps: Texts, voters: Texts, votes: Sequence[bool]) -> Voting:
        """votes: of each label, whether it does."""
        scripts, voting = len(steps.scripts), np.asarray(votes, bool)
        labels = np.array(steps.labels or range(scripts))
        own = (np.cumsum(voting) - 1)[labels]  # any place will do for one that doesn't
        measured = None
        if steps.measured is not None and voters.measured is not None:
            measured = steps.measured.joined(voters.measured)
        together = Texts(
            np.concatenate([steps.rows, voters.rows]),
            (*steps.sizes[:scripts], *voters.sizes),
            measured,
            steps.none,
        )
        places = [*own.tolist(), *[len(voters.scripts)] * steps.none]
        silent, share = np.flatnonzero(~voting[labels]), len(voting) / scripts
        return cls(voters, together, np.array(places), silent, share)

    def split(self, values: Float32) -> tuple[Float32, Float32]:
        """The columns of ``together`` as those of the steps and of the labels, each with that of
        "none of these" at the end if it takes part."""
        labels = np.ascontiguousarray(values[:, -len(self.texts.sizes) :])
        none = values[:, -1:] if self.texts.none else values[:, :0]
        steps = values[:, : values.shape[1] - labels.shape[1]]
        return np.concatenate([steps, none], axis=1), labels

    def of_candidates(self, scores: Float64) -> Float64:
        """(M,) the labels' scores by candidate, times `share`; that of "none of these" at the end.

        A label that doesn't vote has the mean of those that do, which is neither for nor against.
        """
        found = scores[self.places]
        if len(self.silent):
            found[self.silent] = scores[: len(self.texts.rows)].mean()
        return found * self.share


NEEDS_BACKGROUND = (
    "needs a background, and there is none; make one with `actalign background VIDEOS --out FILE` "
    "and give that file as the background, or choose the scorer dtw."
)

CandidateTexts = Texts | Sequence[ArrayLike]
"""M candidates' step embeddings (K_m, D), prepared by `Texts.of` or not."""


def texts_of(candidates: CandidateTexts, background: Background | None = None) -> Texts:
    """The candidates prepared; background: what those are measured by that are not yet."""
    return candidates if isinstance(candidates, Texts) else Texts.of(candidates, background)
