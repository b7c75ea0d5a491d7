"""What a long run says of its cost, by an encoder that takes its time."""

import re
import subprocess
import threading
import time

import numpy as np
import pytest

from actalign.cli import _cost
from actalign.cli._cost import Cost, with_cost
from actalign.clips import Sampling, embed_videos, open_store
from actalign.encoder_info import EncoderInfo
from actalign.encoders import ENCODERS
from tests.command import actalign
from tests.media import write_video


class SlowEncoder:
    """Half a second a batch of one frame; as much arithmetic as it says, which it doesn't do."""

    batch_size = 1

    def __init__(self, *, gflop=None, seconds=0.5):
        self.info = EncoderInfo("org/slow", "f", 2, 1.0, None, gflop_per_row=gflop)
        self.device = "cpu"
        self.seconds = seconds

    def encode_image(self, frames):
        time.sleep(self.seconds)
        return np.ones((len(frames), 2), np.float32)

    def encode_text(self, texts):
        return np.ones((len(texts), 2), np.float32)

    def text_warnings(self, texts):
        return []


@pytest.fixture
def videos(tmp_path):
    first = write_video(tmp_path / "v.mp4", 36, fps=12)
    return {f"v{n}": first for n in range(100)}


def said(encoder, videos, capsys, *, quiet=False, fps=None):
    """What a run says, which ends soon after."""
    results = with_cost(embed_videos, quiet=quiet)(encoder, videos, sampling=Sampling(fps))
    lines = []
    for _ in results:
        wait_for_lengths()
        if lines := capsys.readouterr().err.splitlines():
            break
    results.close()
    return lines


def wait_for_lengths():
    """Until the headers are read, beside the encoder."""
    for thread in threading.enumerate():
        if thread.name == "lengths":
            thread.join(60)


def test_a_long_run_says_what_it_will_take_and_what_is_faster(videos, capsys, monkeypatch):
    monkeypatch.setattr(_cost, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(_cost, "MEASURED_SECONDS", 0.1)
    lines = said(SlowEncoder(seconds=0.5), videos, capsys)
    [line] = lines
    assert line.startswith("org/slow on cpu: 100 clips of about 36 frames, ")
    assert " min left. Faster: --fps 4 (3 times as fast). Ctrl-C keeps what is done." in line


def test_one_that_is_known_to_be_long_is_told_before_its_first_frame(videos, capsys):
    lines = said(SlowEncoder(gflop=1e9, seconds=0), dict(list(videos.items())[:1]), capsys, fps=4.0)
    assert "org/slow on cpu: 1 clip of about 12 frames, at least " in lines[0]
    assert lines[0].endswith("times as fast), a GPU.")  # nothing is kept of half a short clip
    assert "--fps" not in lines[0]  # so few are encoded already


def test_a_short_run_and_a_quiet_one_say_nothing(videos, capsys, monkeypatch):
    monkeypatch.setattr(_cost, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(_cost, "MEASURED_SECONDS", 0.01)
    few = {name: videos[name] for name in ("v0", "v1", "v2")}
    assert said(SlowEncoder(seconds=0), few, capsys) == []
    assert said(SlowEncoder(gflop=1e9, seconds=0), few, capsys, quiet=True) == []


def test_what_is_compiled_to_score_the_first_clip_says_nothing_of_the_rest(
    videos, capsys, monkeypatch
):
    monkeypatch.setattr(_cost, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(_cost, "MEASURED_SECONDS", 1.0)
    results = with_cost(embed_videos, quiet=False)(
        SlowEncoder(seconds=0), videos, sampling=Sampling(None)
    )
    begun = time.monotonic()
    for n, _ in enumerate(results):
        wait_for_lengths()
        if n == 0:
            time.sleep(3)
        if time.monotonic() - begun > 5:
            break
    results.close()
    assert capsys.readouterr().err == ""


def test_the_estimate_is_of_the_frames_that_are_left():
    told = []
    cost = Cost(SlowEncoder(), {"a": None}, Sampling(None), told.append)
    cost.opened("a", np.arange(1000) / 30, None)
    cost.frames("a", 10)  # waited for what had to be loaded, so it says nothing of the speed
    cost.frames("a", 30)  # and then it is new to the work
    cost._begun = time.monotonic() - 100  # as if it had worked so long
    cost.frames("a", 50)
    # 1,000 frames at 2 s each, less the 90 that are done.
    assert "2.0 s per frame, about 30 min left" in told[0]
    cost.frames("a", 50)
    assert len(told) == 1


def frames_left(videos, *, fps=None, store=None):
    """What is said to be left as frames are encoded: the clip, frames so far, frames left."""
    told, done = [], 0

    def on_frames(clip_id, count, left):
        nonlocal done
        done += count
        told.append((clip_id, done, left))
        wait_for_lengths()

    clips = with_cost(embed_videos, quiet=False)(
        SlowEncoder(seconds=0),
        videos,
        sampling=Sampling(fps),
        store=store,
        on_frames=on_frames,
        at_once=1,
    )
    assert all(one.last for one in clips)
    return told[1:]  # the headers were read during the first


@pytest.fixture
def unlike(tmp_path):
    """One second, ten, one and three, at 12 frames a second."""
    seconds = {"a": 1, "b": 10, "c": 1, "d": 3}
    return {name: write_video(tmp_path / f"{name}.mp4", 12 * n) for name, n in seconds.items()}


@pytest.mark.parametrize("fps", [None, 4.0])
def test_the_frames_left_are_those_of_the_clips_however_unlike_they_are(unlike, fps):
    every = 15 * (fps or 12)
    told = frames_left(unlike, fps=fps)
    assert told[-1][1:] == (every, 0)
    assert all(done + left == every for _, done, left in told)


def test_nothing_is_said_until_a_clip_is_open_whose_length_is_not_known(unlike, tmp_path):
    raw = write_video(tmp_path / "raw.h264", 40)
    (tmp_path / "bad.mp4").write_bytes(b"not a video")
    told = frames_left({**unlike, "bad": tmp_path / "bad.mp4", "raw": raw})
    assert {left for clip, _, left in told if clip != "raw"} == {None}
    assert [done + left for clip, done, left in told if clip == "raw"] == [220] * 3


def test_clips_that_are_stored_already_are_not_waited_for(unlike, tmp_path):
    store = open_store(tmp_path / "store")
    frames_left(dict(list(unlike.items())[:2]), store=store)
    told = frames_left(unlike, store=store)
    assert {clip for clip, _, _ in told} == {"d"}
    assert [done + left for _, done, left in told] == [48] * 3


def test_stored_clips_that_come_later_are_no_work(unlike, tmp_path, monkeypatch, capsys):
    store = open_store(tmp_path / "store")
    frames_left({name: unlike[name] for name in "bd"}, store=store)
    frames_left(unlike, store=store, fps=2.0)  # of other frames, which are of no use at all
    capsys.readouterr()
    monkeypatch.setattr(_cost, "LONG_SECONDS", -1e9)
    monkeypatch.setattr(_cost, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(_cost, "MEASURED_SECONDS", 0.0)
    told = frames_left(unlike, store=store)
    assert [done + left for _, done, left in told] == [24]
    assert "2 clips of about 12 frames" in capsys.readouterr().err


def test_a_video_that_is_not_the_one_that_was_stored_is_work(unlike, tmp_path):
    """Another may have its name, or its path, which is seen when that is opened."""
    store = open_store(tmp_path / "store")
    frames_left(unlike, store=store)
    (tmp_path / "other").mkdir()
    named = {n: write_video(tmp_path / "other" / f"{n}.mp4", 24) for n in "ab"}
    told = frames_left(named, store=store)
    assert {done + left for _, done, left in told} == {48}
    for name in "bd":
        write_video(unlike[name], 30)
    told = frames_left(unlike | {"e": write_video(tmp_path / "e.mp4", 12)}, store=store)
    assert told[-1][1:] == (72, 0)


def test_a_run_that_ends_while_a_reader_is_started_leaves_no_process(unlike, monkeypatch, decoding):
    class Slow(subprocess.Popen):
        def __init__(self, *words, **how):
            super().__init__(*words, **how)
            if threading.current_thread().name == "lengths":
                time.sleep(2)  # as on a busy machine

    monkeypatch.setattr(subprocess, "Popen", Slow)
    clips = with_cost(embed_videos, quiet=False)
    list(clips(SlowEncoder(seconds=0), unlike, sampling=Sampling(1.0)))
    assert not decoding()


@pytest.mark.parametrize("verb", ["classify", "encode", "locate"])
def test_the_commands_say_it(tmp_path, colour_model, monkeypatch, verb):
    monkeypatch.setattr(_cost, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(_cost, "MEASURED_SECONDS", 0.0)
    monkeypatch.setattr(_cost, "LONG_SECONDS", -1e9)
    write_video(tmp_path / "v.mp4", 24)
    how = ("--out", "store") if verb == "encode" else ("--labels", "red,green")
    shared = (verb, "v.mp4", "--model", colour_model, *how)
    for quiet, count in ((), 1), (("-q",), 0):
        store = () if verb == "encode" else ("--store", f"s{count}")
        more = ("--out", f"e{count}") if verb == "encode" else ()
        done = actalign(*shared, *store, *more, *quiet, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(" on cpu: 1 clip of about 24 frames") == count


def test_an_evaluation_says_the_time_of_the_clips_that_are_still_to_be_encoded(
    tmp_path, monkeypatch
):
    """Two of twenty clips take half a second each; the model takes more to load, twice."""

    def load():
        time.sleep(5 * encoder.seconds)
        return encoder

    encoder = SlowEncoder(seconds=0)
    monkeypatch.setitem(ENCODERS, "org/slow", load)
    for label in ("jump", "kick"):
        (tmp_path / "clips" / label).mkdir(parents=True)
        for n in range(10):
            clip = tmp_path / "clips" / label / f"{label}{n}.mp4"
            write_video(clip, 2 + n + 10 * (label == "kick"), fps=24)
    how = ("eval", "clips", "clips", "--model", "org/slow", "--fps", 1)
    done = actalign(*how, "--out", "first", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "first" / "embeddings"
    for name in ("jump0", "jump1"):
        [entry] = kept.glob(f"{name}.*")
        entry.unlink()
    encoder.seconds = 0.5
    monkeypatch.setattr("actalign.cli._progress.LINE_SECONDS", 0.0)
    said = actalign(*how, "--out", "second", "--store", kept, cwd=tmp_path).stderr
    assert f"embeddings of 18 of 20 clips are from {kept}" in said
    left = dict(re.findall(r"^\[(\d+)/20\] .*, about (\d+) s left$", said, re.MULTILINE))
    assert int(left["1"]) <= 5  # not 10, as of 19 clips, nor 6, with the model's time
    assert int(left["2"]) == 0
