"""Videos with action, step, confidence and time drawn in, looked at as frames."""

import json
from itertools import pairwise

import av
import numpy as np
import pytest

from actalign.output._lettering import _broken, _width, lay_over, lettered, unknown_letters
from actalign.video import sample_frames
from tests.command import actalign
from tests.media import DISPLAY_MATRICES, colours_of, number_of, set_matrix, write_video
from tests.test_cut import heard, row, steps

STAMPS = [0, 40, 300, 310, 400, 500, 533, 566, 900, 940]


def write_rows(folder, *rows):
    (folder / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))


def frames_of(path):
    return [
        (float(at), frame)
        for batch in sample_frames(path)
        for at, frame in zip(batch.pts_seconds, batch.frames, strict=True)
    ]


def changed(frame, other):
    """(H, W) where two frames differ clearly."""
    return np.abs(frame.astype(int) - other).max(axis=2) > 40


def test_each_frame_keeps_its_time_and_says_what_is_found(tmp_path):
    write_video(tmp_path / "v.mkv", 10, times=STAMPS)
    segments = [
        {"step": "down", "start_seconds": 0.3, "end_seconds": 0.5},
        {"step": "and up again", "start_seconds": 0.5, "end_seconds": 0.9},
    ]
    write_rows(tmp_path, row("v.mkv", "push up", segments, confidence=0.8))
    done = actalign("export", "rows.jsonl", "--to", "burn", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["out/v.mp4"]
    found = frames_of(tmp_path / "out" / "v.mp4")
    assert [at for at, _ in found] == pytest.approx(np.array(STAMPS) / 1000, abs=1e-4)
    assert {frame.shape for _, frame in found} == {(360, 540, 3)}  # small pictures are enlarged
    numbers = [number_of(frame) for _, frame in found]
    assert numbers == list(range(10))
    below = [frame[280:] for _, frame in found]
    silent, first, second = below[0], below[2], below[5]
    for number, part in enumerate(below):
        like = silent if not 2 <= number < 8 else first if number < 5 else second
        assert changed(part, like)[:, :200].mean() < 0.02, number
    assert changed(first, silent)[:, :100].mean() > 0.1
    assert changed(second, first).mean() > 0.01
    # Each frame has its own time above.
    above = [frame[:25, :130] for _, frame in found]
    assert all(changed(a, b).any() for a, b in pairwise(above))


def test_windows_of_live_are_shown_one_at_a_time(tmp_path):
    write_video(tmp_path / "v.mkv", 10, times=STAMPS)
    windows = [("push up", 0.0, 0.5), ("squat", 0.3, 0.9)]
    several = [
        row("v.mkv", label, [], start_seconds=start, end_seconds=end)
        | {"window_start_seconds": start, "window_end_seconds": end}
        for label, start, end in windows
    ]
    write_rows(tmp_path, *several)
    done = actalign("export", "rows.jsonl", "--to", "burn", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    below = [frame[280:] for _, frame in frames_of(tmp_path / "out" / "v.mp4")]
    first, second, silent = below[0], below[5], below[8]
    for number, part in enumerate(below):
        like = first if number < 5 else second if number < 8 else silent
        assert changed(part, like)[:, :200].mean() < 0.02, number
    assert changed(first, second)[:, :100].mean() > 0.01


def test_a_turned_video_with_sound_is_written_upright_with_its_sound(tmp_path):
    write_video(tmp_path / "v.mp4", 24, with_sound=True)
    set_matrix(tmp_path / "v.mp4", DISPLAY_MATRICES["quarter turn"])
    write_rows(tmp_path, row("v.mp4", "push up", steps("down", "up")))
    done = actalign("export", "rows.jsonl", "--to", "burn", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "rows-burn" / "v.mp4"
    assert frames_of(path)[0][1].shape == (540, 360, 3)
    begin, end, loud = heard(path)
    assert (begin, end) == pytest.approx((0, 2), abs=0.08)
    assert loud > 0.1
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.pix_fmt == "yuv420p"


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("size", [14, 60])
def test_text_is_read_on_dark_and_light_pictures(shade, size):
    frame = np.full((400, 900, 3), shade, np.uint8)
    picture = lettered(["push up, 80%"], size=size, width=900)
    lay_over(frame, picture, x=0, y=400 - len(picture))
    box = frame[400 - len(picture) :, : picture.shape[1]]
    ink, ground = box[picture[..., 0] > 250], box[picture[..., 0] == 0]
    # The contrast that WCAG 2.1 asks of text (AA), from relative luminance.
    light, dark = (((one / 255 + 0.055) / 1.055) ** 2.4 for one in (ink.mean(), ground.mean()))
    assert (light + 0.05) / (dark + 0.05) > 4.5
    assert (frame[: 400 - len(picture)] == shade).all()


def test_long_texts_are_broken_and_cut():
    words = "lower the chest towards the floor " * 9
    for text in (words, "x" * 400, "双手举过头顶" * 40, ""):
        broken = _broken(text, 20, 300)
        assert 1 <= len(broken) <= 2
        assert all(_width(line, 20) <= 300 for line in broken)
        assert broken[-1].endswith("…") == (len(text) > 40)
    assert lettered([words], size=20, width=300).shape[1] <= 300


def test_letters_that_no_font_here_knows_are_named(tmp_path):
    assert unknown_letters(["Übung ça Ελληνικά русский, 80 %"]) == ""
    strange = "\ue123"  # for private use: no font of ours has it
    assert unknown_letters([f"push {strange}{strange} up"]) == strange
    write_video(tmp_path / "v.mp4", 6)
    write_rows(tmp_path, row("v.mp4", f"push {strange}", steps("down")))
    done = actalign("export", "rows.jsonl", "--to", "burn", cwd=tmp_path)
    assert done.returncode == 0
    assert f"No font here draws {strange}, which appear as boxes in the video" in done.stderr


def test_letters_that_no_font_of_a_figure_knows_are_named(tmp_path, colour_model):
    write_video(tmp_path / "v.mp4", 6)
    strange = "\ue123"
    classify = ("classify", "v.mp4", "--model", colour_model, "--labels", f"{strange} up,Übung")
    done = actalign(*classify, "--figure", "figures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = r"No font here draws \ue123, which appear as boxes in the figure; install one"
    assert said in done.stderr.replace(strange, r"\ue123")
    assert "No font here" not in actalign(*classify, cwd=tmp_path).stderr


def test_a_video_is_never_written_over_and_a_bad_one_stops_no_other(tmp_path):
    before = write_video(tmp_path / "v.mp4", 6).read_bytes()
    (tmp_path / "broken.mp4").write_text("no video")
    rows = [row(name, "jump", steps("up")) for name in ("broken.mp4", "v.mp4")]
    write_rows(tmp_path, *rows)
    done = actalign("export", "rows.jsonl", "--to", "burn", "--out", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert "v.mp4 is a video without text drawn in; choose another folder." in done.stderr
    assert (tmp_path / "v.mp4").read_bytes() == before
    for _ in range(2):  # its own files it replaces
        done = actalign("export", "rows.jsonl", "--to", "burn", "--out", "out", cwd=tmp_path)
        assert done.returncode == 1
        assert "1 of 2 files were not written: broken.mp4 is not a video" in done.stderr
        assert done.stdout.split() == ["out/v.mp4"]


def test_the_video_of_another_clip_of_the_name_is_not_written_over(tmp_path):
    for name in ("mon", "tue"):
        (tmp_path / name).mkdir()
        write_video(tmp_path / name / "v.mp4", 6 if name == "mon" else 7)
        write_rows(tmp_path, row(f"{name}/v.mp4", "jump", steps("up")))
        export = ("export", "rows.jsonl", "--to", "burn", "--out", "out")
        done = actalign(*export, cwd=tmp_path)
        assert done.returncode == (name == "tue")
    assert "out/v.mp4 is a video made from another video; choose another folder." in done.stderr
    assert len(frames_of(tmp_path / "out" / "v.mp4")) == 6


def test_each_of_several_people_has_a_box_in_a_colour_of_its_own(tmp_path):
    write_video(tmp_path / "v.mp4", 30, fps=10)
    where = {"top": 0.25, "bottom": 0.75}
    sides = [{"left": 0.1, "right": 0.3}, {"left": 0.6, "right": 0.8}]
    rows = [
        row("v.mp4", "jump", steps("up"), clip=f"v-person{n}", person=n, people=2)
        | {"boxes": [{"seconds": 1.0, **where, **side}]}
        for n, side in enumerate(sides, start=1)
    ]
    write_rows(tmp_path, *rows)
    done = actalign("export", "rows.jsonl", "--to", "burn", "--out", "two", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    write_rows(tmp_path, *({**one, "boxes": []} for one in rows))
    done = actalign("export", "rows.jsonl", "--to", "burn", "--out", "none", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown, plain = ([f for _, f in frames_of(tmp_path / n / "v.mp4")] for n in ("two", "none"))
    drawn = [changed(a, b)[30:200] for a, b in zip(shown, plain, strict=True)]
    assert [one.any() for one in drawn] == [5 <= n <= 15 for n in range(30)]  # half a second
    height, width = shown[10].shape[:2]
    for left, colour in zip((0.1, 0.6), ((0x00, 0x72, 0xB2), (0xCC, 0x79, 0xA7)), strict=True):
        edge = shown[10][round(0.6 * height), round(left * width) - 1 : round(left * width) + 4]
        # Chroma has half the size.
        assert np.abs(edge.astype(int) - colour).sum(axis=1).min() < 60
    inside = drawn[10][110:150, round(0.2 * width) : round(0.28 * width)]
    assert not inside.any()


def test_several_people_keep_their_lines_below(tmp_path):
    """One line each, in the order of their numbers, whoever's action has begun last."""
    write_video(tmp_path / "v.mp4", 30, fps=10)
    times = {1: [(0.0, 1.0), (1.0, 3.0)], 2: [(0.5, 3.0)]}
    rows = []
    for person, spans in times.items():
        shown = row(
            "v.mp4", "jump", steps("up", "down"), clip=f"p{person}", person=person, people=2
        )
        shown["candidates"][0]["repetitions"] = [
            {
                "start_seconds": start,
                "end_seconds": end,
                "segments": [{"step": "up", "start_seconds": start, "end_seconds": end}],
            }
            for start, end in spans
        ]
        rows.append(shown)
    write_rows(tmp_path, *rows)
    done = actalign("export", "rows.jsonl", "--to", "burn", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = [frame for _, frame in frames_of(tmp_path / "out" / "v.mp4")]
    before, after = found[7], found[15]
    different = np.flatnonzero(changed(before, after)[200:].any(axis=1)) + 200
    assert len(different)  # 1 of 2, 2 of 2
    assert different.max() < before.shape[0] - 20  # the second person's line


def test_classify_writes_such_videos_too(tmp_path, colour_model):
    write_video(tmp_path / "v.mp4", 12)
    done = actalign(
        *("classify", "v.mp4", "--model", colour_model, "--labels", "red,green"),
        *("--burn", "out", "--store", "store"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "videos: out" in done.stderr
    found = [frame for _, frame in frames_of(tmp_path / "out" / "v.mp4")]
    assert len(found) == 12
    assert changed(found[3][345:, :60], np.full((1, 1, 3), 90, np.uint8)).mean() > 0.5


def test_colours_are_kept_and_hdr_is_said(tmp_path):
    videos = {"hd.mp4": (1, 1, 1, 1), "hdr.mp4": (9, 16, 9, 1)}
    for name, tags in videos.items():
        write_video(tmp_path / name, 3, size=(480, 360), colours=tags)
    write_rows(tmp_path, *(row(name, "wave", steps("up", each=0.2)) for name in videos))
    done = actalign("export", "rows.jsonl", "--to", "burn", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("is HDR") == 1
    assert "hdr.mp4 is HDR (PQ) and is written with 8 bits" in done.stderr
    for name, tags in videos.items():
        assert colours_of(tmp_path / "out" / name) == tags
        (_, found), (_, right) = (frames_of(at / name)[0] for at in (tmp_path / "out", tmp_path))
        red = (slice(30, 80), slice(10, 100))  # below the time
        assert np.abs(found[red].mean(axis=(0, 1)) - right[red].mean(axis=(0, 1))).max() < 4


@pytest.mark.parametrize("fps", [1, 10, 60])
def test_the_last_frame_is_shown_as_long_as_the_one_before(tmp_path, fps):
    write_video(tmp_path / "v.mp4", 6, fps=fps)
    write_rows(tmp_path, row("v.mp4", "push up", steps("down", each=6 / fps)))
    done = actalign("export", "rows.jsonl", "--to", "burn", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with av.open(tmp_path / "out" / "v.mp4") as burnt:
        [stream] = burnt.streams.video
        assert float(stream.duration * stream.time_base) == pytest.approx(6 / fps, abs=1e-4)
