"""Which wordings of which candidates' scripts are scored at once, with their steps' embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from actalign.alignment._affinities import Texts
from actalign.background import Background
from actalign.encoders._text_cache import TextCache
from actalign.scripts._script import step_texts
from actalign.types import Script, TextWarning


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
