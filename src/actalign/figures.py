"""Pictures that explain a prediction; each function returns a matplotlib Figure.

matplotlib is imported here only, and without pyplot, so nothing global changes.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actalign._types import FrameBatch
from actalign.atomic import writing
from actalign.errors import ActAlignError
from actalign.prediction import Candidate, Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colour-blind safe palette (2008), without black and yellow.
STEP_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
INK = "#222222"
STEP_TEXT_WIDTH = 38
MAX_LINES = 2
FIGURE_WIDTH = 11.0
STRIP_WIDTH = FIGURE_WIDTH * (0.905 - 0.30)


def alignment_figure(
    prediction: Prediction, *, thumbnails: FrameBatch | None = None, shown: int = 2
) -> Figure:
    """The winner beside the runner-up on one time axis.

    From the top: a strip of the clip's frames, the winner's sub-actions on a timeline, then for
    each of the best ``shown`` candidates the affinity heat map (steps down, seconds across; one
    colour scale) with its alignment path. thumbnails: a few frames of the clip, spread over it.
    Raises ActAlignError when the prediction holds no alignment.
    """
    from matplotlib.figure import Figure

    best = [c for c in prediction.candidates[:shown] if c.alignment is not None]
    if not best:
        raise ActAlignError(f"The prediction for {prediction.clip.clip_id!r} has no alignment.")
    steps = [len(c.script.subactions) for c in best]
    lines = [sum(_step_label(k, s).count("\n") + 1 for k, s in _numbered(c)) for c in best]
    heights = [max(0.8, 0.2 * n + 0.12 * k) for n, k in zip(lines, steps, strict=True)]
    strip = 0.0 if thumbnails is None else _strip_height(thumbnails)
    gaps = [0.34] + [0.46] * (len(best) - 1)
    header, timeline, footer = 0.66, 0.36, 0.5
    height = header + strip + timeline + 0.12 + sum(heights) + sum(gaps) + footer
    figure = Figure(figsize=(FIGURE_WIDTH, height), dpi=130, facecolor="white")
    left, right = 0.30, 0.905
    y = 1 - header / height
    figure.text(
        0.015,
        1 - 0.1 / height,
        _title(prediction),
        ha="left",
        va="top",
        fontsize=13,
        fontweight="bold",
        color=INK,
    )
    figure.text(
        0.015,
        1 - 0.36 / height,
        _subtitle(prediction),
        ha="left",
        va="top",
        fontsize=8.5,
        color="#555555",
    )
    edges = _edges(prediction)
    limits = (float(edges[0]), float(edges[-1]))
    axes: list[Axes] = []

    def add(inches: float, gap: float) -> Axes:
        nonlocal y
        y -= (inches + gap) / height
        ax = figure.add_axes((left, y, right - left, inches / height))
        axes.append(ax)
        return ax

    if thumbnails is not None:
        _draw_strip(add(strip, 0.0), thumbnails, limits)
    _draw_timeline(add(timeline, 0.12), prediction, best[0], limits)
    scale = _colour_limits(best)
    image: Any = None
    for rank, candidate in enumerate(best):
        ax = add(heights[rank], gaps[rank])
        image = _draw_heat_map(ax, candidate, edges, scale)
        name = "winner" if rank == 0 else "runner-up" if rank == 1 else f"rank {rank + 1}"
        ax.set_title(
            f"{name}: {candidate.label}   score {candidate.score:.3f}",
            loc="left",
            fontsize=9.5,
            color=INK,
            fontweight="bold" if rank == 0 else "normal",
            pad=4,
        )
        if rank < len(best) - 1:
            ax.tick_params(labelbottom=False)
    axes[-1].set_xlabel("time in the clip (s)", fontsize=9, color=INK)
    first = axes[-len(best)].get_position()
    last = axes[-1].get_position()
    bar = figure.add_axes((0.92, last.y0, 0.012, first.y1 - last.y0))
    figure.colorbar(image, cax=bar)
    bar.tick_params(labelsize=7.5, colors=INK, length=2)
    bar.set_ylabel("affinity of frame and step", fontsize=8, color=INK)
    return figure


def save(figure: Figure, path: str | Path) -> Path:
    """Write the figure as PNG or SVG, by the path's suffix, whole or not at all."""
    path = Path(path)
    with writing(path) as file:
        figure.savefig(file, format=path.suffix.removeprefix(".") or "png")
    return path


def _strip_height(thumbnails: FrameBatch) -> float:
    """Inches that let the frames fill the strip's width, within reason."""
    h, w = thumbnails.frames.shape[1:3]
    return float(np.clip(STRIP_WIDTH * 0.97 / len(thumbnails) * h / w, 0.5, 1.6))


def _numbered(candidate: Candidate) -> list[tuple[int, str]]:
    return list(enumerate(candidate.script.subactions, start=1))


def _step_label(number: int, step: str) -> str:
    wrapped = textwrap.wrap(
        f"{number}. {step}", STEP_TEXT_WIDTH, max_lines=MAX_LINES, placeholder=" …"
    )
    return "\n".join(wrapped)


def _title(prediction: Prediction) -> str:
    return f"{prediction.clip.clip_id}: {prediction.label}"


def _subtitle(prediction: Prediction) -> str:
    margin = prediction.margin
    parts = [
        f"scorer {prediction.scorer}",
        f"encoder {prediction.clip.model_id}",
        f"{len(prediction.clip.embeddings)} frames",
    ]
    if margin is not None:
        parts.append(f"margin {margin:.3f} over {prediction.candidates[1].label}")
    if prediction.clip.neutral_frames:
        parts.append(f"{prediction.clip.neutral_frames} neutral frames")
    return "   ".join(parts)


def _edges(prediction: Prediction) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(T + 1,) seconds where frames begin, and the end of the last."""
    clip = prediction.clip
    end = clip.end_seconds
    if end <= clip.pts_seconds[-1]:
        end = float(clip.pts_seconds[-1]) + 1e-3
    return np.append(clip.pts_seconds, end)


def _colour_limits(candidates: list[Candidate]) -> tuple[float, float]:
    """One scale for all heat maps, so that equal colours mean equal affinities."""
    values = np.concatenate([c.alignment.affinity.ravel() for c in candidates if c.alignment])
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + 1e-6)


def _draw_strip(ax: Axes, thumbnails: FrameBatch, limits: tuple[float, float]) -> None:
    """Frames left to right, each at its time, none wider than its share of the axis."""
    start, end = limits
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.axis("off")
    box = ax.get_window_extent()
    share = 1 / len(thumbnails)
    for i, (frame, pts) in enumerate(zip(thumbnails.frames, thumbnails.pts_seconds, strict=True)):
        h, w = frame.shape[:2]
        width = share * 0.97
        tall = width * box.width * h / w / box.height
        if tall > 1:
            width, tall = width / tall, 1.0
        x = (i + 0.5) * share
        ax.imshow(frame, extent=(x - width / 2, x + width / 2, 0, tall), aspect="auto")
        ax.text(
            x - width / 2 + 0.004,
            0.04,
            f"{pts:.1f} s",
            fontsize=6.5,
            color="white",
            bbox={"facecolor": "black", "alpha": 0.55, "pad": 1, "edgecolor": "none"},
        )
        at = (float(pts) - start) / max(end - start, 1e-9)
        foot = -0.1 / (box.height / ax.figure.dpi)
        ax.plot([x, at], [0, foot], color="#888888", linewidth=0.8, clip_on=False)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)


def _draw_timeline(
    ax: Axes, prediction: Prediction, candidate: Candidate, limits: tuple[float, float]
) -> None:
    """The candidate's sub-actions as numbered bars on the time axis."""
    for k, segment in enumerate(prediction.segments(candidate)):
        width = segment.end_seconds - segment.start_seconds
        ax.barh(
            0,
            width,
            left=segment.start_seconds,
            height=0.9,
            color=STEP_COLOURS[k % len(STEP_COLOURS)],
            edgecolor="white",
            linewidth=1,
        )
        if width > 0.02 * (limits[1] - limits[0]):
            ax.text(
                segment.start_seconds + width / 2,
                0,
                str(k + 1),
                ha="center",
                va="center",
                fontsize=8.5,
                color="white",
                fontweight="bold",
            )
    ax.set_xlim(*limits)
    ax.set_ylim(-0.5, 0.5)
    ax.set_yticks([0], ["sub-actions over time"], fontsize=8.5, color=INK)
    ax.tick_params(length=0, labelbottom=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _draw_heat_map(
    ax: Axes,
    candidate: Candidate,
    edges: np.ndarray[tuple[int], np.dtype[np.float64]],
    scale: tuple[float, float],
) -> Any:
    alignment = candidate.alignment
    assert alignment is not None
    count = alignment.affinity.shape[1]
    image = ax.pcolormesh(
        edges,
        np.arange(count + 1) - 0.5,
        alignment.affinity.T,
        cmap="viridis",
        vmin=scale[0],
        vmax=scale[1],
        rasterized=True,
    )
    centres = (edges[:-1] + edges[1:]) / 2
    x, y = centres[alignment.path[:, 0]], alignment.path[:, 1]
    ax.plot(x, y, color="black", linewidth=3.4, solid_joinstyle="round")
    ax.plot(x, y, color="white", linewidth=1.7, solid_joinstyle="round")
    ax.set_ylim(count - 0.5, -0.5)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_yticks(
        np.arange(count),
        [_step_label(k, step) for k, step in _numbered(candidate)],
        fontsize=8,
        color=INK,
        linespacing=1.05,
    )
    ax.tick_params(labelsize=8, colors=INK, length=2)
    ax.tick_params(axis="y", length=0)
    for spine in ax.spines.values():
        spine.set_linewidth(0.6)
    return image
