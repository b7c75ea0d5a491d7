"""Turns steps and labels into the texts that are encoded, by templates with placeholders."""

from __future__ import annotations

import string

from actalign.documents import composed, one_line
from actalign.errors import UsageError
from actalign.types import Script

KNOWN = frozenset(("label", "domain", "step"))
"""The placeholders that text templates may contain, in braces."""


def step_texts(script: Script, template: str) -> list[str]:
    """The K texts to encode, one per step, from a template with {step}, {label} and {domain}.

    Raises UsageError for a template without {step}, which would give all steps the same text, and
    for other faults.
    """
    check_template(template, "step")
    return [_fill(template, script, step=step) for step in script.steps]


def label_text(script: Script, template: str) -> str:
    """The text of a label itself, from a template with {label} and {domain}.

    Raises UsageError for a template without {label}, which would give all candidates the same text.
    """
    check_template(template, "label")
    return _fill(template, script, step="")


def check_template(template: str, needed: str) -> None:
    """Raise UsageError for a template that is not text, lacks the placeholder or has unknown
    ones."""
    if not isinstance(template, str):
        raise UsageError(f"The text template is {template!r}; give a text with {{{needed}}}.")
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        fault = f"it has {{{min(names - KNOWN)}}}" if names - KNOWN else ""
        fault = fault or ("" if needed in names else f"it lacks {{{needed}}}")
    except ValueError as error:
        fault = str(error)
    if fault:
        raise UsageError(
            f"The text template {template!r} is wrong: {fault}; it needs {{{needed}}}, and may "
            "contain only {label}, {domain} and {step}."
        )


def _fill(template: str, script: Script, *, step: str) -> str:
    """Fill in a template; without a domain, "in {domain}" or "{domain}" is left out."""
    if script.domain is None:
        template = template.replace(" in {domain}", "").replace("{domain} ", "")
        template = template.replace("{domain}", "")
    text = template.format(label=script.label.lower(), domain=script.domain, step=step)
    return one_line(composed(text))
