"""From prediction rows to the figures of `results.json`: pure functions, no file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from actalign.evaluation.metrics import expected_chance, mcnemar, paired_bootstrap, rate, top_k

KS = (1, 2, 3)
Row = dict[str, Any]

PAPER = (
    ("random, 10 trials", 20.81, 42.04, 62.50),
    ("human", 61.64, None, None),
    ("Qwen2-VL 7B", 30.24, None, None),
    ("X-CLIP-L/14-16F", 16.26, 33.74, 49.89),
    ("SigLIP-so400m mean-pool", 22.94, 42.20, 63.70),
    ("SigLIP-so400m + DTW alignment", 23.27, 45.66, 67.37),
    ("ActAlign", 30.51, 54.34, 71.05),
)
"""Top-1, 2, 3 in percent on ActionAtlas, as published: arXiv 2506.22967 v1 (898 of 934 videos by
our reckoning, not stated there)."""


def summarise(
    rows: Sequence[Row], errors: Sequence[Row], *, scorers: Sequence[str], total: int
) -> dict[str, Any]:
    """All figures of a run. total: samples in the metadata, those without a clip included.

    Top-k is over the samples that a scorer scored, `topk_all` over all (the rest counted wrong).
    """
    by_scorer: dict[str, list[Row]] = {name: [] for name in scorers}
    for row in rows:
        by_scorer[row["scorer"]].append(row)
    return {
        "schema_version": 1,
        "benchmark": "actionatlas",
        "samples": {
            "total": total,
            "without_clip": _kinds(e for e in errors if e["stage"] == "data"),
            "not_encoded": _kinds(e for e in errors if e["stage"] == "decode"),
        },
        "scorers": {
            name: {
                **_figures(mine, total),
                "unscored": _kinds(
                    e for e in errors if e["stage"] != "data" and e["scorer"] in (None, name)
                ),
                "by_domain": _grouped(mine, "domain"),
                "by_candidates": _grouped(mine, "candidates"),
            }
            for name, mine in by_scorer.items()
        },
        "comparisons": [
            _compare(a, by_scorer[a], b, by_scorer[b]) for a, b in combinations(by_scorer, 2)
        ],
        "paper": [
            {"method": name, "top1": one, "top2": two, "top3": three}
            for name, one, two, three in PAPER
        ],
    }


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
        value = len(row["candidates"]) if by == "candidates" else row["domain"] or "(none)"
        groups[str(value)].append(row)
    return {name: _figures(groups[name]) for name in sorted(groups)}


def _compare(first: str, mine: Sequence[Row], second: str, other: Sequence[Row]) -> dict[str, Any]:
    """Top-1 of two scorers over the samples that both scored."""
    a = {row["doc_id"]: row["rank"] == 1 for row in mine}
    b = {row["doc_id"]: row["rank"] == 1 for row in other}
    shared = [doc_id for doc_id in a if doc_id in b]
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
    return dict(sorted(Counter(e["kind"] for e in errors).items()))
