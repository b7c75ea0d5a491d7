"""The `actalign eval` commands and `actalign report`: how good it is on labelled clips."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from actalign.alignment._confidence import OWN, read_temperatures
from actalign.alignment._repeats import check_repeats
from actalign.arguments import parse_fps
from actalign.cli._candidates import LanguageModelOptions
from actalign.cli._eval_options import (
    Data,
    DataOptions,
    EvalOptions,
    QuestionOptions,
    clip_progress,
)
from actalign.cli._eval_tune import tune
from actalign.cli._grouped import grouped
from actalign.cli._kinds import QUESTIONS, check_no_other_questions
from actalign.cli._machine_options import EngineOptions
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import AsJson
from actalign.cli._scoring_options import SCORER_LIST
from actalign.cli._second_look import SecondLookOptions
from actalign.errors import counted

if TYPE_CHECKING:
    from actalign.evaluation import EvalConfig
    from actalign.second_look import SecondLook

app = typer.Typer(no_args_is_help=True, help="Measure accuracy on labelled clips, with intervals.")


@app.command()
@grouped
def clips(
    data: Data,
    out: Annotated[Path, typer.Option(help="Run folder, written during the run.")],
    how: DataOptions,
    candidates: QuestionOptions,
    llm: LanguageModelOptions,
    model: ModelOptions,
    options: EvalOptions,
    second: SecondLookOptions,
    machines: EngineOptions,
    scorer: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: own (the model's), random, with --second-look also vlm (frames "
            "spread evenly), vlm_aligned (frames that the alignment chose) and second_look (the "
            "default there); by default own,mean_pool, or own alone with --none or "
            f"--min-confidence. Others: {SCORER_LIST}."
        ),
    ] = None,
) -> None:
    """Report how often each scorer is right on labelled clips, with a 95 % interval."""
    from actalign.cli._show import print_notes
    from actalign.evaluation import run
    from actalign.evaluation._config import check_scorers
    from actalign.evaluation._embed import unread_boxes

    refuses = options.min_confidence is not None
    second.check(refuses=refuses)
    # The baseline knows no none-of-these, and has a confidence with few encoders.
    default = OWN if refuses or options.none is not None else f"{OWN},mean_pool"
    names = check_scorers(scorer or default, looks=True)
    choice = model.choice_where(
        {
            "--engine ray": machines.on_ray,
            "--examples": options.examples,
            "--second-look": second.second_look,
        }
    )
    config = _config(data, choice.model, options, names)
    questions = candidates.read(data, how, llm, out / "videos", none=options.none)
    notes = [*questions.notes, *unread_boxes(questions.questions, choice.model)]
    if options.none is None:
        notes += _seem_none(questions.labels)
    console = print_notes(notes, quiet=options.quiet)
    here, embed = machines.embedder(choice, quiet=options.quiet)
    with (
        second.open() as look,
        clip_progress(console, questions.total, quiet=options.quiet, resume="--resume") as shown,
    ):
        results = run(
            config,
            questions,
            out,
            load=here.load,
            resume=options.resume,
            progress=shown.clip,
            embed=shown.embedding(embed),
            look=look,
            **shown.stores(options.store),
        )
    _end(results, out, look)


def _seem_none(labels: Iterable[str]) -> list[str]:
    """A note on labels that seem to stand for none of the others, if there are any."""
    from actalign.cli._show import shell_word
    from actalign.evaluation._none import seem_none

    found = seem_none(labels)
    if not found:
        return []
    named, how = " and ".join(map(repr, found)), f"add --none {shell_word(found[0])}"
    if len(found) == 1:
        said = f"{named} is compared by its words, as an action is; if its"
    else:
        said = f"{named} are compared by their words, as actions are; if their"
        how = f"give all of them one label and {how}"
    return [f"{said} clips show none of the other actions, {how}"]


def _config(
    data: Path | str, model: str, options: EvalOptions, scorers: tuple[str, ...]
) -> EvalConfig:
    """What the run's results depend on, as its folder keeps it."""
    from actalign.evaluation import EvalConfig
    from actalign.evaluation._config import of_words
    from actalign.evaluation._settings import settings_name

    return EvalConfig(
        model,
        scorers,
        "default" if options.fps is None else parse_fps(options.fps),
        options.smoothing,
        data=str(data),
        step_template=options.step_template,
        background=options.background,
        none=options.none,
        min_confidence=options.min_confidence,
        temperatures=read_temperatures(options.temperature, [*filter(of_words, scorers)] or [OWN]),
        repeats=check_repeats(options.repeats or "no"),
        wordings=options.wordings,
        examples=None if options.examples is None else str(options.examples),
        settings=None if options.settings is None else settings_name(options.settings),
    )


def _end(results: dict[str, Any], out: Path, look: SecondLook | None) -> NoReturn:
    """Print the results and where they are, and exit: with 1 where a clip failed or none scored."""
    from actalign.cli._show import shell_word

    _print_results(results)
    if look is not None:
        print(f"asked now: {look.tokens()}")
    print(f"run: {out}")
    print(f"next, what to do about it: actalign report {shell_word(out)}")
    samples = results["samples"]
    failed = samples["not_encoded"] or samples.get("without_person")
    scored = any(figures["n"] for figures in results["scorers"].values())
    raise typer.Exit(1 if failed or not scored else 0)


@app.command()
@partial(grouped, writes=QUESTIONS)
def convert(
    data: Data,
    out: Annotated[Path, typer.Option(help="Question file to write, .jsonl.")],
    how: DataOptions,
    candidates: QuestionOptions,
    llm: LanguageModelOptions,
) -> None:
    """Convert labelled clips to a question file, the one format that is evaluated.

    `actalign schema --of questions` prints its JSON Schema. A file with other questions is not
    overwritten.
    """
    from actalign.evaluation import write_question_file
    from actalign.files import check_writable

    check_writable(out)
    questions = candidates.read(data, how, llm, out.with_name(f"{out.stem}-videos"))
    check_no_other_questions(questions, out)
    write_question_file(questions, out)
    for note in questions.notes:
        typer.echo(note, err=True)
    absent = sum(question.absent is not None for question in questions.questions)
    without = f", {absent} without a clip" if absent else ""
    print(f"{counted(questions.total, 'question')}{without} in {out}")


app.command()(tune)


@app.command()
def detections(
    found: Annotated[Path, typer.Argument(help="Detections that `actalign locate --out` wrote.")],
    truth: Annotated[
        Path, typer.Option(help="Table with the columns video, label, start and end (seconds).")
    ],
    as_json: AsJson = False,
) -> None:
    """Report how well `locate` finds actions: average precision at overlaps of 0.5 to 0.95."""
    import json

    from actalign.evaluation import Source, read_data
    from actalign.evaluation._detection import evaluate_detections, read_events

    events, true, unsearched = read_events(found, read_data(Source(truth), "table"))
    result = evaluate_detections(events, true)
    if unsearched:
        typer.echo(
            f"{found} has no row for {len(unsearched)} of the truth's videos, such as "
            f"{unsearched[0]}: nothing was found there, or it was not searched",
            err=True,
        )
    if others := result["labels_without_events"]:
        names = ", ".join(f"{label!r} ({count})" for label, count in others.items())
        typer.echo(f"detections of labels that {truth} does not have: {names}", err=True)
    if as_json:
        print(json.dumps(result))
        return
    for label, one in result["labels"].items():
        print(
            f"{label}: {counted(one['detections'], 'detection')} of "
            f"{counted(one['events'], 'event')}, average precision "
            f"{100 * one['ap']:.2f} % ({100 * one['ap50']:.2f} % at an overlap of 0.5)"
        )
    low, high = result.get("ci95", (None, None))
    interval = "" if low is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    print(f"mean average precision {100 * result['map']:.2f}{interval} %")


def report(
    run_dirs: Annotated[
        list[Path],
        typer.Argument(
            help="Run folders that `actalign eval` wrote; for several, their settings are compared."
        ),
    ],
) -> None:
    """Report what a run found and what to do: report.html, report.md, report.json in its folder."""
    from actalign.evaluation._report import write_reports

    for path in write_reports(run_dirs):
        print(path)


def _print_results(results: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from actalign.evaluation._config import main_scorer
    from actalign.evaluation._lines import (
        ACCURACY,
        accuracy_table,
        comparison_lines,
        count_lines,
        kind_lines,
        refusal_lines,
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
    Console(markup=False, emoji=False, highlight=False, width=width).print(table)
    compared = comparison_lines(results, of=main_scorer([*results["scorers"]]))
    for line in (*kind_lines(results), *refusal_lines(results), *compared):
        print(line)
