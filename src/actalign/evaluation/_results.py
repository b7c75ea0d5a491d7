"""From prediction rows to the figures of `results.json`: pure functions, no file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from actalign.evaluation._metrics import expected_chance, mcnemar, paired_bootstrap, rate, top_k
from actalign.evaluation._questions import Published
from actalign.evaluation._rows import KS
from actalign.rows import Row


def summarise(
    rows: Sequence[Row],
    errors: Sequence[Row],
    *,
    scorers: Sequence[str],
    total: int,
    benchmark: str = "",
    published: Sequence[Published] = (),
) -> dict[str, Any]:
    """All figures of a run. total: samples of the benchmark, those without a clip included.

    Top-k is over the samples that a scorer scored, `all` over all (the rest counted wrong).
    `by_kind` is there where questions have kinds, `mean_iou` where true intervals are known: of
    each scorer that aligns, and at the top that of `dtw`, else of the first.
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
            **_overlap(mine),
        }
        for name, mine in by_scorer.items()
    }
    overlaps = {name: one["mean_iou"] for name, one in found.items() if "mean_iou" in one}
    best = overlaps.get("dtw", next(iter(overlaps.values()), None))
    return {
        "schema_version": 1,
        "benchmark": benchmark,
        "samples": {
            "total": total,
            "without_clip": _kinds(e for e in errors if e["status"] == "missing"),
            "not_encoded": _kinds(e for e in errors if e["status"] == "error"),
        },
        "scorers": found,
        "comparisons": [
            _compare(a, by_scorer[a], b, by_scorer[b]) for a, b in combinations(by_scorer, 2)
        ],
        **({} if best is None else {"mean_iou": best}),
        "paper": [asdict(one) for one in published],
    }


def _overlap(rows: Sequence[Row]) -> dict[str, float]:
    known = [overlap for row in rows if (overlap := row.get("mean_iou")) is not None]
    return {"mean_iou": float(np.mean(known))} if known else {}


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


def _grouped(rows: Sequence[Row], by: str) -> dict[str, Any]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if by == "candidates":
            name = str(len(row["candidates"]))
        else:
            name = (row.get("domain") if by == "domain" else row.get("kind")) or "(none)"
        groups[name].append(row)
    return {name: _figures(groups[name]) for name in sorted(groups)}


def _compare(first: str, mine: Sequence[Row], second: str, other: Sequence[Row]) -> dict[str, Any]:
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
