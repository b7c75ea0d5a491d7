"""What the commands print and draw for a clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from actalign.pipeline import Embedded
    from actalign.prediction import Prediction


def prediction_table(prediction: Prediction, *, top_k: int | None = None) -> Table:
    """Candidates of one clip, best first, with a bar from the worst to the best score."""
    from rich.table import Table

    table = Table(
        title=f"{prediction.clip.clip_id}: {prediction.label}",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    table.add_column("candidate")
    table.add_column("score", justify="right")
    table.add_column("")
    scores = [c.score for c in prediction.candidates]
    low = min(0.0, *scores) if len(scores) > 1 else 0.0
    high = max(scores)
    for candidate in prediction.candidates[:top_k]:
        share = (candidate.score - low) / (high - low) if high > low else 0.0
        bar = "█" * round(28 * share)
        mark = "" if candidate.has_script else "  (no script)"
        table.add_row(candidate.label, f"{candidate.score:.4f}", bar + mark)
    return table


def save_figure(
    prediction: Prediction, video: Path, folder: Path, *, format: str = "png", theme: str = "light"
) -> Path:
    """Draw one clip's explanation into the folder."""
    from actalign import figures
    from actalign.pipeline import thumbnails
    from actalign.prediction import file_stem

    strip = thumbnails(video, prediction.clip)
    drawn = figures.alignment_figure(prediction, thumbnails=strip, theme=theme)
    return figures.save(drawn, folder / f"{file_stem(prediction.clip.clip_id)}.{format}")


def print_notes(console: Console, result: Embedded, *, quiet: bool) -> None:
    """Print what came up about one clip, unless quiet."""
    warnings = result.clip.warnings if result.clip else ()
    for note in (*result.notes, *warnings):
        if not quiet:
            console.print(f"{result.clip_id}: {note}", style="yellow", markup=False)


def console_of(*, stderr: bool = False) -> Console:
    """A console for results, or for all that is said beside them."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)
