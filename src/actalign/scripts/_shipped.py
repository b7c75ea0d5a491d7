"""Scripts without a language model: those that ship with the package, and a template file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from actalign.errors import UsageError
from actalign.scripts._labels import as_labels, check_domain, plain_name
from actalign.scripts._script import parse_scripts
from actalign.types import Script

LETTERS_A_TYPO = 6
"""A name is proposed if it begins with the same letter and has at most one typo (a letter too many,
too few, another one, or two that are swapped; spaces don't count) for this many letters of the
shorter of the two, or if only doubled letters differ ("squatt") ..."""
MOST_TYPOS = 2
"""... and no more than this many, however long it is: further away there are other actions."""


@dataclass(frozen=True, slots=True)
class _Action:
    """An action of the bank. name: its own, in plain form. names, domains: all names of it and of
    its field."""

    script: Script
    name: str
    names: frozenset[str]
    domains: frozenset[str]


@cache
def _actions() -> tuple[_Action, ...]:
    text = (files("actalign.scripts") / "shipped.json").read_text(encoding="utf-8")
    found = []
    for block in json.loads(text):
        domains = frozenset(map(plain_name, (block["domain"], *block["also"])))
        for script in parse_scripts(block, source="the shipped bank"):
            name, others = plain_name(script.label), block["other_names"].get(script.label, ())
            found.append(
                _Action(script, name, frozenset((name, *map(plain_name, others))), domains)
            )
    return tuple(found)


def shipped_scripts(labels: Sequence[str], domain: str | None = None) -> dict[str, Script]:
    """The scripts that ship with the package, in several wordings, of those labels that have one.

    Keys are the labels as given; one without a script is left out. Case, hyphens, underscores,
    outer spaces and a plural don't matter ("Push-ups" finds "push up"), and an action may have
    other names ("press up"), but an action whose own name matches comes first. With a domain, the
    script's own domain or one of its synonyms must match, and "serve" finds "table tennis serve"
    there; without one, the name must occur in one domain only. labels may also be a text of
    comma-separated ones. Raises UsageError for a label or a domain that is not a text.
    """
    check_domain(domain)
    found: dict[str, Script] = {}
    for label in as_labels(labels):
        if not isinstance(label, str):
            raise UsageError(f"A label is {label!r}; give a text.")
        named = _named(label, domain)
        if len(named) == 1:
            given = domain if domain and plain_name(domain) else named[0].domain
            found[label] = replace(named[0], label=label.strip(), domain=given)
    return found


def ambiguous_notes(labels: Sequence[str], domain: str | None) -> list[str]:
    """A sentence for each label that names actions of several domains: it gets no script."""
    named = {label: _named(label, domain) for label in labels}
    return [
        f"{label!r} is an action in several shipped domains "
        f"({', '.join(script.domain or '' for script in scripts)}); name the domain to use its "
        "script"
        for label, scripts in named.items()
        if len(scripts) > 1
    ]


def elsewhere_notes(labels: Sequence[str], domain: str | None) -> list[str]:
    """A sentence for each label that names actions of domains other than the given one."""
    notes = []
    for label in labels:
        others = () if _named(label, domain) else _named(label, None)
        if others:
            fields = " and ".join(sorted({script.domain or "" for script in others}))
            used = "; leave out the domain to use it" if len(others) == 1 else ""
            notes.append(f"{label!r} has a shipped script in {fields}, not in {domain}{used}")
    return notes


def close_notes(labels: Sequence[str], domain: str | None) -> list[str]:
    """A question for each label that is a shipped action's name with a typo, lacks one word of it,
    or has it beside a bracket, a slash or a list's mark; of the domain if one is given."""
    names = [
        name
        for action in _actions()
        if domain is None or plain_name(domain) in action.domains
        for name in sorted(action.names)
    ]
    notes = []
    for label in labels:
        if _named(label, None):
            continue
        words = plain_name(label).split()
        longer = [name for name in names if len(words) > 1 and _is_longer(name.split(), words)]
        near = min(longer, key=len) if longer else _nearest(" ".join(words), names)
        parts = [part for part in re.split(r"[()\[\]/•]|^\d+[.)]", label) if _named(part, domain)]
        near = near or (plain_name(parts[0]) if len(parts) == 1 else None)
        if near:
            notes.append(f"{label!r} has no shipped script; did you mean {near!r}?")
    return notes


def _is_longer(name: list[str], words: list[str]) -> bool:
    """Whether a name is these words in their order, and one more."""
    return any([*name[:n], *name[n + 1 :]] == words for n in range(len(name)))


def _nearest(given: str, names: Iterable[str]) -> str | None:
    """The name with the fewest typos, if they are few enough; see LETTERS_A_TYPO."""
    text, found = given.replace(" ", ""), []
    for name in names:
        other = name.replace(" ", "")
        most = min(MOST_TYPOS, min(len(text), len(other)) // LETTERS_A_TYPO)
        if text[:2] == other[:2] and _undoubled(text) == _undoubled(other):
            most = MOST_TYPOS
        # What is far away is left out first, which is quick.
        if text[:1] != other[:1] or abs(len(text) - len(other)) > most:
            continue
        if (count := _typos(text, other)) <= most:
            found.append((count, name))
    return min(found)[1] if found else None


def _undoubled(text: str) -> str:
    return re.sub(r"(.)\1", r"\1", text)


def _typos(one: str, other: str) -> int:
    """The fewest letters to insert, leave out, replace or swap with the next that make them equal
    (the optimal string alignment distance)."""
    last, row = list[int](), list(range(len(other) + 1))
    for n, letter in enumerate(one, 1):
        last, before, row = row, last, [n]
        for m, wanted in enumerate(other, 1):
            cost = min(last[m] + 1, row[-1] + 1, last[m - 1] + (letter != wanted))
            if n > 1 and m > 1 and letter == other[m - 2] and one[n - 2] == wanted:
                cost = min(cost, before[m - 2] + 1)
            row.append(cost)
    return row[-1]


def domain_notes(domain: str | None) -> list[str]:
    """A question about a domain that is nearly the name of one whose scripts ship."""
    plain = plain_name(domain or "")
    known = {name: plain_name(name) for name in shipped_domains()}
    if not plain or any(plain in action.domains for action in _actions()):
        return []
    near = _nearest(plain, known.values())
    meant = [name for name, one in known.items() if one == near]
    return [f"no scripts of the domain {domain!r} ship; did you mean {name!r}?" for name in meant]


def several_notes(labels: Sequence[str]) -> list[str]:
    """A sentence for each label in which several actions are named, one of which is shipped."""
    parts = {label: re.split("[,;]", label) for label in labels}
    return [
        f"{label!r} is one label; if it is several actions, name each by itself"
        for label, several in parts.items()
        if len(several) > 1 and not _named(label, None) and any(_named(p, None) for p in several)
    ]


def missing_notes(labels: Sequence[str], domain: str | None) -> list[str]:
    """Sentences on why labels have no shipped script in the domain; none for those that have."""
    return [
        *domain_notes(domain),
        *several_notes(labels),
        *ambiguous_notes(labels, domain),
        *elsewhere_notes(labels, domain),
        *close_notes(labels, domain),
    ]


@cache
def _named(label: str, domain: str | None) -> tuple[Script, ...]:
    """The actions of that name; only those whose own name it is, if there are any."""
    name, field = plain_name(label), plain_name(domain or "")
    matches, own = [], []
    for action in _actions():
        if field and field not in action.domains:
            continue
        # In table tennis a serve is a table tennis serve.
        fields = action.domains if field else ()
        known = {name, *(f"{one} {name}" for one in fields)}
        if known & action.names:
            matches.append(action.script)
        if action.name in known:
            own.append(action.script)
    return tuple(own or matches)


def shipped_domains(domain: str | None = None) -> dict[str, list[Script]]:
    """All scripts that ship with the package, by domain, in their order.

    With a domain, only those of the domains that it names, as in `shipped_scripts`; {} if unknown.
    """
    found: dict[str, list[Script]] = {}
    for action in _actions():
        if domain is None or plain_name(domain) in action.domains:
            found.setdefault(action.script.domain or "", []).append(action.script)
    return found


def other_names(script: Script) -> list[str]:
    """The further names, in plain form and sorted, by which `shipped_scripts` knows an action that
    `shipped_domains` gave."""
    [action] = (one for one in _actions() if one.script is script)
    return sorted(action.names - {action.name})


def script_template(labels: Sequence[str], domain: str | None, steps: int) -> str:
    """A YAML script file to be filled in by hand; shipped scripts are already in it.

    A step that is not filled in is empty, and `load_scripts` names it in an error.
    """
    shipped = shipped_scripts(labels, domain)
    lines = [
        "# Scripts: each action is an ordered list of steps; each step says what a camera sees.",
        "# Write each step as a phrase of some 5 to 14 words; add or remove lines as needed.",
        "# If two actions look alike, write what differs (grip, height, direction, object).",
        *([f"domain: {json.dumps(domain, ensure_ascii=False)}"] if domain else []),
        "scripts:",
    ]
    lines[3:3] = [f"# {note}" for note in missing_notes(labels, domain)]
    for label in labels:
        lines.append(f"  {json.dumps(label, ensure_ascii=False)}:")
        if label in shipped:
            lines.append("    # wordings that ship with actalign; edit or remove them as you like")
            for wording in shipped[label].wordings:
                marks = ["- -", *["  -"] * (len(wording.steps) - 1)]
                texts = map(json.dumps, wording.steps)
                lines += [f"    {m} {text}" for m, text in zip(marks, texts, strict=True)]
            continue
        for k in range(1, steps + 1):
            hint = {1: "setup: posture, grip and place before it starts", steps: "how it ends"}
            lines.append(f'    - ""  # {hint.get(k, "the next visible phase")}')
    return "\n".join(lines) + "\n"
