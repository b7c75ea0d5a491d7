"""Where actions happen in a long video: recurrence, tail probability and suppression."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from actalign import ClipEmbedding, Script, UsageError
from actalign.alignment._kernels.subsequence import best_cuts
from actalign.alignment._locate import Detection, Limits, locate, neg_log_tail, suppress
from actalign.alignment._similarity import cosine
from actalign.rows._warnings import asides, tag
from actalign.types import TextWarning


def slow_best(values, level, min_frames, max_frames, end):
    """Every cut that ends at frame `end`, tried one by one: (sum, score, starts) of the best."""
    steps = values.shape[1]
    best = None
    for lengths in product(range(min_frames, max_frames + 1), repeat=steps):
        start = end + 1 - sum(lengths)
        if start < 0:
            continue
        starts, parts, total = [], [], 0.0
        for k, length in enumerate(lengths):
            part = values[start : start + length, k]
            starts.append(start)
            parts.append(part.mean())
            total += (part - level).sum()
            start += length
        if best is None or total > best[0]:
            best = total, np.mean(parts), starts
    return best


@settings(max_examples=60)
@given(
    values=st.tuples(st.integers(1, 12), st.integers(1, 3)).flatmap(
        lambda shape: arrays(np.float64, shape, elements=st.floats(0, 8, width=32))
    ),
    level=st.floats(0, 4),
    min_frames=st.integers(1, 3),
    more=st.integers(0, 3),
)
def test_every_end_has_the_best_of_all_cuts(values, level, min_frames, more):
    max_frames = min_frames + more
    sums, scores, starts = best_cuts(values.astype(np.float32), level, min_frames, max_frames)
    for end in range(len(values)):
        slow = slow_best(values, level, min_frames, max_frames, end)
        if slow is None:
            assert sums[end] == scores[end] == -np.inf
            continue
        # The starts found must be a legal cut, as good as the best, and carry the stated score.
        bounds = [*starts[end].tolist(), end + 1]
        lengths = np.diff(bounds)
        assert ((lengths >= min_frames) & (lengths <= max_frames)).all()
        parts = [values[a:b, k] for k, (a, b) in enumerate(pairwise(bounds))]
        assert sum((part - level).sum() for part in parts) == pytest.approx(slow[0], abs=1e-4)
        assert sums[end] == pytest.approx(slow[0], abs=1e-4)
        assert scores[end] == pytest.approx(np.mean([p.mean() for p in parts]), abs=1e-5)


def test_the_state_does_not_grow_with_the_video():
    rng = np.random.default_rng(0)
    values = rng.exponential(size=(3000, 2)).astype(np.float32)
    _, whole, starts = best_cuts(values, 2.0, 2, 5)
    # No cut reaches further back than two steps of five frames.
    assert (np.arange(3000)[9:] - starts[9:, 0] < 10).all()
    _, tail, later = best_cuts(values[2000:], 2.0, 2, 5)
    assert np.allclose(whole[2009:], tail[9:])
    assert np.array_equal(starts[2009:], later[9:] + 2000)


@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.integers(-3, 3)
    ),
    st.data(),
)
def test_neg_log_tail_counts_the_frames_that_fit_as_well(matrix, data):
    seen = np.array(data.draw(st.lists(st.booleans(), min_size=len(matrix), max_size=len(matrix))))
    found = neg_log_tail(matrix, seen=seen)
    for t, k in np.ndindex(matrix.shape):
        if not seen[t]:
            assert found[t, k] == 0
        else:
            as_well = sum(matrix[u, k] >= matrix[t, k] for u in range(len(matrix)) if seen[u])
            assert found[t, k] == pytest.approx(-np.log(as_well / seen.sum()), abs=1e-6)


def iou(a, b):
    shared = min(a.end_seconds, b.end_seconds) - max(a.start_seconds, b.start_seconds)
    either = max(a.end_seconds, b.end_seconds) - min(a.start_seconds, b.start_seconds)
    return max(0.0, shared) / either


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 8), st.integers(0, 9)),
        max_size=12,
        unique=True,
    ),
    st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0]),
)
def test_suppression_keeps_what_no_better_kept_one_overlaps(spans, overlap):
    detections = [Detection("a", s, s + n, score, ()) for s, n, score in spans]
    kept = suppress(detections, overlap=overlap)
    for one in detections:
        better = [k for k in kept if k.score >= one.score and k != one]
        if one in kept:
            assert all(iou(one, k) <= overlap + 1e-9 for k in kept if k != one)
        else:
            assert any(iou(one, k) > overlap - 1e-9 for k in better)


def planted(steps_at, *, frames=600, width=8, seed=0):
    """Embeddings of noise in which unit vectors 0, 1, 2 are shown for a second each at 10 fps."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(frames, width)).astype(np.float32)
    for start, order in steps_at:
        for n, k in enumerate(order):
            rows[start + 10 * n : start + 10 * n + 10, k] += 8
    times = np.arange(frames) / 10
    return ClipEmbedding("long", rows, times, frames / 10, "made", "f")


STEPS = np.eye(3, 8, dtype=np.float32)
SCRIPT = Script("a", ("first", "second", "third"))


def test_planted_actions_are_found_and_their_reverse_is_not():
    clip = planted([(100, (0, 1, 2)), (300, (2, 1, 0)), (500, (0, 1, 2))])
    detections = locate(clip, clip.embeddings, [SCRIPT], [STEPS], threshold=3.0)
    assert [round(one.start_seconds) for one in detections] == [10, 50]
    for one in detections:
        assert one.end_seconds - one.start_seconds == pytest.approx(3.0, abs=0.4)
        assert [s.step for s in one.segments] == list(SCRIPT.steps)
        assert one.segments[0].end_seconds == one.segments[1].start_seconds


def test_of_two_scripts_the_one_in_the_right_order_stays():
    clip = planted([(100, (0, 1, 2)), (300, (2, 1, 0))])
    other = Script("b", ("third", "second", "first"))
    detections = locate(clip, clip.embeddings, [SCRIPT, other], [STEPS, STEPS[::-1]], threshold=3.0)
    assert [one.label for one in detections] == ["a", "b"]


def test_frames_in_which_nothing_was_seen_are_no_evidence():
    clip = planted([(100, (0, 1, 2))])
    rows = clip.embeddings.copy()
    rows[200:] = 0
    blank = ClipEmbedding("long", rows, clip.pts_seconds, clip.end_seconds, "made", "f")
    detections = locate(blank, rows, [SCRIPT], [STEPS], threshold=2.5)
    assert len(detections) == 1
    assert detections[0].end_seconds < 20
    every = locate(blank, rows, [SCRIPT], [STEPS], threshold=0)
    assert every
    assert max(one.start_seconds for one in every) < 20
    rows[:] = 0
    blank = ClipEmbedding("long", rows, clip.pts_seconds, clip.end_seconds, "made", "f")
    assert locate(blank, rows, [SCRIPT], [STEPS], threshold=0) == []


OTHER = Script("a", ("fourth", "fifth"))
OTHER_STEPS = np.eye(8, dtype=np.float32)[3:5]


def test_every_wording_of_a_label_is_looked_for_and_their_order_does_not_matter():
    clip = planted([(100, (0, 1, 2)), (300, (3, 4))])
    rows = clip.embeddings
    both = locate(clip, rows, [OTHER, SCRIPT], [OTHER_STEPS, STEPS], threshold=2.5)
    assert [one.steps for one in both] == [SCRIPT.steps, OTHER.steps]
    assert [round(one.start_seconds) for one in both] == [10, 30]
    turned = locate(clip, rows, [SCRIPT, OTHER], [STEPS, OTHER_STEPS], threshold=2.5)
    assert [(one.wording, one.wordings) for one in both] == [(2, 2), (1, 2)]
    assert [replace(one, wording=3 - one.wording) for one in turned] == both
    # Of W wordings with K steps each score is less log(W) / K; one that comes twice counts once.
    [alone] = locate(clip, rows, [SCRIPT], [STEPS], threshold=2.5)
    assert both[0].score == pytest.approx(alone.score - np.log(2) / 3)
    twice = locate(clip, rows, [SCRIPT, SCRIPT], [STEPS, STEPS], threshold=2.5)
    assert twice == [replace(alone, wordings=2)]


def test_of_wordings_that_fit_alike_the_same_is_found_in_any_order():
    clip = planted([(100, (0, 1, 2))])
    alike = Script("a", ("one", "two", "three"))
    for scripts in ([SCRIPT, alike], [alike, SCRIPT]):
        [found] = locate(clip, clip.embeddings, scripts, [STEPS, STEPS], threshold=2.5)
        assert found.steps == SCRIPT.steps


@pytest.mark.parametrize(
    ("fps", "seconds", "frames"),
    [
        (10, (0.4, 3), (4, 30)),
        (3, (0.4, 3), (1, 9)),
        (3, (0.1, 0.2), (1, 1)),
        (30, (0.1, 1), (3, 30)),
    ],
)
def test_a_step_lasts_its_least_to_its_longest_time_in_whole_frames(fps, seconds, frames):
    assert Limits(min_step=seconds[0], max_step=seconds[1]).frames(np.arange(99) / fps) == frames


def test_wordings_of_one_label_that_find_the_same_event_are_one_detection():
    clip = planted([(100, (0, 1, 2, 3))])
    rows = clip.embeddings
    long = Script("a", ("first", "second", "third", "fourth"))
    short = Script("a", ("third alone",))  # within the long one, of which it is a quarter
    texts = [np.eye(8, dtype=np.float32)[:4], STEPS[2:]]

    def inside(scripts):
        found = locate(clip, rows, scripts, texts[::-1], threshold=2.5)
        return {one.steps for one in found if 9 < one.start_seconds < one.end_seconds < 15}

    assert inside([Script("b", short.steps), long]) == {short.steps, long.steps}
    assert len(inside([short, long])) == 1


def test_more_wordings_find_no_more_in_noise():
    rng = np.random.default_rng(0)
    count = 6000
    rows = rng.normal(size=(count, 32)).astype(np.float32)
    for t in range(1, count):  # as frames that change slowly
        rows[t] = 0.8 * rows[t - 1] + 0.6 * rows[t]
    clip = ClipEmbedding("noise", rows, np.arange(count) / 5, count / 5, "made", "f")
    texts = list(rng.normal(size=(8, 4, 32)).astype(np.float32))
    scripts = [Script("a", tuple(f"{n} {k}" for k in range(4))) for n in range(8)]
    alone = [
        len(locate(clip, rows, [script], [steps], threshold=2.5))
        for script, steps in zip(scripts, texts, strict=True)
    ]
    assert min(alone) > 0
    together = locate(clip, rows, scripts, texts, threshold=2.5)
    assert len(together) <= 1.5 * np.mean(alone)


def test_what_a_step_says_of_anything_changes_nothing():
    clip = planted([(100, (0, 1, 2)), (300, (2, 1, 0))])
    cosines = cosine(clip.embeddings, STEPS)
    centred = (cosines - [0.1, -0.2, 0.3]) / [0.05, 0.3, 0.1]
    assert np.array_equal(neg_log_tail(centred), neg_log_tail(cosines))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"min_step": 0.0}, "shortest time above 0"),
        ({"min_step": 4.0}, "shortest time above 0"),
        ({"overlap": 1.5}, "overlap is 1.5"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"overlap": "0.5"}, "overlap is '0.5'; give a number"),
    ],
)
def test_limits_that_exclude_everything_are_refused(limits, message):
    clip = planted([])
    with pytest.raises(UsageError, match=message):
        locate(clip, clip.embeddings, [SCRIPT], [STEPS], **limits)


def test_a_row_of_a_detection_says_what_is_amiss_with_clip_and_texts():
    rows = np.ones((2, 2), np.float32)
    clip = ClipEmbedding("a", rows, np.arange(2.0), 2.0, "m", "f", warnings=("Dark.",))
    found = Detection("a", 0, 1, 4.0, ())
    row = found.to_row(clip, 1, text_warnings=[TextWarning("Odd.", "a step")])
    assert row["warnings"] == ["Dark."]
    assert row["text_warnings"] == [{"text": "a step", "warning": "Odd.", "unknown": False}]


def test_a_row_of_a_detection_counts_the_frames_and_people_of_its_own_time():
    rows = np.ones((60, 2), np.float32)
    rows[:40] = 0  # nobody is there for two thirds of the video
    looks = {"people_looks": "0:1 1:1", "people_seconds": "0:0;1:4"}
    clip = ClipEmbedding("a", rows, np.arange(60) / 10, 6.0, "m", "f", provenance=looks)
    row = Detection("jump", 4.0, 5.5, 4.0, ()).to_row(clip, 1)
    assert (row["frames"], row["neutral_frames"], row["people_looks"]) == (15, 0, {"1": 1})
    assert tag(row) == ""
    row = Detection("jump", 3.5, 5.5, 4.0, ()).to_row(clip, 2)
    assert tag(row) == "25% unseen"
    between = Detection("jump", 5.92, 5.95, 4.0, ()).to_row(clip, 3)  # of the frame at 5.9
    assert between["frames"] == 1


@pytest.mark.parametrize("end", [2.997, 3.002])
def test_a_detection_that_ends_at_a_cut_is_not_said_to_have_it_inside(end):
    rows, cut = np.ones((60, 2), np.float32), {"cuts_seconds": f"{end:.2f}"}
    clip = ClipEmbedding("a", rows, np.arange(60) / 10, 6.0, "m", "f", provenance=cut)
    assert asides(Detection("jump", 1.0, end, 4.0, ()).to_row(clip, 1)) == []
    assert asides(Detection("jump", 1.0, 3.1, 4.0, ()).to_row(clip, 1)) == ["cut at 0:00:03.0"]
