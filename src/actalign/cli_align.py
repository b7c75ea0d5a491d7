"""`actalign align`: score stored embeddings, without their videos, a clip at a time."""

from __future__ import annotations

import json
from dataclasses import asdict
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
    NumShards,
    Quiet,
    RayAddress,
    ScriptsFile,
    ShardIndex,
    Smoothing,
    ray_cluster,
    read_candidates,
)
from actalign.cli_output import console_of
from actalign.encoder import DEFAULT_MODEL


def align(
    stored: Annotated[
        list[str],
        typer.Argument(
            help="Folders or addresses with :// that `actalign encode --out` wrote, or files of "
            "them."
        ),
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
    num_shards: NumShards = None,
    shard: ShardIndex = None,
    engine: Annotated[
        str, typer.Option(help="local, or ray: score on the machines of a Ray cluster.")
    ] = "local",
    ray_address: RayAddress = None,
    quiet: Quiet = False,
) -> None:
    """Score embedded clips again, with other candidates, scripts or scorers; no video is read."""
    from actalign.classifier import ActAlign
    from actalign.encoder import load_encoder
    from actalign.prediction import RowWriter
    from actalign.progress import Progress
    from actalign.ray_align import align_stored_on_ray
    from actalign.shards import Shard
    from actalign.stored_clips import align_stored, clip_name, stored_clips, with_unlike_ids

    part = Shard.of(num_shards, shard)
    cluster = ray_cluster(engine, ray_address, None, None)
    listed = stored_clips(stored)
    found = {n: e for n, e in listed.items() if not part or part.holds(clip_name(e))}
    wanted, ready, notes = read_candidates(labels, labels_file, scripts, domain)
    encoder = load_encoder(model, device=device, dtype=dtype)
    classifier = ActAlign(encoder, smoothing_seconds=smoothing, scorer=scorer)
    candidates = classifier.encode_candidates(wanted, ready, domain=domain)
    settings = {
        "labels": wanted,
        "scripts": [asdict(script) for script in ready],
        "domain": domain,
        "encoder": encoder.fingerprint,
        "scorer": candidates.scorer,
        "smoothing_seconds": candidates.smoothing_seconds,
        "top_k": top_k,
    }
    marks = part.marks(listed, settings, held=found) if part else {}
    console = console_of(stderr=True)
    silent = quiet or as_json
    for note in () if silent else notes:
        console.print(note, style="yellow", markup=False)
    failed = 0
    if cluster is None:
        rows = align_stored(candidates, found, top_k=top_k)
    else:
        rows = align_stored_on_ray(candidates, found, top_k=top_k, cluster=cluster)

    # Rows go to the file as they come: a store of any size needs the memory of one clip.
    bar = Progress(console, total=len(found), shown=not silent)
    with bar as progress, RowWriter(out) as writer:
        for entry_id, row in zip(found, with_unlike_ids(rows, found), strict=True):
            clip_id = row["doc_id"]
            if row["status"] == "error":
                failed += 1
                console.print(f"{clip_id}: {row['error']}", style="red", markup=False)
            if part:
                row["shard"] = marks[entry_id]
            writer.add(row)
            progress.clip(clip_id)
            if as_json:
                print(json.dumps(row, ensure_ascii=False), flush=True)
            elif row["status"] == "ok" and not out:
                best = row["candidates"][0]
                progress.above(f"{clip_id}: {best['label']} {best['score']:.4f}")
    if not silent:
        where = f": {out}" if out else ""
        console.print(f"{len(found) - failed} aligned, {failed} failed{where}")
    raise typer.Exit(1 if failed else 0)
