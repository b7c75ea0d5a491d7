"""Backgrounds: added up, written, read, shipped with `body`, checked against the encoder."""

import os
from dataclasses import replace

import numpy as np
import pytest

from actalign import ClipEmbedding, EncoderError, EncoderInfo, UsageError
from actalign.background import Background, BackgroundSums, read_background, write_background
from actalign.clips._background import OtherClips
from actalign.encoders._backgrounds import BODY, shipped_background
from actalign.encoders._load import load_encoder
from actalign.errors import ArrayError
from tests.command import printed_by

INFO = EncoderInfo("model", "print", 5, 2.0, -5.0)
SUMS = "model", "print", 5


def clips(count=3):
    rng = np.random.default_rng(1)
    found = []
    for n in range(count):
        rows = rng.normal(size=(6 + n, 5)).astype(np.float32) * 7
        rows[n] = 0  # neutral
        times = np.arange(len(rows)) / 10
        found.append(ClipEmbedding(f"c{n}", rows, times, 1.0, "model", "print"))
    return found


def directly(embeddings):
    rows = np.concatenate(embeddings)
    rows = rows[rows.any(axis=1)].astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.mean(axis=0), np.cov(rows.T, bias=True), len(rows)


def test_frames_added_clip_by_clip_give_their_mean_and_covariance():
    sums = BackgroundSums(*SUMS)
    for clip in clips():
        sums.add(clip.embeddings)
    found = sums.background("x")
    mean, covariance, count = directly([clip.embeddings for clip in clips()])
    assert found.count == count == 6 + 7 + 8 - 3
    np.testing.assert_allclose(found.mean, mean, atol=1e-6)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-6)


def test_the_other_clips_are_all_but_one():
    given = clips()
    others = OtherClips(INFO, iter(given))
    found = others.of(given[1])
    mean, covariance, count = directly([given[0].embeddings, given[2].embeddings])
    assert found.count == count
    np.testing.assert_allclose(found.mean, mean, atol=1e-6)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-6)
    assert "transductive" in found.source
    np.testing.assert_array_equal(others.of(given[1]).mean, found.mean)
    with pytest.raises(UsageError, match="give more clips"):
        OtherClips(INFO, given[:1])


def test_half_of_other_clips_is_the_background_that_the_encoder_ships():
    info = load_encoder("body").info
    shipped = shipped_background(info)
    rng = np.random.default_rng(0)
    given = [
        ClipEmbedding(
            str(n), rng.normal(size=(9, info.dim)).astype(np.float32), np.arange(9.0), 9.0,
            info.model_id, info.fingerprint,
        )
        for n in range(2)
    ]  # fmt: skip
    mean, covariance, _ = directly([given[1].embeddings])
    found = OtherClips(info, given).of(given[0])
    np.testing.assert_allclose(found.mean, (mean + shipped.mean) / 2, atol=1e-6)
    np.testing.assert_allclose(found.covariance, (covariance + shipped.covariance) / 2, atol=1e-6)
    assert "half shipped" in found.source
    assert "the run's 1 other clip (transductive)" in found.source


def test_a_written_background_is_read_again(tmp_path):
    sums = BackgroundSums(*SUMS)
    sums.add(clips()[0].embeddings)
    made = sums.background("x")
    made = Background(
        made.mean,
        made.covariance,
        made.count,
        "model",
        "print",
        "x",
        {"competitive": 0.5},
        {"dtw": 1},
        {"competitive": 2.0},
        {"competitive": 3.0},
    )
    write_background(made, tmp_path / "b.safetensors")
    found = read_background(tmp_path / "b.safetensors")
    np.testing.assert_array_equal(found.covariance, made.covariance)
    assert (found.model_id, found.fingerprint, found.count) == ("model", "print", 5)
    assert found.temperatures == {"competitive": 0.5}
    assert found.label_temperatures == {"dtw": 1.0}
    assert found.none_temperatures == {"competitive": 2.0}
    assert found.none_label_temperatures == {"competitive": 3.0}
    assert found.source == "b.safetensors, 5 frames"
    assert found.digest == made.digest
    assert [path.name for path in tmp_path.iterdir()] == ["b.safetensors"]
    write_background(made, tmp_path / "half.safetensors", half=True)
    half = read_background(tmp_path / "half.safetensors")
    np.testing.assert_allclose(half.covariance, made.covariance, rtol=1e-3, atol=1e-6)


def test_what_is_no_background_is_named(tmp_path):
    from safetensors.numpy import save_file

    (tmp_path / "junk").write_bytes(b"junk")
    save_file({"mean": np.zeros(2, np.float32)}, tmp_path / "other")
    about = {"format": "actalign-background-1", "background": '{"count": 3}'}
    arrays = {"mean": np.zeros(2, np.float32), "covariance": np.zeros((3, 3), np.float32)}
    save_file(arrays, tmp_path / "wrong", metadata=about)
    about["background"] = '{"count": 3, "model_id": "model", "fingerprint": "print"}'
    arrays = {"mean": np.full(2, np.nan), "covariance": np.zeros((2, 2))}
    save_file(arrays, tmp_path / "nan", metadata=about)
    for name, what in (
        ("missing", "can't be read"),
        ("junk", "can't be read"),
        ("other", "is not a background"),
        ("wrong", "can't be read"),
        ("nan", r"can't be read \(The background contains NaN or infinity\); make it with"),
    ):
        with pytest.raises(UsageError, match=rf"{name}.* {what}"):
            read_background(tmp_path / name)
    with pytest.raises(UsageError, match="give more clips"):
        BackgroundSums(*SUMS).background("an empty folder")


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root becomes others"
)
def test_a_background_that_may_not_be_read_is_not_called_missing(tmp_path):
    path = tmp_path / "b.safetensors"
    sums = BackgroundSums(*SUMS)
    sums.add(clips()[0].embeddings)
    write_background(sums.background("x"), path)
    path.chmod(0o600)
    tmp_path.chmod(0o755)
    program = (
        "import os, sys, safetensors.numpy\n"
        "from actalign.background import UsageError, read_background\n"
        "os.chdir(sys.argv[1])\n"
        "os.setuid(54321)\n"
        "try: read_background('b.safetensors')\n"
        "except UsageError as error: print(error)\n"
    )
    assert "can't be read (Permission denied); make it" in printed_by("-c", program, tmp_path)


def test_embeddings_that_are_no_numbers_are_refused_where_they_are_added():
    sums = BackgroundSums(*SUMS)
    rows = clips()[0].embeddings.copy()
    rows[1, 0] = np.nan
    with pytest.raises(ArrayError, match="embeddings hold NaN or infinity"):
        sums.add(rows)


def test_another_encoders_background_is_refused():
    sums = BackgroundSums(*SUMS)
    sums.add(clips()[0].embeddings)
    background = sums.background("x")
    assert background.checked(INFO) is background
    with pytest.raises(EncoderError, match=r"comes from model \(print\).* encoder is other"):
        background.checked(EncoderInfo("other", "another", 5, 2.0, -5.0))


@pytest.mark.parametrize("wrong", [0, -1.0, float("nan"), float("inf"), "x", None])
@pytest.mark.parametrize("which", ["temperatures", "label_temperatures", "none_temperatures"])
def test_a_temperature_is_a_number_above_0(which, wrong):
    sums = BackgroundSums(*SUMS)
    sums.add(clips()[0].embeddings)
    with pytest.raises(ArrayError, match=r"temperature of 'dtw' is .* number above 0"):
        replace(sums.background("x"), **{which: {"dtw": wrong}})


def test_body_ships_a_background_of_exactly_its_own_weights():
    info = load_encoder("body").info
    found = shipped_background(info)
    assert found is not None, "run training/make_background.py"
    assert found.mean.shape == (info.dim,)
    assert found.count > 10_000
    assert BODY.stat().st_size < 400_000
    assert found.label_temperatures["competitive"] > found.temperatures["competitive"] > 0
    # Scores say less where the right candidate may be missing.
    assert found.none_temperatures["competitive"] > found.temperatures["competitive"]
    assert shipped_background(EncoderInfo("body", "other weights", 256, 2.0, -5.0)) is None
    # A covariance has no direction of negative variance, beyond float16's rounding.
    assert np.linalg.eigvalsh(found.covariance.astype(np.float64)).min() > -1e-5
