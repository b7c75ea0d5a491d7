"""Where each candidate's script comes from: the user's file, a language model, or the package.

In that order; a label that none of them covers is aligned as one step, its own name.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from actalign._types import Script
from actalign.errors import ActAlignError
from actalign.subactions import scripts_for

if TYPE_CHECKING:
    from actalign.llm import LLMConfig


def gather_scripts(
    labels: Sequence[str],
    scripts: Sequence[Script],
    *,
    domain: str | None = None,
    llm: LLMConfig | None = None,
    bank: Path | None = None,
) -> tuple[list[Script], list[str]]:
    """Scripts for as many of the labels as can be had, and a note for each source but the file.

    llm: asked for the labels that ``scripts`` lacks, all in one call; ``bank`` keeps its answers.
    Without it the shipped scripts are used where they cover a label. Raises UsageError for bad
    labels and ActAlignError when the model's answer can't be used.
    """
    _, missing = scripts_for(labels, scripts, domain=domain)
    if not missing:
        return list(scripts), []
    if llm is not None:
        return [*scripts, *_generate(missing, domain, llm, bank)], [
            f"scripts by {llm.local_model or llm.model} for {_named(missing)}"
        ]
    from actalign.shipped_scripts import shipped_scripts

    shipped = shipped_scripts(missing, domain)
    bare = [label for label in missing if label not in shipped]
    notes = []
    if shipped:
        notes.append(f"scripts that ship with actalign for {_named(list(shipped))}")
    if bare:
        notes.append(f"no script for {_named(bare)}: aligned as one step, its own name")
    return [*scripts, *shipped.values()], notes


def _generate(
    labels: list[str], domain: str | None, llm: LLMConfig, bank: Path | None
) -> list[Script]:
    from actalign.generation import Question, generate_scripts

    question = Question("candidates", tuple(labels), domain or "human action")
    run = generate_scripts([question], config=llm, bank=bank)
    with closing(run):  # type: ignore[type-var]
        for result in run:
            if result.scripts is not None:
                return list(result.scripts)
            raise ActAlignError(f"No scripts for {_named(labels)}: {result.error}")
    raise ActAlignError(f"No scripts for {_named(labels)}: the model gave no answer.")


def _named(labels: Sequence[str]) -> str:
    return ", ".join(repr(label) for label in labels)
