"""`actalign demo`: the clips that ship with the package, classified by the built-in encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actalign.cli._options import Quiet


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the figures and predictions.")] = Path(
        "demo"
    ),
    quiet: Quiet = False,
) -> None:
    """Classify the clips that ship with the package, by the built-in encoder."""
    from actalign.classifier import ActAlign
    from actalign.cli._show import candidate_table, console_of, save_figure
    from actalign.demo import demo_clips
    from actalign.errors import UsageError
    from actalign.files import check_writable
    from actalign.output._style import check_drawing
    from actalign.rows import write_rows

    console = console_of()
    undrawn = ""
    try:
        check_drawing()
    except UsageError as error:
        undrawn = str(error)
    check_writable(out / "predictions.jsonl")
    classifier = ActAlign.from_pretrained("body")
    rows = []
    right = 0
    for clip in demo_clips():
        prediction = classifier.predict(clip.path, scripts=clip.scripts, domain=clip.domain)
        rows.append(prediction.to_row(target=clip.label))
        console.print(candidate_table(rows[-1]))
        drawn = ""
        if not undrawn:
            figure, notes = save_figure(prediction, clip.path, out)
            drawn = "\n".join([f"   figure: {figure}", *notes])
        right += prediction.label == clip.label
        if not quiet:
            verdict = "right" if prediction.label == clip.label else "wrong"
            console.print(f"it shows: {clip.label} ({verdict}){drawn}\n")
    write_rows(rows, out / "predictions.jsonl")
    if not quiet:
        console.print(f"{right} of {len(rows)} right; predictions: {out / 'predictions.jsonl'}")
        if undrawn:
            console.print(undrawn)
