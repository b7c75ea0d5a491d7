"""What the `actalign subactions` commands print of scripts and of the requests for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from actalign.cli._subactions_options import with_scripts
from actalign.errors import counted

if TYPE_CHECKING:
    from rich.console import Console

    from actalign.scripts import LLMConfig, ScriptResult
    from actalign.scripts._bank import BankRecord
    from actalign.scripts._plan import PlannedRequest

LEAST_WIDTH = 16
"""Characters of a line that a script has at least."""


def print_scripts(
    console: Console, record: BankRecord, number: int, chosen: dict[str, tuple[str, ...]]
) -> None:
    """The chosen labels' steps in the wording of this number, counted from 1: a table, or several
    below each other, of as many labels as there is room for."""
    from rich.table import Table
    from rich.text import Text

    from actalign.scripts._answer import shared_steps

    shared = shared_steps(record.wordings()[number - 1])
    title = record.domain or "no domain"
    if record.prompt:
        title += f"  ({record.prompt} {record.prompt_version}, {record.model})"
    if record.rewordings:
        title += f", wording {number}"
    every, room = list(chosen.items()), max(1, console.width // LEAST_WIDTH)
    for some in (every[begin : begin + room] for begin in range(0, len(every), room)):
        table = Table(title=title if some[0] == every[0] else None, title_justify="left")
        table.add_column("", justify="right")
        for name, _ in some:
            table.add_column(Text(name), ratio=1, overflow="fold")
        for k in range(max(len(steps) for _, steps in some)):
            cells = []
            for _, steps in some:
                step = steps[k] if k < len(steps) else ""
                cells.append(Text(f"= {step}", "yellow") if step in shared else Text(step))
            table.add_row(str(k + 1), *cells)
        console.print(table)
    if shared:
        console.print(f"= {counted(len(shared), 'step')} worded alike in more than one script")


def print_plan(planned: list[PlannedRequest], total: int, config: LLMConfig) -> None:
    """The requests that a run of so many questions would send, and what they may cost."""
    for request in planned:
        print(f"--- {request.request.id} ({', '.join(request.request.labels)})")
        print(request.prompt)
    given = sum(request.input_tokens for request in planned)
    expected = sum(request.output_tokens for request in planned)
    cost = config.cost(given, expected)
    paid = "" if cost is None else f", about {cost:.4f} USD"
    print(
        f"{counted(len(planned), 'request')} for {counted(total, 'question')}, "
        f"about {given} tokens in and {expected} out{paid} (estimate)"
    )


def print_result(
    console: Console, result: ScriptResult, number: int, total: int, *, quiet: bool
) -> None:
    names = ", ".join(result.request.labels)
    if result.error is not None:
        of = "" if names in result.error else f" ({names})"
        console.print(f"{result.request.id}{of}: {result.error}", style="red")
    elif not quiet:
        how = f"{result.asked} asked" if result.asked else "kept from before"
        if result.record is not None and result.record.refinement is not None:
            how += f", {len(result.record.refinement.replaced)} steps replaced"
        console.print(f"[{number}/{total}] {result.request.id}: {names} ({how})")


def print_summary(
    console: Console,
    results: Sequence[ScriptResult],
    total: int,
    config: LLMConfig,
    bank: Path | None,
) -> None:
    from actalign.services import spent

    failed = sum(result.error is not None for result in results)
    new = any(result.asked for result in results)
    given = sum(result.input_tokens for result in results)
    written = sum(result.output_tokens for result in results)
    line = f"{with_scripts(len(results) - failed, total)}, {failed} failed"
    line += f"; {spent(given, written, config.cost(given, written))}" if new else ""
    console.print(line + (f": {bank}" if bank else ""))
