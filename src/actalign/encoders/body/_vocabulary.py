"""Decides whether a text says something about a body, in English, using model/words.txt."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

VOCABULARY_VERSION = 5
"""Version of the rules of `known_words`; increased whenever they judge texts differently."""
_ALIKE = "movement, alike in other languages"
_WHOSE = ("my", "your", "his", "her", "their")
_FILE = Path(__file__).with_name("model") / "words.txt"


def words_hash() -> str:
    """Hash of the words and rules that texts are judged by, to notice older judgements."""
    total = hashlib.sha256(f"{VOCABULARY_VERSION} ".encode())
    total.update(_FILE.read_text(encoding="utf-8").encode())
    return total.hexdigest()[:16]


@functools.cache
def _groups() -> dict[str, frozenset[str]]:
    """The groups of words and multi-word names, each headed by a line "= name"."""
    _, *parts = re.split(r"^= ", _FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    groups = {name: frozenset(words) for name, *words in map(str.splitlines, parts)}
    # Directions by themselves, but parts of a body if they are somebody's.
    own = {f"{whose} {part}" for whose in _WHOSE for part in ("back", "side", "sides")}
    return groups | {"movement": groups["movement"] | own}


@functools.cache
def _all_words() -> frozenset[str]:
    """The words of all groups."""
    return frozenset().union(*_groups().values())


@functools.cache
def _word() -> re.Pattern[str]:
    names = sorted(name for group in _groups().values() for name in group if " " in name)
    return re.compile("|".join([*(rf"\b{name}\b" for name in names), r"[^\W\d_]+"]))


@functools.cache
def _bases() -> dict[str, str]:
    """For plain forms of movements that aren't listed, a form that is: training texts only say
    "vaults", and the encoder reads "vault" much like it."""
    forms = {word: set(_stems(word)) for word in sorted(_groups()["movement"])}
    return {
        stem: word
        for word, stems in forms.items()
        if stems.isdisjoint(_all_words())
        for stem in stems
    }


def _listed(word: str) -> str:
    """The word, or the word that it is a regular form of, if the groups have that or another form
    of it: training texts only say "hop" and "hopping", and the encoder reads "hopped" much like
    these.

    A listed noun counts as such a form only of a movement ("waves"); other listed words stay
    unchanged.
    """
    groups = _groups()
    if word in groups["other"]:
        return _form_of(word, groups["movement"]) or word
    if word in _all_words():
        return word
    if found := _form_of(word, groups["movement"] | groups["direction"] | groups[_ALIKE]):
        return found
    bases = _bases()
    return next((bases[stem] for stem in (word, *_stems(word)) if stem in bases), word)


def _form_of(word: str, group: frozenset[str]) -> str | None:
    """The word in the group that a word is a regular form of, if any."""
    return next((stem for stem in _stems(word) if stem in group), None)


def _stems(word: str) -> Iterator[str]:
    """Words that a word may be the past form, participle, third person or plural of."""
    for ending in ("ed", "ing"):
        stem = word.removesuffix(ending)
        if stem not in (word, ""):
            yield stem
            yield f"{stem}e"
            if stem[-1] == stem[-2:-1]:
                yield stem[:-1]
    if word.endswith(("ies", "ied")):
        yield f"{word[:-3]}y"
    if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        yield word[:-2]
    if word.endswith("s"):
        yield word[:-1]


def known_words(text: str) -> list[str]:
    """The text's words that say something about a body, in order, verbs as listed in their group;
    empty if the text is in another language.

    A movement, a posture or a part of the body says something by itself; plain directions and verbs
    ("moving up", "to the side") do if they outnumber everything else that is named. Other forms of
    these that may be objects ("planks", "hooks") count only if nothing else is named. A text is in
    another language if most of its words are in no group. A word that is spelled the same in other
    languages ("Arm heben") counts only if less than a third of the words are in no group.
    """
    words = [_listed(word) for word in _word().findall(text.lower())]
    groups = _groups()
    foreign = sum(word not in _all_words() for word in words)
    if 2 * foreign > len(words):
        return []
    movement = groups["movement"]
    if 3 * foreign < len(words):
        movement |= groups[_ALIKE]
    if found := [word for word in words if word in movement]:
        return found
    plain = [word for word in words if word in groups["direction"]]
    things = [word for word in words if word in groups["other"]]
    either = [word for word in things if _form_of(word, groups["direction"])]
    named = sum(word not in groups["neutral"] for word in words) - len(plain) - len(either)
    return [*plain, *either] if len(plain) > named or not named else []
