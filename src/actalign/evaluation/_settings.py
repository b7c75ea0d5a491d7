"""`settings.yaml`: how clips are scored, chosen by `actalign eval tune` and read by `--settings`.

Its keys are the names of options; an option that is given takes precedence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from actalign.alignment._similarity import check_smoothing
from actalign.arguments import parse_fps
from actalign.documents import parse_yaml, read_text
from actalign.errors import UsageError, reason_of
from actalign.evaluation._config import check_scorers
from actalign.files import write_text
from actalign.scripts._templates import check_template

KEYS = ("model", "scorer", "background", "smoothing", "fps", "step_template", "wordings")


def _wordings(text: str) -> None:
    if int(text) < 1:
        raise ValueError


CHECKS: dict[str, tuple[Callable[[str], object], str]] = {
    "scorer": (partial(check_scorers, looks=True), ""),
    "smoothing": (lambda text: check_smoothing(float(text)), "give 0 or more seconds"),
    "fps": (parse_fps, "give a number above 0, or 'all'"),
    "step_template": (
        partial(check_template, needed="step"),
        "give a text with {step}, which may also contain {label} and {domain}",
    ),
    "wordings": (_wordings, "give a whole number of 1 or more"),
}
"""What raises UsageError or ValueError for a wrong value, and what to do then; "" where the error
says it. Models and files name themselves."""


def read_settings(path: Path) -> dict[str, str]:
    """The settings by the names of their options; raises UsageError that names what is wrong."""
    try:
        found = parse_yaml(read_text(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"The settings {path} can't be read: {reason_of(error)}.") from None
    if not isinstance(found, dict):
        raise UsageError(f"The settings {path} must hold a mapping, such as 'scorer: dtw'.")
    for name, value in found.items():
        if name not in KEYS:
            raise UsageError(
                f"The settings {path} have the unknown key {name!r}; known are {', '.join(KEYS)}."
            )
        if not isinstance(value, str):
            raise UsageError(f"The value of {name} in {path} must be a text or a number.")
        check, advice = CHECKS.get(name, (str, ""))
        try:
            check(value)
        except (UsageError, ValueError) as error:
            wrong = f"is {value!r}; {advice}." if advice else f"is wrong: {error}"
            raise UsageError(f"The {name} in {path} {wrong}") from None
    return found


def settings_name(path: Path) -> str:
    """What a row says about the file: its name and a hash of its settings."""
    said = json.dumps(sorted(read_settings(path).items()))
    return f"{path.name} ({hashlib.sha256(said.encode()).hexdigest()[:8]})"


def write_settings(path: Path, settings: Mapping[str, object], remarks: str) -> None:
    """Write the file with ``remarks`` as comments above the settings."""
    lines = [f"# {line}".rstrip() for line in remarks.splitlines()]
    # JSON strings are also YAML, and keep a text that looks like a number a text.
    lines += [f"{name}: {json.dumps(settings[name])}" for name in KEYS if name in settings]
    write_text(path, "\n".join(lines) + "\n")
