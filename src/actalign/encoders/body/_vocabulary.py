"""Whether a text says something of a body, in English, by the words of model/words.txt."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

VOCABULARY_VERSION = 4
"""Of the rules of `known_words`; raised when they judge texts otherwise."""
_WHOSE = ("my", "your", "his", "her", "their")
_FILE = Path(__file__).with_name("model") / "words.txt"


def words_hash() -> str:
    """Of the words and rules that texts are judged by, so that older judgements are noticed."""
    total = hashlib.sha256(f"{VOCABULARY_VERSION} ".encode())
    total.update(_FILE.read_text(encoding="utf-8").encode())
    return total.hexdigest()[:16]


@functools.cache
def _groups() -> dict[str, frozenset[str]]:
    """The groups of words, and names of several words, each headed by a line "= name"."""
    _, *parts = re.split(r"^= ", _FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    groups = {name: frozenset(words) for name, *words in map(str.splitlines, parts)}
    # Directions by themselves, parts of a body where they are somebody's.
    own = {f"{whose} {part}" for whose in _WHOSE for part in ("back", "side", "sides")}
    return groups | {"movement": groups["movement"] | own}


@functools.cache
def _all_words() -> frozenset[str]:
    """Those of all groups."""
    return frozenset().union(*_groups().values())


@functools.cache
def _word() -> re.Pattern[str]:
    names = sorted(name for group in _groups().values() for name in group if " " in name)
    return re.compile("|".join([*(rf"\b{name}\b" for name in names), r"[^\W\d_]+"]))


@functools.cache
def _bases() -> dict[str, str]:
    """By the plain form of a movement, one of those that are listed where that one isn't: training
    says "vaults" only, and the encoder reads "vault" much as that."""
    forms = {word: set(_stems(word)) for word in sorted(_groups()["movement"])}
    return {
        stem: word
        for word, stems in forms.items()
        if stems.isdisjoint(_all_words())
        for stem in stems
    }


def _listed(word: str) -> str:
    """The word, or the one of which it is a regular form where the groups have that or another form
    of it: training says "hop" and "hopping" only, and the encoder reads "hopped" much as these.

    A listed noun is such a form only of a movement ("waves"); other listed words stay as they are.
    """
    groups = _groups()
    if word in groups["other"]:
        return _form_of(word, groups["movement"]) or word
    if word in _all_words():
        return word
    if found := _form_of(word, groups["movement"] | groups["direction"]):
        return found
    bases = _bases()
    return next((bases[stem] for stem in (word, *_stems(word)) if stem in bases), word)


def _form_of(word: str, group: frozenset[str]) -> str | None:
    """The word of the group that a word is a regular form of, if any."""
    return next((stem for stem in _stems(word) if stem in group), None)


def _stems(word: str) -> Iterator[str]:
    """What a word may be the past form or the participle of, the third person or the plural."""
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
    """The text's words that say something of a body, in order, verbs as the group has them; none if
    it is in another language.

    A movement, a posture or a part of the body says something by itself; plain directions and verbs
    ("moving up", "to the side") do where they outnumber what else is named. Other forms of these
    that may be things ("planks", "hooks") are not counted, and do where nothing else is named. A
    text is in another language if most of its words are in no group. A word that other languages
    write alike ("Arm heben") counts only where less than a third of the words are in none.
    """
    words = [_listed(word) for word in _word().findall(text.lower())]
    groups = _groups()
    foreign = sum(word not in _all_words() for word in words)
    if 2 * foreign > len(words):
        return []
    movement = groups["movement"]
    if 3 * foreign < len(words):
        movement |= groups["movement, alike in other languages"]
    if found := [word for word in words if word in movement]:
        return found
    plain = [word for word in words if word in groups["direction"]]
    things = [word for word in words if word in groups["other"]]
    either = [word for word in things if _form_of(word, groups["direction"])]
    named = sum(word not in groups["neutral"] for word in words) - len(plain) - len(either)
    return [*plain, *either] if len(plain) > named or not named else []
