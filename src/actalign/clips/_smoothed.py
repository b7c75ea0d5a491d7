"""Smooths a clip's embeddings over time, for the scorers."""

from __future__ import annotations

import numpy as np

from actalign.alignment._similarity import smooth
from actalign.rows._facts import cut_times
from actalign.types import ClipEmbedding, Float32

_ROUNDING = 0.005  # in seconds, of the cut times in a clip's provenance


def smoothed(clip: ClipEmbedding, seconds: float) -> Float32:
    """(T, D): a clip's rows after `smooth`, each scene by itself, so that no row is a mean across a
    cut. seconds: width of the window, 0 for none."""
    cuts = [seconds - _ROUNDING for seconds in cut_times(clip.provenance)]
    starts = np.searchsorted(clip.pts_seconds, cuts)
    scenes = zip(np.split(clip.embeddings, starts), np.split(clip.pts_seconds, starts), strict=True)
    return np.concatenate(
        [smooth(rows, pts_seconds=times, seconds=seconds) for rows, times in scenes if len(rows)]
    )
