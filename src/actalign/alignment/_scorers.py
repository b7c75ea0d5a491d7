"""How a clip's frames and the candidates' texts become one score a candidate: the table SCORERS.

Every scorer has one signature, so that a run can swap or compare them. Smoothing happens before
(`smooth`), text encoding before that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from actalign.alignment._dtw import align_batch, align_scores, interleave
from actalign.alignment._similarity import cosine, normalize, pair_affinity
from actalign.errors import UsageError
from actalign.types import Alignment, EncoderInfo, Float32, Float64


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns a cosine into an affinity: the encoder's logit scale (natural logarithm) and bias.

    An encoder trained on pairs has a bias, and its affinity is the pair probability, a sigmoid.
    One trained on a softmax (CLIP) has none: with its scale of about 100 a sigmoid would take every
    cosine to 1, so the affinity is the cosine itself.
    """

    logit_scale: float
    logit_bias: float | None

    @classmethod
    def of(cls, info: EncoderInfo) -> Calibration:
        """The encoder's own."""
        return cls(info.logit_scale, info.logit_bias)


ScoreFunction = Callable[[ArrayLike, Sequence[ArrayLike], Calibration], Float64]


@dataclass(frozen=True, slots=True)
class Scorer:
    """A named way to score candidates.

    texts: "steps", it reads each candidate's step embeddings (K_m, D), or "label", it reads
    the embedding of the candidate's name (1, D).
    score: (T, D) frames, M candidates, calibration -> (M,) float64; higher is better. Scores of
    different scorers are not comparable, and none is a probability.
    align: the alignments that carry these scores, for scorers that have their own.
    """

    name: str
    texts: Literal["steps", "label"]
    score: ScoreFunction
    summary: str
    align: Callable[[ArrayLike, Sequence[ArrayLike], Calibration], list[Alignment]] | None = None


def affinity(
    frames: ArrayLike,
    candidates: Sequence[ArrayLike],
    by: Calibration,
    *,
    interleaved: bool = False,
) -> Float32:
    """(T, D) frames against M scripts (K_m, D) -> (T, sum K_m), columns in candidate order.

    interleaved: columns in the order of `alignment.interleave` instead. One matrix product for all
    candidates. Raises UsageError for no candidate or unlike widths.
    """
    if not candidates:
        raise UsageError("There is no candidate to score; give at least one label.")
    scripts = [np.asarray(c, np.float32) for c in candidates]
    texts = np.concatenate(scripts)
    columns = interleave([len(script) for script in scripts]) if interleaved else None
    if by.logit_bias is None:
        similarity = cosine(frames, texts)
        return similarity if columns is None else similarity[:, columns]
    return pair_affinity(
        frames, texts, logit_scale=by.logit_scale, logit_bias=by.logit_bias, columns=columns
    )


def alignments(
    frames: ArrayLike,
    candidates: Sequence[ArrayLike],
    by: Calibration,
    *,
    objective: str = "sum",
) -> list[Alignment]:
    """Align a clip with every candidate; see `alignment.align`."""
    sizes = [len(np.asarray(c)) for c in candidates]
    return align_batch(affinity(frames, candidates, by), sizes, objective=objective)


def _dtw(frames: ArrayLike, candidates: Sequence[ArrayLike], by: Calibration) -> Float64:
    """The paper's score (Sec. 3): the best path's sum of affinities over its length."""
    matrix = affinity(frames, candidates, by, interleaved=True)
    return align_scores(matrix, [len(np.asarray(c)) for c in candidates], interleaved=True)[0]


def _align_mean(
    frames: ArrayLike, candidates: Sequence[ArrayLike], by: Calibration
) -> list[Alignment]:
    """The path with the largest mean affinity; not the paper's objective."""
    return alignments(frames, candidates, by, objective="mean")


def _align_steps(
    frames: ArrayLike, candidates: Sequence[ArrayLike], by: Calibration
) -> list[Alignment]:
    """Ours: the path with the largest sum of *log* affinities, and as its score the geometric mean
    over steps of each step's geometric mean on the path. Of cosines, plain means.

    Every step counts the same, however long it lasts, and the logarithm makes a step that nothing
    in the clip shows cost much. Under the paper's score a script wins by one step that fits most
    frames, though its other steps never happen.
    """
    sizes = [len(np.asarray(c)) for c in candidates]
    matrix = affinity(frames, candidates, by)
    sigmoid = by.logit_bias is not None
    table = np.log(np.maximum(matrix, np.finfo(np.float32).tiny)) if sigmoid else matrix
    starts = np.concatenate([[0], np.cumsum(sizes)])
    found = []
    for m, alignment in enumerate(align_batch(table, sizes)):
        t, k = alignment.path[:, 0], alignment.path[:, 1]
        totals = np.bincount(k, weights=alignment.affinity[t, k].astype(np.float64))
        mean = float(np.mean(totals / np.bincount(k)))
        score = math.exp(mean) if sigmoid else mean
        found.append(Alignment(score, alignment.path, matrix[:, starts[m] : starts[m + 1]]))
    return found


def _scores_of(
    frames: ArrayLike,
    candidates: Sequence[ArrayLike],
    by: Calibration,
    *,
    align: Callable[[ArrayLike, Sequence[ArrayLike], Calibration], list[Alignment]],
) -> Float64:
    return np.array([alignment.score for alignment in align(frames, candidates, by)])


def _order_free(frames: ArrayLike, candidates: Sequence[ArrayLike], by: Calibration) -> Float64:
    """Control: every frame takes its best step, in any order; mean affinity over frames."""
    sizes = [len(np.asarray(c)) for c in candidates]
    columns = np.split(affinity(frames, candidates, by), np.cumsum(sizes)[:-1], axis=1)
    return np.array([c.max(axis=1).mean(dtype=np.float64) for c in columns])


def _mean_pool(frames: ArrayLike, candidates: Sequence[ArrayLike], by: Calibration) -> Float64:
    """The paper's baseline: cosine of the mean normalised frame with the mean normalised text."""
    pooled = normalize(frames, name="frame embeddings").mean(axis=0, keepdims=True)
    texts = [normalize(c, name="text embeddings").mean(axis=0, keepdims=True) for c in candidates]
    return np.asarray(cosine(pooled, np.concatenate(texts))[0], dtype=np.float64)


def _shuffled(
    frames: ArrayLike, candidates: Sequence[ArrayLike], by: Calibration, *, reverse: bool
) -> Float64:
    """Control: DTW with every script's steps in a wrong order (fixed seed, or reversed)."""
    rng = np.random.default_rng(0)
    wrong = []
    for candidate in candidates:
        steps = np.asarray(candidate, np.float32)
        wrong.append(steps[::-1] if reverse else steps[_derangement(len(steps), rng)])
    return _dtw(frames, wrong, by)


def _derangement(n: int, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """A random order that is not the given one (for n of at least 2)."""
    order = rng.permutation(n)
    while n > 1 and np.array_equal(order, np.arange(n)):
        order = rng.permutation(n)
    return order


SCORERS: dict[str, Scorer] = {
    scorer.name: scorer
    for scorer in (
        Scorer("dtw", "steps", _dtw, "sum of affinities on the best path / its length", alignments),
        Scorer("mean_pool", "label", _mean_pool, "cosine of mean frame and label (baseline)"),
        Scorer(
            "dtw_steps",
            "steps",
            partial(_scores_of, align=_align_steps),
            "geometric mean over steps of the affinity on the path",
            _align_steps,
        ),
        Scorer(
            "dtw_mean",
            "steps",
            partial(_scores_of, align=_align_mean),
            "largest mean affinity of any path",
            _align_mean,
        ),
        Scorer("order_free", "steps", _order_free, "control: each frame's best step, any order"),
        Scorer(
            "dtw_shuffled", "steps", partial(_shuffled, reverse=False), "control: steps shuffled"
        ),
        Scorer(
            "dtw_reversed", "steps", partial(_shuffled, reverse=True), "control: steps reversed"
        ),
    )
}


def get_scorer(name: str) -> Scorer:
    """Look a scorer up by name; raises UsageError that lists the names."""
    try:
        return SCORERS[name]
    except KeyError:
        raise UsageError(
            f"There is no scorer {name!r}; choose one of {', '.join(SCORERS)}."
        ) from None
