"""One contract for every encoder, and what checkpoints and exported folders promise."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import onnx
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file

from actalign.encoders import Encoder, _load, load_encoder
from actalign.encoders._export import export_onnx
from actalign.encoders._fingerprint import fingerprint_files
from actalign.encoders._onnx import OnnxEncoder
from actalign.encoders._preprocessing import ImagePreprocessing
from actalign.encoders._siglip import naflex_grid
from actalign.encoders._torch import choose_device, resize
from actalign.errors import ArrayError, EncoderError, UsageError
from tests.command import actalign, printed_by
from tests.tiny_hub import hub_environment, tiny_hub, use_hub
from tests.tiny_models import CORPUS, make_clip, make_naflex, make_siglip, make_siglip2

CHECKPOINTS = {
    "siglip": make_siglip,
    "siglip2": make_siglip2,
    "naflex": make_naflex,
    "clip": make_clip,
}
ENCODERS = [*CHECKPOINTS, "onnx"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHAPES = [(72, 128), (90, 41), (30, 30), (48, 48), (200, 300)]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return {name: make(root / name) for name, make in CHECKPOINTS.items()}


@pytest.fixture(scope="session")
def exported(checkpoints, tmp_path_factory) -> Path:
    return export_onnx(str(checkpoints["siglip"]), tmp_path_factory.mktemp("onnx") / "out").folder


@pytest.fixture(scope="session")
def encoders(checkpoints, exported) -> dict[str, Encoder]:
    folders = {**checkpoints, "onnx": exported}
    return {name: load_encoder(str(folder), batch_size=3) for name, folder in folders.items()}


@pytest.fixture(params=ENCODERS)
def encoder(request, encoders) -> Encoder:
    return encoders[request.param]


def blobs(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Frames with soft colours, and in wide ones fine texture and hard edges."""
    random = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        soft = Image.fromarray(random.integers(0, 256, (5, 7, 3), dtype=np.uint8))
        frame = np.array(soft.resize((width, height), Image.Resampling.BICUBIC))
        frames.append(frame)
        if height > width:  # Pillow 13 resizes tall frames in another order: no hard edges there
            continue
        frame[: height // 3] = random.integers(0, 256, frame[: height // 3].shape)
        frame[:, width // 2 : width // 2 + 2] = random.choice([0, 255])
    return np.stack(frames)


def least_cosine(a: np.ndarray, b: np.ndarray) -> float:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(axis=1) / norms).min())


class TestContract:
    def test_rows_match_inputs(self, encoder):
        assert isinstance(encoder, Encoder)
        image, text = encoder.encode_image(blobs(7, 60, 80)), encoder.encode_text(CORPUS)
        assert image.shape == (7, encoder.info.dim)
        assert text.shape == (len(CORPUS), encoder.info.dim)
        assert image.dtype == text.dtype == np.float32
        assert np.isfinite(image).all()
        assert np.isfinite(text).all()

    def test_nothing_in_nothing_out(self, encoder):
        image = encoder.encode_image(np.zeros((0, 60, 80, 3), np.uint8))
        text = encoder.encode_text([])
        assert image.shape == text.shape == (0, encoder.info.dim)
        assert image.dtype == text.dtype == np.float32

    def test_a_frame_never_depends_on_the_others(self, encoder):
        frames = blobs(7, 60, 80)
        together = encoder.encode_image(frames)
        for t in range(len(frames)):
            alone = encoder.encode_image(frames[t : t + 1])
            np.testing.assert_allclose(alone[0], together[t], atol=2e-5)
        np.testing.assert_allclose(encoder.encode_image(frames[::-1]), together[::-1], atol=2e-5)

    def test_a_text_never_depends_on_the_others(self, encoder):
        texts = [*CORPUS, "a", "word " * 200, ""]
        together = encoder.encode_text(texts)
        for k, text in enumerate(texts):
            np.testing.assert_allclose(encoder.encode_text([text])[0], together[k], atol=2e-5)
        np.testing.assert_allclose(encoder.encode_text(texts[::-1]), together[::-1], atol=2e-5)

    def test_different_inputs_differ(self, encoder):
        image, text = encoder.encode_image(blobs(4, 60, 80)), encoder.encode_text(CORPUS)
        for rows in (image, text):
            unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
            off_diagonal = (unit @ unit.T)[~np.eye(len(rows), dtype=bool)]
            assert off_diagonal.max() < 0.9999

    def test_case_does_not_matter(self, encoder):
        upper = encoder.encode_text([text.upper() for text in CORPUS])
        lower = encoder.encode_text([text.lower() for text in CORPUS])
        np.testing.assert_allclose(upper, lower, atol=2e-5)

    def test_views_and_read_only_frames_are_taken(self, encoder):
        frames = blobs(4, 60, 80)
        wanted = encoder.encode_image(np.ascontiguousarray(frames[::2, :, ::-1]))
        np.testing.assert_allclose(encoder.encode_image(frames[::2, :, ::-1]), wanted, atol=2e-5)
        frames.setflags(write=False)
        assert encoder.encode_image(frames).shape == (4, encoder.info.dim)

    @pytest.mark.parametrize(
        "frames",
        [np.zeros((2, 8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8)],
        ids=["float", "one frame without its axis"],
    )
    def test_wrong_frames_are_refused(self, encoder, frames):
        with pytest.raises(ArrayError, match=r"\(T, H, W, 3\) uint8"):
            encoder.encode_image(frames)

    def test_long_texts_are_named(self, encoder):
        assert encoder.text_warnings(CORPUS[:2]) == []
        (warning,) = encoder.text_warnings([CORPUS[0], "bend the left knee " * 50])
        assert "bend the left knee" in warning.text
        assert encoder.info.model_id in warning.warning

    def test_scale_and_bias_are_the_checkpoints(self, encoder, encoders):
        assert encoder.info.logit_scale == pytest.approx(4.6031, abs=1e-6)
        bias = None if encoder is encoders["clip"] else pytest.approx(-12.932, abs=1e-5)
        assert encoder.info.logit_bias == bias


class TestAgainstTransformers:
    @pytest.mark.parametrize("name", CHECKPOINTS)
    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
    def test_pixels_follow_the_checkpoints_own_processor(self, checkpoints, encoders, name, shape):
        frames = blobs(3, *shape)
        ours = encoders[name].image_inputs(torch.from_numpy(frames))
        theirs = own_processor(name, checkpoints[name])(
            images=[Image.fromarray(frame) for frame in frames], return_tensors="pt"
        )
        pixels = ours["pixel_values"]
        wanted = theirs["pixel_values"][:, : pixels.shape[1]]
        std = min(encoders[name].preprocessing.std)
        assert pixels.shape == wanted.shape
        assert (pixels - wanted).abs().max() <= 2.01 / 255 / std
        if name == "naflex":
            assert ours["spatial_shapes"].tolist() == theirs["spatial_shapes"].tolist()

    @pytest.mark.parametrize("name", CHECKPOINTS)
    def test_embeddings_are_the_models_own(self, checkpoints, encoders, name):
        kind = {"clip": "CLIPModel", "naflex": "Siglip2Model"}.get(name, "SiglipModel")
        model = getattr(transformers, kind).from_pretrained(checkpoints[name]).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoints[name])
        frames = blobs(3, 72, 128)
        pixels = own_processor(name, checkpoints[name])(
            images=[Image.fromarray(frame) for frame in frames], return_tensors="pt"
        )
        length = 32 if name == "clip" else 64
        ids = tokenizer(
            [text.lower() for text in CORPUS],
            padding="max_length",
            truncation=True,
            max_length=length,
            return_tensors="pt",
        )["input_ids"]
        with torch.no_grad():
            image, text = model.get_image_features(**pixels), model.get_text_features(ids)
        image, text = (getattr(out, "pooler_output", out).numpy() for out in (image, text))
        assert least_cosine(encoders[name].encode_image(frames), image) > 0.9999
        np.testing.assert_allclose(encoders[name].encode_text(CORPUS), text, atol=2e-5)

    def test_bfloat16_is_close_and_keeps_the_scale(self, checkpoints, encoders):
        low = load_encoder(str(checkpoints["siglip"]), dtype="bfloat16")
        frames = blobs(5, 60, 80)
        assert low.encode_image(frames).dtype == np.float32
        wanted = encoders["siglip"].encode_image(frames)
        assert least_cosine(low.encode_image(frames), wanted) > 0.999
        assert low.info.logit_scale == pytest.approx(4.6031, abs=1e-6)

    @pytest.mark.gpu
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    @pytest.mark.parametrize("name", CHECKPOINTS)
    def test_cuda_agrees_with_the_cpu(self, checkpoints, encoders, name):
        fast = load_encoder(str(checkpoints[name]), device="cuda:0")
        frames = blobs(9, 72, 128)
        assert least_cosine(fast.encode_image(frames), encoders[name].encode_image(frames)) > 0.999
        assert least_cosine(fast.encode_text(CORPUS), encoders[name].encode_text(CORPUS)) > 0.999


def own_processor(name: str, folder: Path):
    """The checkpoint's image processor that needs Pillow only (its name differs by version)."""
    kind = {"clip": "CLIPImageProcessor", "naflex": "Siglip2ImageProcessor"}
    kind = kind.get(name, "SiglipImageProcessor")
    module = sys.modules[f"transformers.models.{kind.removesuffix('ImageProcessor').lower()}"]
    chosen = getattr(module, f"{kind}Pil", None) or getattr(module, kind)
    return chosen.from_pretrained(folder)


class TestPreprocessing:
    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
    @pytest.mark.parametrize("resample", ["bilinear", "bicubic"])
    def test_every_resize_follows_pillow(self, shape, resample):
        frames = blobs(3, *shape)
        size = (64, 56)
        kind = getattr(Image.Resampling, resample.upper())
        wanted = np.stack([np.array(Image.fromarray(f).resize(size[::-1], kind)) for f in frames])
        wanted = wanted.transpose(0, 3, 1, 2).astype(np.float32)
        spec = ImagePreprocessing(
            resize=size, resample=resample, mean=(0, 0, 0), std=(1, 1, 1), rescale=1.0
        )
        tensor = torch.from_numpy(frames)
        for got in (
            spec.apply(frames),
            resize(tensor, size, resample).float().numpy(),
            resize(
                tensor.float(), size, resample
            ).numpy(),  # the arithmetic where there's no kernel
        ):
            assert np.abs(got - wanted).max() <= 2

    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
    def test_a_crop_is_a_part_of_the_resized_frame(self, shape):
        frames = blobs(3, *shape)
        plain = {"resample": "bicubic", "mean": (0, 0, 0), "std": (1, 1, 1), "rescale": 1.0}
        whole = ImagePreprocessing(resize=48, **plain).apply(frames)
        part = ImagePreprocessing(resize=48, crop=(40, 31), **plain).apply(frames)
        top, left = (whole.shape[2] - 40) // 2, (whole.shape[3] - 31) // 2
        assert part.shape == (3, 3, 40, 31)
        assert np.abs(part - whole[:, :, top : top + 40, left : left + 31]).max() <= 1

    def test_the_width_is_resized_before_the_height(self):
        """Whatever Pillow's version: at hard edges the order shows."""
        frame = np.random.default_rng(0).integers(0, 256, (200, 30, 3), dtype=np.uint8)
        spec = ImagePreprocessing(
            resize=(20, 40), resample="bicubic", mean=(0, 0, 0), std=(1, 1, 1), rescale=1.0
        )
        wider = Image.fromarray(frame).resize((40, 200), Image.Resampling.BICUBIC)
        wanted = np.array(wider.resize((40, 20), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
        np.testing.assert_array_equal(spec.apply(frame[None])[0], wanted)

    @pytest.mark.gpu
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
    @pytest.mark.parametrize("resample", ["bilinear", "bicubic"])
    def test_a_gpu_resizes_as_the_cpu(self, shape, resample):
        frames = torch.from_numpy(blobs(3, *shape))
        got, wanted = (
            resize(frames.to(device), (64, 56), resample).cpu().float()
            for device in ("cuda:0", "cpu")
        )
        assert (got - wanted).abs().max() <= 2

    def test_crop_and_normalisation_follow_clip(self, checkpoints, encoders):
        frames = blobs(2, 61, 99)
        spec = encoders["clip"].preprocessing
        wanted = own_processor("clip", checkpoints["clip"])(
            images=[Image.fromarray(frame) for frame in frames], return_tensors="np"
        )["pixel_values"]
        assert np.abs(spec.apply(frames) - wanted).max() <= 2.01 / 255 / min(spec.std)

    def test_naflex_keeps_the_aspect_ratio_within_the_budget(self):
        assert naflex_grid(100, 100, 16) == (4, 4)
        assert naflex_grid(720, 1280, 256) == (12, 21)
        assert naflex_grid(1, 1000, 256) == (1, 256)


class TestFingerprint:
    def test_the_same_files_elsewhere_have_the_same_one(self, checkpoints, exported, tmp_path):
        for name, folder in {**checkpoints, "onnx": exported}.items():
            copy = shutil.copytree(folder, tmp_path / name)
            (copy / "README.md").write_text("not part of the encoder")
            assert (
                load_encoder(str(copy)).info.fingerprint
                == load_encoder(str(folder)).info.fingerprint
            )

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            ("preprocessor_config.json", '"resample": 3', '"resample": 2'),
            ("tokenizer_config.json", "64", "63"),
        ],
    )
    def test_another_setting_has_another_one(self, checkpoints, tmp_path, file, old, new):
        copy = shutil.copytree(checkpoints["siglip"], tmp_path / "copy")
        text = (copy / file).read_text()
        assert old in text
        (copy / file).write_text(text.replace(old, new))
        other = load_encoder(str(copy)).info.fingerprint
        assert other != load_encoder(str(checkpoints["siglip"])).info.fingerprint

    def test_weights_count_whatever_their_file_is_called(self, checkpoints, tmp_path):
        folder = shutil.copytree(checkpoints["siglip"], tmp_path / "sharded")
        tensors = load_file(folder / "model.safetensors")
        (folder / "model.safetensors").unlink()
        shards = {name: f"part_{n % 2}.safetensors" for n, name in enumerate(sorted(tensors))}
        index = folder / "model.safetensors.index.json"
        index.write_text(json.dumps({"metadata": {}, "weight_map": shards}))
        prints = []
        for gain in (1, 2):
            for file in set(shards.values()):
                part = {name: gain * tensors[name] for name in shards if shards[name] == file}
                save_file(part, folder / file, metadata={"format": "pt"})
            prints.append(load_encoder(str(folder)).info.fingerprint)
        assert prints[0] != prints[1]
        (folder / "part_1.safetensors").rename(tmp_path / "part_1.safetensors")
        with pytest.raises(EncoderError, match=r"'part_1\.safetensors', which is missing"):
            load_encoder(str(folder))
        index.write_text(index.read_text().replace("part_1", "../part_1"))
        with pytest.raises(EncoderError, match=r"\.\./part_1.* outside its folder"):
            load_encoder(str(folder))
        index.write_text('{"weight_map": {"logit_scale": 3}}')
        with pytest.raises(EncoderError, match="weight_map must name"):
            load_encoder(str(folder))

    def test_a_config_that_names_other_weights_is_refused(self, checkpoints, tmp_path):
        folder = shutil.copytree(checkpoints["siglip"], tmp_path / "model")
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(
            json.dumps(config | {"transformers_weights": "x.safetensors"})
        )
        with pytest.raises(EncoderError, match="transformers_weights names other weights"):
            load_encoder(str(folder))

    def test_external_weights_of_onnx_count_whatever_their_file_is_called(
        self, colour_model, tmp_path
    ):
        folder = shutil.copytree(colour_model, tmp_path / "model")
        text = onnx.load(folder / "text.onnx")
        (folder / "weights").mkdir()
        onnx.save(
            text, folder / "text.onnx", save_as_external_data=True,
            location="weights/gain.bin", size_threshold=50,
        )  # fmt: skip
        first = load_encoder(str(folder))
        row = first.encode_text(["red"])
        gain = folder / "weights" / "gain.bin"
        gain.write_bytes(
            gain.read_bytes().replace(np.float32(1).tobytes(), np.float32(2).tobytes())
        )
        second = load_encoder(str(folder))
        assert (second.encode_text(["red"]) != row).any()
        assert first.info.fingerprint != second.info.fingerprint
        data = (folder / "text.onnx").read_bytes()
        gain.rename(tmp_path / "g.bin")
        with pytest.raises(EncoderError, match=r"'weights/gain\.bin', which is missing"):
            load_encoder(str(folder))
        for place in (b"../../././g.bin", b"/tmp/aaaa/g.bin", b"weights\\..\\.bin"):
            (folder / "text.onnx").write_bytes(
                data.replace(b"weights/gain.bin", place.ljust(16, b"n"))
            )
            with pytest.raises(EncoderError, match="outside its folder"):
                load_encoder(str(folder))

    def test_each_number_type_has_its_own(self, checkpoints):
        folder = checkpoints["siglip"]
        read = [file for file in folder.iterdir() if file.name != "generation_config.json"]
        for dtype, ending in {
            None: "",
            "float32": "",
            "bfloat16": "-bfloat16",
            "float16": "-float16",
        }.items():
            info = load_encoder(str(folder), device="cpu", dtype=dtype).info
            assert info.fingerprint == fingerprint_files(read) + ending
            assert info.dtype == (dtype or "float32")

    def test_checkpoints_differ(self, encoders):
        prints = {encoder.info.fingerprint for encoder in encoders.values()}
        assert len(prints) == len(encoders)

    def test_what_is_known_of_a_checkpoint(self, checkpoints, encoders, tmp_path):
        assert encoders["siglip"].info.scale == "sigmoid"
        assert encoders["clip"].info.scale == "softmax"
        assert (encoders["siglip"].info.context_length, encoders["siglip"].info.licence) == (
            64,
            None,
        )
        assert encoders["clip"].info.gflop_per_row > encoders["siglip"].info.gflop_per_row > 0
        copy = shutil.copytree(checkpoints["siglip"], tmp_path / "copy")
        (copy / "README.md").write_text("---\nlicense: apache-2.0\ntags: [a]\n---\n# A model\n")
        assert load_encoder(str(copy)).info.licence == "apache-2.0"


class TestDevice:
    @pytest.mark.parametrize(
        ("cuda", "apple", "intel", "wanted"),
        [
            (True, True, False, "cuda:0"),
            (False, True, False, "mps"),
            (False, False, True, "xpu"),
            (False, False, False, "cpu"),
        ],
    )
    def test_the_fastest_that_torch_sees(self, monkeypatch, cuda, apple, intel, wanted):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
        monkeypatch.setattr(torch.xpu, "is_available", lambda: intel)
        assert choose_device(None) == wanted
        assert choose_device("cpu") == "cpu"


class TestErrors:
    def test_a_device_that_is_not_there(self, checkpoints):
        folder = str(checkpoints["siglip"])
        with pytest.raises(EncoderError, match="cuda:99"):
            load_encoder(folder, device="cuda:99")
        with pytest.raises(EncoderError, match="no device 'gpu'"):
            load_encoder(folder, device="gpu")
        with pytest.raises(EncoderError, match="no dtype 'int4' here; choose float32"):
            load_encoder(folder, dtype="int4")

    def test_an_exported_folder_has_no_device(self, exported):
        assert load_encoder(str(exported), device="cpu").info.dim == 32
        with pytest.raises(EncoderError, match="runs on the CPU"):
            load_encoder(str(exported), device="cuda:0")

    def test_no_such_folder_names_the_ways_out(self, tmp_path):
        for model in (str(tmp_path / "none"), "./none", "a/b/c"):
            with pytest.raises(EncoderError) as caught:
                load_encoder(model)
            assert "neither a folder here nor a hub id" in str(caught.value)
            assert "actalign[siglip]" in str(caught.value)
            assert_names_the_ways_out(str(caught.value))

    @pytest.mark.parametrize("missing", ["torch", "transformers"])
    def test_without_the_extra_the_ways_out_are_named(self, monkeypatch, checkpoints, missing):
        monkeypatch.setitem(sys.modules, missing, None)
        for module in ("_transformers", "_siglip", "_checkpoint"):
            monkeypatch.delitem(sys.modules, f"actalign.encoders.{module}", raising=False)
        with pytest.raises(EncoderError) as caught:
            load_encoder()
        assert "actalign[siglip]" in str(caught.value)
        assert_names_the_ways_out(str(caught.value))

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (
                lambda f: (f / "config.json").unlink(),
                "contains no model: it has none of",
            ),
            (lambda f: (f / "config.json").write_text("{"), "config.json isn't valid JSON"),
            (lambda f: edit(f / "config.json", model_type="bert"), "model_type is 'bert'"),
            (lambda f: edit(f / "config.json", model_type=["clip"]), r"model_type is \['clip'\]"),
            (lambda f: (f / "model.safetensors").unlink(), "no weights in safetensors form"),
            (lambda f: os.truncate(f / "model.safetensors", 9000), "can't be loaded"),
            (lambda f: (f / "spiece.model").unlink(), "can't be loaded"),
            (lambda f: (f / "preprocessor_config.json").unlink(), "processor_config.json can't be"),
            (lambda f: edit(f / "preprocessor_config.json", resample=1), "resample is 1"),
            (lambda f: edit(f / "preprocessor_config.json", resample=[3]), r"resample is \[3\]"),
            (
                lambda f: edit(f / "preprocessor_config.json", size={"height": 7, "width": 7}),
                r"images of \(7, 7\) pixels, but according to config.json the model needs",
            ),
            (lambda f: edit(f / "preprocessor_config.json", image_std=[0, 1, 1]), "std is wrong"),
            (lambda f: edit(f / "preprocessor_config.json", size={}), "resize is wrong"),
        ],
        ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
    )
    def test_damaged_checkpoints(self, checkpoints, tmp_path, damage, message):
        copy = shutil.copytree(checkpoints["siglip"], tmp_path / "copy")
        damage(copy)
        with pytest.raises(EncoderError, match=message):
            load_encoder(str(copy))

    def test_lacking_tensors_are_never_made_up(self, checkpoints, tmp_path):
        from safetensors.torch import load_file, save_file

        copy = shutil.copytree(checkpoints["siglip"], tmp_path / "copy")
        tensors = load_file(copy / "model.safetensors")
        del tensors["vision_model.post_layernorm.weight"]
        save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(EncoderError, match=r"lack 1 tensors.*post_layernorm"):
            load_encoder(str(copy))

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda f: edit(f / "config.json", version=3), "config.json: version is wrong"),
            (lambda f: (f / "text.onnx").unlink(), "text.onnx is missing"),
            (
                lambda f: (f / "text.onnx").write_bytes(b"no model"),
                "is not an ONNX model",
            ),
            (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json can't be read"),
            (lambda f: (f / "config.json").unlink(), "config.json can't be read"),
            (lambda f: edit(f / "config.json", logit_scale="big"), "config.json: logit_scale"),
            (lambda f: edit(f / "config.json", text={"pad_id": 1}), "text.max_length is wrong"),
            (lambda f: edit(f / "config.json", sclae=1), "sclae is wrong"),
        ],
        ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
    )
    def test_damaged_exports(self, exported, tmp_path, damage, message):
        copy = shutil.copytree(exported, tmp_path / "copy")
        damage(copy)
        with pytest.raises(EncoderError, match=message):
            load_encoder(str(copy))


def assert_names_the_ways_out(message: str) -> None:
    for way in ("name a ", "folder", "use the model body"):
        assert way.lower() in message.lower()


def edit(file: Path, **fields: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


class TestExport:
    def test_an_export_agrees_with_torch(self, exported, encoders):
        frames = blobs(6, 48, 48)
        wanted = encoders["siglip"].encode_image(frames)
        assert least_cosine(encoders["onnx"].encode_image(frames), wanted) > 0.9999
        wanted = encoders["siglip"].encode_text(CORPUS)
        assert least_cosine(encoders["onnx"].encode_text(CORPUS), wanted) > 0.9999
        for name in ("image.onnx", "text.onnx", "tokenizer.json", "config.json"):
            assert (exported / name).is_file()

    def test_threads_are_settable(self, exported, encoders):
        frames = blobs(2, 48, 48)
        one = OnnxEncoder(exported, threads=1).encode_image(frames)
        np.testing.assert_allclose(one, encoders["onnx"].encode_image(frames), atol=2e-5)

    def test_nothing_is_overwritten(self, checkpoints, tmp_path):
        with pytest.raises(UsageError, match="exists"):
            export_onnx(str(checkpoints["siglip"]), tmp_path)

    @pytest.mark.parametrize(
        "model", ["body", "body:all", "open_clip:a/b", "st:./here", "exported"]
    )
    def test_a_model_of_another_kind_is_wrong_usage(self, model, exported, tmp_path):
        name = exported if model == "exported" else model
        ended = actalign("export", "--to", "onnx", "--model", name, "--out", tmp_path / "out")
        assert ended.returncode == 2
        said = "is exported already" if model == "exported" else "can't be exported"
        assert f"error: The model '{name}' {said}; give the hub id or folder" in ended.stderr

    def test_an_own_encoder_is_wrong_usage(self, monkeypatch, tmp_path):
        monkeypatch.setitem(_load.ENCODERS, "mine", object)
        with pytest.raises(UsageError, match="The model 'mine' can't be exported"):
            export_onnx("mine", tmp_path / "out")

    def test_naflex_is_refused_and_leaves_nothing(self, checkpoints, tmp_path):
        with pytest.raises(EncoderError, match="NaFlex"):
            export_onnx(str(checkpoints["naflex"]), tmp_path / "out")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["siglip2", "clip"])
    def test_other_models_export_too(self, checkpoints, encoders, tmp_path, name):
        report = export_onnx(str(checkpoints[name]), tmp_path / "out")
        assert min(report.image_cosine, report.text_cosine) > 0.9999
        frames = blobs(3, 72, 128)
        again = load_encoder(str(report.folder))
        assert least_cosine(again.encode_image(frames), encoders[name].encode_image(frames)) > 0.999
        texts = [*CORPUS, "knees bent " * 60, ""]
        wanted = encoders[name].encode_text(texts)
        np.testing.assert_allclose(again.encode_text(texts), wanted, atol=1e-4)

    @pytest.mark.slow
    def test_int8_rows_do_not_depend_on_each_other(self, checkpoints, tmp_path):
        report = export_onnx(str(checkpoints["siglip"]), tmp_path / "out", int8=True)
        assert 0.99 < min(report.image_cosine, report.text_cosine) < 1
        encoder = load_encoder(str(report.folder), batch_size=8)
        assert encoder.info.dtype == "int8"
        modes = {path.name: path.stat().st_mode for path in report.folder.iterdir()}
        assert len(set(modes.values())) == 1, modes  # those who may read one may read all
        # As `align` asks for it, by what a store holds.
        again = load_encoder(encoder.info.model_id, dtype=encoder.info.dtype)
        assert again.info.fingerprint == encoder.info.fingerprint
        frames = blobs(4, 48, 48)
        together = encoder.encode_image(frames)
        for t in range(4):
            np.testing.assert_array_equal(encoder.encode_image(frames[t : t + 1])[0], together[t])

    @pytest.mark.slow
    def test_int8_products_never_overflow_16_bits(self, checkpoints, tmp_path):
        """Processors without VNNI add two products of 8 bits with 16-bit saturation."""
        import onnx

        folder = export_onnx(str(checkpoints["siglip"]), tmp_path / "out", int8=True).folder
        for name in ("image.onnx", "text.onnx"):
            graph = onnx.load(folder / name).graph
            tensors = {tensor.name: tensor for tensor in graph.initializer}
            products = [node for node in graph.node if node.op_type == "MatMulInteger"]
            assert len(products) >= 12
            for node in products:
                weights = onnx.numpy_helper.to_array(tensors[node.input[1]])
                assert weights.dtype == np.int8
                activations = np.full((1, len(weights)), 255, np.uint8)
                exact = activations.astype(np.int32) @ weights
                np.testing.assert_array_equal(saturating_product(activations, weights), exact)
                doubled = np.clip(2 * weights.astype(int), -127, 127).astype(np.int8)
                exact = activations.astype(np.int32) @ doubled
                assert (saturating_product(activations, doubled) != exact).any()

    def test_exports_of_version_1_are_read(self, exported, tmp_path):
        copy = shutil.copytree(exported, tmp_path / "copy")
        config = json.loads((copy / "config.json").read_text())
        assert config["version"] == 2
        del config["dtype"]
        for bias, wanted in ((0.0, None), (-12.5, -12.5)):
            (copy / "config.json").write_text(
                json.dumps({**config, "version": 1, "logit_bias": bias})
            )
            encoder = OnnxEncoder(copy)
            assert (encoder.info.logit_bias, encoder.info.dtype) == (wanted, "float32")
        edit(copy / "config.json", batch_size=1)
        old = OnnxEncoder(copy)
        assert old.info.dtype == "int8"
        # Its weights have 8 bits, so ONNX Runtime is asked to avoid the instruction that saturates.
        options = old._image.get_session_options()
        assert options.get_session_config_entry("session.x64quantprecision") == "1"
        edit(copy / "config.json", version=2, logit_bias=0.0)
        assert OnnxEncoder(copy).info.logit_bias == 0.0

    @pytest.mark.slow
    def test_int8_that_loses_too_much_is_not_kept(self, checkpoints, tmp_path, monkeypatch):
        monkeypatch.setattr("actalign.encoders._export.COSINE_INT8", 0.999999)
        with pytest.raises(EncoderError, match=r"must be at least 0.999999; nothing was written"):
            export_onnx(str(checkpoints["siglip"]), tmp_path / "out", int8=True)
        assert list(tmp_path.iterdir()) == []


def saturating_product(activations: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, k) uint8 times (k, m) int8 as the AVX2 instruction vpmaddubsw does it."""
    products = activations.astype(np.int32)[:, :, None] * weights.astype(np.int32)
    pairs = products[:, ::2] + products[:, 1::2]
    return np.clip(pairs, -32768, 32767).sum(axis=1)


class TestWithoutPackages:
    """Each in a fresh interpreter, where the package can't be imported."""

    @pytest.mark.parametrize(
        ("module", "missing", "extra"),
        [
            ("actalign.encoders._onnx", "onnxruntime", "onnx"),
            ("actalign.encoders._onnx", "tokenizers", "onnx"),
            ("actalign.encoders._export", "tokenizers", "onnx"),
            ("actalign.encoders.body", "onnxruntime", "body"),
            ("actalign.encoders.body", "tokenizers", "body"),
            ("actalign.encoders._transformers", "transformers", "siglip"),
            ("actalign.encoders._transformers", "torch", "siglip"),
        ],
    )
    def test_the_extra_is_named(self, module, missing, extra):
        said = python(
            f"""
            import importlib, sys
            from actalign.errors import EncoderUsageError
            sys.modules[{missing!r}] = None
            try:
                importlib.import_module({module!r})
            except EncoderUsageError as error:  # exit code 2, as of any extra
                print(error)
            """
        )
        assert f"pip install 'actalign[{extra}]'" in said
        assert missing in said
        assert said.count("\n") == 1

    def test_the_names_load_no_library(self):
        loaded = python(
            """
            import sys
            import actalign.encoders
            heavy = {"torch", "transformers", "onnxruntime", "tokenizers", "PIL"}
            print(*heavy & set(sys.modules))
            """
        )
        assert loaded == "\n"


def python(program: str) -> str:
    """What a fresh interpreter prints."""
    return printed_by("-c", textwrap.dedent(program))


@pytest.mark.slow
class TestHub:
    def test_from_the_hub_then_without_it(self, checkpoints, encoders, tmp_path):
        folder = shutil.copytree(checkpoints["siglip"], tmp_path / "repo")
        (folder / "pytorch_model.bin").write_bytes(b"never fetched")
        with tiny_hub({COMMIT: folder}, main=COMMIT) as port:
            first = load_in_a_process(port, tmp_path, "tiny/siglip", "tiny/other")
        later = load_in_a_process(port, tmp_path, "tiny/siglip", "tiny/new")
        for answers in (first, later):
            loaded = answers["tiny/siglip"]
            assert loaded["fingerprint"] == encoders["siglip"].info.fingerprint
            assert loaded["revision"] == COMMIT
            wanted = encoders["siglip"].encode_text(["knees bent"])[0]
            np.testing.assert_allclose(loaded["text"], wanted, atol=2e-5)
        assert not list(tmp_path.rglob("**/snapshots/**/pytorch_model.bin"))
        for failed in (first["tiny/other"], later["tiny/new"]):
            assert_names_the_ways_out(failed["error"])
            assert "\n" not in failed["error"]
            assert failed["seconds"] < 60

    def test_a_misspelt_folder_is_said_to_be_missing(self, monkeypatch, tmp_path):
        """Its path has the form of a hub id."""
        (tmp_path / "models").mkdir()
        monkeypatch.chdir(tmp_path)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        use_hub(monkeypatch, port, tmp_path / "cache")
        with pytest.raises(EncoderError, match="The folder models here has no sigllip"):
            load_encoder("models/sigllip")

    def test_a_silent_hub_is_not_waited_for(self, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            answers = load_in_a_process(silent.getsockname()[1], tmp_path, "tiny/siglip")
        assert_names_the_ways_out(answers["tiny/siglip"]["error"])
        assert answers["tiny/siglip"]["seconds"] < 100  # torch is loaded in it as well


def load_in_a_process(port: int, home: Path, *models: str) -> dict[str, dict[str, object]]:
    """Load each model in a fresh interpreter, since the hub's address is read on import."""
    program = """
        import json, sys, time
        from actalign.encoders import load_encoder
        from actalign.errors import EncoderError
        answers = {}
        for model in sys.argv[1:]:
            start = time.monotonic()
            try:
                e = load_encoder(model)
                answers[model] = {"fingerprint": e.info.fingerprint, "revision": e.info.revision}
                answers[model]["text"] = e.encode_text(["knees bent"])[0].tolist()
            except EncoderError as error:
                answers[model] = {"error": str(error)}
            answers[model]["seconds"] = time.monotonic() - start
        print(json.dumps(answers))
    """
    printed = printed_by("-c", textwrap.dedent(program), *models, env=hub_environment(port, home))
    return json.loads(printed.splitlines()[-1])


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_a_model_is_named_and_needs_no_torch(tmp_path, made):
    folder = tmp_path / "model"
    if made:
        folder.mkdir()
    said = "contains no model" if made else "neither a folder here nor a hub id"
    code = """if True:
        import sys
        sys.modules["torch"] = sys.modules["transformers"] = None
        from actalign.encoders import load_encoder
        from actalign.errors import EncoderError
        try:
            load_encoder(sys.argv[1])
        except EncoderError as error:
            print(error)
    """
    assert said in printed_by("-c", code, folder)
