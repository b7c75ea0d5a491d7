"""Decoding in a child process: the same frames, and a lost or stopped child costs one clip only."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from actalign.clips import Sampling, Store, embed_video, embed_videos
from actalign.clips._prefetch import Prefetcher
from actalign.clips._prefetched import Ended, Missing, Opened
from actalign.demo import demo_clips
from actalign.encoders import load_encoder
from actalign.errors import UsageError, VideoError
from actalign.video import sample_frames
from actalign.video._content import BLOCK_BYTES, content_of
from actalign.video._worker import DecodeProcess
from tests.command import finish, printed_by, wait_for
from tests.media import number_of, write_png, write_video


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for n in range(4):
        write_video(folder / f"clip{n}.mp4", 20 + n)
    return {path.stem: path for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def hundreds(tmp_path_factory):
    """A clip of 400 frames, of which a test changes its copy."""
    return write_video(tmp_path_factory.mktemp("hundreds") / "long.mp4", 400)


@pytest.fixture(scope="module")
def encoder(colour_model):
    return load_encoder(str(colour_model))


@pytest.mark.parametrize("options", [{}, {"fps": 5, "start": 0.5}, {"batch_size": 7}])
def test_the_child_gives_what_this_process_would(clips, options, decoding):
    with DecodeProcess() as decoder:
        for path in clips.values():
            there, here = decoder.sample_frames(path, **options), sample_frames(path, **options)
            assert there.info == here.info
            assert there.end_seconds == here.end_seconds
            np.testing.assert_array_equal(there.pts_seconds, here.pts_seconds)
            for ours, theirs in zip(there, here, strict=True):
                np.testing.assert_array_equal(ours.frames, theirs.frames)
                np.testing.assert_array_equal(ours.pts_seconds, theirs.pts_seconds)
            assert there.warnings == here.warnings
    assert not decoding()


def test_errors_are_the_same_and_the_child_goes_on(clips, tmp_path, decoding):
    (tmp_path / "text.mp4").write_text("no video")
    with DecodeProcess() as decoder:
        for bad, kind in ((tmp_path / "text.mp4", VideoError), (tmp_path / "none.mp4", VideoError)):
            with pytest.raises(kind) as here:
                sample_frames(bad)
            with pytest.raises(kind) as there:
                decoder.sample_frames(bad)
            assert str(there.value) == str(here.value)
        with pytest.raises(UsageError, match="fps is -1"):
            decoder.sample_frames(clips["clip0"], fps=-1)
        before = decoding()
        assert sum(len(b) for b in decoder.sample_frames(clips["clip0"])) == 20
        assert decoding() == before


def test_a_truncated_clip_keeps_its_warning(clips, tmp_path):
    cut = tmp_path / "cut.avi"
    write_video(tmp_path / "whole.avi", 40, codec="mpeg4")
    cut.write_bytes((tmp_path / "whole.avi").read_bytes()[:-3000])
    with DecodeProcess() as decoder:
        stream = decoder.sample_frames(cut)
        frames = sum(len(batch) for batch in stream)
    assert 0 < frames < 40
    assert "truncated" in stream.warnings[0]


def test_a_clip_left_early_does_not_show_in_the_next(clips):
    with DecodeProcess() as decoder:
        next(iter(decoder.sample_frames(clips["clip0"], batch_size=2)))
        batch = next(iter(decoder.sample_frames(clips["clip3"], start=1, batch_size=2)))
    assert [number_of(frame) for frame in batch.frames] == [12, 13]


def test_a_hung_decoder_is_an_error_row_and_the_rest_goes_on(clips, encoder, decoding):
    stopped = []

    def stop_once(clip_id, _):
        if clip_id == "clip0" and not stopped:
            stopped.extend(decoding())
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)  # as a decoder that hangs

    # Clips too long for the queue, so that the child is in mid-clip when it is stopped.
    results = {}
    for found in embed_videos(
        encoder,
        clips,
        sampling=Sampling(),
        on_frames=stop_once,
        silent_seconds=2,
        at_once=1,
    ):
        results[found.clip_id] = found
    assert list(results) == list(clips)
    failed = [r for r in results.values() if r.error]
    assert len(failed) == 1
    assert "returned nothing for 2 s" in str(failed[0].error)
    assert str(failed[0].path) in str(failed[0].error)
    assert not decoding()


def test_a_killed_decoder_is_an_error_row_and_the_rest_goes_on(
    clips, hundreds, encoder, tmp_path, decoding
):
    killed = []

    def kill_once(clip_id, _):
        if clip_id == "long" and not killed:
            killed.extend(decoding())
            for pid in killed:
                os.kill(pid, signal.SIGSEGV)

    videos = {"long": hundreds, **clips}
    store = Store(tmp_path / "store")
    first = list(
        embed_videos(encoder, videos, sampling=Sampling(), store=store, on_frames=kill_once)
    )
    assert [r.clip_id for r in first if r.error] == ["long"]
    assert "signal 11" in str(first[0].error)
    again = list(embed_videos(encoder, videos, sampling=Sampling(), store=store))
    assert [r.cached for r in again] == [False, True, True, True, True]
    assert len(again[0].clip.embeddings) == 400


@pytest.mark.parametrize("at_once", [1, 3, 9])
def test_clips_come_in_order_with_the_same_embeddings(clips, encoder, at_once):
    found = list(embed_videos(encoder, clips, sampling=Sampling(), at_once=at_once))
    assert [r.clip_id for r in found] == list(clips)
    for result in found:
        alone = embed_video(encoder, result.path, clip_id=result.clip_id, sampling=Sampling())
        np.testing.assert_array_equal(result.clip.embeddings, alone.embeddings)
        np.testing.assert_array_equal(result.clip.pts_seconds, alone.pts_seconds)


def test_one_decoder_serves_clip_after_clip(clips, encoder, decoding):
    served = set()
    with DecodeProcess() as decoder:
        for path in clips.values():
            embed_video(encoder, path, clip_id="x", sampling=Sampling(), decoder=decoder)
            served.update(decoding())
    assert len(served) == 1


def test_leaving_a_run_early_ends_its_threads_and_children(clips, encoder, decoding):
    threads = threading.active_count()
    run = embed_videos(encoder, clips, sampling=Sampling(), at_once=2, silent_seconds=1000)
    next(run)
    for pid in decoding():
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    run.close()
    assert time.monotonic() - began < 60
    assert not decoding()
    wait_for(lambda: threading.active_count() <= threads)


def test_the_time_out_must_be_positive():
    with pytest.raises(UsageError, match="more than 0"):
        DecodeProcess(silent_seconds=0)


def test_whole_clips_are_encoded_side_by_side_to_the_same_bits(capfd):
    body = load_encoder("body")
    videos = {clip.path.stem: clip.path for clip in demo_clips()}
    runs = [
        list(embed_videos(body, videos, sampling=Sampling(4, end=1.5), at_once=n)) for n in (1, 3)
    ]
    for one, three in zip(*runs, strict=True):
        assert one.clip_id == three.clip_id
        np.testing.assert_array_equal(one.clip.embeddings, three.clip.embeddings)
    os.write(2, b"still heard")  # the pose models' log is silenced for a while only
    assert capfd.readouterr().err == "still heard"


@pytest.fixture(scope="module")
def dead_mount(tmp_path_factory):
    """The environment of a command for which files in a folder `dead-mount` never answer."""
    if sys.platform != "linux" or not shutil.which("cc"):
        pytest.skip("a C compiler on Linux makes the dead mount, and there is none")
    library = tmp_path_factory.mktemp("mount") / "dead_mount.so"
    source = Path(__file__).with_name("dead_mount.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": library}


@pytest.fixture(params=["dead-mount", pytest.param("dead-stat", marks=pytest.mark.slow)])
def beside_a_dead_mount(clips, colour_model, tmp_path, request):
    """Words of a run over three clips, of which the second never answers."""
    (tmp_path / request.param).mkdir()
    dead = shutil.copy(clips["clip0"], tmp_path / request.param / "dead.mp4")
    files = (clips["clip1"], dead, clips["clip2"])
    return "classify", *files, "--labels", "red,green", "--model", colour_model, "--json"


def test_a_file_that_can_not_be_read_is_an_error_row(beside_a_dead_mount, dead_mount, start):
    ended = finish(start(*beside_a_dead_mount, "--decode-timeout", 2, **dead_mount))
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(row["clip"], row["status"]) for row in rows] == [
        ("clip1", "ok"),
        ("dead", "error"),
        ("clip2", "ok"),
    ]
    assert "dead.mp4 returned nothing for 2 s" in rows[1]["error"]
    assert ended.returncode == 1


@pytest.mark.slow
def test_a_figure_is_drawn_without_the_frames_of_a_file_that_never_answers(
    clips, dead_mount, tmp_path
):
    (tmp_path / "dead-mount").mkdir()
    dead = shutil.copy(clips["clip0"], tmp_path / "dead-mount" / "dead.mp4")
    code = """if True:
        import sys
        import numpy as np
        from actalign.errors import VideoError
        from actalign.types import ClipEmbedding
        from actalign.video import thumbnails
        rows, times = np.eye(3, dtype=np.float32), np.arange(3) / 10
        clip = ClipEmbedding("it", rows, times, 0.3, "none", "0")
        for path in sys.argv[1:]:
            try:
                print(len(thumbnails(path, clip)))
            except VideoError as error:
                print(error)
    """
    env = {**os.environ, "LD_PRELOAD": str(dead_mount["LD_PRELOAD"])}
    said, frames = printed_by("-c", code, dead, clips["clip1"], env=env).splitlines()
    assert "dead.mp4 yielded no frame for 20 s" in said
    assert frames == "3"


def test_an_interrupt_ends_a_run_whose_file_never_answers(beside_a_dead_mount, dead_mount, start):
    command = start(*beside_a_dead_mount, **dead_mount)
    assert json.loads(command.stdout.readline())["clip"] == "clip1"
    command.send_signal(signal.SIGINT)
    assert finish(command).returncode == 130


INTERRUPTING = """
import signal, sys
signal.raise_signal(signal.SIGINT)
sys.path.remove({folder!r})
del sys.modules["numpy"]
import numpy
"""


def test_ctrl_c_while_a_child_loads_neither_ends_it_nor_prints_a_traceback(
    tmp_path, clips, monkeypatch, capfd
):
    (tmp_path / "numpy.py").write_text(INTERRUPTING.format(folder=str(tmp_path)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with DecodeProcess() as decoder:
        batches = decoder.sample_frames(clips["clip0"])
        frames = [frame for batch in batches for frame in batch.frames]
    assert [number_of(frame) for frame in frames] == list(range(20))
    assert capfd.readouterr().err == ""


def test_a_file_says_that_its_bytes_come_while_it_is_read(tmp_path):
    long, told = tmp_path / "long.mp4", []
    with long.open("wb") as file:
        file.truncate(3 * BLOCK_BYTES)
    content_of(long, on_read=lambda: told.append(1))
    assert len(told) == 3


def to_the_end(clip):
    while not isinstance(clip.next(), Ended):
        pass


@pytest.mark.parametrize("in_a_child", [True, False])
@pytest.mark.parametrize("how", ["replaced", "written"])
def test_a_file_that_changes_while_it_is_decoded_is_not_stored(
    clips, hundreds, encoder, tmp_path, how, in_a_child
):
    long, store = Path(shutil.copy(hundreds, tmp_path)), Store(tmp_path / "store")
    decoders = [DecodeProcess()] if in_a_child else [None]

    def change(*_):
        if how == "replaced":
            Path(shutil.copy(clips["clip0"], tmp_path / "new.mp4")).replace(long)
        else:
            long.touch()

    with Prefetcher(encoder, {"long": long}, Sampling(), store, decoders) as [clip]:
        assert isinstance(clip.next(), Missing)
        assert isinstance(clip.next(), Opened)
        change()
        with pytest.raises(VideoError, match=r"long\.mp4 changed while it was read"):
            to_the_end(clip)
    if in_a_child:
        decoders[0].close()


def test_the_end_of_a_run_is_known_at_once(clips, encoder):
    """Nothing waits for parts that can't come."""
    took = []
    for _ in range(5):
        with Prefetcher(encoder, clips, Sampling(), None, [None]) as begun:
            for _ in clips:
                to_the_end(next(begun))
            before = time.monotonic()
            assert next(begun, None) is None
            took.append(time.monotonic() - before)
    assert min(took) < 0.05


def test_a_changed_file_is_one_error_and_nothing_in_the_store(clips, hundreds, encoder, tmp_path):
    long, store = Path(shutil.copy(hundreds, tmp_path)), Store(tmp_path / "store")
    videos = {"long": long, "clip1": clips["clip1"]}
    results = embed_videos(
        encoder, videos, sampling=Sampling(), store=store, on_frames=lambda *_: long.touch()
    )
    assert [result.error is None for result in results] == [False, True]
    assert [path.name.split(".")[0] for path in store] == ["clip1"]


class Hungry:
    """An encoder that asks for more memory than is available if a frame is tall."""

    def __init__(self, encoder):
        self._encoder = encoder
        self.info = encoder.info
        self.encode_text = encoder.encode_text
        self.text_warnings = encoder.text_warnings

    def encode_image(self, frames):
        if frames.shape[1] > 64:
            np.empty(1 << 50)
        return self._encoder.encode_image(frames)


class HungryForClips(Hungry):
    def encode_clip(self, batches, *, block=None):
        for batch in batches:
            yield self.encode_image(batch.frames)


@pytest.mark.parametrize("kind", [Hungry, HungryForClips])
def test_a_clip_that_needs_too_much_memory_is_an_error_row(clips, encoder, tmp_path, kind):
    tall = write_video(tmp_path / "tall.mp4", 400, size=(96, 128))
    videos = {"clip0": clips["clip0"], "tall": tall, "clip1": clips["clip1"]}
    for at_once in (1, 2):
        results = list(embed_videos(kind(encoder), videos, sampling=Sampling(), at_once=at_once))
        assert [result.error is None for result in results] == [True, False, True]
        assert "tall.mp4 needs more memory" in str(results[1].error)
        assert len(results[2].clip.embeddings) == 21


LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from actalign import load_encoder
from actalign.clips import Sampling, embed_videos
from actalign.video._worker import DecodeProcess
encoder = load_encoder(sys.argv[1])
videos = {Path(path).name: Path(path) for path in sys.argv[2:]}
with DecodeProcess() as decoder:
    decoder.content_of(sys.argv[2])  # starts the child, which has all the memory
    [size] = [line for line in open("/proc/self/status") if line.startswith("VmSize")]
    limit = (int(size.split()[1]) << 10) + (400 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for result in embed_videos(encoder, videos, sampling=Sampling(), decoders=[decoder]):
        print(result.error or "ok")
"""


def test_a_frame_too_large_for_the_memory_is_an_error_row(clips, colour_model, tmp_path):
    (tmp_path / "huge").mkdir()
    write_png(tmp_path / "huge" / "0.png", 16_000, 12_000)
    paths = (clips["clip0"], tmp_path / "huge")
    environment = {**os.environ, "ACTALIGN_MAX_PIXELS": "200000000"}
    said = printed_by("-c", LITTLE_MEMORY, colour_model, *paths, env=environment).splitlines()
    assert said == [
        "ok",
        f"{paths[1]} needs more memory than is available; make its frames smaller.",
    ]
