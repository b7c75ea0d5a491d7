"""Decompression bombs: small files that would ask for all memory or all time are refused."""

import struct
import subprocess
import sys
import time

import numpy as np
import pytest

from actalign import FrameBatch
from actalign.clips._prefetched import QUEUED_BATCHES, _Line
from actalign.errors import UsageError, VideoError
from actalign.video._limits import MAX_FRAMES, MAX_PIXELS
from actalign.video._sampling import sample_frames
from actalign.video._stream import LiveSource
from tests.command import DEADLOCK_SECONDS, actalign, printed_by
from tests.media import write_png, write_video


def write_gif(path, width, height, frames):
    """A picture of any size whose frames each draw one pixel: 23 bytes a frame."""
    frame = b"\x21\xf9\x04\0\x02\0\0\0\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    frame += b"\x02\x02\x44\x01\0"
    with path.open("wb") as file:
        size = struct.pack("<HH", width, height)
        file.write(b"GIF89a" + size + b"\x80\0\0" + b"\0\0\0\xff\xff\xff")
        for done in range(0, frames, 10_000):
            file.write(frame * min(10_000, frames - done))
        file.write(b";")
    return path


def test_a_three_hour_video_at_60_frames_a_second_is_within_the_limits():
    assert MAX_FRAMES > 3 * 3600 * 60
    assert MAX_PIXELS > 7680 * 4320


def test_pictures_of_16k_by_16k_are_not_watched(tmp_path):
    bomb = write_gif(tmp_path / "bomb.gif", 16_000, 16_000, 3)
    with (
        LiveSource(str(bomb), fps=5) as source,
        pytest.raises(VideoError, match=r"bomb\.gif have 16000x16000 pixels, more than the limit"),
    ):
        source.next_frames(wait=DEADLOCK_SECONDS, most=4)


@pytest.mark.parametrize("kind", ["gif", "folder"])
def test_a_frame_of_16k_by_16k_is_refused_before_it_is_decoded(tmp_path, kind):
    if kind == "gif":
        bomb = write_gif(tmp_path / "bomb.gif", 16_000, 16_000, 3)
    else:
        bomb = tmp_path / "images"
        bomb.mkdir()
        write_png(bomb / "0.png", 16_000, 16_000)
    code = (
        "import sys; from actalign.video._sampling import sample_frames\n"
        "try: list(sample_frames(sys.argv[1]))\n"
        "except Exception as error: print(error)\n"
        # Not ru_maxrss, which counts the parent's memory at the fork.
        "[peak] = [line for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(peak.split()[1])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, bomb],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLOCK_SECONDS,
    )
    said, kilobytes = found.stdout.splitlines()
    assert "16000x16000 pixels, more than the limit of 67108864" in said
    assert "ACTALIGN_MAX_PIXELS" in said
    assert int(kilobytes) < 400_000  # the frame alone would take 768 MB


def test_huge_frames_are_freed_one_by_one(tmp_path):
    huge = write_gif(tmp_path / "huge.gif", 3000, 3000, 24)
    code = (
        "import sys; from actalign.video._sampling import sample_frames\n"
        "print(sum(len(batch) for batch in sample_frames(sys.argv[1])))\n"
        "[peak] = [line for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(peak.split()[1])"
    )
    frames, kilobytes = map(int, printed_by("-c", code, huge).split())
    assert frames == 24
    assert kilobytes < 500_000  # 24 pictures as they are decoded would take 860 MB


def test_a_huge_frame_takes_all_the_room_before_the_encoder():
    line = _Line(QUEUED_BATCHES)
    small, huge = (
        FrameBatch(np.zeros((1, side, side, 3), np.uint8), np.zeros(1)) for side in (64, 3000)
    )
    line.put_nowait(small)
    assert not line.full()
    line.get_nowait()
    line.put_nowait(huge)
    assert line.full()


def test_a_frame_beyond_what_ffmpeg_can_hold_is_named_as_such(tmp_path):
    bomb = write_gif(tmp_path / "bomb.gif", 65_535, 65_535, 2)
    with pytest.raises(VideoError, match=r"bomb\.gif has a size that FFmpeg can decode"):
        list(sample_frames(bomb))


def test_a_user_raises_the_limit_of_pixels(tmp_path, monkeypatch):
    clip = write_video(tmp_path / "a.mp4", 4)
    monkeypatch.setenv("ACTALIGN_MAX_PIXELS", "6143")
    with pytest.raises(VideoError, match="96x64 pixels, more than the limit of 6143"):
        sample_frames(clip)
    monkeypatch.setenv("ACTALIGN_MAX_PIXELS", "6144")
    assert sum(map(len, sample_frames(clip))) == 4


@pytest.mark.parametrize("kind", ["gif", "folder"])
def test_a_user_raises_the_limit_of_frames(tmp_path, monkeypatch, kind):
    if kind == "gif":
        clip = write_gif(tmp_path / "a.gif", 4, 4, 30)
    else:
        (clip := tmp_path / "images").mkdir()
        for n in range(30):
            write_png(clip / f"{n:02}.png", 4, 4)
    monkeypatch.setenv("ACTALIGN_MAX_FRAMES", "29")
    with pytest.raises(VideoError, match="has more than 29 frames; cut it into parts or raise ACT"):
        sample_frames(clip)
    monkeypatch.setenv("ACTALIGN_MAX_FRAMES", "30")
    assert sum(map(len, sample_frames(clip))) == 30


@pytest.mark.parametrize("value", ["many", "0", "-5", "1e6", "²"])
def test_a_limit_that_is_no_number_is_named(tmp_path, monkeypatch, value):
    clip = write_gif(tmp_path / "a.gif", 4, 4, 3)
    monkeypatch.setenv("ACTALIGN_MAX_FRAMES", value)
    with pytest.raises(UsageError, match=r"ACTALIGN_MAX_FRAMES is .*; give a whole number above 0"):
        sample_frames(clip)


@pytest.mark.slow
def test_a_gif_of_ten_million_frames_is_one_failed_clip_in_a_batch(tmp_path, colour_model):
    write_gif(tmp_path / "clips.gif", 4, 4, 10_000_000)
    write_video(tmp_path / "good.mp4", 8)
    began = time.monotonic()
    words = ["encode", "clips.gif", "good.mp4", "--out", "store", "--model", colour_model]
    done = actalign(*words, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "clips.gif has more than 1000000 frames" in done.stderr
    assert "1 encoded, 0 encoded before, 1 failed" in done.stderr
    assert time.monotonic() - began < 120
