"""Finds the repetitions of a clip's winner, each with its steps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from actalign.alignment._affinities import seen_frames
from actalign.alignment._repeats import Repeats, find_repetitions, frame_means
from actalign.alignment._similarity import cosine
from actalign.types import Candidate, ClipEmbedding, Float32, Segment

CLIP_SCALE = 100.0
"""The scale assumed for models without one when looking for repetitions: CLIP's."""


def with_repetitions(
    best: Candidate,
    clip: ClipEmbedding,
    frames: Float32,
    steps: Float32,
    *,
    logit_scale: float | None,
    repeats: Repeats,
) -> Candidate:
    """The candidate with its repetitions, if they are requested and anything is seen.

    frames: (T, D), smoothed. steps: (K, D) of its script. logit_scale: the encoder's, a logarithm;
    None if it has none. Raises UsageError for a clip too short for the number of repetitions.
    """
    seen = seen_frames(clip.embeddings)
    if repeats == "no" or not seen.any():
        return best
    edges = clip.edges_seconds
    scale = CLIP_SCALE if logit_scale is None else math.exp(logit_scale)
    cuts = find_repetitions(
        cosine(frames, steps) * scale,
        edges,
        seen=seen,
        count=repeats if isinstance(repeats, int) else None,
        partial=repeats == "partial",
    )
    one_whole = len(cuts) < 2 and not np.isnan(cuts).any()
    if one_whole or best.alignment is None:
        return replace(best, repetitions=(best.segments,))
    affinity = frame_means(best.alignment.affinity, edges, cuts)
    found = []
    for begins, means in zip(cuts, affinity, strict=True):
        there = np.flatnonzero(~np.isnan(begins[:-1]))
        times = [*begins[there].tolist(), float(begins[-1])]
        names = [best.script.steps[k] for k in there]
        numbers = (there + 1).tolist()
        found.append(tuple(map(Segment, names, times, times[1:], means[there].tolist(), numbers)))
    return replace(best, repetitions=tuple(found))
