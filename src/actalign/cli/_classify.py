"""`actalign classify`: which candidate action each clip shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from actalign.cli._candidates import CandidateOptions, LanguageModelOptions
from actalign.cli._grouped import CANDIDATES, grouped
from actalign.cli._machine_options import EngineOptions, ShardOptions
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import (
    ExamplesDir,
    FigureOptions,
    InputOptions,
    RowOptions,
    ScoringOptions,
    StoreDir,
    Videos,
    WindowOptions,
)
from actalign.cli._second_look import SecondLookOptions
from actalign.errors import UsageError

if TYPE_CHECKING:
    from actalign.candidates import Candidates
    from actalign.cli._run import Run
    from actalign.clips import ClipResult
    from actalign.cluster import ScoredClip
    from actalign.examples import WithExamples
    from actalign.rows import Row
    from actalign.second_look import SecondLook
    from actalign.types import Prediction


@grouped
def classify(
    videos: Videos,
    frames: InputOptions,
    windows: WindowOptions,
    candidates: CandidateOptions,
    llm: LanguageModelOptions,
    model: ModelOptions,
    scoring: ScoringOptions,
    second: SecondLookOptions,
    output: RowOptions,
    figures: FigureOptions,
    shards: ShardOptions,
    machines: EngineOptions,
    bank: Annotated[
        Path | None,
        typer.Option(
            help="Bank that keeps generated scripts, .json or .parquet.",
            rich_help_panel=CANDIDATES,
        ),
    ] = None,
    examples: ExamplesDir = None,
    store: StoreDir = None,
) -> None:
    """Say which candidate action each clip shows, and when each of its steps happens."""
    from actalign.alignment._dtw import preloading
    from actalign.cli._examples import with_examples
    from actalign.clips import clip_ids, open_store_or_cache
    from actalign.clips._background import other_clips
    from actalign.video import list_videos

    output.check(shards.part)
    figures.check()
    _check(windows, scoring, shards, examples)
    second.check(examples=examples is not None, refuses=scoring.min_confidence is not None)
    given = candidates.read(llm.config(), bank)
    left_out: list[str] = []
    kept = open_store_or_cache(store, left_out)
    listed = clip_ids(list_videos(videos, notes=left_out))
    found = shards.clips(listed)
    frames.check()
    wanted = model.choice_where(
        {
            "--num-shards": shards.num_shards,
            "--engine ray": machines.on_ray,
            "--examples": examples,
            "--second-look": second.second_look,
        }
    )
    choice, embed = machines.embedder(wanted, quiet=output.quiet or output.as_json)
    encoder = choice.load()
    sampling = frames.sampling(encoder.info)
    how: dict[str, Any] = {
        "sampling": sampling,
        "store": kept,
        "silent_seconds": frames.decode_timeout,
    }
    embedded = partial(embed, encoder, **how)
    others = other_clips(encoder.info, embedded(found)) if scoring.of_clips else None
    (resolved,) = given.resolve(encoder, scoring, others=others)
    second.check_confidence(resolved)
    shown = with_examples(examples, resolved, embedded) if examples else None
    settings = {**resolved.identity(), "sampling": asdict(sampling), "top_k": output.top_k}
    settings |= second.identity()
    burned: list[Row] = []
    marks = shards.part.marks(listed, settings) if shards.part else {}
    with (
        second.open(frames.decode_timeout) as look,
        output.run(len(found), found, resolved.labels) as run,
        preloading(),
    ):
        run.note([*left_out, *given.notes, *([shown.summary()] if shown else [])])
        into = _Rows(run, marks)
        shown_here = figures.figure or figures.burn
        if machines.on_ray and look is None and others is None and not shown_here:
            from actalign.cluster import RowScoring, classify_on_ray, ray_engine

            scored = RowScoring(shown or resolved, output.top_k, windows.window, windows.stride)
            _, there = ray_engine(wanted, machines.cluster())
            into.take(
                classify_on_ray(
                    encoder, found, scoring=scored, on_frames=run.frames, **how, **there
                )
            )
        else:
            for result in embedded(found, on_frames=run.frames):
                run.clip(result)
                against = shown or resolved.against(others, result)
                for one in windows.parts(result):
                    row, prediction = _scored(against, one, look, run, output.top_k)
                    into.add(
                        row, result.clip_id, failed=prediction is None and result.clip is not None
                    )
                    if prediction is not None:
                        figures.draw(prediction, result.path)
                        burned += [row] if figures.burn else []
    _end(run, output, figures, burned, look)


def _check(
    windows: WindowOptions, scoring: ScoringOptions, shards: ShardOptions, examples: Path | None
) -> None:
    """Raise UsageError for options that can't be used together, before any work is done."""
    windows.check()
    if windows.window and shards.num_shards:
        raise UsageError("--window can't be used with --num-shards, whose merge knows whole clips.")
    scoring.check(
        where="with --num-shards" if shards.num_shards else "here", clips=not shards.num_shards
    )
    if examples and (scoring.of_clips or scoring.none or scoring.min_confidence or windows.window):
        raise UsageError(
            "--examples can't be used with --background clips, --none, --min-confidence or "
            "--window."
        )


def _scored(
    against: Candidates | WithExamples,
    one: ClipResult,
    look: SecondLook | None,
    run: Run,
    top_k: int | None,
) -> tuple[Row, Prediction | None]:
    """A clip or window by the candidates and, where they are close, by a second look."""
    row, prediction = against.score(one, top_k=top_k)
    if look is not None and prediction is not None:
        row, prediction, why = look.at(prediction, one.path, top_k=top_k)
        run.note([f"{one.clip_id}: {why}"] if why else [])
    return row, prediction


def _end(
    run: Run,
    output: RowOptions,
    figures: FigureOptions,
    burned: list[Row],
    look: SecondLook | None,
) -> NoReturn:
    """Write the videos of the rows to burn, say what was written and what failed, and exit."""
    closing = [f"predictions: {output.out}"] if output.out else []
    if figures.figure and run.failed < run.rows:
        closing.append(f"figures: {figures.figure}")
    closing += figures.burn_in(burned, run)
    if look is not None:
        closing.append(look.summary())
    if run.failed:
        closing.append(f"{run.failed} of {run.rows} clips failed")
    run.end(*closing)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows into the run, with the mark of a clip's shard."""

    run: Run
    marks: Mapping[str, Any]

    def add(self, row: Row, clip_id: str, *, failed: bool) -> None:
        """Write and print a row; failed: the clip could be embedded but not scored."""
        if self.marks:
            row["shard"] = self.marks[clip_id]
        self.run.add(row)
        if failed:
            self.run.fail(row["clip"], row["error"] or "")
        self.run.result(row)

    def take(self, clips: Iterable[ScoredClip]) -> None:
        """Clips that were scored elsewhere."""
        for clip in clips:
            self.run.clip_done(clip.clip_id, clip.notes, clip.error)
            for row in clip.rows:
                failed = clip.error is None and row["status"] == "error"
                self.add(row, clip.clip_id, failed=failed)
