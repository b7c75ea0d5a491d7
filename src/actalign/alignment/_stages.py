"""The parts of a scorer, an affinity, a path and an average over that path, and what they give.

The affinities are in `_affinities`, the paths in `_paths`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from actalign.alignment._affinities import (
    Affinity,
    Calibration,
    affinity,
    check_values,
    columns_of,
    seen_frames,
)
from actalign.alignment._dtw import align_scores
from actalign.alignment._paths import Means, Path, Timing, counted_rows, order_free, wrong_orders
from actalign.alignment._texts import CandidateTexts, Texts, Voting, texts_of
from actalign.types import Alignment, Float32, Float64

OTHER_ORDERS = 4
AVERAGES: dict[str, str] = {
    "path": "mean over the cells of the path (paper)",
    "steps": "mean over steps of each step's mean on the path",
    "both": "the two added",
    "steps_four_times": "that over the path, and four times that over steps",
}
LABEL_VOTE = 0.07
"""Of `competitive`: how much a label's own score counts beside its script's."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts of a scorer: an affinity, a path, a name of AVERAGES.

    geometric: of a logarithm, its exponential is the score. label_vote: how much the score of a
    candidate's label counts in addition, for texts that have labels which vote; see `_votes`.
    """

    affinity: Affinity
    path: Path
    average: str
    geometric: bool = False
    label_vote: float = 0.0

    def score(self, frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> Float64:
        """(M,) scores; the arguments of `Scorer.score`."""
        if (self.affinity.name, self.path.name, self.average) == ("sigmoid", "dtw", "path"):
            texts = texts_of(candidates)
            matrix = affinity(frames, texts, by, interleaved=True)
            return align_scores(matrix, texts.sizes, interleaved=True)[0]
        return self.scored(frames, candidates, by).scores

    def scored(self, frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> Scored:
        """The scores, with what alignments can be made of afterwards.

        Raises ArrayError for what an affinity or a path of one's own gives wrongly.
        """
        texts = self.affinity.texts(candidates, by)
        voting = texts.voting if self.label_vote else None
        values = self.affinity.measure(frames, voting.together if voting else texts, by)
        timing = Timing.of(seen_frames(frames), by.frame_seconds)
        votes: Float64 | float = 0.0
        if voting:
            sizes = voting.together.sizes
            checked = check_values(self.affinity.name, values, len(timing.seen), sum(sizes))
            values, of_labels = voting.split(checked)
            votes = self._votes(of_labels, voting, timing, by)
        fits = self.affinity.fits(values, texts, by)
        matrix = check_values(self.affinity.name, fits, len(timing.seen), sum(texts.sizes))
        scores = self._scores(self.path.means(matrix, texts.sizes, timing), by) + votes
        return Scored(self, texts, by, timing, values, matrix, scores)

    def align(
        self, frames: ArrayLike, candidates: CandidateTexts, by: Calibration
    ) -> list[Alignment]:
        """The alignments of all candidates; see `Scored.align`."""
        scored = self.scored(frames, candidates, by)
        return scored.align(range(len(scored.scores)))

    def order_margins(
        self, frames: ArrayLike, candidates: CandidateTexts, by: Calibration
    ) -> Float64:
        """(M,) each candidate's score less the mean of those with its steps in other orders.

        These are the reversed one and OTHER_ORDERS drawn ones. NaN for a script of one step.
        """
        # A label's vote is the same in any order.
        true = replace(self, label_vote=0.0).scored(frames, candidates, by)
        sizes = true.texts.sizes
        orders = [
            wrong_orders(sizes, reverse=True),
            *(wrong_orders(sizes, reverse=False, seed=n) for n in range(OTHER_ORDERS)),
        ]
        wrong = [
            self._scores(self.path.means(true.matrix[:, order], sizes, true.timing), by)
            for order in orders
        ]
        return np.where(np.array(sizes) > 1, true.scores - np.mean(wrong, axis=0), np.nan)

    def _votes(self, values: Float32, voting: Voting, timing: Timing, by: Calibration) -> Float64:
        """(M,) what the labels add to the scores of their scripts: each label's own score as a
        script of one step, among the labels alone and in any order, times ``label_vote``."""
        fits = counted_rows(self.affinity.fits(values, voting.texts, by), timing.counted)
        means = order_free(fits, voting.texts.sizes, timing)
        return self.label_vote * voting.of_candidates(self._scores(means, by))

    def _scores(self, means: Means, by: Calibration) -> Float64:
        over_path, over_steps = means
        each = {
            "path": over_path,
            "steps": over_steps,
            "both": over_path + over_steps,
            "steps_four_times": over_path + 4 * over_steps,
        }
        found = each[self.average].max(axis=0)
        return np.exp(found) if self.geometric and by.logit_bias is not None else found


@dataclass(frozen=True, eq=False, slots=True)
class Scored:
    """A clip's (M,) scores by a scorer of parts, and what its candidates' alignments are made of.

    Paths and what is shown are found when asked for: of several wordings only the best is shown.
    values, matrix: what the affinity measured, and what paths are found in.
    """

    stages: Stages
    texts: Texts
    by: Calibration
    timing: Timing
    values: Float32
    matrix: Float32
    scores: Float64

    def align(self, which: Sequence[int]) -> list[Alignment]:
        """Alignments of these candidates, each with its score and the affinity to be shown.

        Where a path may go through a script several times, the alignment is that of one pass.
        """
        assert self.stages.path.align is not None
        sizes, shown = self.texts.sizes, self.stages.affinity.shown
        tables = columns_of(self.matrix, sizes)
        matrix = np.concatenate([tables[m] for m in which], axis=1)
        paths = self.stages.path.align(matrix, [sizes[m] for m in which], self.timing)
        if shown is not None:
            name, drawn = self.stages.affinity.name, shown(self.values, self.texts, self.by)
            tables = columns_of(check_values(name, drawn, *self.matrix.shape), sizes)
        return [
            Alignment(float(self.scores[m]), path, np.ascontiguousarray(tables[m]))
            for m, path in zip(which, paths, strict=True)
        ]
