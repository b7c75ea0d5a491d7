"""Metrics against values worked out by hand, published tables, and brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actalign.errors import UsageError
from actalign.evaluation._metrics import (
    expected_chance,
    mcnemar,
    mean_temporal_iou,
    paired_bootstrap,
    rank_of_answer,
    rate,
    temporal_iou,
    top_k,
    wilson_interval,
)


def test_rank_counts_from_one_and_prefers_the_earlier_candidate_on_ties():
    assert rank_of_answer([0.1, 0.9, 0.5], 1) == 1
    assert rank_of_answer([0.1, 0.9, 0.5], 0) == 3
    assert [rank_of_answer([0.5, 0.5, 0.5], i) for i in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("answer", [-1, 3])
def test_an_answer_outside_the_candidates_is_refused(answer):
    with pytest.raises(UsageError, match="not an index"):
        rank_of_answer([0.1, 0.2, 0.3], answer)


def test_a_score_that_is_not_finite_is_refused():
    with pytest.raises(UsageError, match="unscored"):
        rank_of_answer([0.1, math.nan], 0)


def test_top_k_counts_ranks_up_to_k():
    ranks = [1, 2, 2, 3, 5]
    assert [top_k(ranks, k).hits for k in (1, 2, 3)] == [1, 3, 4]
    assert top_k(ranks, 3).value == pytest.approx(0.8)


def test_top_k_of_nothing_is_nan_not_zero():
    assert math.isnan(top_k([], 1).value)
    assert math.isnan(rate(0, 0).low)


def test_wilson_matches_the_textbook():
    # Newcombe, Statistics in Medicine 1998, table I: 81/263, 15/148, 0/20, 1/29 (method 3).
    for hits, total, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert wilson_interval(hits, total) == pytest.approx((low, high), abs=5e-5)


@given(total=st.integers(1, 500), data=st.data())
def test_wilson_holds_the_share_and_stays_in_the_unit_interval(total, data):
    hits = data.draw(st.integers(0, total))
    low, high = wilson_interval(hits, total)
    assert 0.0 <= low <= hits / total <= high <= 1.0
    mirrored = wilson_interval(total - hits, total)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize(("hits", "total"), [(-1, 5), (6, 5), (0, 0)])
def test_wilson_refuses_what_is_no_share(hits, total):
    with pytest.raises(UsageError, match="not a share"):
        wilson_interval(hits, total)


def test_expected_chance_is_the_mean_over_items_of_their_own_chance():
    assert expected_chance([4, 5]) == pytest.approx((1 / 4 + 1 / 5) / 2)
    assert expected_chance([2, 5], k=3) == pytest.approx((1 + 3 / 5) / 2)
    assert math.isnan(expected_chance([]))


def test_mcnemar_counts_discordant_pairs_and_matches_the_binomial():
    first = [True] * 9 + [False] + [True] * 20 + [False] * 5
    second = [False] * 9 + [True] + [True] * 20 + [False] * 5
    result = mcnemar(first, second)
    assert (result.only_first, result.only_second) == (9, 1)
    assert result.p_value == pytest.approx(2 * 11 / 1024)
    assert mcnemar([True, False], [True, False]).p_value == 1.0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_mcnemar_equals_enumeration_of_all_sign_flips(pairs):
    signs = [int(a) - int(b) for a, b in pairs if a != b]
    observed = abs(sum(signs))
    flips = [abs(sum(f)) >= observed for f in itertools.product([-1, 1], repeat=len(signs))]
    result = mcnemar([a for a, _ in pairs], [b for _, b in pairs])
    assert result.p_value == pytest.approx(sum(flips) / len(flips))


def test_mcnemar_stays_exact_on_many_items():
    # Normal approximation with continuity correction: z = (200 - 1) / sqrt(1000), p = 3.1e-10.
    result = mcnemar([True] * 600 + [False] * 400, [False] * 600 + [True] * 400)
    assert result.p_value == pytest.approx(3.1e-10, rel=0.2)


def test_bootstrap_is_reproducible_and_brackets_the_difference():
    rng = np.random.default_rng(1)
    first = rng.random(400) < 0.7
    second = rng.random(400) < 0.5
    result = paired_bootstrap(first, second)
    assert result == paired_bootstrap(first, second)
    assert result.value == pytest.approx(first.mean() - second.mean())
    # The normal approximation of a paired mean is near the percentile interval at n = 400.
    half = 1.96 * np.std(first.astype(float) - second) / math.sqrt(400)
    assert result.low == pytest.approx(result.value - half, abs=0.01)
    assert result.high == pytest.approx(result.value + half, abs=0.01)


def test_bootstrap_of_equal_scorers_is_zero():
    same = [True, False, True]
    result = paired_bootstrap(same, same, resamples=50)
    assert (result.value, result.low, result.high) == (0.0, 0.0, 0.0)


def test_paired_functions_refuse_unequal_lengths():
    with pytest.raises(UsageError, match="item by item"):
        mcnemar([True], [True, False])
    with pytest.raises(UsageError, match="item by item"):
        paired_bootstrap([1.0], [1.0, 0.0])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0.0, 2.0), (1.0, 3.0), 1 / 3),
        ((0.0, 1.0), (1.0, 2.0), 0.0),
        ((0.0, 4.0), (1.0, 2.0), 0.25),
        ((1.0, 2.0), (1.0, 2.0), 1.0),
        ((1.0, 1.0), (1.0, 1.0), 0.0),
    ],
)
def test_temporal_iou_by_hand(a, b, expected):
    assert temporal_iou(a, b) == pytest.approx(expected)
    assert temporal_iou(b, a) == pytest.approx(expected)


def test_temporal_iou_refuses_a_backward_interval():
    with pytest.raises(UsageError, match="ends before"):
        temporal_iou((2.0, 1.0), (0.0, 1.0))


def test_mean_iou_pairs_steps_by_index():
    assert mean_temporal_iou([(0, 1), (1, 2)], [(0, 1), (2, 3)]) == pytest.approx(0.5)
    with pytest.raises(UsageError, match="can't be compared"):
        mean_temporal_iou([(0, 1)], [(0, 1), (1, 2)])
