"""The form of a language model's answer, how it is read, and how its scripts are checked.

Pure functions, used for every answer and by `actalign subactions validate` for every bank.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from actalign.documents import UNWRITABLE, one_line
from actalign.encoder_info import STEP_TEMPLATE
from actalign.errors import counted
from actalign.scripts._labels import label_key

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "scripts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "candidate": {"type": "integer"},
                    "steps": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["candidate", "steps"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["scripts"],
    "additionalProperties": False,
}
"""Strict JSON schema of an answer. Candidates are given by number, not by name, so that no label
has to be repeated and the schema is the same for every request."""


def estimate_tokens(text: str) -> int:
    """A plain rule of thumb for English: one token for every four characters, rounded up.

    The tokenizers of text encoders and chat models usually give fewer, so a step that passes fits.
    """
    return math.ceil(len(text) / 4)


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """How much of a step's text the encoder reads: ``tokens``, counted on the filled-in template.

    The default is SigLIP's 64 by the rule of thumb; give ``count`` to use a real tokenizer.
    """

    tokens: int = 64
    template: str = STEP_TEMPLATE
    count: Callable[[str], int] = estimate_tokens

    def excess(self, label: str, domain: str, step: str) -> int:
        """By how many tokens the encoded text of a step is too long; 0 or less if it fits."""
        text = self.template.format(label=label.lower(), domain=domain, step=step)
        return self.count(text) - self.tokens


def read_answer(text: str, labels: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The steps of each label, in the order of ``labels``, and a sentence for each error of form.

    Accepts the JSON object of SCHEMA, also inside prose or code fences; a bare array of its items;
    or an object {label: steps}. Anything else is an error, and so are several such objects that
    differ, since it is unclear which one was meant. ``text`` is without the model's reasoning.
    """
    if not text.strip():
        return {}, ["The answer is empty."]
    entries = [found for value in _json_values(text) if (found := _entries(value, labels))]
    readings = [_collect(found, labels) for found in entries]
    if not readings:
        return {}, ["The answer holds no complete JSON object of the requested form."]
    good = [scripts for scripts, faults in readings if not faults]
    if any(scripts != good[0] for scripts in good[1:]):
        return {}, ["The answer holds several JSON objects that differ; give one only."]
    return (good[0], []) if good else readings[0]


def script_faults(
    scripts: Mapping[str, Sequence[str]],
    domain: str,
    *,
    min_steps: int = 1,
    max_steps: int | None = None,
    limit: TokenLimit | None = None,
) -> list[str]:
    """One sentence for each error in the scripts of one request; an empty list if there is none.

    The sentences become part of the repair turn and so of its content hash: if one is changed, the
    cached answers to it are no longer used.
    """
    limit = limit or TokenLimit()
    faults: list[str] = []
    for label, steps in scripts.items():
        if len(steps) < min_steps or (max_steps is not None and len(steps) > max_steps):
            count = counted(len(steps), "step")
            wanted = f"exactly {min_steps}" if min_steps == max_steps else f"at least {min_steps}"
            if max_steps is not None and max_steps != min_steps:
                wanted = f"{min_steps} to {max_steps}"
            faults.append(f'"{label}" has {count}; it needs {wanted}.')
        for k, step in enumerate(steps, start=1):
            if not step.strip():
                faults.append(f'Step {k} of "{label}" is empty.')
            elif not _plain(step):
                faults.append(
                    f'Step {k} of "{label}" has no letters or digits; describe it in words.'
                )
            elif k > 1 and _plain(step) == _plain(steps[k - 2]):
                faults.append(f'Steps {k - 1} and {k} of "{label}" are the same.')
            excess = limit.excess(label, domain, step)
            if excess > 0:
                faults.append(
                    f'Step {k} of "{label}" is too long by about {excess} tokens; shorten it.'
                )
    plain = {label: [_plain(step) for step in steps] for label, steps in scripts.items()}
    faults += [
        f'"{label}" and "{other}" have the same script; they must differ.'
        for label, other in combinations(scripts, 2)
        if plain[label] and plain[label] == plain[other]
    ]
    return faults


def same_steps(steps: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two scripts are the same, case and punctuation aside."""
    return list(map(_plain, steps)) == list(map(_plain, others))


def shared_steps(scripts: Mapping[str, Sequence[str]]) -> set[str]:
    """The steps, as written, that occur in more than one script (case and punctuation aside)."""
    owners: dict[str, set[str]] = {}
    for label, steps in scripts.items():
        for step in steps:
            owners.setdefault(_plain(step), set()).add(label)
    return {step for steps in scripts.values() for step in steps if len(owners[_plain(step)]) > 1}


def _plain(step: str) -> str:
    return one_line(re.sub(r"[^\w\s]", " ", label_key(step)))


class _Object(dict[str, Any]):
    """A JSON object that keeps all its pairs, since two of them may have the same key."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _json_values(text: str) -> Iterator[Any]:
    """Every complete JSON object or array in the text, outer ones before those inside them."""
    decoder = json.JSONDecoder(object_pairs_hook=_Object)
    at = 0
    while match := re.compile(r"[{\[]").search(text, at):
        at = match.start()
        try:
            value, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            at += 1
            continue
        yield value


def _entries(value: Any, labels: Sequence[str]) -> list[tuple[int | None, Any]] | None:
    """(index of the label from 0, or None; steps) of each item; None if the form is different."""
    if isinstance(value, Mapping) and "scripts" in value:
        value = value["scripts"]
    if isinstance(value, _Object):
        places = {label_key(label): m for m, label in enumerate(labels)}
        found = [(places.get(label_key(name)), s) for name, s in value.pairs]
        return found if any(m is not None for m, _ in found) else None
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        if not any("candidate" in item and "steps" in item for item in value):
            return None
        return [(_index(item.get("candidate"), labels), item.get("steps")) for item in value]
    return None


def _index(number: Any, labels: Sequence[str]) -> int | None:
    if isinstance(number, str) and number.strip().isdigit():
        number = int(number)
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(labels):
        return number - 1
    return None


def _collect(
    entries: Sequence[tuple[int | None, Any]], labels: Sequence[str]
) -> tuple[dict[str, list[str]], list[str]]:
    faults: list[str] = []
    steps_of: dict[int, list[str]] = {}
    for m, steps in entries:
        if m is None:
            faults.append(f"An item belongs to no candidate; they are numbered 1 to {len(labels)}.")
        elif m in steps_of:
            faults.append(f'Candidate {m + 1} ("{labels[m]}") is given twice.')
        elif not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
            steps_of[m] = []
            faults.append(f'The steps of candidate {m + 1} ("{labels[m]}") are no list of strings.')
        else:
            words = [one_line(UNWRITABLE.sub(" ", step)) for step in steps]
            steps_of[m] = _without_numbering(words)
    for m, label in enumerate(labels):
        if m not in steps_of:
            faults.append(f'Candidate {m + 1} ("{label}") is missing.')
    return {labels[m]: steps_of[m] for m in sorted(steps_of)}, faults


def _without_numbering(steps: list[str]) -> list[str]:
    """Drop "1. ", "2) ", ... when every step carries its own number; keep digits otherwise."""
    bare = []
    for k, step in enumerate(steps, start=1):
        match = re.match(rf"(?:step\s+)?{k}\s*[.):]\s+", step, re.IGNORECASE)
        if not match:
            return steps
        bare.append(step[match.end() :])
    return bare
