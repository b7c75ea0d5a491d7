"""`actalign eval tune`: choose settings on labelled clips."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from actalign.arguments import parse_fps
from actalign.cli._candidates import LanguageModelOptions
from actalign.cli._eval_options import Data, DataOptions, QuestionOptions, clip_progress
from actalign.cli._grouped import MODEL, grouped
from actalign.cli._machine_options import EngineOptions
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import Quiet, TakenFrom
from actalign.cli._scoring_options import FileOrClips
from actalign.errors import UsageError

if TYPE_CHECKING:
    from actalign.encoder_info import EncoderInfo
    from actalign.evaluation._tune import Setting


@dataclass(frozen=True, slots=True)
class TriedOptions:
    """The settings to choose among: every combination of the lists."""

    PANEL: ClassVar[str] = MODEL

    scorer: Annotated[
        str, typer.Option(help="Comma-separated; own is the model's default.", metavar="LIST")
    ] = "own,dtw,dtw_steps,mean_pool"
    smoothing: Annotated[
        str,
        typer.Option(help="Lengths of the moving average over frames, in seconds.", metavar="LIST"),
    ] = "own,0"
    fps: Annotated[
        str, typer.Option(help="Frames per second; the clips are encoded at each.", metavar="LIST")
    ] = "own"
    step_template: Annotated[
        list[str] | None, typer.Option(help="Text encoded for a step; may be given several times.")
    ] = None
    wordings: Annotated[
        str, typer.Option(help="Numbers of wordings per script, or all.", metavar="LIST")
    ] = "all"

    background: FileOrClips = None

    def grid(self, model: str, info: EncoderInfo) -> list[Setting]:
        """The model's own setting, then every other combination; raises UsageError."""
        from actalign.evaluation import EvalConfig
        from actalign.evaluation._config import check_scorers
        from actalign.evaluation._tune import Setting

        names = check_scorers(self.scorer)
        config = EvalConfig(model, background=self.background).resolved(info)
        template, seconds = config.step_template or "{step}", config.smoothing_seconds or 0.0
        own = Setting(config.scorers[0], seconds, config.sampling.fps, template, None)
        every = product(
            [own.fps if one == "own" else parse_fps(one) for one in _listed("fps", self.fps)],
            [own.scorer if name == "own" else name for name in names],
            [seconds if s == "own" else _number(s) for s in _listed("smoothing", self.smoothing)],
            [template, *(self.step_template or ())],
            [_most(one) for one in _listed("wordings", self.wordings)],
        )
        settings = [Setting(scorer, s, fps, text, most) for fps, scorer, s, text, most in every]
        return list(dict.fromkeys([own, *settings]))


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
    folds: Annotated[int, typer.Option(min=2, help="Number of folds for cross-validation.")] = 5,
    store: TakenFrom = None,
    quiet: Quiet = False,
) -> None:
    """Choose settings on labelled clips, and report how good the choice is on held-out clips."""
    from actalign.cli._show import print_notes
    from actalign.evaluation._tune import setting_lines, tunable, tuning_lines
    from actalign.evaluation._tune import tune as choose
    from actalign.files import check_writable

    check_writable(out / "tuning.json")
    choice = model.choice_of_one("eval tune")
    _check_model(out / "settings.yaml", choice.model)
    questions = candidates.read(data, how, llm, out / "videos")
    console = print_notes(questions.notes, quiet=quiet)
    here, embed = machines.embedder(choice, quiet=quiet)
    encoder = here.load()
    settings = tried.grid(choice.model, encoder.info)
    rates = len({setting.fps for setting in settings})
    with clip_progress(console, len(tunable(questions)), quiet=quiet, rounds=rates) as shown:
        result = choose(
            choice.model,
            settings,
            questions,
            out,
            load=lambda: encoder,
            background=tried.background,
            folds=folds,
            progress=shown.clip,
            embed=shown.embedding(embed),
            **shown.stores(store),
        )
    for line in (*setting_lines(result), *tuning_lines(result)):
        print(line)
    print(f"settings: {out / 'settings.yaml'}")
    raise typer.Exit(1 if result["failed"] else 0)


def _check_model(written: Path, model: str) -> None:
    """Raise UsageError if what was chosen before for another model would be lost."""
    from actalign.evaluation._settings import read_settings

    before = read_settings(written).get("model", model) if written.exists() else model
    if before != model:
        raise UsageError(f"{written} was chosen for {before}; give another --out for {model}.")


def _listed(option: str, values: str) -> list[str]:
    found = [value.strip() for value in values.split(",") if value.strip()]
    if not found:
        raise UsageError(f"--{option} is {values!r}; give at least one value to try.")
    return found


def _most(value: str) -> int | None:
    """At most how many wordings; None for all."""
    if value == "all":
        return None
    if not value.isdecimal() or int(value) < 1:
        raise UsageError(f"--wordings has {value!r}; give whole numbers above 0, or all.")
    return int(value)


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise UsageError(f"--smoothing has {value!r}; give seconds of 0 or more, or own.")
    return number
