"""The line that benchmarks of scorers print for each: its share of right answers beside `dtw`'s."""

from __future__ import annotations

from collections.abc import Sequence

from actalign.evaluation._metrics import mcnemar, rate


def scorer_line(name: str, hits: Sequence[bool], dtw: Sequence[bool]) -> str:
    """Top-1 in percent with its 95 % Wilson interval, and the exact p of McNemar's test."""
    share, p = rate(sum(hits), len(hits)), mcnemar(hits, dtw).p_value
    low, high = 100 * share.low, 100 * share.high
    return f"  {name:37s}{100 * share.value:5.1f} [{low:.1f}, {high:.1f}]  p = {p:.3g} against dtw"
