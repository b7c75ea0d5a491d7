"""The first stage of a scorer: how well each frame and step agree, before any path. See AFFINITIES.

Source of `sigmoid`: SigLIP (arXiv 2303.15343) and ActAlign (arXiv 2506.22967), Sec. 3. `centred`
and `competitive` are ours: docs/method.md has their formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actalign.alignment._dtw import interleave
from actalign.alignment._similarity import (
    check_same_width,
    cosine,
    fast_unit_scale,
    pair_affinity,
)
from actalign.alignment._texts import NEEDS_BACKGROUND, CandidateTexts, Texts, texts_of
from actalign.arguments import array_of
from actalign.background import Background
from actalign.encoder_info import EncoderInfo
from actalign.errors import ArrayError, UsageError
from actalign.types import Float32

FLOOR = 0.05
"""Of `competitive`, the epsilon of log(p + epsilon): an odd frame costs a bounded price."""
FIT, MOST_FIT = 0.25, 2.0
"""Of `competitive`: the weight of how well a step fits at all, and what that is clipped to."""

NONE_LEVEL = 1.0
"""How well "none of these" fits every frame, in deviations of the background."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns a cosine into an affinity: the encoder's logit scale and bias, and a background.

    logit_scale: a natural logarithm; None only without a bias. logit_bias: an encoder trained on
    pairs has one, and its affinity is the pair probability, a sigmoid. One trained on a softmax
    (CLIP) has none: with its scale of about 100 a sigmoid would take every cosine to 1, so the
    affinity is the cosine itself.
    background: for the affinities that measure a step against how well it fits any video.
    frame_seconds: from one frame to the next, for paths with a minimum step duration; None if it is
    not known, and the minimum is one frame.
    Raises UsageError for a bias without a scale.
    """

    logit_scale: float | None
    logit_bias: float | None
    background: Background | None = None
    frame_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.logit_bias is not None and self.logit_scale is None:
            raise UsageError(
                "A calibration with a logit_bias needs a logit_scale too; without both the "
                "affinity is the cosine."
            )

    @classmethod
    def of(cls, info: EncoderInfo, background: Background | None = None) -> Calibration:
        """The encoder's own; raises EncoderError for another encoder's background."""
        checked = None if background is None else background.checked(info)
        return cls(info.logit_scale, info.logit_bias, checked)


def affinity(
    frames: ArrayLike,
    candidates: CandidateTexts,
    by: Calibration,
    *,
    interleaved: bool = False,
) -> Float32:
    """(T, D) frames against M scripts (K_m, D) -> (T, sum K_m), columns in candidate order.

    interleaved: columns in the order of `alignment.interleave` instead. One matrix product for all
    candidates. Raises UsageError if there is no candidate or the widths differ.
    """
    texts = texts_of(candidates)
    columns = interleave(texts.sizes) if interleaved else None
    if by.logit_bias is None or by.logit_scale is None:
        similarity = cosine(frames, texts.rows)
        return similarity if columns is None else similarity[:, columns]
    return pair_affinity(
        frames, texts.rows, logit_scale=by.logit_scale, logit_bias=by.logit_bias, columns=columns
    )


def _cosine(frames: ArrayLike, texts: Texts, by: Calibration) -> Float32:
    return cosine(frames, texts.rows)


def seen_frames(frames: ArrayLike) -> NDArray[np.bool_]:
    """(T,) whether the encoder saw anything in the frame: its row is not all zeros."""
    rows = np.asarray(frames)
    seen: NDArray[np.bool_] = rows[:, 0] != 0
    if not seen.all():  # a look at one column is enough for almost any clip
        seen = rows.any(axis=1)
    return seen


def _log(values: Float32, texts: Texts, by: Calibration) -> Float32:
    if by.logit_bias is None:
        return values
    return np.log(np.maximum(values, np.finfo(np.float32).tiny))


def _centred(frames: ArrayLike, texts: Texts, by: Calibration) -> Float32:
    """(cosine - mean) / deviation, of the step's cosine on the background; 0 for neutral frames."""
    from actalign.alignment._kernels.competition import centred_of

    v, v_scale = fast_unit_scale(frames, "frame embeddings")
    check_same_width(v, texts.rows)
    if texts.measured is None:
        raise UsageError(f"The affinity `centred` {NEEDS_BACKGROUND}")
    product = v @ texts.rows.T
    found = np.empty((len(product), sum(texts.sizes)), np.float32)
    if texts.none:
        found[:, len(texts.rows) :] = NONE_LEVEL  # also where nothing is seen, so no script fits
    factors, shifts = texts.measured.factors, texts.measured.shifts
    centred_of(product, v_scale, factors, shifts, found)
    return found


def _competitive(values: Float32, texts: Texts, by: Calibration) -> Float32:
    """log(p + FLOOR) + FIT * z, p the step's share of the frame, z `centred`, clipped."""
    return _competition(values, texts, floor=FLOOR, fit=FIT)


def _share(values: Float32, texts: Texts, by: Calibration) -> Float32:
    """p: the softmax of `centred` over all labels' steps, a text of several steps once."""
    assert texts.measured is not None
    if texts.measured.rivals is not None:
        return texts.measured.rivals.shares(values)
    shares = _competition(values, texts, floor=1e-30, fit=0.0)
    np.exp(shares, out=shares)
    # An equal text of a candidate of one step has a smaller z (ONE_LOOK), and so the sum is less.
    return np.minimum(shares, 1, out=shares)


def _competition(values: Float32, texts: Texts, *, floor: float, fit: float) -> Float32:
    from actalign.alignment._kernels.competition import add_fit, competition

    assert texts.measured is not None
    if texts.measured.rivals is not None:
        shares = texts.measured.rivals.shares(values, floor)
        add_fit(shares, values, fit, MOST_FIT)
        return shares
    found = np.empty_like(values)
    competition(values, texts.measured.weights, floor, fit, MOST_FIT, found)
    return found


MeasureFunction = Callable[[ArrayLike, Texts, Calibration], Float32]
FitFunction = Callable[[Float32, Texts, Calibration], Float32]


def _unchanged(values: Float32, texts: Texts, by: Calibration) -> Float32:
    return values


@dataclass(frozen=True, slots=True)
class Affinity:
    """A named affinity.

    measure: (T, D) frames, texts, calibration -> (T, sum K_m) float32, columns in candidate order:
    all that takes the embeddings, so that they are multiplied once. fits: of these values, what
    paths are found in. shown: of the same values, what rows and figures show; None where it is what
    paths are found in.
    """

    name: str
    summary: str
    measure: MeasureFunction
    fits: FitFunction = _unchanged
    shown: FitFunction | None = None
    needs_background: bool = False

    def texts(self, candidates: CandidateTexts, by: Calibration) -> Texts:
        """The candidates prepared for this affinity."""
        return texts_of(candidates, by.background if self.needs_background else None)

    def of(self, frames: ArrayLike, candidates: CandidateTexts, by: Calibration) -> Float32:
        """(T, D) frames, M candidates -> (T, sum K_m), what paths are found in."""
        texts = self.texts(candidates, by)
        return self.fits(self.measure(frames, texts, by), texts, by)


def check_values(name: str, values: ArrayLike, frames: int, steps: int) -> Float32:
    """What the affinity of this name gave; raises ArrayError unless it is (frames, steps) finite
    numbers."""
    found: Float32 = array_of(values, np.float32, f"What the affinity {name!r} gives")
    if found.shape != (frames, steps):
        raise ArrayError(
            f"The affinity {name!r} gave an array of the shape {found.shape}; for {frames} frames "
            f"and {steps} steps it must give the shape {(frames, steps)}."
        )
    if not np.isfinite(found).all():
        raise ArrayError(f"The affinity {name!r} gave NaN or infinity.")
    return found


AFFINITIES: dict[str, Affinity] = {
    one.name: one
    for one in (
        Affinity("sigmoid", "pair probability (paper); the cosine if there is no bias", affinity),
        Affinity("log_sigmoid", "its logarithm", affinity, _log, _unchanged),
        Affinity("cosine", "cosine of frame and step", _cosine),
        Affinity(
            "centred",
            "cosine minus its mean on the background, over its deviation there",
            _centred,
            needs_background=True,
        ),
        Affinity(
            "competitive",
            "log of the step's share of the frame among all candidates', and how well it fits",
            _centred,
            _competitive,
            _share,
            needs_background=True,
        ),
    )
}


def columns_of(matrix: Float32, sizes: Sequence[int]) -> list[NDArray[np.float32]]:
    """Each candidate's columns."""
    ends = np.cumsum(sizes).tolist()
    return [matrix[:, end - size : end] for end, size in zip(ends, sizes, strict=True)]
