"""Many videos to embeddings: full batches across clips, alike frames, errors as rows."""

from __future__ import annotations

import json

import av
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from actalign.clips._embed import CLIPS_A_STREAM, embed_video, embed_videos
from actalign.clips._keys import Sampling
from actalign.clips._store import Store
from actalign.encoders._load import load_encoder
from actalign.errors import VideoError
from actalign.video._sampling import sample_frames
from tests.command import actalign
from tests.media import write_video
from tests.tiny_models import make_siglip

BATCH = 20


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_siglip(tmp_path_factory.mktemp("checkpoint") / "siglip")


@pytest.fixture(scope="module")
def encoder(checkpoint):
    return load_encoder(str(checkpoint), batch_size=BATCH)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Clips of several sizes and lengths, two of which can't be decoded."""
    folder = tmp_path_factory.mktemp("clips")
    made = {
        "short": write_video(folder / "short.mp4", 3),
        "long": write_video(folder / "long.mp4", 45),
        "tall": write_video(folder / "tall.mp4", 7, size=(64, 96)),
        "text": folder / "text.mp4",
        "missing": folder / "missing.mp4",
        "last": write_video(folder / "last.mp4", 18),
    }
    made["text"].write_text("no video")
    return made


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """Ten frames of one picture, then ten of another, losslessly."""
    path = tmp_path_factory.mktemp("still") / "still.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "bgr0"
        for number in range(20):
            picture = np.full((64, 96, 3), 200 if number < 10 else 40, np.uint8)
            picture[number % 4, 0] = 0  # noise
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="bgr0")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def encoded_alone(encoder, path):
    frames = np.concatenate([batch.frames for batch in sample_frames(path)])
    return np.concatenate([encoder.encode_image(frame[None]) for frame in frames])


def assert_rows(found, videos, encoder):
    assert [result.clip_id for result in found] == list(videos)
    for result in found:
        assert result.path == videos[result.clip_id]
        if result.clip_id in ("text", "missing"):
            assert result.clip is None
            assert result.clip_id in str(result.error)
        else:
            wanted = encoded_alone(encoder, result.path)
            np.testing.assert_allclose(result.clip.embeddings, wanted, atol=2e-5)
            assert len(result.clip.pts_seconds) == len(wanted)


@pytest.mark.parametrize(
    ("across", "at_once", "batches"),
    [
        (True, 1, [20, 20, 20, 13]),
        (True, 3, [20, 20, 20, 13]),
        (True, 9, [20, 20, 20, 13]),
        (False, 3, [3, 20, 20, 5, 7, 18]),
    ],
)
def test_a_gpus_batches_are_filled_across_clips(
    encoder, videos, monkeypatch, across, at_once, batches
):
    monkeypatch.setattr(type(encoder), "across_clips", across)
    counts = []
    hook = encoder.torch_model.vision_model.register_forward_pre_hook(
        lambda _, args, given: counts.append(len(given["pixel_values"])), with_kwargs=True
    )
    told = {}
    try:
        found = list(
            embed_videos(
                encoder,
                videos,
                sampling=Sampling(),
                at_once=at_once,
                on_frames=lambda clip_id, n: told.update({clip_id: told.get(clip_id, 0) + n}),
            )
        )
    finally:
        hook.remove()
    assert counts == batches
    assert told == {"short": 3, "long": 45, "tall": 7, "last": 18}
    assert_rows(found, videos, encoder)


def test_what_is_stored_is_taken_and_order_is_kept(encoder, videos, tmp_path):
    store = Store(tmp_path)
    some = {name: videos[name] for name in ("tall", "missing")}
    list(embed_videos(encoder, some, sampling=Sampling(), store=store))
    found = list(embed_videos(encoder, videos, sampling=Sampling(), store=store))
    assert_rows(found, videos, encoder)
    assert [result.clip_id for result in found if result.cached] == ["tall"]


def test_stored_clips_are_given_out_at_once(encoder, videos, tmp_path):
    """Their results wait for nobody's batch, however many there are."""
    store = Store(tmp_path)
    many = {f"{n}": videos["short"] for n in range(3)}
    list(embed_videos(encoder, many, sampling=Sampling(), store=store))
    run = embed_videos(encoder, many, sampling=Sampling(), store=store)
    assert next(run).cached
    run.close()


def test_finished_clips_wait_for_a_bounded_number_of_others(encoder, videos, tmp_path, monkeypatch):
    monkeypatch.setattr(type(encoder), "across_clips", True)
    store = Store(tmp_path)
    copies = {f"{n}": videos["short"] for n in range(2 * CLIPS_A_STREAM)}
    list(embed_videos(encoder, copies, sampling=Sampling(), store=store))
    run = embed_videos(encoder, {"new": videos["last"], **copies}, sampling=Sampling(), store=store)
    assert next(run).clip_id == "new"  # though its frames fill no batch
    for entry in store:
        entry.unlink()
    rest = list(run)
    assert [result.clip_id for result in rest] == list(copies)
    assert sum(result.cached for result in rest) < CLIPS_A_STREAM + 4


def test_one_video_by_itself(encoder, videos):
    clip = embed_video(encoder, videos["long"], clip_id="long", sampling=Sampling())
    np.testing.assert_allclose(clip.embeddings, encoded_alone(encoder, videos["long"]), atol=2e-5)
    with pytest.raises(VideoError, match="missing"):
        embed_video(encoder, videos["missing"], clip_id="missing", sampling=Sampling())


def test_alike_frames_take_the_embedding_of_the_frame_before(encoder, still, tmp_path):
    store = Store(tmp_path)
    every = embed_video(encoder, still, clip_id="c", sampling=Sampling(), store=store)
    told = []
    few = embed_video(
        encoder,
        still,
        clip_id="c",
        sampling=Sampling(skip_duplicates=60),
        store=store,
        on_frames=lambda _, n: told.append(n),
    )
    assert sum(told) == 2
    assert len(few.embeddings) == len(every.embeddings) == 20
    np.testing.assert_array_equal(few.pts_seconds, every.pts_seconds)
    np.testing.assert_array_equal(few.embeddings[:10], np.tile(few.embeddings[0], (10, 1)))
    np.testing.assert_allclose(few.embeddings[[0, 10]], every.embeddings[[0, 10]], atol=2e-5)
    assert few.provenance["skip_duplicates"] == "60"
    assert few.provenance["frames_reused"] == "18"
    assert "frames_reused" not in every.provenance
    assert len(list(store)) == 2  # neither setting takes the other's entry


def test_the_command_says_what_was_reused(checkpoint, still, tmp_path):
    out = tmp_path / "rows.jsonl"
    words = ["classify", still, "--labels", "a,b", "--model", checkpoint, "--store", tmp_path / "s"]
    ended = actalign(*words, "--skip-duplicates", "60", "--out", out)
    assert ended.returncode == 0, ended.stderr
    [row] = map(json.loads, out.read_text().splitlines())
    assert row["frames"] == 20
    assert row["provenance"]["frames_reused"] == "18"
    assert row["provenance"]["skip_duplicates"] == "60"
    assert row["provenance"]["fps"] == "all"


def test_an_encoder_that_looks_across_frames_skips_none(still, tmp_path):
    words = ["encode", still, "--model", "body", "--skip-duplicates", "2"]
    done = actalign(*words, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "'body' looks across frames" in done.stderr
