"""Finished run folders, read back, and what several of them say of a setting."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actalign.errors import UsageError
from actalign.evaluation import evaluate
from actalign.evaluation.charts import SweepPoint
from actalign.evaluation.results import summarise

Row = dict[str, Any]
SWEPT = {"smoothing_seconds": "smoothing (s)", "fps": "frames a second"}
"""Settings that runs may differ in, and the name of a curve's axis."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder, read.

    main: the scorer that confusions and figures are of. settings: what SWEPT names, as it was run.
    """

    folder: Path
    results: dict[str, Any]
    rows: tuple[Row, ...]
    errors: tuple[Row, ...]
    main: str
    settings: dict[str, float | None]

    def of(self, scorer: str) -> list[Row]:
        """The prediction rows of one scorer."""
        return [row for row in self.rows if row["scorer"] == scorer]


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turn what comes of a run folder's files that nobody wrote so into a UsageError."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UsageError(
            f"The run {folder} can't be reported ({type(error).__name__}: {error}): one of its "
            "files is damaged or another program's; run the evaluation again with --resume."
        ) from error


def read_run(folder: Path) -> Run:
    """Read a finished run folder; raises UsageError where it is none."""
    with readable(folder):
        return _read_run(folder)


def _read_run(folder: Path) -> Run:
    try:
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        rows = _lines(folder / "predictions.jsonl")
        errors = _lines(folder / "errors.jsonl") if (folder / "errors.jsonl").exists() else []
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder} is not a finished run: {Path(error.filename).name} is missing; run "
            "`actalign eval` until it ends."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"The run {folder} can't be read ({error}).") from None
    if results.get("benchmark") == "mini-atlas":
        settings = {name: results.get(name) for name in SWEPT}
        rows, errors, results = _from_mini_atlas(rows, results)
    else:
        settings = {name: getattr(evaluate.open_run(folder)[0], name) for name in SWEPT}
    names = [n for n, figures in results["scorers"].items() if figures["n"]]
    if not names:
        raise UsageError(f"The run {folder} scored no sample; see errors.jsonl there.")
    main = "dtw" if "dtw" in names else names[0]
    return Run(folder, results, tuple(rows), tuple(errors), main, settings)


def _from_mini_atlas(
    rows: list[Row], results: dict[str, Any]
) -> tuple[list[Row], list[Row], dict[str, Any]]:
    """A mini-atlas run, one row a question, in the form of a run with a row a scorer."""
    names = [name for name in results["scorers"] if name != "chance"]
    errors = [
        {
            "doc_id": r["doc_id"],
            "stage": "decode",
            "kind": "not encoded",
            "error": r["error"],
            "scorer": None,
        }
        for r in rows
        if r["status"] != "ok"
    ]
    found: list[Row] = []
    for row in rows:
        if row["status"] != "ok":
            continue
        for name in names:
            scores = dict(zip(row["options"], row["scores"][name], strict=True))
            ranked = sorted(scores, key=lambda label: -scores[label])
            candidates = [{"label": label, "score": scores[label]} for label in ranked]
            found.append(
                {
                    **row,
                    "scorer": name,
                    "candidates": candidates,
                    "filtered_resps": ranked[:1],
                    "rank": ranked.index(row["target"]) + 1,
                }
            )
    summary = summarise(found, errors, scorers=names, total=len(rows))
    return found, errors, {**summary, "benchmark": "mini-atlas", "paper": []}


def sweeps(run: Run, runs: Sequence[Run]) -> dict[str, dict[str, list[SweepPoint]]]:
    """Curves by setting and scorer, over the runs that differ from ``run`` in that setting only."""
    found = {}
    for over in SWEPT:
        rest = [name for name in SWEPT if name != over]
        alike = [
            other
            for other in runs
            if other.results["benchmark"] == run.results["benchmark"]
            and all(other.settings[name] == run.settings[name] for name in rest)
        ]
        if len({other.settings[over] for other in alike}) < 2:
            continue
        curves: dict[str, list[SweepPoint]] = defaultdict(list)
        for other in alike:
            for name, figures in other.results["scorers"].items():
                if figures["n"]:
                    bounds = figures["ci95"]["top1"]
                    curves[name].append(SweepPoint(other.settings[over], figures["top1"], *bounds))
        found[over] = dict(curves)
    return found


def _lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
