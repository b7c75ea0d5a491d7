"""A run folder's reports: `report.html`, `report.md` and `report.json`; several runs compared."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from actalign.errors import UsageError
from actalign.evaluation._config import write_json
from actalign.evaluation._findings import findings
from actalign.evaluation._lines import (
    ACCURACY,
    LABELS,
    PAPER_NOTE,
    accuracy_table,
    comparison_line,
    comparison_lines,
    count_lines,
    kind_lines,
    label_note,
    label_table,
    refusal_lines,
    terms_in,
)
from actalign.evaluation._page import page_of
from actalign.evaluation._results import compare
from actalign.evaluation._runs import Run, read_run, readable
from actalign.files import check_writable, write_text


def write_reports(folders: Sequence[Path]) -> list[Path]:
    """Write the three files into each run folder and return their paths.

    Runs of the same questions are compared pair by pair on the clips that both scored; those that
    differ only in smoothing or frames per second also get that curve. Raises UsageError, before any
    file is written, if one clearly can't be, or if a run is given twice.
    """
    known: set[Path] = set()
    for folder in folders:
        if folder.resolve() in known:
            raise UsageError(f"The run {folder} is given twice; name each run once.")
        known.add(folder.resolve())
    runs = [read_run(folder) for folder in folders]
    places = [[run.folder / f"report.{kind}" for kind in ("html", "md", "json")] for run in runs]
    for path in chain(*places):
        check_writable(path)
    for run, paths in zip(runs, places, strict=True):
        with readable(run.folder):
            found = findings(
                run.of(run.main), run.results, run.main, run.scripts(), run.embed_script
            )
            against = comparisons(run, runs)
            write_text(paths[0], page_of(run, found, runs, [comparison_line(c) for c in against]))
            write_text(paths[1], markdown(run, found, against))
            write_json(paths[2], {"run": run.results, "findings": found, "other_runs": against})
    return [*chain(*places)]


def comparisons(run: Run, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The run's main scorer against that of each other run, over the clips with equal targets."""
    found = []
    for other in runs:
        if other.folder == run.folder:
            continue
        known = {row["clip"]: row["target"] for row in other.of(other.main)}
        mine = [row for row in run.of(run.main) if known.get(row["clip"]) == row["target"]]
        name, theirs = (f"{one.folder.name} ({one.main})" for one in (run, other))
        one = compare(name, mine, theirs, other.of(other.main))
        if one["n"]:
            found.append(one)
    return found


def markdown(run: Run, found: dict[str, Any], against: Sequence[dict[str, Any]]) -> str:
    """The findings, the tables of accuracies and of labels, and the counts as Markdown."""
    note = f" {PAPER_NOTE}" if run.results["paper"] else ""
    lines = [f"# {run.results['benchmark']}: {run.folder.name}", "", *count_lines(run.results), ""]
    lines += _table(ACCURACY, accuracy_table(run.results))
    lines += ["", f"Brackets: 95 % intervals.{note}", ""]
    if found["advice"]:
        lines += ["## What to do", "", *(f"- {line}" for line in found["advice"]), ""]
    extra = [
        *kind_lines(run.results),
        *refusal_lines(run.results),
        *comparison_lines(run.results),
    ]
    lines += ["## Figures", "", *(f"- {line}" for line in extra), ""] if extra else []
    if against:
        lines += ["## Against other runs", "", *(f"- {comparison_line(c)}" for c in against), ""]
    figures = run.results["scorers"][run.main]
    if rows := label_table(figures):
        lines += [f"## By label ({run.main})", "", label_note(figures), ""]
        lines += [*_table(LABELS, rows, text=2), ""]
    lines += ["## Terms", "", *(f"- {line}" for line in terms_in(" ".join(lines)))]
    return "\n".join(lines) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], *, text: int = 1) -> list[str]:
    """A Markdown table; the first ``text`` columns are words, the rest numbers."""
    # A label may hold a bar, which would begin another cell.
    lines = ["| " + " | ".join(one.replace("|", "\\|") for one in cells) + " |" for cells in rows]
    rule = "|---" * text + "|---:" * (len(header) - text) + "|"
    return ["| " + " | ".join(header) + " |", rule, *lines]
