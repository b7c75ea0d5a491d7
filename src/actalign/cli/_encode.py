"""`actalign encode`: the frame embeddings of videos, kept in a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actalign.addresses import is_address, without_password
from actalign.cli._grouped import OUTPUT, grouped
from actalign.cli._machine_options import EngineOptions, ShardOptions
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import InputOptions, Quiet, SettingsFile, Videos


@grouped
def encode(
    videos: Videos,
    out: Annotated[
        str,
        typer.Option(
            help="Folder for the embeddings, or address with :// for Parquet files.",
            rich_help_panel=OUTPUT,
        ),
    ],
    frames: InputOptions,
    model: ModelOptions,
    shards: ShardOptions,
    machines: EngineOptions,
    settings: SettingsFile = None,
    quiet: Quiet = False,
) -> None:
    """Embed the frames of videos once, so that candidates can be scored any number of times."""
    from actalign.cli._run import Run
    from actalign.cli._show import print_notes
    from actalign.clips import Store, clip_ids, open_store
    from actalign.clips._stored import filled_cache
    from actalign.files import check_folder_writable
    from actalign.video import list_videos

    if not is_address(out):
        check_folder_writable(Path(out))
    store = open_store(out)
    left_out: list[str] = []
    found = shards.clips(clip_ids(list_videos(videos, notes=left_out)))
    frames.check()
    of_one = model.choice_of_one("--engine ray") if machines.on_ray else model.choice
    choice, embed = machines.embedder(of_one, quiet=quiet)
    print_notes(left_out, quiet=quiet)  # also if the model is missing
    encoder = choice.load()
    known = None if machines.on_ray else filled_cache()
    others = {"others": Store(known)} if known else {}
    cached = 0
    with Run(len(found), quiet=quiet) as run:
        for result in embed(
            encoder,
            found,
            sampling=frames.sampling(encoder.info),
            store=store,
            on_frames=run.frames,
            silent_seconds=frames.decode_timeout,
            **others,
        ):
            run.clip(result)
            cached += result.cached and result.last
    new = len(found) - run.failed - cached
    run.end(f"{new} encoded, {cached} encoded before, {run.failed} failed: {without_password(out)}")
