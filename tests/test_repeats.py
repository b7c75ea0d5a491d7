"""How often a clip performs a script: recurrences against every way to cut, planted counts."""

import math
import sys
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from actalign.alignment._kernels.repeats import best_passes, pass_sums, step_starts
from actalign.alignment._partial import PartialSums
from actalign.alignment._repeats import check_repeats, find_repetitions, frame_means
from actalign.errors import ArrayError, UsageError


def every_pass(values, least):
    """The sum of every way to give each step, in order, at least so many of all the frames."""
    frames, steps = values.shape
    for borders in combinations(range(1, frames), steps - 1):
        bounds = [0, *borders, frames]
        if all(b - a >= least for a, b in pairwise(bounds)):
            yield sum(values[a:b, k].sum() for k, (a, b) in enumerate(pairwise(bounds))), bounds


def every_plan(frames):
    """Every way to cut frames [0, frames) into passes (start, end) with rest between."""
    if frames == 0:
        yield ()
        return
    for plan in every_plan(frames - 1):
        yield plan
    for start in range(frames):
        for plan in every_plan(start):
            yield (*plan, (start, frames))


small = st.tuples(st.integers(1, 7), st.integers(1, 3)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(-3, 3, width=16))
)


@settings(max_examples=60)
@given(values=small, least=st.integers(1, 3), longest=st.integers(1, 7))
def test_a_pass_over_any_part_is_the_best_of_all(values, least, longest):
    sums = pass_sums(values, least, longest)
    assert sums.shape == (len(values), longest + 1)
    for start in range(len(values)):
        for length in range(longest + 1):
            part = values[start : start + length]
            whole = start + length <= len(values) and length > 0
            slow = max((total for total, _ in every_pass(part, least)), default=-math.inf)
            assert sums[start, length] == pytest.approx(slow if whole else -math.inf, abs=1e-9)


@settings(max_examples=60)
@given(values=small, least=st.integers(1, 2), count=st.integers(0, 3), data=st.data())
def test_the_passes_are_the_best_of_all_plans(values, least, count, data):
    frames = len(values)
    cost = data.draw(arrays(np.float64, frames + 1, elements=st.floats(0, 3, width=16)))
    sums = pass_sums(values, least, frames)
    none = np.full(frames + 1, -math.inf)
    total, cuts = best_passes(sums, cost, none, none, count)

    def worth(plan):
        return sum(sums[a, b - a] - cost[b - a] for a, b in plan)

    plans = [plan for plan in every_plan(frames) if count in (0, len(plan))]
    slow = max((worth(plan) for plan in plans), default=-math.inf)
    assert total == pytest.approx(slow, abs=1e-9)
    if slow > -math.inf:
        assert worth([tuple(cut) for cut in cuts.tolist()]) == pytest.approx(slow, abs=1e-9)
        assert count in (0, len(cuts))


@settings(max_examples=60)
@given(values=small, least=st.integers(1, 3))
def test_the_steps_of_a_pass_are_the_best_cut(values, least):
    slow = max(every_pass(values, least), default=None)
    if slow is None:
        return
    bounds = [*step_starts(values, least).tolist(), len(values)]
    assert bounds[0] == 0
    assert all(b - a >= least for a, b in pairwise(bounds))
    found = sum(values[a:b, k].sum() for k, (a, b) in enumerate(pairwise(bounds)))
    assert found == pytest.approx(slow[0], abs=1e-9)


def planted(rng, lengths, steps=4, *, pauses=(), noise=0.5):
    """A (T, K) fit at 10 frames a second and the true (N, K + 1) seconds; a pause is (repetition
    it comes before, frames)."""
    columns, true, now = [], [], 0
    for n, length in enumerate(lengths):
        for frames in (frames for before, frames in pauses if before == n):
            columns += [-1] * frames
            now += frames
        begins = [round(length * k / steps) for k in range(steps + 1)]
        columns += [k for k, (a, b) in enumerate(pairwise(begins)) for _ in range(a, b)]
        true.append([(now + begin) / 10 for begin in begins])
        now += length
    fit = np.array([[float(k == column) for k in range(steps)] for column in columns])
    return fit + rng.normal(0, noise, fit.shape), np.arange(len(fit) + 1) / 10, np.array(true)


@pytest.mark.parametrize("count", range(1, 9))
def test_planted_repetitions_are_counted_and_timed(count):
    rng = np.random.default_rng(count)
    lengths = [int(25 * math.exp(rng.normal(0, 0.25))) for _ in range(count)]
    pauses = [(int(n), int(rng.integers(10, 20))) for n in range(1, count) if rng.random() < 0.3]
    fit, edges, true = planted(rng, lengths, pauses=pauses)
    found = find_repetitions(fit, edges)
    assert found.shape == true.shape
    assert np.abs(found - true).mean() < 0.15
    assert (np.diff(found.ravel()) >= 0).all()


def test_a_pause_belongs_to_no_repetition():
    fit, edges, true = planted(np.random.default_rng(0), [24, 24], pauses=[(1, 30)], noise=0.2)
    found = find_repetitions(fit, edges)
    assert found[0, -1] == pytest.approx(true[0, -1], abs=0.31)
    assert found[1, 0] == pytest.approx(true[1, 0], abs=0.31)


@pytest.mark.parametrize(("frames", "cut"), [(3, (2.55, 2.55)), (8, (2.4, 3.2))])
def test_a_gap_below_half_a_second_is_divided_between_its_neighbours(frames, cut):
    fit, edges, true = planted(np.random.default_rng(0), [24, 24], pauses=[(1, frames)], noise=0.1)
    true[0, -1], true[1, 0] = cut
    np.testing.assert_allclose(find_repetitions(fit, edges), true, atol=1e-6)


def test_a_clip_that_begins_later_in_its_file_has_the_same_repetitions():
    fit, edges, _ = planted(np.random.default_rng(0), [24, 20, 26], pauses=[(1, 8)], noise=0.2)
    found = find_repetitions(fit, edges)
    np.testing.assert_allclose(find_repetitions(fit, edges + 40), found + 40, atol=1e-6)


def test_the_frame_rate_and_the_scale_of_the_fit_change_no_count():
    fit, edges, true = planted(np.random.default_rng(1), [20, 30, 26, 22, 28], noise=0.4)
    slow, fast = fit.reshape(-1, 2, 4).mean(axis=1), np.repeat(fit, 3, axis=0)
    for other, at in (
        (fit * 100 - 7, edges),
        (slow, edges[::2]),
        (fast, np.arange(len(fast) + 1) / 30),
    ):
        assert np.abs(find_repetitions(other, at) - true).mean() < 0.2


def test_a_held_posture_is_not_repeated():
    rng = np.random.default_rng(2)
    for _ in range(20):
        tremble = rng.normal(0, 0.1, (80, 4))
        assert len(find_repetitions(tremble, np.arange(81) / 10)) <= 1


def test_two_are_found_only_where_they_are_worth_clearly_more_than_one():
    """Long steps, then weak and short signs of the same: no second repetition (seeds with 2 without
    that rule)."""
    columns = np.repeat([0, 1, 2, 0, 1, 2], [10, 10, 10, 4, 4, 4])
    clear = np.repeat([1.0, 0.6], [30, 12])[:, None] * (columns[:, None] == np.arange(3))
    for seed in (1, 4, 5):
        fit = clear + np.random.default_rng(seed).normal(0, 0.2, clear.shape)
        assert len(find_repetitions(fit, np.arange(43) / 10)) == 1


def test_a_known_count_is_obeyed():
    fit, edges, true = planted(np.random.default_rng(3), [20, 24, 22, 26], noise=0.4)
    for count in (1, 2, 4, 6):
        found = find_repetitions(fit, edges, count=count)
        assert found.shape == (count, 5)
        assert (np.diff(found.ravel()) >= 0).all()
    assert np.abs(find_repetitions(fit, edges, count=4) - true).mean() < 0.15


def test_a_known_count_is_obeyed_where_frames_are_far_apart():
    """One frame a step takes longer than a repetition usually may."""
    columns = np.tile([0, 1, 2, 3], 6)
    fit = (columns[:, None] == np.arange(4)) + np.random.default_rng(0).normal(0, 0.1, (24, 4))
    edges = np.arange(25) * 10.0
    each = [edges[4 * n : 4 * n + 5] for n in range(6)]
    np.testing.assert_allclose(find_repetitions(fit, edges, count=6), each)
    assert find_repetitions(fit, edges, count=2).shape == (2, 5)
    with pytest.raises(UsageError, match=r"7 repetitions of 4 steps don't fit .* 24 frames"):
        find_repetitions(fit, edges, count=7)


def test_frames_in_which_nothing_was_seen_decide_nothing():
    fit, edges, true = planted(np.random.default_rng(4), [24, 24, 24], noise=0.2)
    seen = np.ones(len(fit), bool)
    seen[30:33] = False
    fit[~seen] = 50.0
    found = find_repetitions(fit, edges, seen=seen)
    assert np.abs(found - true).mean() < 0.2
    assert find_repetitions(fit, edges, seen=np.zeros(len(fit), bool)).shape == (0, 5)


@pytest.mark.parametrize("end", [1e12, 1e300])
def test_a_gap_of_years_between_frames_takes_no_memory(end):
    """As a damaged file may say."""
    fit = np.random.default_rng(0).normal(size=(6, 2))
    assert len(find_repetitions(fit, [0, 1, 2, 3, 4, 5, end])) <= 1
    assert find_repetitions(fit, [0, 1, 2, 3, 4, 5, end], count=1).shape[1] == 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (3, 4), (40, 1)])
def test_what_cannot_repeat_has_no_repetition(shape):
    fit = np.random.default_rng(5).normal(size=shape)
    assert find_repetitions(fit, np.arange(len(fit) + 1) / 10).shape == (0, shape[1] + 1)
    assert find_repetitions(fit, np.zeros(len(fit) + 1)).shape == (0, shape[1] + 1)


def test_what_is_wrong_is_refused():
    good = np.zeros((20, 2))
    with pytest.raises(ArrayError, match="NaN or infinity"):
        find_repetitions(np.where(np.arange(2) == 1, np.nan, good), np.arange(21) / 10)
    with pytest.raises(ArrayError, match=r"must be \(T, K\) with \(T \+ 1,\) edges"):
        find_repetitions(good, np.arange(20) / 10)
    with pytest.raises(UsageError, match=r"6 repetitions of 2 steps don't fit into the 2\.0 s"):
        find_repetitions(good, np.arange(21) / 10, count=6)
    for count in (0, -1, 1.5):
        with pytest.raises(UsageError, match=f"count is {count}; give a whole number of 1 or more"):
            find_repetitions(good, np.arange(21) / 10, count=count)
    with pytest.raises(ArrayError, match="seen must say of each of the 20 frames"):
        find_repetitions(good, np.arange(21) / 10, seen=[True])
    with pytest.raises(ArrayError, match="edges must be finite seconds that never decrease"):
        find_repetitions(good, np.arange(21)[::-1])
    with pytest.raises(ArrayError, match="edges must be finite seconds that never decrease"):
        find_repetitions(good, [*range(20), np.inf])
    for wrong in ("never", "0", "-1", 0, "1.5", 2.7, 2.0, True):
        with pytest.raises(UsageError, match="give no, auto, partial, or a number"):
            check_repeats(wrong)
    several = ("no", "auto", "partial", "3", 4, np.int64(5))
    assert [check_repeats(one) for one in several] == ["no", "auto", "partial", 3, 4, 5]


def test_the_rendered_repetitions_are_what_is_said():
    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "mini_atlas"))
    from actions import ACTIONS
    from render_repeats import ask, performance

    tasks = [ask(0, number) for number in range(21)]
    assert sorted(task.count for task in tasks) == sorted([*range(2, 9)] * 3)
    assert len({task.id for task in tasks}) == 21
    for task in tasks[:7]:
        shown, repetitions = performance(0, task)
        assert len(repetitions) == task.count
        steps = ACTIONS[task.domain][task.labels[task.answer]]
        assert {len(one) for one in repetitions} == {len(steps)}
        edges = np.array(repetitions).reshape(-1)
        assert (np.diff(edges) >= 0).all()
        assert 0 <= edges[0] < edges[-1] <= shown.times[-1] + 0.2


def test_the_mean_over_a_steps_frames_has_one_frame_at_least():
    values = np.arange(8.0).reshape(4, 2)
    edges = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    cuts = np.array([[0.0, 2.0, 2.4], [2.4, 3.0, 4.0]])
    np.testing.assert_allclose(frame_means(values, edges, cuts), [[1.0, 5.0], [4.0, 7.0]])


def every_plan_with_parts(values, least, longest, costs, count):
    """What the best plan is worth whose first repetition may miss first steps, and whose last may
    miss last ones, with the pass it consists of: (start, end, first step, last step)."""
    frames, steps = values.shape
    best = (-math.inf, ())
    for plan in every_plan(frames):
        if count not in (0, len(plan)) or any(b - a > longest for a, b in plan):
            continue
        worth, chosen = 0.0, []
        for a, b in plan:
            options = [
                (total - costs[int(j - k == steps), b - a], (a, b, k, j))
                for k in range(steps if a == 0 else 1)
                for j in range(k + 1 if b == frames else steps, steps + 1)
                for total, _ in every_pass(values[a:b, k:j], least)
            ]
            value, which = max(options, key=lambda one: one[0], default=(-math.inf, None))
            worth += value
            chosen.append(which)
        best = max(best, (worth, tuple(chosen)), key=lambda one: one[0])
    return best


@settings(max_examples=40)
@given(
    values=small, least=st.integers(1, 2), longest=st.integers(2, 7), count=st.integers(0, 3),
    data=st.data(),
)  # fmt: skip
def test_partial_repetitions_are_the_best_of_all_segmentations(values, least, longest, count, data):
    frames, steps = values.shape
    longest = min(longest, frames)
    shape = (2, longest + 1)  # of partial ones, of whole ones
    costs = data.draw(arrays(np.float64, shape, elements=st.floats(0, 3, width=16)))
    slow, _ = every_plan_with_parts(values, least, longest, costs, count)
    sums, cut = pass_sums(values, least, longest), PartialSums(values, least, longest)
    total, found = best_passes(sums, costs[1], *cut.worth(costs[0]), count)
    assert total == pytest.approx(slow, abs=1e-9)
    if slow == -math.inf:
        return
    worth = 0.0
    for start, end in found.tolist():
        whole = sums[start, end - start] - costs[1, end - start]
        first, last = cut.steps_of(start, end, whole, costs[0])
        assert first == 0 or start == 0
        assert last == steps or end == frames
        ways = every_pass(values[start:end, first:last], least)
        worth += max(total for total, _ in ways) - costs[int(last - first == steps), end - start]
    assert worth == pytest.approx(slow, abs=1e-9)


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (9, 0), (0, 14), (9, 14), (20, 5)])
def test_a_clip_cut_inside_a_repetition_has_the_steps_that_are_left(begin, end):
    """Each step lasts 6 frames; the cut one's neighbours stay as they were."""
    fit, edges, true = planted(np.random.default_rng(6), [24] * 5, noise=0.3)
    frames = slice(begin, len(fit) - end)
    found = find_repetitions(fit[frames], edges[begin : len(edges) - end], partial=True)
    assert found.shape == true.shape
    gone = np.isnan(found)
    assert gone[0, :4].tolist() == [k < begin // 6 for k in range(4)]
    assert gone[-1, :4].tolist() == [k >= 4 - end // 6 for k in range(4)]
    assert not gone[1:-1].any()
    clipped = np.clip(true, begin / 10, (len(fit) - end) / 10)
    assert np.abs(found - clipped)[~gone].max() < 0.25
    whole = find_repetitions(fit[frames], edges[begin : len(edges) - end])
    assert not np.isnan(whole).any()


def test_a_clip_inside_a_single_repetition_has_the_steps_between():
    """Steps last 1.5 s each, and the clip shows a second each of the two in the middle."""
    fit, edges, _ = planted(np.random.default_rng(0), [60], noise=0.1)
    [found] = find_repetitions(fit[20:40], edges[20:41], partial=True)
    np.testing.assert_allclose(found, [np.nan, 2, 3, np.nan, 4], atol=1e-6)


def test_partial_repetitions_have_no_given_number():
    with pytest.raises(UsageError, match="can't be looked for if their number is given"):
        find_repetitions(np.zeros((40, 2)), np.arange(41) / 10, count=2, partial=True)


def test_a_step_that_is_not_there_has_no_mean():
    values, edges = np.arange(8.0).reshape(4, 2), np.arange(5.0)
    cuts = np.array([[np.nan, 0.0, 1.0], [1.0, np.nan, 4.0]])
    np.testing.assert_allclose(frame_means(values, edges, cuts), [[np.nan, 1.0], [4.0, np.nan]])
