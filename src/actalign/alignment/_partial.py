"""Repetitions that a clip's begin or end cuts: what they are worth, and which steps are there.

A partial repetition misses steps because the clip begins or ends inside it. So one that misses its
first steps begins with the clip, and one that misses its last steps ends with it.
"""

from __future__ import annotations

import numpy as np

from actalign.types import Float64

PARTIAL = 2.0
"""What a partial repetition costs beyond a whole one: without it, rest at the clip's begin or end
that looks like one step would be one."""
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

    def worth(self, cost: Float64) -> tuple[Float64, Float64]:
        """(longest + 1,) by length: the best that begins with the clip, and that ends with it.

        cost: (K + 1, longest + 1), of a repetition by how many of its steps are there and by its
        length. One that does both is among the first.
        """
        begin, end, only = self._less(cost)
        at_begin, at_end = begin.max(axis=0), end.max(axis=0)
        if self._frames < len(at_begin):
            at_begin[self._frames] = max(at_begin[self._frames], only.max())
        return at_begin, at_end

    def steps_of(self, start: int, end: int, whole: float, cost: Float64) -> tuple[int, int]:
        """Steps [first, last) of the best repetition over bins [start, end).

        whole: what one is worth there that has all steps; cost: see `worth`.
        """
        begin, last, only = self._less(cost)
        found, length = [(whole, 0, self._steps)], end - start
        if start == 0:
            found += [(begin[k, length], k, self._steps) for k in range(1, self._steps)]
        if end == self._frames:
            found += [(last[k, length], 0, k + 1) for k in range(self._steps - 1)]
        if start == 0 and end == self._frames:
            found += [(only[k, j], k, j + 1) for k, j in np.ndindex(only.shape)]
        _, first, after = max(found, key=lambda one: one[0])
        return first, after

    def _less(self, cost: Float64) -> tuple[Float64, Float64, Float64]:
        """The sums less what the repetitions cost."""
        there = np.arange(1, self._steps + 1)
        k, j = np.indices(self._only.shape)
        of_only = cost[np.maximum(j - k + 1, 1), min(self._frames, cost.shape[1] - 1)]
        return self._begin - cost[there[::-1]], self._end - cost[there], self._only - of_only
