"""A run folder as one self-contained HTML page and one Markdown table; nothing is fetched.

Also the lines that `actalign eval` prints. Not here: evaluating, and drawing (`_charts`).
"""

from __future__ import annotations

import base64
import html
import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actalign.errors import ActAlignError
from actalign.evaluation._charts import (
    accuracy_figure,
    domain_figure,
    svg,
    sweep_figure,
)
from actalign.evaluation._questions import Question
from actalign.evaluation._rows import KS
from actalign.evaluation._runs import SWEPT, Run, read_run, readable, sweeps
from actalign.files import write_text
from actalign.rows import Row
from actalign.types import FrameBatch, Prediction
from actalign.video import thumbnails

FIGURE_COUNT = 3
ORDER_ONLY = "order-only"
"""The kind of questions whose candidates differ in nothing but the order of their steps."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 0 auto;
  max-width: 68rem; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p.note { color: #555; margin: .25rem 0 1rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; text-align: right; border-bottom: 1px solid #ddd;
  white-space: nowrap; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text { white-space: normal; }
th { font-weight: 600; } tr.paper td { color: #666; }
figure { margin: 1rem 0 2rem; } figcaption { color: #555; }
svg, img { max-width: 100%; height: auto; }
"""


def write_reports(folders: Sequence[Path]) -> list[Path]:
    """Write `report.html` and `report.md` into each run folder and return their paths.

    Runs of one benchmark that differ in smoothing or frames a second also get that curve.
    """
    runs = [read_run(folder) for folder in folders]
    written = []
    for run in runs:
        page, table = run.folder / "report.html", run.folder / "report.md"
        with readable(run.folder):
            write_text(table, markdown(run))
            write_text(page, page_of(run, runs))
        written += [page, table]
    return written


def accuracy_table(results: dict[str, Any]) -> list[list[str]]:
    """Rows of text as ACCURACY heads them, with intervals; the paper's numbers below."""
    rows = []
    for name, figures in results["scorers"].items():
        shares = [_interval(figures, f"top{k}") for k in KS]
        macro = figures.get("macro")
        rows.append([name, str(figures["n"]), *shares, percent(macro) if macro else ""])
    chance = next((f["chance"] for f in results["scorers"].values() if f["n"]), None)
    if chance:
        cells = [f"{100 * chance[f'top{k}']:.2f}" for k in KS]
        rows.append(["expected chance", "", *cells, ""])
    for one in results.get("paper", ()):
        cells = ["" if one[f"top{k}"] is None else f"{one[f'top{k}']:.2f}" for k in KS]
        rows.append([f"paper's: {one['method']}", "", *cells, ""])
    return rows


ACCURACY = ("method", "scored", "Top-1 %", "Top-2 %", "Top-3 %", "macro %")


def percent(figure: dict[str, Any], name: str = "value", ci: str = "ci95") -> str:
    """A share and its interval in percent."""
    low, high = figure[ci]
    return f"{100 * figure[name]:.2f} [{100 * low:.1f}, {100 * high:.1f}]"


def markdown(run: Run) -> str:
    """The accuracy table and the counts as Markdown."""
    note = f" {PAPER_NOTE}" if run.results["paper"] else ""
    lines = [f"# {run.results['benchmark']}: {run.folder.name}", "", *count_lines(run.results), ""]
    lines += ["| " + " | ".join(ACCURACY) + " |", "|---" + "|---:" * (len(ACCURACY) - 1) + "|"]
    lines += ["| " + " | ".join(cells) + " |" for cells in accuracy_table(run.results)]
    lines += ["", f"Brackets: 95 % intervals.{note}", ""]
    extra = [*kind_lines(run.results), *comparison_lines(run.results)]
    lines += [f"- {line}" for line in extra]
    return "\n".join(lines) + "\n"


PAPER_NOTE = "The paper's: arXiv 2506.22967 v1, on the videos its authors had, with SigLIP so400m."


def count_lines(results: dict[str, Any]) -> list[str]:
    """Sentences on what was scored, unscored and missing, and why."""
    samples = results["samples"]
    lines = [f"{samples['total']} samples."]
    for name, kinds in (
        ("without a clip", samples["without_clip"]),
        ("clips not encoded", samples["not_encoded"]),
    ):
        if kinds:
            lines.append(f"{sum(kinds.values())} {name} ({_listed(kinds)}).")
    for name, figures in results["scorers"].items():
        if figures["unscored"]:
            unscored = figures["unscored"]
            lines.append(f"{name}: {sum(unscored.values())} unscored ({_listed(unscored)}).")
    return lines


def kind_lines(results: dict[str, Any]) -> list[str]:
    """Sentences on what tells order from content, and on the true intervals, where known."""
    lines = []
    groups = {
        name: figures["by_kind"][ORDER_ONLY]
        for name, figures in results["scorers"].items()
        if ORDER_ONLY in figures.get("by_kind", {})
    }
    shares = {name: group["top1"] for name, group in groups.items()}
    if groups:
        shares = {"chance": next(iter(groups.values()))["chance"]["top1"], **shares}
    for name, share in shares.items():
        lines.append(f"{name}: Top-1 on {ORDER_ONLY} questions {100 * share:.2f} %")
    for name, figures in results["scorers"].items():
        if order := figures.get("order_margin"):
            low, high = order["ci95"]
            lines.append(
                f"{name}: the true script scores higher than in other orders in "
                f"{100 * order['above_zero']:.1f} % [{100 * low:.1f}, {100 * high:.1f}] of "
                f"{order['n']}, by {order['mean']:.4f} in the mean (order margin)"
            )
    if results.get("mean_iou") is not None:
        lines.append(f"mean IoU of aligned against true intervals: {results['mean_iou']:.3f}")
    for name, figures in results["scorers"].items():
        if steps := figures.get("steps"):
            parts = [f"{words} {percent(steps[key])} %" for key, words in STEP_FIGURES.items()]
            lines.append(f"{name}: steps in time on {steps['n']} clips: {', '.join(parts)}")
        if known := figures.get("calibration"):
            lines.append(
                f"{name}: calibration error {percent(known, 'error', 'error_ci95')} %, area under "
                f"risk and coverage {percent(known, 'area', 'area_ci95')} %"
            )
    return lines


STEP_FIGURES = {
    "frame_accuracy": "accuracy by frame",
    "edit": "edit score",
    "f1_10": "F1@10",
    "f1_25": "F1@25",
    "f1_50": "F1@50",
    "iou": "IoU",
}


def comparison_lines(results: dict[str, Any]) -> list[str]:
    """A sentence on each pair of scorers that scored the same clips."""
    return [_comparison_line(one) for one in results["comparisons"] if one["n"]]


def _comparison_line(one: dict[str, Any]) -> str:
    """One paired comparison as a sentence."""
    low, high = one["ci95"]
    return (
        f"{one['first']} against {one['second']} on {one['n']} samples: Top-1 "
        f"{100 * one['difference']:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}] (bootstrap), "
        f"{one['only_first']} to {one['only_second']} where only one is right, "
        f"p = {one['mcnemar_p']:.3g} (McNemar)"
    )


def page_of(run: Run, runs: Sequence[Run] = ()) -> str:
    """The whole page; runs: others to compare settings with."""
    title = f"{run.results['benchmark']}: {run.folder.name}"
    table = accuracy_table(run.results)
    by_domain = run.results["scorers"][run.main]["by_domain"]
    note = f" {PAPER_NOTE}" if run.results["paper"] else ""
    paper = [cells[0].startswith("paper's: ") for cells in table]
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p class='note'>{html.escape(' '.join(count_lines(run.results)))}</p>",
        "<h2>Accuracy</h2>",
        svg(accuracy_figure(run.results), "Top-1, 2 and 3 of each scorer with 95 % intervals"),
        _table(ACCURACY, table, grey=paper),
        f"<p class='note'>Brackets: 95 % intervals.{html.escape(note)}</p>",
        _list("Order and time", kind_lines(run.results)),
        _comparisons(run),
        *(
            f"<h2>By {html.escape(SWEPT[over])}</h2>"
            + svg(
                sweep_figure(curves, over=SWEPT[over]),
                "Top-1 with 95 % intervals, a curve a scorer, a point a run",
            )
            for over, curves in sweeps(run, runs).items()
        ),
        f"<h2>By domain ({html.escape(run.main)})</h2>",
        svg(domain_figure(by_domain), "Top-1 by domain with 95 % intervals; chance as a line"),
        "<h2>By number of candidates</h2>",
        _by_candidates(run),
        f"<h2>Confusion of near candidates ({html.escape(run.main)})</h2>",
        _confusions(run),
        *_alignments(run),
        *_unscored(run),
    ]
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _comparisons(run: Run) -> str:
    return _list("Paired comparisons", comparison_lines(run.results))


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<h2>{html.escape(title)}</h2><ul>{items}</ul>"


def _by_candidates(run: Run) -> str:
    groups = run.results["scorers"][run.main]["by_candidates"]
    rows = [
        [
            size,
            str(one["n"]),
            *(_interval(one, f"top{k}") for k in KS),
            f"{100 * one['chance']['top1']:.2f}",
        ]
        for size, one in groups.items()
    ]
    header = ["candidates", "scored", "Top-1 %", "Top-2 %", "Top-3 %", "chance Top-1 %"]
    return _table(header, rows)


def _confusions(run: Run, limit: int = 15) -> str:
    """Which wrong candidate wins over the true one, how often, and by how little."""
    lost: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in run.of(run.main):
        if row["rank"] > 1:
            scores = {c["label"]: c["score"] for c in row["candidates"]}
            winner = row["filtered_resps"][0]
            target = row["target"] or ""
            key = (row.get("domain") or "", target, winner)
            lost[key].append(scores[winner] - scores[target])
    if not lost:
        return "<p>No sample was answered wrongly.</p>"
    ordered = sorted(lost, key=lambda key: (-len(lost[key]), min(lost[key])))
    rows = [
        [domain, target, winner, str(len(gaps)), f"{sum(gaps) / len(gaps):.4f}"]
        for domain, target, winner in ordered[:limit]
        for gaps in [lost[domain, target, winner]]
    ]
    header = ["domain", "true", "taken for", "times", "mean score gap"]
    shown = f"{len(rows)} of {len(lost)} pairs, the most frequent and then the closest first."
    return f"<p class='note'>{shown}</p>" + _table(header, rows, text=3)


def _alignments(run: Run) -> list[str]:
    """The clearest right and wrong answers of the main scorer, drawn; empty without the clips."""
    mine = [r for r in run.of(run.main) if any(c.get("segments") for c in r["candidates"])]
    if not mine:
        return []
    right = sorted((r for r in mine if r["rank"] == 1), key=_lead, reverse=True)
    wrong = sorted((r for r in mine if r["rank"] > 1), key=_lead)
    parts = []
    for name, rows in (("Best alignments", right), ("Worst alignments", wrong)):
        drawn = [_drawn(run, row) for row in rows[:FIGURE_COUNT]]
        if any(drawn):
            parts += [f"<h2>{name}</h2>", *filter(None, drawn)]
    return parts


def _lead(row: Row) -> float:
    """The true candidate's score less the best other one's."""
    scores = {c["label"]: float(c["score"]) for c in row["candidates"]}
    true = scores.pop(row["target"] or "")
    return true - max(scores.values(), default=true)


def _drawn(run: Run, row: Row) -> str:
    from actalign.output import _figures as figures

    try:
        prediction, question = run.predict_again(row["clip"], run.main)
        figure = figures.contrast_figure(
            prediction, row["target"] or "", thumbnails=_thumbnails(question, prediction)
        )
    except (ActAlignError, OSError):
        return ""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    data = base64.b64encode(buffer.getvalue()).decode()
    caption = html.escape(f"{row['clip']}: true {row['target']!r}, rank {row['rank']}")
    return (
        f"<figure><img alt='{caption}' src='data:image/png;base64,{data}'>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _thumbnails(question: Question, prediction: Prediction) -> FrameBatch | None:
    if isinstance(question.video, Path) and question.video.is_file():
        return thumbnails(question.video, prediction.clip)
    return None


def _unscored(run: Run, limit: int = 60) -> list[str]:
    if not run.errors:
        return []
    rows = [
        [e["clip"], e["scorer"] or "all", e["error_kind"], e["error"] or ""]
        for e in run.errors[:limit]
    ]
    more = len(run.errors) - len(rows)
    note = f"<p class='note'>and {more} more in errors.jsonl</p>" if more else ""
    return ["<h2>Unscored</h2>", _table(["sample", "scorer", "kind", "reason"], rows, text=4), note]


def _table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    text: int = 1,
    grey: Sequence[bool] = (),
) -> str:
    """An HTML table; the first ``text`` columns are words, the rest numbers."""

    def line(tag: str, cells: Sequence[str], kind: str = "") -> str:
        inner = "".join(
            f"<{tag}{' class=text' if n < text else ''}>{html.escape(cell)}</{tag}>"
            for n, cell in enumerate(cells)
        )
        return f"<tr{kind}>{inner}</tr>"

    body = "".join(
        line("td", cells, " class=paper" if n < len(grey) and grey[n] else "")
        for n, cells in enumerate(rows)
    )
    return f"<div class='wide'><table>{line('th', header)}{body}</table></div>"


def _interval(figures: dict[str, Any], name: str) -> str:
    if not figures["n"]:
        return ""
    low, high = figures["ci95"][name]
    return f"{100 * figures[name]:.2f} [{100 * low:.1f}, {100 * high:.1f}]"


def _listed(kinds: dict[str, int]) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in kinds.items())
