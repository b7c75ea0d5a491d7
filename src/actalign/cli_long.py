"""The command line for long and endless video: `locate` and `live`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actalign.cli_options import (
    AsJson,
    DecodeTimeout,
    Device,
    Domain,
    Dtype,
    End,
    Fps,
    Labels,
    LabelsFile,
    Model,
    Quiet,
    ScriptsFile,
    Smoothing,
    Start,
    StoreDir,
    Videos,
    parse_fps,
    read_candidates,
)
from actalign.cli_output import console_of, print_notes
from actalign.encoder import DEFAULT_MODEL
from actalign.errors import UsageError
from actalign.localization import MAX_STEP_SECONDS, MIN_STEP_SECONDS, OVERLAP, THRESHOLD

if TYPE_CHECKING:
    from rich.table import Table

    from actalign.localization import Find

LIVE_FPS = 10.0
"""Frames a second where neither the user nor the encoder says: every frame is too many live."""


def locate(
    videos: Videos,
    labels: Labels = None,
    labels_file: LabelsFile = None,
    domain: Domain = None,
    scripts: ScriptsFile = None,
    model: Model = DEFAULT_MODEL,
    fps: Fps = None,
    smoothing: Smoothing = None,
    start: Start = None,
    end: End = None,
    threshold: Annotated[
        float, typer.Option(help="Least score of a find: mean surprise of its frames, in nats.")
    ] = THRESHOLD,
    min_step: Annotated[
        float, typer.Option(help="Shortest time a sub-action lasts, in seconds.")
    ] = MIN_STEP_SECONDS,
    max_step: Annotated[
        float, typer.Option(help="Longest time a sub-action lasts, in seconds.")
    ] = MAX_STEP_SECONDS,
    overlap: Annotated[
        float,
        typer.Option(help="Of two finds with a larger intersection over union, the better stays."),
    ] = OVERLAP,
    out: Annotated[
        Path | None, typer.Option(help="Write the finds: a .jsonl, .vtt or .csv file.")
    ] = None,
    as_json: AsJson = False,
    device: Device = None,
    dtype: Dtype = None,
    store: StoreDir = None,
    decode_timeout: DecodeTimeout = 300.0,
    quiet: Quiet = False,
) -> None:
    """Find where in long videos each action happens, from its first to its last sub-action."""
    from actalign.classifier import ActAlign
    from actalign.encoder import load_encoder
    from actalign.finds import check_out, write_finds
    from actalign.localization import check_limits, find_row
    from actalign.localization import locate as find_actions
    from actalign.pipeline import Sampling, clip_ids, embed_videos
    from actalign.prediction import error_row
    from actalign.progress import Progress
    from actalign.similarity import smooth
    from actalign.store import Store, default_store
    from actalign.subactions import scripts_for, step_texts
    from actalign.video import list_videos

    limits = {
        "threshold": threshold,
        "min_step": min_step,
        "max_step": max_step,
        "overlap": overlap,
    }
    check_limits(**limits)
    found = clip_ids(list_videos(videos))
    if out:
        check_out(out, videos=len(found))
    wanted, ready, notes = read_candidates(labels, labels_file, scripts, domain)
    chosen, bare = scripts_for(wanted, ready, domain=domain)
    if bare:
        notes.append("an action of one step is found in any video; give it a script")
    frames_per_second = parse_fps(fps)
    classifier = ActAlign(
        load_encoder(model, device=device, dtype=dtype), smoothing_seconds=smoothing
    )
    rate = classifier.fps if fps is None else frames_per_second
    steps = [classifier.encode(step_texts(s, classifier.step_template)) for s in chosen]
    console = console_of(stderr=True)
    if not (quiet or as_json):
        for note in notes:
            console.print(note, style="yellow", markup=False)
    rows: list[dict[str, object]] = []
    failed = 0
    with Progress(console, total=len(found), shown=not (quiet or as_json)) as progress:
        for result in embed_videos(
            classifier.encoder,
            found,
            sampling=Sampling(rate, start, end),
            store=Store(store or default_store()),
            on_frames=progress.frames,
            silent_seconds=decode_timeout,
        ):
            progress.clip(result.clip_id)
            clip = result.clip
            print_notes(console, result, quiet=quiet or as_json)
            if clip is None:
                assert result.error is not None
                failed += 1
                own = [error_row(result.clip_id, str(result.path), result.error)]
                console.print(f"{result.clip_id}: {result.error}", style="red", markup=False)
            else:
                frames = smooth(
                    clip.embeddings,
                    pts_seconds=clip.pts_seconds,
                    seconds=classifier.smoothing_seconds,
                )
                finds = find_actions(clip, frames, chosen, steps, **limits)
                own = [find_row(find, clip, n) for n, find in enumerate(finds, start=1)]
                if not as_json:
                    progress.above(_find_table(result.clip_id, finds))
                if not (finds or quiet or as_json):
                    weaker = f"none scores {threshold:g} or more; a lower --threshold finds weaker"
                    console.print(f"{result.clip_id}: {weaker} ones", style="yellow", markup=False)
            for row in own if as_json else ():
                print(json.dumps(row, ensure_ascii=False), flush=True)
            rows += own
    if out:
        write_finds(out, rows)
        if not (quiet or as_json):
            console.print(f"finds: {out}")
    raise typer.Exit(1 if failed else 0)


def live(
    source: Annotated[
        str,
        typer.Argument(
            help="A file, an address (rtsp://, http://, ...), a device such as /dev/video0, or "
            "env:NAME for an address with a password, which that variable holds."
        ),
    ],
    labels: Labels = None,
    labels_file: LabelsFile = None,
    domain: Domain = None,
    scripts: ScriptsFile = None,
    model: Model = DEFAULT_MODEL,
    fps: Annotated[float | None, typer.Option(help="Frames encoded a second.")] = None,
    smoothing: Smoothing = None,
    window: Annotated[float, typer.Option(help="Seconds that each score looks back.")] = 5.0,
    every: Annotated[float, typer.Option(help="Seconds between scores.")] = 1.0,
    format: Annotated[
        str | None, typer.Option(help="FFmpeg's name of the input format, for devices: v4l2, ...")
    ] = None,
    give_up: Annotated[
        float, typer.Option(help="Seconds without a picture after which a stream is given up.")
    ] = 300.0,
    top_k: Annotated[int | None, typer.Option(min=1, help="Print the best N candidates.")] = None,
    as_json: AsJson = False,
    device: Device = None,
    dtype: Dtype = None,
    quiet: Quiet = False,
) -> None:
    """Watch a camera, a stream or a file played in real time, and score its last seconds."""
    from actalign.classifier import ActAlign
    from actalign.encoder import load_encoder
    from actalign.live import live_scores
    from actalign.source import LiveSource

    console = console_of(stderr=True)

    def tell(sentence: str) -> None:
        if not quiet:
            console.print(sentence, style="yellow", markup=False)

    wanted, ready, notes = read_candidates(labels, labels_file, scripts, domain)
    for note in notes:
        tell(note)
    address = _address(source)
    # Refuses what is wrong before the encoder loads.
    LiveSource(address, fps=1.0, format=format, give_up=give_up)
    classifier = ActAlign(
        load_encoder(model, device=device, dtype=dtype), smoothing_seconds=smoothing
    )
    rate = fps if fps is not None else classifier.fps or LIVE_FPS
    count = 0
    try:
        with LiveSource(address, fps=rate, format=format, give_up=give_up, on_trouble=tell) as seen:
            if not (quiet or as_json):
                console.print(
                    f"{seen.name}: the last {window:g} s, scored every {every:g} s at {rate:g} "
                    "frames a second; stop with Ctrl+C",
                    markup=False,
                )
            for score in live_scores(
                classifier,
                seen,
                candidate_labels=wanted,
                scripts=ready,
                domain=domain,
                window=window,
                every=every,
            ):
                count += 1
                row = score.to_row(top_k=top_k)
                if as_json:
                    print(json.dumps(row, ensure_ascii=False), flush=True)
                    continue
                ranked = "  ".join(
                    f"{c['label']} {c['score']:.4f}" for c in row["candidates"][: top_k or 3]
                )
                lost = f"  {score.dropped} frames dropped" if score.dropped else ""
                at = clock(score.seconds)
                print(f"{at}  {ranked}  (delay {score.delay_seconds:.1f} s{lost})", flush=True)
    except KeyboardInterrupt:
        if not (quiet or as_json):
            console.print(f"stopped after {count} scores")
        raise typer.Exit(130) from None


def _address(source: str) -> str:
    if not source.startswith("env:"):
        return source
    name = source.removeprefix("env:")
    if not os.environ.get(name):
        raise UsageError(f"The source is env:{name}, but the variable {name} is not set.")
    return os.environ[name]


def _find_table(clip_id: str, finds: list[Find]) -> Table:
    from rich.table import Table

    table = Table(
        title=f"{clip_id}: {len(finds)} found",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    table.show_header = bool(finds)
    for heading in ("start", "end", "score"):
        table.add_column(heading, justify="right")
    table.add_column("action")
    for find in finds:
        begin, end = clock(find.start_seconds), clock(find.end_seconds)
        table.add_row(begin, end, f"{find.score:.2f}", find.label)
    return table


def clock(seconds: float) -> str:
    """Seconds as H:MM:SS.s."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 10:02}.{rest % 10}"
