"""Long videos are encoded in parts, which an interrupted run does not encode again."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from actalign.cli import _cost
from actalign.clips import Sampling, Store, embed_video, embed_videos
from actalign.clips import _parts as parts
from actalign.clips._store import entry_source
from actalign.demo import demo_clips
from actalign.encoders import load_encoder
from actalign.video._worker import DecodeProcess
from tests.command import actalign, finish, wait_for
from tests.media import numbered_frame, write_video

FRAMES = 1700
"""More than the 1,500 that are encoded in one go."""


@pytest.fixture(scope="module")
def encoder(colour_model):
    return load_encoder(str(colour_model))


@pytest.fixture(scope="module")
def body():
    pytest.importorskip("onnxruntime")
    return load_encoder("body")


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    front = {"movflags": "faststart"}  # its index
    return write_video(
        folder / "long.mp4", FRAMES, fps=30, options={"g": "30"}, container_options=front
    )


@pytest.fixture(scope="module")
def one_keyframe(tmp_path_factory):
    path = tmp_path_factory.mktemp("one") / "long.mp4"
    options = {"g": "100000", "sc_threshold": "0"}
    return write_video(path, FRAMES, fps=20, size=(32, 32), options=options)


def whole(encoder, path, monkeypatch, **sampling):
    """Its embeddings, encoded in one go."""
    with monkeypatch.context() as patched:
        patched.setattr(parts, "PART_FRAMES", 10**6)
        return embed_video(encoder, path, clip_id="long", sampling=Sampling(**sampling))


@pytest.fixture(scope="module")
def of_long(encoder, long):
    """The embeddings of every frame of the long file, encoded in one go."""
    with pytest.MonkeyPatch.context() as patched:
        return whole(encoder, long, patched)


def assert_same(found, wanted):
    np.testing.assert_allclose(found.embeddings, wanted.embeddings, atol=1e-6)
    np.testing.assert_array_equal(found.pts_seconds, wanted.pts_seconds)
    assert found.end_seconds == wanted.end_seconds
    assert found.provenance == wanted.provenance
    assert found.warnings == wanted.warnings


@pytest.mark.parametrize(
    "sampling", [{}, {"fps": 29, "start": 1.03, "end": 55.5}, {"skip_duplicates": 0.999}]
)
def test_a_long_video_has_the_same_embeddings_in_parts(
    encoder, long, of_long, monkeypatch, sampling
):
    wanted = whole(encoder, long, monkeypatch, **sampling) if sampling else of_long
    told, opened = [], []
    [result] = embed_videos(
        encoder,
        {"long": long},
        sampling=Sampling(**sampling),
        on_frames=lambda clip_id, count: told.append(count),
        on_open=lambda clip_id, times, _: opened.append(times),
    )
    if "skip_duplicates" in sampling:  # the first frame of a part is never left out
        assert len(result.clip.embeddings) == len(wanted.embeddings)
    else:
        assert_same(result.clip, wanted)
        assert sum(told) == len(wanted.embeddings)
    [times] = opened
    np.testing.assert_array_equal(times, wanted.pts_seconds)


def test_a_long_video_alone_has_them_too(encoder, long, of_long):
    found = embed_video(encoder, long, clip_id="long", sampling=Sampling())
    assert_same(found, of_long)


def test_clips_keep_their_order_beside_one_in_parts(encoder, long, tmp_path):
    short = [write_video(tmp_path / f"{n}.mp4", 5 + n) for n in range(3)]
    videos = {"0": short[0], "long": long, "1": short[1], "gone": Path("gone.mp4"), "2": short[2]}
    for at_once in (1, 3):
        found = list(embed_videos(encoder, videos, sampling=Sampling(), at_once=at_once))
        assert [one.clip_id for one in found] == list(videos)
        assert [one.clip and len(one.clip.embeddings) for one in found] == [5, FRAMES, 6, None, 7]


def test_an_interrupted_run_goes_on_where_it_was(encoder, long, of_long, tmp_path):
    store = Store(tmp_path / "store")
    done = 0

    def stop(clip_id, count):
        nonlocal done
        done += count
        if done > FRAMES * 2 // 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(
            embed_videos(
                encoder, {"long": long}, sampling=Sampling(), store=store, on_frames=stop, at_once=1
            )
        )
    assert list(store) == []
    assert len(list((store.folder / parts.PARTS_FOLDER).iterdir())) == 1
    counts, opened = [], []
    [result] = embed_videos(
        encoder,
        {"long": long},
        sampling=Sampling(),
        store=store,
        on_frames=lambda clip_id, count: counts.append(count),
        on_open=lambda clip_id, times, _: opened.append(len(times)),
    )
    assert sum(counts) == FRAMES // 2 == sum(opened)
    assert not result.cached
    assert_same(result.clip, of_long)
    # The whole takes the parts' place.
    assert [path.name for path in store.folder.iterdir()] == [path.name for path in store]
    [again] = embed_videos(encoder, {"long": long}, sampling=Sampling(), store=store)
    assert again.cached


def interrupted(encoder, path, store):
    """A run that is stopped once a part is kept."""

    def stop(clip_id, count):
        if list(store.folder.glob("parts/*")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(embed_videos(encoder, {"l": path}, sampling=Sampling(), store=store, on_frames=stop))


def test_a_part_that_is_damaged_is_encoded_again(encoder, long, tmp_path):
    store = Store(tmp_path)
    interrupted(encoder, long, store)
    [kept] = tmp_path.glob("parts/*")
    kept.write_bytes(kept.read_bytes()[:-100])
    [result] = embed_videos(encoder, {"l": long}, sampling=Sampling(), store=store)
    assert len(result.clip.embeddings) == FRAMES
    assert not list(tmp_path.glob("parts"))


def test_a_part_without_a_frame_is_a_hole_that_is_said(encoder, long, tmp_path, monkeypatch):
    data = bytearray(long.read_bytes())
    at = data.index(b"mdat")
    size = len(data) - at
    data[at + size * 45 // 100 :] = bytes(len(data) - (at + size * 45 // 100))
    hurt = tmp_path / "hurt.mp4"
    hurt.write_bytes(bytes(data))
    [result] = embed_videos(encoder, {"hurt": hurt}, sampling=Sampling())
    assert 0.3 * FRAMES < len(result.clip.pts_seconds) < 0.5 * FRAMES
    counted, hole = result.clip.warnings
    assert f" of {FRAMES} frames of {hurt} could not be decoded." in counted
    assert hole.startswith(f"No frame of {hurt} is seen from ")
    assert_same(result.clip, whole(encoder, hurt, monkeypatch))


def test_a_hole_across_two_parts_is_said_once(encoder, long, tmp_path):
    data = bytearray(long.read_bytes())
    at = data.index(b"mdat")
    begin, end = (at + (len(data) - at) * percent // 100 for percent in (45, 55))
    data[begin:end] = bytes(end - begin)
    hurt = tmp_path / "hurt.mp4"
    hurt.write_bytes(bytes(data))
    [result] = embed_videos(encoder, {"hurt": hurt}, sampling=Sampling())
    assert result.clip.warnings[0].startswith(
        f"{FRAMES - len(result.clip.pts_seconds)} of {FRAMES} frames"
    )
    assert len([text for text in result.clip.warnings if "is seen from" in text]) == 1


def test_a_file_that_can_not_be_searched_is_read_once(encoder, one_keyframe, tmp_path):
    """Each of its parts would have to decode all before it."""
    decoded = []
    [result] = embed_videos(
        encoder,
        {"long": one_keyframe},
        sampling=Sampling(),
        store=Store(tmp_path / "store"),
        on_frames=lambda clip_id, count: decoded.append([*tmp_path.glob("store/parts/*")]),
    )
    assert len(result.clip.embeddings) == FRAMES
    assert not any(decoded)


def test_pictures_of_other_sizes_are_those_of_the_whole(encoder, tmp_path, monkeypatch):
    """All take the first one's size, wherever a part begins."""
    folder = tmp_path / "long"
    folder.mkdir()
    for number in range(60):
        size = (32, 96) if number < 3 else (96, 32)
        Image.fromarray(numbered_frame(number, *size)).save(folder / f"{number}.png")
    wanted = whole(encoder, folder, monkeypatch)
    monkeypatch.setattr(parts, "PART_FRAMES", 20)
    [result] = embed_videos(encoder, {"long": folder}, sampling=Sampling(), at_once=3)
    assert_same(result.clip, wanted)


def test_a_video_that_moved_between_two_runs_is_named_where_it_is(encoder, long, tmp_path):
    store = Store(tmp_path / "store")
    interrupted(encoder, long, store)
    moved = tmp_path / "moved.mp4"
    moved.write_bytes(long.read_bytes())
    [result] = embed_videos(encoder, {"l": moved}, sampling=Sampling(), store=store)
    assert result.clip.provenance["video"] == str(moved)
    [entry] = store
    assert entry_source(entry)["video"] == str(moved)


def test_a_lost_decoder_costs_the_clip_and_not_its_other_parts(encoder, long, tmp_path):
    store, decoder = Store(tmp_path), DecodeProcess()

    def lose(clip_id, count):
        child = decoder._child  # None once its loss was noticed, while frames of before go on
        if list(tmp_path.glob("parts/*")) and child is not None:
            child.kill()

    with decoder:
        [result] = embed_videos(
            encoder,
            {"long": long},
            sampling=Sampling(),
            store=store,
            on_frames=lose,
            decoders=[decoder],
        )
    assert "decoder crashed" in str(result.error)
    assert len(list(tmp_path.glob("parts/*"))) == 1


def test_a_file_that_hangs_is_waited_for_once(encoder, long, monkeypatch):
    """And not for each of its parts."""
    monkeypatch.setattr(parts, "PART_FRAMES", FRAMES // 3)
    asked, done = [], 0

    class Noting(DecodeProcess):
        def sample_frames(self, source, **options):
            asked.append(source)
            return super().sample_frames(source, **options)

    def hang(clip_id, count):
        nonlocal done
        before, done = done, done + count
        if before <= FRAMES // 3 + 1 < done:  # in the second part
            decoder._silent_seconds = 0.1
            decoder._child.send_signal(signal.SIGSTOP)

    with Noting(silent_seconds=10.0) as decoder:
        [result] = embed_videos(
            encoder, {"long": long}, sampling=Sampling(), on_frames=hang, decoders=[decoder]
        )
    assert "returned nothing" in str(result.error)
    assert len(asked) == 3  # for the times, and for two of the three parts


def test_the_same_person_is_followed_in_parts(body, monkeypatch):
    """The first seconds of a part have the context that they would have in the whole."""
    clip = next(clip for clip in demo_clips() if clip.path.name == "gym-clean-and-press.mp4")
    wanted = whole(body, clip.path, monkeypatch, fps=10.0)
    monkeypatch.setattr(parts, "PART_FRAMES", len(wanted.embeddings) // 3)
    runs = []
    for at_once in (1, 3):
        told = []
        [result] = embed_videos(
            body,
            {"long": clip.path},
            sampling=Sampling(10.0),
            at_once=at_once,
            on_frames=lambda clip_id, count, told=told: told.append(count),
        )
        runs.append(result.clip)
        np.testing.assert_array_equal(result.clip.pts_seconds, wanted.pts_seconds)
        # The page sends them as JSON, which has none of numpy's integers.
        assert sum(json.loads(json.dumps(told))) == len(wanted.embeddings)
    assert_same(*runs)
    np.testing.assert_array_equal(*(run.embeddings for run in runs))
    cosines = (runs[0].embeddings * wanted.embeddings).sum(axis=1)
    assert cosines.min() > 0.9
    assert np.median(cosines) > 0.999
    looks = wanted.provenance["people_looks"]
    assert set(runs[0].provenance["people_looks"].split()[0]) == set(looks.split()[0])


@pytest.mark.parametrize("person", ["left", "2", "all"])
def test_who_was_chosen_at_first_sight_is_followed_through_the_whole(person, monkeypatch):
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(parts, "PART_FRAMES", 10)
    path = demo_clips()[0].path
    opened = []
    results = embed_videos(
        load_encoder(f"body:{person}"),
        {"clip": path},
        sampling=Sampling(4.0),
        on_open=lambda clip_id, times, _: opened.append(len(times)),
    )
    assert all(result.error is None for result in results)
    assert len(opened) == 1


def test_a_run_that_goes_on_says_how_much_is_kept(encoder, long, tmp_path, monkeypatch, capsys):
    for name, seconds in (("LONG", -1e9), ("WARM", 0.0), ("MEASURED", 0.0)):
        monkeypatch.setattr(_cost, f"{name}_SECONDS", seconds)
    store = Store(tmp_path)
    half = FRAMES // 2

    def stop(clip_id, count, left):
        if left < half:
            raise KeyboardInterrupt

    embed = _cost.with_cost(embed_videos, quiet=False)
    run = (encoder, {"long": long})
    with pytest.raises(KeyboardInterrupt):
        list(embed(*run, sampling=Sampling(), store=store, on_frames=stop, at_once=1))
    told = capsys.readouterr().err
    assert f"1 clip of about {FRAMES} frames, " in told
    assert "kept from before" not in told
    embed = _cost.with_cost(embed_videos, quiet=False)
    list(embed(*run, sampling=Sampling(), store=store))
    told = capsys.readouterr().err
    assert f"1 clip of about {FRAMES} frames, {half} frames kept from before, " in told


@pytest.mark.parametrize("kept", [True, False])
def test_a_long_run_says_whether_half_a_video_is_kept(
    encoder, long, one_keyframe, tmp_path, monkeypatch, capsys, kept
):
    for name, seconds in (("LONG", -1e9), ("WARM", 0.0), ("MEASURED", 0.0)):
        monkeypatch.setattr(_cost, f"{name}_SECONDS", seconds)
    store = Store(tmp_path) if kept else None
    for path, keeps in ((long, kept), (one_keyframe, False)):
        embed = _cost.with_cost(embed_videos, quiet=False)
        list(embed(encoder, {"long": path}, sampling=Sampling(), store=store))
        said = " ".join(capsys.readouterr().err.split())
        assert "1 clip of about" in said
        assert ("Ctrl-C keeps parts of about 1,000 frames." in said) == keeps
        assert "what is done" not in said  # frames of a part that is not whole are lost


def test_the_command_goes_on_after_ctrl_c(long, colour_model, start, tmp_path):
    scripts = tmp_path / "scripts.yaml"
    scripts.write_text(
        "scripts:\n  red: [a red picture]\n  blue: [a blue picture]\n", encoding="utf-8"
    )
    told = ["classify", long, "--scripts", scripts, "--model", colour_model, "--store", "store"]
    process = start(*told)
    kept = tmp_path / "store" / "parts"
    # Where nobody looks between a part and the whole, nothing is interrupted.
    wait_for(lambda: [*kept.parent.glob("**/*.safetensors")], by=process)
    process.send_signal(signal.SIGINT)
    finish(process)
    done = actalign(*told, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["frames"] == FRAMES
    assert not kept.exists()
