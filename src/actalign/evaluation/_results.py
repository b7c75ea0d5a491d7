"""From prediction rows to the figures of `results.json`: pure functions, no file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.evaluation._calibration import expected_calibration_error, reliability, risk_coverage
from actalign.evaluation._looks import look_figures
from actalign.evaluation._metrics import (
    bootstrap,
    confusion,
    expected_chance,
    mcnemar,
    paired_bootstrap,
    per_class,
    rate,
    rate_fields,
    top_k,
)
from actalign.evaluation._questions import Published
from actalign.evaluation._refusals import refusal_figures, temperature_figures
from actalign.evaluation._rows import KS, NO_PERSON, answer_of, confidence_of
from actalign.evaluation._segmentation import (
    OVERLAPS,
    Counts,
    edit_score,
    frame_accuracy,
    mean_step_iou,
    segment_counts,
)
from actalign.evaluation._step_times import has_true_steps, step_parts
from actalign.rows import Row
from actalign.rows._facts import unseen
from actalign.types import Float64


def summarise(
    rows: Sequence[Row],
    errors: Sequence[Row],
    *,
    scorers: Sequence[str],
    total: int,
    benchmark: str = "",
    published: Sequence[Published] = (),
    none: str | None = None,
) -> dict[str, Any]:
    """All figures of a run. total: samples of the benchmark, including those without a clip.

    Top-k is over the samples that a scorer scored, `all` over all (the rest counted wrong). Macro
    accuracy, `classes` and `confusion` go by the true labels. `by_kind` is present if questions
    have kinds, `calibration` if rows have a confidence. `steps` and `mean_iou` are present if true
    intervals are known: for each scorer that aligns, and at the top level that of `dtw`, or else of
    the first; `steps_left_out` counts rows whose intervals refer to steps that no script of the run
    has. `looks` is present for scorers that ask a vision-language model, `nothing_seen` if clips
    show nothing: their answers are drawn. `unknown_texts` are those of which the model knows no
    word. Top-k and all that follows from it are of the ranking, even if an answer was refused;
    `answered` and `none` say what was refused, see `_refusals`. none: the label of the candidate
    that stands for other actions. `temperature` is fitted on these rows.
    """
    by_scorer: dict[str, list[Row]] = {name: [] for name in scorers}
    for row in rows:
        if row["scorer"] in by_scorer:
            by_scorer[row["scorer"]].append(row)
    found = {
        name: {
            **_figures(mine, total),
            "unscored": _kinds(
                e for e in errors if e["status"] != "missing" and e.get("scorer") in (None, name)
            ),
            "by_domain": _grouped(mine, "domain"),
            "by_candidates": _grouped(mine, "candidates"),
            **({"by_kind": _grouped(mine, "kind")} if any("kind" in row for row in mine) else {}),
            **_classes(mine),
            **_calibration(mine),
            **_steps(mine),
            **_order(mine),
            **refusal_figures(mine, none),
            **temperature_figures(name, mine),
            **look_figures(mine),
            **({"nothing_seen": blank} if (blank := sum(map(unseen, mine))) else {}),
        }
        for name, mine in by_scorer.items()
    }
    failed = [one for one in errors if one["status"] == "error"]
    absent = _kinds(one for one in failed if one["error_kind"] in NO_PERSON)
    said = (one for row in rows for one in row.get("text_warnings", ()))
    unknown = sorted({str(one["text"]) for one in said if one.get("unknown")})
    overlaps = {name: one["mean_iou"] for name, one in found.items() if "mean_iou" in one}
    best = overlaps.get("dtw", next(iter(overlaps.values()), None))
    return {
        "schema_version": 1,
        "benchmark": benchmark,
        "samples": {
            "total": total,
            "without_clip": _kinds(e for e in errors if e["status"] == "missing"),
            "not_encoded": _kinds(one for one in failed if one["error_kind"] not in NO_PERSON),
            **({"without_person": absent} if absent else {}),
        },
        **({"unknown_texts": unknown} if unknown else {}),
        "scorers": found,
        "comparisons": [
            compare(a, by_scorer[a], b, by_scorer[b]) for a, b in combinations(by_scorer, 2)
        ],
        **({} if best is None else {"mean_iou": best}),
        "paper": [asdict(one) for one in published],
    }


def _classes(rows: Sequence[Row]) -> dict[str, Any]:
    """Macro accuracy, the accuracy of each true label, and the confusions."""
    if not rows:
        return {}
    targets = [str(row["target"]) for row in rows]
    answers = [answer_of(row) for row in rows]
    right = np.array([t == a for t, a in zip(targets, answers, strict=True)])
    labels, codes = np.unique(targets, return_inverse=True)

    def macro(items: NDArray[np.intp]) -> float:
        counts = np.bincount(codes[items], minlength=len(labels))
        hits = np.bincount(codes[items], weights=right[items], minlength=len(labels))
        return float(np.mean(hits[counts > 0] / counts[counts > 0]))

    return {
        "macro": _measured(macro, len(rows)),
        "classes": {label: rate_fields(one) for label, one in per_class(targets, answers).items()},
        "confusion": [
            {"target": target, "answer": answer, "n": n}
            for (target, answer), n in confusion(targets, answers).items()
        ],
    }


def _calibration(rows: Sequence[Row]) -> dict[str, Any]:
    """How far the rows' confidence can be relied on, if they have one."""
    known = [row for row in rows if confidence_of(row) is not None]
    if not known:
        return {}
    values = np.array([confidence_of(row) for row in known], np.float64)
    right = np.array([row["rank"] == 1 for row in known])
    curve = risk_coverage(values, right)

    def error(items: NDArray[np.intp]) -> float:
        return expected_calibration_error(values[items], right[items])

    def area(items: NDArray[np.intp]) -> float:
        return risk_coverage(values[items], right[items]).area

    return {
        "calibration": {
            "n": len(known),
            "error": expected_calibration_error(values, right),
            "error_ci95": list(bootstrap(error, len(known))),
            "bins": [asdict(one) for one in reliability(values, right)],
            "coverage": curve.coverage.tolist(),
            "risk": curve.risk.tolist(),
            "area": curve.area,
            "area_ci95": list(bootstrap(area, len(known))),
        }
    }


def _steps(rows: Sequence[Row]) -> dict[str, Any]:
    """How well the right script was aligned with the true times of its steps, if they are known."""
    overlaps = [overlap for row in rows if (overlap := row.get("mean_iou")) is not None]
    timed = [row for row in rows if has_true_steps(row)]
    known = [row for row in timed if row.get("mean_iou") is not None]
    others = len(timed) - len(known)
    left_out = {"steps_left_out": others} if others else {}
    if not known:
        return {**left_out, **({"mean_iou": float(np.mean(overlaps))} if overlaps else {})}
    parts = [step_parts(row) for row in known]
    found: dict[str, Any] = {"n": len(known)}
    for name, measure in (
        ("frame_accuracy", frame_accuracy),
        ("edit", edit_score),
        ("iou", mean_step_iou),
    ):
        values = np.array([measure(*one) for one in parts])

        def mean(items: NDArray[np.intp], values: Float64 = values) -> float:
            return float(values[items].mean())

        found[name] = _measured(mean, len(known))
    for overlap in OVERLAPS:
        counts = [segment_counts(*one, overlap) for one in parts]
        table = np.array([(c.found, c.false, c.missed) for c in counts])

        def f1(items: NDArray[np.intp], table: NDArray[np.int_] = table) -> float:
            return Counts(*table[items].sum(axis=0).tolist()).f1

        found[f"f1_{round(100 * overlap)}"] = _measured(f1, len(known))
    return {"steps": found, "mean_iou": found["iou"]["value"], **left_out}


def _measured(statistic: Callable[[NDArray[np.intp]], float], items: int) -> dict[str, Any]:
    """A statistic of all items, with its bootstrap interval."""
    every = np.arange(items)
    return {"value": statistic(every), "ci95": list(bootstrap(statistic, items))}


def _order(rows: Sequence[Row]) -> dict[str, Any]:
    """How much the true script's order is worth, over the clips where that is known."""
    known = [margin for row in rows if (margin := row.get("order_margin")) is not None]
    if not known:
        return {}
    above = rate(sum(margin > 0 for margin in known), len(known))
    figures = {"n": len(known), "mean": float(np.mean(known)), "above_zero": above.value}
    return {"order_margin": {**figures, "ci95": [above.low, above.high]}}


def _figures(rows: Sequence[Row], total: int | None = None) -> dict[str, Any]:
    ranks = [row["rank"] for row in rows]
    sizes = [len(row["candidates"]) for row in rows]
    rates = {f"top{k}": top_k(ranks, k) for k in KS}
    figures: dict[str, Any] = {"n": len(rows)}
    if not rows:
        return figures
    figures |= {name: r.value for name, r in rates.items()}
    figures["hits"] = {name: r.hits for name, r in rates.items()}
    figures["ci95"] = {name: [r.low, r.high] for name, r in rates.items()}
    figures["chance"] = {f"top{k}": expected_chance(sizes, k) for k in KS}
    if total is not None:
        overall = {f"top{k}": rate(rates[f"top{k}"].hits, total) for k in KS}
        figures["all"] = {
            "n": total,
            **{name: r.value for name, r in overall.items()},
            "ci95": {name: [r.low, r.high] for name, r in overall.items()},
        }
    return figures


UNNAMED = "(none)"
"""The group of rows without a domain, or without a kind."""


def _grouped(rows: Sequence[Row], by: str) -> dict[str, Any]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if by == "candidates":
            name = str(len(row["candidates"]))
        else:
            name = (row.get("domain") if by == "domain" else row.get("kind")) or UNNAMED
        groups[name].append(row)
    return {name: _figures(groups[name]) for name in sorted(groups)}


def compare(first: str, mine: Sequence[Row], second: str, other: Sequence[Row]) -> dict[str, Any]:
    """Top-1 of two scorers over the samples that both scored."""
    a = {row["clip"]: row["rank"] == 1 for row in mine}
    b = {row["clip"]: row["rank"] == 1 for row in other}
    shared = [clip for clip in a if clip in b]
    found: dict[str, Any] = {"first": first, "second": second, "n": len(shared)}
    if shared:
        left, right = [a[i] for i in shared], [b[i] for i in shared]
        test = mcnemar(left, right)
        difference = paired_bootstrap(left, right)
        found |= {
            "only_first": test.only_first,
            "only_second": test.only_second,
            "mcnemar_p": test.p_value,
            "difference": difference.value,
            "ci95": [difference.low, difference.high],
        }
    return found


def _kinds(errors: Iterable[Row]) -> dict[str, int]:
    return dict(sorted(Counter(e["error_kind"] for e in errors).items()))
