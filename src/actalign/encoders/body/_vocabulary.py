"""Whether a text says something of a body, in English, by the words of model/words.txt."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

VOCABULARY_VERSION = 2
"""Of the rules of `known_words`; raised when they judge texts otherwise."""
_FILE = Path(__file__).with_name("model") / "words.txt"


def words_hash() -> str:
    """Of the words and rules that texts are judged by, so that older judgements are noticed."""
    total = hashlib.sha256(f"{VOCABULARY_VERSION} ".encode())
    total.update(_FILE.read_text(encoding="utf-8").encode())
    return total.hexdigest()[:16]


@functools.cache
def _groups() -> dict[str, frozenset[str]]:
    """The groups of words, and names of several words, each headed by a line "= name"."""
    _, *groups = re.split(r"^= ", _FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = (group.splitlines() for group in groups)
    return {name: frozenset(words) for name, *words in found}


@functools.cache
def _all_words() -> frozenset[str]:
    """Those of all groups."""
    return frozenset().union(*_groups().values())


@functools.cache
def _word() -> re.Pattern[str]:
    names = sorted(name for group in _groups().values() for name in group if " " in name)
    return re.compile("|".join([*(rf"\b{name}\b" for name in names), r"[^\W\d_]+"]))


def _listed(word: str) -> str:
    """The verb that a word is the regular past form of, where that alone is in a group: training
    says "hop" and "hopping" only, and the encoder reads "hopped" much as these."""
    stem = word.removesuffix("ed")
    if stem == word or word in _all_words():
        return word
    doubled = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
    return next((one for one in (stem, f"{stem}e", doubled) if one in _all_words()), word)


def known_words(text: str) -> list[str]:
    """The text's words that say something of a body, in order, verbs in the past as the group has
    them; none if it is in another language.

    A movement, a posture or a part of the body says something by itself; plain directions and verbs
    ("moving up", "to the side") do where they outnumber what else is named. A text is in another
    language if most of its words are in no group. A word that other languages write alike ("Arm
    heben") counts only where less than a third of the words are in none.
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
    named = sum(word not in groups["neutral"] for word in words) - len(plain)
    return plain if len(plain) > named else []
