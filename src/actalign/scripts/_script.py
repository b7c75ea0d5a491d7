"""Scripts: reading them from files, checking them, and turning steps into texts to encode.

Files are JSON or YAML: `{"domain": "basketball", "scripts": {"jump shot": ["knees bent", ...]}}`,
a list of such, or the reference scripts' `generated_subactions.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from actalign.errors import UsageError
from actalign.types import Script

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ScriptFile(BaseModel):
    """One domain's scripts: label -> ordered steps. Other fields are provenance."""

    model_config = ConfigDict(extra="allow")

    domain: Text | None = None
    scripts: dict[Text, Annotated[list[Text], Field(min_length=1)]] = Field(min_length=1)


def load_scripts(path: str | Path) -> list[Script]:
    """Read a script file; see the module's docstring for the formats.

    Raises UsageError that names the file, the label and the step (counted from 1) that is wrong.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"The script file {path} can't be read: {reason}.") from error
    try:
        if path.suffix.lower() == ".json":
            data = json.loads(text)
        else:
            import yaml

            data = yaml.safe_load(text)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"The script file {path} is not valid JSON or YAML: {reason}.") from error
    return parse_scripts(data, source=str(path))


def parse_scripts(data: Any, *, source: str) -> list[Script]:
    """Check parsed JSON or YAML and return its scripts in order; ``source`` names it in errors."""
    blocks = data if isinstance(data, list) else [data]
    if not blocks:
        raise UsageError(f"The script file {source} is empty; give at least one script.")
    found: list[Script] = []
    for number, block in enumerate(blocks, start=1):
        where = f"{source}, block {number}" if isinstance(data, list) else source
        if isinstance(block, Mapping) and "subactions" in block and "scripts" not in block:
            # The reference's file: one object per question, its scripts under "subactions".
            block = _from_reference(block)
        if not isinstance(block, Mapping):
            raise UsageError(
                f"The script file {where} holds {type(block).__name__} instead of an object with "
                "'domain' and 'scripts'."
            )
        try:
            parsed = ScriptFile.model_validate(block)
        except ValidationError as error:
            raise UsageError(f"The script file {where}: {_explain(error)}") from None
        found += [
            Script(label=label, steps=tuple(steps), domain=parsed.domain)
            for label, steps in parsed.scripts.items()
        ]
    return found


def _from_reference(block: Mapping[str, Any]) -> dict[str, Any]:
    """One question of the reference's file, whose labels are like "dunk in basketball"."""
    domain, scripts = block.get("domain") or None, block["subactions"]
    if domain and isinstance(scripts, Mapping):
        suffix = f" in {domain}".casefold()
        scripts = {
            label[: -len(suffix)] if str(label).casefold().endswith(suffix) else label: steps
            for label, steps in scripts.items()
        }
    return {"domain": domain, "scripts": scripts}


def _explain(error: ValidationError) -> str:
    """One sentence for the first error, naming label and step."""
    fault = error.errors()[0]
    place = list(fault["loc"])
    message = fault["msg"].rstrip(".")
    if len(place) >= 2 and place[0] == "scripts":
        step = [p for p in place[2:] if isinstance(p, int)]
        where = f"label {str(place[1])!r}" + (f", step {step[0] + 1}" if step else "")
    else:
        where = f"field {'.'.join(map(str, place)) or 'top level'}"
    return f"{where} is wrong: {message}."


def scripts_for(
    labels: Sequence[str], scripts: Sequence[Script], *, domain: str | None = None
) -> tuple[list[Script], list[str]]:
    """The script of each label, in the labels' order, and the labels that have none.

    Matching ignores case and outer spaces; of several scripts of a label, that of ``domain`` is
    used. A label without a script gets a script of one step, its own name. Raises UsageError for no
    label, an empty one or one given twice.
    """
    if not labels:
        raise UsageError("There is no candidate; give at least one label.")
    names = [label.strip() for label in labels]
    seen: set[str] = set()
    for name in names:
        if not name:
            raise UsageError("A label is empty; remove it or name the action.")
        if name.casefold() in seen:
            raise UsageError(f"The label {name!r} is given twice; labels must differ.")
        seen.add(name.casefold())
    wanted = domain.strip().casefold() if domain else None
    chosen: list[Script] = []
    without: list[str] = []
    for name in names:
        matches = [s for s in scripts if s.label.strip().casefold() == name.casefold()]
        matches.sort(key=lambda s: (s.domain or "").casefold() != (wanted or ""))
        if matches:
            chosen.append(Script(name, matches[0].steps, domain or matches[0].domain))
        else:
            chosen.append(Script(name, (name,), domain))
            without.append(name)
    return chosen, without


def as_scripts(
    scripts: str | Path | Sequence[Script] | Mapping[str, Sequence[str]] | None,
) -> list[Script]:
    """Scripts in any of the accepted forms (a file, objects, {label: [step, ...]}) as a list."""
    if scripts is None:
        return []
    if isinstance(scripts, str | Path):
        return load_scripts(scripts)
    if isinstance(scripts, Mapping):
        return [Script(label, tuple(steps)) for label, steps in scripts.items()]
    return list(scripts)


def step_texts(script: Script, template: str) -> list[str]:
    """The K texts to encode, one per step, from a template with {label}, {domain}, {step}."""
    return [_fill(template, script, step=step) for step in script.steps]


def label_text(script: Script, template: str) -> str:
    """The one text of the mean-pool baseline, from a template with {label} and {domain}."""
    return _fill(template, script, step="")


def _fill(template: str, script: Script, *, step: str) -> str:
    """Fill in a template; without a domain, "in {domain}" or "{domain}" is left out."""
    if script.domain is None:
        template = template.replace(" in {domain}", "").replace("{domain} ", "")
        template = template.replace("{domain}", "")
    try:
        text = template.format(label=script.label.lower(), domain=script.domain, step=step)
    except (KeyError, IndexError, ValueError) as error:
        raise UsageError(
            f"The text template {template!r} is wrong ({error}); it may hold {{label}}, {{domain}} "
            "and {step} only."
        ) from None
    return " ".join(text.split())
