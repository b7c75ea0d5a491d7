"""`actalign export`: predictions for other tools, or a model as ONNX."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from actalign.errors import UsageError, counted


def export(
    predictions: Annotated[
        Path | None, typer.Argument(help="predictions.jsonl that `actalign classify --out` wrote.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="Tables: csv, parquet, xlsx, md; captions: vtt, srt; burn: the videos "
            "with action, step and time drawn in; timelines: elan, sportscode "
            "(for Nacsport and Metrica too), boris (a project), boris-events (workbooks), kinovea, "
            "otio (OpenTimelineIO), resolve (markers for a timeline of 25 frames a second), "
            "activitynet; label-studio, fiftyone, inspect, lmms-eval; onnx for a model. By default "
            "taken from the suffix of --out, csv without one."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write into; for tables, activitynet, boris and lmms-eval the file. By "
            "default beside the predictions, named after them."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="With --to onnx: hub id or folder of the model.")
    ] = None,
    int8: Annotated[bool, typer.Option(help="With --to onnx: 8-bit weights.")] = False,
) -> None:
    """Write predictions for other tools, or a model as ONNX."""
    if to == "onnx":
        if model is None or predictions is not None:
            raise UsageError("--to onnx exports a model; give --model and no predictions.")
        from actalign.encoders._export import export_onnx

        report = export_onnx(model, out or Path("export"), int8=int8)
        print(
            f"{report.folder}: the exported model; lowest cosine with the original's embeddings "
            f"{report.image_cosine:.5f} for frames, {report.text_cosine:.5f} for texts"
        )
        return
    for option, given in (("--model", model is not None), ("--int8", int8)):
        if given:
            raise UsageError(f"{option} is for a model; give --to onnx too, or leave it out.")
    if predictions is None:
        raise UsageError("Give a predictions file, or --model with --to onnx.")
    _export_rows(predictions, to, out)


def _export_rows(predictions: Path, to: str | None, out: Path | None) -> None:
    """Write the rows for another tool, and print which files and what is not in them."""
    from actalign.cli._kinds import check_no_other_kind
    from actalign.cli._progress import said_if_long
    from actalign.output import export as write
    from actalign.output._burn import hdr_notes, undrawable
    from actalign.output._export import (
        LEADING_TO_VIDEOS,
        READING_VIDEOS,
        WITH_FAILED,
        absent_videos,
        export_place,
    )
    from actalign.rows._files import RowFile

    to, out = export_place(predictions, to, out)
    check_no_other_kind("The file to write", out)
    if to == "burn":
        rows = RowFile(predictions, find_videos=True)
        for sentence in [*undrawable(rows), *hdr_notes(rows)]:
            print(sentence, file=sys.stderr)
    if to in READING_VIDEOS:
        say_absent(predictions)
    told: list[Path] = []

    def tell(path: Path) -> None:
        told.append(path)
        print(path, flush=True)

    with said_if_long(out):
        files = write(predictions, to, out, on_file=tell)
    for path in files[len(told) :]:
        print(path)
    if to in LEADING_TO_VIDEOS and (absent := absent_videos(predictions)):
        print(
            f"{counted(len(absent), 'video')} can't be found from here, such as {absent[0]}: what "
            "was written leads to no file; export in the folder in which the rows were made",
            file=sys.stderr,
        )
    if to not in WITH_FAILED and (
        failed := sum(row.get("status") == "error" for row in RowFile(predictions))
    ):
        are = "is" if failed == 1 else "are"
        print(f"{counted(failed, 'clip')} failed and {are} left out", file=sys.stderr)


def say_absent(predictions: Path) -> None:
    """Say on stderr which videos will be missed, and how they are found."""
    from actalign.output._export import absent_videos

    if absent := absent_videos(predictions):
        print(
            f"{counted(len(absent), 'video')} can't be found, such as {absent[0]}: put "
            f"{predictions.name} into the folder from which this path leads to it",
            file=sys.stderr,
        )
