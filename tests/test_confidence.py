"""Confidences: temperatures fitted on labelled clips, and how far they are from the truth."""

import numpy as np
import pytest

from actalign.alignment import confidences, fit_temperature
from actalign.errors import ArrayError
from actalign.evaluation import expected_calibration_error


def test_confidences_add_up_and_keep_the_order():
    found = confidences([3.0, 1.0, 2.0], 0.5)
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(found, np.exp([6, 2, 4]) / np.exp([6, 2, 4]).sum())
    assert np.isfinite(confidences([1000.0, -1000.0], 1e-3)).all()


@pytest.mark.parametrize("temperature", [0.05, 0.7, 20.0])
def test_the_temperature_that_made_the_answers_is_found(temperature):
    rng = np.random.default_rng(0)
    scores = [rng.normal(size=rng.integers(2, 9)) * temperature * 3 for _ in range(4000)]
    answers = [rng.choice(len(s), p=confidences(s, temperature)) for s in scores]
    found = fit_temperature(scores, answers)
    assert found == pytest.approx(temperature, rel=0.1)
    sure = [confidences(s, found) for s in scores]
    right = [s.argmax() == a for s, a in zip(scores, answers, strict=True)]
    assert expected_calibration_error([s.max() for s in sure], right) < 0.03
    cold = [confidences(s, found / 10).max() for s in scores]
    assert expected_calibration_error(cold, right) > 0.08


def test_the_calibration_error_is_the_mean_distance_by_bins():
    # One bin with 0.9 sure and half right, one with 0.2 sure and none right.
    sure = [0.92, 0.92, 0.25, 0.25]
    assert expected_calibration_error(sure, [True, False, False, False]) == pytest.approx(
        0.5 * 0.42 + 0.5 * 0.25
    )


def test_answers_must_be_as_many_as_clips():
    with pytest.raises(ArrayError, match="2 clips' scores and 1 answers"):
        fit_temperature([[1, 2], [2, 1]], [0])


@pytest.mark.parametrize("answer", [2, -1, 0.5])
def test_an_answer_numbers_one_of_its_clips_candidates(answer):
    with pytest.raises(ArrayError, match=r"clip 1 is \S+, but its candidates are numbered 0 to 1"):
        fit_temperature([[1, 2, 3], [2, 1]], [2, answer])


@pytest.mark.parametrize("wrong", [[np.nan, 1], [np.inf, 1], [], [[1, 2]]])
def test_scores_are_finite_numbers(wrong):
    with pytest.raises(ArrayError, match="scores of clip 1 must be finite numbers"):
        fit_temperature([[1, 2], wrong], [0, 0])
    with pytest.raises(ArrayError, match="scores must be finite numbers"):
        confidences(wrong, 1.0)
    with pytest.raises(ArrayError, match="The scores must be numbers"):
        confidences(["a"], 1.0)


@pytest.mark.parametrize("wrong", [0, -1, np.nan, np.inf])
def test_a_temperature_is_above_0(wrong):
    with pytest.raises(ArrayError, match="give a number above 0"):
        confidences([1, 2], wrong)
