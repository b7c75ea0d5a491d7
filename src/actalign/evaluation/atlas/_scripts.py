"""`generate_subactions.json` for a data set: scripts from a bank file or a language model.

The file is written step by step, and samples that have all their scripts are not done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from actalign.errors import UsageError
from actalign.evaluation._config import write_json
from actalign.evaluation.atlas._dataset import Entry
from actalign.evaluation.atlas._questions import (
    bank_scripts,
    generated_row,
    read_generated,
    read_generated_rows,
)
from actalign.scripts import LLMConfig, ScriptRequest, generate_scripts
from actalign.scripts._bank import read_bank_scripts
from actalign.types import Script

SAVE_SECONDS = 5.0


def fill_scripts(
    entries: Sequence[Entry],
    output: Path,
    *,
    bank: Path | None,
    api_key: str | None,
    settings: dict[str, Any],
    tell: Callable[[str], None],
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Write one row per entry, in the entries' order; returns the rows and what is missing, by id.

    bank: script file; without one a language model is asked (`settings` are LLMConfig's fields),
    and its answers are kept, so that none is paid for twice. A sample with a candidate that has no
    script keeps its row without that candidate; it will be unscored.
    """
    known = {} if bank else _complete(output, entries)
    faults: dict[str, str] = {}
    rows = dict(known)
    open_entries = [entry for entry in entries if entry.id not in known]
    if known:
        tell(
            f"{len(known)} of {len(entries)} samples were already done; to write them again, "
            f"delete {output}"
        )
    saved = time.monotonic()
    answers = _from_bank(open_entries, bank) if bank else _asked(open_entries, api_key, settings)
    for entry, scripts, why in answers:
        rows[entry.id] = generated_row(entry, scripts)
        if why:
            faults[entry.id] = why
            tell(f"{entry.id}: {why}")
        if time.monotonic() - saved > SAVE_SECONDS:
            write_json(output, [rows[e.id] for e in entries if e.id in rows])
            saved = time.monotonic()
    ordered = [rows[e.id] for e in entries]
    write_json(output, ordered)
    return ordered, faults


Answer = tuple[Entry, Sequence[Script | None], str]


def _complete(output: Path, entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Rows of an earlier run that still fit their entry and have every script."""
    if not output.exists():
        return {}
    by_id = {entry.id: entry for entry in entries}
    found = {}
    for question, row in zip(read_generated(output), read_generated_rows(output), strict=True):
        entry = by_id.get(question.id)
        if entry is not None and question.choices == entry.choices and not question.without_script:
            found[question.id] = row
    return found


def _from_bank(entries: Iterable[Entry], bank: Path) -> Iterable[Answer]:
    scripts = read_bank_scripts(bank)
    for entry in entries:
        try:
            chosen = bank_scripts(entry.choices, entry.domain or None, scripts)
        except UsageError as error:
            yield entry, [None] * len(entry.choices), str(error)
            continue
        without = [c for c, script in zip(entry.choices, chosen, strict=True) if script is None]
        names = ", ".join(map(repr, without))
        yield entry, chosen, f"no script for {names} in {bank}" if without else ""


def _asked(
    entries: Sequence[Entry], api_key: str | None, settings: dict[str, Any]
) -> Iterable[Answer]:
    if not entries:
        return
    requests = [ScriptRequest(e.id, e.choices, e.domain or None) for e in entries]
    by_id = {entry.id: entry for entry in entries}
    results = generate_scripts(
        requests,
        config=LLMConfig(**settings),
        api_key=SecretStr(api_key) if api_key else None,
    )
    for result in results:
        entry = by_id[result.request.id]
        if result.scripts is None:
            yield entry, [None] * len(entry.choices), result.error or "no script"
        else:
            yield entry, result.scripts, ""
