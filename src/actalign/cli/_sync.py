"""`actalign sync`: two clips of one action, in step."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from actalign.arguments import parse_fps
from actalign.cli._grouped import grouped
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import AsJson, Fps, Quiet, SettingsFile, StoreDir
from actalign.cli._scoring_options import Smoothing
from actalign.errors import UsageError

SHOWN = 12
"""Most matching times that are printed."""
UNLIKE = (
    "the clips are hardly alike: matched frames have a mean similarity of {:.2f}, less than any "
    "two frames of these clips have on average; check that both show one action, start to end"
)


@grouped
def sync(
    first: Annotated[Path, typer.Argument(help="A clip; its speed is kept.")],
    second: Annotated[Path, typer.Argument(help="Another clip of the same action.")],
    model: ModelOptions,
    out: Annotated[
        Path | None, typer.Option(help="Video of both side by side, in step, .mp4.")
    ] = None,
    table: Annotated[Path | None, typer.Option(help="All matching times, .csv.")] = None,
    fps: Fps = None,
    smoothing: Smoothing = None,
    settings: SettingsFile = None,
    store: StoreDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find matching moments of two clips and show both in step, such as a pupil's and a coach's."""
    from actalign.cli._show import print_json, print_notes, printable
    from actalign.clips import Sampling, embed_videos, open_store_or_cache
    from actalign.files import check_writable, is_there
    from actalign.output._sync import synchronise, write_side_by_side, write_table
    from actalign.video._paths import unreadable

    rate = None if fps is None else parse_fps(fps)
    for path, suffix in ((out, ".mp4"), (table, ".csv")):
        if path is not None:
            if path.suffix.lower() != suffix:
                raise UsageError(f"{path} must end in {suffix}.")
            check_writable(path)
    for path in (first, second):
        if not is_there(path):  # said before the model is loaded
            raise unreadable(path, FileNotFoundError())
    notes: list[str] = []
    kept = open_store_or_cache(store, notes)
    print_notes(notes, quiet=quiet)
    encoder = model.choice_of_one("sync").load()
    videos = {f"first: {first}": first, f"second: {second}": second}
    sampling = Sampling(encoder.info.fps if fps is None else rate)
    clips = []
    with closing(embed_videos(encoder, videos, sampling=sampling, store=kept)) as results:
        for result in results:
            print_notes([f"{result.clip_id}: {remark}" for remark in result.remarks], quiet=quiet)
            clips.append(result.embedding())
    one, other = clips
    seconds = encoder.info.smoothing_seconds if smoothing is None else smoothing
    found = synchronise(one, other, smoothing_seconds=seconds)
    if found.score < 0:
        print_notes([UNLIKE.format(found.score)], quiet=quiet)
    rows = found.rows()
    if table is not None:
        write_table(found, table)
    if out is not None:
        write_side_by_side(found, first, second, out)
    if as_json:
        for row in rows:
            print_json(row)
        return
    step = -(-len(rows) // SHOWN)
    print(f"{printable(first.name):>20}  {printable(second.name):>20}  similarity")
    for row in rows[::step]:
        a, b, similarity = row.values()
        print(f"{a:>18.2f} s  {b:>18.2f} s  {similarity:.2f}")
    for name, path in (("video", out), ("table", table)):
        if path is not None and not quiet:
            print(f"{name}: {printable(str(path))}")
