"""`actalign cut`: what was found as files, one a step or an action."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from actalign.cli._grouped import grouped
from actalign.cli._options import DECODE_SECONDS, DecodeTimeout, Quiet
from actalign.errors import UsageError


@grouped
def cut(
    predictions: Annotated[
        Path, typer.Argument(help="File .jsonl that `classify` or `locate` wrote with --out.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the files; by default PREDICTIONS-cut beside the file."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="One file per step, or one per performance of an action; by default "
            "step, and action for rows of `locate`."
        ),
    ] = None,
    decode_timeout: DecodeTimeout = DECODE_SECONDS,
    quiet: Quiet = False,
) -> None:
    """Cut each step or action that was found into a file of its own, named by action and time.

    Files are named CLIP_ACTION_REPETITION_STEP_TIMES.mp4; where there are ten repetitions or more,
    the first is 01. Frames are copied where a cut begins on a keyframe, else encoded as H.264; the
    first sound track and the colour tags are kept, other tracks and subtitles are not. Existing
    files are kept, so repeating an interrupted run continues it. A video that has changed since its
    rows were made is refused.
    """
    from actalign.cli._export import say_absent
    from actalign.cli._progress import Progress
    from actalign.cli._show import console_of, printable
    from actalign.files import check_folder_name, check_writable
    from actalign.output._cuts import cut_all, pieces
    from actalign.rows._files import RowFile

    if by not in (None, "step", "action"):
        raise UsageError(
            f"--by is {by!r}; choose step, or action for one file each time that it is performed."
        )
    folder = predictions.with_name(f"{predictions.stem}-cut") if out is None else out
    check_folder_name("--out", folder, ".mp4")
    check_writable(folder / "clip.mp4")
    found = pieces(RowFile(predictions, find_videos=True), by)  # type: ignore[arg-type]
    say_absent(predictions)
    console = console_of(stderr=True)
    counts: Counter[str] = Counter()
    noted: set[str] = set()
    with Progress(console, total=len(found), shown=not quiet) as progress:
        for one in cut_all(found, folder, silent_seconds=decode_timeout):
            counts[one.how] += 1
            for note in () if quiet else one.notes:
                if note not in noted:
                    console.print(note, style="yellow")
                noted.add(note)
            if one.error is None:
                progress.above(printable(str(one.path)))
            else:
                named = str(one.path) in one.error  # where it can't be written
                said = one.error if named else f"{one.path}: {one.error}"
                console.print(said, style="red")
            progress.clip(one.path.stem)
    if not quiet:
        told = [f"{counts[how]} {how}" for how in ("copied", "encoded", "kept", "failed")]
        console.print(f"{', '.join(told)}: {folder}")
        if not found:
            console.print("No action was found in these rows.")
    raise typer.Exit(1 if counts["failed"] else 0)
