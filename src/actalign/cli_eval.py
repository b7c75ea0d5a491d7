"""The verbs `eval` and `report`: one short function each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actalign.cli_options import (
    Device,
    Dtype,
    Engine,
    Model,
    NumActors,
    NumGpus,
    RayAddress,
    ray_cluster,
)
from actalign.encoder import DEFAULT_MODEL

app = typer.Typer(no_args_is_help=True, help="Measure accuracy on a benchmark, with intervals.")


@app.command()
def actionatlas(
    data: Annotated[Path, typer.Option(help="Data set folder that process_data.py wrote.")],
    out: Annotated[Path, typer.Option(help="Run folder, written as it goes.")],
    scripts: Annotated[
        Path | None,
        typer.Option(help="generated_subactions.json or a script bank; else a language model."),
    ] = None,
    model: Model = DEFAULT_MODEL,
    scorer: Annotated[
        str, typer.Option(help="Comma-separated: dtw, mean_pool, order_free, random, ...")
    ] = "dtw,mean_pool,random",
    fps: Annotated[
        float | None, typer.Option(min=0.01, help="Frames encoded a second; else the model's own.")
    ] = None,
    smoothing: Annotated[
        float | None, typer.Option(min=0, help="Seconds of moving average over frames.")
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
    engine: Engine = "local",
    ray_address: RayAddress = None,
    num_gpus: NumGpus = None,
    num_actors: NumActors = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with OUT, or score it with more scorers.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the table only.")] = False,
) -> None:
    """Top-1/2/3 on ActionAtlas, each scorer with its interval, beside the paper's numbers."""
    from rich.console import Console

    from actalign.evaluation.evaluate import EvalConfig, check_scorers, run
    from actalign.evaluation.report import comparison_line, count_lines
    from actalign.ray_engine import loader_and_embedder
    from actalign.ray_loading import EncoderChoice

    names = check_scorers(scorer.split(","))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if scripts is None:
        scripts = _generated(data, out)

    cluster = ray_cluster(engine, ray_address, num_gpus, num_actors)
    load, embed = loader_and_embedder(EncoderChoice(model, device, dtype), cluster)

    def progress(doc_id: str, note: str) -> None:
        if not quiet:
            line = f"{doc_id}: {note}" if note else doc_id
            console.print(line, style="yellow" if note else None, markup=False)

    config = EvalConfig(str(data), str(scripts), model, names, fps, smoothing)
    results = run(config, out, load=load, resume=resume, progress=progress, embed=embed)
    for line in count_lines(results):
        print(line)
    _print_table(results)
    for one in results["comparisons"]:
        if one["n"]:
            print(comparison_line(one))
    print(f"run: {out}")
    raise typer.Exit(0 if any(f["n"] for f in results["scorers"].values()) else 1)


@app.command("mini-atlas")
def mini_atlas(
    data: Annotated[
        Path, typer.Option(help="Folder that benchmarks/mini_atlas/render.py made.")
    ] = Path("mini-atlas"),
    out: Annotated[Path, typer.Option(help="Run folder.")] = Path("runs/mini-atlas"),
    model: Model = "body",
    fps: Annotated[
        float | None, typer.Option(min=0.01, help="Frames encoded a second; else the model's own.")
    ] = None,
    smoothing: Annotated[
        float | None, typer.Option(min=0, help="Seconds of moving average over frames.")
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
    engine: Engine = "local",
    ray_address: RayAddress = None,
    num_gpus: NumGpus = None,
    num_actors: NumActors = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the table only.")] = False,
) -> None:
    """Top-1/2/3 on rendered clips whose sub-actions' true times are known; half are order-only."""
    from rich.console import Console

    from actalign.classifier import ActAlign
    from actalign.evaluation.mini_atlas import evaluate_mini_atlas, load_questions
    from actalign.evaluation.report import count_lines
    from actalign.evaluation.runs import read_run
    from actalign.ray_engine import loader_and_embedder
    from actalign.ray_loading import EncoderChoice

    load_questions(data)
    cluster = ray_cluster(engine, ray_address, num_gpus, num_actors)
    load, embed = loader_and_embedder(EncoderChoice(model, device, dtype), cluster)
    classifier = ActAlign(
        load(),
        fps=fps,
        smoothing_seconds=smoothing,
        store=out / "embeddings",
    )
    console = Console(stderr=True, highlight=False)

    def on_question(done: int, total: int) -> None:
        if not quiet and (done % 10 == 0 or done == total):
            console.print(f"{done} of {total} questions")

    results = evaluate_mini_atlas(data, out, classifier, on_question=on_question, embed=embed)
    run = read_run(out)
    for line in count_lines(run.results):
        print(line)
    _print_table(run.results)
    for name, one in results["scorers"].items():
        if one["order_only_top1"] is not None:
            print(f"{name}: Top-1 on order-only questions {100 * one['order_only_top1']:.2f} %")
    if results["mean_iou"] is not None:
        print(f"mean IoU of aligned against true intervals: {results['mean_iou']:.3f}")
    print(f"run: {out}")
    raise typer.Exit(0 if results["scored"] == results["questions"] else 1)


def report(
    run_dirs: Annotated[
        list[Path],
        typer.Argument(
            help="Run folders that `actalign eval` wrote; several are compared in their settings."
        ),
    ],
) -> None:
    """Write report.html (one self-contained page) and report.md into each run folder."""
    from actalign.evaluation.report import write_reports

    for path in write_reports(run_dirs):
        print(path)


def _generated(data: Path, out: Path) -> Path:
    """Scripts from the language model, kept in the run folder."""
    from actalign.atlas.dataset import load_dataset
    from actalign.atlas.scripts import fill_scripts

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


def _print_table(results: dict[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table

    from actalign.evaluation.report import accuracy_table

    table = Table(box=None, pad_edge=False)
    table.add_column("method")
    for name in ("scored", "Top-1 %", "Top-2 %", "Top-3 %"):
        table.add_column(name, justify="right")
    for cells in accuracy_table(results):
        table.add_row(*cells, style="dim" if cells[0].startswith("paper's: ") else None)
    # A pipe or a file has no width of its own, so nothing is wrapped there.
    width = None if Console().is_terminal else 120
    Console(highlight=False, width=width).print(table)
