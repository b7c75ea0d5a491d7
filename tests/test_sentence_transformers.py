"""Models of sentence-transformers, tiny and with random weights, against its own `encode`."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from tests.beside_torchvision import beside_torchvision

if reason := beside_torchvision("sentence_transformers"):
    pytest.skip(reason, allow_module_level=True)

import torch
from PIL import Image

from actalign import ActAlign, FrameBatch, Script
from actalign.encoder_info import SHORT_STEP_TEMPLATE, STEP_TEMPLATE
from actalign.encoders import load_encoder
from actalign.errors import ArrayError, EncoderError, EncoderUsageError
from tests.command import actalign
from tests.tiny_hub import tiny_hub, use_hub
from tests.tiny_models import CORPUS, make_clip, make_qwen3_vl

TEXTS = [*CORPUS[:4], "knee", "Bend the left knee"]


def make(folder, kind):
    """A model that sentence-transformers made of a tiny checkpoint, and saved."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    torch.manual_seed(0)
    if kind == "clip":
        first = Transformer(str(make_clip(folder / "checkpoint")))
        modules = [first, Dense(24, 12), Normalize()]
    else:
        first = Transformer(str(make_qwen3_vl(folder / "checkpoint")))
        modules = [first, Pooling(32, "lasttoken"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module", params=["clip", "qwen3-vl"])
def folder(request, tmp_path_factory):
    if request.param != "clip" and (reason := beside_torchvision("torchvision")):
        pytest.skip(reason)
    return make(tmp_path_factory.mktemp("sentence"), request.param)


@pytest.fixture(scope="module")
def encoder(folder):
    return load_encoder(f"st:{folder}", batch_size=2)


def pictures(count=5, height=64, width=96):
    random = np.random.default_rng(0)
    soft = [Image.fromarray(random.integers(0, 256, (5, 7, 3), np.uint8)) for _ in range(count)]
    return np.stack([np.array(one.resize((width, height), 3)) for one in soft])


def test_rows_are_those_of_its_own_encode(folder, encoder):
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(folder), device="cpu")
    frames = pictures()
    wanted = theirs.encode([Image.fromarray(frame) for frame in frames])
    rows = encoder.encode_image(frames)
    np.testing.assert_allclose(rows, wanted, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_text(TEXTS), theirs.encode(TEXTS), atol=1e-5)
    assert np.abs(rows[0] - rows[1]).max() > 1e-3
    np.testing.assert_allclose(encoder.encode_image(frames[3:4])[0], rows[3], atol=1e-6)
    np.testing.assert_array_equal(encoder.encode_text(TEXTS[2:3])[0], encoder.encode_text(TEXTS)[2])
    assert encoder.encode_text([]).shape == encoder.encode_image(frames[:0]).shape
    with pytest.raises(ArrayError):
        encoder.encode_image(frames.astype(np.float32))


def test_it_has_no_scale_and_classifies_by_cosine(folder, encoder):
    info = encoder.info
    assert (info.scale, info.logit_scale, info.logit_bias) == ("none", None, None)
    assert info.model_id == f"st:{folder}"
    of_clip = info.context_length == 32
    assert info.step_template == (SHORT_STEP_TEMPLATE if of_clip else STEP_TEMPLATE)
    assert info.dim == (12 if of_clip else 32)
    scripts = [Script("a", ("one", "two")), Script("b", ("three", "four"))]
    clip = FrameBatch(pictures(8), np.arange(8) / 4)
    scores = [one.score for one in ActAlign(encoder).predict(clip, scripts=scripts).candidates]
    assert len(scores) == 2
    assert all(-1 <= score <= 1 for score in scores)
    assert len(encoder.text_warnings(["short", "bend the left knee " * 30])) == of_clip


def clip_model(tmp_path):
    return make(tmp_path, "clip")


class TestFiles:
    def test_the_fingerprint_is_of_every_file_and_of_the_numbers(self, tmp_path):
        folder = clip_model(tmp_path)
        first = load_encoder(f"st:{folder}").info
        moved = folder.rename(tmp_path / "elsewhere")
        assert load_encoder(f"st:{moved}").info.fingerprint == first.fingerprint
        half = load_encoder(f"st:{moved}", dtype="bfloat16")
        assert half.info.fingerprint == f"{first.fingerprint}-bfloat16"
        assert half.encode_image(pictures(2)).dtype == np.float32
        weights = moved / "1_Dense" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
        assert load_encoder(f"st:{moved}").info.fingerprint != first.fingerprint

    def test_code_of_a_models_own_is_not_run(self, tmp_path):
        folder = clip_model(tmp_path)
        (folder / "own.py").write_text("raise SystemExit('it ran')")
        modules = json.loads((folder / "modules.json").read_text())
        modules[1]["type"] = "own.Module"
        (folder / "modules.json").write_text(json.dumps(modules))
        with pytest.raises(EncoderError, match=r"'own\.Module'.*not run"):
            load_encoder(f"st:{folder}")

    def test_pickled_weights_and_adapters_are_not_read(self, tmp_path):
        folder = clip_model(tmp_path)
        (folder / "1_Dense" / "model.safetensors").rename(folder / "1_Dense" / "pytorch_model.bin")
        with pytest.raises(EncoderError, match=r"1_Dense has no weights in safetensors form"):
            load_encoder(f"st:{folder}")
        (folder / "1_Dense" / "pytorch_model.bin").rename(folder / "1_Dense" / "model.safetensors")
        (folder / "adapter_config.json").write_text("{}")
        with pytest.raises(EncoderError, match=r"adapter_config\.json"):
            load_encoder(f"st:{folder}")

    @pytest.mark.parametrize(
        ("name", "settings"),
        [
            ("sentence_bert_config.json", {"tokenizer_name_or_path": "../other"}),
            ("sentence_bert_config.json", {"config_kwargs": {"transformers_weights": "../other"}}),
            ("sentence_bert_config.json", {"model_kwargs": {"attn_implementation": "my/kernel"}}),
            ("config.json", {"_attn_implementation": "my/kernel"}),
            ("config.json", {"vision_config": {"architecture": "hf-hub:my/model"}}),
            ("config.json", {"vision_config": {"model_args": {"checkpoint_path": "../a.pth"}}}),
            ("model.safetensors.index.json", {"weight_map": {"a": "../model.safetensors"}}),
        ],
    )
    def test_settings_that_lead_out_of_the_folder_are_refused(self, tmp_path, name, settings):
        (tmp_path / "modules.json").write_text("[]")
        (tmp_path / name).write_text(json.dumps(settings))
        with pytest.raises(EncoderError, match="one folder only"):
            load_encoder(f"st:{tmp_path}")

    def test_pickles_beside_other_safetensors_or_behind_a_link_are_not_read(self, tmp_path):
        (tmp_path / "modules.json").write_text("[]")
        other, dense = tmp_path / "other", tmp_path / "1_Dense"
        other.mkdir()
        dense.mkdir()
        for name in ("pytorch_model.bin", "unused.safetensors"):
            (dense / name).write_bytes(b"")
        with pytest.raises(EncoderError, match="1_Dense has no weights in safetensors form"):
            load_encoder(f"st:{tmp_path}")
        (dense / "pytorch_model.bin").rename(other / "pytorch_model.bin")
        (dense / "2_Dense").symlink_to(other)
        (tmp_path / "modules.json").rename(dense / "modules.json")
        with pytest.raises(EncoderError, match="2_Dense is a link"):
            load_encoder(f"st:{dense}")

    def test_models_of_texts_only_and_broken_ones_are_named_in_one_sentence(self, tmp_path):
        folder = clip_model(tmp_path)
        (folder / "1_Dense" / "config.json").write_text("{}")
        with pytest.raises(EncoderError, match="can't be loaded") as error:
            load_encoder(f"st:{folder}")
        assert "\n" not in str(error.value)
        for empty in ("st:", f"st:{tmp_path}"):
            with pytest.raises(EncoderError, match="contains no"):
                load_encoder(empty)
        (folder / "modules.json").write_text("{")
        with pytest.raises(EncoderError, match=r"modules\.json doesn't list"):
            load_encoder(f"st:{folder}")


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is there")
def test_a_package_that_a_model_lacks_is_named(tmp_path):
    folder = make_qwen3_vl(tmp_path / "model")
    with pytest.raises(EncoderUsageError) as error:  # exit code 2, as of any extra
        load_encoder(f"st:{folder}")
    said = str(error.value)
    assert "Torchvision library but it was not found in your environment); install the" in said
    assert "fetch it again" not in said
    assert actalign("models").stdout.count("needs torchvision of torch's release;") >= 1


def test_a_hubs_model_is_of_the_commit_that_its_revision_means(tmp_path, monkeypatch):
    folder = clip_model(tmp_path)
    (folder / "pytorch_model.bin").write_bytes(b"never fetched")
    old, new = "a" * 40, "b" * 40
    with tiny_hub({old: folder, new: folder}, main=new, v1=old) as port:
        use_hub(monkeypatch, port, tmp_path / "hub")
        info = load_encoder("st:tiny/siglip@v1").info
    assert (info.model_id, info.revision) == ("st:tiny/siglip", old)
    assert info.fingerprint == load_encoder(f"st:{folder}").info.fingerprint
    assert not list((tmp_path / "hub").rglob("*.bin"))
