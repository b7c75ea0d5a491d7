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
from actalign.arguments import array_of
from actalign.errors import ArrayError, UsageError
from actalign.types import Float32, Float64, Int32

PASSES = 3
"""How often the path `repeat` goes through a script at most."""
MIN_STEP_SECONDS = 0.4
"""Least length of a step: of `segment` and `repeat` where one pass fits, and of `locate`."""
LEAST_SEEN = 6
"""With fewer frames that show anything, those that show nothing count as well."""


@dataclass(frozen=True, eq=False, slots=True)
class Timing:
    """What a path may know of a clip beside its affinities.

    seen: (T,) bool, the frames in which the encoder saw anything. least: frames that a step lasts
    at least.
    """

    seen: NDArray[np.bool_]
    least: int = 1

    @classmethod
    def of(cls, seen: NDArray[np.bool_], frame_seconds: float | None) -> Timing:
        """frame_seconds: from frame to frame; where it is not known, a step lasts a frame."""
        least = 1 if frame_seconds is None else round(MIN_STEP_SECONDS / max(frame_seconds, 1e-6))
        return cls(seen, max(1, least))

    @property
    def counted(self) -> NDArray[np.bool_]:
        """(T,) the frames that count: those that show anything, or all if those are too few."""
        return self.seen if self.seen.sum() >= LEAST_SEEN else np.ones(len(self.seen), bool)


Means = Float64
"""(2, P, M); see `Path`'s ``measure``."""
MeansFunction = Callable[[Float32, Sequence[int], Timing], Means]
PathsFunction = Callable[[Float32, Sequence[int], Timing], list[Int32]]


@dataclass(frozen=True, slots=True)
class Path:
    """A named way to lay candidates' steps over frames.

    align: (T, sum K_m) affinities, the sizes K_m, the clip's timing -> each candidate's (L, 2) path
    through every frame and every step, see `Alignment` (of one pass); None for paths that are no
    alignments. measure: the same -> (2, P, M) the mean affinity over the cells of each candidate's
    path, and the mean over its steps of each step's, for paths through the script once, twice, ...
    P times, -inf where there is none; by default those of ``align``'s paths.

    Raises UsageError if there is neither.
    """

    name: str
    summary: str
    align: PathsFunction | None = None
    measure: MeansFunction | None = None

    def __post_init__(self) -> None:
        if self.align is None and self.measure is None:
            raise UsageError(f"The path {self.name!r} needs a function `align` or `measure`.")

    def means(self, affinity: Float32, sizes: Sequence[int], timing: Timing) -> Means:
        """What ``measure`` gives; raises ArrayError where it or a path can't be read."""
        if self.measure is not None:
            measured = self.measure(affinity, sizes, timing)
            means: Means = array_of(measured, np.float64, f"What the path {self.name!r} measured")
            if means.ndim != 3 or means.shape[::2] != (2, len(sizes)) or not means.size:
                raise ArrayError(
                    f"The path {self.name!r} measured an array of the shape {means.shape}; for "
                    f"{len(sizes)} candidates it must be (2, P, {len(sizes)})."
                )
            if not np.isfinite(means.max(axis=1)).all():
                raise ArrayError(
                    f"The path {self.name!r} measured NaN or infinity; of every candidate one of "
                    "the passes must have finite means."
                )
            return means
        assert self.align is not None
        found = np.empty((2, 1, len(sizes)))
        paths = self.align(affinity, sizes, timing)
        columns = columns_of(affinity, sizes)
        whole = isinstance(paths, list | tuple) and len(paths) == len(sizes)
        if not whole or not all(
            is_whole(path, table.shape) for path, table in zip(paths, columns, strict=True)
        ):
            raise ArrayError(
                f"The path {self.name!r} must give each of {len(sizes)} candidates {WHOLE_PATH}"
            )
        for m, (table, path) in enumerate(zip(columns, paths, strict=True)):
            t, k = path[:, 0], path[:, 1]
            values = table[t, k].astype(np.float64)
            found[:, 0, m] = values.mean(), np.mean(np.bincount(k, weights=values) / np.bincount(k))
        return found


WHOLE_PATH = (
    "an (L, 2) array of whole numbers, from (0, 0) to (T-1, K-1), each cell one frame, one step or "
    "one of both after the cell before."
)


def is_whole(path: object, shape: tuple[int, ...]) -> bool:
    """Whether a path goes through every one of the (T, K) frames and steps, as times are read off
    it."""
    frames, steps = shape
    if not isinstance(path, np.ndarray) or path.dtype.kind not in "iu":
        return False
    if path.ndim != 2 or path.shape[1] != 2 or not len(path):
        return False
    ends = path[[0, -1]].tolist() == [[0, 0], [frames - 1, steps - 1]]
    moves = np.diff(path.astype(np.int64), axis=0)
    return ends and bool(((moves == 0) | (moves == 1)).all() and moves.any(axis=1).all())


def _dtw(
    affinity: Float32, sizes: Sequence[int], timing: Timing, *, objective: str = "sum"
) -> list[Int32]:
    return [one.path for one in align_batch(affinity, sizes, objective=objective)]


def _dtw_means(affinity: Float32, sizes: Sequence[int], timing: Timing) -> Means:
    from actalign.alignment._kernels.recurrence import forward
    from actalign.alignment._kernels.runs import means_of_paths

    starts = column_starts(sizes, affinity.shape[1])
    matrix = np.ascontiguousarray(affinity)
    return means_of_paths(matrix, forward(matrix, starts, np.zeros(len(sizes))), starts)


def _segment_means(
    affinity: Float32, sizes: Sequence[int], timing: Timing, *, passes: int
) -> Means:
    """Each frame in one step, each step one run of frames, in order; largest sum of affinities.

    Frames that show nothing don't count. A step lasts ``timing.least`` frames or more, or T / K
    where one pass does not fit otherwise; a script with more steps than frames is spread evenly.
    """
    from actalign.alignment._kernels.runs import means_of_passes

    matrix = counted_rows(affinity, timing.counted)
    return means_of_passes(matrix, column_starts(sizes, affinity.shape[1]), timing.least, passes)


def counted_rows(affinity: Float32, counts: NDArray[np.bool_]) -> Float32:
    """The rows of the frames that count, C-contiguous."""
    return np.ascontiguousarray(affinity if counts.all() else affinity[counts])


def _segment(affinity: Float32, sizes: Sequence[int], timing: Timing) -> list[Int32]:
    """The paths of `_segment_means` with one pass; a frame without anything in it belongs to the
    step of the frame before."""
    from actalign.alignment._kernels.runs import segment_paths

    counts = timing.counted
    # Of those that count, each frame's own one or the last one before it.
    nearest = np.maximum(np.cumsum(counts) - 1, 0)
    matrix, starts = counted_rows(affinity, counts), column_starts(sizes, affinity.shape[1])
    paths = segment_paths(matrix, starts, timing.least, nearest)
    return [
        path if steps <= len(matrix) else _even_path(len(affinity), steps)
        for path, steps in zip(paths, sizes, strict=True)
    ]


def _equal_split(affinity: Float32, sizes: Sequence[int], timing: Timing) -> list[Int32]:
    """Control: the clip cut into K equal parts, part k for step k; nothing is aligned."""
    return [_even_path(len(affinity), steps) for steps in sizes]


def _even_path(frames: int, steps: int) -> Int32:
    cells = np.arange(max(frames, steps))
    path = np.stack([cells * frames // len(cells), cells * steps // len(cells)], axis=1)
    return path.astype(np.int32)


def order_free(affinity: Float32, sizes: Sequence[int], timing: Timing) -> Means:
    """Each frame's best step, in any order, for the path; each step's best fifth of the frames."""
    from actalign.alignment._kernels.runs import means_in_any_order

    matrix = np.ascontiguousarray(affinity)
    return means_in_any_order(matrix, column_starts(sizes, affinity.shape[1]))


def _relaxed(affinity: Float32, sizes: Sequence[int], timing: Timing) -> Means:
    """The mean of `repeat` and `order_free`, both of the frames that count."""
    from actalign.alignment._kernels.runs import means_in_any_order, means_of_passes

    matrix, starts = counted_rows(affinity, timing.counted), column_starts(sizes, affinity.shape[1])
    in_order = means_of_passes(matrix, starts, timing.least, PASSES)
    return (in_order + means_in_any_order(matrix, starts)) / 2


def wrong_orders(sizes: Sequence[int], *, reverse: bool, seed: int = 0) -> NDArray[np.intp]:
    """(sum K_m,) columns that exchange every script's steps: reversed, or in an order that isn't
    the given one.

    A script's order does not depend on which others there are.
    """
    starts = np.cumsum([0, *sizes])
    orders = [
        np.arange(n)[::-1] if reverse else _other_order(n, np.random.default_rng(seed))
        for n in sizes
    ]
    return np.concatenate([start + order for start, order in zip(starts, orders, strict=False)])


def _other_order(n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """A random order that is not the given one (for n of at least 2)."""
    order = rng.permutation(n)
    while n > 1 and np.array_equal(order, np.arange(n)):
        order = rng.permutation(n)
    return order


def _in_wrong_order(
    affinity: Float32, sizes: Sequence[int], timing: Timing, *, means: MeansFunction, reverse: bool
) -> Means:
    return means(affinity[:, wrong_orders(sizes, reverse=reverse)], sizes, timing)


_ALIGNED = (
    Path("dtw", "dynamic time warping (paper): the largest sum of affinities", _dtw, _dtw_means),
    Path(
        "dtw_mean",
        "dynamic time warping: the largest mean affinity",
        partial(_dtw, objective="mean"),
    ),
    Path(
        "segment",
        f"each frame in one step, each step one run of {MIN_STEP_SECONDS} s or more: the largest "
        "sum",
        _segment,
        partial(_segment_means, passes=1),
    ),
    Path(
        "repeat",
        f"segment, through the script 1 to {PASSES} times, whichever scores highest",
        _segment,
        partial(_segment_means, passes=PASSES),
    ),
    Path(
        "relaxed",
        "the mean of repeat and order_free: half of the score is for the steps in their order",
        _segment,
        _relaxed,
    ),
    Path(
        "equal_split",
        "control: the clip cut into equal parts, one a step",
        _equal_split,
    ),
)
PATHS: dict[str, Path] = {
    path.name: path
    for path in (
        *_ALIGNED,
        Path(
            "order_free",
            "control: the best step of each frame, in any order",
            measure=order_free,
        ),
        *(
            Path(
                f"{path.name}_{word}",
                f"control: {path.name} with the script's steps {word}",
                measure=partial(_in_wrong_order, means=path.means, reverse=word == "reversed"),
            )
            for path in _ALIGNED
            for word in ("shuffled", "reversed")
        ),
    )
}
