"""Similarity of frames and steps, dynamic time warping, and scores: arrays in, arrays out."""

from actalign.alignment._dtw import (
    align,
    align_batch,
    align_scores,
    align_scores_of_clips,
    interleave,
)
from actalign.alignment._locate import Detection, locate
from actalign.alignment._scorers import SCORERS, Calibration, Scorer, affinity, get_scorer
from actalign.alignment._similarity import cosine, sigmoid_affinity, smooth, smooth_reference

__all__ = [
    "SCORERS",
    "Calibration",
    "Detection",
    "Scorer",
    "affinity",
    "align",
    "align_batch",
    "align_scores",
    "align_scores_of_clips",
    "cosine",
    "get_scorer",
    "interleave",
    "locate",
    "sigmoid_affinity",
    "smooth",
    "smooth_reference",
]
