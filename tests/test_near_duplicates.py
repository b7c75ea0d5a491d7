"""Near-duplicate frames: which they are, and whose embedding they use."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actalign.errors import ArrayError, UsageError
from actalign.video._near_duplicates import GRID, NearDuplicates, brightness


def slow_brightness(frame):
    """Cell by cell, for frames small enough that every pixel is sampled."""
    height, width = frame.shape[:2]
    rows = [*np.unique([i * height // GRID for i in range(GRID)]), height]
    columns = [*np.unique([i * width // GRID for i in range(GRID)]), width]
    grey = frame @ np.array([0.299, 0.587, 0.114])
    return [
        [grey[top:bottom, left:right].mean() for left, right in pairwise(columns)]
        for top, bottom in pairwise(rows)
    ]


@settings(max_examples=40)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 10))
def test_brightness_is_the_mean_of_each_cell(height, width, seed):
    frame = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    np.testing.assert_allclose(brightness(frame), slow_brightness(frame), atol=0.01)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 255), min_size=1, max_size=30),
    st.integers(1, 40),
    st.lists(st.integers(0, 30), max_size=4),
)
def test_a_frame_is_compared_with_the_last_one_kept(levels, threshold, cuts):
    """Frames of one grey level each, so that a reader can say by hand which are kept."""
    frames = np.zeros((len(levels), 40, 50, 3), np.uint8)
    frames[:] = np.array(levels, np.uint8)[:, None, None, None]
    kept, rows = [], []
    for level in levels:
        if not kept or abs(level - kept[-1]) > threshold + 0.001:
            kept.append(level)
        rows.append(len(kept) - 1)
    duplicates = NearDuplicates(threshold + 0.001)
    found = [
        duplicates.keep(part) for part in np.split(frames, sorted(c % len(levels) for c in cuts))
    ]
    assert np.concatenate([rows for _, rows in found]).tolist() == rows
    wanted = np.concatenate([wanted for wanted, _ in found])
    assert [level for level, keep in zip(levels, wanted, strict=True) if keep] == kept
    assert (duplicates.kept, duplicates.reused) == (len(kept), len(levels) - len(kept))


def test_a_small_part_that_moves_is_seen_and_noise_is_not():
    random = np.random.default_rng(0)
    still = np.full((720, 1280, 3), 120, np.uint8)
    noisy = (still + random.integers(-3, 4, still.shape)).astype(np.uint8)
    moved = noisy.copy()
    moved[300:330, 600:620] = 200  # a hand
    wanted, rows = NearDuplicates(2).keep(np.stack([still, noisy, moved, moved]))
    assert wanted.tolist() == [True, False, True, False]
    assert rows.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("threshold", [0, -1, 256, float("nan")])
def test_a_threshold_that_means_nothing_is_refused(threshold):
    with pytest.raises(UsageError, match="near-duplicate threshold"):
        NearDuplicates(threshold)


@pytest.mark.parametrize(
    "frames",
    [np.zeros((2, 8, 8), np.uint8), np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8, 4), np.uint8)],
)
def test_an_array_that_is_not_frames_is_refused(frames):
    with pytest.raises(ValueError, match="uint8 array") as caught:
        NearDuplicates(2).keep(frames)
    assert isinstance(caught.value, ArrayError)
