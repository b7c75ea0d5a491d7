"""The `actalign subactions` commands: make scripts with a language model, look at and check them.

`cli` mounts ``app``. Each command is a short function that prints what the package returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actalign.errors import UsageError

if TYPE_CHECKING:
    from pydantic import SecretStr
    from rich.console import Console

    from actalign.generation import Question, ScriptResult
    from actalign.llm import LLMConfig
    from actalign.script_bank import BankRecord

app = typer.Typer(no_args_is_help=True, help="Make, look at and check sub-action scripts.")
batch = typer.Typer(
    no_args_is_help=True, help="The same through OpenAI's Batch API: submit, poll, collect."
)
app.add_typer(batch, name="batch")

Labels = Annotated[str | None, typer.Option(help="Candidate labels, comma-separated.")]
LabelsFile = Annotated[Path | None, typer.Option(help="Candidate labels, one a line.")]
Domain = Annotated[str | None, typer.Option(help="Sport or field, e.g. basketball.")]
Questions = Annotated[
    Path | None, typer.Option(help='JSON or JSON Lines of {"id", "labels", "domain"}.')
]
Model = Annotated[str, typer.Option("--llm-model", help="The service's name of the model.")]
BaseUrl = Annotated[
    str | None, typer.Option(help="An OpenAI-compatible service, e.g. http://127.0.0.1:8080/v1.")
]
Temperature = Annotated[float, typer.Option(min=0, max=2, help="0 to 2.")]
PromptName = Annotated[
    str, typer.Option("--prompt", help="discriminative, context-rich, short-fixed or a file.")
]
KeyFile = Annotated[
    Path | None, typer.Option(help="File that holds the key; else OPENAI_API_KEY is used.")
]
InputPrice = Annotated[float | None, typer.Option(min=0, help="USD per million input tokens.")]
OutputPrice = Annotated[float | None, typer.Option(min=0, help="USD per million output tokens.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the service, per try.")]
BankOut = Annotated[Path, typer.Option("--out", help="The bank, .json or .parquet.")]
Scripts = Annotated[Path, typer.Argument(help="A bank (.json, .parquet) or a script file (.yaml).")]

DEFAULT_LLM = "gpt-4o-2024-08-06"


@app.command()
def generate(
    labels: Labels = None,
    labels_file: LabelsFile = None,
    domain: Domain = None,
    questions: Questions = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The bank, .json or .parquet, added to if it exists; else printed."),
    ] = None,
    llm_model: Model = DEFAULT_LLM,
    base_url: BaseUrl = None,
    local_model: Annotated[
        str | None, typer.Option(help="Folder or hub id of a transformers chat model to run here.")
    ] = None,
    temperature: Temperature = 0.2,
    prompt: PromptName = "discriminative",
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Requests in flight.")] = 4,
    timeout: Timeout = 60.0,
    api_key_file: KeyFile = None,
    input_price: InputPrice = None,
    output_price: OutputPrice = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the prompts and a token estimate; ask nothing.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask anew where kept answers were unusable.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Turn labels into scripts with a language model; what is done is kept and never paid twice."""
    from actalign.generation import generate_scripts, write_errors
    from actalign.llm import LLMConfig
    from actalign.script_bank import bank_json

    asked_for = _questions(labels, labels_file, domain, questions)
    config = LLMConfig(
        model=llm_model,
        base_url=base_url,
        local_model=local_model,
        temperature=temperature,
        prompt=prompt,
        concurrency=concurrency,
        timeout_seconds=timeout,
        input_price=input_price,
        output_price=output_price,
    )
    if dry_run:
        _print_plan(asked_for, config, out)
        return
    console = _console(stderr=True)
    results: list[ScriptResult] = []
    interrupted = False
    run = generate_scripts(
        asked_for,
        config=config,
        bank=out,
        api_key=_key(api_key_file),
        retry_failed=retry_failed,
    )
    try:
        with closing(run):  # type: ignore[type-var]
            for result in run:
                results.append(result)
                _print_result(console, result, len(results), len(asked_for), quiet=quiet)
    except KeyboardInterrupt:
        interrupted = True
    failed = [result for result in results if result.error is not None]
    errors = write_errors(out, failed) if out else None
    if out is None:
        print(bank_json(_records(results)), end="")
    if not quiet:
        _print_summary(console, results, len(asked_for), config, out)
        if errors:
            console.print(f"errors: {errors}", markup=False)
        if interrupted:
            console.print("interrupted; run the same command again to go on")
    raise typer.Exit(130 if interrupted else 1 if failed else 0)


@app.command()
def show(
    scripts: Scripts,
    labels: Annotated[str | None, typer.Option(help="Only these labels, comma-separated.")] = None,
) -> None:
    """Print scripts side by side; steps that candidates share are marked with =."""
    from rich.table import Table
    from rich.text import Text

    from actalign.script_answer import shared_steps
    from actalign.script_bank import read_bank

    wanted = {name.casefold() for name in _split(labels)} if labels else None
    console = _console()
    shown = 0
    for record in read_bank(scripts):
        names = [n for n in record.candidates if wanted is None or n.casefold() in wanted]
        if not names:
            continue
        shown += 1
        shared = shared_steps(record.scripts)
        made = (
            f"  ({record.prompt} {record.prompt_version}, {record.model})" if record.prompt else ""
        )
        table = Table(title=f"{record.domain or 'no domain'}{made}", title_justify="left")
        table.add_column("", justify="right")
        for name in names:
            table.add_column(Text(name), ratio=1)
        for k in range(max(len(record.scripts[name]) for name in names)):
            cells = []
            for name in names:
                steps = record.scripts[name]
                step = steps[k] if k < len(steps) else ""
                cells.append(Text(f"= {step}", "yellow") if step in shared else Text(step))
            table.add_row(str(k + 1), *cells)
        console.print(table)
        if shared:
            console.print(f"= {len(shared)} steps are worded alike in more than one script")
    if not shown:
        raise UsageError(f"{scripts} holds none of these labels: {labels}.")


@app.command()
def validate(scripts: Scripts) -> None:
    """Check a bank or script file; prints a sentence for each fault, exits with 0 or 1."""
    from actalign.conversation import NO_DOMAIN
    from actalign.script_answer import script_faults
    from actalign.script_bank import read_bank

    if not scripts.exists():
        raise UsageError(f"There is no script bank {scripts}.")
    try:
        records = read_bank(scripts)
    except UsageError as error:
        print(error)
        raise typer.Exit(1) from None
    faults = [
        f"{scripts}, record {number}: {fault}"
        for number, record in enumerate(records, start=1)
        for fault in script_faults(
            record.scripts,
            record.domain or NO_DOMAIN,
            min_steps=record.min_steps or 2,
            max_steps=record.max_steps,
        )
    ]
    for fault in faults:
        print(fault)
    if not records:
        print(f"{scripts} holds no script.")
    elif not faults:
        count = sum(len(record.candidates) for record in records)
        print(f"{scripts}: {count} scripts in {len(records)} records, all well.")
    raise typer.Exit(1 if faults or not records else 0)


@app.command()
def template(
    labels: Labels = None,
    labels_file: LabelsFile = None,
    domain: Domain = None,
    out: Annotated[Path | None, typer.Option(help="A .yaml file; else printed.")] = None,
    steps: Annotated[int, typer.Option(min=2, max=30, help="Lines to fill in a label.")] = 8,
) -> None:
    """Write a YAML script file to fill in by hand; labels that ship with a script come filled."""
    from actalign.atomic import write_text
    from actalign.shipped_scripts import script_template

    names = list(_questions(labels, labels_file, domain, None)[0].labels)
    text = script_template(names, domain, steps)
    if out is None:
        print(text, end="")
        return
    if out.exists():
        raise UsageError(f"{out} exists already; name another file, so that no work is lost.")
    if out.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(f"The template is YAML; name it like {out.stem}.yaml.")
    write_text(out, text)
    _console(stderr=True).print(f"fill in: {out}", markup=False)


@batch.command("submit")
def batch_submit(
    out: BankOut,
    labels: Labels = None,
    labels_file: LabelsFile = None,
    domain: Domain = None,
    questions: Questions = None,
    llm_model: Model = DEFAULT_LLM,
    base_url: BaseUrl = None,
    temperature: Temperature = 0.2,
    prompt: PromptName = "discriminative",
    api_key_file: KeyFile = None,
    input_price: InputPrice = None,
    output_price: OutputPrice = None,
) -> None:
    """Hand all open requests over as one batch; safe to repeat after a crash."""
    from actalign import llm_batch
    from actalign.llm import LLMConfig

    config = LLMConfig(
        model=llm_model,
        base_url=base_url,
        temperature=temperature,
        prompt=prompt,
        input_price=input_price,
        output_price=output_price,
    )
    asked_for = _questions(labels, labels_file, domain, questions)
    state = llm_batch.submit(asked_for, config=config, bank=out, api_key=_key(api_key_file))
    if state is None:
        print("nothing to submit: every question is answered")
    else:
        print(f"batch {state.batch_id}: {state.requests} requests submitted")
        print(f"collect within a day: actalign subactions batch collect --out {out}")


@batch.command("poll")
def batch_poll(out: BankOut, api_key_file: KeyFile = None) -> None:
    """Say how the batch stands; exits with 0 once it has ended, else with 1."""
    from actalign import llm_batch

    status = llm_batch.poll(out, api_key=_key(api_key_file))
    print(
        f"batch {status.batch_id}: {status.status}, {status.completed} of {status.total} done, "
        f"{status.failed} failed"
    )
    for problem in status.problems:
        print(f"{problem}.")
    raise typer.Exit(0 if status.status in llm_batch.ENDED else 1)


@batch.command("collect")
def batch_collect(out: BankOut, api_key_file: KeyFile = None) -> None:
    """Fetch a batch's answers, check them and add the good scripts to the bank."""
    from actalign import llm_batch
    from actalign.generation import write_errors

    results = llm_batch.collect(out, api_key=_key(api_key_file))
    failed = [result for result in results if result.error is not None]
    errors = write_errors(out, failed)
    for result in failed:
        print(f"{result.question.id}: {result.error}")
    print(f"{len(results) - len(failed)} of {len(results)} questions have scripts: {out}")
    if errors:
        print(f"errors: {errors}")
    raise typer.Exit(1 if failed else 0)


def _questions(
    labels: str | None, labels_file: Path | None, domain: str | None, questions: Path | None
) -> list[Question]:
    from actalign.generation import Question, read_questions

    if sum(given is not None for given in (labels, labels_file, questions)) != 1:
        raise UsageError("Give one of --labels, --labels-file and --questions.")
    if questions is not None:
        if domain is not None:
            raise UsageError("The questions file names the domains; leave --domain out.")
        return read_questions(questions)
    names = _split(labels) if labels is not None else _lines(labels_file)
    return [Question("labels", tuple(names), domain)]


def _split(labels: str) -> list[str]:
    return [label.strip() for label in labels.split(",") if label.strip()]


def _lines(path: Path | None) -> list[str]:
    assert path is not None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The labels file {path} can't be read: {error}.") from None
    return [line.strip() for line in lines if line.strip()]


def _key(file: Path | None) -> SecretStr | None:
    from actalign.llm import read_api_key

    return read_api_key(file)


def _records(results: Sequence[ScriptResult]) -> list[BankRecord]:
    """Each record once, also where several questions share it."""
    return list({r.record.key: r.record for r in results if r.record is not None}.values())


def _print_plan(questions: list[Question], config: LLMConfig, bank: Path | None) -> None:
    from actalign.generation import plan_requests

    planned = plan_requests(questions, config=config, bank=bank)
    for request in planned:
        print(f"--- {request.question.id} ({', '.join(request.question.labels)})")
        print(request.prompt)
    given = sum(request.input_tokens for request in planned)
    expected = sum(request.output_tokens for request in planned)
    cost = config.cost(given, expected)
    print(
        f"{len(planned)} requests for {len(questions)} questions, about {given} tokens in and "
        f"{expected} out" + (f", about {cost:.4f} USD" if cost is not None else "") + " (estimate)"
    )


def _print_result(
    console: Console, result: ScriptResult, number: int, total: int, *, quiet: bool
) -> None:
    names = ", ".join(result.question.labels)
    if result.error is not None:
        console.print(f"{result.question.id}: {result.error}", style="red", markup=False)
    elif not quiet:
        how = f"{result.asked} asked" if result.asked else "kept from before"
        console.print(f"[{number}/{total}] {result.question.id}: {names} ({how})", markup=False)


def _print_summary(
    console: Console,
    results: Sequence[ScriptResult],
    total: int,
    config: LLMConfig,
    bank: Path | None,
) -> None:
    failed = sum(result.error is not None for result in results)
    new = _records([result for result in results if result.asked])
    given = sum(record.input_tokens or 0 for record in new)
    written = sum(record.output_tokens or 0 for record in new)
    cost = config.cost(given, written)
    line = f"{len(results) - failed} of {total} questions have scripts, {failed} failed"
    line += f"; {given} tokens in, {written} out" if new else ""
    line += f", {cost:.4f} USD" if new and cost is not None else ""
    console.print(line + (f": {bank}" if bank else ""), markup=False)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=stderr)
