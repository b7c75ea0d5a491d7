"""`actalign live` on real streams: a loopback server that drops out, files in real time, Ctrl+C."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from colour_model import RGB, save_colour_model

from actalign import UsageError, VideoError
from actalign.demo import demo_clips
from actalign.source import HELD_SECONDS, LiveSource, without_password

FPS = 5


def write_clip(path, seconds):
    """A real clip that shows a colour a second; the suffix says the container."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for name in np.repeat(seconds, 10):
            image = np.tile(np.array(RGB[name], np.uint8), (48, 64, 1))
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    save_colour_model(folder / "model")
    scripts = {"scripts": {"stop": ["red"], "go": ["green"], "dawn": ["red", "green"]}}
    (folder / "scripts.json").write_text(json.dumps(scripts))
    write_clip(folder / "short.mp4", ["red", "red", "red", "green"])
    return folder


class Camera:
    """Serves MPEG-TS at its own speed: red, which breaks off or falls silent; then an error; then
    green."""

    def __init__(self, folder, *, falls_silent=False):
        red = write_clip(folder / "red.ts", ["red"] * 6).read_bytes()
        green = write_clip(folder / "green.ts", ["green"] * 60).read_bytes()
        camera, self.requests, self.falls_silent = self, 0, falls_silent

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                camera.requests += 1
                if camera.requests == 2:
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "video/mp2t")
                self.end_headers()
                data, seconds = (red, 6) if camera.requests == 1 else (green, 60)
                pieces = seconds * 10
                size = -(-len(data) // pieces)
                try:
                    for n in range(pieces):
                        self.wfile.write(data[n * size : (n + 1) * size])
                        time.sleep(0.1)
                    if falls_silent and camera.requests == 1:
                        time.sleep(60)
                except OSError:
                    pass  # the watcher has gone

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}/camera"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(params=["breaks off", "falls silent"])
def camera(folder, request):
    camera = Camera(folder, falls_silent=request.param == "falls silent")
    yield camera
    camera.server.shutdown()
    camera.server.server_close()


def command(*arguments):
    options = ["--model", "model", "--scripts", "scripts.json", "--fps", str(FPS)]
    return [sys.executable, "-m", "actalign", "live", *arguments, *options, "--smoothing", "0"]


@pytest.mark.slow
def test_a_stream_that_drops_out_is_taken_up_again_and_ctrl_c_ends_it(folder, camera):
    run = subprocess.Popen(
        command(camera.address, "--window", "2", "--json"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    rows = []
    guard = threading.Timer(120, run.kill)
    guard.start()
    try:
        for line in run.stdout:
            rows.append(json.loads(line))
            if rows[-1]["connections"] == 2 and rows[-1]["label"] == "go" and len(rows) > 6:
                break
        run.send_signal(signal.SIGINT)
        asked = time.monotonic()
        _, errors = run.communicate(timeout=30)
        assert time.monotonic() - asked < 15
    finally:
        guard.cancel()
        run.kill()
    assert run.returncode == 130
    assert "Traceback" not in errors
    # Seen lost twice (the stream, then the answer 503), with a longer wait the second time.
    assert "trying again in 1 s" in errors
    assert ("gave nothing for 10 s" in errors) == camera.falls_silent
    assert "trying again in 2 s" in errors
    assert camera.requests == 3
    assert rows[0]["label"] == "stop"
    assert {row["connections"] for row in rows} == {1, 2}
    seconds = [row["seconds"] for row in rows]
    assert seconds == sorted(seconds)
    for row in rows:
        assert row["frames"] <= 2 * FPS + 1
        assert row["window_end_seconds"] - row["window_start_seconds"] <= 2 + 1.5 / FPS
        assert 0 <= row["delay_seconds"] < 10


@pytest.mark.slow
def test_a_file_is_played_in_real_time_and_scored_every_second(folder):
    run = subprocess.run(
        command("short.mp4", "--window", "10", "--json"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert 3 <= len(rows) <= 5
    assert rows[0]["label"] == "stop"
    assert rows[-1]["label"] == "dawn"  # the end of the file is in the last score
    assert rows[-1]["seconds"] == pytest.approx(3.8, abs=0.5)


@pytest.mark.slow
def test_lines_for_people_say_the_delay(folder):
    run = subprocess.run(
        command("short.mp4"), cwd=folder, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0
    assert "the last 5 s, scored every 1 s at 5 frames a second" in run.stderr
    assert all("(delay " in line and "stop " in line for line in run.stdout.splitlines())


@pytest.mark.slow
def test_an_input_format_of_ffmpeg_stands_for_a_device(folder):
    # No camera here: FFmpeg's generator of pictures is opened the way a camera is.
    run = subprocess.Popen(
        command("color=red:size=64x48:rate=10:duration=2", "--format", "lavfi", "--json"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        first = json.loads(run.stdout.readline())
    finally:
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=60)
    assert first["label"] == "stop"
    assert run.returncode == 130
    assert "Traceback" not in errors


def test_a_source_that_never_answers_is_given_up_without_naming_the_password(folder):
    environment = {**os.environ, "CAMERA": "http://me:hunter2@127.0.0.1:9/camera"}
    run = subprocess.run(
        command("env:CAMERA", "--give-up", "1.5"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert run.returncode == 1
    assert "***@127.0.0.1:9/camera has given no picture" in run.stderr
    assert "hunter2" not in run.stderr + run.stdout
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("source", "message"),
    [("no.mp4", "There is no file no.mp4"), ("env:NOT_SET_HERE", "NOT_SET_HERE is not set")],
)
def test_a_wrong_source_is_told_at_once(folder, source, message):
    run = subprocess.run(command(source), cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert message in run.stderr


def test_who_is_slow_gets_new_frames_and_loses_old_ones(folder):
    with LiveSource(str(folder / "short.mp4"), fps=10) as source:
        time.sleep(HELD_SECONDS + 1.5)
        frames = source.next_frames(wait=1, most=100)
        assert len(frames) <= HELD_SECONDS * 10
        assert source.dropped >= 5
        assert time.monotonic() - frames[0].came < HELD_SECONDS + 1
        while (more := source.next_frames(wait=1, most=100)) is not None:
            frames += more
    seconds = [frame.seconds for frame in frames]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(3.9, abs=0.5)


def test_a_file_that_is_no_video_is_an_error(tmp_path):
    (tmp_path / "text.mp4").write_text("not a video")
    with (
        LiveSource(str(tmp_path / "text.mp4"), fps=5) as source,
        pytest.raises(VideoError, match=r"text\.mp4 can't be played"),
    ):
        source.next_frames(wait=20, most=4)


def test_passwords_are_cut_out_of_addresses():
    assert without_password("rtsp://me:pw@host/1") == "rtsp://***@host/1"
    assert without_password("http://host/a@b") == "http://host/a@b"
    with pytest.raises(UsageError, match="There is no file"):
        LiveSource("nowhere.mp4", fps=5)


@pytest.mark.slow
def test_the_built_in_encoder_watches_a_person(tmp_path):
    """Rows come some frames later from an encoder that looks at movement; none may be lost."""
    clip = demo_clips()[0]
    scripts = {"scripts": {script.label: list(script.subactions) for script in clip.scripts}}
    (tmp_path / "scripts.json").write_text(json.dumps(scripts))
    options = ["--model", "body", "--scripts", "scripts.json", "--fps", "5", "--window", "20"]
    run = subprocess.run(
        [sys.executable, "-m", "actalign", "live", str(clip.path), *options, "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    last = rows[-1]
    assert last["frames"] + last["dropped_frames"] == pytest.approx(
        5 * last["window_end_seconds"], abs=2
    )
    if not last["dropped_frames"]:
        assert last["label"] == clip.label


@pytest.mark.slow
def test_rows_given_out_early_are_the_rows_of_the_whole_clip():
    from actalign.encoder import load_encoder
    from actalign.video import sample_frames

    encoder = load_encoder("body")
    path = demo_clips()[0].path
    whole = np.concatenate(list(encoder.encode_clip(sample_frames(path, fps=5))))
    early = list(encoder.encode_clip(sample_frames(path, fps=5, batch_size=3), block=2))
    assert max(len(rows) for rows in early) == 2
    assert np.allclose(np.concatenate(early), whole, atol=1e-5)
