import json
import os
import re
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from hypothesis import given, settings
from hypothesis import strategies as st

from actalign import ArrayError, FrameBatch, UsageError, VideoError
from actalign.clips import clip_ids
from actalign.video import list_videos, sample_frames
from actalign.video._content import content_of
from tests.command import actalign
from tests.media import (
    DISPLAY_MATRICES,
    blackened,
    number_of,
    numbered_frame,
    set_matrix,
    shown_by,
    with_times,
    write_cover,
    write_plain,
    write_png,
    write_sound,
    write_video,
)


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
@settings(max_examples=40)
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


@pytest.mark.parametrize("name", DISPLAY_MATRICES)
def test_a_picture_is_turned_and_mirrored_as_the_file_says(folder, name):
    path = write_video(folder / f"{name}.mp4", 3)
    stored = np.concatenate([batch.frames for batch in sample_frames(path)])
    matrix = DISPLAY_MATRICES[name]
    (batch,) = sample_frames(set_matrix(path, matrix))
    np.testing.assert_array_equal(batch.frames, [shown_by(matrix, one) for one in stored])


def test_images_that_a_camera_turned_or_mirrored_come_as_pillow_shows_them(tmp_path):
    from PIL import Image, ImageOps

    for orientation in range(1, 9):
        path = tmp_path / f"{orientation}.jpg"
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(numbered_frame(9)).save(path, exif=exif, quality=95)
        (batch,) = sample_frames(path)
        expected = np.asarray(ImageOps.exif_transpose(Image.open(path)))
        assert batch.frames.shape[1:] == expected.shape
        # Chroma is enlarged another way.
        assert np.abs(batch.frames[0] - expected.astype(int)).mean() < 4


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


OPEN_GOP = "open-gop=1:keyint=24:bframes=3:scenecut=0"
VARIABLE = np.cumsum([0, *[20, 60, 41, 100, 33] * 90])[:450].tolist()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sparse.mp4", {"options": {"g": "24", "bf": "3"}}),
        ("sparse.mkv", {"options": {"g": "24", "bf": "3"}}),
        ("sparse-open.ts", {"options": {"x264-params": OPEN_GOP}}),
        ("sparse-open.mp4", {"options": {"x264-params": OPEN_GOP}}),
        ("sparse-vary.mp4", {"options": {"g": "24", "bf": "3"}, "times": VARIABLE}),
        ("sparse-turned.mp4", {"options": {"g": "24", "bf": "3"}}),
        # Here no seek finds a frame as it is, so they must be fetched another way.
        ("sparse-refresh.mp4", {"options": {"x264-params": "intra-refresh=1:keyint=24"}}),
        ("sparse.mpg", {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}, "fps": 25}),
    ],
)
def test_a_few_frames_of_a_long_clip_are_those_of_the_whole(folder, name, options):
    path = write_video(folder / name, 450, **{"fps": 15} | options)
    if "turned" in name:
        set_matrix(path, DISPLAY_MATRICES["quarter turn"])
    whole = list(sample_frames(path))
    times = np.concatenate([batch.pts_seconds for batch in whole])
    frames = np.concatenate([batch.frames for batch in whole])
    for start in (0.0, 0.7, 6.1):
        few = list(sample_frames(path, num_frames=4, start=start))
        found = np.searchsorted(times, np.concatenate([batch.pts_seconds for batch in few]))
        assert len(found) == 4
        np.testing.assert_array_equal(
            np.concatenate([batch.frames for batch in few]), frames[found]
        )


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="counts bytes as Linux does")
def test_a_few_frames_of_a_long_clip_do_not_read_it_twice(folder):
    options = {"codec": "mjpeg", "pixel_format": "yuvj420p", "size": (288, 192)}
    path = write_video(folder / "few.mov", 900, fps=15, **options)

    def read_bytes():
        return int(Path("/proc/self/io").read_text().split()[1])

    next(iter(sample_frames(path)))
    before = read_bytes()
    numbers, _, _ = read(path, num_frames=4)
    assert numbers == [n % 256 for n in (112, 337, 562, 787)]
    # Once for the times; then some of it, and its index for each.
    assert read_bytes() - before < 1.6 * path.stat().st_size


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


def test_a_long_hole_in_a_damaged_file_is_said_with_its_times(folder):
    front = {"movflags": "faststart"}  # its index
    whole = write_video(
        folder / "hole.mp4", 240, fps=24, options={"g": "24"}, container_options=front
    )
    data = bytearray(whole.read_bytes())
    frames = data.index(b"mdat")
    begin, end = (frames + (len(data) - frames) * tenth // 10 for tenth in (3, 6))
    data[begin:end] = bytes(end - begin)
    whole.write_bytes(bytes(data))
    _, times, stream = read(whole, fps=8)
    gaps = np.diff(times)
    longest = int(gaps.argmax())
    assert gaps[longest] > 2
    (said,) = (one for one in stream.warnings if one.startswith("No frame"))
    begin, end = (float(one) for one in re.findall(r"(\d+\.\d) (?:to|s\.)", said))
    assert str(whole) in said
    assert times[longest] < begin <= times[longest] + 0.25
    assert end == pytest.approx(times[longest + 1], abs=0.06)


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
        (lambda d: text(d / "empty.mp4", ""), "is empty; copy or record it again"),
        (lambda d: write_sound(d / "sound.m4a"), "has sound but no video"),
        (lambda d: write_cover(d / "cover.mp3"), "has sound but no video"),
        (lambda d: text(d / "live.m3u8", LIVE_PLAYLIST), "is a playlist"),
        (lambda d: text(d / "text.ans", "text that FFmpeg would draw"), "is not a video"),
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
    path = blackened(write_video(folder / "dark.mp4", 12))
    with pytest.raises(VideoError, match=r"No frame of .*dark\.mp4 can be decoded"):
        list(sample_frames(path))


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"start": 5.0}, VideoError, r"it has none in \[5, end\) s"),
        ({"start": 2.0, "end": 1.0}, UsageError, "not after its start"),
        ({"start": -1.0}, UsageError, "give 0 or more"),
        ({"fps": 0}, UsageError, "above 0"),
        ({"fps": 1, "num_frames": 1}, UsageError, "one of fps, num_frames and at_seconds"),
        ({"num_frames": 0}, UsageError, "1 or more"),
        ({"num_frames": 2.5}, UsageError, "num_frames is 2.5; give a whole number of 1 or more"),
        ({"batch_size": 2.5}, UsageError, "batch_size is 2.5; give a whole number of 1 or more"),
        ({"max_side": 0}, UsageError, "max_side is 0; give a whole number of 1 or more"),
        ({"at_seconds": ["a"]}, UsageError, "at_seconds must be numbers"),
        ({"at_seconds": 3}, UsageError, "at_seconds is 3; give a list of seconds"),
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
    (tmp_path / "list.txt").write_text("# mine\nsub/a.webm\n \n # old.mp4\nmissing.mp4\n")
    assert list_videos([tmp_path]) == [tmp_path / "b.mp4", tmp_path / "sub" / "a.webm"]
    assert list_videos([tmp_path / "list.txt"]) == [
        tmp_path / "sub" / "a.webm",
        tmp_path / "missing.mp4",
    ]
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="contains no video"):
        list_videos([tmp_path / "none"])
    (tmp_path / "sub" / "poster.jpg").touch()
    (tmp_path / "list.txt").write_text("sub\nnone\nb.mp4\n")
    notes = []
    assert list_videos([tmp_path / "list.txt"], notes=notes) == [
        *(tmp_path / name for name in ("sub/a.webm", "none", "b.mp4"))
    ]
    assert [note.partition(", left out: ")[2] for note in notes] == [
        "1 .jpg; name such a file itself to have it read."
    ]
    (tmp_path / "list.txt").write_text("# mine\n")
    with pytest.raises(UsageError, match="contains no video"):
        list_videos([tmp_path / "list.txt"])


def test_the_images_of_a_folder_come_in_the_order_that_people_count_in(tmp_path):
    from PIL import Image

    for number in range(1, 13):
        Image.fromarray(numbered_frame(number)).save(tmp_path / f"frame {number}.png")
    for hidden in (".frame 0.png", "._frame 1.png"):  # as macOS leaves them
        (tmp_path / hidden).write_bytes(b"no picture")
    numbers, _, stream = read(tmp_path)
    assert numbers == list(range(1, 13))
    assert stream.warnings == []


def test_webp_images_are_one_clip_and_an_animated_one_says_what_it_is(tmp_path):
    from PIL import Image

    frames = [Image.fromarray(numbered_frame(number)) for number in range(3)]
    for number, frame in enumerate(frames):
        frame.save(tmp_path / f"{number}.webp", lossless=True)
    assert list_videos([tmp_path]) == [tmp_path]
    assert read(tmp_path)[0] == [0, 1, 2]
    animated = tmp_path / "animated.webp"
    frames[0].save(animated, save_all=True, append_images=frames[1:])
    with pytest.raises(VideoError, match=r"animated\.webp is an animated WebP"):
        read(animated)


def test_what_is_left_out_of_a_folder_is_said_and_a_dangling_link_is_an_error_row(
    tmp_path, colour_model
):
    clips = tmp_path / "clips"
    clips.mkdir()
    write_video(clips / "a.mp4", 12)
    (clips / "b.mov").symlink_to("nowhere.mov")
    (clips / "other").symlink_to(tmp_path)
    for name in ("notes.md", "more.md", "README", ".hidden", "truth.jsonl"):
        (clips / name).touch()
    notes = []
    assert list_videos([clips], notes=notes) == [clips / "a.mp4", clips / "b.mov"]
    assert notes == [
        f"The folder {clips} contains other files too, left out: 2 .md, 1 linked folder, 1 without "
        "a suffix; name such a file itself to have it read."
    ]
    words = ["encode", "clips", "--out", "store", "--model", colour_model]
    ended = actalign(*words, cwd=tmp_path)
    assert ended.returncode == 1
    said = " ".join(ended.stderr.split())
    assert "left out: 2 .md, 1 linked folder" in said
    assert "b: There is no file clips/b.mov" in said
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "x.json").touch()
    with pytest.raises(UsageError, match=r"contains no video, left out: 1 \.json"):
        list_videos([tmp_path / "none"])


def test_names_that_are_no_text_are_clips_like_others(tmp_path):
    from PIL import Image

    names = [os.fsdecode(name) for name in (b"caf\xe9.png", b"caf\xea.png")]
    for number, name in enumerate(names):
        Image.fromarray(numbered_frame(number)).save(tmp_path / name)
    assert read(tmp_path)[0] == [0, 1]
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.png\ncaf\xea.png\n")
    listed = list_videos([tmp_path / "list.txt"])
    assert [read(path)[0] for path in listed] == [[0], [1]]
    assert list(clip_ids(listed)) == [r"caf\xe9", r"caf\xea"]
    twins = [tmp_path / names[0], tmp_path / r"caf\xe9.png"]
    assert list(clip_ids(twins).values()) == twins


def test_the_hash_is_of_the_content_not_the_name(folder, tmp_path):
    path = write_video(folder / "h.mp4", 3)
    copy = shutil.copy(path, tmp_path / "other.mp4")
    assert content_of(path).digest == content_of(copy).digest
    assert content_of(path).digest != content_of(write_video(folder / "h2.mp4", 4)).digest
    with pytest.raises(VideoError, match="There is no file"):
        content_of(tmp_path / "none.mp4")


@pytest.mark.parametrize("name", ["f%d.png", "f*.png", "f?.png", "f{1,2}.png", "f%.png"])
def test_a_name_like_a_pattern_is_a_file_not_the_files_it_fits(tmp_path, name):
    for number, width in enumerate((16, 32, 48)):
        write_png(tmp_path / f"f{number}.png", width, 8)
    write_png(tmp_path / name, 64, 8)
    [batch] = sample_frames(tmp_path / name)
    assert batch.frames.shape == (1, 8, 64, 3)
    assert sum(len(batch) for batch in sample_frames(tmp_path)) == 4


def test_a_large_file_of_no_video_is_told_before_it_is_hashed(tmp_path):
    large, read = tmp_path / "large.mp4", []
    with large.open("wb") as file:
        file.truncate(60 << 30)
    with pytest.raises(VideoError, match=r"large\.mp4 is not a video"):
        content_of(large, on_read=lambda: read.append(1))
    assert not read


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
            FrameBatch(frames, np.array(times))
    with pytest.raises(ValueError, match="give at least one frame"):
        sample_frames(FrameBatch(frames[:0], np.zeros(0)))


@pytest.fixture(scope="module")
def swapped(folder):
    """A file of 24 frames that comes out of order: frames 6 and 7 carry each other's time."""
    plain = write_video(folder / "plain.mp4", 24, options={"bf": "0"})
    shown = [{6: 7, 7: 6}.get(n, n) for n in range(24)]
    return with_times(plain, folder / "swapped.ts", [(n + 2, i) for i, n in enumerate(shown)])


def test_frames_that_a_decoder_gives_out_of_order_are_left_out_with_a_warning(swapped):
    numbers, times, stream = read(swapped)
    assert numbers == [*range(7), *range(8, 24)]
    np.testing.assert_allclose(times, np.delete(np.arange(24), 6) / 12, atol=1e-6)
    assert stream.warnings == [f"1 of 24 frames of {swapped} came out of order and were left out."]


def test_frames_out_of_order_stop_no_batch(swapped, tmp_path, colour_model):
    (tmp_path / "clips").mkdir()
    shutil.copy(swapped, tmp_path / "clips" / "b.ts")
    for name in ("a.mp4", "c.mp4"):
        write_video(tmp_path / "clips" / name, 12)
    (tmp_path / "scripts.json").write_text('{"scripts": {"stop": ["red"], "go": ["green"]}}')
    shared = ["--scripts", "scripts.json", "--model", colour_model, "--fps", "all", "--json"]
    ended = actalign("classify", "clips", *shared, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(row["clip"], row["frames"]) for row in rows] == [("a", 12), ("b", 23), ("c", 12)]
    assert "came out of order" in rows[1]["warnings"][0]


@pytest.mark.parametrize("reason", ["empty frames", "wrapping clock", "long sound"])
def test_a_whole_file_is_not_called_truncated(folder, reason):
    shown = np.arange(24)
    if reason == "empty frames":  # which the writer puts where a frame's time is left out
        shown[10:] += 2
        plain = write_video(folder / "plain.avi", 24, codec="mpeg4")
        path = with_times(plain, folder / "dropped.avi", [(n, n) for n in shown.tolist()])
    elif reason == "wrapping clock":  # of 33 bits, at 90,000 a second
        begin = {"output_ts_offset": str(2**33 / 90_000 - 1), "muxdelay": "0", "muxpreload": "0"}
        path = write_video(folder / "wraps.ts", 36, container_options=begin)
        shown = np.arange(36)
    else:
        path = write_video(folder / "sound.ts", 24, with_sound=8)
    numbers, times, stream = read(path)
    assert numbers == list(range(len(shown)))
    np.testing.assert_allclose(times - times[0], shown / 12, atol=1e-3)
    assert stream.warnings == []


def test_the_default_one_of_several_pictures_is_taken_and_never_a_cover(folder):
    path = folder / "tracks.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=12) for _ in range(2)]
        for stream, flags in zip(streams, (Disposition(0), Disposition.default), strict=True):
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            stream.disposition = flags.value
        for n in range(24):
            for stream, number in zip(streams, (n, n + 100), strict=True):
                picture = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
                container.mux(stream.encode(picture.reformat(format="yuv420p")))
        for stream in streams:
            container.mux(stream.encode())
    assert read(path)[0] == list(range(100, 124))


def test_an_encrypted_file_is_called_so(folder):
    secret = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
        "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
    }
    path = write_video(folder / "secret.mp4", 24, container_options=secret)
    with pytest.raises(VideoError, match=r"secret\.mp4 .*encrypted"):
        read(path)


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_that_is_not_tone_mapped_is_said(folder, curve, name):
    options = {"x264-params": f"transfer={'smpte2084' if curve == 16 else 'arib-std-b67'}"}
    _, _, stream = read(write_video(folder / f"{name}.mp4", 3, options=options))
    assert len(stream.warnings) == 1
    assert f"is HDR ({name})" in stream.warnings[0]


KR_KB = {1: (0.2126, 0.0722), 2: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
"""The weights of red and blue in luma, by the matrix's number in H.273 (its table 4)."""
YCBCR = 120, 90, 160


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", KR_KB)
@pytest.mark.parametrize("max_side", [None, 32])
def test_colours_are_computed_with_the_files_own_matrix_and_range(folder, matrix, full, max_side):
    path = folder / f"{matrix}-{full}.mp4"
    write_plain(path, YCBCR, (1, 1, matrix, 2 if full else 1))
    kr, kb = KR_KB[matrix]
    y, cb, cr = np.array(YCBCR) - (0 if full else 16, 128, 128)
    y, cb, cr = (y / 255, cb / 255, cr / 255) if full else (y / 219, cb / 224, cr / 224)
    red, blue = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    stream = sample_frames(path, max_side=max_side)
    found = next(iter(stream)).frames[0].reshape(-1, 3).mean(axis=0)
    assert np.abs(found - 255 * np.array([red, green, blue])).max() < 3
    assert stream.warnings == []


def test_colours_that_ffmpeg_cannot_convert_are_read_nearly_and_said(folder):
    write_plain(folder / "ycgco.mp4", YCBCR, (1, 1, 8, 1))
    write_plain(folder / "plain.mp4", YCBCR, (1, 1, 6, 1))
    stream = sample_frames(folder / "ycgco.mp4")
    found, plain = (next(iter(one)) for one in (stream, sample_frames(folder / "plain.mp4")))
    assert np.array_equal(found.frames, plain.frames)
    assert len(stream.warnings) == 1
    assert (
        "ycgco.mp4 has colours that FFmpeg can't convert (matrix 8 of H.273)" in stream.warnings[0]
    )
