"""The pieces that `_figures` puts together: heat map, timeline, strip of frames, colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from actalign.output._style import HEAT_MAP, ON_PALETTE, PALETTE, Theme, dress, wrap
from actalign.rows._fields import BoxRow
from actalign.rows._people import box_near
from actalign.types import Alignment, Float64, FrameBatch, Segment

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Repetitions = Sequence[Sequence[Segment]]

STEP_INCHES, STEP_LINES, STEP_SIZE = 2.6, 2, 8.0
WIDTH = 11.0
LEFT, RIGHT = 0.30, 0.905
STRIP_WIDTH = WIDTH * (RIGHT - LEFT)
BOX_SECONDS = 0.5
"""The most seconds between a frame and the box that is drawn into it."""
NARROW_INCHES = 0.08
"""Bars that are narrower on average have no lines between them, and a thin path."""


def step_label(number: int, step: str) -> str:
    return wrap(f"{number}. {step}", STEP_INCHES, STEP_LINES, size=STEP_SIZE)


def map_height(labels: Sequence[str]) -> float:
    """The height in inches that leaves room for every step's label."""
    tallest = max(label.count("\n") + 1 for label in labels)
    return max(0.8, len(labels) * (0.13 + 0.13 * tallest))


def strip_height(thumbnails: FrameBatch) -> float:
    """The height in inches at which the frames fill the strip's width, within limits."""
    h, w = thumbnails.frames.shape[1:3]
    return float(np.clip(STRIP_WIDTH * 0.97 / len(thumbnails) * h / w, 0.5, 1.6))


def colour_limits(alignments: Sequence[Alignment]) -> tuple[float, float]:
    """One scale for all heat maps, so that equal colours mean equal affinities.

    Only affinities that are all about the same are drawn in one colour. What is "about" depends on
    their size: the pair probabilities of SigLIP are often all below 1e-4.
    """
    low = min(float(a.affinity.min()) for a in alignments)
    high = max(float(a.affinity.max()) for a in alignments)
    largest = max(abs(low), abs(high))
    if high - low > 1e-3 * largest:
        return low, high
    around = 0.05 * (largest or 1.0)
    return low - around, high + around


def draw_colour_bar(
    figure: Figure, image: Any, box: tuple[float, float, float, float], name: str, theme: Theme
) -> None:
    bar = figure.add_axes(box)
    figure.colorbar(image, cax=bar)
    dress(bar, theme)
    bar.tick_params(labelsize=7.5)
    bar.yaxis.get_offset_text().set_fontsize(7.5)  # such as 1e-7, where affinities are small
    bar.set_ylabel(name, fontsize=8)


def draw_strip(
    ax: Axes,
    thumbnails: FrameBatch,
    limits: tuple[float, float],
    theme: Theme,
    boxes: Sequence[BoxRow],
) -> None:
    """Frames from left to right, each linked to its time, none wider than its share of the axis.

    boxes: those of the person that the clip is about; the nearest in time is drawn into a frame.
    """
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
        if (near := box_near(boxes, pts, within=BOX_SECONDS)) is not None:
            _draw_box(ax, near, (x - width / 2, width, tall))
        at = (float(pts) - start) / max(end - start, 1e-9)
        foot = -0.1 / (box.height / ax.figure.dpi)
        ax.plot([x, at], [0, foot], color=theme.muted, linewidth=0.8, clip_on=False)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)


def _draw_box(ax: Axes, box: BoxRow, frame: tuple[float, float, float]) -> None:
    """A person's box in a frame whose left edge, width and height on the axis are these."""
    from matplotlib.patches import Rectangle

    left, width, tall = frame
    corner = (left + box["left"] * width, (1 - box["bottom"]) * tall)
    size = (box["right"] - box["left"]) * width, (box["bottom"] - box["top"]) * tall
    ax.add_patch(Rectangle(corner, *size, fill=False, edgecolor="black", linewidth=2.0))
    ax.add_patch(Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=1.0))


def draw_timeline(
    ax: Axes,
    alignment: Alignment,
    edges: Float64,
    theme: Theme,
    repetitions: Repetitions,
    cuts: Sequence[float] = (),
) -> None:
    """The steps as numbered bars on the time axis, from where each begins to the next.

    repetitions: if there are several, or a partial one, the bars are theirs, with a line between
    two, which the axis explains, unless they are narrow. cuts: seconds at which the picture is
    cut; drawn as dashed lines, which the axis explains too.
    """
    name = "steps over time"
    lines = not _narrow(alignment, repetitions, edges)
    bars = [*enumerate(pairwise(alignment.step_edges(edges).tolist()))]
    if _counted(alignment, repetitions):
        bars = [
            (step.number - 1, (step.start_seconds, step.end_seconds))
            for steps in repetitions
            for step in steps
        ]
        if len(repetitions) > 1 and lines:
            name += ";\na line between repetitions"
        for steps in repetitions[1:] if lines else ():
            ax.axvline(steps[0].start_seconds, color=theme.ink, linewidth=2)
    if cuts:
        name += ";\na dashed line at each cut"
    for seconds in cuts:
        ax.axvline(seconds, color=theme.background, linewidth=2.4)  # visible on bars of any colour
        ax.axvline(seconds, color=theme.ink, linewidth=1.2, linestyle=(0, (2, 1)))
    for k, (start, end) in bars:
        colour = k % len(PALETTE)
        ax.barh(
            0,
            end - start,
            left=start,
            height=0.9,
            color=PALETTE[colour],
            edgecolor=theme.background,
            linewidth=1 if lines else 0,
        )
        if end - start > 0.02 * (edges[-1] - edges[0]):
            ax.text(
                (start + end) / 2,
                0,
                str(k + 1),
                ha="center",
                va="center",
                fontsize=8.5,
                color=ON_PALETTE[colour],
                fontweight="bold",
            )
    dress(ax, theme)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(-0.5, 0.5)
    ax.set_yticks([0], [name], fontsize=8.5, linespacing=1.05)
    ax.tick_params(length=0, labelbottom=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _counted(alignment: Alignment, repetitions: Repetitions) -> bool:
    """Whether the repetitions differ from the alignment: several, or a partial one."""
    every = alignment.affinity.shape[1]
    return len(repetitions) > 1 or any(len(steps) < every for steps in repetitions)


def _narrow(alignment: Alignment, repetitions: Repetitions, edges: Float64) -> bool:
    """Whether the repetitions' steps are so many that lines around them would hide them."""
    if not _counted(alignment, repetitions):
        return False
    steps = [step.end_seconds - step.start_seconds for one in repetitions for step in one]
    return float(np.mean(steps) / (edges[-1] - edges[0])) * STRIP_WIDTH < NARROW_INCHES


def draw_heat_map(
    ax: Axes,
    alignment: Alignment,
    labels: Sequence[str],
    edges: Float64,
    scale: tuple[float, float],
    theme: Theme,
    repetitions: Repetitions,
) -> Any:
    """repetitions: if there are several, or a partial one, their steps are drawn in place of the
    path."""
    count = alignment.affinity.shape[1]
    image = ax.pcolormesh(
        edges,
        np.arange(count + 1) - 0.5,
        alignment.affinity.T,
        cmap=HEAT_MAP,
        vmin=scale[0],
        vmax=scale[1],
        rasterized=True,
    )
    centres = (edges[:-1] + edges[1:]) / 2
    x, y = centres[alignment.path[:, 0]], alignment.path[:, 1]
    if _counted(alignment, repetitions):
        # Each step's start and end; a point that is not a number breaks the line between
        # repetitions.
        points: list[tuple[float, float]] = []
        for steps in repetitions:
            for step in steps:
                points += [
                    (step.start_seconds, step.number - 1),
                    (step.end_seconds, step.number - 1),
                ]
            points.append((np.nan, np.nan))
        x, y = np.array(points).T
    # White within black is visible on every colour of the map, in both themes.
    width = 0.35 if _narrow(alignment, repetitions, edges) else 1.0
    ax.plot(x, y, color="black", linewidth=3.4 * width, solid_joinstyle="round")
    ax.plot(x, y, color="white", linewidth=1.7 * width, solid_joinstyle="round")
    if len(x) == 1:
        ax.plot(x, y, "o", color="white", markeredgecolor="black")
    dress(ax, theme)
    ax.set_ylim(count - 0.5, -0.5)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_yticks(np.arange(count), labels, fontsize=STEP_SIZE, linespacing=1.05)
    ax.ticklabel_format(axis="x", useOffset=False, style="plain")
    ax.tick_params(axis="y", length=0)
    return image
