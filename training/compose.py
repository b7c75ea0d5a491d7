"""Captions for samples: which true statements are worth saying, and in which words.

A caption is a text and the statements it makes; a text is true of a sample if all of them are. So
every (sample, text) pair of a batch has a label, not only a sample and its own caption.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.lexicon import LEXICON, MORE
from training.phrases import (
    CONTEXTS,
    HELD_OUT_WRAPPERS,
    JOINS,
    MORE_PHRASES,
    NOUNS,
    PHRASES,
    WRAPPERS,
)
from training.postures import POSTURES, SIDED, swap_sides
from training.vary import vary

_CHOICE = re.compile(r"\(([^()]*)\)")
_NOUN = re.compile(r"\[(other )?([a-z ]+)\]")
_MIRRORED = " (mirrored)"
VARIED = 0.6  # share of captions in other words, see vary.py
# Share of phrases from lexicon.txt and phrases.txt, which have the names of postures and exercises:
# lost among the many other wordings, names were not learnt, and labels are names.
NAMES = 0.4


def twin(name: str) -> str:
    """The posture in the mirror; its own name if it is symmetric."""
    swapped = swap_sides(name)
    if swapped == name:
        swapped = name.removesuffix(_MIRRORED) if name.endswith(_MIRRORED) else name + _MIRRORED
    return swapped if swapped in POSTURES else name


def expand(wording: str, rng: np.random.Generator) -> str:
    """Resolve every (a|b) of a wording at random."""
    while match := _CHOICE.search(wording):
        options = match[1].split("|")
        pick = options[int(rng.integers(len(options)))]
        wording = wording[: match.start()] + pick + wording[match.end() :]
    return " ".join(wording.split())


def fill_nouns(wording: str, side: str, rng: np.random.Generator) -> str:
    """Resolve [knee], [other leg], [the side] for a side L, R, B or 1."""

    def replace(match: re.Match[str]) -> str:
        other, noun = match[1], match[2]
        here = side
        if other:
            here = {"L": "R", "R": "L", "B": "B", "1": "other"}[side]
        if noun == "the side":
            where = {"L": "the left", "R": "the right"}.get(here, "(one side|the side)")
            return where
        if noun == "side":
            return {"L": "the left", "R": "the right"}.get(here, "one")
        key = noun if noun in NOUNS else noun.removesuffix("s")
        if noun == "knees":
            key = "knee"
        one, many = NOUNS[key]
        forms = {
            "L": f"(left {one}|the left {one}|your left {one}|left {one})",
            "R": f"(right {one}|the right {one}|your right {one}|right {one})",
            "B": f"({many}|both {many}|the {many}|{many}|your {many})",
            "1": f"(one {one}|one {one}|a single {one})",
            "other": f"(the other {one}|other {one}|the opposite {one})",
        }
        return forms[here]

    return _NOUN.sub(replace, wording)


@dataclass(slots=True)
class Wordings:
    """Of one statement: with names, more by language models, and held out for testing."""

    names: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    test: list[str] = field(default_factory=list)

    def draw(self, rng: np.random.Generator, *, held_out: bool) -> str:
        """One of them."""
        lines = self.names if rng.random() < NAMES else self.names + self.more
        lines = self.test if held_out else lines or self.more
        return lines[int(rng.integers(len(lines)))]


CODE_WORDS: dict[str, Wordings] = {
    name: Wordings(
        [line for line in lines if not line.startswith("§ ")],
        MORE_PHRASES.get(name, []),
        [line[2:] for line in lines if line.startswith("§ ")],
    )
    for name, lines in PHRASES.items()
}


@dataclass(frozen=True, slots=True)
class Named:
    """A wording about a posture: kind hold, enter, leave or test; statement: its column's name.

    more: it is from lexicon_more.txt.
    """

    kind: str
    statement: str
    wording: str
    more: bool = False


def _named() -> list[Named]:
    """Every wording of the lexicon, and its mirror image where it says a side.

    A statement is "hold:NAME" for one posture, or "hold:NAME|any" for it and its twin.
    """
    out: list[Named] = []
    for name, lines in LEXICON.items():
        first = [
            *lines,
            ("hold", name),
            ("enter", f"(moving|going|coming|shifting|transitioning|getting) into {name}"),
            ("leave", f"(moving|coming|rising|releasing|transitioning) out of {name}"),
        ]
        other = twin(name)
        both = [(False, *one) for one in first] + [(True, *one) for one in MORE.get(name, [])]
        for more, kind, wording in both:
            about = "hold" if kind == "test" else kind
            if other == name:
                out.append(Named(kind, f"{about}:{name}", wording, more))
            elif SIDED.search(wording):
                out.append(Named(kind, f"{about}:{name}", wording, more))
                out.append(Named(kind, f"{about}:{other}", swap_sides(wording), more))
            else:
                out.append(Named(kind, f"{about}:{name}|any", wording, more))
    return out


NAMED: list[Named] = _named()


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and the columns of the truth table that it claims."""

    text: str
    claims: tuple[int, ...]


class Composer:
    """Makes captions from rows of a truth table whose columns are named ``statements``.

    rate: (C,) share of samples for which each statement is true; rarer ones are said more often.
    """

    def __init__(self, statements: Sequence[str], rate: NDArray[np.float64]) -> None:
        self.column = {name: c for c, name in enumerate(statements)}
        self.statements = list(statements)
        self.is_code = np.array([":" not in s for s in statements])
        self.salience = -np.log(np.clip(rate, 1e-3, 0.98))
        self.side = np.array([s.endswith("|L") * 1 - s.endswith("|R") * 1 for s in statements])
        self.words: dict[str, Wordings] = {}
        for named in NAMED:
            of = self.words.setdefault(named.statement, Wordings())
            kind = of.test if named.kind == "test" else of.more if named.more else of.names
            kind.append(named.wording)

    def says(self, c: int, *, held_out: bool) -> bool:
        """Whether there are words for the posture's statement in column c."""
        of = self.words.get(self.statements[c], Wordings())
        return bool(of.test if held_out else of.names or of.more)

    def code_phrase(self, c: int, rng: np.random.Generator, *, held_out: bool) -> str:
        """Words for the code in column c."""
        name, _, side = self.statements[c].partition("|")
        wording = CODE_WORDS[name].draw(rng, held_out=held_out)
        return expand(fill_nouns(expand(wording, rng), side, rng), rng)

    def pick_codes(
        self, true: NDArray[np.bool_], count: int, rng: np.random.Generator, *, held_out: bool
    ) -> list[int]:
        """Up to ``count`` columns of different codes, rare ones more likely."""
        choices = np.flatnonzero(true & self.is_code)
        if held_out:
            choices = np.array(
                [c for c in choices if CODE_WORDS[self.statements[c].partition("|")[0]].test], int
            )
        picked: list[int] = []
        said: set[str] = set()
        while len(choices) and len(picked) < count:
            weight = self.salience[choices] ** 1.5
            if picked and self.side[picked[-1]]:  # what the other side does is worth saying
                weight = weight * np.where(self.side[choices] == -self.side[picked[-1]], 4.0, 1.0)
            # "one knee" says less than "the left knee": both forms get their turn
            c = int(rng.choice(choices, p=weight / weight.sum()))
            picked.append(c)
            said.add(self.statements[c].partition("|")[0])
            choices = np.array(
                [x for x in choices if self.statements[x].partition("|")[0] not in said], int
            )
        return picked

    def caption(
        self, row: NDArray[np.int8], rng: np.random.Generator, *, held_out: bool = False
    ) -> Caption | None:
        """One caption true of the sample with this (C,) row, or None where there is nothing to say.

        held_out: use only wordings and wrappers that training never sees.
        """
        true = row == 1
        said = [c for c in np.flatnonzero(true & ~self.is_code) if self.says(c, held_out=held_out)]
        parts: list[tuple[str, int]] = []
        draw = rng.random()
        if said and (draw < 0.55 or held_out):
            c = int(rng.choice(said))
            wording = self.words[self.statements[c]].draw(rng, held_out=held_out)
            parts.append((expand(wording, rng), c))
        if not parts or draw < 0.2:
            count = int(rng.choice([1, 2, 3, 4], p=[0.2, 0.4, 0.27, 0.13]))
            if parts:
                count = max(1, count - 2)
            if held_out:
                count = 0 if parts else 2
            picked = self.pick_codes(true, count, rng, held_out=held_out)
            parts += [(self.code_phrase(c, rng, held_out=held_out), c) for c in picked]
        if not parts:
            return None
        if len(parts) > 1 and rng.random() < 0.7:
            parts = [parts[i] for i in rng.permutation(len(parts))]
        text = parts[0][0]
        for phrase, _ in parts[1:]:
            text += JOINS[int(rng.integers(len(JOINS)))] + phrase
        if not held_out and rng.random() < 0.2:
            context = expand(CONTEXTS[int(rng.integers(len(CONTEXTS)))], rng)
            pair = (text, context) if rng.random() < 0.6 else (context, text)
            text = JOINS[int(rng.integers(len(JOINS)))].join(pair)
        if not held_out and rng.random() < VARIED:
            text = vary(text, rng)
        if rng.random() < 0.3:
            wrappers = HELD_OUT_WRAPPERS if held_out else WRAPPERS
            text = expand(wrappers[int(rng.integers(len(wrappers)))], rng).replace("{}", text)
        return Caption(text.lower(), tuple(c for _, c in parts))
