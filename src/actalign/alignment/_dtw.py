"""Dynamic time warping of frames with steps: scores and paths.

Works on bare affinity arrays and knows nothing of video or text. The recurrence itself is compiled
and lies in `_kernels.recurrence`, which is imported when first used, because numba loads slowly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, lru_cache
from operator import index
from threading import Timer
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actalign.arguments import array_of, whole
from actalign.errors import ArrayError, UsageError
from actalign.files import usable_cores
from actalign.types import Alignment, Float32, Float64, Int32


def align(affinity: ArrayLike, *, objective: str = "sum") -> Alignment:
    """Align one (T, K) affinity matrix.

    objective "sum" (the paper's, Sec. 3): maximise the sum of affinities along a path from (0, 0)
    to (T-1, K-1) whose steps advance the frame, the step or both; on ties the diagonal is
    preferred, then the frame, then the step. The score is that sum divided by the path's length.
    objective "mean": maximise the score itself, which is another path (Dinkelbach's method).
    Raises UsageError for a matrix that is empty, not two-dimensional, or holds NaN or infinity.
    """
    matrix = _contiguous(affinity, "frames", "steps")
    return align_batch(matrix, [matrix.shape[1]], objective=objective)[0]


def align_batch(
    affinity: ArrayLike, sizes: Sequence[int], *, objective: str = "sum"
) -> list[Alignment]:
    """Align M candidates of one clip at once; see `align`.

    affinity: (T, sum(sizes)), the candidates' columns side by side. sizes: K_m of each candidate.
    Returns M alignments in the order given.
    """
    if objective not in ("sum", "mean"):
        raise UsageError(f"The objective is {objective!r}; choose 'sum' or 'mean'.")
    matrix, sizes = _contiguous(affinity, "frames", "steps"), _counts(sizes)
    if not np.isfinite(matrix).all():
        raise _not_finite()
    starts = column_starts(sizes, matrix.shape[1])
    recurrence = _compiled()
    offsets = np.zeros(len(sizes))
    least = np.full(len(sizes), np.inf)
    paths: dict[int, Int32] = {}
    # What rounding leaves of a sum is no gain: a share of the affinities' own size, however small.
    nothing = 1e-12 * float(np.abs(matrix).max())
    going = list(range(len(sizes)))
    while going:
        sums = recurrence.forward(matrix, starts, offsets)
        better = []
        for m in going:
            # By how much the best sum of affinity - offset beats that of the path before, 0. It
            # falls each time in exact arithmetic, so that one that doesn't is rounding.
            gain = float(sums[-1, starts[m + 1] - 1])
            if m in paths and not nothing < gain < least[m]:
                continue
            least[m] = gain if m in paths else np.inf
            paths[m] = recurrence.backtrack(sums[:, starts[m] : starts[m + 1]])
            offsets[m] += gain / len(paths[m])
            better.append(m)
        going = better if objective == "mean" else []
    return [
        Alignment(
            score=float(offsets[m]),
            path=paths[m],
            affinity=matrix[:, starts[m] : starts[m + 1]],
        )
        for m in range(len(sizes))
    ]


def align_scores(
    affinity: ArrayLike, sizes: Sequence[int], *, interleaved: bool = False
) -> tuple[Float64, NDArray[np.int64]]:
    """Scores (M,) and path lengths (M,) as `align_batch` finds them for "sum", without paths.

    interleaved: the columns are in the order of `interleave` already, which saves reordering them.
    """
    recurrence, sizes = _compiled(), _counts(sizes)
    matrix, ranked = _in_order(_contiguous(affinity, "frames", "steps"), sizes, interleaved)
    scores, lengths = np.empty(len(sizes)), np.empty(len(sizes), np.int64)
    if not recurrence.scores(matrix, ranked, scores, lengths):
        raise _not_finite()
    return scores, lengths


def align_scores_of_clips(
    affinity: ArrayLike,
    sizes: Sequence[int],
    *,
    interleaved: bool = False,
    threads: int | None = None,
) -> tuple[Float64, NDArray[np.int64]]:
    """`align_scores` of V clips of one length: (V, T, sum(sizes)) -> (V, M) scores and lengths.

    For sweeps. threads: each takes an equal share of the clips; one per usable core if left out.
    Raises UsageError for fewer than one.
    """
    recurrence, sizes = _compiled(), _counts(sizes)
    clips = _contiguous(affinity, "clips", "frames", "steps")
    clips, ranked = _in_order(clips, sizes, interleaved)
    scores = np.empty((len(clips), len(sizes)))
    lengths = np.empty(scores.shape, np.int64)

    def align_share(low: int, high: int) -> bool:
        return recurrence.scores_of_clips(
            clips[low:high], ranked, scores[low:high], lengths[low:high]
        )

    most = usable_cores() if threads is None else whole(threads, "threads")
    count = min(most, len(clips))
    bounds = [len(clips) * share // count for share in range(count + 1)]
    with ThreadPoolExecutor(count) as pool:
        finite = list(pool.map(align_share, bounds[:-1], bounds[1:]))
    if not all(finite):
        raise _not_finite()
    return scores, lengths


def interleave(sizes: Sequence[int]) -> NDArray[np.intp]:
    """For each interleaved column, its index among the columns of M candidates side by side.

    sizes: K_m of each candidate. Interleaved, every candidate's first step comes before any
    second one, and so on; within a step, candidates with more steps come first, then the
    order given. Thus (T, D) @ texts[interleave(sizes)].T is ready for `align_scores`.
    """
    return _interleaving(_counts(sizes))[0]


@cache
def _compiled() -> ModuleType:
    """The compiled recurrence, looked up once: an import statement costs a quarter microsecond."""
    import actalign.alignment._kernels.recurrence

    return actalign.alignment._kernels.recurrence


@contextmanager
def preloading() -> Iterator[None]:
    """Load the compiled alignment in a thread while the block runs, after half a second: an
    encoder should load its libraries first, since both would wait for Python's lock."""
    timer = Timer(0.5, align_batch, ([[0, 0]] * 2, [1, 1]))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _counts(sizes: Iterable[int]) -> tuple[int, ...]:
    """Step counts as whole numbers; raises UsageError for others."""
    try:
        return tuple(map(index, sizes))
    except TypeError:
        raise UsageError(
            f"The candidates' step counts are {sizes!r}; give a list of whole numbers."
        ) from None


@lru_cache(maxsize=1024)
def _interleaving(sizes: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """See `interleave`; and (2, M): the step counts, falling, and whose they are."""
    counts = np.asarray(sizes, np.int64)
    if len(sizes) == 0 or counts.min() < 1:
        raise UsageError(f"The candidates' step counts {list(sizes)} must be at least 1 each.")
    longest_first = np.argsort(-counts, kind="stable")
    ranked = np.stack([counts[longest_first], longest_first])
    step = np.concatenate([np.arange(count) for count in sizes])
    rank = np.repeat(np.argsort(longest_first), counts)
    order = np.lexsort([rank, step])
    order.setflags(write=False)  # it is shared by all who ask
    return order, ranked


def _in_order(
    affinity: Float32, sizes: tuple[int, ...], interleaved: bool
) -> tuple[Float32, NDArray[np.int64]]:
    """The affinity with interleaved columns, its last axis, and (2, M) as `_interleaving` says."""
    order, ranked = _interleaving(sizes)
    if len(order) != affinity.shape[-1]:
        raise _unlike(sizes, affinity.shape[-1])
    if not interleaved and len(sizes) > 1:
        affinity = affinity.take(order, axis=-1)
    return affinity, ranked


def _contiguous(affinity: ArrayLike, *axes: str) -> Float32:
    array = np.ascontiguousarray(array_of(affinity, np.float32, "The affinity"))
    if array.ndim != len(axes) or not array.size:
        raise ArrayError(
            f"The affinity must be a non-empty ({', '.join(axes)}) array, not {array.shape}."
        )
    return array


def _not_finite() -> ArrayError:
    return ArrayError("The affinity holds NaN or infinity; encode the clip and script again.")


def column_starts(sizes: Sequence[int], columns: int) -> NDArray[np.int64]:
    """(M + 1,) where each candidate's columns begin; raises ArrayError for another total."""
    if len(_interleaving(tuple(sizes))[0]) != columns:
        raise _unlike(sizes, columns)
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def _unlike(sizes: Sequence[int], columns: int) -> ArrayError:
    return ArrayError(
        f"The candidates' step counts {list(sizes)} must add up to the affinity's {columns} "
        "columns."
    )
