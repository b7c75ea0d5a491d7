"""Scripts: reading them from files, checking them, and finding that of each label.

Files are JSON or YAML: `{"domain": "basketball", "scripts": {"jump shot": ["knees bent", ...]}}`, a
list of such objects, or the reference scripts' `generated_subactions.json`. A label may have
several lists of steps, `{"jump shot": [["knees bent", ...], ["the legs bend", ...]]}`: its
wordings.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from actalign.arguments import as_path
from actalign.documents import composed, one_line, read_document, unwritable
from actalign.errors import UsageError, counted, reason_of
from actalign.scripts._labels import check_labels, label_key, plain_name
from actalign.types import Script

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FIELDS = ("domain", "scripts")
"""The fields of a script file that are read; others are provenance."""

PASTED = "the page of `actalign serve` takes a pasted list"
"""What to do with a list that is no script file."""


def writable(text: str) -> str:
    """The text, or an error for pydantic if it holds a character of UNWRITABLE."""
    if (wrong := unwritable(text)) is not None:
        what = f"it holds {wrong}; leave it out"
        raise PydanticCustomError("unwritable", "{what}", {"what": what})
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    AfterValidator(composed),
    AfterValidator(writable),
]

ScriptsGiven = (
    str
    | Path
    | Sequence[Script]
    | Mapping[str, Script]
    | Mapping[str, Sequence[str] | Sequence[Sequence[str]]]
)
"""A script file, scripts, {label: script} as `shipped_scripts` gives it, or {label: steps} where a
label may have several lists of steps."""
Steps = Annotated[list[Text], Field(min_length=1)]


def _kind(steps: Any) -> str:
    nested = isinstance(steps, list) and any(isinstance(one, list) for one in steps)
    return "wordings" if nested else "steps"


StepsOrWordings = Annotated[
    Annotated[Steps, Tag("steps")] | Annotated[list[Steps], Field(min_length=1), Tag("wordings")],
    Discriminator(_kind),
]


class ScriptFile(BaseModel):
    """One domain's scripts: label -> ordered steps, or several wordings of them.

    Other fields are provenance.
    """

    model_config = ConfigDict(extra="allow")

    domain: Text | None = None
    scripts: dict[Text, StepsOrWordings] = Field(min_length=1)


def load_scripts(path: str | Path) -> list[Script]:
    """Read a script file; docs/subactions.md has the formats.

    Raises UsageError that names the file, the label and the step (counted from 1) that is wrong.
    """
    data = read_script_file(path)
    return parse_scripts(data, source=str(path))


def read_script_file(path: str | Path) -> Any:
    """The JSON or YAML of a script file, unchecked; raises UsageError that names the file."""
    try:
        return read_document(as_path(path, "script file"))
    except OSError as error:
        raise UsageError(f"The script file {path} can't be read: {reason_of(error)}.") from error
    except ValueError as error:
        said = f"The script file {path} is not valid JSON or YAML: {error}"
        pasted = "" if Path(path).suffix.lower() in (".json", ".yaml", ".yml") else f"; {PASTED}"
        raise UsageError(f"{said}{pasted}.") from error


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
                f"The script file {where} {_held(block)} instead of actions, indented, below a "
                "line 'scripts:'; `actalign subactions template` writes such a file to fill in, "
                f"and {PASTED}."
            )
        _check_keys(block, where)
        if isinstance(labels := block.get("scripts"), Mapping):
            check_labels(map(str, labels), f"The script file {where}: ")
        try:
            parsed = ScriptFile.model_validate(block)
        except ValidationError as error:
            raise _with_notes(where, [_explain(fault) for fault in error.errors()]) from None
        found += [_script(label, steps, parsed.domain) for label, steps in parsed.scripts.items()]
    return found


def _with_notes(where: str, faults: Sequence[str]) -> UsageError:
    """An error that says the first fault; if there are more, its notes list them all."""
    every = list(dict.fromkeys(f"The script file {where}: {fault}" for fault in faults))
    if len(every) == 1:
        return UsageError(every[0])
    rest = (
        f"{counted(len(every) - 1, 'more fault')}; `actalign subactions validate` lists them all."
    )
    error = UsageError(f"{every[0]} {rest}")
    for one in every:
        error.add_note(one)
    return error


def _held(block: object) -> str:
    return "holds nothing" if block is None else f"holds {_short(block)}"


def _short(value: object) -> str:
    text = one_line(value)
    return repr(text if len(text) <= 40 else text[:40] + "...")


def _check_keys(block: Mapping[str, Any], where: str) -> None:
    """Raise UsageError for a field that is missing or misspelt, and would be ignored silently."""
    for key in map(str, block):
        close = difflib.get_close_matches(key, FIELDS, 1, 0.8)
        if key not in FIELDS and close:
            raise UsageError(
                f"The script file {where} has the field {key!r}; did you mean {close[0]!r}?"
            )
    if "scripts" not in block:
        how = "indented, below a line 'scripts:'"
        if where.endswith(".json"):
            how = 'as {"scripts": {"an action": ["a step", "another step"]}}'
        raise UsageError(
            f"The script file {where} has no field 'scripts'; write the actions, {how}."
        )


def _script(
    label: str, steps: Sequence[str] | Sequence[Sequence[str]], domain: str | None = None
) -> Script:
    """A script with one list of steps, or with several, its wordings."""
    given: Any = steps  # Script checks them
    if isinstance(given, Sequence) and given and all(isinstance(s, list | tuple) for s in given):
        return Script(label, given[0], domain, tuple(given[1:]))
    return Script(label, given, domain)


def _from_reference(block: Mapping[str, Any]) -> dict[str, Any]:
    """One question of the reference's file, whose labels are like "dunk in basketball"."""
    domain, scripts = block.get("domain") or None, block["subactions"]
    if domain and isinstance(scripts, Mapping):
        suffix = " in " + label_key(str(domain))
        named = {one_line(composed(str(label))): of for label, of in scripts.items()}
        scripts = {
            label[: -len(suffix)] if label_key(label).endswith(suffix) else label: steps
            for label, steps in named.items()
        }
    return {"domain": domain, "scripts": scripts}


def _explain(fault: ErrorDetails) -> str:
    """One sentence for an error, naming label and step, and what to do."""
    place, held = list(fault["loc"]), fault["input"]
    if len(place) < 2 or place[0] != "scripts":
        where = f"field {'.'.join(map(str, place))!r} {_held(held)}"
        if fault["type"] in ("dict_type", "too_short"):
            return f"{where}; write each action's name below it, and its steps below the name."
        return f"{where}: {fault['msg'].rstrip('.')}."
    numbers = [p for p in place[2:] if isinstance(p, int)]
    names = ("wording", "step") if "wordings" in place[2:] else ("step",)
    counted = [f", {name} {n + 1}" for name, n in zip(names, numbers, strict=False)]
    where = f"label {str(place[1])!r}" + "".join(counted)
    if held is None or held == [] or (isinstance(held, str) and not held.strip()):
        what = "empty; write what a camera sees" if numbers else "without steps; give at least one"
        return f"{where} is {what}."
    if fault["type"] == "unwritable":
        return f"{where}: {fault['msg']}."
    if isinstance(held, Mapping) and len(held) == 1:
        said = ": ".join(f"{one}" for one in next(iter(held.items())))
        return (
            f"{where} has a colon, which YAML reads as a field; put it in quotes: {_quoted(said)}."
        )
    if fault["type"] == "list_type":
        return f"{where} is {_short(held)}, not a list; write each step on its own line after '- '."
    return f"{where} is {_short(held)}, not a text; put it in quotes."


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def scripts_for(
    labels: Sequence[str], scripts: Sequence[Script], *, domain: str | None = None
) -> tuple[list[Script], list[str]]:
    """The script of each label, in the labels' order, and the labels that have none.

    Matching is by `label_key`; a label that matches none that way takes the script of the only
    label with the same `plain_name`, unless that is another of the labels. If a label has several
    scripts, that of ``domain`` is used. A label without a script gets a script of one step, its own
    name. Raises UsageError if there is no label, or if one is empty or given twice.
    """
    if not labels:
        raise UsageError("There are no candidates; give at least one label.")
    check_labels(labels)
    names = [composed(label).strip() for label in labels]
    wanted, keys = label_key(domain or ""), set(map(label_key, names))
    chosen: list[Script] = []
    without: list[str] = []
    for name in names:
        matches = [s for s in scripts if label_key(s.label) == label_key(name)]
        if not matches:
            alike = [s for s in scripts if plain_name(s.label) == plain_name(name)]
            others = {label_key(s.label) for s in alike}
            matches = alike if len(others) == 1 and not others & keys else []
        matches.sort(key=lambda s: label_key(s.domain or "") != wanted)
        if matches:
            chosen.append(replace(matches[0], label=name, domain=domain or matches[0].domain))
        else:
            chosen.append(Script(name, (name,), domain))
            without.append(name)
    return chosen, without


def as_scripts(
    scripts: ScriptsGiven | None,
) -> list[Script]:
    """Scripts in any of the accepted forms (a file, objects, {label: [step, ...] or Script}) as a
    list.

    Raises UsageError for anything else.
    """
    if scripts is None:
        return []
    if isinstance(scripts, str) and not scripts.strip():
        raise UsageError("The script file's name is empty; give one, or leave the scripts out.")
    if isinstance(scripts, str | Path):
        return load_scripts(scripts)
    if isinstance(scripts, Mapping):
        return [
            replace(steps, label=label) if isinstance(steps, Script) else _script(label, steps)
            for label, steps in scripts.items()
        ]
    listed: list[Any] = [scripts]
    if isinstance(scripts, Iterable) and not isinstance(scripts, bytes):
        listed = list(scripts)
    for one in listed:
        if not isinstance(one, Script):
            raise UsageError(
                f"The scripts hold {_short(one)}, which is not a script; give a script file, a "
                "list of Script(label, steps), or {label: [step, ...]}."
            )
    return listed


def with_wordings(script: Script, most: int | None) -> Script:
    """The script with at most its first ``most`` wordings; None keeps all."""
    if most is None or len(script.rewordings) < most:
        return script
    return replace(script, rewordings=script.rewordings[: most - 1])
