"""Groups of options as parameters of a verb.

A group is a dataclass whose fields are options and whose PANEL is their panel in the help.
`grouped` lets a verb take groups as parameters; Typer sees their fields.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Any, get_type_hints

from actalign.cli._kinds import check_no_other_kind
from actalign.errors import UsageError
from actalign.files import is_same_file

INPUT, CANDIDATES, MODEL, OUTPUT, MACHINES = "Input", "Candidates", "Model", "Output", "Machines"
SECOND_LOOK = "Second look"
WRITTEN = {"out", "table"}
"""Names of the options whose file a verb writes."""
PANELS = (INPUT, CANDIDATES, MODEL, SECOND_LOOK, OUTPUT, MACHINES)


def grouped(
    verb: Callable[..., Any], *, in_place: bool = False, writes: str | None = None
) -> Callable[..., Any]:
    """A verb whose groups are spread out into their options, for Typer.

    in_place: the file that it writes may be one that it reads. writes: what it writes, if that is
    of a kind that people write too, see `check_no_other_kind`.
    """
    hints = get_type_hints(verb, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(verb).parameters.items():
        if name in groups:
            parameters += _options_of(groups[name])
        else:
            parameters.append(
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
            )

    parameters.sort(key=_panel_place)

    @wraps(verb)
    def spread(**given: Any) -> Any:
        if not in_place:
            _check_kept(given, writes)
        for name, kind in groups.items():
            given[name] = kind(**{one.name: given.pop(one.name) for one in fields(kind)})
        return verb(**given)

    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {one.name: one.annotation for one in parameters}
    return spread


def _check_kept(given: dict[str, Any], writes: str | None) -> None:
    """Raise UsageError where a file to write is one that is read: a video, scripts, a table; or one
    that people write."""
    for name in WRITTEN & given.keys():
        for other, value in given.items():
            for one in value if isinstance(value, list) else [value]:
                if other not in WRITTEN and is_same_file(given[name], one):
                    raise UsageError(
                        f"--{name} is {given[name]}, which is read as {other.replace('_', ' ')} "
                        "and would be lost; name another file to write."
                    )
        if isinstance(given[name], Path):
            check_no_other_kind(f"--{name}", given[name], writes)


def _panel_place(parameter: inspect.Parameter) -> int:
    """Arguments and options of the verb itself first, then the panels in one order."""
    panel = parameter.annotation.__metadata__[0].rich_help_panel
    return PANELS.index(panel) + 1 if panel in PANELS else 0


def _options_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    found = []
    for one in fields(group):
        option = hints[one.name].__metadata__[0]
        option.rich_help_panel = option.rich_help_panel or group.PANEL
        found.append(
            inspect.Parameter(
                one.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=one.default,
                annotation=hints[one.name],
            )
        )
    return found
