"""The second stage of a scorer: which frames belong to which step, given any affinity. See PATHS.

`dtw` is the paper's (arXiv 2506.22967, Sec. 3). A path is aligned by columns alone, so a control
that exchanges a script's steps exchanges its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from actalign.alignment._affinities import columns_of
from actalign.alignment._dtw import align_batch, column_starts
from actalign.errors import UsageError
from actalign.types import Alignment, Float32, Float64, Int32

Means = tuple[Float64, Float64]
"""(M,) mean affinity over the cells of each candidate's path; (M,) mean over steps of theirs."""


@dataclass(frozen=True, slots=True)
class Path:
    """A named way to lay candidates' steps over frames.

    means: (T, sum K_m) affinities, the sizes K_m -> `Means`. align: the same -> the alignments, for
    paths that are some. order: whether it asks for the script's order.
    """

    name: str
    summary: str
    means: Callable[[Float32, Sequence[int]], Means]
    align: Callable[[Float32, Sequence[int]], list[Alignment]] | None = None


def _fast_means(affinity: Float32, sizes: Sequence[int], *, runs: bool) -> Means:
    """The means of `dtw`, or of `segment` for scripts with no more steps than frames."""
    from actalign.alignment._kernels.recurrence import forward
    from actalign.alignment._kernels.runs import forward_runs, means

    starts = column_starts(sizes, affinity.shape[1])
    if runs and max(sizes) > len(affinity):
        return means_of(_segment(affinity, sizes))
    matrix = np.ascontiguousarray(affinity)
    none = np.zeros(len(sizes))
    sums = forward_runs(matrix, starts) if runs else forward(matrix, starts, none)
    return means(matrix, sums, starts, runs)


def means_of(alignments: Sequence[Alignment]) -> Means:
    """`Means` of alignments, whatever made them."""
    over_path, over_steps = np.empty(len(alignments)), np.empty(len(alignments))
    for m, one in enumerate(alignments):
        t, k = one.path[:, 0], one.path[:, 1]
        values = one.affinity[t, k].astype(np.float64)
        over_path[m] = values.mean()
        over_steps[m] = np.mean(np.bincount(k, weights=values) / np.bincount(k))
    return over_path, over_steps


def _segment(affinity: Float32, sizes: Sequence[int]) -> list[Alignment]:
    """Each frame in one step, each step one run of frames, in order; largest sum of affinities.

    A script with more steps than frames is aligned by `dtw`, where steps may share a frame.
    """
    from actalign.alignment._kernels.runs import backtrack_runs, forward_runs

    found = []
    for columns in columns_of(affinity, sizes):
        matrix = np.ascontiguousarray(columns)
        frames, steps = matrix.shape
        if steps > frames:
            found += align_batch(matrix, [steps])
            continue
        path = backtrack_runs(forward_runs(matrix, np.array([0, steps])))
        found.append(_alignment(matrix, path))
    return found


def _equal_split(affinity: Float32, sizes: Sequence[int]) -> list[Alignment]:
    """Control: the clip cut into K equal parts, part k for step k; nothing is aligned."""
    frames = len(affinity)
    found = []
    for columns in columns_of(affinity, sizes):
        steps = columns.shape[1]
        cells = np.arange(max(frames, steps))
        path = np.stack([cells * frames // len(cells), cells * steps // len(cells)], axis=1)
        found.append(_alignment(np.ascontiguousarray(columns), path.astype(np.int32)))
    return found


def _alignment(matrix: Float32, path: Int32) -> Alignment:
    score = matrix[path[:, 0], path[:, 1]].mean(dtype=np.float64)
    return Alignment(float(score), path, matrix)


def _means_by(
    affinity: Float32,
    sizes: Sequence[int],
    *,
    align: Callable[[Float32, Sequence[int]], list[Alignment]],
) -> Means:
    return means_of(align(affinity, sizes))


def _order_free(affinity: Float32, sizes: Sequence[int]) -> Means:
    """Control: each frame's best step, in any order, for the path; each step's best frame."""
    columns = columns_of(affinity, sizes)
    over_path = [c.max(axis=1).mean(dtype=np.float64) for c in columns]
    over_steps = [c.max(axis=0).mean(dtype=np.float64) for c in columns]
    return np.array(over_path), np.array(over_steps)


def wrong_orders(sizes: Sequence[int], *, reverse: bool, seed: int = 0) -> NDArray[np.intp]:
    """Columns that exchange every script's steps: reversed, or in an order that isn't the given."""
    rng = np.random.default_rng(seed)
    starts = np.cumsum([0, *sizes])
    orders = [np.arange(n)[::-1] if reverse else _derangement(n, rng) for n in sizes]
    return np.concatenate([start + order for start, order in zip(starts, orders, strict=False)])


def _derangement(n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """A random order that is not the given one (for n of at least 2)."""
    order = rng.permutation(n)
    while n > 1 and np.array_equal(order, np.arange(n)):
        order = rng.permutation(n)
    return order


def _in_wrong_order(
    affinity: Float32,
    sizes: Sequence[int],
    *,
    means: Callable[[Float32, Sequence[int]], Means],
    reverse: bool,
) -> Means:
    return means(affinity[:, wrong_orders(sizes, reverse=reverse)], sizes)


_ALIGNED = (
    Path(
        "dtw",
        "dynamic time warping (paper): the largest sum of affinities",
        partial(_fast_means, runs=False),
        align_batch,
    ),
    Path(
        "dtw_mean",
        "dynamic time warping: the largest mean affinity",
        partial(_means_by, align=partial(align_batch, objective="mean")),
        partial(align_batch, objective="mean"),
    ),
    Path(
        "segment",
        "each frame in one step, each step one run of frames: the largest sum",
        partial(_fast_means, runs=True),
        _segment,
    ),
    Path(
        "equal_split",
        "control: the clip cut into equal parts, one a step",
        partial(_means_by, align=_equal_split),
        _equal_split,
    ),
)
PATHS: dict[str, Path] = {
    path.name: path
    for path in (
        *_ALIGNED,
        Path("order_free", "control: the best step of each frame, in any order", _order_free),
        *(
            Path(
                f"{path.name}_{word}",
                f"control: {path.name} with the script's steps {word}",
                partial(_in_wrong_order, means=path.means, reverse=word == "reversed"),
            )
            for path in _ALIGNED
            for word in ("shuffled", "reversed")
        ),
    )
}


def get_path(name: str) -> Path:
    """Look a path up by name; raises UsageError that lists the names."""
    if name not in PATHS:
        raise UsageError(f"There is no path {name!r}; choose one of {', '.join(PATHS)}.")
    return PATHS[name]
