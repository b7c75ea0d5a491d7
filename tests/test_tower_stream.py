"""Batches filled across blocks of frames: the same embeddings as one frame at a time, in order."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from hypothesis import given, settings
from hypothesis import strategies as st

from actalign.encoders import StreamEncoder, _batching, load_encoder
from actalign.errors import UsageError
from tests.tiny_models import make_clip, make_naflex, make_siglip

BATCH = 6


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkpoints")
    makers = {"siglip": make_siglip, "clip": make_clip, "naflex": make_naflex}
    return {
        name: load_encoder(str(make(root / name)), batch_size=BATCH)
        for name, make in makers.items()
    }


def frames_of(count: int, height: int, width: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@contextmanager
def tower_batches(encoder):
    """How many frames each forward pass of the image tower gets."""
    counts: list[int] = []
    hook = encoder.torch_model.vision_model.register_forward_pre_hook(
        lambda _, args, given: counts.append(len(given["pixel_values"])), with_kwargs=True
    )
    try:
        yield counts
    finally:
        hook.remove()


BLOCKS = st.lists(
    st.tuples(st.integers(0, 14), st.sampled_from([(40, 60), (48, 48), (60, 31)])), max_size=6
)


@pytest.mark.parametrize("name", ["siglip", "clip", "naflex"])
@settings(max_examples=15)
@given(shapes=BLOCKS)
def test_rows_come_back_block_by_block(encoders, name, shapes):
    encoder = encoders[name]
    assert isinstance(encoder, StreamEncoder)
    blocks = [frames_of(n, *size, seed) for seed, (n, size) in enumerate(shapes)]
    got = list(encoder.encode_image_stream(iter(blocks)))
    assert [rows.shape for rows in got] == [(len(block), encoder.info.dim) for block in blocks]
    for rows, block in zip(got, blocks, strict=True):
        assert rows.dtype == np.float32
        for row, frame in zip(rows, block, strict=True):
            np.testing.assert_allclose(row, encoder.encode_image(frame[None])[0], atol=2e-5)


def test_batches_are_filled_across_blocks_of_different_frame_sizes(encoders):
    blocks = [frames_of(n, *size, n) for n, size in ((4, (40, 60)), (1, (90, 50)), (15, (48, 48)))]
    with tower_batches(encoders["siglip"]) as counts:
        list(encoders["siglip"].encode_image_stream(blocks))
    assert counts == [6, 6, 6, 2]


def test_frames_with_another_number_of_patches_begin_a_batch(encoders):
    blocks = [frames_of(n, *size, n) for n, size in ((2, (40, 60)), (3, (48, 48)), (2, (50, 50)))]
    with tower_batches(encoders["naflex"]) as counts:
        list(encoders["naflex"].encode_image_stream(blocks))
    assert counts == [2, 5]


def test_memory_stays_at_a_few_batches(encoders):
    """Rows are given out while blocks are still to come."""
    taken = []

    def blocks():
        for number in range(20):
            taken.append(number)
            yield frames_of(4, 30, 40, number)

    for done, _ in enumerate(encoders["siglip"].encode_image_stream(blocks()), start=1):
        assert len(taken) <= done + 2


def test_large_frames_are_uploaded_in_parts(encoders, monkeypatch):
    frames = frames_of(7, 30, 40, 1)
    wanted = encoders["siglip"].encode_image(frames)
    monkeypatch.setattr(_batching, "UPLOAD_BYTES", 2 * frames[0].nbytes)
    np.testing.assert_allclose(encoders["siglip"].encode_image(frames), wanted, atol=2e-5)


def test_a_wrong_block_is_named(encoders):
    with pytest.raises(UsageError, match="uint8"):
        list(encoders["siglip"].encode_image_stream([np.zeros((2, 30, 40, 3), np.float32)]))


@pytest.mark.gpu
def test_cuda_agrees_with_the_cpu(encoders):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    plain = encoders["siglip"]
    fast = load_encoder(plain.info.model_id, device="cuda:0", batch_size=16)
    blocks = [frames_of(n, 90, 160, n) for n in (5, 40, 1, 0, 23)]
    for rows, block in zip(fast.encode_image_stream(blocks), blocks, strict=True):
        wanted = plain.encode_image(block)
        norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(wanted, axis=1)
        assert ((rows * wanted).sum(axis=1) > 0.999 * norms).all()
