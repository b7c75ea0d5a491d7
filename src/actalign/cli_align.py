"""`actalign align`: score stored embeddings, without their videos, a clip at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from actalign.cli_options import (
    AsJson,
    Device,
    Domain,
    Dtype,
    Labels,
    LabelsFile,
    Model,
    Quiet,
    ScriptsFile,
    Smoothing,
    read_candidates,
)
from actalign.cli_output import console_of
from actalign.encoder import DEFAULT_MODEL
from actalign.errors import ActAlignError, UsageError


def align(
    stored: Annotated[
        list[Path],
        typer.Argument(help="Folders that `actalign encode --out` wrote, or files of them."),
    ],
    labels: Labels = None,
    labels_file: LabelsFile = None,
    domain: Domain = None,
    scripts: ScriptsFile = None,
    model: Model = DEFAULT_MODEL,
    scorer: Annotated[
        str | None, typer.Option(help="A scorer's name; the encoder's default where not given.")
    ] = None,
    smoothing: Smoothing = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="Keep the best N candidates.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write predictions as JSON Lines.")] = None,
    as_json: AsJson = False,
    device: Device = None,
    dtype: Dtype = None,
    quiet: Quiet = False,
) -> None:
    """Score embedded clips again, with other candidates, scripts or scorers; no video is read."""
    from actalign.classifier import ActAlign
    from actalign.encoder import load_encoder
    from actalign.prediction import RowWriter, error_row
    from actalign.progress import Progress
    from actalign.store import read_entry

    entries = _entries(stored)
    wanted, ready, notes = read_candidates(labels, labels_file, scripts, domain)
    encoder = load_encoder(model, device=device, dtype=dtype)
    classifier = ActAlign(encoder, smoothing_seconds=smoothing, scorer=scorer)
    console = console_of(stderr=True)
    silent = quiet or as_json
    for note in () if silent else notes:
        console.print(note, style="yellow", markup=False)
    failed = 0

    # Rows go to the file as they come: a store of any size needs the memory of one clip.
    bar = Progress(console, total=len(entries), shown=not silent)
    seen: set[str] = set()
    with bar as progress, RowWriter(out) as rows:
        for path in entries:
            clip_id = path.stem
            said = None
            try:
                clip = read_entry(path)
                # One clip may be stored twice, with other frames; its files have other names.
                clip_id = clip.clip_id if clip.clip_id not in seen else path.stem
                found = classifier.predict(
                    clip, candidate_labels=wanted, scripts=ready, domain=domain
                )
                row = {**found.to_row(top_k=top_k), "doc_id": clip_id}
                said = f"{clip_id}: {found.label} {found.candidates[0].score:.4f}"
            except UsageError:
                raise
            except ActAlignError as error:
                failed += 1
                row = error_row(clip_id, str(path), error)
                console.print(f"{clip_id}: {error}", style="red", markup=False)
            seen.add(clip_id)
            rows.add(row)
            progress.clip(clip_id)
            if as_json:
                print(json.dumps(row, ensure_ascii=False), flush=True)
            elif said and not out:
                progress.above(said)
    if not silent:
        where = f": {out}" if out else ""
        console.print(f"{len(entries) - failed} aligned, {failed} failed{where}")
    raise typer.Exit(1 if failed else 0)


def _entries(stored: list[Path]) -> list[Path]:
    """The files of stored clips, sorted within a folder; raises UsageError for an empty folder."""
    from actalign.store import Store

    found: list[Path] = []
    for given in stored:
        if given.is_dir():
            inside = list(Store(given))
            if not inside:
                raise UsageError(f"The folder {given} holds no embeddings of `actalign encode`.")
            found += inside
        elif given.exists():
            found.append(given)
        else:
            raise UsageError(f"There is no file or folder {given}.")
    return list(dict.fromkeys(found))
