"""`actalign live` on real streams: a loopback server that drops out, files in real time, Ctrl+C."""

import contextlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import numpy as np
import pytest

from actalign import UsageError
from actalign.addresses import without_password
from actalign.demo import demo_clips
from actalign.video import sample_frames
from actalign.video._stream import HELD_SECONDS, LiveSource, _Clock
from tests.colour_clips import write_colours
from tests.command import DEADLOCK_SECONDS, actalign, finish, run, start, wait_for
from tests.loopback import LoopbackServer
from tests.media import DISPLAY_MATRICES, blackened, set_matrix, write_cover, write_video
from tests.rtsp_server import RTSPServer
from tests.test_exports import cues

FPS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory, colour_model):
    folder = tmp_path_factory.mktemp("live")
    (folder / "model").symlink_to(colour_model)
    scripts = {"scripts": {"stop": ["red"], "go": ["green"], "dawn": ["red", "green"]}}
    (folder / "scripts.json").write_text(json.dumps(scripts))
    write_colours(folder / "short.mp4", ["red", "red", "red", "green"])
    return folder


class Camera:
    """Serves MPEG-TS at its own speed: red, which has a fault; then an error; then green.

    fault: it breaks off, or its sound goes on without a picture.
    """

    def __init__(self, folder, fault):
        red = write_colours(folder / "red.ts", ["red"] * 6).read_bytes()
        with_sound = write_colours(folder / "sound.ts", ["red"] * 6, sound_seconds=40).read_bytes()
        green = write_colours(folder / "green.ts", ["green"] * 60).read_bytes()
        first = (with_sound, 40) if fault == "only sounds" else (red, 6)
        camera, self.requests, self.fault = self, 0, fault

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                camera.requests += 1
                if camera.requests == 2:
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "video/mp2t")
                self.end_headers()
                data, seconds = first if camera.requests == 1 else (green, 60)
                pieces = seconds * 10
                size = -(-len(data) // pieces)
                try:
                    for n in range(pieces):
                        self.wfile.write(data[n * size : (n + 1) * size])
                        time.sleep(0.1)
                except OSError:
                    pass  # the watcher has gone

            def log_message(self, *_):
                pass

        self.server = LoopbackServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/camera"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(params=["breaks off", "only sounds"])
def camera(folder, request):
    camera = Camera(folder, request.param)
    yield camera
    camera.server.shutdown()
    camera.server.server_close()


def live(*arguments):
    options = ["--model", "model", "--scripts", "scripts.json", "--fps", FPS]
    return ["live", *arguments, *options, "--smoothing", 0]


class Watch:
    """A run of `live`: its rows as they come, and what it said until Ctrl+C."""

    def __init__(self, folder, address):
        self.rows, self.errors = [], ""
        self.began = time.monotonic()
        self.run = start(*live(address, "--window", 2, "--json"), cwd=folder)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.run.stderr:
            self.errors += line

    def until(self, label, *, connections):
        for line in self.run.stdout:
            self.rows.append(json.loads(line))
            # No picture is from the future, however many came at once.
            assert self.rows[-1]["seconds"] <= time.monotonic() - self.began
            if (self.rows[-1]["label"], self.rows[-1]["connections"]) == (label, connections):
                return
        self.reader.join()
        raise AssertionError(self.errors)

    def __enter__(self):
        self.guard = threading.Timer(DEADLOCK_SECONDS, self.run.kill)
        self.guard.start()
        return self

    def __exit__(self, failed, *_):
        try:
            if failed is None:
                self.run.send_signal(signal.SIGINT)
                asked = time.monotonic()
                self.run.wait(DEADLOCK_SECONDS)
                assert time.monotonic() - asked < 30
                self.reader.join()
                assert self.run.returncode == 130, self.errors
                assert "Traceback" not in self.errors
                seconds = [row["seconds"] for row in self.rows]
                assert seconds == sorted(seconds)
        finally:
            self.guard.cancel()
            self.run.kill()
            self.reader.join()
            self.run.stdout.close()
            self.run.stderr.close()
            self.run.wait()


@pytest.mark.slow
def test_a_stream_that_drops_out_is_taken_up_again_and_ctrl_c_ends_it(folder, camera):
    with Watch(folder, camera.address) as watch:
        watch.until("go", connections=2)
    rows, errors = watch.rows, watch.errors
    # Seen lost twice (the stream, then the answer 503), with a longer wait the second time.
    assert "trying again in 1 s" in errors
    assert ("it sent no frame for 10 s" in errors) == (camera.fault != "breaks off")
    assert "trying again in 2 s" in errors
    assert ": ;" not in errors  # each time it says why
    assert camera.requests == 3
    assert rows[0]["label"] == "stop"
    assert {row["connections"] for row in rows} == {1, 2}
    for row in rows:
        assert row["frames"] <= 2 * FPS + 1
        assert row["window_end_seconds"] - row["window_start_seconds"] <= 2 + 1.5 / FPS
        assert 0 <= row["delay_seconds"] < 10


@pytest.fixture
def rtsp():
    cameras = []

    def start(*arguments, **options):
        cameras.append(RTSPServer(*arguments, **options))
        return cameras[-1]

    yield start
    for one in cameras:
        one.down()


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["TCP", "UDP"])
def test_an_rtsp_camera_that_is_switched_off_and_on_again(folder, rtsp, transport):
    camera = rtsp("red", transports=("TCP", "UDP") if transport == "TCP" else ("UDP",))
    with Watch(folder, camera.address) as watch:
        watch.until("stop", connections=1)
        watch.until("stop", connections=1)
        camera.down()
        wait_for(lambda: "Connection refused" in watch.errors, by=watch.run)
        camera.colour = "green"
        camera.up()
        watch.until("go", connections=2)
    # TCP where the camera can, because UDP that a firewall swallows would never come.
    asked = ["SETUP TCP"] if transport == "TCP" else ["SETUP TCP", "SETUP UDP"]
    assert camera.methods[: 3 + len(asked)] == ["OPTIONS", "DESCRIBE", *asked, "PLAY"]
    assert "it ended; trying again in 1 s" in watch.errors
    assert "Connection refused; trying again in 2 s" in watch.errors


def test_an_rtsp_camera_that_refuses_the_password_is_asked_once(folder, rtsp):
    camera = rtsp("red", refuses=True)
    known = camera.address.replace("rtsp://", "RTSP://me:hunter2@")
    ended = run(*live("env:CAMERA"), cwd=folder, CAMERA=known)
    assert ended.returncode == 1
    assert re.search(r"rtsp://\*\*\*@\S+ can't be played: .*401 Unauthorized", ended.stderr)
    assert "hunter2" not in ended.stderr + ended.stdout
    assert set(camera.methods) == {"OPTIONS", "DESCRIBE"}
    assert camera.methods.count("OPTIONS") == 1


@pytest.mark.slow
def test_an_rtsp_camera_that_says_nothing_is_asked_again(folder, rtsp):
    camera = rtsp("red", deaf=1)
    with Watch(folder, camera.address) as watch:
        watch.until("stop", connections=1)
        camera.colour = None  # it holds the connection and sends no picture
        wait_for(lambda: camera.methods.count("PLAY") >= 2, by=watch.run)
        camera.colour = "green"
        watch.until("go", connections=2)
    assert "it sent no frame for 15 s; trying again in 1 s" in watch.errors
    assert "it sent no frame for 10 s; trying again in 1 s" in watch.errors


@pytest.mark.slow
def test_a_file_is_played_in_real_time_and_scored_every_second(folder):
    ended = actalign(*live("short.mp4", "--window", 10, "--json"), cwd=folder)
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert 3 <= len(rows) <= 5
    assert rows[0]["label"] == "stop"
    assert rows[-1]["label"] == "dawn"  # the end of the file is in the last score
    assert rows[-1]["seconds"] == pytest.approx(3.8, abs=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("repeats", ["no", "partial"])
def test_captions_of_its_rows_follow_one_another(folder, tmp_path, repeats):
    options = ("--window", 2, "--every", 0.4, "--repeats", repeats, "--json")
    ended = actalign(*live("short.mp4", *options), cwd=folder)
    assert ended.returncode == 0, ended.stderr
    (tmp_path / "rows.jsonl").write_text(ended.stdout)
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    begins = [row["window_start_seconds"] for row in rows]
    ends = [row["window_end_seconds"] for row in rows]
    assert any(begin < end for begin, end in zip(begins[1:], ends, strict=False))  # they overlap
    for to in ("vtt", "srt"):
        assert actalign("export", "rows.jsonl", "--to", to, cwd=tmp_path).returncode == 0
        found = cues(tmp_path / f"rows-{to}" / f"short.{to}")
        assert all(end <= begin + 1e-6 for (_, end, _), (begin, _, _) in pairwise(found))
        if repeats == "no":  # Each row is shown where its window is newer than the one before.
            newer = [max(begin, end) for begin, end in zip(begins, [0, *ends], strict=False)]
            expected = zip(newer, ends, [row["label"] for row in rows], strict=True)
            assert found == [(pytest.approx(a), pytest.approx(b), text) for a, b, text in expected]
        # Lines in another order, or twice, change nothing.
        lines = ended.stdout.splitlines(keepends=True)
        (tmp_path / "turned.jsonl").write_text("".join([*lines[::-1], *lines]))
        assert actalign("export", "turned.jsonl", "--to", to, cwd=tmp_path).returncode == 0
        assert cues(tmp_path / f"turned-{to}" / f"short.{to}") == found


@pytest.mark.slow
def test_lines_for_people_say_the_delay(folder):
    write_colours(folder / "second.mp4", ["red"])
    ended = actalign(*live("second.mp4"), cwd=folder)
    assert ended.returncode == 0
    assert ended.stdout
    assert "the last 5 s, scored every 1 s at 5 frames a second" in ended.stderr
    assert all("(delay " in line and "stop " in line for line in ended.stdout.splitlines())


@pytest.mark.parametrize("seed", range(20))
def test_times_of_a_stream_that_is_faster_than_its_timestamps_never_decrease(seed):
    arrivals = np.random.default_rng(seed).random(3000).cumsum() / 1000
    clock, last = _Clock(0.0, 0.1), -math.inf
    for k, now in enumerate(arrivals.tolist()):
        seconds = clock.seconds(k / 10, now, last)
        assert seconds >= last
        last = seconds


@pytest.mark.slow
def test_an_input_format_of_ffmpeg_stands_for_a_device(folder):
    # No camera here: FFmpeg's generator of pictures is opened the way a camera is.
    source = "color=red:size=64x48:rate=10:duration=2"
    process = start(*live(source, "--format", "lavfi", "--json"), cwd=folder)
    try:
        first = json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGINT)
        ended = finish(process)
    assert first["label"] == "stop"
    assert ended.returncode == 130


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_stream_that_is_stopped_says_after_how_many_scores_alone(folder, name, code):
    source = "color=red:size=64x48:rate=10:duration=600"
    process = start(*live(source, "--format", "lavfi"), cwd=folder)
    try:
        process.stdout.readline()
    finally:
        process.send_signal(getattr(signal, name))
        ended = finish(process)
    assert ended.returncode == code
    assert re.fullmatch(r"stopped after \d+ scores?", ended.stderr.splitlines()[-1])
    assert "same command" not in ended.stderr


def test_a_pipe_is_watched_in_the_format_that_is_named(folder):
    os.mkfifo(folder / "pipe")
    refused = actalign(*live("pipe"), cwd=folder)
    assert refused.returncode == 2
    assert "pipe is a pipe; name its format with --format" in refused.stderr
    red = write_colours(folder / "piped.ts", ["red"] * 4).read_bytes()
    words = live("-", "--format", "mpegts", "--json", "--every", 0.2)
    program = [sys.executable, "-m", "actalign", *map(str, words)]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe) as watch:
        for n in range(40):
            watch.stdin.write(red[n * len(red) // 40 : (n + 1) * len(red) // 40])
            watch.stdin.flush()
            time.sleep(0.1)
        out, err = watch.communicate(timeout=DEADLOCK_SECONDS)
    first = json.loads(out.splitlines()[0])
    assert (first["label"], first["clip"]) == ("stop", "stdin")
    assert (watch.returncode, err) == (0, b"")
    nothing = subprocess.run(program, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
    assert nothing.returncode == 1
    assert b"stdin" in nothing.stderr
    refused = subprocess.run(
        [*program[:3], *map(str, live("-"))],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert refused.returncode == 2
    assert b"error: Standard input is a terminal or an empty device, not a video" in refused.stderr


def test_a_source_that_never_answers_is_given_up_without_naming_the_password(folder):
    words = live("env:CAMERA", "--give-up", 2.5)
    ended = run(*words, cwd=folder, CAMERA="http://me:hunter2@127.0.0.1:9/camera")
    assert ended.returncode == 1
    # It is asked after 0 and 1 s, and a last time when the 2.5 s have passed.
    first, *last = [float(wait) for wait in re.findall(r"trying again in (\S+) s", ended.stderr)]
    assert first == 1
    assert sum(last) <= 1.5  # what is left of them, little on a busy machine
    given_up = re.search(r"\*\*\*@127.0.0.1:9/camera has sent no frame for (\S+) s", ended.stderr)
    assert float(given_up[1]) >= 2
    assert "hunter2" not in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    ("source", "message", "code"),
    [
        (["no.mp4"], "There is no file or device no.mp4", 2),
        (["."], ". is a folder, but only a single stream can be played; give a file in it", 2),
        (["/dev/video99"], "There is no file or device /dev/video99", 2),
        (["/dev/null", "--give-up", "60"], "/dev/null is no camera or is empty (", 1),
        (
            ["/dev/null", "--format", "mpegts", "--give-up", "60"],
            "/dev/null is no camera or is empty (End of file)",
            1,
        ),
        (["x", "--format", "v4l3"], "FFmpeg has no input format 'v4l3'", 2),
        (["env:NOT_SET_HERE"], "NOT_SET_HERE is not set", 2),
        (["http://127.0.0.1:9/", "--give-up", "nan"], "The time to give up after is nan s", 2),
        (["x", "--window", "nan"], "The window is nan s; give a number above 0", 2),
        (["x", "--every", "inf"], "The time between scores is inf s; give a number above 0", 2),
        (["rstp://127.0.0.1/camera"], "can't be played: Protocol not found", 1),
    ],
)
def test_a_wrong_source_is_reported_at_once(folder, source, message, code):
    ended = actalign(*live("--give-up", 1, *source), cwd=folder)
    assert ended.returncode == code
    assert message in ended.stderr
    assert "trying again" not in ended.stderr
    assert code == 1 or "the last" not in ended.stderr


def test_who_is_slow_gets_new_frames_and_loses_old_ones(folder):
    with LiveSource(str(folder / "short.mp4"), fps=10) as source:
        time.sleep(HELD_SECONDS + 1.5)
        frames = source.next_frames(wait=1, most=100)
        assert len(frames) <= HELD_SECONDS * 10
        assert source.dropped >= 5
        assert time.monotonic() - frames[0].arrived_seconds < HELD_SECONDS + 1
        while (more := source.next_frames(wait=1, most=100)) is not None:
            frames += more
    seconds = [frame.seconds for frame in frames]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(3.9, abs=0.5)


@pytest.mark.slow
def test_pictures_without_timestamps_have_the_times_of_their_arrival(tmp_path):
    """Cameras send JPEG after JPEG over HTTP, here ten a second; FFmpeg assumes 25."""
    write_video(tmp_path / "still.jpg", 1, codec="mjpeg", pixel_format="yuvj420p")
    jpeg = (tmp_path / "still.jpg").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
            self.end_headers()
            head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                    time.sleep(0.1)

        def log_message(self, *_):
            pass

    with LoopbackServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        began = time.monotonic()
        with LiveSource(f"http://127.0.0.1:{server.server_port}/", fps=5) as source:
            frames = []
            while time.monotonic() - began < 6:
                frames += source.next_frames(wait=1, most=4)
        server.shutdown()
    assert frames[-1].seconds == pytest.approx(frames[-1].arrived_seconds - began, abs=1)
    assert len(frames) >= 20


@pytest.mark.parametrize(
    ("name", "write", "sentence"),
    [
        ("text.mp4", lambda path: path.write_text("not a video"), "is not a video"),
        ("list.m3u8", lambda path: path.write_text("#EXTM3U\nshort.mp4\n"), "is a playlist"),
        ("cover.mp3", write_cover, "has sound but no video"),
        ("dark.mp4", lambda path: blackened(write_video(path, 12)), "No frame of .* can be decod"),
    ],
)
def test_a_file_is_refused_as_by_classify(folder, name, write, sentence):
    write(folder / name)
    ended = actalign(*live(name), cwd=folder)
    assert ended.returncode == 1
    assert re.search(sentence, ended.stderr)


@pytest.mark.parametrize("name", ["plain.mp4", "raw.h264", "late.mkv", "mirrored.mp4"])
def test_a_file_has_the_times_and_pictures_of_classify_at_its_own_speed(tmp_path, name):
    times = [2000 + 80 * n for n in range(12)] if name == "late.mkv" else None
    path = write_video(tmp_path / name, 12, times=times)
    if name == "mirrored.mp4":
        set_matrix(path, DISPLAY_MATRICES["left-right mirror"])
    expected = list(sample_frames(path, fps=8, batch_size=1))
    opened = time.monotonic()
    with LiveSource(str(path), fps=8) as source:
        frames = []
        while (more := source.next_frames(wait=1, most=100)) is not None:
            frames += more
    assert [frame.seconds for frame in frames] == [batch.pts_seconds[0] for batch in expected]
    for frame, batch in zip(frames, expected, strict=True):
        np.testing.assert_array_equal(frame.image, batch.frames[0])
    # Since it was opened, not since the first one, which a busy machine may deliver late.
    assert all(
        frame.arrived_seconds > opened + frame.seconds - frames[0].seconds - 0.05
        for frame in frames
    )


def test_passwords_are_cut_out_of_addresses():
    assert without_password("rtsp://me:pw@host/1") == "rtsp://***@host/1"
    assert without_password("http://host/a@b") == "http://host/a@b"
    with pytest.raises(UsageError, match="There is no file or device"):
        LiveSource("nowhere.mp4", fps=5)


@pytest.mark.slow
def test_the_built_in_encoder_watches_a_person(tmp_path):
    """Rows come some frames later from an encoder that looks at movement; none may be lost."""
    clip = demo_clips()[0]
    scripts = {"scripts": {script.label: list(script.steps) for script in clip.scripts}}
    (tmp_path / "scripts.json").write_text(json.dumps(scripts))
    options = ["--model", "body", "--scripts", "scripts.json", "--fps", "5", "--window", "20"]
    ended = actalign("live", clip.path, *options, "--json", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    last = rows[-1]
    assert last["frames"] + last["dropped_frames"] == pytest.approx(
        5 * last["window_end_seconds"], abs=2
    )
    if not last["dropped_frames"]:
        assert last["label"] == clip.label


@pytest.mark.slow
def test_rows_given_out_early_are_the_rows_of_the_whole_clip():
    from actalign.encoders._load import load_encoder

    encoder = load_encoder("body")
    path = demo_clips()[0].path
    whole = np.concatenate(list(encoder.encode_clip(sample_frames(path, fps=5))))
    early = list(encoder.encode_clip(sample_frames(path, fps=5, batch_size=3), block=2))
    assert max(len(rows) for rows in early) == 2
    assert np.allclose(np.concatenate(early), whole, atol=1e-5)
