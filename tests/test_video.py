import os
import shutil
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actalign import ArrayError, FrameBatch, UsageError, VideoError
from actalign.video import list_videos, sample_frames
from actalign.video._sampling import content_hash
from tests.media import number_of, numbered_frame, turn, write_cover, write_sound, write_video


def read(source, **options):
    """Numbers seen, times, and the stream after its end."""
    stream = sample_frames(source, **options)
    batches = list(stream)
    frames = [frame for batch in batches for frame in batch.frames]
    times = np.concatenate([batch.pts_seconds for batch in batches])
    return [number_of(frame) for frame in frames], times, stream


FORMATS = {
    "h264-bframes.mp4": {"options": {"bf": "3", "g": "12"}},
    "mpeg4.avi": {"codec": "mpeg4"},
    "h264-bframes.avi": {"options": {"bf": "2", "g": "12"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"bf": "2", "g": "12"}, "fps": 25},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "h264.mkv": {},
    "h264.ts": {},
    "sound.mp4": {"with_sound": True},
    "odd.mp4": {"size": (97, 65), "pixel_format": "yuv444p"},
    "anim.gif": {"codec": "gif", "pixel_format": "rgb8", "fps": 10},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("media")


@pytest.mark.parametrize("name", FORMATS)
def test_every_frame_comes_once_in_order_at_its_time(folder, name):
    options = {"fps": 12} | FORMATS[name]
    path = write_video(folder / name, 24, **options)
    numbers, times, stream = read(path)
    assert numbers == list(range(24))
    np.testing.assert_allclose(times, np.arange(24) / options["fps"], atol=0.006)
    np.testing.assert_array_equal(times, stream.pts_seconds)
    assert stream.end_seconds == pytest.approx(24 / options["fps"], abs=0.02)
    assert stream.warnings == []


@pytest.mark.parametrize("name", ["h264-bframes.mp4", "vp9.webm", "mpeg4.avi"])
def test_fps_gives_the_frame_on_screen_at_each_time(folder, name):
    path = write_video(folder / name, 24, fps=12, **FORMATS[name])
    numbers, times, _ = read(path, fps=4, batch_size=3)
    assert numbers == [0, 3, 6, 9, 12, 15, 18, 21]
    np.testing.assert_allclose(times, np.arange(8) / 4, atol=0.002)
    assert read(path, fps=5)[0] == [0, 2, 4, 7, 9, 12, 14, 16, 19, 21]
    assert read(path, fps=100)[0] == list(range(24))


def test_num_frames_and_segments(folder):
    path = write_video(folder / "n.mp4", 24)
    assert read(path, num_frames=3)[0] == [4, 12, 20]
    assert read(path, num_frames=1)[0] == [12]
    numbers, times, stream = read(path, start=0.5, end=1.0)
    assert numbers == [6, 7, 8, 9, 10, 11]
    assert stream.end_seconds == 1.0
    assert np.all((times >= 0.5) & (times < 1.0))
    # Shorter than a frame: the one on screen.
    assert read(path, start=0.51, end=0.52)[0] == [6]


MILLISECONDS = [0, 40, 80, 500, 900, 1000, 1100, 2000, 2040, 2080]


@pytest.fixture(scope="module")
def variable(folder):
    return write_video(folder / "vfr.mp4", len(MILLISECONDS), times=MILLISECONDS)


@given(
    fps=st.floats(0.5, 60),
    start=st.floats(0, 1.9),
    length=st.floats(0.05, 3),
)
@settings(max_examples=40, deadline=None)
def test_variable_frame_rate_follows_the_presentation_times(variable, fps, start, length):
    """Against a slow formula on the known times: who is on screen at each moment."""
    numbers, times, stream = read(variable, fps=fps, start=start, end=start + length)
    last = min(start + length, stream.info.end_seconds)
    expected = []
    moment, i = start, 0
    while moment < last - 1e-6 / fps or not expected:
        shown = max(n for n, at in enumerate(MILLISECONDS) if at / 1000 <= moment + 1e-6)
        if shown not in expected:
            expected.append(shown)
        i += 1
        moment = start + i / fps
    assert numbers == expected
    np.testing.assert_allclose(times, [MILLISECONDS[n] / 1000 for n in expected], atol=1e-3)


@pytest.mark.parametrize(
    ("degrees", "corner", "shape"),
    [(90, (3, -3), (96, 64)), (180, (-3, -3), (64, 96)), (270, (-3, 3), (96, 64))],
)
def test_rotation_in_the_file_is_applied(folder, degrees, corner, shape):
    path = turn(write_video(folder / f"turned{degrees}.mp4", 3), degrees)
    batch = next(iter(sample_frames(path)))
    assert batch.frames.shape[1:3] == shape
    red, green, blue = batch.frames[0][corner].astype(int)
    assert red > 200
    assert green < 60
    assert blue < 60


def test_pixels_are_made_square_and_frames_smaller_on_request(folder):
    path = write_video(folder / "wide.mp4", 3, aspect=Fraction(2, 1))
    assert next(iter(sample_frames(path))).frames.shape[1:3] == (64, 192)
    plain = write_video(folder / "plain.mp4", 3)
    numbers, _, _ = read(plain, max_side=48)
    assert next(iter(sample_frames(plain, max_side=48))).frames.shape[1:3] == (32, 48)
    assert numbers == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("long.mp4", {"options": {"g": "24", "bf": "2"}}),
        ("open.mkv", {"options": {"x264-params": "open-gop=1:keyint=24:bframes=3:scenecut=0"}}),
        # Seeking within this format loses frames, which must be fetched another way.
        ("long.mpg", {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}, "fps": 25}),
    ],
)
def test_late_segments_give_the_same_frames_as_the_whole_clip(folder, name, options):
    options = {"fps": 24} | options
    path = write_video(folder / name, 200, **options)
    for first in range(101, 119, 3):
        start = (first + 0.1) / options["fps"]
        numbers, times, stream = read(path, start=start, end=start + 4 / options["fps"])
        assert numbers == list(range(first + 1, first + 5))
        np.testing.assert_allclose(times, np.array(numbers) / options["fps"], atol=1e-3)
        assert stream.warnings == []


def test_a_single_frame(folder):
    numbers, times, stream = read(write_video(folder / "one.mp4", 1), fps=10)
    assert (numbers, list(times)) == ([0], [0.0])
    assert stream.end_seconds == pytest.approx(1 / 12, abs=0.01)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_truncated_file_gives_what_decodes_and_a_warning(folder, suffix):
    options = {"container_options": {"movflags": "faststart"}} if suffix == "mp4" else {}
    whole = write_video(folder / f"whole.{suffix}", 120, fps=24, **options)
    data = whole.read_bytes()
    cut = folder / f"cut.{suffix}"
    cut.write_bytes(data[: len(data) * 6 // 10])
    numbers, times, stream = read(cut, fps=4)
    assert 3 <= len(numbers) < 20
    # The last may be an earlier one, on screen because the cut took those after it.
    count = len(numbers)
    assert numbers[:-1] == [6 * i for i in range(count - 1)]
    assert 6 * (count - 2) < numbers[-1] <= 6 * (count - 1)
    np.testing.assert_allclose(times, np.array(numbers) / 24, atol=0.002)
    assert len(stream.warnings) >= 1
    assert "truncated" in stream.warnings[0]
    assert str(cut) in stream.warnings[0]


def test_garbage_in_the_middle_loses_frames_but_not_the_times_of_others(folder):
    whole = write_video(folder / "hurt.mp4", 120, fps=24, options={"g": "12"})
    data = bytearray(whole.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 200] = bytes(200)
    whole.write_bytes(bytes(data))
    numbers, times, _ = read(whole)
    good = [(n, t) for n, t in zip(numbers, times, strict=True) if n == round(t * 24)]
    assert len(good) > 60


def test_arrays_and_image_folders_are_clips_as_well(folder):
    from PIL import Image

    frames = np.stack([numbered_frame(n) for n in range(10)])
    batch = FrameBatch(frames, np.arange(10) / 10)
    assert read(batch, fps=5)[0] == [0, 2, 4, 6, 8]
    images = folder / "images"
    images.mkdir()
    for number in range(10):
        Image.fromarray(numbered_frame(number)).save(images / f"{number:03}.png")
    numbers, times, stream = read(images)
    assert numbers == list(range(10))
    np.testing.assert_allclose(times, np.arange(10) / 25)
    assert list_videos([images]) == [images]
    assert stream.end_seconds == pytest.approx(0.4)


# Without an end, players wait for more of it for ever.
LIVE_PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nplain.ts\n"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda d: d / "nowhere.mp4", "There is no file"),
        (lambda d: text(d / "text.mp4", "not a video " * 50), "is not a video"),
        (lambda d: text(d / "empty.mp4", ""), "is not a video"),
        (lambda d: write_sound(d / "sound.m4a"), "has sound but no video"),
        (lambda d: write_cover(d / "cover.mp3"), "has sound but no video"),
        (lambda d: text(d / "live.m3u8", LIVE_PLAYLIST), "is a playlist"),
        (lambda d: text(d / "list.mp4", "ffconcat version 1.0\nfile list.mp4"), "is a playlist"),
        (lambda d: os.mkfifo(d / "pipe.mp4") or d / "pipe.mp4", "neither a file nor a folder"),
        (lambda d: d / ("long" * 100 + ".mp4"), "can't be read"),
    ],
)
def test_files_that_are_no_video_are_named_in_one_sentence(folder, make, sentence):
    path = make(folder)
    with pytest.raises(VideoError, match=sentence) as caught:
        list(sample_frames(path))
    assert str(path) in str(caught.value)


def text(path, content):
    path.write_text(content)
    return path


def test_a_file_without_decodable_frames_is_named(folder):
    path = write_video(folder / "dark.mp4", 12)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    end = start + int.from_bytes(data[start - 8 : start - 4], "big") - 8
    data[start:end] = bytes(end - start)
    path.write_bytes(bytes(data))
    with pytest.raises(VideoError, match=r"No frame of .*dark\.mp4 can be decoded"):
        list(sample_frames(path))


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"start": 5.0}, VideoError, r"outside"),
        ({"start": 2.0, "end": 1.0}, UsageError, "not after its start"),
        ({"start": -1.0}, UsageError, "give 0 or more"),
        ({"fps": 0}, UsageError, "above 0"),
        ({"fps": 1, "num_frames": 1}, UsageError, "not both"),
        ({"num_frames": 0}, UsageError, "1 or more"),
        ({"max_pixels": 1000}, VideoError, "96x64 pixels, more than the limit"),
    ],
)
def test_wrong_requests_are_refused(folder, options, error, sentence):
    path = write_video(folder / "plain.mp4", 24)
    with pytest.raises(error, match=sentence):
        list(sample_frames(path, **options))


def test_folders_and_lists_expand_to_videos_in_order(tmp_path):
    for name in ("b.mp4", "sub/a.webm", "notes.md", ".hidden.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "list.txt").write_text("sub/a.webm\n\nmissing.mp4\n")
    assert list_videos([tmp_path]) == [tmp_path / "b.mp4", tmp_path / "sub" / "a.webm"]
    assert list_videos([tmp_path / "list.txt"]) == [
        tmp_path / "sub" / "a.webm",
        tmp_path / "missing.mp4",
    ]
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="contains no video"):
        list_videos([tmp_path / "none"])


def test_the_hash_is_of_the_content_not_the_name(folder, tmp_path):
    path = write_video(folder / "h.mp4", 3)
    copy = shutil.copy(path, tmp_path / "other.mp4")
    assert content_hash(path) == content_hash(copy)
    assert content_hash(path) != content_hash(write_video(folder / "h2.mp4", 4))
    with pytest.raises(VideoError, match="There is no file"):
        content_hash(tmp_path / "none.mp4")


def test_a_name_with_a_colon_is_a_file_not_an_address(folder, monkeypatch):
    write_video(folder / "12:30.mp4", 3)
    monkeypatch.chdir(folder)
    assert read("12:30.mp4")[0] == [0, 1, 2]


def test_an_absurd_rate_gives_each_frame_once(folder):
    path = write_video(folder / "plain.mp4", 24)
    assert read(path, fps=1e15)[0] == list(range(24))
    assert read(path, num_frames=10**15)[0] == list(range(24))


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_a_clock_that_begins_late_is_counted_from_its_beginning(folder, suffix):
    path = write_video(folder / f"late.{suffix}", 24, times=[5000 + 40 * i for i in range(24)])
    numbers, times, stream = read(path, start=0.2, end=0.52)
    assert numbers == list(range(5, 13))
    np.testing.assert_allclose(times, np.arange(5, 13) / 25, atol=1e-3)
    assert stream.warnings == []


def test_frames_that_an_edit_list_hides_are_not_shown_nor_missed(folder):
    path = write_video(folder / "edited.mp4", 24)
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 16  # media time of the first edit, in 12288ths of a second
    hidden = int.from_bytes(data[at : at + 4], "big") + 6144
    data[at : at + 4] = hidden.to_bytes(4, "big")
    path.write_bytes(bytes(data))
    numbers, times, stream = read(path)
    assert numbers == list(range(6, 24))
    np.testing.assert_allclose(times, np.arange(18) / 12, atol=1e-3)
    assert stream.warnings == []


def test_a_size_that_changes_within_the_stream_is_brought_to_the_first(folder):
    small = write_video(folder / "small.h264", 12).read_bytes()
    large = write_video(folder / "large.h264", 12, size=(192, 128)).read_bytes()
    both = folder / "both.h264"
    both.write_bytes(small + large)
    assert read(both)[0] == [*range(12), *range(12)]
    assert {batch.frames.shape[1:3] for batch in sample_frames(both)} == {(64, 96)}


def test_images_that_a_camera_turned_each_its_own_way_make_one_clip(tmp_path):
    from PIL import Image

    for number, orientation in enumerate((1, 6, 3, 8)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(numbered_frame(number)).save(tmp_path / f"{number}.jpg", exif=exif)
    (batch,) = sample_frames(tmp_path)
    assert batch.frames.shape == (4, 64, 96, 3)


def test_an_array_keeps_its_own_clock_which_must_run_forward():
    frames = np.stack([numbered_frame(n) for n in range(3)])
    late = FrameBatch(frames, np.array([10.0, 11.0, 12.0]))
    assert read(late, num_frames=3)[0] == [0, 1, 2]
    assert read(late, max_side=48)[0] == [0, 1, 2]
    assert next(iter(sample_frames(late, max_side=48))).frames.shape == (3, 32, 48, 3)
    for times in ([0.0, 2.0, 1.0], [0.0, np.nan, 1.0]):
        with pytest.raises(ArrayError, match="never decrease"):
            sample_frames(FrameBatch(frames, np.array(times)))
    with pytest.raises(ValueError, match="give at least one frame"):
        sample_frames(FrameBatch(frames[:0], np.zeros(0)))
