"""Lines that benchmarks of scorers print: of each scorer its share of right answers beside `dtw`'s,
and its shares in several wordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actalign.evaluation._metrics import mcnemar, rate


def scorer_line(name: str, hits: Sequence[bool], dtw: Sequence[bool]) -> str:
    """Top-1 in percent with its 95 % Wilson interval, and the exact p of McNemar's test."""
    share, p = rate(sum(hits), len(hits)), mcnemar(hits, dtw).p_value
    low, high = 100 * share.low, 100 * share.high
    return f"  {name:37s}{100 * share.value:5.1f} [{low:.1f}, {high:.1f}]  p = {p:.3g} against dtw"


def wordings_line(name: str, shares: Sequence[float]) -> str:
    """Top-1 in percent in each wording, and its mean."""
    each = " / ".join(f"{100 * share:.0f}" for share in shares)
    return f"{name}: {each}, mean {100 * np.mean(shares):.1f}"
