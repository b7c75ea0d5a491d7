"""Similarity of frames and steps, dynamic time warping, and scores: arrays in, arrays out."""

from actalign.alignment._affinities import AFFINITIES, Affinity, Calibration, affinity
from actalign.alignment._confidence import confidences, fit_temperature
from actalign.alignment._dtw import (
    align,
    align_batch,
    align_scores,
    align_scores_of_clips,
    interleave,
)
from actalign.alignment._locate import Detection, locate
from actalign.alignment._paths import PATHS, Path, Timing
from actalign.alignment._repeats import find_repetitions
from actalign.alignment._scorers import SCORERS, Scorer, default_scorer, get_scorer
from actalign.alignment._similarity import cosine, sigmoid_affinity, smooth, smooth_reference
from actalign.alignment._stages import AVERAGES
from actalign.alignment._texts import Texts

__all__ = [
    "AFFINITIES",
    "AVERAGES",
    "PATHS",
    "SCORERS",
    "Affinity",
    "Calibration",
    "Detection",
    "Path",
    "Scorer",
    "Texts",
    "Timing",
    "affinity",
    "align",
    "align_batch",
    "align_scores",
    "align_scores_of_clips",
    "confidences",
    "cosine",
    "default_scorer",
    "find_repetitions",
    "fit_temperature",
    "get_scorer",
    "interleave",
    "locate",
    "sigmoid_affinity",
    "smooth",
    "smooth_reference",
]
