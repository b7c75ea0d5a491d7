"""Merge scripts of several authors: those of the same action become its wordings."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from actalign import __version__
from actalign.documents import escaped, read_text
from actalign.errors import UsageError
from actalign.files import check_writable, write_text
from actalign.scripts._bank import read_bank_scripts
from actalign.scripts._conversation import NO_DOMAIN
from actalign.scripts._labels import label_key, labels_of
from actalign.scripts._script import ScriptsGiven, as_scripts, read_script_file
from actalign.scripts._shipped import ambiguous_notes, shipped_scripts
from actalign.types import Script

_Wordings = set[tuple[str, str, tuple[str, ...]]]
"""Label, domain and steps of wordings."""


def merge_scripts(several: Iterable[ScriptsGiven], *, domain: str | None = None) -> list[Script]:
    """One script per label, with all its wordings in the order of ``several``, each once.

    several: script files or banks, lists of `Script`, or {label: [step, ...]}. domain: of scripts
    that name none. Labels and domains that differ only in case or white space are the same; the
    first spelling is kept. Scripts of different domains stay separate; one without a domain joins
    the one of its label that has a domain, if there is only one such domain. So what two people or
    language models wrote is scored together, as the mean over their wordings. Raises UsageError for
    a file that can't be read, is invalid or has no script, and for anything that is not a list of
    these.
    """
    one = isinstance(several, str | Path | Mapping) or not isinstance(several, Iterable)
    listed = [] if one else list(several)
    if not listed or None in listed:
        raise UsageError(
            f"The scripts to merge are {several!r}; give a list of script files, or of lists of "
            "scripts."
        )
    scripts = [script for given in listed for script in read_scripts(given)]
    labels = {label_key(label): label for label in labels_of(scripts)}
    domains: dict[str, str] = {}
    of_label: dict[str, dict[str, None]] = {}
    keyed = []
    for script in scripts:
        named = (script.domain or domain or "").strip()
        label, field = label_key(script.label), label_key(named)
        if field and field != NO_DOMAIN:
            domains.setdefault(field, named)
            of_label.setdefault(label, {})[field] = None
        keyed.append((label, field if field in domains else "", script))
    wordings: dict[tuple[str, str], dict[tuple[str, ...], None]] = {}
    for label, field, script in keyed:
        known = of_label.get(label, {})
        key = next(iter(known)) if not field and len(known) == 1 else field
        lists = dict.fromkeys(script.step_lists)
        wordings.setdefault((label, key), {}).update(lists)
    return [
        Script(labels[label], next(iter(lists)), domains.get(field), tuple(lists)[1:])
        for (label, field), lists in wordings.items()
    ]


def read_scripts(given: ScriptsGiven) -> list[Script]:
    """The scripts of a file, bank or other form; raises UsageError, also for a file without any."""
    if not isinstance(given, str | Path):
        return as_scripts([given] if isinstance(given, Script) else given)
    scripts = read_bank_scripts(given)
    if not scripts:
        raise UsageError(f"{given} holds no script; give at least one, or leave it out.")
    return scripts


def with_shipped(scripts: Sequence[Script]) -> tuple[list[Script], list[str]]:
    """The scripts, each with the shipped wordings of its label, and sentences on labels without
    any."""
    found: list[Script] = []
    without: list[str] = []
    notes: list[str] = []
    for script in scripts:
        shipped = shipped_scripts([script.label], script.domain)
        several = ambiguous_notes([script.label], script.domain)
        notes += several
        if not shipped and not several:
            field = f" ({script.domain})" if script.domain else ""
            without.append(f"{script.label!r}{field}")
        found += merge_scripts([[script], list(shipped.values())])
    if without:
        notes.append(f"no scripts ship for {', '.join(without)}")
    # One without a domain has that of what ships now, and may be another one's label there.
    return merge_scripts([found]), notes


def several_domains(scripts: Sequence[Script]) -> list[str]:
    """A sentence for each label that has scripts in several domains."""
    domains: dict[str, list[str]] = {}
    for script in scripts:
        domains.setdefault(script.label, []).append(script.domain or "no domain")
    return [
        f"{label!r} has scripts in several domains ({', '.join(named)}); where it is a candidate, "
        "--domain says which is meant"
        for label, named in domains.items()
        if len(named) > 1
    ]


def check_script_path(path: Path) -> None:
    """Raise UsageError unless a script file, YAML or JSON by its suffix, can be written there."""
    if path.suffix.lower() not in (".json", ".yaml", ".yml"):
        raise UsageError(
            f"Scripts are written as .yaml or .json; the file's name is {path.name!r}."
        )
    check_writable(path)


def write_scripts(
    scripts: Sequence[Script], path: Path, read: Mapping[Path, Sequence[Script]]
) -> None:
    """Write a script file atomically, YAML or JSON by its suffix, with one block per domain.

    read: the files that the scripts were merged from. Each block also gets its `sources`, the first
    file that has each wording, and the `sha256` of all blocks, which `is_as_written` checks.
    """
    held = {
        escaped(str(file)): {
            (label_key(one.label), label_key(one.domain or ""), steps)
            for one in found
            for steps in one.step_lists
        }
        for file, found in read.items()
    }
    blocks: dict[str | None, dict[str, Script]] = {}
    for script in scripts:
        blocks.setdefault(script.domain, {})[script.label] = script
    often = Counter(label_key(one.label) for one in scripts)
    sources = {one: _sources(one, held, often[label_key(one.label)] == 1) for one in scripts}
    data = [_block(domain, block, sources) for domain, block in blocks.items()]
    digest = _digest(data)
    data = [{**block, "sha256": digest} for block in data]
    write_text(path, _text(data[0] if len(data) == 1 else data, path))


def is_as_written(path: Path) -> bool:
    """Whether a file is as `write_scripts` wrote it, so that replacing it loses nobody's work."""
    try:
        data = read_script_file(path)
    except UsageError:
        return False
    blocks = data if isinstance(data, list) else [data]
    if not all(isinstance(block, dict) for block in blocks):
        return False
    same = read_text(path) == _text(data, path)  # not if somebody added a comment, say
    digests = {str(block.pop("sha256", None)) for block in blocks}
    return same and digests == {_digest(blocks)}


def _text(data: object, path: Path) -> str:
    if path.suffix.lower() == ".json":
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    text: str = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=1000)
    return text


def _digest(blocks: Sequence[Mapping[str, object]]) -> str:
    return hashlib.sha256(json.dumps(blocks, default=repr).encode()).hexdigest()


def _block(
    domain: str | None, scripts: Mapping[str, Script], sources: Mapping[Script, list[str]]
) -> dict[str, Any]:
    """A block of a script file: a label with one wording has a list of steps, others have
    several."""
    lists = {label: [list(steps) for steps in one.step_lists] for label, one in scripts.items()}
    return {
        **({"domain": domain} if domain else {}),
        "scripts": {label: all_ if len(all_) > 1 else all_[0] for label, all_ in lists.items()},
        "sources": {label: sources[one] for label, one in scripts.items()},
    }


def _sources(script: Script, held: Mapping[str, _Wordings], only: bool) -> list[str]:
    """For each wording, the first file that has it, or the actalign version that ships it.

    only: no other script has the label, so wordings without a domain have joined this one.
    """
    label, domains = label_key(script.label), {label_key(script.domain or "")}
    if only:
        domains |= {"", NO_DOMAIN}
    found = []
    for steps in script.step_lists:
        named = (n for n, there in held.items() if any((label, d, steps) in there for d in domains))
        found.append(next(named, f"actalign {__version__}"))
    return found
