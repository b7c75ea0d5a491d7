"""The `actalign eval` commands and `actalign report`: how good it is on labelled clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import typer

from actalign.cli._candidates import LabelOptions, LanguageModelOptions, StepTemplate, Wordings
from actalign.cli._grouped import INPUT, MODEL, grouped
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import (
    SCORER_LIST,
    AsJson,
    EngineOptions,
    ExamplesDir,
    Quiet,
    SettingsFile,
    Smoothing,
    parse_fps,
)
from actalign.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from actalign.encoder_info import EncoderInfo
    from actalign.evaluation import QuestionSet
    from actalign.evaluation._tune import Setting

app = typer.Typer(no_args_is_help=True, help="Measure accuracy on labelled clips, with intervals.")

Data = Annotated[
    Path,
    typer.Argument(
        help="A folder a class (clips/dunk/a.mp4), a folder with --truth, a question file, a "
        "benchmark's own folder or file, or hub:OWNER/NAME."
    ),
]


@dataclass(frozen=True, slots=True)
class DataOptions:
    """How the data are read."""

    PANEL: ClassVar[str] = INPUT

    truth: Annotated[
        Path | None,
        typer.Option(help="CSV, JSON, JSON Lines or Parquet with a video and a label column."),
    ] = None
    layout: Annotated[
        str | None,
        typer.Option(
            help="folder, table, questions, videonet, mteb, breakfast, finediving, actionatlas or "
            "mini-atlas; told from the data where not given."
        ),
    ] = None
    split: Annotated[
        str | None, typer.Option(help="Part of the data, as their publishers name it.")
    ] = None


@dataclass(frozen=True, slots=True)
class QuestionOptions(LabelOptions):
    """The candidates of the questions, and their scripts."""

    scripts: Annotated[
        Path | None,
        typer.Option(help="Script file or bank, .json, .yaml or .parquet; before the data's own."),
    ] = None
    bank: Annotated[
        Path | None, typer.Option(help="Bank that keeps generated scripts, .json or .parquet.")
    ] = None

    def read(
        self, data: Path, how: DataOptions, llm: LanguageModelOptions, videos: Path
    ) -> QuestionSet:
        """The data as questions with their scripts; videos: where those in tables are written."""
        from actalign.evaluation import Source, read_data
        from actalign.evaluation._readers._hub import local_folder
        from actalign.evaluation._scripts import with_scripts

        config = llm.config()
        source = Source(local_folder(data), how.truth, how.split, videos, tuple(self.listed()))
        return with_scripts(
            read_data(source, how.layout),
            self.scripts,
            domain=self.domain,
            config=config,
            bank=self.bank,
        )


EvalBackground = Annotated[
    str | None,
    typer.Option(
        "--background",
        help="File of `actalign background` that steps are measured against; by default the one "
        "that ships with the model, if any.",
    ),
]


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """How a run goes."""

    PANEL: ClassVar[str] = INPUT

    fps: Annotated[
        str | None, typer.Option(help="Frames encoded a second, or 'all'; else the model's own.")
    ] = None
    smoothing: Smoothing = None
    background: EvalBackground = None
    step_template: StepTemplate = None
    wordings: Wordings = None
    settings: SettingsFile = None
    examples: ExamplesDir = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with OUT, or score it with more scorers.")
    ] = False
    quiet: Quiet = False

    @property
    def rate(self) -> float | Literal["default"] | None:
        """Frames a second as `EvalConfig` takes them."""
        return "default" if self.fps is None else parse_fps(self.fps)


def _print_notes(notes: Sequence[str], *, quiet: bool) -> Console:
    """The console of progress, with what the readers of the data noted."""
    from actalign.cli._show import console_of

    console = console_of(stderr=True)
    for note in () if quiet else notes:
        console.print(note, style="yellow", markup=False)
    return console


@contextmanager
def _progress(console: Console, total: int, *, quiet: bool) -> Iterator[Callable[[str, str], None]]:
    """Yields what shows that a clip is done, or why it was left out."""
    from actalign.cli._progress import Progress

    with Progress(console, total=total, shown=not quiet) as shown:

        def progress(clip: str, why: str) -> None:
            if why:
                console.print(f"{clip}: {why}", style="yellow", markup=False)
            shown.clip(clip)

        yield progress


@app.command()
@grouped
def clips(
    data: Data,
    out: Annotated[Path, typer.Option(help="Run folder, written as it goes.")],
    how: DataOptions,
    candidates: QuestionOptions,
    llm: LanguageModelOptions,
    model: ModelOptions,
    options: EvalOptions,
    machines: EngineOptions,
    scorer: Annotated[
        str,
        typer.Option(help=f"Comma-separated: own (the model's), random, or {SCORER_LIST}."),
    ] = "own,mean_pool",
) -> None:
    """Say how often each scorer is right on labelled clips, with its interval."""
    from actalign.evaluation import EvalConfig, run
    from actalign.evaluation._config import check_scorers
    from actalign.evaluation._settings import settings_name

    names = check_scorers(scorer.split(","))
    config = EvalConfig(
        model.model,
        names,
        options.rate,
        options.smoothing,
        data=str(data),
        step_template=options.step_template,
        background=options.background,
        wordings=options.wordings,
        examples=None if options.examples is None else str(options.examples),
        settings=None if options.settings is None else settings_name(options.settings),
    )
    questions = candidates.read(data, how, llm, out / "videos")
    console = _print_notes(questions.notes, quiet=options.quiet)
    here, embed = machines.embedder(model.choice)
    with _progress(console, questions.total, quiet=options.quiet) as progress:
        results = run(
            config,
            questions,
            out,
            load=here.load,
            resume=options.resume,
            progress=progress,
            embed=embed,
        )
    _print_results(results)
    print(f"run: {out}")
    failed = results["samples"]["not_encoded"]
    scored = any(figures["n"] for figures in results["scorers"].values())
    raise typer.Exit(1 if failed or not scored else 0)


@app.command()
@grouped
def convert(
    data: Data,
    out: Annotated[Path, typer.Option(help="Question file to write, .jsonl.")],
    how: DataOptions,
    candidates: QuestionOptions,
    llm: LanguageModelOptions,
) -> None:
    """Read labelled clips into a question file, the one form that is evaluated.

    `actalign schema --of questions` prints its JSON Schema.
    """
    from actalign.evaluation import write_question_file
    from actalign.files import check_writable

    check_writable(out)
    questions = candidates.read(data, how, llm, out.with_name(f"{out.stem}-videos"))
    write_question_file(questions, out)
    for note in questions.notes:
        typer.echo(note, err=True)
    absent = sum(question.absent is not None for question in questions.questions)
    without = f", {absent} without a clip" if absent else ""
    print(f"{questions.total} questions{without} in {out}")


@dataclass(frozen=True, slots=True)
class TriedOptions:
    """The settings to choose among: every combination of the lists."""

    PANEL: ClassVar[str] = MODEL

    scorer: Annotated[
        str, typer.Option(help="Comma-separated; own is the model's.", metavar="LIST")
    ] = "own,dtw,dtw_steps,mean_pool"
    smoothing: Annotated[
        str, typer.Option(help="Seconds of moving average over frames.", metavar="LIST")
    ] = "own,0"
    fps: Annotated[str, typer.Option(help="Frames a second; each is encoded.", metavar="LIST")] = (
        "own"
    )
    step_template: Annotated[
        list[str] | None, typer.Option(help="A text of a step; may be given several times.")
    ] = None
    wordings: Annotated[
        str, typer.Option(help="Numbers of wordings of a script, or all.", metavar="LIST")
    ] = "all"

    def grid(self, model: str, info: EncoderInfo) -> list[Setting]:
        """The model's own setting, then the others; raises UsageError."""
        from actalign.evaluation import EvalConfig
        from actalign.evaluation._config import check_scorers
        from actalign.evaluation._tune import Setting, grid

        names = check_scorers(self.scorer.split(","))
        config = EvalConfig(model).resolved(info)
        template, seconds = config.step_template or "{step}", config.smoothing_seconds or 0.0
        own = Setting(config.scorers[0], seconds, config.sampling.fps, template, None)
        return grid(
            own,
            scorers=[own.scorer if name == "own" else name for name in names],
            smoothing=[seconds if s == "own" else _number(s) for s in _listed(self.smoothing)],
            fps=[own.fps if one == "own" else parse_fps(one) for one in _listed(self.fps)],
            templates=[template, *(self.step_template or ())],
            wordings=[
                None if one == "all" else max(1, round(_number(one)))
                for one in _listed(self.wordings)
            ],
        )


@app.command()
@grouped
def tune(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for settings.yaml and tuning.json.")],
    how: DataOptions,
    candidates: QuestionOptions,
    llm: LanguageModelOptions,
    model: ModelOptions,
    machines: EngineOptions,
    tried: TriedOptions,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the clips.")] = 5,
    quiet: Quiet = False,
) -> None:
    """Choose settings on labelled clips, and say how good the choice is on clips it never saw."""
    from actalign.evaluation._tune import setting_lines, tuning_lines
    from actalign.evaluation._tune import tune as choose

    questions = candidates.read(data, how, llm, out / "videos")
    console = _print_notes(questions.notes, quiet=quiet)
    here, embed = machines.embedder(model.choice)
    encoder = here.load()
    settings = tried.grid(model.model, encoder.info)
    rates = len({setting.fps for setting in settings})
    with _progress(console, questions.total * rates, quiet=quiet) as progress:
        result = choose(
            model.model,
            settings,
            questions,
            out,
            load=lambda: encoder,
            folds=folds,
            progress=progress,
            embed=embed,
        )
    for line in (*setting_lines(result), *tuning_lines(result)):
        print(line)
    print(f"settings: {out / 'settings.yaml'}")


def _listed(values: str) -> list[str]:
    return [value.strip() for value in values.split(",") if value.strip()]


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise UsageError(f"{value!r} is no number of at least 0, nor 'own'.")
    return number


@app.command()
def detections(
    found: Annotated[Path, typer.Argument(help="Detections that `actalign locate --out` wrote.")],
    truth: Annotated[
        Path, typer.Option(help="Table with the columns video, label, start and end (seconds).")
    ],
    as_json: AsJson = False,
) -> None:
    """Say how well `locate` finds actions: average precision at overlaps of 0.5 to 0.95."""
    import json

    from actalign.evaluation import Source, read_data
    from actalign.evaluation._detection import detected_events, evaluate_detections, true_events
    from actalign.rows import read_rows

    result = evaluate_detections(
        detected_events(read_rows(found)), true_events(read_data(Source(truth), "table"))
    )
    if as_json:
        print(json.dumps(result, indent=2))
        return
    for label, one in result["labels"].items():
        print(
            f"{label}: {one['detections']} detections of {one['events']} events, average precision "
            f"{100 * one['ap']:.2f} % ({100 * one['ap50']:.2f} % at an overlap of 0.5)"
        )
    low, high = result.get("ci95", (None, None))
    interval = "" if low is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    print(f"mean average precision {100 * result['map']:.2f}{interval} %")


def report(
    run_dirs: Annotated[
        list[Path],
        typer.Argument(
            help="Run folders that `actalign eval` wrote; several are compared in their settings."
        ),
    ],
) -> None:
    """Say what a run found and what to do: report.html, report.md and report.json in its folder."""
    from actalign.evaluation._report import write_reports

    for path in write_reports(run_dirs):
        print(path)


def _print_results(results: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from actalign.evaluation._lines import (
        ACCURACY,
        accuracy_table,
        comparison_lines,
        count_lines,
        kind_lines,
    )

    for line in count_lines(results):
        print(line)
    table = Table(box=None, pad_edge=False)
    table.add_column(ACCURACY[0])
    for name in ACCURACY[1:]:
        table.add_column(name, justify="right")
    for cells in accuracy_table(results):
        table.add_row(*cells, style="dim" if cells[0].startswith("paper's: ") else None)
    # A pipe or a file has no width of its own, so nothing is wrapped there.
    width = None if Console().is_terminal else 130
    Console(highlight=False, width=width).print(table)
    for line in (*kind_lines(results), *comparison_lines(results)):
        print(line)
