"""Decides which wordings of the candidates' scripts are scored together, and which are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

import numpy as np

from actalign.alignment._affinities import Calibration
from actalign.alignment._scorers import Scorer, alignments
from actalign.alignment._texts import Texts
from actalign.background import Background
from actalign.encoders._text_cache import TextCache
from actalign.scripts._templates import label_text, step_texts
from actalign.types import Alignment, Float32, Script, TextWarning


class ClipScores(NamedTuple):
    """The result of a competition for a clip: a score for each of its scripts, the last one for
    "none of these" if it takes part, and a function that aligns some of the scripts, by number."""

    scores: list[float]
    align: Callable[[Sequence[int]], list[Alignment]]


class Wording(NamedTuple):
    """A candidate's score, which is the mean over its wordings, and the best-fitting wording: its
    number from 0, its script with the steps' (K, D) embeddings, and the alignment."""

    score: float
    number: int
    script: Script
    steps: Float32
    alignment: Alignment


@dataclass(frozen=True, eq=False, slots=True)
class Competition:
    """Scripts of one wording each that are scored together, and their steps' embeddings.

    places: for each, the candidate and the number of the wording, both from 0.
    """

    scripts: Sequence[Script]
    places: Sequence[tuple[int, int]]
    texts: Texts

    def measured(
        self, background: Background | None, *, none: bool, names: Sequence[Float32] = ()
    ) -> Competition:
        """The same against a background, with or without a candidate "none of these". names: of
        the labels that vote, see `Texts.of`."""
        scripts, labels = self.texts.scripts, self.texts.labels
        found = Texts.of(scripts, background, none=none, labels=labels, names=names)
        return replace(self, texts=found)

    def scored(
        self, frames: Float32, scorer: Scorer, names: Sequence[Float32], by: Calibration
    ) -> ClipScores:
        """Scores of the scripts on a clip's (T, D) frames. names: the labels' (1, D) embeddings.

        For a scorer that doesn't align, the alignments use the paper's affinity.
        """
        parts, steps = scorer.stages, self.texts.scripts
        if parts and parts.path.align:
            one = parts.scored(frames, self.texts, by)
            return ClipScores(one.scores.tolist(), one.align)
        if scorer.align:
            own = scorer.own_alignments(frames, steps, by)
            return ClipScores([a.score for a in own], lambda which: [own[m] for m in which])
        read = names if scorer.texts == "label" else steps
        scores = (
            parts.score(frames, self.texts, by) if parts else scorer.own_scores(frames, read, by)
        )

        def align(which: Sequence[int]) -> list[Alignment]:
            shown = alignments(frames, steps, by)
            return [shown[m] for m in which]

        return ClipScores(scores.tolist(), align)


def mean(scores: Sequence[float]) -> float:
    """The mean, without NumPy's overhead for a single score, which is the usual case."""
    return scores[0] if len(scores) == 1 else float(np.mean(scores))


def best_wordings(
    competitions: Sequence[Competition],
    scored: Sequence[ClipScores],
    wordings: Sequence[int],
    only: int | None,
) -> list[Wording]:
    """For each candidate, its score and the wording to show; only these are aligned.

    wordings: how many each has. only: to score with only this one, counted from 0; a candidate with
    fewer wordings repeats them in turn.
    """
    found: list[list[list[tuple[int, int]]]] = [[[] for _ in range(n)] for n in wordings]
    for c, one in enumerate(competitions):
        for number, (m, n) in enumerate(one.places):
            found[m][n].append((c, number))
    chosen = []
    for worded in found:
        numbers = range(len(worded)) if only is None else [only % len(worded)]
        # A wording that is repeated because others have more counts once.
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


def embed_texts(
    scripts: Sequence[Script], scorer: Scorer, texts: TextCache, *, step: str, label: str
) -> tuple[list[Competition], list[Float32], list[TextWarning]]:
    """The competitions of all wordings, the labels' embeddings if the scorer reads them or lets
    them vote, and what the encoder says about these texts; see `Candidates`. step, label: their
    templates."""
    parts = scorer.stages
    competitions, read = _competitions(scripts, step, texts, at_once=parts is not None)
    voting = parts is not None and parts.label_vote > 0
    names: list[Float32] = []
    if voting or scorer.texts == "label":
        named = [(label_text(script, label), script.label) for script in scripts]
        said = texts.warnings([own for _, own in named]) if voting else []
        unknown = {one.text for one in said if one.unknown}
        names = [texts.encode([name])[: int(own not in unknown)] for name, own in named]
        if not voting:
            read = [*named, *read]
    return competitions, names, _warnings(read, texts)


def _competitions(
    scripts: Sequence[Script], template: str, texts: TextCache, *, at_once: bool
) -> tuple[list[Competition], list[tuple[str, str]]]:
    """The competitions, and the text and step of each of their steps.

    at_once: one competition; otherwise as many as the script with the most wordings has, in which
    the other scripts repeat theirs in turn.
    """
    worded = [script.wordings for script in scripts]
    read = {one: step_texts(one, template) for several in worded for one in several}
    encoded = {one: texts.encode(steps) for one, steps in read.items()}
    if at_once:
        rounds = [[(m, n) for m, several in enumerate(worded) for n in range(len(several))]]
    else:
        most = max(map(len, worded))
        rounds = [[(m, n % len(several)) for m, several in enumerate(worded)] for n in range(most)]
    found = []
    for places in rounds:
        chosen = [worded[m][n] for m, n in places]
        steps, labels = [encoded[one] for one in chosen], [m for m, _ in places]
        found.append(Competition(chosen, places, Texts.of(steps, labels=labels)))
    pairs = (zip(filled, one.steps, strict=True) for one, filled in read.items())
    return found, list(chain.from_iterable(pairs))


def _warnings(read: Sequence[tuple[str, str]], texts: TextCache) -> list[TextWarning]:
    """The encoder's warnings about texts, each given with the label or step it was made from.

    Whether a text is cut depends on its template, but the template's words don't count as known
    words of a step.
    """
    filled, own = (texts.warnings(list(dict.fromkeys(part))) for part in zip(*read, strict=True))
    return [one for one in filled if not one.unknown] + [one for one in own if one.unknown]
