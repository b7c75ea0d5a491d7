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
    terms_in,
)
from actalign.evaluation._questions import Question
from actalign.evaluation._rows import KS, answer_of, confidence_of
from actalign.evaluation._runs import SWEPT, Run, sweeps
from actalign.output import contrast_figure, picture
from actalign.rows import Row
from actalign.rows._facts import score_text
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
        _section(
            "Accuracy",
            svg(accuracy_figure(run.results), "Top-1, 2 and 3 of each scorer with 95 % intervals"),
            _table(ACCURACY, table, grey=paper),
            below=f"Brackets: 95 % intervals.{note}",
        ),
        _list("What to do", found["advice"]),
        _list("Order and time", kind_lines(run.results)),
        _list("Confidence and refusals", refusal_lines(run.results)),
        _list("Paired comparisons", comparison_lines(run.results)),
        _list("Against other runs", against),
        *_swept(run, runs),
        _labels(run.main, figures),
        _labels_alike(found),
        _steps_everywhere(found),
        _trust(figures, found),
        *_groups(run.main, figures),
        _confusions(run),
        _nobody(found),
        _answers(run),
        *_alignments(run),
        _unscored(run),
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
    words = "Top-1 with 95 % intervals, one curve per scorer, one point per run"
    return [
        _section(f"By {SWEPT[over]}", svg(sweep_figure(curves, over=SWEPT[over]), words))
        for over, curves in sweeps(run, runs).items()
    ]


def _labels(scorer: str, figures: dict[str, Any]) -> str:
    """Accuracy by label, the worst first, and the confusion matrix."""
    if not (rows := label_table(figures)):
        return ""
    drawn = ""
    if len(figures["classes"]) <= MOST_LABELS:
        words = "True labels down, answers across; each row adds up to 100 %"
        drawn = svg(confusion_figure(figures["confusion"]), words)
    table = _table(LABELS, rows, text=2)
    return _section(f"By label ({scorer})", table, drawn, above=label_note(figures))


def _labels_alike(found: dict[str, Any]) -> str:
    """Labels that can't be told apart."""
    rows = [
        [
            *one["labels"],
            "; ".join(" / ".join(step["steps"]) for step in one["shared_steps"]),
            f"{one['confused']} of {one['clips']}",
            f"{one['separation']:.2f}",
        ]
        for one in found["labels_alike"]
    ]
    header = ["label", "other label", "steps that are alike", "confused", "separation"]
    table, note = _table(header, rows, text=3), "Separation: 0.5 is chance, 1 is perfect."
    return _section("Labels that can't be told apart", table, below=note)


def _steps_everywhere(found: dict[str, Any]) -> str:
    """Steps that fit the clips of other labels too."""
    rows = [
        [one["label"], one["step"], *(f"{one[n]:.3g}" for n in ("own", "others", "separation"))]
        for one in found["steps_everywhere"]
    ]
    header = ["label", "step", "affinity on its own clips", "on others", "separation"]
    return _section("Steps that fit everything", _table(header, rows, text=2))


def _trust(figures: dict[str, Any], found: dict[str, Any]) -> str:
    """How far the confidence, or without one the margin, tells right from wrong."""
    if known := figures.get("calibration"):
        words = "Accuracy by confidence, and how many of the surest answers are wrong"
        return _section("Accuracy against confidence", svg(reliability_figure(known), words))
    rows = [
        [f"{one['low']:.4g} to {one['high']:.4g}", str(one["n"]), f"{100 * one['right']:.1f}"]
        for one in found["by_margin"]
    ]
    return _section("Accuracy by margin", _table(["margin", "clips", "right %"], rows))


def _nobody(found: dict[str, Any]) -> str:
    """Clips in which the encoder saw nothing it knows."""
    clips = found["nobody_seen"]["clips"][:MOST_LABELS]
    rows = [[one["clip"], f"{100 * one['share']:.0f}"] for one in clips]
    header = ["clip", "frames with nothing known %"]
    return _section("Clips in which nobody is seen", _table(header, rows))


def _section(title: str, *parts: str, above: str = "", below: str = "") -> str:
    """A title over some parts, between two notes; "" if the parts are empty."""
    if not any(parts):
        return ""
    first, last = (f"<p class='note'>{html.escape(x)}</p>" if x else "" for x in (above, below))
    return "".join([f"<h2>{html.escape(title, quote=False)}</h2>", first, *parts, last])


def _list(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return _section(title, f"<ul>{items}</ul>" if items else "")


def _groups(scorer: str, figures: dict[str, Any]) -> list[str]:
    """Accuracy by domain and by number of candidates, where there are several: a single group of
    all clips would only repeat the total."""
    parts = []
    if len(figures["by_domain"]) > 1:
        words = "Top-1 by domain with 95 % intervals; chance dotted"
        drawn = svg(domain_figure(figures["by_domain"]), words)
        parts.append(_section(f"By domain ({scorer})", drawn))
    if len(groups := figures["by_candidates"]) > 1:
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
        parts.append(_section(f"By number of candidates ({scorer})", _table(header, rows)))
    return parts


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
    title = f"Confusion of near candidates ({run.main})"
    if not lost:
        return _section(title, "<p>No sample was answered wrongly.</p>")
    ordered = sorted(lost, key=lambda key: (-len(lost[key]), min(lost[key])))
    rows = [
        [domain, target, winner, str(len(gaps)), score_text(sum(gaps) / len(gaps))]
        for domain, target, winner in ordered[:MOST_PAIRS]
        for gaps in [lost[domain, target, winner]]
    ]
    header = ["domain", "true", "taken for", "times", "mean score gap"]
    shown = f"{len(rows)} of {len(lost)} pairs, the most frequent and then the closest first."
    return _section(title, _table(header, rows, text=3), above=shown)


def _answers(run: Run) -> str:
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
    return _section(f"Answers ({run.main})", _table(header, rows, text=3), above=note)


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
        return [_section("Best alignments", f"<p class='note'>{html.escape(why)}</p>")]
    right = sorted((r for r in mine if r["rank"] == 1), key=_lead, reverse=True)
    wrong = sorted((r for r in mine if r["rank"] > 1), key=_lead)
    return [
        _section(name, *(_drawn(run, row) for row in rows[:FIGURE_COUNT]))
        for name, rows in (("Best alignments", right), ("Worst alignments", wrong))
    ]


def _lead(row: Row) -> float:
    """The true candidate's score minus the best other one's."""
    scores = {c["label"]: float(c["score"]) for c in row["candidates"]}
    true = scores.pop(row["target"] or "")
    return true - max(scores.values(), default=true)


def _drawn(run: Run, row: Row) -> str:
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


def _unscored(run: Run) -> str:
    rows = [
        [e["clip"], e["scorer"] or "all", e["error_kind"], e["error"] or ""]
        for e in run.errors[:MOST_ERRORS]
    ]
    more = len(run.errors) - len(rows)
    table = _table(["sample", "scorer", "kind", "reason"], rows, text=4)
    return _section("Unscored", table, below=f"and {more} more in errors.jsonl" if more else "")


def _table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    text: int = 1,
    grey: Sequence[bool] = (),
) -> str:
    """An HTML table, "" without rows; the first ``text`` columns are words, the rest numbers."""

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
    return f"<div class='wide'><table>{line('th', header)}{body}</table></div>" if rows else ""
