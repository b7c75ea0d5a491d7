"""Addresses given to a verb that takes paths: refused before pathlib's form of them is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import typer

from actalign.addresses import address_in
from actalign.errors import UsageError


def refuse_addresses(app: typer.Typer) -> None:
    """Let each verb raise UsageError where one of its paths is an address."""
    for command in _commands(app):
        assert command.callback is not None
        command.callback = _refusing(command.callback)


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
