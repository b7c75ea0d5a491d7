import numpy as np
import pytest

from actalign.alignment._scorers import SCORERS, Calibration, alignments, get_scorer
from actalign.errors import UsageError

BY = Calibration(logit_scale=float(np.log(10)), logit_bias=-5.0)
EYE = np.eye(6, dtype=np.float32)


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
        ("order_free", False),
        ("mean_pool", False),
    ],
)
def test_only_alignment_tells_orders_of_the_same_steps_apart(name, sees_order):
    frames = performed([0, 1, 2])
    scores = SCORERS[name].score(frames, [EYE[[2, 1, 0]], EYE[[0, 1, 2]]], BY)
    if sees_order:
        assert scores[1] > scores[0] + 0.1
    else:
        assert scores[1] == pytest.approx(scores[0], abs=1e-6)


def test_the_controls_score_the_true_order_lower_than_dtw_does():
    frames, steps = performed([0, 1, 2, 3]), [EYE[[0, 1, 2, 3]]]
    true = SCORERS["dtw"].score(frames, steps, BY)[0]
    assert SCORERS["dtw_reversed"].score(frames, steps, BY)[0] < true
    assert SCORERS["dtw_shuffled"].score(frames, steps, BY)[0] < true


def test_a_candidates_score_does_not_depend_on_the_other_candidates():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(20, 6))
    steps = [rng.normal(size=(k, 6)) for k in (3, 1, 7)]
    for name, scorer in SCORERS.items():
        if name == "dtw_shuffled":
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


def test_unknown_scorers_and_no_candidates_are_usage_errors():
    with pytest.raises(UsageError, match="choose one of dtw, mean_pool"):
        get_scorer("best")
    with pytest.raises(UsageError, match="no candidate"):
        SCORERS["dtw"].score(performed([0]), [], BY)
