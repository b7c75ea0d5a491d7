"""The `actalign eval` commands and `actalign report`: accuracy on a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import typer

from actalign.cli._grouped import INPUT, grouped
from actalign.cli._options import (
    BodyModelOptions,
    EngineOptions,
    ModelOptions,
    Quiet,
    Smoothing,
    parse_fps,
)

if TYPE_CHECKING:
    from actalign.encoders import EncoderChoice
    from actalign.evaluation import EvalConfig, QuestionSet

app = typer.Typer(no_args_is_help=True, help="Measure accuracy on a benchmark, with intervals.")


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """How a benchmark is run."""

    PANEL: ClassVar[str] = INPUT

    fps: Annotated[
        str | None, typer.Option(help="Frames encoded a second, or 'all'; else the model's own.")
    ] = None
    smoothing: Smoothing = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with OUT, or score it with more scorers.")
    ] = False
    quiet: Quiet = False

    @property
    def rate(self) -> float | Literal["default"] | None:
        """Frames a second as `EvalConfig` takes them."""
        return "default" if self.fps is None else parse_fps(self.fps)


@app.command()
@grouped
def actionatlas(
    data: Annotated[Path, typer.Option(help="Data set folder that process_data.py wrote.")],
    out: Annotated[Path, typer.Option(help="Run folder, written as it goes.")],
    model: ModelOptions,
    how: EvalOptions,
    machines: EngineOptions,
    scripts: Annotated[
        Path | None,
        typer.Option(help="generated_subactions.json or a script bank; else a language model."),
    ] = None,
    scorer: Annotated[
        str, typer.Option(help="Comma-separated: dtw, mean_pool, order_free, random, ...")
    ] = "dtw,mean_pool,random",
) -> None:
    """Top-1/2/3 on ActionAtlas, each scorer with its interval, beside the paper's numbers."""
    from actalign.cli._show import console_of
    from actalign.evaluation import EvalConfig, read_questions
    from actalign.evaluation._config import check_scorers
    from actalign.evaluation._report import comparison_line, count_lines

    names = check_scorers(scorer.split(","))
    rate = how.rate
    if scripts is None:
        scripts = _generated(data, out)
    config = EvalConfig(str(data), str(scripts), model.model, names, rate, how.smoothing)
    console = console_of(stderr=True)

    def progress(clip: str, note: str) -> None:
        if not how.quiet:
            line = f"{clip}: {note}" if note else clip
            console.print(line, style="yellow" if note else None, markup=False)

    results = _run(config, read_questions(config), out, model.choice, how, machines, progress)
    for line in count_lines(results):
        print(line)
    _print_table(results)
    for one in results["comparisons"]:
        if one["n"]:
            print(comparison_line(one))
    print(f"run: {out}")
    raise typer.Exit(0 if any(f["n"] for f in results["scorers"].values()) else 1)


@app.command("mini-atlas")
@grouped
def mini_atlas(
    model: BodyModelOptions,
    how: EvalOptions,
    machines: EngineOptions,
    data: Annotated[
        Path, typer.Option(help="Folder that benchmarks/mini_atlas/render.py made.")
    ] = Path("mini-atlas"),
    out: Annotated[Path, typer.Option(help="Run folder, written as it goes.")] = Path(
        "runs/mini-atlas"
    ),
) -> None:
    """Top-1/2/3 on rendered clips whose steps' true times are known; half are order-only."""
    from actalign.cli._show import console_of
    from actalign.evaluation import EvalConfig, read_questions
    from actalign.evaluation._mini_atlas import SCORERS
    from actalign.evaluation._report import count_lines, kind_lines

    config = EvalConfig(
        str(data), "", model.model, SCORERS, how.rate, how.smoothing, benchmark="mini-atlas"
    )
    questions = read_questions(config)
    console = console_of(stderr=True)
    done = 0

    def progress(clip: str, note: str) -> None:
        nonlocal done
        done += 1
        if not how.quiet and (done % 10 == 0 or done == questions.total):
            console.print(f"{done} of {questions.total} questions")

    results = _run(config, questions, out, model.choice, how, machines, progress)
    for line in count_lines(results):
        print(line)
    _print_table(results)
    for line in kind_lines(results):
        print(line)
    print(f"run: {out}")
    raise typer.Exit(1 if results["samples"]["not_encoded"] else 0)


def report(
    run_dirs: Annotated[
        list[Path],
        typer.Argument(
            help="Run folders that `actalign eval` wrote; several are compared in their settings."
        ),
    ],
) -> None:
    """Write report.html (one self-contained page) and report.md into each run folder."""
    from actalign.evaluation._report import write_reports

    for path in write_reports(run_dirs):
        print(path)


def _run(
    config: EvalConfig,
    questions: QuestionSet,
    out: Path,
    choice: EncoderChoice,
    how: EvalOptions,
    machines: EngineOptions,
    progress: Callable[[str, str], None],
) -> dict[str, Any]:
    """What results.json holds."""
    from actalign.evaluation import run

    here, embed = machines.embedder(choice)
    return run(
        config,
        questions,
        out,
        load=here.load,
        resume=how.resume,
        progress=progress,
        embed=embed,
    )


def _generated(data: Path, out: Path) -> Path:
    """Scripts from the language model, kept in the run folder."""
    from actalign.evaluation.atlas._dataset import load_dataset
    from actalign.evaluation.atlas._scripts import fill_scripts

    path = out / "generated_subactions.json"
    fill_scripts(
        load_dataset(data).usable,
        path,
        bank=None,
        api_key=None,
        settings={},
        tell=lambda line: typer.echo(line, err=True),
    )
    return path


def _print_table(results: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from actalign.evaluation._report import accuracy_table

    table = Table(box=None, pad_edge=False)
    table.add_column("method")
    for name in ("scored", "Top-1 %", "Top-2 %", "Top-3 %"):
        table.add_column(name, justify="right")
    for cells in accuracy_table(results):
        table.add_row(*cells, style="dim" if cells[0].startswith("paper's: ") else None)
    # A pipe or a file has no width of its own, so nothing is wrapped there.
    width = None if Console().is_terminal else 120
    Console(highlight=False, width=width).print(table)
