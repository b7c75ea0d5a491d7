"""The options that the `actalign eval` commands share, and how a run's progress is shown."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from actalign.cli._candidates import (
    BankFile,
    LabelOptions,
    LanguageModelOptions,
    StepTemplate,
    Wordings,
)
from actalign.cli._grouped import INPUT
from actalign.cli._options import ExamplesDir, Fps, Quiet, SettingsFile, TakenFrom
from actalign.cli._scoring_options import (
    FileOrClips,
    HowOften,
    MinConfidence,
    NoneLabel,
    Smoothing,
    Temperature,
)
from actalign.errors import UsageError, counted
from actalign.program import stopped_with

if TYPE_CHECKING:
    from rich.console import Console

    from actalign.cli._progress import Progress
    from actalign.clips import ClipResult
    from actalign.evaluation import QuestionSet

Data = Annotated[
    Path,
    typer.Argument(
        help="One folder per class (clips/dunk/a.mp4), a folder with --truth, a question file, a "
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
            "mini-atlas; by default recognised from the data."
        ),
    ] = None
    split: Annotated[
        str | None, typer.Option(help="Part of the data, as its publishers name it.")
    ] = None


@dataclass(frozen=True, slots=True)
class QuestionOptions(LabelOptions):
    """The candidates of the questions, and their scripts."""

    scripts: Annotated[
        Path | None,
        typer.Option(
            help="Script file or bank, .json, .yaml or .parquet; overrides the data's own."
        ),
    ] = None
    bank: BankFile = None

    def read(
        self,
        data: Path,
        how: DataOptions,
        llm: LanguageModelOptions,
        videos: Path,
        *,
        none: str | None = None,
    ) -> QuestionSet:
        """The data as questions with their scripts.

        videos: where those in tables are written. none: see `with_none`.
        """
        from actalign.evaluation import Source, read_data
        from actalign.evaluation._none import with_none
        from actalign.evaluation._readers._hub import local_folder
        from actalign.evaluation._scripts import with_scripts

        config = llm.config(self.bank)
        labels = tuple(self.listed())
        source = Source(local_folder(data), how.truth, how.split, videos, labels, none)
        given = read_data(source, how.layout)
        if not given.questions:
            raise UsageError(
                f"{how.truth or data} says of no clip which action it shows, so there is nothing "
                "to evaluate."
            )
        found = with_scripts(
            given,
            self.scripts,
            domain=self.domain,
            config=config,
            bank=self.bank,
        )
        if none is not None:
            found = with_none(found, none)
        if any(question.choices for question in found.questions) and len(found.labels) < 2:
            alone = (
                "There is only one candidate, so every answer is right; name others with --labels."
            )
            found = replace(found, notes=(*found.notes, alone))
        return found


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """How a run goes."""

    PANEL: ClassVar[str] = INPUT

    fps: Fps = None
    smoothing: Smoothing = None
    background: FileOrClips = None
    none: NoneLabel = None
    min_confidence: MinConfidence = None
    temperature: Temperature = None
    repeats: HowOften = None
    step_template: StepTemplate = None
    wordings: Wordings = None
    settings: SettingsFile = None
    examples: ExamplesDir = None
    store: TakenFrom = None
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue the run in --out, or score it with more scorers."),
    ] = False
    quiet: Quiet = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a run says while it goes on.

    console: where. bar: its progress, over each clip in each of so many rounds.
    """

    console: Console
    bar: Progress
    clips: int
    rounds: int
    quiet: bool

    def clip(self, clip: str, why: str) -> None:
        """Show that a clip is done. why: it was left out; empty if it was not."""
        if why:
            self.console.print(f"{clip}: {why}", style="yellow")
        self.bar.clip(clip)

    def embedding(
        self, embed: Callable[..., Generator[ClipResult]]
    ) -> Callable[..., Generator[ClipResult]]:
        """`embed`, by which the progress knows when clips begin to be encoded, and which are."""

        def embedded(*given: Any, **how: Any) -> Generator[ClipResult]:
            self.bar.begin()
            with closing(embed(*given, **how)) as results:
                for result in results:
                    self.bar.encoded += result.last
                    yield result

        return embedded

    def stores(self, given: str | None) -> dict[str, Any]:
        """Arguments for `evaluation.run`: where embeddings are taken from, and what says how
        many."""
        from actalign.addresses import without_password
        from actalign.clips._stored import filled_cache

        place = given
        if place is None and (cache := filled_cache()):
            place = str(cache)

        def reused(copied: int, kept: int, asked: int) -> None:
            later = max(0, self.clips * (self.rounds - 1) - self.bar.done)
            self.bar.expect(asked - copied - kept + later)
            if not self.quiet and (copied or given is not None):
                shown = without_password(str(place))
                there = f"; --out had those of {kept} already" if kept else ""
                clips = counted(asked, "clip")
                self.console.print(f"embeddings of {copied} of {clips} are from {shown}{there}")

        return {"store": place, "reused": reused}


@contextmanager
def clip_progress(
    console: Console, clips: int, *, quiet: bool, rounds: int = 1, resume: str = ""
) -> Iterator[Shown]:
    """Yields what shows the progress of a run over so many clips, all of them in each round.

    resume: what the command needs to go on after Ctrl-C or SIGTERM, which is said then.
    """
    from actalign.cli._progress import Progress, clips_done

    total = clips * rounds
    how = "run the same command again" + (f" with {resume}" if resume else "")
    with (
        Progress(console, total=total, shown=not quiet) as bar,
        stopped_with(lambda: console.print(f"{clips_done(bar.done, total)}; to go on, {how}")),
    ):
        yield Shown(console, bar, clips, rounds, quiet)
