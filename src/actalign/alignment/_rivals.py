"""Who competes with whom where labels have several wordings; docs/method.md has the formula.

A wording of a label competes with the other labels, not with other wordings of its own. Another
label counts as the mean over its wordings, however many it has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actalign.types import Float32, Float64


@dataclass(frozen=True, eq=False, slots=True)
class Rivals:
    """What each of J steps weighs in the competitions of W wordings.

    Take one wording of each label, every one equally likely. A text competes once, or by how often
    it is expected there if that is less. base: (J,) these weights. own: for each label its columns
    (n,), its wordings (w,), and (n, w) what is to be added to the columns' weights in the
    competition of each wording, which is certainly there while others of its label are not. of:
    (J,) each column's wording, from 0.
    """

    base: Float64
    own: list[tuple[NDArray[np.intp], NDArray[np.intp], Float64]]
    of: NDArray[np.intp]

    @classmethod
    def of_texts(
        cls, texts: Sequence[bytes], sizes: Sequence[int], labels: Sequence[int], none: int
    ) -> Rivals:
        """texts: of each step, equal ones are one text. sizes: of W wordings, the last one being
        that of "none of these", without texts, where none is above 0. labels: of the others."""
        every = [*texts, *[b"none of these"] * none]
        whose = [*labels, -1] if none else list(labels)
        wordings = Counter(whose)
        ends = np.cumsum(sizes)
        counts = [Counter(every[end - k : end]) for k, end in zip(sizes, ends, strict=True)]
        expected: dict[int, dict[bytes, float]] = {label: defaultdict(float) for label in whose}
        total: dict[bytes, float] = defaultdict(float)
        for label, found in zip(whose, counts, strict=True):
            for text, times in found.items():
                expected[label][text] += times / wordings[label]
                total[text] += times / wordings[label]
        of = np.repeat(np.arange(len(sizes)), sizes)
        base = np.array(
            [
                min(1, total[text]) / total[text] / wordings[whose[w]]
                for text, w in zip(every, of, strict=True)
            ]
        )
        own = []
        for label in wordings:
            mine = [w for w, one in enumerate(whose) if one == label]
            columns = np.flatnonzero(np.isin(of, mine))
            here = [every[j] for j in columns]
            rest = {text: total[text] - expected[label][text] for text in here}
            change = [
                [min(1, rest[text] + counts[w][text]) - min(1, total[text]) for w in mine]
                for text in here
            ]
            again = Counter(here)
            shared = np.array([again[text] for text in here])[:, None]
            own.append((columns, np.array(mine), np.array(change) / shared))
        return cls(base, own, of)

    def shares(self, values: Float32) -> Float32:
        """(T, J) values -> p, of each step in the competition of its wording."""
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        # Doubles, since what is left of the sum without the label's other wordings may be small.
        exact = powers.astype(np.float64)
        whole = exact @ self.base
        totals = np.empty((len(values), int(self.of[-1]) + 1))
        for columns, mine, change in self.own:
            totals[:, mine] = whole[:, None] + exact[:, columns] @ change
        rivals = np.maximum(totals, np.finfo(np.float32).tiny).astype(np.float32)
        return np.minimum(powers / rivals[:, self.of], np.float32(1))
