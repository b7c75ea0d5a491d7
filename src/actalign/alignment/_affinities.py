"""The first stage of a scorer: how well each frame and step agree, before any path. See AFFINITIES.

Source of `sigmoid`: SigLIP (arXiv 2303.15343) and ActAlign (arXiv 2506.22967), Sec. 3. `centred`
and `competitive` are ours: docs/method.md has their formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actalign.alignment._dtw import interleave
from actalign.alignment._similarity import (
    as_embeddings,
    check_width,
    cosine,
    fast_unit_scale,
    pair_affinity,
)
from actalign.background import Background
from actalign.errors import UsageError
from actalign.types import EncoderInfo, Float32, Float64

TEMPERATURE = 0.3
"""Of `competitive`, in deviations of the background."""
FLOOR = 0.02
"""Of `competitive`, the epsilon of log(p + epsilon): an odd frame costs a bounded price."""

NONE_LEVEL = 1.0
"""How well "none of these" fits every frame, in deviations of the background."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns a cosine into an affinity: the encoder's logit scale and bias, and a background.

    logit_scale: a natural logarithm. logit_bias: an encoder trained on pairs has one, and its
    affinity is the pair probability, a sigmoid. One trained on a softmax (CLIP) has none: with its
    scale of about 100 a sigmoid would take every cosine to 1, so the affinity is the cosine itself.
    background: for the affinities that measure a step against what it says of anything.
    """

    logit_scale: float
    logit_bias: float | None
    background: Background | None = None

    @classmethod
    def of(cls, info: EncoderInfo, background: Background | None = None) -> Calibration:
        """The encoder's own; raises EncoderError for another encoder's background."""
        checked = None if background is None else background.checked(info)
        return cls(info.logit_scale, info.logit_bias, checked)


@dataclass(frozen=True, eq=False, slots=True)
class Texts:
    """The steps of M candidates as one matrix, prepared for any number of clips.

    rows: (sum K_m, D). sizes: K_m. mean, deviation: (sum K_m,) of each step's cosine on the
    background; None without one. none: how many steps the candidate "none of these" has, which is
    the last one and has no texts; 0 where there is no such candidate.
    """

    rows: Float32
    sizes: tuple[int, ...]
    mean: Float64 | None = None
    deviation: Float64 | None = None
    none: int = 0

    @classmethod
    def of(
        cls,
        candidates: Sequence[ArrayLike],
        background: Background | None = None,
        *,
        none: bool = False,
    ) -> Texts:
        """none: with a candidate "none of these", as long as the others are in the middle.

        Raises UsageError for no candidate, and for one that is none without a background.
        """
        if not candidates:
            raise UsageError("There is no candidate to score; give at least one label.")
        scripts = [np.asarray(c, np.float32) for c in candidates]
        rows = as_embeddings(np.concatenate(scripts), name="text embeddings")
        sizes = tuple(len(script) for script in scripts)
        if background is None:
            if none:
                raise UsageError(f"A candidate that is none of the others {NEEDS_BACKGROUND}")
            return cls(rows, sizes)
        mean, deviation = background.statistics(rows)
        if not none:
            return cls(rows, sizes, mean, deviation)
        steps = int(np.median(sizes))
        return cls(rows, (*sizes, steps), mean, deviation, steps)

    @property
    def scripts(self) -> list[Float32]:
        """(K_m, D) of each candidate that has texts."""
        sizes = self.sizes[:-1] if self.none else self.sizes
        return np.split(self.rows, np.cumsum(sizes)[:-1])


NEEDS_BACKGROUND = (
    "needs a background, and there is none; make one with `actalign background VIDEOS --out FILE` "
    "and give it with --background FILE, or choose the scorer dtw."
)

CandidateTexts = Texts | Sequence[ArrayLike]
"""M candidates' step embeddings (K_m, D), prepared by `Texts.of` or not."""


def texts_of(candidates: CandidateTexts, by: Calibration, *, background: bool = False) -> Texts:
    """The candidates prepared; background: with the statistics of the calibration's."""
    if not isinstance(candidates, Texts):
        return Texts.of(candidates, by.background if background else None)
    if candidates.mean is not None or not background or by.background is None:
        return candidates
    mean, deviation = by.background.statistics(candidates.rows)
    return replace(candidates, mean=mean, deviation=deviation)


def affinity(
    frames: ArrayLike,
    candidates: CandidateTexts,
    by: Calibration,
    *,
    interleaved: bool = False,
) -> Float32:
    """(T, D) frames against M scripts (K_m, D) -> (T, sum K_m), columns in candidate order.

    interleaved: columns in the order of `alignment.interleave` instead. One matrix product for all
    candidates. Raises UsageError for no candidate or unlike widths.
    """
    texts = texts_of(candidates, by)
    columns = interleave(texts.sizes) if interleaved else None
    if by.logit_bias is None:
        similarity = cosine(frames, texts.rows)
        return similarity if columns is None else similarity[:, columns]
    return pair_affinity(
        frames, texts.rows, logit_scale=by.logit_scale, logit_bias=by.logit_bias, columns=columns
    )


def _cosine(frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> Float32:
    return cosine(frames, texts_of(candidates, by).rows)


def _log_sigmoid(frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> Float32:
    matrix = affinity(frames, candidates, by)
    if by.logit_bias is None:
        return matrix
    return np.log(np.maximum(matrix, np.finfo(np.float32).tiny))


def _centred(frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> Float32:
    """(cosine - mean) / deviation, of the step's cosine on the background; 0 for neutral frames."""
    from actalign.alignment._kernels.competition import centred_of

    texts = texts_of(candidates, by, background=True)
    if texts.mean is None or texts.deviation is None:
        raise UsageError(f"The affinity `centred` {NEEDS_BACKGROUND}")
    v, v_scale = fast_unit_scale(frames, "frame embeddings")
    a, a_scale = fast_unit_scale(texts.rows, "text embeddings")
    check_width(v, a)
    mean, scale = texts.mean.astype(np.float32), (1 / texts.deviation).astype(np.float32)
    found = np.empty((len(v), sum(texts.sizes)), np.float32)
    found[:, len(a) :] = NONE_LEVEL * (v_scale > 0)[:, None]
    centred_of(v @ a.T, v_scale, a_scale, mean, scale, found)
    return found


def _competitive(frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> Float32:
    """log(p + FLOOR), p the softmax in each frame over the steps of all candidates."""
    from actalign.alignment._kernels.competition import competition

    values = _centred(frames, candidates, by)
    competition(values, 1 / TEMPERATURE, FLOOR)
    return values


def _same(matrix: Float32, by: Calibration) -> Float32:
    return matrix


def _pair_probability(matrix: Float32, by: Calibration) -> Float32:
    return matrix if by.logit_bias is None else np.exp(matrix)


def _share(matrix: Float32, by: Calibration) -> Float32:
    return np.maximum(np.exp(matrix) - np.float32(FLOOR), 0)


@dataclass(frozen=True, slots=True)
class Affinity:
    """A named affinity.

    of: (T, D) frames, M candidates, calibration -> (T, sum K_m) float32, columns in candidate
    order; what paths are found in. shown: that matrix -> the one that rows and figures show.
    competes: a column depends on the other candidates' columns.
    """

    name: str
    summary: str
    of: Callable[[ArrayLike, CandidateTexts, Calibration], Float32]
    shown: Callable[[Float32, Calibration], Float32] = _same
    needs_background: bool = False
    competes: bool = False


AFFINITIES: dict[str, Affinity] = {
    one.name: one
    for one in (
        Affinity(
            "sigmoid", "pair probability (paper); the cosine where there is no bias", affinity
        ),
        Affinity("log_sigmoid", "its logarithm", _log_sigmoid, _pair_probability),
        Affinity("cosine", "cosine of frame and step", _cosine),
        Affinity(
            "centred",
            "cosine less its mean on the background, over its deviation there",
            _centred,
            needs_background=True,
        ),
        Affinity(
            "competitive",
            "log of the step's share among all candidates' steps in the frame, by `centred`",
            _competitive,
            _share,
            needs_background=True,
            competes=True,
        ),
    )
}


def columns_of(matrix: Float32, sizes: Sequence[int]) -> list[NDArray[np.float32]]:
    """Each candidate's columns."""
    return np.split(matrix, np.cumsum(sizes)[:-1], axis=1)
