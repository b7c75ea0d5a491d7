"""The question to a vision-language model, and how its letters become an opinion.

Models prefer some letters whatever they see. So the question is asked once for each cyclic rotation
of the options, so that every candidate has every letter once: a preference that adds to the
letters' log-probabilities cancels in their mean.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from actalign.scripts._chat import Answer, ChatRequest, Message, ModelId, Picture
from actalign.scripts._reply import without_reasoning
from actalign.types import Candidate

LETTERS = string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model said about a clip's best candidates.

    labels: the options, in the first answer's order. probabilities: one for each, with sum 1: from
    the service's log-probabilities, or shares of votes.
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    by: Literal["log-probabilities", "votes"]

    @property
    def ranked(self) -> list[int]:
        """The options, best first; equal ones keep the first answer's order."""
        return sorted(range(len(self.labels)), key=lambda m: -self.probabilities[m])


def questions(
    model: ModelId, pictures: tuple[Picture, ...], options: Sequence[Candidate], domain: str | None
) -> list[ChatRequest]:
    """A request for each rotation: in the r-th, letter j is option (j + r) modulo their number."""
    count = len(options)
    turned = [[options[(j + r) % count] for j in range(count)] for r in range(count)]
    return [ChatRequest(model, (Message("user", _text(one, domain), pictures),)) for one in turned]


def _text(options: Sequence[Candidate], domain: str | None) -> str:
    lines = []
    for letter, option in zip(LETTERS, options, strict=False):
        lines.append(f"{letter}. {option.label}")
        if option.has_script:
            steps = [f"({k}) {step}" for k, step in enumerate(option.script.steps, start=1)]
            lines.append(f"   Typical steps: {'; '.join(steps)}")
    kind = f"{domain} action" if domain else "action"
    return (
        f"The pictures are frames of one video clip, in the order of time. Which {kind} does the "
        "clip show?\n\n" + "\n".join(lines) + "\n\n"
        "The steps are hints; trust what you see. Answer with one letter, "
        f"A to {LETTERS[len(options) - 1]}, and nothing else."
    )


def letter_of(answer: Answer, count: int) -> int | None:
    """The letter that an answer names, from 0; None for a refusal or if it names none."""
    if answer.refused:
        return None
    text = without_reasoning(answer.text).strip()
    whole = re.sub(r"\W", "", text)
    named, begins = _patterns(count)
    said = named.findall(text)
    first = begins.match(text)
    letter = whole if len(whole) == 1 else said[-1] if said else first[1] if first else ""
    found = LETTERS.find(letter.upper()) if letter else -1
    return found if 0 <= found < count else None


@cache
def _patterns(count: int) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns for an answer that names one of `count` letters: in words, and at its beginning."""
    letter = f"([A-{LETTERS[count - 1]}])"
    said = rf"\b(?:answer|option|choice)\b\W*(?:is\b\W*)?{letter}\b"
    first = rf"\W*{letter}\s*(?:[.):,*-]|$)"
    return re.compile(said, re.IGNORECASE), re.compile(first, re.MULTILINE)


def letter_scores(answer: Answer, count: int) -> list[float] | None:
    """The log-probability of each letter at the position of the answer's letter; None if absent.

    A letter that the service doesn't list is at most as likely as the least likely that it lists.
    """
    letter = letter_of(answer, count)
    for listed in reversed(answer.alternatives):
        known = _by_letter(listed, count)
        if listed and letter in known and max(known, key=lambda m: known[m]) == letter:
            least = min(listed.values())
            return [known.get(m, least) for m in range(count)]
    return None


def _by_letter(listed: Mapping[str, float], count: int) -> dict[int, float]:
    """Log-probabilities by letter, " A" and "A" combined."""
    found: dict[int, float] = {}
    for token, value in listed.items():
        bare = re.sub(r"\W", "", token)
        m = LETTERS.find(bare) if len(bare) == 1 else -1
        if 0 <= m < count:
            found[m] = float(np.logaddexp(found.get(m, -math.inf), value))
    return found


def opinion_of(answers: Sequence[Answer], labels: Sequence[str]) -> Opinion:
    """The opinion from an answer to each of `questions`, all of which name a letter.

    From log-probabilities if every answer has them, else from votes.
    """
    count = len(labels)
    scored = [letter_scores(answer, count) for answer in answers]
    known = [one for one in scored if one is not None]
    if len(known) == count:
        means = [
            sum(one[(m - r) % count] for r, one in enumerate(known)) / count for m in range(count)
        ]
        powers = [math.exp(value - max(means)) for value in means]
        probabilities = tuple(power / sum(powers) for power in powers)
        return Opinion(tuple(labels), probabilities, "log-probabilities")
    votes = [0] * count
    for r, answer in enumerate(answers):
        letter = letter_of(answer, count)
        assert letter is not None
        votes[(letter + r) % count] += 1
    return Opinion(tuple(labels), tuple(vote / count for vote in votes), "votes")
