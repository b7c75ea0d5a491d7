import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from actalign.alignment._similarity import (
    cosine,
    normalize,
    pair_affinity,
    sigmoid_affinity,
    smooth,
    smooth_reference,
)
from actalign.errors import ArrayError, UsageError

matrices = st.tuples(st.integers(1, 12), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(-3, 3, width=32))
)


def unit(row):
    wide = row.astype(np.float64)  # NumPy 1 would divide in float32, too coarse for the least
    norm = np.linalg.norm(wide)
    return wide / norm if norm else wide


@given(matrices)
def test_normalize_gives_unit_rows_and_keeps_neutral_rows(matrix):
    found = normalize(matrix)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [unit(row) for row in matrix], atol=2e-6)


def test_normalize_survives_rows_outside_float32_squares():
    found = normalize(np.array([[3e-30, 4e-30], [3e30, 4e30], [0, 0]], np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.6, 0.8], [0, 0]], rtol=1e-6)


def test_float16_embeddings_are_computed_in_float32():
    rng = np.random.default_rng(0)
    v, a = rng.normal(size=(5, 64)), rng.normal(size=(3, 64))
    half = cosine(v.astype(np.float16), a.astype(np.float16))
    assert half.dtype == np.float32
    expected = cosine(v.astype(np.float16).astype(np.float64), a.astype(np.float16))
    np.testing.assert_allclose(half, expected, rtol=1e-6)


def test_cosine_of_a_neutral_frame_is_zero():
    found = cosine(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[2.0, 0.0], [0.0, 5.0]]))
    np.testing.assert_allclose(found, [[0, 0], [1, 0]])


def test_sigmoid_affinity_keeps_the_shape_and_refuses_what_is_no_number():
    of = {"logit_scale": np.log(10), "logit_bias": -1.0}
    assert sigmoid_affinity(0.1, **of).shape == ()
    assert sigmoid_affinity(0.1, **of) == pytest.approx(0.5)
    assert sigmoid_affinity(np.zeros((2, 0, 3)), **of).shape == (2, 0, 3)
    with pytest.raises(ArrayError, match="The similarity must be numbers"):
        sigmoid_affinity("a", **of)


def test_sigmoid_affinity_is_siglips_probability_over_its_whole_range():
    similarity = np.linspace(-1, 1, 201)
    found = sigmoid_affinity(similarity, logit_scale=np.log(112.7), logit_bias=-16.5)
    expected = 1 / (1 + np.exp(-(112.7 * similarity - 16.5)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-30)


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 40)),
    st.floats(-1, 5),
    st.floats(-20, 20),
    st.sampled_from([0, 1e-30, 1e-8, 1, 1e30]),
    st.integers(0, 2**32 - 1),
)
def test_pair_affinity_is_the_sigmoid_of_the_cosine(shape, logit_scale, logit_bias, size, seed):
    frame_count, text_count, width = shape
    rng = np.random.default_rng(seed)
    frames = rng.normal(size=(frame_count, width)).astype(np.float32)
    texts = rng.normal(size=(text_count, width)).astype(np.float32)
    frames[rng.integers(frame_count)] *= size
    texts[rng.integers(text_count)] *= size
    columns = rng.permutation(text_count)
    found = pair_affinity(
        frames, texts, logit_scale=logit_scale, logit_bias=logit_bias, columns=columns
    )
    wide = [np.array([unit(row) for row in rows]) for rows in (frames, texts)]
    logits = np.exp(logit_scale) * wide[0] @ wide[1].T + logit_bias
    expected = 1 / (1 + np.exp(-logits))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected[:, columns], rtol=1e-4, atol=1e-30)
    steps = sigmoid_affinity(cosine(frames, texts), logit_scale=logit_scale, logit_bias=logit_bias)
    np.testing.assert_allclose(found, steps[:, columns], rtol=1e-4, atol=1e-30)


@given(matrices, st.floats(0, 3), st.integers(0, 2**31))
def test_smooth_takes_the_frames_within_half_a_window_of_time(matrix, seconds, seed):
    times = np.cumsum(np.random.default_rng(seed).uniform(0, 0.5, len(matrix)))
    found = smooth(matrix, pts_seconds=times, seconds=seconds)
    assert found.shape == matrix.shape
    rows = np.array([unit(row) for row in matrix.astype(np.float64)])
    for t in range(len(rows)):
        near = [r for r, at in zip(rows, times, strict=True) if abs(at - times[t]) <= seconds / 2]
        near = [r for r in near if r.any()] or [np.zeros(matrix.shape[1])]
        np.testing.assert_allclose(found[t], np.mean(near, axis=0), atol=1e-5)


@pytest.mark.parametrize("window", [0, -3, 2.5])
def test_smooth_reference_takes_whole_windows_only(window):
    with pytest.raises(UsageError, match=f"window is {window}; give a whole number of 1 or more"):
        smooth_reference(np.ones((50, 2)), window=window)


@given(matrices, st.integers(1, 8))
def test_smooth_reference_pads_with_zeros_and_shortens_for_even_windows(matrix, window):
    found = smooth_reference(matrix, window=window)
    if len(matrix) <= window + 1:
        np.testing.assert_array_equal(found, matrix)
        return
    pad = np.zeros(((window - 1) // 2, matrix.shape[1]))
    padded = np.concatenate([pad, matrix.astype(np.float64), pad])
    expected = [
        padded[i : i + window].sum(axis=0) / window for i in range(len(padded) - window + 1)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert len(found) == len(matrix) - (window % 2 == 0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: cosine(np.zeros((2, 3)), np.zeros((2, 4))), "width 3 and text embeddings 4"),
        (
            lambda: cosine(np.zeros((0, 3)), np.zeros((2, 3))),
            "frame embeddings must be a non-empty",
        ),
        (lambda: cosine(np.zeros((2, 3)), np.zeros(3)), "text embeddings must be"),
        (
            lambda: pair_affinity(np.ones((2, 3)), np.ones((2, 4)), logit_scale=1, logit_bias=0),
            "width 3 and text embeddings 4",
        ),
        (
            lambda: pair_affinity([[1.0], [np.inf]], [[1.0]], logit_scale=1, logit_bias=0),
            "frame embeddings hold NaN or infinity in row 1",
        ),
        (
            lambda: pair_affinity([[1.0]], [[np.nan]], logit_scale=1, logit_bias=0),
            "text embeddings hold NaN or infinity in row 0",
        ),
        (lambda: normalize([[1.0, np.nan]]), "NaN or infinity in row 0"),
        (lambda: smooth([[1.0]], pts_seconds=[0.0], seconds=-1), "give 0 or more"),
        (lambda: smooth([[1.0]], pts_seconds=[0.0, 1.0], seconds=1), "2 timestamps"),
        (lambda: smooth([[1.0], [1.0]], pts_seconds=[1.0, 0.0], seconds=1), "decrease"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(call, sentence):
    with pytest.raises(UsageError, match=sentence):
        call()
