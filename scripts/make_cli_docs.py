"""Write docs/cli.md from the commands themselves; with --check, fail where it is out of date."""

from __future__ import annotations

import typer
from generated_docs import write_or_check

from actalign.cli._main import app


def panel_of(parameter: object) -> str | None:
    """The heading that the help has a parameter under; None without one."""
    return getattr(parameter, "rich_help_panel", None)


def describe(command: object, name: str, parent: object = None) -> list[str]:
    """Markdown for a command and those below it."""
    lines = [f"## `{name}`", "", str(getattr(command, "help", None) or "").strip(), ""]
    examples = [line for line in str(command.epilog or "").split("\n\n") if line[:9] == "actalign "]  # type: ignore[attr-defined]
    if examples:
        lines += ["```bash", *examples, "```", ""]
    rows, panel = [], None
    panels = dict.fromkeys([None, *map(panel_of, command.params)])  # type: ignore[attr-defined]
    order = {one: n for n, one in enumerate(panels)}
    for parameter in sorted(command.params, key=lambda one: order[panel_of(one)]):  # type: ignore[attr-defined]
        if parameter.name == "help":
            continue
        if (group := panel_of(parameter)) != panel:
            panel = group
            rows.append(f"| **{panel}** | |")
        names = (
            ", ".join(f"`{flag}`" for flag in parameter.opts)
            if parameter.param_type_name == "option"
            else f"`{parameter.name.upper()}`"
        )
        about = " ".join(str(getattr(parameter, "help", None) or "").split())
        default = parameter.default
        if default is not None and not callable(default) and default not in (False, (), ""):
            about += f" Default: `{default}`."
        if parameter.required:
            about += " Required."
        rows.append(f"| {names} | {about.strip()} |")
    if rows:
        lines += ["| option | meaning |", "|---|---|", *rows, ""]
    commands = getattr(command, "commands", {})
    context = command.context_class(command, parent, name.split()[-1])  # type: ignore[attr-defined]
    for child in command.list_commands(context) if commands else ():  # type: ignore[attr-defined]
        lines += describe(commands[child], f"{name} {child}", context)
    return lines


def main() -> None:
    text = "\n".join(
        [
            "# Commands",
            "",
            "Made by `python scripts/make_cli_docs.py`; a test checks it.",
            "",
            *describe(typer.main.get_command(app), "actalign"),
        ]
    )
    write_or_check({"cli.md": text.rstrip() + "\n"})


if __name__ == "__main__":
    main()
