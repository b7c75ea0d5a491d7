"""None of these: a further choice of each question, right if the clip shows another action."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from actalign.candidates import check_none
from actalign.errors import UsageError
from actalign.evaluation._questions import Question, QuestionSet
from actalign.scripts._labels import label_key, plain_name

NAMES = frozenset(
    ("background", "negative", "no action", "none", "none of these", "nothing", "other", "unknown")
)
"""Labels, as `plain_name` returns them, that hardly are names of actions."""


def seem_none(labels: Iterable[str]) -> list[str]:
    """The labels that seem to stand for none of the others."""
    return [label for label in labels if plain_name(label) in NAMES]


def with_none(questions: QuestionSet, name: str) -> QuestionSet:
    """Each question with ``name`` as its last choice, the answer for clips of other labels.

    A choice that already has this name is used as that one. Raises UsageError for an empty name,
    and if it is the only choice.
    """
    check_none(name)
    found = tuple(
        one if one.absent is not None else _with_none(one, name, one.id in questions.others)
        for one in questions.questions
    )
    return replace(questions, questions=found)


def _with_none(question: Question, name: str, other: bool) -> Question:
    """other: the clip's label is known and is not among the choices."""
    choices = question.choices
    kept = [m for m, choice in enumerate(choices) if label_key(choice) != label_key(name)]
    if not kept:
        raise UsageError(
            f"Question {question.id!r} has no candidate besides {name!r}, which --none names; "
            "give others with --labels."
        )
    none, answer = len(kept), question.answer
    if answer is not None:
        answer = kept.index(answer) if answer in kept else none
    elif other:
        answer = none
    steps, again, domains = question.scripts, question.rewordings, question.domains
    return replace(
        question,
        choices=(*(choices[m] for m in kept), name),
        answer=answer,
        scripts=None if steps is None else (*(steps[m] for m in kept), (name,)),
        rewordings=(*(again[m] for m in kept), ()) if again else (),
        domains=(*(domains[m] for m in kept), None) if domains else (),
        intervals=None if answer == none else question.intervals,
    )
