"""What a notebook shows of a prediction or an alignment: a small picture and a table, as HTML.

Every text is escaped and nothing is fetched: the picture is inside the page. The background is
white, so that it is readable in a dark notebook too.
"""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from actalign.errors import UsageError
from actalign.rows._facts import score_text
from actalign.types import Alignment, Candidate, Prediction

CARD = "background:#fff;color:#222;padding:8px;max-width:780px;font:13px/1.4 sans-serif"
CELL = "font:13px/1.4 sans-serif;text-align:left;padding:1px 14px 1px 0;background:#fff;color:#222"
SHOWN = 8


def html(value: Alignment | Prediction) -> str:
    """What a notebook shows of an object."""
    return prediction_html(value) if isinstance(value, Prediction) else alignment_html(value)


def alignment_html(alignment: Alignment) -> str:
    """The heat map with its path, and the score."""
    frames, steps = alignment.affinity.shape
    caption = f"score {score_text(alignment.score)}, {frames} frames, {steps} steps"
    picture = _heat_map(alignment, caption)
    return f'<div style="{CARD}"><div>{caption}</div>{picture}</div>'


def prediction_html(prediction: Prediction) -> str:
    """The winner's heat map, if it has one, and the best candidates with their scores."""
    from actalign.output._figures import answer, frame_edges

    best = prediction.best
    title = f"{prediction.clip.clip_id}: {answer(prediction, prediction.to_row())}"
    parts = [f"<div><b>{escape(title)}</b></div>"]
    if best.alignment is not None:
        if prediction.refused:
            parts.append(f"<div>steps of {escape(best.label)}, the likeliest:</div>")
        parts.append(
            _heat_map(
                best.alignment,
                f"Steps of {best.label} over time",
                steps=best.script.steps,
                edges_seconds=frame_edges(prediction),
                repetitions=best.repetitions,
            )
        )
    rows = "".join(
        f'<tr style="background:#fff"><td style="{CELL}">{escape(c.label)}</td>'
        f'<td style="{CELL}">{score_text(c.score)}</td>'
        f'<td style="{CELL}">{"" if c.confidence is None else f"{c.confidence:.0%}"}</td>'
        f'<td style="{CELL}">{_which(c)}</td></tr>'
        for c in prediction.candidates[:SHOWN]
    )
    parts.append(f'<table style="border-collapse:collapse">{rows}</table>')
    left = len(prediction.candidates) - SHOWN
    if left > 0:
        parts.append(f"<div>and {left} more</div>")
    sure = "" if best.confidence is None else "; percentages are confidences"
    parts.append(
        f"<div>scorer {escape(prediction.scorer)}; scores are similarities, not probabilities"
        f"{sure}</div>"
    )
    return f'<div style="{CARD}">{"".join(parts)}</div>'


def _which(candidate: Candidate) -> str:
    """Which of several wordings the steps are of, or that the label has none."""
    if candidate.none:
        return "none of the others"
    if not candidate.has_script:
        return "no script"
    several = candidate.wordings > 1
    return f"wording {candidate.wording} of {candidate.wordings}" if several else ""


def _heat_map(alignment: Alignment, about: str, **options: Any) -> str:
    """The heat map, or a sentence on what is missing to draw it."""
    from actalign.output._figures import heat_map_figure, picture

    try:
        figure = heat_map_figure(alignment, **options)
    except UsageError as error:
        return f"<div>{escape(str(error))}</div>"
    data = base64.b64encode(picture(figure)).decode()
    width = round(figure.get_size_inches()[0] * 96)
    return (
        f'<img alt="{escape(about)}" style="max-width:100%" width="{width}" '
        f'src="data:image/png;base64,{data}">'
    )
