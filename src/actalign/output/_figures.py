"""Pictures that explain a prediction: one function per kind, each returning a matplotlib Figure.

``theme`` is "light" or "dark" (`_style.THEMES`). matplotlib is loaded when a picture is
drawn, and without pyplot, so nothing global changes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from actalign.errors import ActAlignError, ArrayError, UsageError, counted
from actalign.files import write_bytes
from actalign.output._drawing import (
    LEFT,
    RIGHT,
    STRIP_WIDTH,
    WIDTH,
    Repetitions,
    colour_limits,
    draw_colour_bar,
    draw_heat_map,
    draw_strip,
    draw_timeline,
    map_height,
    step_label,
    strip_height,
)
from actalign.output._style import (
    Theme,
    check_format,
    fit,
    get_theme,
    literal,
    missing_glyphs_allowed,
    new_figure,
)
from actalign.rows import Row
from actalign.rows._facts import Times, cuts_inside, score_text
from actalign.rows._people import people_fields
from actalign.rows._warnings import asides, tag
from actalign.types import Alignment, Candidate, Float64, FrameBatch, Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


NAME_WIDTH = 50
"""The most room for a clip's id in a title, in Latin letters."""
_NO_STEPS = "no steps: it wins if no script fits better than the background"


def alignment_figure(
    prediction: Prediction,
    *,
    thumbnails: FrameBatch | None = None,
    shown: int = 2,
    theme: str = "light",
) -> Figure:
    """The winner beside the runner-up on one time axis.

    From the top: a strip of the clip's frames, the winner's steps on a timeline, then for each of
    the best ``shown`` candidates the affinity heat map (steps down, seconds across; one colour
    scale) with its alignment path. If "none of these" won, there is no timeline; a refused answer
    is called the likeliest. thumbnails: a few frames of the clip, spread over it.
    Raises ActAlignError if the prediction holds no alignment.
    """
    best = "likeliest" if prediction.refused else "winner"
    names = [best, "runner-up", *(f"rank {rank}" for rank in range(3, shown + 1))]
    # "None of these" has no steps, so one more candidate is drawn with it.
    least = 2 if prediction.best.none else 1
    drawn = list(zip(names, prediction.candidates[: max(shown, least)], strict=False))
    row = prediction.to_row()
    return _stack(
        prediction,
        row,
        drawn,
        title=f"{_clip_name(prediction)}: {answer(prediction, row)}",
        thumbnails=thumbnails,
        theme=get_theme(theme),
    )


def contrast_figure(
    prediction: Prediction,
    target: str,
    *,
    thumbnails: FrameBatch | None = None,
    theme: str = "light",
) -> Figure:
    """The right candidate above the strongest wrong one: why a clip was answered as it was.

    Laid out like `alignment_figure`; the timeline is the right candidate's. target: the true label.
    Raises UsageError if ``target`` is not a candidate or is the only one.
    """
    right = next((c for c in prediction.candidates if c.label == target), None)
    wrong = next((c for c in prediction.candidates if c.label != target), None)
    if right is None or wrong is None:
        raise UsageError(
            f"{target!r} and a wrong candidate must both be candidates of "
            f"{prediction.clip.clip_id!r}; it has "
            f"{', '.join(repr(c.label) for c in prediction.candidates)}."
        )
    row = prediction.to_row()
    if prediction.refused:
        verdict = answer(prediction, row)
    elif right is prediction.best:
        verdict = "answered right"
    else:
        verdict = f"taken for {wrong.label}"
    return _stack(
        prediction,
        row,
        [("right", right), ("wrong", wrong)],
        title=f"{_clip_name(prediction)}: {target}, {verdict}",
        thumbnails=thumbnails,
        theme=get_theme(theme),
    )


def heat_map_figure(
    alignment: Alignment,
    *,
    steps: Sequence[str] = (),
    edges_seconds: Float64 | None = None,
    repetitions: Repetitions = (),
    theme: str = "light",
) -> Figure:
    """One small heat map of affinity (steps down, time across) with its alignment path.

    steps: K texts; without them the steps are numbered. edges_seconds: (T + 1,) times where frames
    begin and the end of the last; without them frames are numbered. repetitions: see `Candidate`;
    needs edges_seconds. Raises ArrayError for another number of either.
    """
    look = get_theme(theme)
    frames, count = alignment.affinity.shape
    if steps and len(steps) != count:
        raise ArrayError(f"There are {len(steps)} steps for an alignment of {count}; give all.")
    if edges_seconds is not None and np.shape(edges_seconds) != (frames + 1,):
        raise ArrayError(
            f"The times of {frames} frames must be {frames + 1}, with the end of the last, not of "
            f"shape {np.shape(edges_seconds)}."
        )
    labels = [step_label(k, s) for k, s in enumerate(steps, 1)] or [
        str(k) for k in range(1, count + 1)
    ]
    inner = map_height(labels)
    width, height = 7.5 if steps else 5.0, inner + 0.62
    figure = new_figure(width, height, look)
    from matplotlib.ticker import MaxNLocator

    left, right = (2.75 if steps else 0.55) / width, 1 - 0.9 / width
    ax = figure.add_axes((left, 0.45 / height, right - left, inner / height))
    edges = np.arange(frames + 1.0) if edges_seconds is None else edges_seconds
    image = draw_heat_map(
        ax, alignment, labels, edges, colour_limits([alignment]), look, repetitions
    )
    if edges_seconds is None:
        ax.set_xlabel("frame", fontsize=8.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        ax.set_xlabel("time in the clip (s)", fontsize=8.5)
    if not steps:
        ax.set_ylabel("step", fontsize=8.5)
    box = (right + 0.12 / width, 0.45 / height, 0.11 / width, inner / height)
    draw_colour_bar(figure, image, box, "affinity", look)
    return literal(figure)


def picture(figure: Figure, format: str = "png") -> bytes:
    """The figure as the bytes of a PNG or SVG file."""
    data = io.BytesIO()
    metadata = {"Date": None} if check_format(format) == "svg" else {}
    with missing_glyphs_allowed():
        figure.savefig(data, format=format, metadata=metadata)
    return data.getvalue()


def _performed(candidate: Candidate) -> str:
    """How often it is performed, unless once."""
    partial = sum(candidate.partial)
    told = str(Times(len(candidate.repetitions) - partial, partial))
    return f", {told}" if told else ""


def save(figure: Figure, path: str | Path) -> Path:
    """Write the figure as PNG or SVG, by the path's suffix, atomically."""
    path = Path(path)
    write_bytes(path, picture(figure, path.suffix.lower().removeprefix(".")))
    return path


def frame_edges(prediction: Prediction) -> Float64:
    """(T + 1,) seconds where the clip's frames begin, and the end of the last."""
    edges = prediction.clip.edges_seconds
    edges[-1] = max(edges[-1], edges[-2] + 1e-3)  # a last frame of no duration can't be drawn
    return edges


def _stack(
    prediction: Prediction,
    row: Row,
    shown: list[tuple[str, Candidate]],
    *,
    title: str,
    thumbnails: FrameBatch | None,
    theme: Theme,
) -> Figure:
    """Frames, the first candidate's timeline and each one's heat map, over one time axis.

    row: the prediction's. shown: candidates, each with what it is called. "None of these" has no
    steps, which its place says; if it is the first there is no timeline, since another candidate's
    would be taken for the answer's.
    """
    alignments = [c.alignment for _, c in shown if c.alignment is not None]
    if not alignments:
        raise ActAlignError(f"The prediction for {prediction.clip.clip_id!r} has no alignment.")
    first = shown[0][1]
    labels = [[step_label(k, s) for k, s in enumerate(c.script.steps, 1)] for _, c in shown]
    drawn = [c.alignment is not None for _, c in shown]
    heights = [map_height(one) if d else 0.16 for one, d in zip(labels, drawn, strict=True)]
    strip = 0.0 if thumbnails is None else strip_height(thumbnails)
    header, footer, gap = 0.66, 0.5, 0.46
    # Below the last map are its times.
    gaps = [gap if any(drawn[n:]) or not drawn[n - 1] else 0.82 for n in range(len(shown))]
    timeline = 0.0 if first.alignment is None else 0.36
    height = header + strip + 0.12 + timeline + sum(heights) + sum(gaps) + footer - 0.12
    figure = new_figure(WIDTH, height, theme)
    _heading(figure, title, _subtitle(prediction, row), theme)
    edges = frame_edges(prediction)
    limits = (float(edges[0]), float(edges[-1]))
    y = height - header

    def add(inches: float, above: float) -> Axes:
        nonlocal y
        y -= inches + above
        return figure.add_axes((LEFT, y / height, RIGHT - LEFT, inches / height))

    if thumbnails is not None:
        # Only the clip's, since a frame at a window's edge may be nearest to one outside.
        boxes = people_fields(prediction.clip.provenance)[0].get("boxes", [])
        draw_strip(add(strip, 0.0), thumbnails, limits, theme, boxes)
    if first.alignment is None:
        y -= 0.12
    else:
        at = add(timeline, 0.12)
        draw_timeline(at, first.alignment, edges, theme, first.repetitions, cuts_inside(row))
    scale = colour_limits(alignments)
    maps, image = [], None
    for n, (name, candidate) in enumerate(shown):
        ax = add(heights[n], gaps[n] - (0.12 if n == 0 else 0.0))
        if candidate.alignment is None:
            ax.axis("off")
            ax.text(0, 0.5, _NO_STEPS, va="center", fontsize=8.5, color=theme.muted)
        else:
            repeats = candidate.repetitions
            image = draw_heat_map(ax, candidate.alignment, labels[n], edges, scale, theme, repeats)
            maps.append(ax)
        _row_title(ax, name, candidate, theme, "bold" if n == 0 else "normal")
    for ax in maps[:-1]:
        ax.tick_params(labelbottom=False)
    maps[-1].set_xlabel("time in the clip (s)", fontsize=9)
    top, bottom = maps[0].get_position().y1, maps[-1].get_position().y0
    long = (top - bottom) * height > 1.9
    name = "affinity of frame and step" if long else "affinity"
    draw_colour_bar(figure, image, (0.92, bottom, 0.012, top - bottom), name, theme)
    return literal(figure)


def _row_title(ax: Axes, name: str, candidate: Candidate, theme: Theme, weight: str) -> None:
    sure = "" if candidate.confidence is None else f", confidence {candidate.confidence:.0%}"
    told = f"{name} ({score_text(candidate.score)}{sure}): {candidate.label}{_performed(candidate)}"
    if candidate.wordings > 1 and candidate.alignment is not None:
        told += f", wording {candidate.wording} of {candidate.wordings}"
    text = ax.set_title(told, loc="left", fontsize=9.5, color=theme.ink, fontweight=weight, pad=4)
    fit(text, STRIP_WIDTH)


def _heading(figure: Figure, title: str, below: str, theme: Theme) -> None:
    width, height = figure.get_size_inches()
    lines = (0.1, title, 13.0, "bold", theme.ink), (0.36, below, 8.5, "normal", theme.muted)
    for y, text, size, weight, colour in lines:
        shown = figure.text(0.15 / width, 1 - y / height, text, va="top", color=colour)
        shown.set(fontsize=size, fontweight=weight)
        fit(shown, width - 0.3)


def _clip_name(prediction: Prediction) -> str:
    """The clip's id, or the end of it, which tells paths apart and leaves room for the answer."""
    # Bytes of a file name that are not text have no glyph.
    name = prediction.clip.clip_id.encode("utf-8", "replace").decode()
    if cell_len(name) <= NAME_WIDTH:  # a Chinese letter is as wide as two Latin ones
        return name
    while cell_len(name) >= NAME_WIDTH:
        name = name[1:]
    return f"…{name}"


def answer(prediction: Prediction, row: Row) -> str:
    """The label, any doubts about it, and how often it is performed; or that it is refused.

    row: the prediction's.
    """
    if prediction.refused:
        return f"no label (refused: {prediction.refusal})"
    said = tag(row)
    return prediction.label + (f" ({said})" if said else "") + _performed(prediction.best)


def _subtitle(prediction: Prediction, row: Row) -> str:
    margin = prediction.margin
    parts = [
        f"scorer {prediction.scorer}",
        f"encoder {prediction.clip.model_id}",
        counted(len(prediction.clip.embeddings), "frame"),
    ]
    if prediction.clip.neutral_frames:
        parts.append(f"nothing seen in {prediction.clip.neutral_frames} of them")
    parts += asides(row)
    if margin is not None:
        parts.append(f"margin {score_text(margin)} over {prediction.candidates[1].label}")
    return "   ".join(parts)
