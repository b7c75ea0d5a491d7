import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from actalign.alignment._dtw import (
    align,
    align_batch,
    align_scores,
    align_scores_of_clips,
    interleave,
)
from actalign.errors import UsageError


def all_paths(t, k):
    """Every monotone path from (0, 0) to (t-1, k-1), by recursion from the end."""
    if t == 0 and k == 0:
        return [[(0, 0)]]
    found = []
    for dt, dk in ((1, 1), (1, 0), (0, 1)):
        if t - dt >= 0 and k - dk >= 0:
            found += [[*path, (t, k)] for path in all_paths(t - dt, k - dk)]
    return found


def preferred_path(matrix):
    """Backtrack over exhaustively found best sums, in Python integers: diagonal, frame, step."""

    def best(t, k):
        return max(sum(int(matrix[c]) for c in path) for path in all_paths(t, k))

    t, k = matrix.shape[0] - 1, matrix.shape[1] - 1
    path = [(t, k)]
    while (t, k) != (0, 0):
        before = [
            (t - dt, k - dk) for dt, dk in ((1, 1), (1, 0), (0, 1)) if t - dt >= 0 and k - dk >= 0
        ]
        t, k = max(before, key=lambda cell: best(*cell))  # max keeps the first of equals
        path.append((t, k))
    return path[::-1]


small = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.int8, shape, elements=st.integers(-2, 2))
)


@given(small)
@settings(max_examples=150)
def test_sum_and_path_match_enumeration_of_all_paths_even_with_ties(matrix):
    found = align(matrix)
    path = preferred_path(matrix)
    assert [tuple(cell) for cell in found.path.tolist()] == path
    best = max(sum(int(matrix[c]) for c in p) for p in all_paths(*(n - 1 for n in matrix.shape)))
    assert found.score == pytest.approx(best / len(path), abs=1e-12)


@given(small)
@settings(max_examples=150)
def test_mean_objective_matches_enumeration(matrix):
    best = max(
        sum(int(matrix[c]) for c in path) / len(path)
        for path in all_paths(*(n - 1 for n in matrix.shape))
    )
    assert align(matrix, objective="mean").score == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1.0, 1e6, 1e20, 3e37])
@pytest.mark.parametrize("offset", [0.0, 1.0, -7.0])
def test_the_mean_objective_ends_and_is_right_at_any_scale(scale, offset):
    """What counts as no gain was absolute: large affinities never ended, small ones at once."""
    numbers = np.random.default_rng(4)
    for _ in range(6):
        matrix = ((numbers.normal(size=(5, 4)) + offset) * scale).astype(np.float32)
        found = align(matrix, objective="mean")
        best = max(sum(float(matrix[c]) for c in path) / len(path) for path in all_paths(4, 3))
        assert found.score == pytest.approx(best, rel=1e-9, abs=1e-12 * float(np.abs(matrix).max()))
        mean = np.mean([float(matrix[t, k]) for t, k in found.path.tolist()])
        assert found.score == pytest.approx(mean, rel=1e-9)


def test_the_mean_objective_ends_for_matrices_that_rounding_makes_restless():
    numbers = np.random.default_rng(5)
    shape = (3000, 7)
    for matrix in (
        numbers.normal(size=shape) * 1e30,
        1e6 + numbers.normal(size=shape),
        numbers.choice([3.4e38, -3.4e38, 0.0], size=shape),
        10.0 ** numbers.uniform(-40, 38, size=shape),
    ):
        found = align(matrix.astype(np.float32), objective="mean")
        summed = align(matrix.astype(np.float32))
        assert found.score >= summed.score * (1 - 1e-9 * np.sign(summed.score))


def test_in_floats_a_sum_that_a_small_affinity_does_not_change_is_a_tie():
    """A positive affinity makes a longer path better in exact arithmetic only."""
    small = np.array([[1.0, 1e-20], [1e-20, 1.0]])
    assert len(align(small).path) == 2
    assert len(align(np.array([[1.0, 1e-10], [1e-10, 1.0]])).path) == 3


def test_the_sum_and_the_mean_are_different_objectives():
    matrix = np.array([[0.5, 0.1], [0.1, 0.5]])
    by_sum, by_mean = align(matrix), align(matrix, objective="mean")
    assert (len(by_sum.path), len(by_mean.path)) == (3, 2)
    assert by_sum.score == pytest.approx(1.1 / 3)
    assert by_mean.score == pytest.approx(0.5)


@given(
    st.tuples(st.integers(1, 25), st.integers(1, 12)).flatmap(
        lambda shape: arrays(np.float32, shape, elements=st.floats(-1, 1, width=32))
    )
)
@settings(max_examples=150)
def test_total_agrees_with_tslearn(matrix):
    metrics = pytest.importorskip("tslearn.metrics")
    found = align(matrix)
    _, cost = metrics.dtw_path_from_metric(-matrix.astype(np.float64), metric="precomputed")
    assert found.score * len(found.path) == pytest.approx(-cost, abs=1e-6)


def slow_scores(part):
    """Sum and length of the best path in plain Python: a cell's best is the first of equals."""
    total = {}
    for t, k in np.ndindex(part.shape):
        before = [total[c] for c in ((t - 1, k - 1), (t - 1, k), (t, k - 1)) if c in total]
        value, length = max(before, key=lambda entry: entry[0], default=(0.0, 0))
        total[t, k] = value + float(part[t, k]), length + 1
    value, length = total[part.shape[0] - 1, part.shape[1] - 1]
    return value / length, length


DRAWS = {
    "few": lambda rng, shape: rng.integers(-1, 2, shape) / 2,  # many ties
    "one": lambda rng, shape: np.full(shape, rng.integers(-1, 2)),
    "wide": lambda rng, shape: rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, shape),
    "lost": lambda rng, shape: 10.0 ** rng.integers(-30, 2, shape),  # small beside a long sum
}


@given(
    st.lists(st.integers(1, 14), min_size=1, max_size=20),
    st.integers(1, 20),
    st.sampled_from(sorted(DRAWS)),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=300)
def test_many_candidates_of_unlike_lengths_equal_the_slow_formula(sizes, frames, kind, seed):
    matrix = DRAWS[kind](np.random.default_rng(seed), (frames, sum(sizes))).astype(np.float32)
    parts = np.split(matrix, np.cumsum(sizes)[:-1], axis=1)
    batch = align_batch(matrix, sizes)
    scores, lengths = align_scores(matrix, sizes)
    for part, found, score, length in zip(parts, batch, scores, lengths, strict=True):
        alone = align(part)
        assert np.array_equal(found.path, alone.path)
        assert found.score == alone.score == score
        assert length == len(alone.path)
        assert slow_scores(part) == (score, length)


@given(
    st.lists(st.integers(1, 14), min_size=1, max_size=20),
    st.integers(1, 20),
    st.integers(0, 2**32 - 1),
)
def test_columns_that_are_interleaved_already_give_the_same(sizes, frames, seed):
    matrix = np.random.default_rng(seed).normal(size=(frames, sum(sizes))).astype(np.float32)
    order = interleave(sizes)
    # The order as it is described, from each column's step, candidate's step count and candidate.
    columns = [(k, -size, m) for m, size in enumerate(sizes) for k in range(size)]
    assert order.tolist() == sorted(range(len(columns)), key=lambda column: columns[column])
    wanted, wanted_lengths = align_scores(matrix, sizes)
    scores, lengths = align_scores(matrix[:, order], sizes, interleaved=True)
    np.testing.assert_array_equal(scores, wanted)
    np.testing.assert_array_equal(lengths, wanted_lengths)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=10),
    st.integers(1, 9),
    st.sampled_from([np.nan, np.inf, -np.inf]),
    st.data(),
)
def test_one_bad_affinity_anywhere_is_refused_by_all(sizes, frames, bad, data):
    matrix = np.ones((frames, sum(sizes)), np.float32)
    matrix.flat[data.draw(st.integers(0, matrix.size - 1))] = bad
    for aligning in (align_batch, align_scores):
        with pytest.raises(UsageError, match="holds NaN or infinity; encode the clip"):
            aligning(matrix, sizes)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=10),
    st.integers(1, 9),
    st.integers(1, 7),
    st.integers(1, 4),
    st.booleans(),
)
def test_clips_shared_out_among_threads_score_as_they_do_alone(
    sizes, frames, clips, threads, interleaved
):
    matrix = np.random.default_rng(clips).normal(size=(clips, frames, sum(sizes)))
    scores, lengths = align_scores_of_clips(matrix, sizes, interleaved=interleaved, threads=threads)
    for v in range(clips):
        wanted, wanted_lengths = align_scores(matrix[v], sizes, interleaved=interleaved)
        np.testing.assert_array_equal(scores[v], wanted)
        np.testing.assert_array_equal(lengths[v], wanted_lengths)
    matrix[-1, 0, 0] = np.nan
    with pytest.raises(UsageError, match="NaN"):
        align_scores_of_clips(matrix, sizes, interleaved=interleaved, threads=threads)


def test_clips_of_another_shape_are_refused():
    with pytest.raises(UsageError, match=r"\(clips, frames, steps\) array, not \(2, 3\)"):
        align_scores_of_clips(np.zeros((2, 3)), [3])
    with pytest.raises(UsageError, match="add up to the affinity's 3 columns"):
        align_scores_of_clips(np.zeros((2, 3, 3)), [2])


def test_the_largest_numbers_are_no_infinity():
    matrix = np.full((300, 3), np.finfo(np.float32).max)
    scores, lengths = align_scores(matrix, [1, 2])
    np.testing.assert_allclose(scores, np.finfo(np.float32).max)
    assert lengths.tolist() == [300, 301]


def test_positive_affinities_never_take_a_diagonal():
    matrix = np.random.default_rng(1).uniform(0.01, 1, (40, 7))
    assert len(align(matrix).path) == 40 + 7 - 1


def test_a_planted_path_is_found_and_gives_the_intervals():
    matrix = np.full((10, 3), 0.01, np.float32)
    for k, (start, end) in enumerate([(0, 4), (4, 5), (5, 10)]):
        matrix[start:end, k] = 1
    found = align(matrix)
    starts = found.intervals[:, 0]
    assert found.intervals.shape == (3, 2)
    # A step may share the frame where it takes over, so bounds are within one frame.
    assert np.all(np.abs(starts - [0, 4, 5]) <= 1)
    assert found.intervals[-1, 1] == 10


@given(small)
def test_paths_are_monotone_and_cover_every_frame_and_step(matrix):
    found = align(matrix)
    assert tuple(found.path[0]) == (0, 0)
    assert tuple(found.path[-1]) == (matrix.shape[0] - 1, matrix.shape[1] - 1)
    for (t, k), (u, j) in pairwise(found.path.tolist()):
        assert (u - t, j - k) in {(1, 1), (1, 0), (0, 1)}
    for k, (start, end) in enumerate(found.intervals.tolist()):
        frames = [t for t, j in found.path.tolist() if j == k]
        assert (start, end) == (min(frames), max(frames) + 1)


@pytest.mark.parametrize(
    ("matrix", "sentence"),
    [
        (np.zeros((0, 3)), "non-empty"),
        (np.zeros((3, 0)), "non-empty"),
        (np.zeros(3), r"not (3,)"),
        (np.array([[0.1, np.nan]]), "NaN"),
        (np.array([[0.1, np.inf]]), "infinity"),
        (np.array([[np.inf, -np.inf]]), "infinity"),
        ([["a"]], "The affinity must be numbers in rows of one length"),
        ([[1, 2], [3]], "The affinity must be numbers in rows of one length"),
        ([[1 + 2j]], "The affinity must be real numbers"),
    ],
)
def test_bad_affinities_are_refused_with_a_sentence(matrix, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        align(matrix)


def test_step_counts_must_match_the_columns():
    for aligning in (align_batch, align_scores):
        with pytest.raises(UsageError, match="add up to"):
            aligning(np.zeros((4, 5)), [2, 2])
        with pytest.raises(UsageError, match="at least 1"):
            aligning(np.zeros((4, 2)), [2, 0])
        with pytest.raises(UsageError, match="at least 1"):
            aligning(np.zeros((4, 2)), [])
        with pytest.raises(UsageError, match=r"non-empty .* not \(3,\)"):
            aligning(np.zeros(3), [3])
        with pytest.raises(UsageError, match=r"step counts are .*; give a list of whole numbers"):
            aligning(np.zeros((4, 3)), [1.5, 1.5])
        assert len(aligning(np.zeros((4, 3)), (count for count in (1, 2)))) == 2
    with pytest.raises(UsageError, match="'sum' or 'mean'"):
        align(np.zeros((2, 2)), objective="best")


@pytest.mark.parametrize("threads", [0, -1, 1.5])
def test_clips_are_shared_out_among_a_whole_number_of_threads(threads):
    with pytest.raises(UsageError, match=f"threads is {threads}; give a whole number of 1 or more"):
        align_scores_of_clips(np.ones((2, 3, 3)), [3], threads=threads)
