"""Empty texts, options in the place of values, candidates given twice, and addresses where paths
are taken: refused before anything else is made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand

from actalign.addresses import address_in
from actalign.errors import UsageError

EMPTY_IS_NONE = ("domain",)
"""Parameters that may be empty."""
ONCE = {
    "scripts": "`actalign subactions merge` makes one file of several",
    "labels": "put commas between labels",
}
"""Options whose first value nobody expects to lose when they are given twice; what to do instead.
Of other options the last value counts, so that an alias can be overridden."""


class _Checked(TyperCommand):
    """A command that raises UsageError for an empty text, as a path it would be this folder, for
    an option in the place of a value, and for candidates given twice."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """As Typer's, of what is not empty."""
        given, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for one, times in Counter(order).items():
            if times > 1 and one.name in ONCE:
                raise UsageError(
                    f"--{one.name} is given {times} times; give it once: {ONCE[one.name]}."
                )
        names = {name for one in self.params for name in one.opts if name.startswith("--")}
        for one in self.params:
            value = given.get(one.name)
            texts = value if isinstance(value, list | tuple) else [value]
            if one.opts[0] in names and (taken := [text for text in texts if text in names]):
                raise UsageError(
                    f"{max(one.opts, key=len)} has no value, since {taken[0]} is an option; give "
                    "a value after it, or leave it out."
                )
            empty = any(isinstance(text, str) and not text.strip() for text in texts)
            if empty and one.name not in EMPTY_IS_NONE:
                kind = get_type_hints(self.callback).get(one.name or "")
                what = "a file or a folder" if Path in (kind, *get_args(kind)) else "a value"
                name = max(one.opts, key=len)
                said = name if name.startswith("-") else name.upper()
                optional = "" if one.required else ", or leave it out"
                raise UsageError(f"{said} is empty; give {what}{optional}.")
        return super().parse_args(ctx, args)


def check_given(app: typer.Typer) -> None:
    """Let each verb raise UsageError for an empty text, for an option in the place of a value, for
    candidates given twice, and where one of its paths is an address."""
    for command in _commands(app):
        assert command.callback is not None
        command.cls, command.callback = _Checked, _refusing(command.callback)


def _commands(app: typer.Typer) -> Iterator[typer.models.CommandInfo]:
    yield from app.registered_commands
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance)


def _refusing(verb: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(verb)
    def checked(**given: Any) -> Any:
        for name, value in given.items():
            # `list_videos` says more of an address of a video.
            for one in value if isinstance(value, list) and name != "videos" else [value]:
                if isinstance(one, Path) and (address := address_in(one)) and not one.exists():
                    raise UsageError(
                        f"{address} is an address; name a file or folder on this machine for "
                        f"{name.replace('_', '-')}."
                    )
        return verb(**given)

    return checked
