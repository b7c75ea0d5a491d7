"""`actalign locate`: where in long videos each action happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from actalign.alignment._locate import MAX_STEP_SECONDS, OVERLAP, THRESHOLD, WEAK_THRESHOLD, Limits
from actalign.alignment._paths import MIN_STEP_SECONDS
from actalign.cli._candidates import CandidateOptions
from actalign.cli._grouped import OUTPUT, grouped
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import AsJson, InputOptions, Quiet, StoreDir, Videos
from actalign.cli._scoring_options import ScoringOptions, Smoothing
from actalign.errors import counted

if TYPE_CHECKING:
    from actalign.alignment import Detection
    from actalign.candidates import Candidates
    from actalign.cli._run import Run
    from actalign.clips import ClipResult
    from actalign.rows import Row
    from actalign.types import ClipEmbedding

FILLED = "it suits a video that shows little besides the actions"


@dataclass(frozen=True, slots=True)
class DetectionOptions(Limits):
    """What counts as a detection; raises UsageError."""

    PANEL: ClassVar[str] = "Detections"

    threshold: Annotated[
        float,
        typer.Option(
            help="Minimum score, in nats: mean negative log of the share of frames that fit a step "
            "at least as well."
        ),
    ] = THRESHOLD
    min_step: Annotated[float, typer.Option(help="Shortest time a step lasts, in seconds.")] = (
        MIN_STEP_SECONDS
    )
    max_step: Annotated[float, typer.Option(help="Longest time a step lasts, in seconds.")] = (
        MAX_STEP_SECONDS
    )
    overlap: Annotated[
        float,
        typer.Option(
            help="Of two detections whose intersection over union is larger, only the better is "
            "kept."
        ),
    ] = OVERLAP


@grouped
def locate(
    videos: Videos,
    frames: InputOptions,
    candidates: CandidateOptions,
    model: ModelOptions,
    limits: DetectionOptions,
    smoothing: Smoothing = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the detections: a .jsonl, .vtt, .csv, .parquet, .xlsx or .md file.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    store: StoreDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find where in long videos each action happens, from its first to its last step."""
    from actalign.cli._cost import with_cost
    from actalign.cli._progress import said_if_long
    from actalign.cli._run import Run
    from actalign.cli._show import print_notes
    from actalign.clips import clip_ids, embed_videos, open_store_or_cache
    from actalign.output._detections import check_out, write_detections
    from actalign.video import list_videos

    left_out: list[str] = []
    kept = open_store_or_cache(store, left_out)
    found = clip_ids(list_videos(videos, notes=left_out))
    if out:
        check_out(out, videos=len(found))
    given = candidates.read()
    frames.check()
    choice = model.choice
    print_notes(left_out, quiet=quiet or as_json)  # also if the model is missing
    encoder = choice.load()
    (resolved,) = given.resolve(encoder, ScoringOptions(smoothing=smoothing), one_wins=False)
    if resolved.without:
        given.notes.append("an action of one step is found in any video; give it a script")
    rows: list[Row] = []
    with Run(len(found), as_json=as_json, quiet=quiet) as run:
        run.note(given.notes)
        for result in with_cost(embed_videos, quiet=quiet or as_json)(
            encoder,
            found,
            sampling=frames.sampling(encoder.info),
            store=kept,
            on_frames=run.frames,
            silent_seconds=frames.decode_timeout,
        ):
            run.clip(result)
            for row in _located(run, resolved, result, limits):
                run.add(row)
                rows.append(row)
    if out:
        with said_if_long(None if run.silent else out):
            write_detections(out, rows)
    run.end(*([f"detections: {out}"] if out else []))


def _located(
    run: Run, candidates: Candidates, result: ClipResult, limits: DetectionOptions
) -> list[Row]:
    """The rows of one video's detections, which are shown too; one row for a video that failed."""
    from actalign.cli._show import detection_table

    if result.clip is None:
        return [result.failure.to_row()]
    clip, said = result.clip, candidates.warnings
    lower = replace(limits, threshold=min(WEAK_THRESHOLD, limits.threshold))
    every = candidates.locate(clip, **asdict(lower))
    found = [one for one in every if one.score >= limits.threshold]
    rows = [one.to_row(clip, n, text_warnings=said) for n, one in enumerate(found, start=1)]
    run.show(detection_table(clip.clip_id, rows))
    if not rows:
        run.note([f"{clip.clip_id}: {_why_none(candidates, clip, limits, every)}"])
    elif more := len(every) - len(found):
        run.note([f"{clip.clip_id}: --threshold {WEAK_THRESHOLD:g} detects {more} more; {FILLED}"])
    return rows


def _why_none(
    candidates: Candidates,
    clip: ClipEmbedding,
    limits: DetectionOptions,
    weaker: Sequence[Detection],
) -> str:
    """What keeps a clip from having a detection, and what to do."""
    if clip.neutral_frames == len(clip.pts_seconds):
        return "nothing is seen in any frame, so no action is detected"
    least, _ = limits.frames(clip.pts_seconds)
    steps = min(len(steps) for one in candidates.scripts for steps in one.step_lists)
    frames, needed = len(clip.pts_seconds), least * steps
    if frames < needed:
        return (
            f"it is too short for the scripts' steps: it has {counted(frames, 'frame')}, and the "
            f"shortest script needs {needed}; use `classify`, or a higher --fps"
        )
    none = f"none scores {limits.threshold:g} or more; a lower --threshold detects weaker ones"
    if weaker:
        return f"{none}: {WEAK_THRESHOLD:g} detects {len(weaker)}; {FILLED}"
    return f"{none}; for an action that fills much of a video, use `classify`"
