"""The `actalign` command: one short function a verb, which prints what the package returns.

Exit codes: 0 all well, 1 some or all of the work failed, 2 wrong usage.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actalign import __version__, cli_align, cli_eval, cli_long, cli_subactions, cli_tools
from actalign.cli_options import (
    AsJson,
    DecodeTimeout,
    Device,
    Domain,
    Dtype,
    End,
    Engine,
    Fps,
    Labels,
    LabelsFile,
    Model,
    NumActors,
    NumGpus,
    NumShards,
    Quiet,
    RayAddress,
    ScriptsFile,
    ShardIndex,
    SkipAlike,
    Smoothing,
    Start,
    StoreDir,
    Videos,
    llm_config,
    parse_fps,
    ray_cluster,
    read_candidates,
)
from actalign.cli_output import console_of, prediction_table, print_notes, save_figure
from actalign.encoder import DEFAULT_MODEL
from actalign.errors import UsageError, run_program

if TYPE_CHECKING:
    from actalign._types import Script
    from actalign.classifier import ActAlign
    from actalign.pipeline import Embedded
    from actalign.prediction import Prediction

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Recognise fine-grained actions in video without training, by aligning "
    "sub-actions with frames.",
)
app.add_typer(cli_subactions.app, name="subactions")
app.add_typer(cli_eval.app, name="eval")
app.command()(cli_eval.report)
app.command()(cli_long.locate)
app.command()(cli_long.live)
app.command()(cli_align.align)
app.command()(cli_tools.serve)
app.command()(cli_tools.export)
app.command()(cli_tools.merge)
app.command()(cli_tools.doctor)


def _version(value: bool) -> None:
    if value:
        print(f"actalign {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def classify(
    videos: Videos,
    labels: Labels = None,
    labels_file: LabelsFile = None,
    domain: Domain = None,
    scripts: ScriptsFile = None,
    model: Model = DEFAULT_MODEL,
    scorer: Annotated[
        str | None,
        typer.Option(help="dtw (paper), dtw_steps (the default of body), mean_pool, dtw_mean, ..."),
    ] = None,
    fps: Fps = None,
    smoothing: Smoothing = None,
    start: Start = None,
    end: End = None,
    skip_alike: SkipAlike = None,
    window: Annotated[
        float | None, typer.Option(help="Cut long videos into windows of so many seconds.")
    ] = None,
    stride: Annotated[
        float | None, typer.Option(help="Seconds between windows; the window's length if not set.")
    ] = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="Print the best N candidates.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write predictions as JSON Lines.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Folder for one picture a clip.")] = None,
    figure_format: Annotated[str, typer.Option(help="png or svg.")] = "png",
    figure_theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
    as_json: AsJson = False,
    device: Device = None,
    dtype: Dtype = None,
    store: StoreDir = None,
    llm_model: Annotated[
        str | None,
        typer.Option(help="Have this language model write the scripts that are missing."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible service; the key is OPENAI_API_KEY.")
    ] = None,
    bank: Annotated[
        Path | None, typer.Option(help="Bank that keeps generated scripts, .json or .parquet.")
    ] = None,
    decode_timeout: DecodeTimeout = 300.0,
    num_shards: NumShards = None,
    shard: ShardIndex = None,
    engine: Engine = "local",
    ray_address: RayAddress = None,
    num_gpus: NumGpus = None,
    num_actors: NumActors = None,
    quiet: Quiet = False,
) -> None:
    """Say which candidate action each clip shows, and when each of its sub-actions happens."""
    from actalign.alignment import loading_beside
    from actalign.classifier import ActAlign
    from actalign.figure_style import check_format, get_theme
    from actalign.parquet_store import open_store
    from actalign.pipeline import Sampling, clip_ids
    from actalign.prediction import RowWriter
    from actalign.progress import Progress
    from actalign.ray_engine import loader_and_embedder
    from actalign.ray_loading import EncoderChoice
    from actalign.scoring import get_scorer
    from actalign.shards import Shard
    from actalign.store import default_store
    from actalign.video import list_videos
    from actalign.windows import check_window, windowed

    check_window(window, stride)
    if window and num_shards:
        raise UsageError("--window can't be used with --num-shards, whose merge knows whole clips.")
    if figure and figure.suffix:
        raise UsageError(f"--figure takes a folder, and {figure} looks like a file.")
    check_format(figure_format)
    get_theme(figure_theme)
    if scorer is not None:
        get_scorer(scorer)
    llm = llm_config(llm_model, base_url)
    wanted, ready, notes = read_candidates(labels, labels_file, scripts, domain, llm, bank)
    part = Shard.of(num_shards, shard)
    cluster = ray_cluster(engine, ray_address, num_gpus, num_actors)
    listed = clip_ids(list_videos(videos))
    found = part.clips(listed) if part else listed
    frames_per_second = parse_fps(fps)
    load, embed = loader_and_embedder(EncoderChoice(model, device, dtype), cluster)
    encoder = load()
    classifier = ActAlign(encoder, smoothing_seconds=smoothing, scorer=scorer)
    rate = classifier.fps if fps is None else frames_per_second
    sampling = Sampling(rate, start, end, skip_alike)
    settings = {
        "labels": wanted,
        "scripts": [asdict(script) for script in ready],
        "domain": domain,
        "encoder": encoder.fingerprint,
        "sampling": asdict(sampling),
        "scorer": classifier.scorer.name,
        "smoothing_seconds": classifier.smoothing_seconds,
        "top_k": top_k,
    }
    marks = part.marks(listed, settings) if part else {}
    console = console_of(stderr=True)
    if not (quiet or as_json):
        for note in notes:
            console.print(note, style="yellow", markup=False)
    failed = 0
    bar = Progress(console, total=len(found), shown=not (quiet or as_json))
    with bar as progress, RowWriter(out) as rows, loading_beside():
        for result in embed(
            encoder,
            found,
            sampling=sampling,
            store=open_store(store or default_store()),
            on_frames=progress.frames,
            silent_seconds=decode_timeout,
        ):
            progress.clip(result.clip_id)
            print_notes(console, result, quiet=quiet or as_json)
            for part_of in windowed(result, window, stride):
                row, prediction = _classified(
                    classifier, part_of, labels=wanted, scripts=ready, domain=domain, top_k=top_k
                )
                if part:
                    row["shard"] = marks[result.clip_id]
                rows.add(row)
                if prediction is not None and not (quiet or as_json):
                    for note in prediction.text_warnings if rows.count == 1 else ():
                        console.print(note, style="yellow", markup=False)
                if prediction is None:
                    failed += 1
                    console.print(f"{result.clip_id}: {row['error']}", style="red", markup=False)
                elif figure:
                    save_figure(
                        prediction, result.path, figure, format=figure_format, theme=figure_theme
                    )
                if as_json:
                    print(json.dumps(row, ensure_ascii=False), flush=True)
                elif prediction is not None:
                    # A video of hours has thousands of windows: a line for each.
                    progress.above(
                        f"{prediction.clip.clip_id}  {prediction.label}  "
                        f"{prediction.candidates[0].score:.4f}"
                        if window
                        else prediction_table(prediction, top_k=top_k)
                    )
    if not (quiet or as_json):
        if out:
            console.print(f"predictions: {out}")
        if figure and failed < rows.count:
            console.print(f"figures: {figure}")
        if failed:
            console.print(f"{failed} of {rows.count} clips failed", style="red")
    raise typer.Exit(1 if failed else 0)


@app.command()
def encode(
    videos: Videos,
    out: Annotated[
        str,
        typer.Option(help="Folder for the embeddings, or address with :// for Parquet files."),
    ],
    model: Model = DEFAULT_MODEL,
    fps: Fps = None,
    start: Start = None,
    end: End = None,
    skip_alike: SkipAlike = None,
    device: Device = None,
    dtype: Dtype = None,
    decode_timeout: DecodeTimeout = 300.0,
    num_shards: NumShards = None,
    shard: ShardIndex = None,
    engine: Engine = "local",
    ray_address: RayAddress = None,
    num_gpus: NumGpus = None,
    num_actors: NumActors = None,
    quiet: Quiet = False,
) -> None:
    """Embed the frames of videos once, so that candidates can be scored at once and again."""
    from actalign.parquet_store import open_store
    from actalign.pipeline import Sampling, clip_ids
    from actalign.progress import Progress
    from actalign.ray_engine import loader_and_embedder
    from actalign.ray_loading import EncoderChoice
    from actalign.shards import Shard
    from actalign.video import list_videos

    part = Shard.of(num_shards, shard)
    cluster = ray_cluster(engine, ray_address, num_gpus, num_actors)
    listed = clip_ids(list_videos(videos))
    found = part.clips(listed) if part else listed
    frames_per_second = parse_fps(fps)
    load, embed = loader_and_embedder(EncoderChoice(model, device, dtype), cluster)
    encoder = load()
    rate = encoder.defaults.fps if fps is None else frames_per_second
    sampling = Sampling(rate, start, end, skip_alike)
    console = console_of(stderr=True)
    failed = cached = 0
    with Progress(console, total=len(found), shown=not quiet) as progress:
        for result in embed(
            encoder,
            found,
            sampling=sampling,
            store=open_store(out),
            on_frames=progress.frames,
            silent_seconds=decode_timeout,
        ):
            progress.clip(result.clip_id)
            print_notes(console, result, quiet=quiet)
            cached += result.cached
            if result.error:
                failed += 1
                console.print(f"{result.clip_id}: {result.error}", style="red", markup=False)
    if not quiet:
        new = len(found) - failed - cached
        console.print(f"{new} encoded, {cached} were there, {failed} failed: {out}")
    raise typer.Exit(1 if failed else 0)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the figures and predictions.")] = Path(
        "demo"
    ),
    quiet: Quiet = False,
) -> None:
    """Classify the clips that ship with the package, by the built-in encoder; fetches nothing."""
    from actalign.classifier import ActAlign
    from actalign.demo import demo_clips
    from actalign.prediction import write_rows

    classifier = ActAlign.from_pretrained("body")
    console = console_of()
    rows = []
    for clip in demo_clips():
        prediction = classifier.predict(
            clip.path,
            candidate_labels=[script.label for script in clip.scripts],
            scripts=clip.scripts,
            domain=clip.domain,
        )
        rows.append(prediction.to_row(target=clip.label))
        console.print(prediction_table(prediction))
        drawn = save_figure(prediction, clip.path, out)
        if not quiet:
            verdict = "right" if prediction.label == clip.label else "wrong"
            console.print(f"it shows: {clip.label} ({verdict})   figure: {drawn}\n", markup=False)
    write_rows(rows, out / "predictions.jsonl")
    if not quiet:
        right = sum(row["filtered_resps"] == [row["target"]] for row in rows)
        console.print(f"{right} of {len(rows)} right; predictions: {out / 'predictions.jsonl'}")


def _classified(
    classifier: ActAlign,
    result: Embedded,
    *,
    labels: list[str],
    scripts: list[Script],
    domain: str | None,
    top_k: int | None,
) -> tuple[dict[str, object], Prediction | None]:
    """The row of one clip, and its prediction where it has one."""
    from actalign.prediction import error_row

    if result.clip is None:
        assert result.error is not None
        return error_row(result.clip_id, str(result.path), result.error), None
    prediction = classifier.predict(
        result.clip, candidate_labels=labels, scripts=scripts, domain=domain
    )
    return prediction.to_row(top_k=top_k), prediction


def main() -> None:
    """Run the command line."""
    run_program(app)
