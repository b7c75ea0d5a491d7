"""`actalign doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

from dataclasses import asdict

import typer

from actalign.cli._options import AsJsonList

STYLES = {"ok": "green", "absent": "dim", "warning": "yellow", "broken": "red"}


def doctor(
    as_json: AsJsonList = False,
) -> None:
    """Show what works here and what to do about the rest; exits with 1 if a needed part fails."""
    from rich.console import Console
    from rich.text import Text

    from actalign.cli._checks import diagnose
    from actalign.cli._show import print_json

    checks = diagnose()
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        console = Console(highlight=False, soft_wrap=True)
        for check in checks:
            line = Text(f"{check.status:8}", style=STYLES[check.status])
            console.print(line.append(f" {check.name:15} {check.found}", style="not dim default"))
            if check.fix:
                console.print(Text(f"{'':24} -> {check.fix}"))
    raise typer.Exit(1 if any(check.status == "broken" for check in checks) else 0)
