"""Scripts of several authors together: those of one action become its wordings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from actalign.errors import UsageError
from actalign.files import check_writable, write_text
from actalign.scripts._bank import BankRecord, bank_json
from actalign.scripts._script import ScriptsGiven, as_scripts, label_key
from actalign.scripts._shipped import shipped_scripts
from actalign.types import Script


def merge_scripts(several: Iterable[ScriptsGiven]) -> list[Script]:
    """One script of each label, with all its wordings: ``several`` one after another, each once.

    several: script files, lists of `Script`, or {label: [step, ...]}. Labels are one if they differ
    in case or outer spaces only; the first spelling stays. Scripts of different domains stay apart;
    one without a domain goes with that of its label that has one, if only one domain has. So what
    two people or language models wrote is scored together, as the mean over their wordings.
    Raises UsageError as reading scripts does.
    """
    scripts = [script for given in several for script in as_scripts(given)]
    domains: dict[str, dict[str, str]] = {}
    for script in scripts:
        if script.domain:
            known = domains.setdefault(label_key(script.label), {})
            known.setdefault(label_key(script.domain), script.domain)
    merged: dict[tuple[str, str], Script] = {}
    for script in scripts:
        label = label_key(script.label)
        known = domains.get(label, {})
        domain = script.domain or (next(iter(known.values())) if len(known) == 1 else None)
        key = label, label_key(domain or "")
        first = merged.get(key)
        lists = (*((first.steps, *first.rewordings) if first else ()), script.steps)
        steps, *others = dict.fromkeys((*lists, *script.rewordings))
        merged[key] = Script(first.label if first else script.label, steps, domain, tuple(others))
    return list(merged.values())


def with_shipped(scripts: Sequence[Script]) -> tuple[list[Script], list[str]]:
    """The scripts, each with the wordings that ship of its label; and the labels that have none."""
    merged: list[Script] = []
    without: list[str] = []
    for script in scripts:
        shipped = list(shipped_scripts([script.label], script.domain).values())
        merged += merge_scripts([[script], shipped])
        without += [] if shipped else [script.label]
    return merged, without


def check_script_path(path: Path) -> None:
    """Raise UsageError unless a script file can be written there, in YAML or JSON by its name."""
    if path.suffix.lower() not in (".json", ".yaml", ".yml"):
        raise UsageError(f"Scripts are written as .yaml or .json, unlike {path.name!r}.")
    check_writable(path)


def write_scripts(scripts: Sequence[Script], path: Path) -> None:
    """Write a script file, YAML or JSON by its name, a block a domain; whole or not at all."""
    blocks: dict[str | None, dict[str, Script]] = {}
    for script in scripts:
        blocks.setdefault(script.domain, {})[script.label] = script
    if path.suffix.lower() == ".json":
        records = [
            BankRecord(
                domain=domain,
                candidates=tuple(block),
                scripts={label: one.steps for label, one in block.items()},
                rewordings={
                    label: one.rewordings for label, one in block.items() if one.rewordings
                },
            )
            for domain, block in blocks.items()
        ]
        write_text(path, bank_json(records))
        return
    data = [_block(domain, block) for domain, block in blocks.items()]
    one = data[0] if len(data) == 1 else data
    write_text(path, yaml.safe_dump(one, allow_unicode=True, sort_keys=False, width=1000))


def _block(domain: str | None, scripts: Mapping[str, Script]) -> dict[str, object]:
    """A block of a script file: a label of one wording has a list of steps, others have lists."""
    lists = {
        label: [list(steps) for steps in (one.steps, *one.rewordings)]
        for label, one in scripts.items()
    }
    held = {label: all_ if len(all_) > 1 else all_[0] for label, all_ in lists.items()}
    return {**({"domain": domain} if domain else {}), "scripts": held}
