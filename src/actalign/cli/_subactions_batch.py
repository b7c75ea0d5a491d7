"""The `actalign subactions batch` commands: scripts through OpenAI's Batch API."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from actalign.cli._candidates import LabelOptions
from actalign.cli._grouped import grouped
from actalign.cli._kinds import SCRIPTS
from actalign.cli._subactions_options import (
    KeyOptions,
    Questions,
    ServiceOptions,
    WritingOptions,
    requests_of,
    with_scripts,
)
from actalign.errors import counted

app = typer.Typer(
    no_args_is_help=True,
    help="Like generate, but through OpenAI's Batch API: submit, poll, collect.",
)

BankOut = Annotated[Path, typer.Option("--out", help="The bank, .json or .parquet.")]


@app.command()
@partial(grouped, writes=SCRIPTS)
def submit(
    out: BankOut,
    asked: LabelOptions,
    service: ServiceOptions,
    writing: WritingOptions,
    key: KeyOptions,
    questions: Questions = None,
) -> None:
    """Submit all open requests as one batch; safe to repeat after a crash."""
    from actalign.scripts import _batch

    config = service.config(**asdict(writing))
    requests = requests_of(asked, questions)
    state = _batch.submit(requests, config=config, bank=out, api_key=key.read())
    if state is None:
        failed = _batch.unusable(requests, config=config, bank=out)
        kept = f"; `actalign subactions generate` with the same options writes {out} at no cost"
        print(
            f"nothing to submit: every question is answered, {failed} unusably; `actalign "
            "subactions generate --retry-failed` with the same options asks these again"
            if failed
            else f"nothing to submit: every question is answered{'' if out.exists() else kept}"
        )
    else:
        print(f"batch {state.batch_id}: {counted(state.requests, 'request')} submitted")
        print(f"collect within a day: actalign subactions batch collect --out {out}")


@app.command()
@partial(grouped, writes=SCRIPTS)
def poll(out: BankOut, key: KeyOptions) -> None:
    """Print the batch's status; exits with 0 once it has ended, else with 1."""
    from actalign.scripts import _batch

    status = _batch.poll(out, api_key=key.read())
    print(
        f"batch {status.batch_id}: {status.status}, {status.completed} of {status.total} done, "
        f"{status.failed} failed"
    )
    for problem in status.problems:
        print(f"{problem}.")
    raise typer.Exit(0 if status.status in _batch.ENDED else 1)


@app.command()
@partial(grouped, writes=SCRIPTS)
def collect(out: BankOut, key: KeyOptions) -> None:
    """Fetch a batch's answers, check them and add the good scripts to the bank."""
    from actalign.scripts import _batch
    from actalign.scripts._generate import write_errors

    results = _batch.collect(out, api_key=key.read())
    failed = [result for result in results if result.error is not None]
    errors = write_errors(out, failed)
    for result in failed:
        print(f"{result.request.id}: {result.error}")
    print(f"{with_scripts(len(results) - len(failed), len(results))}: {out}")
    if errors:
        print(f"errors: {errors}")
    raise typer.Exit(1 if failed else 0)
