"""What the commands print and draw for a clip."""

from __future__ import annotations

import codecs
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from actalign.alignment import Detection
    from actalign.types import Prediction


def console_of(*, stderr: bool = False) -> Console:
    """A console for results, or for all that is said beside them."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def print_json(text: str) -> None:
    """Print JSON. Where stdout is not UTF-8 other characters are escapes, so that it stays JSON."""
    if codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8":
        text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    print(text, flush=True)


def _bare_table(title: str) -> Table:
    from rich.table import Table

    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)


def prediction_table(prediction: Prediction, *, top_k: int | None = None) -> Table:
    """Candidates of one clip, best first, with a bar from the worst to the best score."""
    from actalign.rows import score_text

    table = _bare_table(f"{prediction.clip.clip_id}: {answer(prediction)}")
    table.add_column("candidate")
    table.add_column("score", justify="right")
    sure = prediction.confidence is not None
    if sure:
        table.add_column("confidence", justify="right")
    table.add_column("")
    block = "#" if console_of().options.ascii_only else "█"
    scores = [c.score for c in prediction.candidates]
    low = min(0.0, *scores) if len(scores) > 1 else 0.0
    high = max(scores)
    for candidate in prediction.candidates[:top_k]:
        share = (candidate.score - low) / (high - low) if high > low else 0.0
        bar = block * round(28 * share)
        mark = "" if candidate.has_script or candidate.alignment is None else "  (no script)"
        confidence = [f"{candidate.confidence:.0%}"] if candidate.confidence is not None else []
        table.add_row(candidate.label, score_text(candidate.score), *confidence, bar + mark)
    return table


def answer(prediction: Prediction) -> str:
    """The label and how often it is performed, or why there is none."""
    if not prediction.refused:
        count = len(prediction.best.repetitions)
        return prediction.label + (f", {count} times" if count > 1 else "")
    return f"no label ({prediction.label} with confidence {prediction.confidence:.2f} only)"


def detection_table(clip_id: str, detections: Sequence[Detection]) -> Table:
    """When each action was found in one video."""
    table = _bare_table(f"{clip_id}: {len(detections)} found")
    table.show_header = bool(detections)
    for heading in ("start", "end", "score"):
        table.add_column(heading, justify="right")
    table.add_column("action")
    for one in detections:
        begin, end = clock(one.start_seconds), clock(one.end_seconds)
        table.add_row(begin, end, f"{one.score:.2f}", one.label)
    return table


def clock(seconds: float) -> str:
    """Seconds as H:MM:SS.s."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 10:02}.{rest % 10}"


def save_figure(
    prediction: Prediction,
    video: Path | str,
    folder: Path,
    *,
    format: str = "png",
    theme: str = "light",
) -> Path:
    """Draw one clip's explanation into the folder."""
    from actalign.files import file_stem
    from actalign.output import alignment_figure, save
    from actalign.video import thumbnails

    strip = thumbnails(video, prediction.clip)
    drawn = alignment_figure(prediction, thumbnails=strip, theme=theme)
    return save(drawn, folder / f"{file_stem(prediction.clip.clip_id)}.{format}")
