"""The report's two charts, from the figures of `results.json`; matplotlib without pyplot."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KS = (1, 2, 3)
# Okabe and Ito's colour-blind safe palette (2008), without black and yellow.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


def accuracy_figure(results: dict[str, Any]) -> Figure:
    """Bars of Top-1/2/3 for each scorer, with intervals and chance."""
    from matplotlib.figure import Figure

    scorers = {n: f for n, f in results["scorers"].items() if f["n"]}
    figure = Figure(figsize=(9, 3.4))
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
            color=PALETTE[i % 6],
            error_kw={"elinewidth": 1, "ecolor": "#222"},
        )
    first = next(iter(scorers.values()))["chance"]
    for k in KS:
        level = 100 * first[f"top{k}"]
        axes.hlines(
            level,
            k - 1.45,
            k - 0.55,
            color="#222",
            linestyle=":",
            linewidth=1.2,
            label="expected chance" if k == 1 else "_",
        )
    axes.set_xticks(range(3), [f"Top-{k}" for k in KS])
    _clean(axes, "%")
    axes.set_ylim(0, 100)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.tight_layout()
    return figure


def domain_figure(domains: dict[str, Any]) -> Figure:
    """Horizontal bars of Top-1 by domain for the main scorer, most samples first."""
    from matplotlib.figure import Figure

    names = sorted(domains, key=lambda name: (-domains[name]["n"], name))
    figure = Figure(figsize=(9, 1.0 + 0.3 * len(names)))
    axes = figure.subplots()
    for y, name in enumerate(names):
        one = domains[name]
        low, high = one["ci95"]["top1"]
        value = one["top1"]
        axes.barh(
            y,
            100 * value,
            0.7,
            color=PALETTE[0],
            xerr=[[100 * (value - low)], [100 * (high - value)]],
            error_kw={"elinewidth": 1, "ecolor": "#222"},
        )
        axes.vlines(100 * one["chance"]["top1"], y - 0.4, y + 0.4, color="#222", linestyle=":")
    axes.set_yticks(range(len(names)), [f"{n} ({domains[n]['n']})" for n in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    _clean(axes, None)
    axes.set_xlabel("Top-1 %")
    figure.tight_layout()
    return figure


def _clean(axes: Any, ylabel: str | None) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if ylabel:
        axes.set_ylabel(ylabel)


def svg(figure: Figure, caption: str) -> str:
    """A figure as inline SVG with its caption."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "actalign"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    picture = text[text.index("<svg") :]
    return f"<figure>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"
