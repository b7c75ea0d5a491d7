"""Repetitions that a clip's begin or end cuts: what they are worth, and which steps are there.

A partial repetition misses steps because the clip begins or ends inside it. So one that misses its
first steps begins with the clip, and one that misses its last steps ends with it. It costs nothing
to be partial: a price of 0 to 1 nat was as good on clips that were rendered for choosing it, more
was worse (`benchmarks/tried.md`).
"""

from __future__ import annotations

import numpy as np

from actalign.types import Float64

Pass = tuple[int, int, int, int]
"""Bins [start, end) and steps [first, last) of a repetition."""


class PartialSums:
    """The largest sums of (T, K) values over the steps of every possible partial repetition."""

    def __init__(self, values: Float64, least: int, longest: int) -> None:
        from actalign.alignment._kernels.repeats import pass_sums_from

        frames, steps = values.shape
        self._frames, self._steps = frames, steps
        none = np.full((steps, longest + 1), -np.inf)
        # begin[k, n]: steps k and later over the first n bins. end[k, n]: k and earlier, the last.
        self._begin, self._end = none, none.copy()
        self._only = np.full((steps, steps), -np.inf)  # steps k to j over the whole clip
        back = np.ascontiguousarray(values[::-1, ::-1])

        def sums(of: Float64, first: int, last: int) -> Float64:
            return pass_sums_from(np.ascontiguousarray(of[:, first:last]), 0, least, longest)

        for k in range(1, steps):
            self._begin[k] = sums(values, k, steps)
            self._end[steps - 1 - k] = sums(back, k, steps)
            for j in range(k, steps - 1 if frames <= longest else k):
                self._only[k, j] = sums(values, k, j + 1)[frames]
        self._at_begin, self._at_end = self._begin.max(axis=0), self._end.max(axis=0)
        if frames <= longest:
            self._at_begin[frames] = max(self._at_begin[frames], self._only.max())

    def worth(self, cost: Float64) -> tuple[Float64, Float64]:
        """(longest + 1,) by length: the best that begins with the clip, and that ends with it.

        cost: (longest + 1,), of a partial repetition by its length. The best that does both is
        among the first.
        """
        return self._at_begin - cost, self._at_end - cost

    def steps_of(self, start: int, end: int, whole: float, cost: Float64) -> tuple[int, int]:
        """Steps [first, last) of the best repetition over bins [start, end).

        whole: what one is worth there that has all steps; cost: see `worth`.
        """
        length, steps = end - start, range(self._steps)
        found: list[tuple[float, int, int]] = []
        if start == 0:
            found += [(self._begin[k, length], k, self._steps) for k in steps]
        if end == self._frames:
            found += [(self._end[k, length], 0, k + 1) for k in steps]
        if start == 0 and end == self._frames:
            found += [(self._only[k, j], k, j + 1) for k in steps for j in steps]
        worth, first, last = max(found, default=(-np.inf, 0, self._steps))
        return (first, last) if worth - cost[length] > whole else (0, self._steps)
