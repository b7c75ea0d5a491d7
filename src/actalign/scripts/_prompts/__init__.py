"""Versioned prompts that ship with the package, and your own prompt files.

A prompt is a text file that may begin with a block of settings:

    ---
    version: "1"
    min_steps: 6
    max_steps: 12
    ---
    The candidates of {domain} are: {labels} ...

`{labels}` is replaced by the numbered candidates, one per line, and is required. The other
placeholders are `{domain}`, `{count}` (of candidates), `{min_steps}` and `{max_steps}`. Other
braces are left alone. Without settings a prompt's version is the hash of its text, and it allows 2
to 30 steps.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from actalign.documents import one_line, parse_yaml, read_text
from actalign.errors import UsageError

PROMPTS = ("discriminative", "context-rich", "short-fixed")
PLACEHOLDERS = ("labels", "domain", "count", "min_steps", "max_steps")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's text and the number of steps it asks for. ``sha256`` is that of ``text``."""

    name: str
    version: str
    min_steps: int
    max_steps: int
    text: str
    sha256: str

    def render(self, domain: str, labels: Sequence[str]) -> str:
        """The text for one request; candidates are numbered from 1 in the order given."""
        values = {
            "labels": "\n".join(
                f"{m}. {one_line(label)}" for m, label in enumerate(labels, start=1)
            ),
            "domain": domain,
            "count": str(len(labels)),
            "min_steps": str(self.min_steps),
            "max_steps": str(self.max_steps),
        }
        return re.sub(r"\{([a-z_]+)\}", lambda m: values.get(m[1], m[0]), self.text)


def load_prompt(name: str | Path) -> Prompt:
    """A shipped prompt by name, or a prompt file by path.

    Raises UsageError if there is no such prompt or file, or if its settings are wrong.
    """
    if str(name) in PROMPTS:
        return _parse(shipped_text(str(name)), str(name), str(name))
    path = Path(name)
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        if path.exists():
            raise UsageError(f"The prompt file {path} can't be read as UTF-8 text.") from error
        raise UsageError(
            f"There is no prompt {str(name)!r}; use {', '.join(PROMPTS)}, or an existing file."
        ) from None
    return _parse(text, path.stem, f"The prompt file {path}")


def shipped_text(name: str) -> str:
    """The text of a file in this folder, which is named without its suffix."""
    return (files(__package__) / f"{name}.md").read_text(encoding="utf-8")


def _parse(text: str, name: str, source: str) -> Prompt:
    settings: dict[str, Any] = {}
    head = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if head:
        settings = _settings(head[1], source)
        text = text[head.end() :]
    text = text.strip() + "\n"
    if "{labels}" not in text:
        raise UsageError(f"{source} must contain {{labels}}, where the candidates are listed.")
    unknown = sorted(set(re.findall(r"\{([a-z_]+)\}", text)) - set(PLACEHOLDERS))
    if unknown:
        known = ", ".join(f"{{{p}}}" for p in PLACEHOLDERS)
        raise UsageError(f"{source} has the unknown placeholder {{{unknown[0]}}}; known: {known}.")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    limits = settings.get("min_steps") or "2", settings.get("max_steps") or "30"
    least, most = (int(text) if text.isdecimal() else 0 for text in map(str, limits))
    if not 1 <= least <= most:
        raise UsageError(
            f"{source}: min_steps and max_steps must be whole numbers, 1 <= min_steps <= max_steps."
        )
    return Prompt(
        name=name,
        version=str(settings.get("version") or sha256[:12]),
        min_steps=least,
        max_steps=most,
        text=text,
        sha256=sha256,
    )


def _settings(block: str, source: str) -> dict[str, Any]:
    reason = ""
    try:
        settings = parse_yaml(block) or {}
    except ValueError as error:
        settings, reason = None, f" ({error})"
    allowed = {"version", "min_steps", "max_steps"}
    if not isinstance(settings, dict) or not set(settings) <= allowed:
        raise UsageError(
            f"{source} begins with settings that can't be read{reason}; they are version, "
            "min_steps and max_steps, one per line, between two lines of ---."
        )
    return settings
