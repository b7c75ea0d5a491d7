"""`actalign classify`: which candidate action each clip shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from actalign.cli._candidates import BankFile, CandidateOptions, LanguageModelOptions
from actalign.cli._grouped import grouped
from actalign.cli._machine_options import EngineOptions, ShardOptions
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import (
    ExamplesDir,
    FigureOptions,
    InputOptions,
    RowOptions,
    StoreDir,
    Videos,
    WindowOptions,
)
from actalign.cli._scoring_options import ClipsScoringOptions
from actalign.cli._second_look import SecondLookOptions
from actalign.errors import UsageError, counted

if TYPE_CHECKING:
    from actalign.candidates import Candidates
    from actalign.cli._run import Run
    from actalign.clips import ClipResult
    from actalign.cluster import ScoredClip
    from actalign.examples import WithExamples
    from actalign.rows import Row
    from actalign.second_look import SecondLook


@grouped
def classify(
    videos: Videos,
    frames: InputOptions,
    windows: WindowOptions,
    candidates: CandidateOptions,
    llm: LanguageModelOptions,
    model: ModelOptions,
    scoring: ClipsScoringOptions,
    second: SecondLookOptions,
    output: RowOptions,
    figures: FigureOptions,
    shards: ShardOptions,
    machines: EngineOptions,
    bank: BankFile = None,
    examples: ExamplesDir = None,
    store: StoreDir = None,
) -> None:
    """Find which candidate action each clip shows, and when each of its steps happens."""
    from actalign.alignment._dtw import preloading
    from actalign.cli._examples import with_examples
    from actalign.cli._show import print_notes
    from actalign.clips import clip_ids, open_store_or_cache
    from actalign.clips._background import OtherClips
    from actalign.video import list_videos

    output.check(shards.part)
    figures.check()
    _check(windows, scoring, shards, examples)
    second.check(examples=examples is not None, refuses=scoring.min_confidence is not None)
    given = candidates.read(llm.config(bank), bank)
    left_out: list[str] = []
    kept = open_store_or_cache(store, left_out)
    listed = clip_ids(list_videos(videos, notes=left_out))
    found = shards.clips(listed)
    frames.check()
    of_one: dict[str, object] = {"--num-shards": shards.num_shards, "--engine ray": machines.on_ray}
    of_one |= {"--examples": examples, "--second-look": second.second_look}
    wanted = model.choice_where(of_one)
    choice, embed = machines.embedder(wanted, quiet=output.quiet or output.as_json)
    print_notes(left_out, quiet=output.quiet or output.as_json)  # also if the model is missing
    encoder = choice.load()
    sampling, wait = frames.sampling(encoder.info), frames.decode_timeout
    how: dict[str, Any] = {"sampling": sampling, "store": kept, "silent_seconds": wait}
    embedded = partial(embed, encoder, **how)
    others = None
    if scoring.of_clips:
        others = OtherClips(encoder.info, (one.clip for one in embedded(found)))
    (resolved,) = given.resolve(encoder, scoring, others=others)
    second.check_confidence(resolved)
    shown = with_examples(examples, resolved, embedded) if examples else None
    settings = {**resolved.identity(), "sampling": asdict(sampling), "top_k": output.top_k}
    marks = shards.part.marks(listed, settings | second.identity()) if shards.part else {}
    with (
        second.open(wait) as look,
        output.run(len(found), windows.names(found), resolved.labels) as run,
        preloading(),
    ):
        undrawable = figures.undrawable(resolved.scripts)
        run.note([*undrawable, *given.notes, *([shown.summary()] if shown else [])])
        rows = _Rows(run, marks, output.top_k, windows, figures)
        here = look is not None or others is not None or figures.figure or figures.burn
        if machines.on_ray and not here:
            from actalign.cluster import RowScoring, classify_on_ray, ray_engine

            scored = RowScoring(shown or resolved, output.top_k, windows.window, windows.stride)
            _, there = ray_engine(wanted, machines.cluster())
            clips = classify_on_ray(
                encoder, found, scoring=scored, on_frames=run.frames, **how, **there
            )
            rows.take(clips)
        else:
            for result in embedded(found, on_frames=run.frames):
                rows.score(result, shown or resolved.against(others, result), look)
    rows.end(output.written(), look, [] if shown else _compared(resolved))


def _check(
    windows: WindowOptions,
    scoring: ClipsScoringOptions,
    shards: ShardOptions,
    examples: Path | None,
) -> None:
    """Raise UsageError for options that can't be used together, before any work is done."""
    windows.check()
    if windows.window and shards.num_shards:
        raise UsageError(
            "--window can't be used with --num-shards, since `actalign merge` joins whole clips."
        )
    scoring.check(
        where="with --num-shards" if shards.num_shards else "here", clips=not shards.num_shards
    )
    refused = (scoring.of_clips, scoring.none, scoring.min_confidence, scoring.temperature)
    if examples and (any(refused) or windows.window):
        raise UsageError(
            "--examples can't be used with --background clips, --none, --min-confidence, "
            "--temperature or --window."
        )


def _compared(candidates: Candidates) -> list[str]:
    """Says what confidences mean for a clip that shows none of the candidates."""
    count = len(candidates.scripts)
    if candidates.temperature is None or candidates.none or count < 2:
        return []
    advice = "if a clip may show none of them, add --none other"
    if not candidates.scorer.knows_none:
        advice = "a clip may show none of them"
    return [f"confidences compare these {count} candidates only; {advice}"]


@dataclass(slots=True)
class _Rows:
    """Rows into the run, with the marks of the clips' shards.

    burned: those to burn at the end. long: clips that are long for a single action. sure: whether
    any row has a confidence.
    """

    run: Run
    marks: Mapping[str, Any]
    top_k: int | None
    windows: WindowOptions
    figures: FigureOptions
    burned: list[Row] = field(default_factory=list)
    long: list[str] = field(default_factory=list)
    sure: bool = False

    def score(
        self, clip: ClipResult, against: Candidates | WithExamples, look: SecondLook | None
    ) -> None:
        """A clip or its windows by the candidates and, where they are close, by a second look."""
        self.run.clip(clip)
        for one in self.windows.parts(clip):
            row, prediction = against.score(one, top_k=self.top_k)
            if look is not None and prediction is not None:
                row, prediction, why = look.at(prediction, one.path, top_k=self.top_k)
                self.run.note([f"{one.clip_id}: {why}"] if why else [])
            self._add(row, clip.clip_id, failed=prediction is None and clip.clip is not None)
            if prediction is not None:
                self.run.note(self.figures.draw(prediction, clip.path))
                self.burned.extend([row] if self.figures.burn else [])

    def take(self, clips: Iterable[ScoredClip]) -> None:
        """Clips that were scored elsewhere."""
        for clip in clips:
            self.run.clip_done(clip.clip_id, clip.notes, clip.error)
            for row in clip.rows:
                failed = clip.error is None and row["status"] == "error"
                self._add(row, clip.clip_id, failed=failed)

    def _add(self, row: Row, clip_id: str, *, failed: bool) -> None:
        """Write and print a row; failed: the clip could be embedded but not scored."""
        from actalign.rows._warnings import long_for_one_action

        if self.marks:
            row["shard"] = self.marks[clip_id]
        self.run.add(row)
        if failed:
            self.run.fail(row["clip"], row["error"] or "")
        self.run.result(row)
        self.sure = self.sure or row.get("confidence") is not None
        if not self.windows.window and long_for_one_action(row):
            self.long.append(row["clip"])

    def _said_of_long(self) -> list[str]:
        """What suits clips better that are long for the single action of their answer."""
        from actalign.rows._warnings import long_note

        if not self.long:
            return []
        rest = len(self.long) - 1
        which = f"{self.long[0]} and {counted(rest, 'other')} are" if rest else f"{self.long[0]} is"
        return [long_note(which)]

    def end(self, written: str, look: SecondLook | None, compared: Iterable[str]) -> NoReturn:
        """Write the videos to burn, say what was written and what failed, and exit.

        written: the files of rows. compared: what there is to say of confidences, if there are any.
        """
        run = self.run
        some = run.failed < run.rows
        closing = [*self._said_of_long(), *(compared if self.sure else [])]
        if written:
            closing.append(f"predictions: {written}")
        if self.figures.figure and some:
            closing.append(f"figures: {self.figures.figure}")
        closing += self.figures.burn_in(self.burned, run)
        if look is not None:
            closing.append(look.summary())
        if run.failed:
            closing.append(f"{run.failed} of {counted(run.rows, 'clip')} failed")
        run.end(*closing)
