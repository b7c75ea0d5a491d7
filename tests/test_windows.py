"""Encoders of windows: rows of several frames, with the times of their middles."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers
from safetensors.torch import load_file

from actalign import ActAlign, FrameBatch, Script, WindowEncoder
from actalign.clips._embed import embed_videos
from actalign.clips._keys import Sampling
from actalign.clips._live import live_windows
from actalign.clips._store import Store
from actalign.encoder_info import EncoderInfo
from actalign.encoders import load_encoder
from actalign.encoders._base import encode_frames
from actalign.encoders._export import export_onnx
from actalign.errors import ArrayError, EncoderError, UsageError
from actalign.video._stream import LiveSource
from tests.beside_torchvision import beside_torchvision
from tests.media import write_video
from tests.tiny_models import CORPUS, make_pe_video, make_videoprism, make_xclip


class Movement:
    """Knows whether a window of four frames brightens or darkens; no single frame shows it."""

    info = EncoderInfo(
        model_id="movement",
        fingerprint="movement-1",
        dim=2,
        logit_scale=None,
        logit_bias=None,
        smoothing_seconds=0.0,
        step_template="{step}",
        frames_per_row=4,
        frames_between_rows=2,
    )

    def encode_windows(self, windows):
        assert windows.shape[1] == 4
        brightness = windows.astype(np.float32).mean(axis=(2, 3, 4))
        gain = brightness[:, -1] - brightness[:, 0]
        return np.stack([gain, np.full_like(gain, 5.0)], axis=1)

    def encode_image(self, frames):
        return self.encode_windows(np.repeat(frames[:, None], 4, axis=1))

    def encode_text(self, texts):
        known = {"brighter": (1.0, 0.0), "darker": (-1.0, 0.0)}
        return np.array([known.get(text, (0.0, 1.0)) for text in texts], np.float32)

    def text_warnings(self, texts):
        return []


def ramp(values, size=32):
    return np.stack([np.full((size, size, 3), value, np.uint8) for value in values])


UP_DOWN = [*range(20, 200, 15), *range(200, 20, -15)]  # 24 frames
SCRIPTS = [
    Script("up and down", ("brighter", "darker")),
    Script("down and up", ("darker", "brighter")),
]


def batches(frames, times, cut):
    for start in range(0, len(frames), cut):
        yield FrameBatch(frames[start : start + cut], times[start : start + cut])


@pytest.mark.parametrize("count", [1, 3, 4, 5, 6, 7, 24])
def test_rows_are_of_windows_and_have_the_times_of_their_middles(count):
    frames, times = ramp(UP_DOWN[:count]), np.arange(count) * 0.1
    found = {
        cut: [
            np.concatenate(part)
            for part in zip(*encode_frames(Movement(), batches(frames, times, cut)), strict=True)
        ]
        for cut in (1, 5, 100)
    }
    starts = [n for n in range(0, count, 2) if n == 0 or n + 2 < count]
    wanted = [(times[n] + times[min(n + 3, count - 1)]) / 2 for n in starts]
    for rows, middles in found.values():
        np.testing.assert_allclose(middles, wanted)
        np.testing.assert_array_equal(rows, found[100][0])
        assert len(rows) == len(middles)
    for row, n in zip(found[100][0], starts, strict=True):
        last = min(n + 3, count - 1)
        assert row[0] == UP_DOWN[last] - UP_DOWN[n]


def test_alignment_and_segments_follow_the_windows_times():
    model = ActAlign(Movement())
    video = FrameBatch(ramp(UP_DOWN), np.arange(24) / 10)
    found = model.predict(video, scripts=SCRIPTS)
    assert found.label == "up and down"
    first, second = found.best.segments
    assert first.end_seconds == pytest.approx(1.2, abs=0.31)  # frame 12 is the brightest
    assert second.end_seconds == pytest.approx(2.4, abs=1e-6)


def test_files_stores_and_live_sources_have_the_same_rows(tmp_path):
    write_video(tmp_path / "clip.mp4", 24, fps=12)
    store, videos = Store(tmp_path / "store"), {"clip": tmp_path / "clip.mp4"}
    runs = [
        list(embed_videos(Movement(), videos, sampling=Sampling(None), store=store))
        for _ in range(2)
    ]
    [[first], [again]] = runs
    assert (first.cached, again.cached) == (False, True)
    np.testing.assert_array_equal(first.clip.pts_seconds, again.clip.pts_seconds)
    np.testing.assert_allclose(first.clip.pts_seconds, (1.5 + 2 * np.arange(11)) / 12, atol=1e-4)
    assert first.clip.end_seconds == pytest.approx(2.0)
    with pytest.raises(UsageError, match="looks across frames"):
        list(embed_videos(Movement(), videos, sampling=Sampling(None, skip_duplicates=0.99)))
    with LiveSource(str(tmp_path / "clip.mp4"), fps=12.0) as source:
        *_, last = live_windows(Movement(), source, window=30.0, every=60.0)
    np.testing.assert_allclose(last.clip.pts_seconds, first.clip.pts_seconds, atol=1e-4)
    np.testing.assert_array_equal(last.clip.embeddings, first.clip.embeddings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_xclip(tmp_path_factory.mktemp("xclip") / "model")


@pytest.fixture(scope="module")
def xclip(folder):
    return load_encoder(str(folder))


class TestXClip:
    def test_what_it_says_of_itself(self, xclip):
        info = xclip.info
        assert isinstance(xclip, WindowEncoder)
        assert (info.frames_per_row, info.frames_between_rows, info.fps) == (4, 2, 4.0)
        assert (info.dim, info.context_length, info.scale) == (24, 32, "softmax")
        assert info.logit_scale == pytest.approx(4.6031)

    def test_embeddings_are_those_of_transformers_own_forward_pass(self, folder, xclip):
        model = transformers.XCLIPModel.from_pretrained(folder).eval()
        windows = np.random.default_rng(0).integers(0, 256, (5, 4, 48, 48, 3), np.uint8)
        mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        pixels = torch.from_numpy((windows / 255 - mean) / std).float().permute(0, 1, 4, 2, 3)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        tokens = tokenizer(CORPUS, padding=True, return_tensors="pt")
        with torch.no_grad():
            video = model(**tokens, pixel_values=pixels).video_embeds.numpy()
            text = model.get_text_features(**tokens)
        text = getattr(text, "pooler_output", text).numpy()
        ours = xclip.encode_windows(windows)
        np.testing.assert_allclose(
            ours / np.linalg.norm(ours, axis=1, keepdims=True), video, atol=1e-5
        )
        np.testing.assert_allclose(xclip.encode_text(CORPUS), text, atol=1e-5)
        np.testing.assert_allclose(xclip.encode_windows(windows[2:3])[0], ours[2], atol=1e-5)
        assert np.abs(xclip.encode_windows(windows[:, ::-1]) - ours).max() > 1e-3  # sees order

    def test_it_classifies(self, xclip):
        video = FrameBatch(ramp(UP_DOWN), np.arange(24) / 4)
        row = ActAlign(xclip).predict(video, scripts=SCRIPTS).to_row()
        assert row["frames"] == 11
        assert {one["label"] for one in row["candidates"]} == {s.label for s in SCRIPTS}

    def test_wrong_windows_and_uses_are_refused(self, folder, xclip, tmp_path):
        with pytest.raises(ArrayError, match=r"\(N, 4, H, W, 3\)"):
            xclip.encode_windows(np.zeros((2, 8, 48, 48, 3), np.uint8))
        with pytest.raises(EncoderError, match="windows of frames"):
            export_onnx(str(folder), tmp_path / "out")
        with pytest.raises(EncoderError, match="float8"):
            load_encoder(str(folder), dtype="float8")


def windows_of(count, size):
    return np.random.default_rng(0).integers(0, 256, (3, count, size, size, 3), np.uint8)


def pixels_of(windows, mean, std):
    return torch.from_numpy((windows / 255 - mean) / std).float().permute(0, 1, 4, 2, 3)


@pytest.fixture(scope="module")
def videoprism_folder(tmp_path_factory):
    return make_videoprism(tmp_path_factory.mktemp("videoprism") / "model")


@pytest.fixture(scope="module")
def videoprism(videoprism_folder):
    return load_encoder(str(videoprism_folder))


class TestVideoPrism:
    def test_what_it_says_of_itself(self, videoprism):
        info = videoprism.info
        assert isinstance(videoprism, WindowEncoder)
        assert (info.frames_per_row, info.frames_between_rows, info.fps) == (4, 2, 8.0)
        assert (info.dim, info.context_length, info.scale) == (32, 64, "none")

    def test_embeddings_are_those_of_transformers_own_forward_pass(
        self, videoprism_folder, videoprism
    ):
        model = transformers.VideoPrismClipModel.from_pretrained(videoprism_folder).eval()
        windows = windows_of(4, 36)
        clean = ["lift the left arm.", "the knees bend slowly."]
        tokenizer = transformers.AutoTokenizer.from_pretrained(videoprism_folder)
        tokens = tokenizer(clean, padding="max_length", max_length=64, return_tensors="pt")
        with torch.no_grad():
            whole = model(**tokens, pixel_values_videos=pixels_of(windows, 0, 1))
        ours = videoprism.encode_windows(windows)
        np.testing.assert_allclose(ours, whole.video_embeds.numpy(), atol=1e-5)
        texts = videoprism.encode_text(["Lift the  LEFT arm!", "The knees bend, slowly"])
        np.testing.assert_allclose(texts, whole.text_embeds.numpy(), atol=1e-5)
        np.testing.assert_allclose(videoprism.encode_windows(windows[2:])[0], ours[2], atol=1e-5)
        assert np.abs(videoprism.encode_windows(windows[:, ::-1]) - ours).max() > 1e-3  # sees order

    def test_it_classifies_and_names_texts_that_are_cut(self, videoprism):
        video = FrameBatch(ramp(UP_DOWN), np.arange(24) / 8)
        row = ActAlign(videoprism).predict(video, scripts=SCRIPTS).to_row()
        assert row["frames"] == 11
        [warning] = videoprism.text_warnings(["short", "bend the left knee " * 30])
        assert "first 64" in warning.warning


@pytest.fixture(scope="module", params=[False, True], ids=["PE-Video", "PE-AV"])
def pe_folder(request, tmp_path_factory):
    if reason := beside_torchvision("torchvision", "timm"):
        pytest.skip(reason)
    return make_pe_video(tmp_path_factory.mktemp("pe") / "model", with_sound=request.param)


@pytest.fixture(scope="module")
def pe_video(pe_folder):
    return load_encoder(str(pe_folder))


class TestPeVideo:
    def test_embeddings_are_those_of_transformers_own_forward_pass(self, pe_folder, pe_video):
        info = pe_video.info
        assert (info.frames_per_row, info.fps, info.scale) == (16, 8.0, "none")
        assert (info.dim, info.context_length) == (32, 48)
        model = forward_pass_of(pe_folder)
        windows = windows_of(16, 48)
        texts = [*CORPUS[:3], "knee", "left " * 60]
        tokenizer = pe_video.tokenizer
        video = pixels_of(windows, 0.5, 0.5)
        ours = pe_video.encode_windows(windows)
        rows = pe_video.encode_text(texts)
        for text, row in zip(texts, rows, strict=True):
            tokens = tokenizer(text, truncation=True, max_length=48, return_tensors="pt")
            with torch.no_grad():
                whole = model(**tokens, pixel_values_videos=video)
            np.testing.assert_allclose(ours, whole.video_embeds.numpy(), atol=1e-5)
            np.testing.assert_allclose(row, whole.text_video_embeds[0].numpy(), atol=1e-5)
            logits = ours @ row * model.text_video_logit_scale.item()
            logits += model.text_video_logit_bias.item()
            np.testing.assert_allclose(logits, whole.logits_video_text[:, 0].numpy(), atol=1e-4)
        np.testing.assert_array_equal(pe_video.encode_text(texts[3:4])[0], rows[3])
        assert pe_video.encode_text([]).shape == (0, 32)
        assert np.abs(np.linalg.norm(ours, axis=1) - 1).min() > 0.1  # not normalised
        assert np.abs(pe_video.encode_windows(windows[:, ::-1]) - ours).max() > 1e-3

    def test_it_classifies(self, pe_video):
        video = FrameBatch(ramp(UP_DOWN), np.arange(24) / 8)
        row = ActAlign(pe_video).predict(video, scripts=SCRIPTS).to_row()
        assert row["frames"] == 2
        assert len(pe_video.text_warnings(["short", "bend the left knee " * 30])) == 1


def forward_pass_of(folder):
    """PE-AV's model as a whole can't be loaded by transformers 5.23, so it is made, then filled."""
    config = transformers.AutoConfig.from_pretrained(folder)
    if config.model_type == "pe_video":
        return transformers.PeVideoModel.from_pretrained(folder).eval()
    whole = transformers.PeAudioVideoModel(config)
    weights = load_file(folder / "model.safetensors")
    for name in list(weights):
        if name.startswith("text_model."):
            weights[f"video_model.{name}"] = weights[name]
    assert not [
        name
        for name in whole.load_state_dict(weights, strict=False).missing_keys
        if name.startswith("video_model.")
    ]
    return whole.video_model.eval()
