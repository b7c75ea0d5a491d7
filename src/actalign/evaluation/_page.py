"""A run as one self-contained HTML page; nothing is fetched. Not here: its text (`_lines`,
`_findings`) and its charts (`_charts`)."""

from __future__ import annotations

import base64
import html
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actalign.errors import ActAlignError, counted
from actalign.evaluation._charts import (
    accuracy_figure,
    confusion_figure,
    domain_figure,
    reliability_figure,
    svg,
    sweep_figure,
)
from actalign.evaluation._config import known_scorer, of_words
from actalign.evaluation._lines import (
    ACCURACY,
    LABELS,
    MOST_LABELS,
    PAPER_NOTE,
    accuracy_table,
    comparison_lines,
    count_lines,
    interval,
    kind_lines,
    label_note,
    label_table,
    refusal_lines,
)
from actalign.evaluation._questions import Question
from actalign.evaluation._rows import KS, answer_of, confidence_of
from actalign.evaluation._runs import SWEPT, Run, sweeps
from actalign.evaluation._terms import terms_in
from actalign.rows import Row, score_text
from actalign.types import FrameBatch, Prediction
from actalign.video import thumbnails

FIGURE_COUNT = 3
MOST_PAIRS, MOST_ERRORS, MOST_ANSWERS = 15, 60, 200

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


def page_of(run: Run, found: dict[str, Any], runs: Sequence[Run], against: Sequence[str]) -> str:
    """The whole page; found: see `_findings`. runs: others to compare settings with. against:
    sentences that compare the run with others."""
    title = f"{run.results['benchmark']}: {run.folder.name}"
    table = accuracy_table(run.results)
    figures = run.results["scorers"][run.main]
    note = f" {PAPER_NOTE}" if run.results["paper"] else ""
    paper = [cells[0].startswith("paper's: ") for cells in table]
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p class='note'>{html.escape(' '.join(count_lines(run.results)))}</p>",
        "<h2>Accuracy</h2>",
        svg(accuracy_figure(run.results), "Top-1, 2 and 3 of each scorer with 95 % intervals"),
        _table(ACCURACY, table, grey=paper),
        f"<p class='note'>Brackets: 95 % intervals.{html.escape(note)}</p>",
        _list("What to do", found["advice"]),
        _list("Order and time", kind_lines(run.results)),
        _list("Confidence and refusals", refusal_lines(run.results)),
        _list("Paired comparisons", comparison_lines(run.results)),
        _list("Against other runs", against),
        *_swept(run, runs),
        *_labels(run.main, figures),
        *_scripts(found),
        *_trust(figures, found),
        *_groups(run.main, figures),
        f"<h2>Confusion of near candidates ({html.escape(run.main)})</h2>",
        _confusions(run),
        *_nobody(found),
        *_answers(run),
        *_alignments(run),
        *_unscored(run),
    ]
    parts.append(_list("Terms", terms_in(" ".join(parts))))
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def _swept(run: Run, runs: Sequence[Run]) -> list[str]:
    return [
        f"<h2>By {html.escape(SWEPT[over])}</h2>"
        + svg(
            sweep_figure(curves, over=SWEPT[over]),
            "Top-1 with 95 % intervals, one curve per scorer, one point per run",
        )
        for over, curves in sweeps(run, runs).items()
    ]


def _labels(scorer: str, figures: dict[str, Any]) -> list[str]:
    """Accuracy by label, the worst first, and the confusion matrix."""
    if not (rows := label_table(figures)):
        return []
    note = f"<p class='note'>{label_note(figures)}</p>"
    parts = [f"<h2>By label ({html.escape(scorer)})</h2>{note}", _table(LABELS, rows, text=2)]
    if len(figures["classes"]) <= MOST_LABELS:
        drawn = confusion_figure(figures["confusion"])
        parts.append(svg(drawn, "True labels down, answers across; each row adds up to 100 %"))
    return parts


def _scripts(found: dict[str, Any]) -> list[str]:
    """Labels that can't be told apart, and steps that fit everything."""
    parts = []
    if alike := found["labels_alike"]:
        rows = [
            [
                *one["labels"],
                "; ".join(" / ".join(step["steps"]) for step in one["shared_steps"]),
                f"{one['confused']} of {one['clips']}",
                f"{one['separation']:.2f}",
            ]
            for one in alike
        ]
        header = ["label", "other label", "steps that both have", "confused", "separation"]
        parts += ["<h2>Labels that can't be told apart</h2>", _table(header, rows, text=3)]
        parts.append("<p class='note'>Separation: 0.5 is chance, 1 is perfect.</p>")
    if everywhere := found["steps_everywhere"]:
        rows = [
            [one["label"], one["step"], *(f"{one[n]:.3g}" for n in ("own", "others", "separation"))]
            for one in everywhere
        ]
        header = ["label", "step", "affinity on its own clips", "on others", "separation"]
        parts += ["<h2>Steps that fit everything</h2>", _table(header, rows, text=2)]
    return parts


def _trust(figures: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """How far the confidence, or without one the margin, tells right from wrong."""
    if known := figures.get("calibration"):
        words = "Accuracy by confidence, and how many of the surest answers are wrong"
        return ["<h2>Accuracy against confidence</h2>", svg(reliability_figure(known), words)]
    if not (groups := found["by_margin"]):
        return []
    rows = [
        [f"{one['low']:.4g} to {one['high']:.4g}", str(one["n"]), f"{100 * one['right']:.1f}"]
        for one in groups
    ]
    return ["<h2>Accuracy by margin</h2>", _table(["margin", "clips", "right %"], rows)]


def _nobody(found: dict[str, Any]) -> list[str]:
    """Clips in which the encoder saw nothing it knows."""
    clips = found["nobody_seen"]["clips"]
    if not clips:
        return []
    rows = [[one["clip"], f"{100 * one['share']:.0f}"] for one in clips[:MOST_LABELS]]
    header = ["clip", "frames with nothing known %"]
    return ["<h2>Clips in which nobody is seen</h2>", _table(header, rows)]


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<h2>{html.escape(title)}</h2><ul>{items}</ul>"


def _groups(scorer: str, figures: dict[str, Any]) -> list[str]:
    """Accuracy by domain and by number of candidates, where there are several: a single group of
    all clips would only repeat the total."""
    parts = []
    if len(figures["by_domain"]) > 1:
        drawn = domain_figure(figures["by_domain"])
        words = "Top-1 by domain with 95 % intervals; chance dotted"
        parts += [f"<h2>By domain ({html.escape(scorer)})</h2>", svg(drawn, words)]
    if len(figures["by_candidates"]) > 1:
        table = _by_candidates(figures["by_candidates"])
        parts += [f"<h2>By number of candidates ({html.escape(scorer)})</h2>", table]
    return parts


def _by_candidates(groups: dict[str, Any]) -> str:
    rows = [
        [
            size,
            str(one["n"]),
            *(interval(one, f"top{k}") for k in KS),
            f"{100 * one['chance']['top1']:.2f}",
        ]
        for size, one in groups.items()
    ]
    header = ["candidates", "scored", "Top-1 %", "Top-2 %", "Top-3 %", "chance Top-1 %"]
    return _table(header, rows)


def _confusions(run: Run) -> str:
    """Which wrong candidate wins over the true one, how often, and by how little."""
    lost: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in run.of(run.main):
        if row["rank"] > 1:
            scores = {c["label"]: c["score"] for c in row["candidates"]}
            winner = answer_of(row)
            target = row["target"] or ""
            key = (row.get("domain") or "", target, winner)
            lost[key].append(scores[winner] - scores[target])
    if not lost:
        return "<p>No sample was answered wrongly.</p>"
    ordered = sorted(lost, key=lambda key: (-len(lost[key]), min(lost[key])))
    rows = [
        [domain, target, winner, str(len(gaps)), score_text(sum(gaps) / len(gaps))]
        for domain, target, winner in ordered[:MOST_PAIRS]
        for gaps in [lost[domain, target, winner]]
    ]
    header = ["domain", "true", "taken for", "times", "mean score gap"]
    shown = f"{len(rows)} of {len(lost)} pairs, the most frequent and then the closest first."
    return f"<p class='note'>{shown}</p>" + _table(header, rows, text=3)


def _answers(run: Run) -> list[str]:
    """The main scorer's answer to each clip, the wrong ones first."""
    mine = [row for row in run.of(run.main) if "rank" in row]
    ordered = sorted(mine, key=lambda row: (row["rank"] == 1, row["clip"]))[:MOST_ANSWERS]
    sure = any(confidence_of(row) is not None for row in ordered)
    rows = [
        [
            row["clip"],
            row["target"] or "",
            answer_of(row) + (" (refused)" if row.get("label", "") is None else ""),
            str(row["rank"]),
            _how_sure(row, confidence=sure),
        ]
        for row in ordered
    ]
    header = ["clip", "right", "answer", "rank of right", "confidence %" if sure else "margin"]
    note = f"{len(rows)} of {counted(len(mine), 'clip')}, the wrong answers first"
    note += "; all are in predictions.jsonl." if len(rows) < len(mine) else "."
    title = f"<h2>Answers ({html.escape(run.main)})</h2><p class='note'>{note}</p>"
    return [title, _table(header, rows, text=3)] if rows else []


def _how_sure(row: Row, *, confidence: bool) -> str:
    """The row's confidence in percent, or else its margin; "" if it has none."""
    known, margin = confidence_of(row), row.get("margin")
    if confidence:
        return "" if known is None else f"{100 * known:.1f}"
    return "" if margin is None else score_text(margin)


def _alignments(run: Run) -> list[str]:
    """The clearest right and wrong answers of the main scorer, drawn; empty without the clips."""
    mine = [r for r in run.of(run.main) if any(c.get("segments") for c in r["candidates"])]
    if not mine:
        return []
    if of_words(run.main) and not known_scorer(run.main):
        why = (
            f"Not drawn: only the program that adds the scorer {run.main!r} can align with it; "
            "write the report with that program."
        )
        return ["<h2>Best alignments</h2>", f"<p class='note'>{html.escape(why)}</p>"]
    right = sorted((r for r in mine if r["rank"] == 1), key=_lead, reverse=True)
    wrong = sorted((r for r in mine if r["rank"] > 1), key=_lead)
    parts = []
    for name, rows in (("Best alignments", right), ("Worst alignments", wrong)):
        drawn = [_drawn(run, row) for row in rows[:FIGURE_COUNT]]
        if any(drawn):
            parts += [f"<h2>{name}</h2>", *filter(None, drawn)]
    return parts


def _lead(row: Row) -> float:
    """The true candidate's score minus the best other one's."""
    scores = {c["label"]: float(c["score"]) for c in row["candidates"]}
    true = scores.pop(row["target"] or "")
    return true - max(scores.values(), default=true)


def _drawn(run: Run, row: Row) -> str:
    from actalign.output import contrast_figure, picture

    try:
        prediction, question = run.predict_again(row["clip"], run.main)
        strip, why = _thumbnails(question, prediction)
        figure = contrast_figure(prediction, row["target"] or "", thumbnails=strip)
    except (ActAlignError, OSError):
        return ""
    figure.set_dpi(90)
    data = base64.b64encode(picture(figure)).decode()
    caption = html.escape(f"{row['clip']}: true {row['target']!r}, rank {row['rank']}{why}")
    return (
        f"<figure><img alt='{caption}' src='data:image/png;base64,{data}'>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _thumbnails(question: Question, prediction: Prediction) -> tuple[FrameBatch | None, str]:
    """A few frames, or why there are none, for the caption."""
    if not (isinstance(question.video, Path) and question.video.is_file()):
        return None, ""
    try:
        return thumbnails(question.video, prediction.clip), ""
    except ActAlignError as error:
        return None, f". No pictures of the video: {error}"


def _unscored(run: Run) -> list[str]:
    if not run.errors:
        return []
    rows = [
        [e["clip"], e["scorer"] or "all", e["error_kind"], e["error"] or ""]
        for e in run.errors[:MOST_ERRORS]
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
