"""Models of open_clip, tiny and with random weights, against open_clip's own pipeline."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.beside_torchvision import beside_torchvision

if reason := beside_torchvision("open_clip"):
    pytest.skip(reason, allow_module_level=True)

import open_clip
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from actalign import ActAlign, Script
from actalign.encoder_info import SHORT_STEP_TEMPLATE, STEP_TEMPLATE
from actalign.encoders import Encoder, load_encoder
from actalign.errors import EncoderError
from tests.tiny_hub import tiny_hub, use_hub
from tests.tiny_models import CORPUS, _gemma, _sentencepiece, _write

VISION = {"layers": 2, "width": 64, "patch_size": 16, "image_size": 48}
TEXT = {"width": 64, "heads": 2, "layers": 2}
PREPROCESS = {
    "clip": {"interpolation": "bicubic", "resize_mode": "shortest"},
    "pe": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear"},
    "siglip": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"},
    "metaclip2": {"interpolation": "bicubic", "resize_mode": "squash"},
}
SHAPES = [(72, 128), (90, 41), (48, 51), (200, 301)]


def model_config(kind: str, vocabulary: int) -> dict:
    """The settings of open_clip's own configuration of the family, at a tiny width."""
    if kind == "pe":  # PE-Core-L-14-336
        vision = {
            "image_size": 384,
            "timm_model_name": "vit_pe_core_tiny_patch16_384",
            "timm_pool": "map",
            "timm_proj": None,
        }
        text = {**TEXT, "context_length": 32, "vocab_size": 49408}
        return {"embed_dim": 32, "vision_cfg": vision, "text_cfg": text, "custom_text": True}
    if kind == "siglip":  # ViT-B-16-SigLIP-512
        text = {
            **TEXT,
            "context_length": 64,
            "vocab_size": vocabulary,
            "hf_tokenizer_name": "timm/ViT-B-16-SigLIP",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
            "norm_kwargs": {"eps": 1e-6},
        }
        return {
            "embed_dim": 32,
            "init_logit_bias": -10,
            "vision_cfg": VISION,
            "text_cfg": text,
            "custom_text": True,
        }
    text = {**TEXT, "context_length": 77, "vocab_size": 49408}
    if kind == "metaclip2":  # ViT-H-14-worldwide-quickgelu
        text |= {
            "hf_tokenizer_name": "facebook/xlm-v-base",
            "pool_type": "eos",
            "eos_id": 1,
            "vocab_size": vocabulary,
        }
        return {"embed_dim": 32, "quick_gelu": True, "vision_cfg": VISION, "text_cfg": text}
    return {"embed_dim": 32, "vision_cfg": VISION, "text_cfg": text}


def make(folder: Path, kind: str) -> Path:
    folder.mkdir()
    vocabulary = 0
    if kind == "siglip":
        vocabulary = _sentencepiece(folder / "spiece.model")
        names = {"pad_token": "</s>", "eos_token": "</s>", "unk_token": "<unk>"}
        settings = {"tokenizer_class": "T5Tokenizer", "extra_ids": 0, "model_max_length": 64}
        _write(folder / "tokenizer_config.json", {**settings, **names})
    elif kind == "metaclip2":
        vocabulary = _gemma(folder)
    config = model_config(kind, vocabulary)
    mode = {"resize_mode": "squash"} if kind in ("pe", "siglip") else {}
    preprocess = {"size": 384 if kind == "pe" else 48, "mode": "RGB", **PREPROCESS[kind], **mode}
    stored = {"model_cfg": config, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(stored))
    torch.manual_seed(0)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    with torch.no_grad():
        for tensor in model.parameters():  # fresh towers give all inputs almost one embedding
            tensor.add_(torch.randn_like(tensor) * 0.05)
        model.logit_scale.fill_(4.5)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("open_clip")
    return {kind: make(root / kind, kind) for kind in PREPROCESS}


@pytest.fixture(scope="module")
def encoders(folders) -> dict[str, Encoder]:
    return {kind: load_encoder(f"open_clip:{folder}") for kind, folder in folders.items()}


def blobs(height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(0)
    soft = [Image.fromarray(random.integers(0, 256, (5, 7, 3), np.uint8)) for _ in range(3)]
    return np.stack([np.array(one.resize((width, height), 3)) for one in soft])


@pytest.mark.parametrize("kind", PREPROCESS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_frames_have_open_clips_own_embeddings(folders, encoders, kind, shape):
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folders[kind]}")
    frames = blobs(*shape)
    pixels = torch.stack([transform(Image.fromarray(frame)) for frame in frames])
    encoder = encoders[kind]
    ours = encoder.image_inputs(torch.from_numpy(frames))["pixel_values"]
    with torch.no_grad():
        # torch's resize of uint8 is Pillow's but for the last bits of few pixels.
        assert (ours - pixels).abs().max() <= 2.01 / 255 / min(encoder.preprocessing.std)
        same = model.eval().encode_image(ours).numpy()
        theirs = model.encode_image(pixels).numpy()
    got = encoder.encode_image(frames)
    np.testing.assert_allclose(got, same, atol=1e-5)
    cosine = (got * theirs).sum(1) / np.linalg.norm(got, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosine.min() > 0.9999


@pytest.mark.parametrize("kind", PREPROCESS)
def test_texts_have_open_clips_own_embeddings(folders, encoders, kind):
    model = open_clip.create_model(f"local-dir:{folders[kind]}").eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folders[kind]}")
    texts = [*CORPUS, "Naïve  CAFÉ&amp;co.", "a " * 100, ""]
    with torch.no_grad():
        theirs = model.encode_text(tokenizer(texts)).numpy()
    ours = encoders[kind].encode_text(texts)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for k, text in enumerate(texts):
        np.testing.assert_allclose(encoders[kind].encode_text([text])[0], ours[k], atol=1e-5)
    assert encoders[kind].encode_text([]).shape == (0, 32)


def test_scale_and_bias_are_the_models_own(encoders):
    for kind, encoder in encoders.items():
        assert encoder.info.logit_scale == pytest.approx(4.5)
        assert encoder.info.scale == ("sigmoid" if kind == "siglip" else "softmax")
    assert abs(encoders["siglip"].info.logit_bias + 10) < 1


def test_a_short_context_has_a_short_template_and_says_so(encoders):
    contexts = {kind: encoder.info.context_length for kind, encoder in encoders.items()}
    assert contexts == {"clip": 77, "pe": 32, "siglip": 64, "metaclip2": 77}
    script = Script("squat", ("knees bent",), "gym")
    for kind, encoder in encoders.items():
        short = kind == "pe"
        assert encoder.info.step_template == (SHORT_STEP_TEMPLATE if short else STEP_TEMPLATE)
        found = ActAlign(encoder).candidates(scripts=[script])
        assert any("reads 32 tokens" in warning.warning for warning in found.warnings) == short


def test_texts_that_are_cut_are_named(encoders):
    for encoder in encoders.values():
        [warning] = encoder.text_warnings([CORPUS[0], "bend the left knee " * 30])
        assert "bend the left knee" in warning.text


def test_a_folder_is_known_without_the_prefix_and_its_fingerprint_by_its_contents(
    folders, encoders, tmp_path
):
    assert load_encoder(str(folders["clip"])).info.fingerprint == encoders["clip"].info.fingerprint
    prints = {encoder.info.fingerprint for encoder in encoders.values()}
    assert len(prints) == len(encoders)
    copy = make(tmp_path / "copy", "clip")
    file = copy / "open_clip_config.json"
    file.write_text(file.read_text().replace("bicubic", "bilinear"))
    assert load_encoder(str(copy)).info.fingerprint not in prints


def test_what_can_not_be_used_is_said_in_one_sentence(tmp_path):
    for name, message in {
        "open_clip:no-such": "no model 'no-such'",
        "open_clip:PE-Core-B-16": "it has meta",
        "open_clip:RN50/cc12m_": "no weights 'cc12m_' of RN50",
        f"open_clip:RN50/none@{'a' * 40}": "no weights 'none' of RN50",  # as a store names it
    }.items():
        with pytest.raises(EncoderError, match=message):
            load_encoder(name)
    pickled = make(tmp_path / "pickled", "clip")
    (pickled / "open_clip_model.safetensors").rename(pickled / "open_clip_pytorch_model.bin")
    with pytest.raises(EncoderError, match="no weights in safetensors form"):
        load_encoder(f"open_clip:{pickled}")
    lacking = make(tmp_path / "lacking", "clip")
    file = lacking / "open_clip_model.safetensors"
    save_file({k: v for k, v in load_file(file).items() if k != "text_projection"}, file)
    with pytest.raises(EncoderError, match="can't be loaded"):
        load_encoder(str(lacking))


@pytest.mark.parametrize(
    ("kind", "part", "setting", "named", "said"),
    [
        ("clip", "text_cfg", "hf_tokenizer_name", "tiny/other", "put that model's tokenizer.json"),
        ("clip", "text_cfg", "hf_model_name", "tiny/other", "put that model's config.json"),
        ("clip", "text_cfg", "hf_model_name", "../hidden", "put that model's config.json"),
        ("pe", "vision_cfg", "timm_model_name", "hf-hub:tiny/other", "a timm architecture"),
    ],
)
def test_a_folder_is_read_by_itself_and_nothing_is_looked_up(
    kind, part, setting, named, said, tmp_path, monkeypatch
):
    folder = make(tmp_path / "model", kind)
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "config.json").write_text("{}")
    file = folder / "open_clip_config.json"
    stored = json.loads(file.read_text())
    stored["model_cfg"][part][setting] = named
    file.write_text(json.dumps(stored))
    asked = []
    with tiny_hub({"a" * 40: folder}, asked=asked, main="a" * 40) as port:
        place = f"http://127.0.0.1:{port}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", place)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        with pytest.raises(EncoderError, match=said):
            load_encoder(f"open_clip:{folder}")
    assert not asked


def test_a_folder_may_hold_the_tokenizer_that_it_names(folders, encoders, tmp_path):
    folder = make(tmp_path / "model", "metaclip2")
    within = folder / "facebook" / "xlm-v-base"
    within.mkdir(parents=True)
    for file in folder.glob("*token*.json"):
        file.rename(within / file.name)
    frames = encoders["metaclip2"].encode_text(CORPUS)
    np.testing.assert_array_equal(load_encoder(str(folder)).encode_text(CORPUS), frames)


def test_a_hubs_model_that_is_pinned_can_be_named_as_a_store_names_it(tmp_path, monkeypatch):
    old, new = "a" * 40, "b" * 40
    folder = make(tmp_path / "model", "clip")
    with tiny_hub({old: folder, new: folder}, main=new, v1=old) as port:
        use_hub(monkeypatch, port, tmp_path / "hub")
        info = load_encoder("open_clip:hf-hub:tiny/siglip@v1").info
        again = load_encoder(f"{info.model_id}@{info.revision}").info
    assert (info.model_id, info.revision) == ("open_clip:hf-hub:tiny/siglip", old)
    assert again == info
