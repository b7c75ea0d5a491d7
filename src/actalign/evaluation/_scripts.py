"""Scripts for questions: from a file, those that ship with the package, or a language model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from actalign.evaluation._questions import Question, QuestionSet
from actalign.evaluation.atlas._questions import bank_scripts, is_generated, with_generated
from actalign.scripts._bank import read_bank_scripts
from actalign.scripts._conversation import ScriptRequest
from actalign.scripts._generate import generate_scripts
from actalign.scripts._labels import plain_name
from actalign.scripts._llm import LLMConfig
from actalign.scripts._shipped import ambiguous_notes, shipped_scripts
from actalign.types import Script


def with_scripts(
    questions: QuestionSet,
    given: Path | None,
    *,
    domain: str | None = None,
    config: LLMConfig | None = None,
    bank: Path | None = None,
) -> QuestionSet:
    """The questions with a script for each choice that has one; ``notes`` say what is missing.

    given: a script file or bank, or the reference's `generated_subactions.json`; it takes
    precedence over the questions' own scripts. domain: for the questions that name none; without
    it those take their scripts' domains. config: a language model, asked once for each set of
    candidates that lacks scripts, about all of them; without one, scripts that ship with the
    package are used. A choice that still has none gets its own name as its one step, or stays
    without if the question says that it should have one. Raises UsageError for scripts that can't
    be read.
    """
    if domain is not None:
        asked = tuple(
            q if q.domain or q.domains else replace(q, domain=domain) for q in questions.questions
        )
        questions = replace(questions, questions=asked)
    notes = list(questions.notes)
    known: list[Script] = []
    if given is not None and is_generated(given):
        questions = with_generated(questions, given)
    elif given is not None:
        known = read_bank_scripts(given)
    by_name: dict[str, list[Script]] = {}
    for script in known:
        by_name.setdefault(plain_name(script.label), []).append(script)
    found = {
        question.id: _known_scripts(question, by_name)
        for question in questions.questions
        if question.absent is None
    }
    if config is not None:
        notes += _ask(questions, found, config, bank)
    shipped: dict[str, None] = {}
    named: dict[str, str] = {}
    finished = tuple(
        _finished(question, found[question.id], shipped, named)
        if question.id in found
        else question
        for question in questions.questions
    )
    if shipped:
        notes.append(f"scripts of {_listed(shipped)}: shipped with actalign, in several wordings")
    if named:
        notes.append(f"no script for {_listed(named)}: aligned as one step, its own name")
        notes += dict.fromkeys(filter(None, named.values()))
    return replace(questions, questions=finished, notes=tuple(notes))


def _known_scripts(question: Question, by_name: dict[str, list[Script]]) -> list[Script | None]:
    """Each choice's script from those given, or else from the question."""
    listed = [one for choice in question.choices for one in by_name.get(plain_name(choice), ())]
    of_question = {script.label: script for script in question.given_scripts}
    own = [of_question.get(choice) for choice in question.choices]
    if not listed:
        return own
    chosen = bank_scripts(question.choices, question.shared_domain, listed)
    return [script or mine for script, mine in zip(chosen, own, strict=True)]


def _ask(
    questions: QuestionSet,
    found: dict[str, list[Script | None]],
    config: LLMConfig,
    bank: Path | None,
) -> list[str]:
    """Fill in what a language model writes; returns a sentence for each set that got nothing."""
    waiting: dict[tuple[tuple[str, ...], str | None], list[Question]] = {}
    for question in questions.questions:
        if None in found.get(question.id, ()):
            waiting.setdefault((question.choices, question.shared_domain), []).append(question)
    requests = {
        f"{number}": ScriptRequest(f"{number}", choices, domain)
        for number, (choices, domain) in enumerate(waiting)
    }
    notes = []
    for result in generate_scripts(list(requests.values()), config=config, bank=bank):
        asked = waiting[result.request.labels, result.request.domain]
        if result.scripts is None:
            names = ", ".join(question.id for question in asked[:3])
            notes.append(f"no scripts for the candidates of {names}: {result.error}")
            continue
        for question in asked:
            found[question.id] = [
                known or script
                for known, script in zip(found[question.id], result.scripts, strict=True)
            ]
    return notes


def _finished(
    question: Question,
    scripts: Sequence[Script | None],
    shipped: dict[str, None],
    named: dict[str, str],
) -> Question:
    """The question with its scripts; ``shipped`` and ``named`` note which labels got what, the
    latter with the reason if there is one."""
    pairs = list(zip(question.choices, scripts, strict=True))
    if question.scripts is None:  # otherwise each choice should have one, and none is made up
        missing = [choice for choice, script in pairs if script is None]
        there = shipped_scripts(missing, question.shared_domain)
        shipped |= dict.fromkeys(there)
        for choice in missing:
            if choice not in there:
                named[choice] = " ".join(ambiguous_notes([choice], question.shared_domain))
        if len(missing) == len(pairs) and not there:
            return question
        pairs = [(c, one or there.get(c) or Script(c, (c,))) for c, one in pairs]
    if question.shared_domain is None:
        domains = [script.domain if script else None for _, script in pairs]
        question = question.with_domains(domains)
    again = tuple(script.rewordings if script else () for _, script in pairs)
    return question.with_scripts(
        tuple(script.steps if script else None for _, script in pairs), again if any(again) else ()
    )


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(map(repr, listed[:8]))
    return shown if len(listed) <= 8 else f"{shown} and {len(listed) - 8} more"
