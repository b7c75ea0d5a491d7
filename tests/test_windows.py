"""Encoders of windows: rows of several frames, with the times of their middles."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from actalign import ActAlign, FrameBatch, Script, WindowEncoder
from actalign.clips._embed import embed_videos
from actalign.clips._live import live_windows
from actalign.clips._prefetch import Sampling
from actalign.clips._store import Store
from actalign.encoder_info import EncoderInfo
from actalign.encoders import load_encoder
from actalign.encoders._base import encode_frames
from actalign.encoders._siglip import TransformersEncoder
from actalign.errors import ArrayError, EncoderError, UsageError
from actalign.video._stream import LiveSource
from tests.media import write_video
from tests.tiny_models import CORPUS, make_xclip


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

    def test_wrong_windows_and_uses_are_refused(self, folder, xclip):
        with pytest.raises(ArrayError, match=r"\(N, 4, H, W, 3\)"):
            xclip.encode_windows(np.zeros((2, 8, 48, 48, 3), np.uint8))
        with pytest.raises(EncoderError, match="windows of frames"):
            TransformersEncoder.from_pretrained(str(folder))
        with pytest.raises(EncoderError, match="float8"):
            load_encoder(str(folder), dtype="float8")
