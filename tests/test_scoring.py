import itertools
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actalign.alignment._affinities import AFFINITIES, FIT, FLOOR, MOST_FIT, Affinity, Calibration
from actalign.alignment._kernels.runs import means_of_best
from actalign.alignment._paths import PATHS
from actalign.alignment._paths import Path as LaidPath
from actalign.alignment._rivals import Rivals
from actalign.alignment._scorers import SCORERS, Scorer, alignments, get_scorer
from actalign.alignment._similarity import cosine
from actalign.alignment._stages import AVERAGES, LABEL_VOTE
from actalign.alignment._texts import ONE_LOOK, Texts
from actalign.background import Background
from actalign.errors import ArrayError, UsageError

EYE = np.eye(6, dtype=np.float32)
BACKGROUND = Background(
    mean=np.linspace(-0.1, 0.2, 6, dtype=np.float32),
    covariance=np.diag(np.linspace(0.02, 0.1, 6)).astype(np.float32),
    count=100,
    model_id="m",
    fingerprint="f",
    source="made up",
)
BY = Calibration(logit_scale=float(np.log(10)), logit_bias=-5.0, background=BACKGROUND)


def performed(order, frames_each=5):
    """A clip that shows basis directions in the given order."""
    return np.repeat(EYE[list(order)], frames_each, axis=0)


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_gives_one_finite_score_a_candidate_and_finds_the_right_one(name):
    frames = performed([0, 1, 2])
    right, wrong = EYE[[0, 1, 2]], EYE[[3, 4, 5]]
    scores = SCORERS[name].score(frames, [wrong, right], BY)
    assert scores.shape == (2,)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    assert scores[1] > scores[0]


@pytest.mark.parametrize(
    ("name", "sees_order"),
    [
        ("dtw", True),
        ("dtw_steps", True),
        ("dtw_mean", True),
        ("competitive", True),
        ("centred+repeat+both", True),
        ("equal_split", True),
        ("cosine+segment+path", True),
        ("order_free", False),
        ("competitive_order_free", False),
        ("mean_pool", False),
    ],
)
def test_only_alignment_tells_orders_of_the_same_steps_apart(name, sees_order):
    frames = performed([0, 1, 2])
    scores = get_scorer(name).score(frames, [EYE[[2, 1, 0]], EYE[[0, 1, 2]]], BY)
    if sees_order:
        assert scores[1] > scores[0] + 0.1
    else:
        assert scores[1] == pytest.approx(scores[0], abs=1e-6)


def test_the_controls_score_the_true_order_lower_than_dtw_does():
    frames, steps = performed([0, 1, 2, 3]), [EYE[[0, 1, 2, 3]]]
    true = SCORERS["dtw"].score(frames, steps, BY)[0]
    assert SCORERS["dtw_reversed"].score(frames, steps, BY)[0] < true
    assert SCORERS["dtw_shuffled"].score(frames, steps, BY)[0] < true


COMPETING = ("competitive",)
"""The affinities by which a candidate's score is to depend on the other candidates."""


def test_a_candidates_score_does_not_depend_on_the_other_candidates():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(20, 6))
    steps = [rng.normal(size=(k, 6)) for k in (3, 1, 7)]
    for name, scorer in SCORERS.items():
        if name.endswith("_shuffled") or (
            scorer.stages and scorer.stages.affinity.name in COMPETING
        ):
            continue
        together = scorer.score(frames, steps, BY)
        alone = [scorer.score(frames, [s], BY)[0] for s in steps]
        np.testing.assert_allclose(together, alone, rtol=1e-6, err_msg=name)


def test_dtw_steps_is_the_geometric_mean_over_steps_of_their_affinity():
    rng = np.random.default_rng(3)
    frames, steps = rng.normal(size=(9, 6)), rng.normal(size=(3, 6))
    (found,) = SCORERS["dtw_steps"].align(frames, [steps], BY)
    v = frames / np.linalg.norm(frames, axis=1, keepdims=True)
    a = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    log = -np.log1p(np.exp(-(10 * v @ a.T - 5)))

    def paths(t, k):
        before = [(t - 1, k - 1), (t - 1, k), (t, k - 1)]
        ways = [p for c in before if min(c) >= 0 for p in paths(*c)]
        return [[*p, (t, k)] for p in ways] or [[(t, k)]]

    best = max(paths(8, 2), key=lambda path: sum(log[c] for c in path))
    means = [np.mean([log[t, k] for t, k in best if k == step]) for step in range(3)]
    assert [tuple(cell) for cell in found.path.tolist()] == best
    assert found.score == pytest.approx(np.exp(np.mean(means)), rel=1e-5)
    np.testing.assert_allclose(found.affinity, np.exp(log), rtol=1e-4)
    assert SCORERS["dtw_steps"].score(frames, [steps], BY)[0] == found.score


def test_dtw_steps_refuses_a_script_of_which_one_step_fits_and_the_rest_never_happens():
    frames = performed([0, 0, 0, 0, 0, 1])
    mostly_idle, shown = EYE[[0, 3]], EYE[[0, 1]]
    long_wait = np.concatenate([EYE[[0]] * 0.6 + EYE[[2]] * 0.8, EYE[[1]]])
    scores = SCORERS["dtw_steps"].score(frames, [mostly_idle, long_wait, shown], BY)
    assert scores.argmax() == 2
    assert scores[1] > scores[0]
    assert SCORERS["dtw"].score(frames, [mostly_idle, long_wait], BY).argmax() == 0


def test_without_sigmoid_the_affinity_is_the_cosine():
    raw = Calibration(BY.logit_scale, None)
    found = alignments(performed([0, 1]), [EYE[[0, 1]]], raw)[0]
    assert set(np.unique(found.affinity)) == {0.0, 1.0}
    # The diagonal step at the change saves the zero cell, so the mean is exactly 1.
    assert found.score == 1.0


def test_a_bias_without_a_scale_is_refused():
    with pytest.raises(UsageError, match="a logit_bias needs a logit_scale"):
        Calibration(None, BY.logit_bias)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def slow_centred(frames, steps):
    """Cell by cell, as docs/method.md writes it."""
    found = np.zeros((len(frames), len(steps)))
    for t, k in itertools.product(range(len(frames)), range(len(steps))):
        v, a = frames[t], steps[k] / np.linalg.norm(steps[k])
        if v.any():
            mean, variance = a @ BACKGROUND.mean, a @ BACKGROUND.covariance @ a
            found[t, k] = (v @ a / np.linalg.norm(v) - mean) / np.sqrt(variance)
    return found


def example(seed=4, frames=9, sizes=(3, 1, 4)):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(frames, 6))
    rows[2] = 0  # a neutral frame
    return rows, [rng.normal(size=(k, 6)) for k in sizes]


def test_centred_and_competitive_are_their_formulas():
    frames, candidates = example()
    z = slow_centred(frames, np.concatenate(candidates))
    z[:, 3] *= ONE_LOOK  # the second script has one step
    found = AFFINITIES["centred"].of(frames, candidates, BY)
    np.testing.assert_allclose(found, z, atol=2e-5)
    assert not found[2].any()
    share = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    expected = np.log(share + FLOOR) + FIT * np.clip(z, -MOST_FIT, MOST_FIT)
    competitive = AFFINITIES["competitive"]
    np.testing.assert_allclose(competitive.of(frames, candidates, BY), expected, atol=1e-4)
    texts = Texts.of(candidates, BACKGROUND)
    shown = competitive.shown(competitive.measure(frames, texts, BY), texts, BY)
    np.testing.assert_allclose(shown, share, atol=1e-4)


@pytest.mark.parametrize("best", range(7))
def test_a_step_that_fits_far_better_than_all_others_has_the_whole_frame(best):
    values = np.zeros((1, 7), np.float32)
    values[0, best] = 100  # its exponential is no float32
    texts = Texts.of(list(np.random.default_rng(0).normal(size=(7, 1, 6))), BACKGROUND)
    expected = np.log((values > 0) + FLOOR) + FIT * np.clip(values, -MOST_FIT, MOST_FIT)
    found = AFFINITIES["competitive"].fits(values, texts, BY)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_text_of_several_steps_competes_once():
    frames, (first, *_) = example()
    alone = AFFINITIES["competitive"].of(frames, [first], BY)
    again = AFFINITIES["competitive"].of(frames, [first, first[::-1], first[:2]], BY)
    np.testing.assert_allclose(again[:, :3], alone, atol=1e-5)
    np.testing.assert_allclose(again[:, 3:], alone[:, [2, 1, 0, 0, 1]], atol=1e-5)


def test_one_step_is_believed_less_beside_longer_scripts_and_alike_among_its_like():
    frames, (first, *_) = example()
    mixed = AFFINITIES["centred"].of(frames, [first, first[:1]], BY)
    np.testing.assert_allclose(mixed[:, 3], ONE_LOOK * mixed[:, 0], atol=1e-5)
    singles = AFFINITIES["centred"].of(frames, [first[:1], first[1:2]], BY)
    np.testing.assert_allclose(singles, mixed[:, :2], atol=1e-5)


def test_no_share_is_above_1_where_a_label_alone_is_also_a_step_of_a_script():
    candidates = [EYE[:1], EYE[:2]]  # the label's z is held back, so its sum is less
    frames = np.repeat(EYE[:1], 8, axis=0)
    shown = SCORERS["competitive"].align(frames, candidates, BY)[1].affinity
    assert 0.9 < shown[:, 0].max() <= 1


def test_statistics_of_a_text_are_those_of_its_cosines_on_the_background():
    rng = np.random.default_rng(8)
    frames = unit(rng.normal(size=(400, 6)) + EYE[0])
    mean = frames.mean(axis=0)
    background = Background(
        mean.astype(np.float32), np.cov(frames.T, bias=True).astype(np.float32), 400, "m", "f", "x"
    )
    texts = rng.normal(size=(5, 6)) * 3
    cosines = frames @ unit(texts).T
    means, deviations = background.statistics(texts)
    np.testing.assert_allclose(means, cosines.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(deviations, cosines.std(axis=0), atol=1e-5)


def all_paths(frames, steps, *, runs):
    """Every path from the first cell to the last one."""

    def paths(t, k):
        before = [(t - 1, k - 1), (t - 1, k)] + ([] if runs else [(t, k - 1)])
        ways = [p for c in before if min(c) >= 0 for p in paths(*c)]
        return [[*p, (t, k)] for p in ways] or ([[(t, k)]] if (t, k) == (0, 0) else [])

    return paths(frames - 1, steps - 1)


def is_long_enough(way, least):
    return all(sum(k == step for _, k in way) >= least for step in {k for _, k in way})


@pytest.mark.parametrize(
    ("path", "seconds", "least"),
    [
        ("dtw", None, 1), ("segment", None, 1), ("segment", 0.2, 2), ("repeat", 0.2, 2),
        ("relaxed", 0.2, 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("average", AVERAGES)
def test_a_scorer_of_parts_is_its_average_on_the_best_of_all_paths(path, seconds, least, average):
    frames, candidates = example(frames=9, sizes=(3, 1, 2))
    scorer = get_scorer(f"centred+{path}+{average}")
    by = replace(BY, frame_seconds=seconds)
    z = AFFINITIES["centred"].of(frames, candidates, by).astype(np.float64)
    if path != "dtw":
        z = z[frames.any(axis=1)]  # a frame that shows nothing does not count
    expected = []
    for matrix in np.split(z, np.cumsum([len(c) for c in candidates])[:-1], axis=1):
        scores = []
        several = path in ("repeat", "relaxed") and matrix.shape[1] > 1
        for passes in range(1, 4 if several else 2):
            table = np.tile(matrix, (1, passes))
            ways = all_paths(*table.shape, runs=path != "dtw")
            ways = [way for way in ways if is_long_enough(way, least)]
            if not ways:
                continue
            best = max(ways, key=lambda way: sum(table[c] for c in way))
            cells = np.mean([table[c] for c in best])
            steps = np.mean(
                [np.mean([table[c] for c in best if c[1] == k]) for k in range(table.shape[1])]
            )
            if path == "relaxed":
                cells = (cells + matrix.max(axis=1).mean()) / 2
                best_fifth = np.sort(matrix, axis=0)[-max(1, round(len(matrix) / 5)) :]
                steps = (steps + best_fifth.mean()) / 2
            weights = {"path": (1, 0), "steps": (0, 1), "both": (1, 1), "steps_four_times": (1, 4)}
            scores.append(np.dot(weights[average], (cells, steps)))
        expected.append(max(scores))
    np.testing.assert_allclose(scorer.score(frames, candidates, by), expected, rtol=1e-5)
    aligned = scorer.align(frames, candidates, by)
    np.testing.assert_allclose([a.score for a in aligned], expected, rtol=1e-5)


def test_a_segmentation_gives_each_frame_one_step_of_its_least_time():
    frames, candidates = example(frames=9)
    scorer = get_scorer("cosine+segment+path")
    for seconds, least in ((None, 1), (0.2, 2), (0.1, 2)):  # 4 of 0.1 s don't fit four times
        by = replace(BY, frame_seconds=seconds)
        found = scorer.align(frames, candidates, by)[2]
        assert found.path[:, 0].tolist() == list(range(9))
        counts = np.bincount(found.path[frames.any(axis=1), 1])
        assert len(counts) == 4
        assert counts.min() >= least
    # With more steps than frames each still has its cell.
    for frame_count in (1, 2, 3):
        for found, steps in zip(
            scorer.align(frames[:frame_count], candidates, BY), candidates, strict=True
        ):
            assert set(found.path[:, 1].tolist()) == set(range(len(steps)))
            assert set(found.path[:, 0].tolist()) == set(range(frame_count))


def test_a_script_that_is_performed_three_times_is_recognised_by_repeat():
    frames = performed([0, 1, 2] * 3, 4)
    candidates = [EYE[[0, 1, 2]], EYE[[0, 2, 1]]]
    once = get_scorer("cosine+segment+path").score(frames, candidates, BY)
    thrice = get_scorer("cosine+repeat+path").score(frames, candidates, BY)
    assert thrice[0] == pytest.approx(1)
    assert thrice[0] > once[0] + 0.2
    assert thrice[0] > thrice[1] + 0.1


def test_equal_split_aligns_nothing():
    frames, steps = performed([0, 1, 2], 4), EYE[[0, 1, 2]]
    (found,) = get_scorer("equal_split").align(frames, [steps], BY)
    assert found.intervals.tolist() == [[0, 4], [4, 8], [8, 12]]
    (early,) = get_scorer("equal_split").align(performed([0, 0, 0, 0, 1, 2], 2), [steps], BY)
    assert early.intervals.tolist() == [[0, 4], [4, 8], [8, 12]]
    (short,) = get_scorer("equal_split").align(frames[:2], [EYE[:5]], BY)
    assert [tuple(cell) for cell in short.path.tolist()] == [(0, 0), (0, 1), (0, 2), (1, 3), (1, 4)]


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("path", ["segment", "repeat"])
def test_more_steps_than_frames_are_spread_evenly(path, average):
    rng = np.random.default_rng(0)
    frames, steps = rng.normal(size=(3, 6)), rng.normal(size=(7, 6))
    [found] = get_scorer(f"cosine+{path}+{average}").own_alignments(frames, [steps], BY)
    assert found.path.tolist() == [[k * 3 // 7, k] for k in range(7)]
    mean = np.mean([cosine(frames, steps)[t, k] for t, k in found.path])
    times = {"both": 2, "steps_four_times": 5}.get(average, 1)
    assert found.score == pytest.approx(mean * times, abs=1e-6)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("affinity", AFFINITIES)
def test_any_affinity_goes_with_any_path(affinity, path):
    frames, candidates = example()
    scorer = get_scorer(f"{affinity}+{path}+both")
    scores = scorer.score(frames, candidates, BY)
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()
    prepared = Texts.of(candidates, BACKGROUND)
    np.testing.assert_allclose(scorer.score(frames, prepared, BY), scores, rtol=1e-6)
    if scorer.align:
        for found, score in zip(scorer.own_alignments(frames, candidates, BY), scores, strict=True):
            assert found.score == pytest.approx(score, rel=1e-5)


@pytest.mark.parametrize("path", [name for name, path in PATHS.items() if path.align])
@pytest.mark.parametrize("affinity", AFFINITIES)
@pytest.mark.parametrize("labels", [(), (0, 1, 0)])
def test_some_candidates_are_aligned_as_all_are(affinity, path, labels):
    frames, candidates = example()
    texts = Texts.of(candidates, BACKGROUND, labels=labels)
    scored = get_scorer(f"{affinity}+{path}+both").stages.scored(frames, texts, BY)
    everything = scored.align(range(3))
    for found, m in zip(scored.align([2, 0]), [2, 0], strict=True):
        assert found.score == scored.scores[m] == everything[m].score
        np.testing.assert_array_equal(found.path, everything[m].path)
        np.testing.assert_array_equal(found.affinity, everything[m].affinity)


def slow_shares(values, texts, wordings, labels):
    """p of each step of each wording, text by text as docs/method.md has it; values: one frame."""
    power = dict(zip(texts, np.exp(values.astype(np.float64)), strict=True))
    found = []
    for w, own in enumerate(wordings):
        there = Counter(own)  # how often a text is expected beside this wording
        for other, label in zip(wordings, labels, strict=True):
            for text in other if label != labels[w] else ():
                there[text] += 1 / labels.count(label)
        total = sum(min(1, times) * power[text] for text, times in there.items())
        found += [power[text] / total for text in own]
    return found


@pytest.mark.parametrize("seed", range(40))
def test_the_shares_of_several_wordings_are_their_formula(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=6).tolist()
    pool = [bytes([n]) for n in range((3, 8, 60)[seed % 3])]  # few, so that most are shared
    wordings = [[pool[n] for n in rng.integers(len(pool), size=k)] for k in (3, 1, 4, 2, 5, 3)]
    none = seed % 4
    texts = [text for one in wordings for text in one]
    fits = dict(zip(pool, (rng.normal(size=(len(pool), 7)) * (1, 4, 10)[seed % 3]), strict=True))
    values = np.array([fits[text] for text in texts] + [np.ones(7)] * none, np.float32).T
    sizes = [len(one) for one in wordings] + [none] * (none > 0)
    found = Rivals.of_texts(texts, sizes, labels, none).shares(np.ascontiguousarray(values))
    if none:
        wordings, labels = [*wordings, [b"none"] * none], [*labels, -1]
        texts += [b"none"] * none
    expected = [slow_shares(row, texts, wordings, labels) for row in values]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-30)


def test_a_wording_far_below_another_of_its_label_keeps_its_share():
    """What the other labels weigh is lost in the sum of all, but not for this wording."""
    texts, values = [b"a", b"b", b"c"], np.array([[40, 0, 0.5]], np.float32)
    found = Rivals.of_texts(texts, [1, 1, 1], [0, 0, 1], False).shares(values)
    expected = slow_shares(values[0], texts, [[text] for text in texts], [0, 0, 1])
    np.testing.assert_allclose(found[0], expected, rtol=2e-5)


def test_labels_of_the_same_texts_have_the_same_shares_to_the_last_bit():
    rng = np.random.default_rng(0)
    for size in (1, 30):
        values = rng.normal(scale=size, size=(500, 7)).astype(np.float32)
        twice = np.concatenate([values, values[:, :2], values], axis=1)
        texts = [bytes([n]) for n in range(7)] + [b"x", b"y"] + [bytes([n]) for n in range(7)]
        found = Rivals.of_texts(texts, [3, 4, 2, 3, 4], [0, 0, 1, 2, 2], False).shares(twice)
        np.testing.assert_array_equal(found[:, :7], found[:, 9:])


def test_a_wrong_order_costs_by_whatever_affinity_and_path():
    frames = performed([0, 1, 2, 3])
    candidates = [EYE[[0, 1, 2, 3]], EYE[[4, 5]]]
    for affinity, path in itertools.product(("cosine", "competitive"), ("dtw", "segment")):
        true = get_scorer(f"{affinity}+{path}+path").score(frames, candidates, BY)[0]
        for word in ("shuffled", "reversed"):
            wrong = get_scorer(f"{affinity}+{path}_{word}+path").score(frames, candidates, BY)[0]
            assert wrong < true


def test_in_competition_a_step_that_fits_anything_does_not_win():
    """A text near every frame has the higher cosine, and says less than the right one."""
    rng = np.random.default_rng(0)
    common = EYE[5]
    frames = performed([0, 1]) * 0.5 + common
    anywhere = unit(rng.normal(size=(300, 6)) * [0.22, 0.22, 0.22, 0.22, 0.22, 0.05] + common)
    background = Background(
        anywhere.mean(axis=0).astype(np.float32), np.cov(anywhere.T).astype(np.float32),
        300, "m", "f", "x",
    )  # fmt: skip
    by = Calibration(BY.logit_scale, BY.logit_bias, background)
    candidates = [np.stack([common, common]), EYE[[0, 1]] + 0.2 * common]
    assert SCORERS["dtw"].score(frames, candidates, by).argmax() == 0
    assert SCORERS["competitive"].score(frames, candidates, by).argmax() == 1


def test_without_a_background_a_scorer_that_needs_one_says_how_to_make_it():
    bare = Calibration(BY.logit_scale, BY.logit_bias)
    for name, scorer in SCORERS.items():
        if scorer.needs_background:
            with pytest.raises(UsageError, match=r"actalign background VIDEOS --out FILE"):
                scorer.score(performed([0, 1]), [EYE[[0, 1]]], bare)
        else:
            assert np.isfinite(scorer.score(performed([0, 1]), [EYE[[0, 1]]], bare)).all(), name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sigmod+dtw+path", "no affinity 'sigmod'; choose one of sigmoid, log_sigmoid"),
        ("sigmoid+dwt+path", "no path 'dwt'; choose one of dtw, dtw_mean"),
        ("sigmoid+dtw+sum", "no average 'sum'; choose one of path, steps, both"),
        ("sigmoid+dtw", "has 2 parts"),
    ],
)
def test_a_wrong_part_of_a_scorer_is_named(name, message):
    with pytest.raises(UsageError, match=message):
        get_scorer(name)


def test_every_part_can_be_sent_to_another_process():
    import pickle

    frames, candidates = example()
    for scorer in SCORERS.values():
        again = pickle.loads(pickle.dumps(scorer))
        np.testing.assert_array_equal(
            again.score(frames, candidates, BY), scorer.score(frames, candidates, BY)
        )
    assert get_scorer(Scorer("mine", "steps", SCORERS["dtw"].score, "")).name == "mine"


def docs_scorers():
    """The programs of "A scorer of your own"."""
    page = (Path(__file__).parents[1] / "docs" / "method.md").read_text(encoding="utf-8")
    section = page.partition("### A scorer of your own\n")[2].partition("\n### ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def test_the_docs_affinity_of_ones_own_goes_with_any_path(monkeypatch):
    exec(docs_scorers()[0], {})
    monkeypatch.setitem(AFFINITIES, "squared", AFFINITIES.pop("squared"))  # and away afterwards
    frames, candidates = example()
    found = get_scorer("squared+segment+steps").own_alignments(frames, candidates, BY)
    for one, steps in zip(found, candidates, strict=True):
        np.testing.assert_allclose(
            one.affinity, np.maximum(cosine(frames, steps), 0) ** 2, atol=1e-6
        )
    assert [one.score for one in found] == pytest.approx(
        get_scorer("squared+segment+steps").score(frames, candidates, BY)
    )


def straight(affinity, sizes, timing):
    """Paths that go as straight as they can."""
    paths = []
    for steps in sizes:
        cells = np.arange(max(len(affinity), steps))
        last = max(len(cells) - 1, 1)
        paths.append(
            np.stack([cells * (len(affinity) - 1) // last, cells * (steps - 1) // last], axis=1)
        )
    return paths


def test_a_path_of_ones_own_goes_with_any_affinity(monkeypatch):
    monkeypatch.setitem(PATHS, "straight", LaidPath("straight", "straight", straight))
    frames, candidates = example()
    scorer = get_scorer("cosine+straight+path")
    expected = [
        np.mean([cosine(frames, steps)[t, k] for t, k in path])
        for steps, path in zip(candidates, straight(frames, (3, 1, 4), None), strict=True)
    ]
    np.testing.assert_allclose(scorer.score(frames, candidates, BY), expected, atol=1e-5)
    found = scorer.align(frames, candidates, BY)[2].path
    np.testing.assert_array_equal(found, straight(frames, (4,), None)[0])


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        (lambda frames, texts, by: np.zeros((3, 3)), r"an array of the shape \(3, 3\); for 9 "),
        (lambda frames, texts, by: np.full((9, 8), np.nan), "gave NaN or infinity"),
        (lambda frames, texts, by: np.full((9, 8), "x"), "gives must be numbers"),
        (lambda frames, texts, by: np.ones((9, 8), complex), "gives must be real numbers"),
    ],
)
def test_what_an_affinity_of_ones_own_gives_wrongly_is_said(monkeypatch, measure, said):
    monkeypatch.setitem(AFFINITIES, "wrong", Affinity("wrong", "wrong", measure))
    with pytest.raises(ArrayError, match=f"affinity 'wrong' .*{said}"):
        get_scorer("wrong+segment+steps").score(*example(), BY)


def test_what_an_affinity_of_ones_own_shows_wrongly_is_said(monkeypatch):
    def short(values, texts, by):
        return values[:3]

    measure = AFFINITIES["cosine"].measure
    monkeypatch.setitem(AFFINITIES, "wrong", Affinity("wrong", "wrong", measure, shown=short))
    with pytest.raises(ArrayError, match=r"affinity 'wrong' gave .* \(3, 8\); for 9 frames"):
        get_scorer("wrong+segment+steps").align(*example(), BY)


def test_what_is_no_affinity_or_path_of_its_name_is_said(monkeypatch):
    for wrong in (straight, AFFINITIES["cosine"]):
        monkeypatch.setitem(AFFINITIES, "mine", wrong)
        with pytest.raises(UsageError, match=r"AFFINITIES\['mine'\] holds no Affinity of that"):
            get_scorer("mine+dtw+path")
    for wrong in (straight, PATHS["dtw"]):
        monkeypatch.setitem(PATHS, "mine", wrong)
        with pytest.raises(UsageError, match=r"PATHS\['mine'\] holds no Path of that name"):
            get_scorer("sigmoid+mine+path")


@pytest.mark.parametrize(
    "align",
    [
        lambda affinity, sizes, timing: [],
        lambda affinity, sizes, timing: [np.zeros((2, 2), int)] * len(sizes),
        lambda affinity, sizes, timing: None,
    ],
)
def test_what_a_path_of_ones_own_gives_wrongly_is_said(monkeypatch, align):
    monkeypatch.setitem(PATHS, "wrong", LaidPath("wrong", "wrong", align))
    with pytest.raises(ArrayError, match="path 'wrong' must give each of 3 candidates an"):
        get_scorer("cosine+wrong+path").score(*example(), BY)
    with pytest.raises(UsageError, match="path 'none' needs a function"):
        LaidPath("none", "neither")


@pytest.mark.parametrize(
    "means", [None, np.zeros((2, 3)), np.zeros((2, 1, 4)), np.zeros((2, 0, 3))]
)
def test_what_a_path_of_ones_own_measures_wrongly_is_said(monkeypatch, means):
    wrong = LaidPath("wrong", "wrong", measure=lambda affinity, sizes, timing: means)
    monkeypatch.setitem(PATHS, "wrong", wrong)
    with pytest.raises(ArrayError, match=r"path 'wrong' measured .*for 3 candidates it must be"):
        get_scorer("cosine+wrong+path").score(*example(), BY)


@pytest.mark.parametrize("mean", [np.nan, np.inf, -np.inf])
def test_a_path_of_ones_own_measures_finite_means(monkeypatch, mean):
    means = np.zeros((2, 2, 3))
    means[:, 0] = -np.inf  # no path with one pass, so that of two counts
    wrong = LaidPath("wrong", "wrong", measure=lambda affinity, sizes, timing: means)
    monkeypatch.setitem(PATHS, "wrong", wrong)
    assert get_scorer("cosine+wrong+path").score(*example(), BY).tolist() == [0, 0, 0]
    means[0, 1, 2] = mean
    with pytest.raises(ArrayError, match="path 'wrong' measured NaN or infinity; of every"):
        get_scorer("cosine+wrong+path").score(*example(), BY)


def test_what_a_path_of_ones_own_measures_may_be_lists(monkeypatch):
    def measured(means):
        path = LaidPath("listed", "listed", measure=lambda affinity, sizes, timing: means)
        monkeypatch.setitem(PATHS, "listed", path)
        return get_scorer("cosine+listed+both").score(*example(), BY)

    np.testing.assert_array_equal(measured([[[1, 2, 3]], [[4, 5, 6]]]), [5, 7, 9])
    with pytest.raises(ArrayError, match="path 'listed' measured must be numbers in rows of one"):
        measured([[[1, 2, 3]], [[4, 5]]])


def test_the_docs_scorer_of_ones_own_is_aligned_by_its_own_affinity():
    exec(docs_scorers()[1], names := {})
    frames, candidates = performed([0, 1, 2, 3]), [EYE[[0, 1, 2, 3]], EYE[[3, 2, 1, 0]]]
    scores = names["squared"].own_scores(frames, candidates, BY)
    right, wrong = names["squared"].own_alignments(frames, candidates, BY)
    assert scores == pytest.approx([right.score, wrong.score])
    assert right.score > wrong.score
    np.testing.assert_allclose(
        right.affinity, np.maximum(cosine(frames, candidates[0]), 0) ** 2, atol=1e-6
    )


def test_unknown_scorers_and_no_candidates_are_usage_errors():
    with pytest.raises(UsageError, match="choose one of dtw, mean_pool"):
        get_scorer("best")
    with pytest.raises(UsageError, match="no candidate"):
        SCORERS["dtw"].score(performed([0]), [], BY)


def test_the_order_margin_is_a_scripts_score_less_that_in_other_orders():
    frames = performed([0, 1, 2, 3])
    candidates = [EYE[[0, 1, 2, 3]], EYE[[3, 2, 1, 0]], EYE[[0]]]
    margins = SCORERS["dtw"].stages.order_margins(frames, candidates, BY)
    assert margins[0] > 0.1
    assert margins[1] < 0
    assert np.isnan(margins[2])
    any_order = get_scorer("sigmoid+order_free+path").stages.order_margins(frames, candidates, BY)
    np.testing.assert_allclose(any_order[:2], 0, atol=1e-12)
    by_hand = SCORERS["dtw"].score(frames, candidates, BY)[0]
    others = [SCORERS["dtw_reversed"].score(frames, candidates, BY)[0]]
    rng = [np.random.default_rng(n) for n in range(4)]
    for one in rng:
        order = one.permutation(4)
        while np.array_equal(order, np.arange(4)):
            order = one.permutation(4)
        others.append(SCORERS["dtw"].score(frames, [candidates[0][order]], BY)[0])
    assert margins[0] == pytest.approx(by_hand - np.mean(others), rel=1e-5)


@pytest.mark.parametrize("ties", [False, True])
def test_the_mean_of_the_best_frames_is_that_of_a_sorted_column(ties):
    rng = np.random.default_rng(5)
    for frames, columns in ((1, 1), (4, 3), (8, 2), (13, 5), (195, 60)):
        values = rng.normal(size=(frames, columns)).astype(np.float32)
        if ties:
            values = np.round(values)
        for count in {1, max(1, round(frames / 5)), frames}:
            expected = np.sort(values, axis=0)[-count:].mean(axis=0, dtype=np.float64)
            np.testing.assert_allclose(means_of_best(values, count), expected, atol=1e-5)


@pytest.mark.parametrize("low", [-1e6, -3e38])
def test_one_value_far_below_all_others_leaves_the_mean_of_the_best_as_it_is(low):
    values = np.random.default_rng(5).normal(size=(40, 3)).astype(np.float32)
    values[7] = low
    for count in (1, 8, 39):
        expected = np.sort(values, axis=0)[-count:].mean(axis=0, dtype=np.float64)
        np.testing.assert_allclose(means_of_best(values, count), expected, atol=1e-5)


def test_none_of_these_is_one_step_of_its_level_however_long_the_scripts_are():
    frames, candidates = example(frames=20, sizes=(2, 5, 5))
    z = np.append(slow_centred(frames, np.concatenate(candidates)), np.ones((20, 1)), axis=1)
    z = z[frames.any(axis=1)]
    share = np.exp(z[:, -1]) / np.exp(z).sum(axis=1)
    fit = np.log(share + FLOOR) + FIT
    steps = (fit.mean() + np.sort(fit)[-round(len(fit) / 5) :].mean()) / 2
    texts = Texts.of(candidates, BACKGROUND, none=True)
    scores = get_scorer("competitive").score(frames, texts, BY)
    assert scores[-1] == pytest.approx(fit.mean() + 4 * steps, abs=1e-4)


@pytest.mark.parametrize("none", [False, True])
def test_a_label_votes_with_its_score_among_the_labels_in_any_order(none):
    frames, candidates = example(frames=20, sizes=(2, 5, 4, 3))
    names = list(np.random.default_rng(9).normal(size=(3, 1, 6)))
    z = slow_centred(frames, np.concatenate(names))
    if none:
        z = np.append(z, np.ones((20, 1)), axis=1)
    z = z[frames.any(axis=1)]
    fit = np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) + FLOOR)
    fit += FIT * np.clip(z, -MOST_FIT, MOST_FIT)
    best = np.sort(fit, axis=0)[-round(len(fit) / 5) :]
    votes = 3 / 4 * LABEL_VOTE * (fit.mean(axis=0) + 4 * best.mean(axis=0))
    own = [votes[0], votes[0], votes[1], votes[2]]  # the first two are wordings of one label
    scorer = get_scorer("competitive")
    use = {"none": none, "labels": [0, 0, 1, 2]}
    texts = Texts.of(candidates, BACKGROUND, **use, names=names)
    plain = scorer.score(frames, Texts.of(candidates, BACKGROUND, **use), BY)
    found = scorer.score(frames, texts, BY) - plain
    np.testing.assert_allclose(found, [*own, *votes[3:]], atol=1e-4)
    parts = get_scorer("competitive+relaxed+steps_four_times")  # in which labels don't vote
    np.testing.assert_allclose(parts.score(frames, texts, BY), plain, atol=1e-6)
    by_steps = parts.stages.order_margins(frames, texts, BY)
    np.testing.assert_allclose(scorer.stages.order_margins(frames, texts, BY), by_steps, atol=1e-6)


def test_a_label_that_says_nothing_has_the_mean_of_the_other_labels_votes():
    frames, candidates = example(frames=20, sizes=(2, 5, 4))
    names = list(np.random.default_rng(9).normal(size=(3, 1, 6)))
    scorer = get_scorer("competitive")
    plain = scorer.score(frames, Texts.of(candidates, BACKGROUND), BY)
    silent = [names[0], names[1][:0], names[2]]
    found = scorer.score(frames, Texts.of(candidates, BACKGROUND, names=silent), BY) - plain
    of_two = [candidates[0], candidates[2]]
    two = Texts.of(of_two, BACKGROUND, names=[names[0], names[2]])
    first, last = scorer.score(frames, two, BY) - scorer.score(
        frames, Texts.of(of_two, BACKGROUND), BY
    )
    np.testing.assert_allclose(found, [first, (first + last) / 2, last], atol=1e-4)
    nobody = Texts.of(candidates, BACKGROUND, names=[one[:0] for one in names])
    np.testing.assert_array_equal(scorer.score(frames, nobody, BY), plain)
