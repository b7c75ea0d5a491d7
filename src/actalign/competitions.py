"""Which wordings of which candidates' scripts are scored at once, and which of them is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from actalign.alignment._affinities import Calibration, Texts
from actalign.alignment._scorers import Scorer, alignments
from actalign.background import Background
from actalign.encoders._text_cache import TextCache
from actalign.scripts._script import step_texts
from actalign.types import Alignment, Float32, Script, TextWarning


class Scored(NamedTuple):
    """What a competition made of a clip: a score for each of its scripts, the last one that of
    "none of these" where it takes part, and what aligns some of the scripts, by their numbers."""

    scores: list[float]
    align: Callable[[Sequence[int]], list[Alignment]]


class Wording(NamedTuple):
    """A candidate's score, the mean over its wordings, and the wording that fits best: its number
    from 0, its script with the steps' (K, D) embeddings, and the alignment."""

    score: float
    number: int
    script: Script
    steps: Float32
    alignment: Alignment


@dataclass(frozen=True, eq=False, slots=True)
class Competition:
    """Scripts of one wording that are scored at once, and their steps' embeddings.

    places: of each the candidate and the number of the wording, both from 0.
    """

    scripts: Sequence[Script]
    places: Sequence[tuple[int, int]]
    texts: Texts

    def measured(self, background: Background | None, *, none: bool) -> Competition:
        """The same against a background, with a candidate "none of these" or not."""
        found = Texts.of(self.texts.scripts, background, none=none, labels=self.texts.labels)
        return replace(self, texts=found)

    def scored(
        self, frames: Float32, scorer: Scorer, names: Sequence[Float32], by: Calibration
    ) -> Scored:
        """Scores of the scripts of a clip's (T, D) frames; names: the labels' (1, D) embeddings.

        Of a scorer that aligns nothing, the alignments are those by the paper's affinity.
        """
        parts, steps = scorer.stages, self.texts.scripts
        if parts and parts.path.align:
            one = parts.scored(frames, self.texts, by)
            return Scored(one.scores.tolist(), one.align)
        if scorer.align:
            own = scorer.own_alignments(frames, steps, by)
            return Scored([a.score for a in own], lambda which: [own[m] for m in which])
        read = names if scorer.texts == "label" else steps
        scores = (
            parts.score(frames, self.texts, by) if parts else scorer.own_scores(frames, read, by)
        )

        def align(which: Sequence[int]) -> list[Alignment]:
            shown = alignments(frames, steps, by)
            return [shown[m] for m in which]

        return Scored(scores.tolist(), align)


def mean(scores: Sequence[float]) -> float:
    """NumPy takes longer for it than all else that is done with a score, which mostly is one."""
    return scores[0] if len(scores) == 1 else float(np.mean(scores))


def best_wordings(
    competitions: Sequence[Competition],
    scored: Sequence[Scored],
    wordings: Sequence[int],
    only: int | None,
) -> list[Wording]:
    """Of each candidate its score and the wording to be shown; only these are aligned.

    wordings: how many each has. only: to score by this one alone, counted from 0; those of a
    candidate that has fewer come again in turn.
    """
    found: list[list[list[tuple[int, int]]]] = [[[] for _ in range(n)] for n in wordings]
    for c, one in enumerate(competitions):
        for number, (m, n) in enumerate(one.places):
            found[m][n].append((c, number))
    chosen = []
    for worded in found:
        numbers = range(len(worded)) if only is None else [only % len(worded)]
        # A wording that comes again, because others have more, counts once.
        means = {n: mean([scored[c].scores[number] for c, number in worded[n]]) for n in numbers}
        best = max(means, key=means.__getitem__)
        chosen.append((mean([*means.values()]), best, worded[best][0]))
    aligned: dict[tuple[int, int], Alignment] = {}
    for c, its in enumerate(scored):
        if which := [number for *_, (at, number) in chosen if at == c]:
            places = [(c, number) for number in which]
            aligned.update(zip(places, its.align(which), strict=True))
    return [
        Wording(
            score,
            best,
            competitions[c].scripts[number],
            competitions[c].texts.scripts[number],
            aligned[c, number],
        )
        for score, best, (c, number) in chosen
    ]


def competitions_of(
    scripts: Sequence[Script], template: str, texts: TextCache, *, at_once: bool
) -> tuple[list[Competition], list[tuple[str, str]]]:
    """The competitions of all wordings, and of all their steps the text and the step itself; see
    `Candidates`.

    at_once: one competition. Else as many as the script with the most wordings has, in which the
    others' come again in turn.
    """
    worded = [script.wordings for script in scripts]
    read = {one: step_texts(one, template) for several in worded for one in several}
    encoded = {one: texts.encode(steps) for one, steps in read.items()}
    every = [(m, n) for m, several in enumerate(worded) for n in range(len(several))]
    most = max(map(len, worded))
    rounds = (
        [every]
        if at_once
        else [[(m, n % len(one)) for m, one in enumerate(worded)] for n in range(most)]
    )
    found = []
    for places in rounds:
        chosen = [worded[m][n] for m, n in places]
        labels = [m for m, _ in places] if most > 1 and at_once else []
        found.append(
            Competition(chosen, places, Texts.of([encoded[one] for one in chosen], labels=labels))
        )
    return found, [
        pair for one, filled in read.items() for pair in zip(filled, one.steps, strict=True)
    ]


def warnings_on(read: Sequence[tuple[str, str]], texts: TextCache) -> list[TextWarning]:
    """What the encoder says of texts, each with the label or step that a template made it of.

    A text is cut with its template, but words of the template don't make those of a step known.
    """
    filled, own = (texts.warnings(list(dict.fromkeys(part))) for part in zip(*read, strict=True))
    return [one for one in filled if not one.unknown] + [one for one in own if one.unknown]
