"""The batched torch alignment gives what the one-video alignment gives, ties and all."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actalign import UsageError, alignment
from actalign.alignment import torch as alignment_torch

SHAPES = st.lists(st.tuples(st.integers(1, 14), st.integers(1, 9)), min_size=1, max_size=6)


def padded(matrices, fill):
    rows, columns = (max(m.shape[axis] for m in matrices) for axis in (0, 1))
    tensor = torch.full((len(matrices), rows, columns), fill)
    for b, matrix in enumerate(matrices):
        tensor[b, : matrix.shape[0], : matrix.shape[1]] = torch.from_numpy(matrix)
    frames, steps = (torch.tensor([m.shape[axis] for m in matrices]) for axis in (0, 1))
    return tensor, frames, steps


@settings(max_examples=60)
@given(shapes=SHAPES, seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["few", "wide", "tiny"]))
def test_scores_and_path_lengths_are_those_of_one_video(shapes, seed, kind):
    rng = np.random.default_rng(seed)
    draw = {
        "few": lambda s: rng.integers(0, 3, s) / 2,  # many ties
        "wide": lambda s: rng.normal(size=s),
        "tiny": lambda s: rng.random(s) * 1e-7,
    }[kind]
    matrices = [draw(shape).astype(np.float32) for shape in shapes]
    scores, lengths = alignment_torch.align_scores(*padded(matrices, 9.0))
    for b, matrix in enumerate(matrices):
        wanted, wanted_lengths = alignment.align_scores(matrix, [matrix.shape[1]])
        assert lengths[b] == wanted_lengths[0]
        assert float(scores[b]) == pytest.approx(wanted[0], rel=1e-12, abs=1e-300)


def test_what_does_not_fit_is_refused():
    one = torch.ones(1)
    with pytest.raises(UsageError, match="non-empty"):
        alignment_torch.align_scores(torch.zeros(2, 0, 3), one, one)
    with pytest.raises(UsageError, match="frames must be 2 numbers from 1 to 4"):
        alignment_torch.align_scores(torch.zeros(2, 4, 3), torch.tensor([5, 1]), torch.ones(2))
    with pytest.raises(UsageError, match="NaN"):
        alignment_torch.align_scores(torch.full((1, 4, 3), torch.nan), one, one)


@pytest.mark.gpu
def test_ten_thousand_videos_take_less_than_half_a_second():
    import time

    affinity = torch.rand(50_000, 195, 12, device="cuda")
    frames, steps = torch.full((50_000,), 195), torch.full((50_000,), 12)
    alignment_torch.align_scores(affinity, frames, steps)
    torch.cuda.synchronize()
    start = time.perf_counter()
    scores, _ = alignment_torch.align_scores(affinity, frames, steps)
    torch.cuda.synchronize()
    assert time.perf_counter() - start < 0.5
    wanted, _ = alignment.align_scores(affinity[7].cpu().numpy(), [12])
    assert float(scores[7]) == pytest.approx(wanted[0], abs=1e-5)
