"""The `actalign subactions` commands: make scripts with a language model, read and check them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from actalign.cli._candidates import LabelOptions
from actalign.cli._grouped import grouped
from actalign.cli._kinds import SCRIPTS, check_no_other_kind
from actalign.cli._options import Quiet
from actalign.cli._show import console_of, print_json_text, shell_word
from actalign.cli._subactions_options import (
    KeyOptions,
    Questions,
    ServiceOptions,
    WritingOptions,
    requests_of,
)
from actalign.cli._subactions_show import print_plan, print_result, print_scripts, print_summary
from actalign.errors import UsageError, counted

if TYPE_CHECKING:
    from actalign.scripts import LLMConfig, ScriptResult

app = typer.Typer(no_args_is_help=True, help="Create, view and check scripts of sub-actions.")

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the prompts and a token estimate; send nothing.")
]
Scripts = Annotated[
    Path, typer.Argument(help="A script file (.yaml, .json) or a bank (.json, .parquet).")
]


@app.command()
@partial(grouped, writes=SCRIPTS)
def generate(
    asked: LabelOptions,
    service: ServiceOptions,
    writing: WritingOptions,
    key: KeyOptions,
    questions: Questions = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Bank to write or add to, .json or .parquet; by default the scripts are printed."
        ),
    ] = None,
    local_model: Annotated[
        str | None, typer.Option(help="Folder or hub id of a transformers chat model to run here.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Requests in flight.")] = 4,
    dry_run: DryRun = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again where stored answers were unusable.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Turn labels into scripts with a language model; finished ones are never paid for twice."""
    from actalign.scripts import generate_scripts
    from actalign.scripts._plan import plan_requests

    requests = requests_of(asked, questions)
    config = service.config(**asdict(writing), local_model=local_model, concurrency=concurrency)
    if dry_run:
        print_plan(plan_requests(requests, config=config, bank=out), len(requests), config)
        return
    run = generate_scripts(
        requests, config=config, bank=out, api_key=key.read(), retry_failed=retry_failed
    )
    _ask(run, len(requests), config, out, quiet=quiet)


@app.command()
@partial(grouped, in_place=True, writes=SCRIPTS)
def refine(
    scripts: Scripts,
    service: ServiceOptions,
    key: KeyOptions,
    out: Annotated[
        Path, typer.Option(help="Bank to write, .json or .parquet; may be the same file.")
    ],
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Have a language model replace steps that several candidates share or that any frame fits."""
    from actalign.scripts._bank import read_bank
    from actalign.scripts._refine import plan_refinement, refine_scripts

    total = len(read_bank(scripts))
    config = service.config()
    if dry_run:
        print_plan(plan_refinement(scripts, bank=out, config=config), total, config)
        return
    run = refine_scripts(scripts, bank=out, config=config, api_key=key.read())
    _ask(run, total, config, out, quiet=quiet)


def _ask(
    run: Iterator[ScriptResult],
    total: int,
    config: LLMConfig,
    bank: Path | None,
    *,
    quiet: bool,
) -> NoReturn:
    """Take the results as they come, print and keep them, and exit."""
    from actalign.scripts._bank import bank_json
    from actalign.scripts._generate import write_errors

    console = console_of(stderr=True)
    results: list[ScriptResult] = []
    interrupted = False
    try:
        with closing(run):  # type: ignore[type-var]
            for result in run:
                results.append(result)
                print_result(console, result, len(results), total, quiet=quiet)
    except KeyboardInterrupt:
        interrupted = True
    failed = [result for result in results if result.error is not None]
    errors = write_errors(bank, failed) if bank else None
    if bank is None:
        # Each record once, also where several requests share it.
        records = {one.record.key: one.record for one in results if one.record is not None}
        print_json_text(bank_json([*records.values()]).rstrip())
    if not quiet:
        print_summary(console, results, total, config, bank)
        if errors:
            console.print(f"errors: {errors}")
        if interrupted:
            console.print("interrupted; run the same command again to go on")
    raise typer.Exit(130 if interrupted else 1 if failed else 0)


@app.command()
def show(
    scripts: Scripts,
    labels: Annotated[str | None, typer.Option(help="Only these labels, comma-separated.")] = None,
) -> None:
    """Print scripts side by side; steps that candidates share are marked with =."""
    from actalign.scripts._bank import read_bank
    from actalign.scripts._labels import label_key, split_labels
    from actalign.scripts._shipped import shipped_scripts

    wanted = None if labels is None else set(map(label_key, split_labels(labels)))
    if not scripts.exists() and shipped_scripts([str(scripts)]):
        raise UsageError(
            f"There is no file {scripts}; `actalign subactions template --labels "
            f"{shell_word(scripts)}` prints the script of that name that ships."
        )
    console = console_of()
    shown = 0
    for record in read_bank(scripts):
        for number, worded in enumerate(record.wordings(), start=1):
            chosen = {
                name: worded[name]
                for name in record.candidates
                if name in worded and (wanted is None or label_key(name) in wanted)
            }
            if chosen:
                shown += 1
                print_scripts(console, record, number, chosen)
    if not shown:
        raise UsageError(f"{scripts} holds none of these labels: {labels}.")


@app.command()
def validate(scripts: Scripts) -> None:
    """Check a script file or bank: print a sentence per fault and exit with 1 if there is any."""
    from actalign.scripts._answer import script_faults
    from actalign.scripts._bank import read_bank, record_place
    from actalign.scripts._conversation import NO_DOMAIN

    if not scripts.exists():
        raise UsageError(f"There is no script file or bank {scripts}.")
    try:
        records = read_bank(scripts)
    except UsageError as error:
        print(*getattr(error, "__notes__", [error]), sep="\n")
        raise typer.Exit(1) from None
    faults = [
        f"{record_place(scripts, number, len(records))}"
        f"{f', wording {n}' if record.rewordings else ''}: {fault}"
        for number, record in enumerate(records, start=1)
        for n, worded in enumerate(record.wordings(), start=1)
        for fault in script_faults(
            worded,
            record.domain or NO_DOMAIN,
            min_steps=record.min_steps or 1,
            max_steps=record.max_steps,
        )
    ]
    for fault in faults:
        print(fault)
    if not records:
        print(f"{scripts} holds no scripts; write some, or see actalign subactions template.")
    elif not faults:
        count = sum(len(record.candidates) for record in records)
        held = f" in {len(records)} records" if len(records) > 1 else ""
        print(f"{scripts}: {counted(count, 'script')}{held}, all well.")
    raise typer.Exit(1 if faults or not records else 0)


@app.command(name="list")
def shipped(
    domain: Annotated[str | None, typer.Option(help="Only this domain.")] = None,
) -> None:
    """Print the actions whose scripts ship with the package and their other names, by domain."""
    from actalign.scripts._shipped import other_names, shipped_domains

    chosen = shipped_domains(domain)
    if not chosen:
        known = ", ".join(shipped_domains())
        raise UsageError(f"No scripts of {domain!r} ship; there are {known}.")
    for name, scripts in chosen.items():
        for script in sorted(scripts, key=lambda one: one.label):
            others = ", ".join(other_names(script))
            print(f"{name}: {script.label}" + (f" ({others})" if others else ""))


@app.command()
@partial(grouped, writes=SCRIPTS)
def template(
    asked: LabelOptions,
    out: Annotated[
        Path | None, typer.Option(help="File to write, .yaml; by default the template is printed.")
    ] = None,
    steps: Annotated[int, typer.Option(min=2, max=30, help="Lines to fill in per label.")] = 5,
) -> None:
    """Write a YAML script file to fill in by hand; labels with a shipped script are filled in."""
    from actalign.files import check_writable, write_text
    from actalign.scripts._shipped import script_template

    text = script_template(list(requests_of(asked, None)[0].labels), asked.domain, steps)
    if out is None:
        print(text, end="")
        return
    if out.exists():
        raise UsageError(f"{out} exists already; name another file, so that no work is lost.")
    if out.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(f"The template is YAML; name it like {out.stem}.yaml.")
    check_writable(out)
    write_text(out, text)
    console_of(stderr=True).print(f"fill in: {out}")


@app.command()
@partial(grouped, writes=SCRIPTS)
def merge(
    scripts: Annotated[
        list[Path],
        typer.Argument(help="Script files (.yaml, .json) or banks (.json, .parquet), in order."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="The script file to write, .yaml or .json; a file written by merge and not edited "
            "since is overwritten."
        ),
    ],
    shipped: Annotated[
        bool,
        typer.Option(
            "--shipped", help="Add the wordings of these labels that ship with the package."
        ),
    ] = False,
    domain: Annotated[
        str | None, typer.Option(help="Sport or field of the scripts that name none.")
    ] = None,
) -> None:
    """Merge scripts: those of the same label become its wordings, which are scored together."""
    from actalign.scripts._merge import (
        check_script_path,
        is_as_written,
        merge_scripts,
        read_scripts,
        several_domains,
        with_shipped,
        write_scripts,
    )

    if len(scripts) < 2 and not shipped:
        raise UsageError("A single script file can't be merged; give another one, or --shipped.")
    check_script_path(out)
    if not is_as_written(out):
        check_no_other_kind("--out", out)
    read = {path: read_scripts(path) for path in scripts}
    merged, notes = merge_scripts(read.values(), domain=domain), list[str]()
    if shipped:
        merged, notes = with_shipped(merged)
    write_scripts(merged, out, read)
    console = console_of(stderr=True)
    for note in (*notes, *several_domains(merged)):
        console.print(note)
    count = sum(len(script.wordings) for script in merged)
    console.print(f"scripts: {len(merged)}, wordings: {count}, in {out}")
