"""The image tower arranged for a GPU: the checkpoint's own embeddings."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from actalign.encoders import load_encoder
from actalign.encoders._tower import VisionTower
from actalign.errors import EncoderError
from tests.tiny_models import VISION, make_clip, make_naflex, make_siglip

SHAPES = {
    "plain": VISION,
    # Patches and widths that fill no word, pixels beyond the last patch, two heads of 24.
    "odd": VISION
    | {"hidden_size": 48, "image_size": 50, "patch_size": 14, "intermediate_size": 90},
    # Float8 products want multiples of 16; 96 = 64 + 32 and 272 = 256 + 16 have tails.
    "wide": VISION | {"hidden_size": 96, "intermediate_size": 272, "num_attention_heads": 4},
}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """SigLIP checkpoints whose biases and norms are far from 0 and 1, where mistakes would hide."""
    found = {}
    for name, vision in SHAPES.items():
        folder = make_siglip(tmp_path_factory.mktemp("towers") / name, vision)
        model = load_encoder(str(folder)).torch_model
        torch.manual_seed(0)
        for parameter in model.vision_model.parameters():
            if parameter.ndim == 1:
                parameter.data.normal_(0, 0.5)
        model.save_pretrained(folder, safe_serialization=True)
        found[name] = folder
    return found


def frames_of(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 60, 80, 3), dtype=np.uint8)


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("count", [1, 5])
def test_embeddings_are_the_models_own(checkpoints, name, count):
    encoder = load_encoder(str(checkpoints[name]))
    inputs = encoder.image_inputs(torch.from_numpy(frames_of(count)))
    with torch.inference_mode():
        wanted = encoder.image_tower(**inputs)
    got = VisionTower(encoder.torch_model)(**inputs)
    torch.testing.assert_close(got, wanted, atol=2e-5, rtol=1e-5)


def test_other_models_keep_their_own_tower(tmp_path, checkpoints):
    for make in (make_clip, make_naflex):
        encoder = load_encoder(str(make(tmp_path / make.__name__)))
        assert not VisionTower.can_run(encoder.torch_model)
    assert VisionTower.can_run(load_encoder(str(checkpoints["odd"])).torch_model)


def test_float8_needs_a_gpu_that_has_it(checkpoints):
    with pytest.raises(EncoderError, match=r"float8 on cpu.*bfloat16"):
        load_encoder(str(checkpoints["wide"]), device="cpu", dtype="float8")


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_cuda_agrees_with_the_cpu(checkpoints, name, dtype):
    fast = load_encoder(str(checkpoints[name]), device="cuda:0", dtype=dtype)
    frames = frames_of(9)
    assert isinstance(fast.image_tower, VisionTower)
    wanted = load_encoder(str(checkpoints[name])).encode_image(frames)
    least = cosines(fast.encode_image(frames), wanted).min()
    assert least > (0.99999 if dtype == "float32" else 0.999)


@pytest.mark.gpu
@needs_cuda
def test_float8_is_near_and_never_taken_for_another(checkpoints):
    if not VisionTower.has_float8(torch.device("cuda:0")):
        pytest.skip("this GPU has no float8")
    plain, fast = (
        load_encoder(str(checkpoints["wide"]), device="cuda:0", dtype=dtype)
        for dtype in ("bfloat16", "float8")
    )
    frames = frames_of(9)
    assert cosines(fast.encode_image(frames), plain.encode_image(frames)).min() > 0.98
    assert fast.info.fingerprint != plain.info.fingerprint
    assert (fast.info.dtype, plain.info.dtype) == ("float8", "bfloat16")


@pytest.mark.gpu
@needs_cuda
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
def test_the_host_waits_for_the_gpu_only_for_embeddings(checkpoints):
    """Any other wait would leave the GPU idle while the next batch is brought there."""
    encoder = load_encoder(str(checkpoints["plain"]), device="cuda:0", batch_size=4)
    blocks = [frames_of(n, n) for n in (3, 5, 2)]
    wanted = list(encoder.encode_image_stream(blocks))
    torch.cuda.set_sync_debug_mode("error")
    try:
        got = list(encoder.encode_image_stream(blocks))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
