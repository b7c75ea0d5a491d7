"""Charts of evaluation runs, from what `results.json` holds: each returns a matplotlib Figure."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from actalign.errors import UsageError
from actalign.evaluation._rows import KS
from actalign.output._figures import picture
from actalign.output._style import (
    HEAT_MAP,
    MARKERS,
    PALETTE,
    THEMES,
    dress,
    literal,
    missing_glyphs_allowed,
    new_figure,
    wrap,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOK = THEMES["light"]


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """Top-1 of one run, a share of 1, with its interval.

    at: the setting that was varied, for example frames a second; None is "all frames".
    """

    at: float | None
    top1: float
    low: float
    high: float


def accuracy_figure(results: dict[str, Any]) -> Figure:
    """Bars of Top-1/2/3 for each scorer, with intervals and chance."""
    scorers = {n: f for n, f in results["scorers"].items() if f["n"]}
    figure = new_figure(9, max(3.4, 0.9 + 0.24 * len(scorers)), LOOK)
    axes = figure.subplots()
    width = 0.8 / len(scorers)
    for i, (name, figures) in enumerate(scorers.items()):
        at = [k + (i - (len(scorers) - 1) / 2) * width for k in range(3)]
        values = [100 * figures[f"top{k}"] for k in KS]
        bounds = [[100 * edge for edge in figures["ci95"][f"top{k}"]] for k in KS]
        errors = [
            [v - low for v, (low, _) in zip(values, bounds, strict=True)],
            [high - v for v, (_, high) in zip(values, bounds, strict=True)],
        ]
        axes.bar(
            at,
            values,
            width * 0.92,
            label=name,
            yerr=errors,
            color=PALETTE[i % len(PALETTE)],
            # With more scorers than colours, the second round is hatched.
            hatch="///" if i >= len(PALETTE) else None,
            edgecolor=LOOK.background,
            error_kw={"elinewidth": 1, "ecolor": LOOK.ink},
        )
    first = next(iter(scorers.values()))["chance"]
    for k in KS:
        axes.hlines(
            100 * first[f"top{k}"],
            k - 1.45,
            k - 0.55,
            color=LOOK.ink,
            linestyle=":",
            linewidth=1.2,
            label="expected chance" if k == 1 else "_",
        )
    dress(axes, LOOK, frame=False)
    axes.set_xticks(range(3), [f"Top-{k}" for k in KS])
    axes.set_ylabel("%")
    axes.set_ylim(0, 100)
    _legend(axes)
    return _finished(figure)


def domain_figure(domains: dict[str, Any]) -> Figure:
    """Horizontal bars of one scorer's Top-1 by domain with intervals, most samples first.

    The dotted line on each bar is the domain's expected chance.
    """
    names = sorted(domains, key=lambda name: (-domains[name]["n"], name))
    labels = [f"{wrap(name, 2.4, 2, size=8)} ({domains[name]['n']})" for name in names]
    lines = sum(label.count("\n") + 1 for label in labels)
    figure = new_figure(9, 1.0 + 0.22 * lines + 0.08 * len(names), LOOK)
    axes = figure.subplots()
    for y, name in enumerate(names):
        one = domains[name]
        low, high = one["ci95"]["top1"]
        value = one["top1"]
        axes.barh(
            y,
            100 * value,
            0.7,
            color=LOOK.accent,
            xerr=[[100 * (value - low)], [100 * (high - value)]],
            error_kw={"elinewidth": 1, "ecolor": LOOK.ink},
        )
        axes.vlines(100 * one["chance"]["top1"], y - 0.4, y + 0.4, color=LOOK.ink, linestyle=":")
    dress(axes, LOOK, frame=False)
    axes.set_yticks(range(len(names)), labels)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("Top-1 %")
    return _finished(figure)


def sweep_figure(curves: Mapping[str, Sequence[SweepPoint]], *, over: str) -> Figure:
    """Top-1 as one setting varies, one curve per scorer, with intervals.

    curves: by scorer, in any order. over: the axis's name, for example "frames a second". The
    settings that were run are spaced evenly, "all frames" last. Raises UsageError if there is no
    point.
    """
    tried = {point.at for points in curves.values() for point in points}
    if not tried:
        raise UsageError("There is no run to draw; give at least one point.")
    settings = sorted(tried, key=lambda at: float("inf") if at is None else at)
    figure = new_figure(9, max(3.4, 0.9 + 0.24 * len(curves)), LOOK)
    axes = figure.subplots()
    for i, (name, points) in enumerate(curves.items()):
        ordered = sorted(points, key=lambda point: settings.index(point.at))
        # Shifted slightly, so that the intervals of several curves can be told apart.
        x = [settings.index(p.at) + 0.06 * (i - (len(curves) - 1) / 2) for p in ordered]
        axes.errorbar(
            x,
            [100 * p.top1 for p in ordered],
            yerr=[
                [100 * (p.top1 - p.low) for p in ordered],
                [100 * (p.high - p.top1) for p in ordered],
            ],
            label=name,
            color=PALETTE[i % len(PALETTE)],
            marker=MARKERS[i % len(MARKERS)],
            linestyle="-" if i < len(PALETTE) else "--",
            linewidth=1.6,
            elinewidth=0.9,
            capsize=2,
        )
    dress(axes, LOOK, frame=False)
    axes.set_xticks(
        range(len(settings)), ["all frames" if at is None else f"{at:g}" for at in settings]
    )
    axes.set_xlim(-0.5, len(settings) - 0.5)
    axes.set_ylim(0, 100)
    axes.set_ylabel("Top-1 %")
    axes.set_xlabel(over)
    axes.grid(axis="y", color=LOOK.rule, linewidth=0.4)
    axes.set_axisbelow(True)
    _legend(axes)
    return _finished(figure)


def confusion_figure(confusion: Sequence[Mapping[str, Any]]) -> Figure:
    """The confusion matrix as a heat map, each row of which adds up to 100 %.

    confusion: a list of ``{target, answer, n}``; labels are in alphabetical order.
    """
    labels = sorted({name for one in confusion for name in (one["target"], one["answer"])})
    places = {label: n for n, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)))
    for one in confusion:
        table[places[one["target"]], places[one["answer"]]] += one["n"]
    shares = 100 * table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    side = 2.6 + 0.3 * len(labels)
    figure = new_figure(side + 1.2, side, LOOK)
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap=HEAT_MAP, vmin=0, vmax=100)
    named = [wrap(label, 1.6, 2, size=8) for label in labels]
    axes.set_xticks(range(len(labels)), named, rotation=90)
    axes.set_yticks(range(len(labels)), named)
    for (row, column), count in np.ndenumerate(table):
        if count and len(labels) <= 20:
            shade = "black" if shares[row, column] > 60 else "white"
            axes.text(column, row, f"{count:.0f}", ha="center", va="center", size=7, color=shade)
    axes.set_xlabel("answer")
    axes.set_ylabel("true label")
    dress(axes, LOOK)
    bar = figure.colorbar(picture, ax=axes, fraction=0.04)
    bar.ax.tick_params(colors=LOOK.ink, labelsize=8)
    bar.set_label("% of the true label's clips", color=LOOK.ink, size=8)
    return _finished(figure)


def reliability_figure(calibration: Mapping[str, Any]) -> Figure:
    """Accuracy by confidence, beside the share of wrong answers by the share of clips answered.

    calibration: as `results.json` holds it.
    """
    figure = new_figure(9, 3.6, LOOK)
    left, right = figure.subplots(1, 2)
    bins = calibration["bins"]
    most = max(one["count"] for one in bins)
    left.plot([0, 100], [0, 100], color=LOOK.muted, linestyle=":", linewidth=1)
    left.scatter(
        [100 * one["confidence"] for one in bins],
        [100 * one["accuracy"] for one in bins],
        s=[20 + 140 * one["count"] / most for one in bins],
        color=LOOK.accent,
        clip_on=False,  # half of a dot at 100 % would be cut off
        zorder=3,
    )
    left.set_xlabel("confidence % (size: number of clips)")
    left.set_ylabel("right %")
    coverage, risk = ([100 * value for value in calibration[n]] for n in ("coverage", "risk"))
    right.step(coverage, risk, where="post", color=LOOK.accent)
    right.set_xlabel("clips answered %, the surest first")
    right.set_ylabel("wrong among these %")
    for axes in (left, right):
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        dress(axes, LOOK, frame=False)
    return _finished(figure)


def _legend(axes: Axes) -> None:
    axes.legend(
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize=8.5,
        labelcolor=LOOK.ink,
    )


def _finished(figure: Figure) -> Figure:
    literal(figure)
    with missing_glyphs_allowed():
        figure.tight_layout()
    return figure


def svg(figure: Figure, caption: str) -> str:
    """A figure as inline SVG with its caption."""
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "actalign"}):
        text = picture(figure, "svg").decode()
    drawn = text[text.index("<svg") :]
    return f"<figure>{drawn}<figcaption>{html.escape(caption)}</figcaption></figure>"
