"""Other words for the same caption: verb forms, synonyms, whose body it is, what the hands hold.

`vary` changes words only in ways that leave true what was true. The groups lie in synonyms.txt, one
a line, forms separated by "|"; each form may stand for each other form of its line.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

# Verbs as scripts use them: base form; "!" doubles its last letter in the -ing form.
_VERBS = (
    "arch|balance|bend|bow|bring|carry|clap!|close|come|cross|crouch|curl|cycle|dip!|drag!|draw|"
    "drive|drop!|extend|face|fall|flap!|flex|flip!|float|fold|go|grab!|grip!|guard|hang|hinge|"
    "hold|hop!|hug!|jog!|jump|keep|kick|kneel|land|lean|leap|lift|lower|lunge|march|meet|move|"
    "open|pivot|place|point|press|pull|punch|push|put!|raise|reach|recline|release|rest|return|"
    "rise|roll|rotate|row|run!|scissor|send|set!|settle|shift|sink|sit!|slide|spin!|spread|sprint|"
    "squat!|squeeze|stand|step!|straighten|stretch|stride|swap!|sweep|swing|switch|thrust|throw|"
    "tilt|tip!|touch|tuck|turn|twist|unfold|walk|whip!|widen"
)


def _forms(verb: str) -> tuple[str, str, str]:
    """(base, -s, -ing) of one entry of _VERBS."""
    base = verb.removesuffix("!")
    if base.endswith("y"):
        third = base[:-1] + "ies"
    else:
        third = base + ("es" if re.search(r"(s|sh|ch|x|o)$", base) else "s")
    stem = base + base[-1] if verb.endswith("!") else re.sub(r"(?<!e)e$", "", base)
    return base, third, stem + "ing"


FORMS = [_forms(verb) for verb in _VERBS.split("|")]
_BASE = {gerund: base for base, _, gerund in FORMS}
_THIRD = {gerund: third for _, third, gerund in FORMS}
_GERUND = re.compile(r"\b(" + "|".join(sorted(_BASE, key=len, reverse=True)) + r")\b")
# A third person form at the head of a phrase is a verb; elsewhere it may be a noun ("lunges").
_HEAD = {third: (base, gerund) for base, third, gerund in FORMS}
_HEAD_VERB = re.compile(
    r"(^|, |; |and |then )(" + "|".join(sorted(_HEAD, key=len, reverse=True)) + r") (?!of\b)"
)
_PLURAL = re.compile(
    r"\b(arms|hands|elbows|forearms|legs|knees|thighs|feet|heels|hips|shoulders|palms|fists)$"
)
_PART = (
    "arms?|hands?|palms?|fists?|fingers|forearms?|elbows?|legs?|knees?|thighs?|shins?|foot|feet|"
    "heels?|toes|hips?|waist|chest|torso|trunk|back|head|chin|face|shoulders?|belly|body|sides|ribs"
)
_WHOSE = re.compile(rf"\bthe ({_PART})\b")
_HELD = re.compile(
    r"\b(?:(?:both|the|your) )?hands (?=(?:up|down|to|toward|over|above|in front|near|low|high|"
    r"forward|back|overhead|at|close|move|moving|rise|rising|go|going)\b)"
)
_THINGS = ("the bar", "the barbell", "the dumbbells", "the weights", "the handles", "the weight",
           "a ball", "the rope", "the kettlebell")  # fmt: skip


def _groups() -> dict[str, list[str]]:
    """{form: the other forms of its line}."""
    out: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("synonyms.txt").read_text().splitlines():
        forms = [form.strip() for form in line.split("|") if form.strip()]
        for form in forms:
            out.setdefault(form, []).extend(other for other in forms if other != form)
    return out


SYNONYMS = _groups()
_SYNONYM = re.compile(
    r"\b(" + "|".join(re.escape(s) for s in sorted(SYNONYMS, key=len, reverse=True)) + r")\b"
)


def _conjugate(text: str, form: str) -> str:
    """The text's -ing verbs as commands ("base") or as a spectator's third person ("third")."""

    def replace(match: re.Match[str]) -> str:
        many = _PLURAL.search(text[: match.start()].rstrip())
        return (_BASE if form == "base" or many else _THIRD)[match[1]]

    return _GERUND.sub(replace, text)


def _from_third(text: str, form: str) -> str:
    """The text's third person verbs at the head of a phrase as commands or -ing forms."""
    pick = 0 if form == "base" else 1
    return _HEAD_VERB.sub(lambda m: f"{m[1]}{_HEAD[m[2]][pick]} ", text)


def vary(text: str, rng: np.random.Generator, *, rate: float = 0.3) -> str:
    """The caption in other words; ``rate`` is the chance of each word that has synonyms."""

    def other(match: re.Match[str]) -> str:
        if rng.random() >= rate:
            return match[1]
        choice = SYNONYMS[match[1]]
        return choice[int(rng.integers(len(choice)))]

    text = _SYNONYM.sub(other, text)
    draw = rng.random()
    form = "base" if draw < 0.35 else "third" if draw < 0.5 else ""
    if form:
        text = _conjugate(text, form)
    if form != "third" and rng.random() < 0.5:
        text = _from_third(text, form or "gerund")
    whose = rng.random()
    if form == "base" or whose < 0.1:
        text = _WHOSE.sub(r"your \1", text) if whose < 0.7 else text
    elif whose < 0.3:
        word = ("his ", "her ", "their ", "")[int(rng.integers(4))]
        text = _WHOSE.sub(rf"{word}\1", text)
    if rng.random() < 0.15:
        text = _HELD.sub(f"{_THINGS[int(rng.integers(len(_THINGS)))]} ", text)
    return text
