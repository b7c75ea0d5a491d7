"""Who competes with whom where labels have several wordings; docs/method.md has the formula.

A wording of a label competes with the other labels, not with other wordings of its own. Another
label counts as the mean over its wordings, however many it has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from actalign.types import Float32, Float64


@dataclass(frozen=True, eq=False, slots=True)
class Rivals:
    """What each of J steps weighs in the competitions of W wordings.

    Take one wording of each label, every one equally likely. A text competes once, or by how often
    it is expected there if that is less. So in the competition of a wording a step weighs

    - ``weights[:, 0]``, if it is of another label;
    - ``weights[:, 1]``, if it is of the same label: what its text weighs more in the other labels,
      because this label's wordings are not there;
    - ``weights[:, 2]`` more, if it is of the wording itself, which is certainly there.

    None is negative. weights: (J, 3). starts: (W + 1,) where each wording's columns begin. labels:
    (W,) whose it is, from 0.
    """

    weights: Float64
    starts: NDArray[np.int64]
    labels: NDArray[np.int64]

    @classmethod
    def of_texts(
        cls, texts: Sequence[bytes], sizes: Sequence[int], labels: Sequence[int], none: bool
    ) -> Rivals:
        """texts: of each step, equal ones are one text. sizes: of W wordings, the last one being
        that of "none of these", without texts, where there is one (none). labels: of the others."""
        every = [*texts, *[b"none of these"] * none]
        whose = [*labels, -1] if none else list(labels)
        wordings = Counter(whose)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        counts = [Counter(every[start:end]) for start, end in pairwise(starts.tolist())]
        expected: dict[int, dict[bytes, float]] = {label: defaultdict(float) for label in whose}
        again: dict[int, Counter[bytes]] = {label: Counter() for label in whose}
        total: dict[bytes, float] = defaultdict(float)
        for label, found in zip(whose, counts, strict=True):
            again[label].update(found)
            for text, times in found.items():
                expected[label][text] += times / wordings[label]
                total[text] += times / wordings[label]
        weights = []
        for w, text in zip(np.repeat(np.arange(len(sizes)), sizes), every, strict=True):
            label, here = whose[w], counts[w][text]
            there = total[text] - expected[label][text]  # in the other labels
            once = min(1, total[text]) / total[text]
            weights.append(
                (
                    once / wordings[label],
                    max(0, min(1, there) - once * there) / again[label][text],
                    (min(1, there + here) - min(1, there)) / here,
                )
            )
        number = {label: n for n, label in enumerate(wordings)}
        return cls(np.array(weights), starts, np.array([number[label] for label in whose]))

    def shares(self, values: Float32, floor: float = 0.0) -> Float32:
        """(T, J) values -> p + floor, of each step in the competition of its wording."""
        from actalign.alignment._kernels.competition import rival_shares

        found = np.empty_like(values)
        highest = values.max(axis=1)
        rival_shares(values, highest, self.starts, self.labels, self.weights, floor, found)
        return found
