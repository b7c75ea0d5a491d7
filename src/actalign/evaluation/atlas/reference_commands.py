"""The reference's six commands: flags, and the lines they print. The work is in other modules.

Each exits with 0 if it did its work, even if samples failed (they are named, counted and recorded),
1 if nothing could be done, 2 for wrong usage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from actalign.alignment import Calibration
from actalign.arguments import parse_fps
from actalign.encoders import DEFAULT_MODEL, Encoder, load_encoder
from actalign.errors import EncoderError, EncoderUsageError, UsageError
from actalign.evaluation._rows import row_without_score
from actalign.evaluation.atlas._align import report_lines, score_dtw, score_labels, scores_json
from actalign.evaluation.atlas._dataset import export_missing, export_npy, load_dataset
from actalign.evaluation.atlas._download import URL_TEMPLATE, DownloadOptions
from actalign.evaluation.atlas._embeddings import (
    TEXT_FORMAT,
    VIDEO_FORMAT,
    EmbeddingFile,
    IndexRow,
    check_same_encoder,
    read_embeddings,
)
from actalign.evaluation.atlas._encoding import encode_dataset, encode_questions
from actalign.evaluation.atlas._metadata import read_metadata
from actalign.evaluation.atlas._process import build_dataset
from actalign.evaluation.atlas._questions import dataset_questions, read_generated
from actalign.evaluation.atlas._scripts import fill_scripts
from actalign.files import check_writable, write_text
from actalign.program import run_program
from actalign.rows import Row

REFERENCE_SCALE_MODEL = "google/siglip2-so400m-patch14-384"
"""The original's seq_alignment.py takes scale and bias from it, whatever made the embeddings."""

Model = Annotated[str, typer.Option(help="Encoder: hub id, local folder, or 'body' (built in).")]
Device = Annotated[
    str | None,
    typer.Option(help="cuda:0, cpu, ...; by default cuda:0 if there is one, or else the CPU."),
]
Dtype = Annotated[str | None, typer.Option(help="float32, bfloat16 or float16.")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Frames or texts in one pass.")]

LogitScaleLog = Annotated[
    float | None, typer.Option(help="Natural logarithm of the scale; no model is loaded.")
]
LogitBias = Annotated[float | None, typer.Option(help="Bias; no model is loaded.")]
SmoothingSeconds = Annotated[
    float | None,
    typer.Option(
        min=0, help="Moving average over frames; by default the encoder's own, 0 without times."
    ),
]
NoSigmoid = Annotated[bool, typer.Option("--no-sigmoid", help="Align cosines, not probabilities.")]
Reference = Annotated[
    bool,
    typer.Option(
        "--reference",
        help="The original script's behaviour: no smoothing, and SigLIP 2's scale and bias.",
    ),
]


def run(command: Callable[..., Any]) -> None:
    """Run one command as a program; our errors become one line on stderr and an exit code."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    run_program(app)


def _check_output(output: Path) -> None:
    """Raise UsageError if the file or the folder can't be written, before any work is done."""
    check_writable(output if output.suffix == ".npy" else output / "entry")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def process_data(
    output: Annotated[
        Path, typer.Option(help="An .npy in the original's layout, or a dataset folder.")
    ],
    metadata: Annotated[
        Path | None,
        typer.Option(
            help="JSON, JSON Lines or Parquet with ActionAtlas's fields; by default the hub's."
        ),
    ] = None,
    videos: Annotated[
        Path | None, typer.Option(help="Folder with <youtube_id>.mp4; nothing is downloaded.")
    ] = None,
    cookies: Annotated[Path | None, typer.Option(help="Cookies file for yt-dlp.")] = None,
    cookies_from_browser: Annotated[
        str | None, typer.Option(help="BROWSER[:PROFILE] that yt-dlp takes cookies from.")
    ] = None,
    max_height: Annotated[int, typer.Option(min=1, help="Pixels of the download.")] = 720,
    url_template: Annotated[
        str, typer.Option(help="Address of a video; {youtube_id} is filled in.")
    ] = URL_TEMPLATE,
    sleep: Annotated[float, typer.Option(min=0, help="Seconds before each download.")] = 0.0,
    limit_rate: Annotated[
        int | None, typer.Option(min=1, help="Bytes a second for each download.")
    ] = None,
    retries: Annotated[int, typer.Option(min=0, help="Retries after an error.")] = 10,
    concurrent: Annotated[int, typer.Option(min=1, help="Downloads at a time.")] = 2,
) -> None:
    """Download ActionAtlas's videos, cut its segments, hide their text and keep them as clips."""
    options = DownloadOptions(
        url_template=url_template,
        cookies=cookies,
        cookies_from_browser=cookies_from_browser,
        max_height=max_height,
        sleep_seconds=sleep,
        limit_rate=limit_rate,
        retries=retries,
        concurrent=concurrent,
    )
    samples = read_metadata(metadata)
    as_array = output.suffix == ".npy"
    folder = output.with_suffix("") if as_array else output
    if folder.is_file():
        raise UsageError(f"--output {output} needs the folder {folder}, but that is a file.")
    _check_output(output)
    missing = folder.with_name(f"{folder.name}_missing.npy")
    entries = build_dataset(samples, folder, videos=videos, options=options, tell=_tell)
    export_missing(missing, entries)
    usable = sum(entry.ok for entry in entries)
    if as_array:
        export_npy(output, folder, entries)
        print(f"{usable} of {len(entries)} clips in {output} (files in {folder})")
    else:
        print(f"{usable} of {len(entries)} clips in {folder}")
    failed = len(entries) - usable
    print(f"{failed} failed {'entry' if failed == 1 else 'entries'} in {missing}")
    raise typer.Exit(0 if usable else 1)


def encode_videos(
    output: Annotated[Path, typer.Option(help="An .npy in the original's layout, or a folder.")],
    input: Annotated[Path, typer.Option(help="What process_data.py wrote.")] = Path(
        "processed_dataset.npy"
    ),
    model: Model = DEFAULT_MODEL,
    device: Device = None,
    fps: Annotated[
        str | None,
        typer.Option(
            help="Frames to encode per second, or 'all'; by default the model's own rate."
        ),
    ] = None,
    batch_size: BatchSize = None,
    dtype: Dtype = None,
) -> None:
    """Encode every clip's frames; run it again after an interruption, nothing is encoded twice."""
    _check_output(output)
    dataset = load_dataset(input)
    rate = None if fps is None else parse_fps(fps)
    encoder = _load(model, device, dtype=dtype, batch_size=batch_size)
    if fps is None:
        rate = encoder.info.fps
    rows = encode_dataset(encoder, dataset, output, fps=rate, tell=_tell)
    good = sum(row.status == "ok" for row in rows)
    print(f"{good} of {len(rows)} clips encoded in {output}")
    raise typer.Exit(0 if good else 1)


def generate_subactions(
    input: Annotated[Path, typer.Option(help="What process_data.py wrote.")],
    output: Annotated[Path, typer.Option(help="JSON with the original's keys.")],
    apikey: Annotated[
        str | None,
        typer.Option(help="Accepted, but others see it here: set OPENAI_API_KEY instead."),
    ] = None,
    temp: Annotated[float, typer.Option(min=0, max=2, help="Sampling temperature.")] = 0.2,
    bank: Annotated[
        Path | None,
        typer.Option(help="Scripts to use (JSON, YAML or Parquet) instead of a language model."),
    ] = None,
    llm_model: Annotated[str | None, typer.Option(help="The service's model name.")] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="An OpenAI-compatible service; by default OPENAI_BASE_URL or OpenAI."),
    ] = None,
    prompt: Annotated[
        str, typer.Option(help="discriminative, context-rich, short-fixed or a file.")
    ] = "discriminative",
) -> None:
    """Give every candidate its script of sub-actions, from a bank or from a language model."""
    if apikey is not None:
        _tell(
            "warning: other users of this machine can read --apikey in the process list; set "
            "OPENAI_API_KEY in the environment instead"
        )
    check_writable(output)
    dataset = load_dataset(input)
    rows, faults = fill_scripts(
        dataset.usable,
        output,
        bank=bank,
        api_key=apikey,
        settings={
            "temperature": temp,
            "prompt": prompt,
            **({"model": llm_model} if llm_model else {}),
            **({"base_url": base_url} if base_url else {}),
        },
        tell=_tell,
    )
    print(f"{len(rows) - len(faults)} of {len(rows)} samples have all scripts in {output}")
    raise typer.Exit(0 if len(faults) < len(rows) else 1)


def encode_subactions(
    subactions: Annotated[Path, typer.Option(help="What generate_subactions.py wrote.")],
    output: Annotated[Path, typer.Option(help="An .npy in the original's layout, or a folder.")],
    model: Model = DEFAULT_MODEL,
    device: Device = None,
    template: Annotated[
        str | None,
        typer.Option(help="Text encoded for a step, with {label}, {domain} and {step}."),
    ] = None,
    batch_size: BatchSize = None,
    dtype: Dtype = None,
) -> None:
    """Encode every candidate's sub-actions as texts."""
    _check_output(output)
    questions = read_generated(subactions)
    encoder = _load(model, device, dtype=dtype, batch_size=batch_size)
    rows = encode_questions(encoder, questions, output, template=template, tell=_tell)
    whole = sum(not question.without_script for question in questions)
    print(f"{len(rows)} samples in {output}, {whole} with all candidates")
    raise typer.Exit(0 if whole else 1)


def baseline(
    input_dataset: Annotated[
        Path, typer.Option("--input_dataset", help="What process_data.py wrote.")
    ],
    video_embeddings: Annotated[
        Path, typer.Option("--video_embeddings", help="What encode_videos.py wrote.")
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Encoder; by default that of the embeddings, or else the paper's."),
    ] = None,
    device: Device = None,
    template: Annotated[
        str | None, typer.Option(help="Text encoded for a candidate, with {label} and {domain}.")
    ] = None,
    dtype: Dtype = None,
) -> None:
    """Score the mean-pooled frames against each candidate's name, and print Top-1/2/3."""
    questions = dataset_questions(load_dataset(input_dataset))
    videos = read_embeddings(video_embeddings, VIDEO_FORMAT)
    named = videos.encoder.model_id if videos.encoder else DEFAULT_MODEL
    encoder = _load(model or named, device, dtype=dtype)
    check_same_encoder(videos, encoder=encoder)
    found = score_labels(encoder, questions, videos, template=template)
    _print_report(found, _absent(videos.missing))


def seq_alignment(
    subactions: Annotated[Path, typer.Option(help="What generate_subactions.py wrote.")],
    video_embeddings: Annotated[
        Path, typer.Option("--video_embeddings", help="What encode_videos.py wrote.")
    ],
    subaction_embeddings: Annotated[
        Path, typer.Option("--subaction_embeddings", help="What encode_subactions.py wrote.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Encoder whose scale and bias are used; by default that of the embeddings."
        ),
    ] = None,
    device: Device = None,
    scores: Annotated[Path | None, typer.Option(help="JSON with one object per sample.")] = None,
    logit_scale_log: LogitScaleLog = None,
    logit_bias: LogitBias = None,
    smoothing_seconds: SmoothingSeconds = None,
    no_sigmoid: NoSigmoid = False,
    reference: Reference = False,
) -> None:
    """Align each video with each candidate's sub-actions, and print Top-1/2/3."""
    if reference and smoothing_seconds:
        raise UsageError("--reference never smooths; leave --smoothing-seconds out.")
    if (logit_scale_log is None) != (logit_bias is None):
        raise UsageError("Give --logit-scale-log and --logit-bias together, or neither.")
    _check_device(device)
    questions = read_generated(subactions)
    videos = read_embeddings(video_embeddings, VIDEO_FORMAT)
    texts = read_embeddings(subaction_embeddings, TEXT_FORMAT)
    check_same_encoder(videos, texts)
    if videos.rows is None or texts.rows is None:
        _tell("note: the embeddings carry no ids, so rows are matched by position")
    given = None if logit_scale_log is None else (logit_scale_log, logit_bias or 0.0)
    by = _calibration(videos, texts, model, device, given, no_sigmoid, reference)
    seconds = _smoothing(videos, smoothing_seconds, reference)
    found = score_dtw(questions, videos, texts, by, smoothing_seconds=seconds, reference=reference)
    absent = _absent(videos.missing)
    if scores is not None:
        write_text(
            scores,
            json.dumps(scores_json(found, absent), indent=1, ensure_ascii=False) + "\n",
        )
    _print_report(found, absent)


def _check_device(device: str | None) -> None:
    """Raise EncoderError for a device that was named but isn't available."""
    if device in (None, "cpu"):
        return
    try:
        from actalign.encoders._torch import choose_device
    except ImportError:
        raise EncoderUsageError(
            f"The device {device!r} needs torch, which is not installed; leave the device out."
        ) from None
    choose_device(device)


def _smoothing(videos: EmbeddingFile, given: float | None, reference: bool) -> float:
    """Seconds of smoothing: as given, none for the reference's, or else the encoder's own."""
    if reference:
        return 0.0
    if given is not None:
        return given
    if videos.encoder is None:
        _tell("note: the frames carry no times, so they are not smoothed")
        return 0.0
    return videos.encoder.smoothing_seconds


def _calibration(
    videos: EmbeddingFile,
    texts: EmbeddingFile,
    model: str | None,
    device: str | None,
    given: tuple[float, float] | None,
    no_sigmoid: bool,
    reference: bool,
) -> Calibration:
    """Scale and bias: as given, or the reference's, or else those of the embeddings' encoder."""
    if no_sigmoid:
        return Calibration(0.0, None)
    if given is not None:
        return Calibration(*given)
    if reference:
        try:
            other = _load(REFERENCE_SCALE_MODEL, device)
        except EncoderError as error:
            raise type(error)(  # a missing package is wrong usage
                f"--reference takes scale and bias from {REFERENCE_SCALE_MODEL}; give "
                f"--logit-scale-log and --logit-bias if it is not available. {error}"
            ) from error
        return Calibration.of(other.info)
    info = videos.encoder or texts.encoder
    if info is not None and model in (None, info.model_id):
        return Calibration.of(info)
    encoder = _load(model or DEFAULT_MODEL, device)
    check_same_encoder(videos, texts, encoder=encoder)
    return Calibration.of(encoder.info)


def _load(
    model: str, device: str | None, *, dtype: str | None = None, batch_size: int | None = None
) -> Encoder:
    encoder = load_encoder(model, device=device, dtype=dtype, batch_size=batch_size)
    if device is None and str(getattr(encoder, "device", "cpu")) == "cpu":
        _tell(f"{model} runs on the CPU.")
    return encoder


def _absent(missing: Sequence[IndexRow]) -> list[Row]:
    """The rows of samples that have no clip."""
    return [row_without_score(row.id, "missing", row.kind, row.reason) for row in missing]


def _print_report(found: list[Row], absent: list[Row]) -> None:
    for line in report_lines(found, absent):
        print(line)
    raise typer.Exit(0 if any(row["status"] == "ok" for row in found) else 1)
