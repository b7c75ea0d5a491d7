"""Metrics against values worked out by hand, published tables, and brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actalign.errors import UsageError
from actalign.evaluation._calibration import (
    expected_calibration_error,
    reliability,
    risk_coverage,
    threshold_for,
)
from actalign.evaluation._detection import Event, average_precision, mean_average_precision
from actalign.evaluation._metrics import (
    bootstrap,
    confusion,
    expected_chance,
    macro_accuracy,
    mcnemar,
    paired_bootstrap,
    per_class,
    rank_of_answer,
    rate,
    temporal_iou,
    top_k,
    wilson_interval,
)
from actalign.evaluation._segmentation import (
    Counts,
    edit_score,
    frame_accuracy,
    mean_step_iou,
    segment_counts,
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


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1))
def test_macro_accuracy_and_confusion_are_sums_over_the_pairs(pairs):
    targets, answers = ([pair[n] for pair in pairs] for n in range(2))
    counted = {
        (t, a): sum(pair == (t, a) for pair in pairs) for t in set(targets) for a in set(answers)
    }
    assert confusion(targets, answers) == {pair: n for pair, n in counted.items() if n}
    shares = [
        sum(pair == (t, t) for pair in pairs) / sum(pair[0] == t for pair in pairs)
        for t in set(targets)
    ]
    assert macro_accuracy(targets, answers) == pytest.approx(sum(shares) / len(shares))
    rates = per_class(targets, answers)
    assert {label: rates[label].total for label in rates} == {t: targets.count(t) for t in rates}
    assert (rates["a"].low if "a" in rates else 0) >= 0


def test_macro_accuracy_is_the_balanced_accuracy_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    targets, answers = (rng.choice(list("abcde"), 60).tolist() for _ in range(2))
    expected = metrics.balanced_accuracy_score(targets, answers)
    assert macro_accuracy(targets, answers) == pytest.approx(expected)
    table = metrics.confusion_matrix(targets, answers, labels=list("abcde"))
    for (target, answer), n in confusion(targets, answers).items():
        assert table["abcde".index(target), "abcde".index(answer)] == n


def test_a_bootstrap_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(1).normal(3, 2, 400)
    low, high = bootstrap(lambda items: float(values[items].mean()), 400, resamples=2000)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)
    assert bootstrap(lambda items: float(values[items].mean()), 1) == (values[0], values[0])
    with pytest.raises(UsageError, match="no item"):
        bootstrap(lambda items: 0.0, 0)


CONFIDENCES = st.lists(
    st.tuples(st.sampled_from([0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.99, 1.0]), st.booleans()),
    min_size=1,
)


@given(CONFIDENCES)
def test_the_calibration_error_is_the_sum_over_bins(pairs):
    """Guo et al.'s formula, item by item."""
    total = 0.0
    for number in range(10):
        inside = [(c, r) for c, r in pairs if number == min(9, math.floor(c * 10 + 1e-9))]
        if inside:
            gap = sum(r for _, r in inside) - sum(c for c, _ in inside)
            total += abs(gap) / len(pairs)
    confidences, right = zip(*pairs, strict=True)
    assert expected_calibration_error(confidences, right) == pytest.approx(total)
    bins = reliability(confidences, right)
    assert sum(one.count for one in bins) == len(pairs)
    assert all(one.low < one.confidence + 1e-9 < one.high + 2e-9 < one.low + 0.11 for one in bins)


@given(CONFIDENCES)
def test_risk_at_a_coverage_is_the_error_of_the_surest(pairs):
    confidences, right = zip(*pairs, strict=True)
    curve = risk_coverage(confidences, right)
    thresholds = sorted(set(confidences), reverse=True)
    for threshold, coverage, risk in zip(thresholds, curve.coverage, curve.risk, strict=True):
        kept = [r for c, r in pairs if c >= threshold]
        assert coverage == pytest.approx(len(kept) / len(pairs))
        assert risk == pytest.approx(1 - sum(kept) / len(kept))
    risks = dict(zip(thresholds, curve.risk, strict=True))
    assert curve.area == pytest.approx(sum(risks[c] for c in confidences) / len(pairs))
    for wanted in (0.0, 0.3, 1.0):
        limit = threshold_for(confidences, right, risk=wanted)
        fits = [c for c in thresholds if risks[c] <= wanted]
        assert limit == (min(fits) if fits else None)


def test_confidences_outside_zero_to_one_are_refused():
    with pytest.raises(UsageError, match=r"outside \[0, 1\]"):
        expected_calibration_error([0.5, 1.5], [True, False])
    with pytest.raises(UsageError, match="for each answer"):
        risk_coverage([0.5], [True, False])
    with pytest.raises(UsageError, match="for each answer"):
        risk_coverage([], [])


def parts(*edges_and_labels):
    """(0, 2, "a"), ... from an end and a label each."""
    begin, found = 0.0, []
    for end, label in edges_and_labels:
        found.append((begin, float(end), label))
        begin = float(end)
    return found


LABELLED = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([None, 0, 1, 2])), min_size=1, max_size=6
)


def spread(pieces):
    """Parts from (length, label), and the label of each second."""
    ends = np.cumsum([length for length, _ in pieces])
    labels = [label for length, label in pieces for _ in range(length)]
    return parts(*zip(ends, [label for _, label in pieces], strict=True)), labels


@given(LABELLED, LABELLED)
def test_step_metrics_are_those_of_single_frames(predicted, true):
    """Each second is a frame: counted one by one, as the frame-wise definitions say."""
    (a, frames_a), (b, frames_b) = spread(predicted), spread(true)
    counted = [
        (frames_a[t] if t < len(frames_a) else None, label)
        for t, label in enumerate(frames_b)
        if label is not None
    ]
    if not counted:
        with pytest.raises(UsageError, match="needs one"):
            frame_accuracy(a, b)
        return
    hits = sum(mine == label for mine, label in counted)
    assert frame_accuracy(a, b) == pytest.approx(hits / len(counted))
    shares = []
    for label in {label for _, label in counted}:
        mine = {t for t, one in enumerate(frames_a) if one == label}
        theirs = {t for t, one in enumerate(frames_b) if one == label}
        shares.append(len(mine & theirs) / len(mine | theirs))
    assert mean_step_iou(a, b) == pytest.approx(sum(shares) / len(shares))
    assert edit_score(a, b) == pytest.approx(1 - edits(order(a), order(b)) / longer(a, b))
    assert edit_score(b, b) == 1
    for overlap in (0.1, 0.25, 0.5):
        counts = segment_counts(a, b, overlap)
        assert counts.found + counts.false == sum(label is not None for _, _, label in a)
        assert counts.found + counts.missed == sum(label is not None for _, _, label in b)
        assert segment_counts(b, b, overlap).missed >= 0


def order(pieces):
    labels = [label for _, _, label in pieces if label is not None]
    return [label for label, _ in itertools.groupby(labels)]


def longer(a, b):
    return max(len(order(a)), len(order(b)))


def edits(a, b):
    """Levenshtein's distance by its recursive definition."""
    if not a or not b:
        return len(a) + len(b)
    return min(edits(a[1:], b) + 1, edits(a, b[1:]) + 1, edits(a[1:], b[1:]) + (a[0] != b[0]))


def test_f1_at_overlaps_by_hand():
    true = parts((4, 0), (8, 1), (12, 0))
    predicted = parts((3, 0), (5, 1), (6, None), (7, 1), (12, 0))
    # The first 0 has IoU 3/4, the first 1 1/7 (4 to 5 of 3 to 8), the second 1/4, the last 4/5.
    assert segment_counts(predicted, true, 0.5) == Counts(2, 2, 1)
    assert segment_counts(predicted, true, 0.1) == Counts(3, 1, 0)
    assert Counts(2, 2, 1).f1 == pytest.approx(2 * 2 / (4 + 2 + 1))
    assert segment_counts(predicted[::-1], true, 0.5) == Counts(2, 2, 1)
    assert (Counts(1, 0, 1) + Counts(2, 1, 2)).f1 == pytest.approx(6 / 10)
    assert Counts(0, 0, 0).f1 == 0


def event(start, end, score=0.0, video="v", label="a"):
    return Event(video, label, start, end, score)


def test_average_precision_by_hand():
    truth = [event(0, 10), event(20, 30), event(0, 10, video="w")]
    found = [
        event(0, 9, 0.9),  # right
        event(1, 10, 0.8),  # the same again: wrong
        event(21, 30, 0.7),  # right
        event(50, 60, 0.6, video="w"),  # wrong
    ]
    # Precision 1/1 at recall 1/3, and 2/3 at recall 2/3; the third is never found.
    assert average_precision(found, truth, 0.5) == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision(found, truth, 0.95) == 0
    assert average_precision([], truth, 0.5) == 0
    with pytest.raises(UsageError, match="no true event"):
        average_precision(found, [], 0.5)
    both = mean_average_precision(found, [*truth, event(0, 1, label="b")], (0.5,))
    assert both == {0.5: pytest.approx((1 + 2 / 3) / 3 / 2)}


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4)), max_size=6),
)
def test_average_precision_is_the_area_under_the_interpolated_curve(true, found):
    """Against the definition: at each recall level the best precision at it or beyond."""
    truth = [event(s, s + d) for s, d in true]
    detections = [event(s, s + d, score=-n) for n, (s, d) in enumerate(found)]
    left = list(range(len(truth)))
    hits = []
    for one in detections:
        overlaps = {
            n: temporal_iou((one.start, one.end), (truth[n].start, truth[n].end)) for n in left
        }
        best = max(overlaps, key=overlaps.get, default=None)
        hits.append(best is not None and overlaps[best] >= 0.5)
        if hits[-1]:
            left.remove(best)
    area = 0.0
    for level in range(1, sum(hits) + 1):
        precisions = [sum(hits[:k]) / k for k in range(1, len(hits) + 1) if sum(hits[:k]) >= level]
        area += max(precisions) / len(truth)
    assert average_precision(detections, truth, 0.5) == pytest.approx(area)
