"""Scripts without a language model: those that ship with the package, and a template file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from actalign.documents import parse_yaml
from actalign.scripts._script import label_key, parse_scripts
from actalign.types import Script


@cache
def _common_scripts() -> tuple[tuple[tuple[str, ...], Script], ...]:
    text = (files("actalign.scripts") / "shipped.yaml").read_text(encoding="utf-8")
    blocks = parse_yaml(text)
    return tuple(
        (tuple(map(_plain, (block["domain"], *block.get("also", ())))), script)
        for block in blocks
        for script in parse_scripts(block, source="the shipped bank")
    )


def shipped_scripts(labels: Sequence[str], domain: str | None = None) -> dict[str, Script]:
    """The scripts that ship with the package, for those of ``labels`` that have one.

    Keys are the labels as given. Case, hyphens and outer spaces don't matter ("Push-up" finds
    "push up"). With a domain, the script's own domain or one of its synonyms must match; without
    one, the label must occur in one domain only.
    """
    wanted = _plain(domain) if domain else None
    found: dict[str, Script] = {}
    for label in labels:
        matches = [
            script
            for domains, script in _common_scripts()
            if _plain(script.label) == _plain(label) and (wanted is None or wanted in domains)
        ]
        if len(matches) == 1:
            steps = matches[0].steps
            found[label] = Script(label.strip(), steps, domain or matches[0].domain)
    return found


def shipped_domains() -> dict[str, list[Script]]:
    """All scripts that ship with the package, by domain, in their order."""
    found: dict[str, list[Script]] = {}
    for _, script in _common_scripts():
        found.setdefault(script.domain or "", []).append(script)
    return found


def script_template(labels: Sequence[str], domain: str | None, steps: int) -> str:
    """A YAML script file to be filled in by hand; shipped scripts are already in it.

    A step that is not filled in is empty, and `load_scripts` names it in an error.
    """
    shipped = shipped_scripts(labels, domain)
    lines = [
        "# Scripts: each action as an ordered list of steps, each what a camera sees.",
        "# Write each step as a phrase of 6 to 14 words; add or remove lines as needed.",
        "# Where two actions look alike, write what differs (grip, height, direction, object).",
        f"domain: {json.dumps(domain or 'human action', ensure_ascii=False)}",
        "scripts:",
    ]
    for label in labels:
        lines.append(f"  {json.dumps(label, ensure_ascii=False)}:")
        if label in shipped:
            lines.append("    # from the scripts that ship with actalign; edit as you like")
            lines += [f"    - {json.dumps(step)}" for step in shipped[label].steps]
            continue
        for k in range(1, steps + 1):
            hint = {1: "setup: posture, grip and place before it starts", steps: "how it ends"}
            lines.append(f'    - ""  # {hint.get(k, "the next visible phase")}')
    return "\n".join(lines) + "\n"


def _plain(name: str) -> str:
    return " ".join(label_key(name).replace("-", " ").split())
