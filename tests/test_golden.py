"""The reference's own scores, mode by mode; see tests/golden/README.md."""

from pathlib import Path

import numpy as np
import pytest

from actalign.alignment._dtw import align_scores
from actalign.alignment._similarity import cosine, sigmoid_affinity, smooth_reference

GOLDEN = Path(__file__).parent / "golden" / "reference_scores.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN, allow_pickle=False) as file:
        return dict(file)


def score(golden, i, mode):
    video = golden[f"video_{i}"]
    candidates = [golden[f"cand_{i}_{k}"] for k in range(int(golden[f"n_cand_{i}"]))]
    if mode == "smooth":
        video = smooth_reference(video, window=30)
    affinity = cosine(video, np.concatenate(candidates))
    if mode != "cosine":
        affinity = sigmoid_affinity(
            affinity,
            logit_scale=float(golden["logit_scale_log"]),
            logit_bias=float(golden["logit_bias"]),
        )
    return align_scores(affinity, [len(c) for c in candidates])


@pytest.mark.parametrize("mode", ["code", "cosine", "smooth"])
@pytest.mark.parametrize("i", range(24))
def test_scores_and_path_lengths_equal_the_reference(golden, mode, i):
    scores, lengths = score(golden, i, mode)
    np.testing.assert_allclose(scores, golden[f"{mode}_scores_{i}"], rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(lengths, golden[f"{mode}_pathlen_{i}"])


def test_top_k_equals_the_reference(golden):
    ranks = [
        int(np.sum(s > s[answer]))
        for i, answer in enumerate(golden["answers"])
        for s in [score(golden, i, "code")[0]]
    ]
    assert np.mean(np.array(ranks) < 1) == pytest.approx(float(golden["top1"]))
    assert np.mean(np.array(ranks) < 2) == pytest.approx(float(golden["top2"]))
