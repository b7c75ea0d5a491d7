"""`actalign cut`: parts of videos as files, frame by frame what the source shows there."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest

from actalign.errors import VideoError
from actalign.video import sample_frames
from actalign.video._worker import DecodeProcess
from actalign.video._writing import Span
from tests.command import actalign, wait_for
from tests.media import DISPLAY_MATRICES, colours_of, number_of, set_matrix, write_video

GOP = {"g": "12", "keyint_min": "12", "sc_threshold": "0", "bf": "0"}


@pytest.fixture(scope="module")
def decoder():
    with DecodeProcess() as process:
        yield process


def shown(path):
    """The numbers that the frames carry, and their times."""
    numbers, times = [], []
    for batch in sample_frames(path):
        numbers += [number_of(frame) for frame in batch.frames]
        times += batch.pts_seconds.tolist()
    return numbers, times


def coded(path):
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(video=0) if packet.size]


def heard(path):
    """When sound begins and ends in a file, in seconds, and the energy in between."""
    with av.open(str(path)) as file:
        if not file.streams.audio:
            return None
        pieces = list(file.decode(audio=0))
        last = pieces[-1]
        loud = np.abs(np.concatenate([p.to_ndarray()[0] for p in pieces])).mean()
        return float(pieces[0].time), float(last.time + last.samples / last.rate), loud


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_part_that_begins_on_a_keyframe_is_copied(tmp_path, decoder, suffix):
    source = write_video(tmp_path / f"v.{suffix}", 48, options=GOP, with_sound=True)
    out = tmp_path / "out.mp4"
    at = sample_frames(source).pts_seconds  # in .ts sound comes first
    assert decoder.cut_segment(Span(source, at[12], at[36]), out) == "copied"
    numbers, times = shown(out)
    assert numbers == list(range(12, 36))
    assert times == pytest.approx(np.arange(24) / 12, abs=1e-3)
    if suffix != "ts":
        assert coded(out) == coded(source)[12:36]
    begin, end, loud = heard(out)
    assert begin == pytest.approx(0, abs=0.05)
    assert end == pytest.approx(2, abs=0.08)
    assert loud > 0.1


def test_a_part_whose_first_frame_is_damaged_begins_with_the_next(tmp_path, decoder):
    source = write_video(tmp_path / "v.mp4", 36, options={"g": "1"})
    with av.open(str(source)) as file:
        damaged = list(file.demux(video=0))[12]
        place, size = damaged.pos, damaged.size
    with source.open("r+b") as file:
        file.seek(place)
        file.write(bytes(size))
    decoder.cut_segment(Span(source, 1.0, 2.0), tmp_path / "out.mp4")
    numbers, _ = shown(tmp_path / "out.mp4")
    assert numbers == list(range(13, 24))


@pytest.mark.parametrize(
    "options", [{**GOP, "bf": "2"}, {}, {"g": "1"}], ids=["b", "open", "intra"]
)
@pytest.mark.parametrize(("start", "end"), [(1.0, 2.0), (0.5, 1.25), (1.75, 9.0), (0.54, 0.56)])
def test_the_frames_are_those_of_the_part_however_they_are_coded(
    tmp_path, decoder, options, start, end
):
    source = write_video(tmp_path / "v.mp4", 36, options=options)
    decoder.cut_segment(Span(source, start, end), tmp_path / "out.mp4")
    numbers, times = shown(tmp_path / "out.mp4")
    first = int(start * 12 + 1e-6)
    assert numbers == list(range(first, max(first + 1, min(36, int(np.ceil(end * 12 - 1e-6))))))
    assert times == pytest.approx(np.arange(len(numbers)) / 12, abs=1e-3)


def test_frames_keep_their_uneven_times(tmp_path, decoder):
    stamps = np.cumsum([0, 40, 300, 10, 90, 200, 33, 33, 500, 40]).tolist()
    source = write_video(tmp_path / "v.mkv", 10, times=stamps, options={"g": "100"})
    span = Span(source, stamps[2] / 1000, stamps[8] / 1000)
    assert decoder.cut_segment(span, tmp_path / "out.mp4") == "encoded"
    numbers, times = shown(tmp_path / "out.mp4")
    assert numbers == [2, 3, 4, 5, 6, 7]
    assert times == pytest.approx((np.array(stamps[2:8]) - stamps[2]) / 1000, abs=1e-4)


@pytest.mark.parametrize(("start", "how"), [(1.0, "copied"), (0.5, "encoded")])
def test_a_turned_video_stays_turned(tmp_path, decoder, start, how):
    source = write_video(tmp_path / "v.mp4", 24, options=GOP)
    set_matrix(source, DISPLAY_MATRICES["quarter turn"])
    assert decoder.cut_segment(Span(source, start, 2.0), tmp_path / "out.mp4") == how
    [found] = sample_frames(tmp_path / "out.mp4", at_seconds=[0.0])
    [right] = sample_frames(source, at_seconds=[start])
    assert found.frames.shape[1:3] == right.frames.shape[1:3] == (96, 64)
    assert np.abs(found.frames.astype(int) - right.frames).mean() < 12


COLOURS = {
    "HD": (1, 1, 1, 1),
    "PAL": (5, 1, 5, 1),
    "NTSC": (6, 6, 6, 1),
    "full range": (1, 1, 1, 2),
    "BT.2020": (9, 14, 9, 1),
    "HLG": (9, 18, 9, 1),
    "untagged": (2, 2, 2, 0),
}


@pytest.mark.parametrize("kind", COLOURS)
@pytest.mark.parametrize(("start", "how"), [(1.0, "copied"), (0.5, "encoded")])
def test_colours_and_what_the_file_says_of_them_are_kept(tmp_path, decoder, kind, start, how):
    tags = COLOURS[kind]
    source = write_video(tmp_path / "v.mp4", 24, options=GOP, colours=tags)
    out = tmp_path / "out.mp4"
    said = decoder.header_of(source).colours
    assert decoder.cut_segment(Span(source, start, 2.0), out, colours=said) == how
    assert colours_of(source) == colours_of(out) == tags
    [found], [right] = (
        sample_frames(path, at_seconds=[at]) for path, at in ((out, 0.0), (source, start))
    )
    red = (slice(4, 12), slice(4, 20))
    difference = found.frames[0][red].astype(int) - right.frames[0][red]
    assert np.abs(difference.mean(axis=(0, 1))).max() < 4


def test_colours_that_yuv_cannot_have_are_converted(tmp_path, decoder):
    source = write_video(
        tmp_path / "v.mkv", 24, codec="libx264rgb", pixel_format="rgb24", colours=(1, 13, 0, 2)
    )
    out, said = tmp_path / "out.mp4", decoder.header_of(source).colours
    assert decoder.cut_segment(Span(source, 0.5, 2.0), out, colours=said) == "encoded"
    assert colours_of(out) == (1, 13, 1, 1)
    [found] = sample_frames(out, at_seconds=[0.0])
    assert found.frames[0, 4:12, 4:20].mean(axis=(0, 1)) == pytest.approx([255, 0, 0], abs=4)


def test_sound_that_mp4_has_no_room_for_is_encoded(tmp_path, decoder):
    source = tmp_path / "v.mov"
    with av.open(str(source), "w") as file:
        picture = file.add_stream("mpeg4", rate=12)
        picture.width, picture.height = 96, 64
        sound = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        for number in range(36):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), number, np.uint8))
            file.mux(picture.encode(frame))
        wave = (np.sin(np.arange(24000) / 5) * 9000).astype(np.int16)
        for first in range(0, 24000, 800):
            part = av.AudioFrame.from_ndarray(wave[None, first : first + 800], "s16", "mono")
            part.rate, part.pts = 8000, first
            file.mux(sound.encode(part))
        file.mux(picture.encode())
        file.mux(sound.encode())
    assert decoder.cut_segment(Span(source, 0.5, 2.0), tmp_path / "out.mp4") == "encoded"
    begin, end, loud = heard(tmp_path / "out.mp4")
    assert begin == pytest.approx(0, abs=0.15)
    assert end == pytest.approx(1.5, abs=0.3)
    assert loud > 0.1


def test_a_part_after_the_end_is_an_error(tmp_path, decoder):
    source = write_video(tmp_path / "v.mp4", 12)
    with pytest.raises(VideoError, match=r"ends at 1\.000 s, before 5 s"):
        decoder.cut_segment(Span(source, 5, 6), tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["v.mp4"]


def steps(*names, start=0.0, each=0.5):
    return [
        {"step": name, "start_seconds": start + k * each, "end_seconds": start + (k + 1) * each}
        for k, name in enumerate(names)
    ]


def row(video, label, segments, **more):
    best = {"label": label, "score": 0.5, "segments": segments}
    return {
        "clip": video,
        "status": "ok",
        "video": video,
        "label": label,
        "candidates": [best],
    } | more


@pytest.fixture
def folder(tmp_path):
    for name in ("mon", "tue"):
        (tmp_path / name).mkdir()
        write_video(tmp_path / name / "a.mp4", 24, options=GOP)
    (tmp_path / "broken.mp4").write_text("no video")
    repeated = row("mon/a.mp4", "Übung: 1/2", [], scorer="dtw")
    repeated["candidates"][0]["repetitions"] = [
        {"start_seconds": k, "end_seconds": k + 1, "segments": steps("down", "up", start=k)}
        for k in (0.0, 1.0)
    ]
    rows = [
        row("broken.mp4", "jump", steps("up"), scorer="dtw"),
        repeated,
        row("tue/a.mp4", "jump", steps("jump"), scorer="dtw"),
        row("mon/a.mp4", "jump", steps("up"), scorer="dtw") | {"label": None},
        {"clip": "x", "status": "error", "error": "gone", "video": "x.mp4", "candidates": []},
    ]
    text = "".join(json.dumps(one) + "\n" for one in rows)
    (tmp_path / "rows.jsonl").write_text(text)
    return tmp_path


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_a_step_named_by_clip_action_and_time(folder):
    done = actalign("cut", "rows.jsonl", cwd=folder)
    assert done.returncode == 1  # one video can't be read
    assert "broken.mp4 is not a video" in done.stderr
    assert "3 copied, 2 encoded, 0 kept, 1 failed: rows-cut" in done.stderr
    made = [
        "mon/a_Übung-1-2_1_1-down_0.00-0.50s.mp4",
        "mon/a_Übung-1-2_1_2-up_0.50-1.00s.mp4",
        "mon/a_Übung-1-2_2_1-down_1.00-1.50s.mp4",
        "mon/a_Übung-1-2_2_2-up_1.50-2.00s.mp4",
        "tue/a_jump_0.00-0.50s.mp4",
    ]
    assert files(folder / "rows-cut") == made
    assert done.stdout.splitlines() == [f"rows-cut/{name}" for name in made]
    assert shown(folder / "rows-cut" / made[1])[0] == list(range(6, 12))


def test_repetitions_and_steps_are_listed_in_order(tmp_path):
    write_video(tmp_path / "set.mp4", 24, options={"g": "1"})
    once = [
        {"start_seconds": n * 0.16, "end_seconds": (n + 1) * 0.16, "segments": []}
        for n in range(11)
    ]
    names = [f"s{n}" for n in range(1, 11)]
    found = {
        "squat": row("set.mp4", "squat", []),
        "stretch": row("set.mp4", "stretch", steps(*names, each=0.2)),
    }
    found["squat"]["candidates"][0]["repetitions"] = once
    for label, by, words in (
        ("squat", "action", [f"{n:02}" for n in range(1, 12)]),
        ("stretch", "step", [f"{n:02}-s{n}" for n in range(1, 11)]),
    ):
        (tmp_path / "rows.jsonl").write_text(json.dumps(found[label]) + "\n")
        cut = ("cut", "rows.jsonl", "--by", by, "--out", label)
        done = actalign(*cut, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        made = files(tmp_path / label)
        assert [name.split("_")[2] for name in made] == words
        assert done.stdout.splitlines() == [f"{label}/{name}" for name in made]
        assert f"{len(words)} kept" in actalign(*cut, cwd=tmp_path).stderr


def test_a_piece_that_can_not_be_written_is_named_once(folder):
    (folder / "out").mkdir()
    (folder / "out" / "tue").write_text("in the way")
    done = actalign("cut", "rows.jsonl", "--out", "out", "--by", "step", cwd=folder)
    [told] = [line for line in done.stderr.splitlines() if "can't be written" in line]
    assert told.startswith("out/tue/a_jump_0.00-0.50s.mp4 can't be written: ")
    assert done.returncode == 1


def test_a_stopped_run_goes_on_and_keeps_what_is_there(folder):
    actalign("cut", "rows.jsonl", "--out", "out", "--by", "action", cwd=folder)
    first, second, _ = (folder / "out" / name for name in files(folder / "out"))
    assert first.name == "a_Übung-1-2_1_0.00-1.00s.mp4"
    before = second.stat().st_mtime_ns
    first.unlink()
    done = actalign("cut", "rows.jsonl", "--out", "out", "--by", "action", cwd=folder)
    assert "1 copied, 0 encoded, 2 kept, 1 failed" in done.stderr
    assert second.stat().st_mtime_ns == before
    # A part of another video of the same name is no part of this one.
    write_video(folder / "mon" / "a.mp4", 25, options=GOP)
    done = actalign("cut", "rows.jsonl", "--out", "out", "--by", "action", cwd=folder)
    assert "2 copied, 0 encoded, 1 kept, 1 failed" in done.stderr


def test_a_piece_of_another_clip_is_never_replaced(folder):
    named = "a_jump_0.00-0.50s"
    rows = {}
    for day, fps in (("mon", 12), ("tue", 24)):
        write_video(folder / day / "a.mp4", 2 * fps, fps=fps, options=GOP)
        rows[day] = folder / f"{day}.jsonl"
        rows[day].write_text(json.dumps(row(f"{day}/a.mp4", "jump", steps("jump"))) + "\n")
    for _ in "cut", "kept":
        for one in rows.values():
            done = actalign("cut", one, "--out", "out", "--by", "step", cwd=folder)
            assert done.returncode == 0, done.stderr
        assert files(folder / "out") == [f"{named}-2.mp4", f"{named}.mp4"]
    assert "1 kept" in done.stderr
    assert shown(folder / "out" / f"{named}.mp4")[0] == list(range(6))
    assert shown(folder / "out" / f"{named}-2.mp4")[0] == list(range(12))


def test_a_file_that_cut_did_not_write_is_left_alone(folder):
    (folder / "out" / "tue").mkdir(parents=True)
    mine = folder / "out" / "tue" / "a_jump_0.00-0.50s.mp4"
    mine.write_bytes(b"mine")
    done = actalign("cut", "rows.jsonl", "--out", "out", "-q", cwd=folder)
    assert done.returncode == 1
    assert "a_jump_0.00-0.50s.mp4 exists, and `actalign cut` did not write it" in done.stderr
    assert mine.read_bytes() == b"mine"


def test_where_videos_that_are_not_found_are_looked_for_is_said_first(folder):
    (folder / "elsewhere").mkdir()
    rows = (folder / "rows.jsonl").rename(folder / "elsewhere" / "rows.jsonl")
    lost = (
        "3 videos can't be found, such as broken.mp4: put rows.jsonl into the folder from which "
        "this path leads to it"
    )
    for verb in (("cut", "rows.jsonl"), ("export", "rows.jsonl", "--to", "burn")):
        done = actalign(*verb, cwd=rows.parent)
        assert (done.returncode, done.stderr.splitlines()[0]) == (1, lost)
    assert lost not in actalign("cut", rows.rename(folder / "rows.jsonl"), cwd=rows.parent).stderr


def test_rows_of_locate_are_cut_by_action(folder):
    found = [row("mon/a.mp4", "jump", steps("up", "down"), clip=f"a#{n}") for n in (1, 2)]
    (folder / "found.jsonl").write_text("".join(json.dumps(one) + "\n" for one in found))
    done = actalign("cut", "found.jsonl", cwd=folder)
    assert done.returncode == 0, done.stderr
    # Two detections of one action at one time are two files.
    names = ["a_jump_0.00-1.00s-2.mp4", "a_jump_0.00-1.00s.mp4"]
    assert files(folder / "found-cut") == names


def test_a_video_that_has_changed_since_its_rows_were_made_is_refused_alone(tmp_path, colour_model):
    for name in ("new.mkv", "same.mkv"):
        write_video(tmp_path / name, 12)
    asked = ("--model", colour_model, "--labels", "red,green", "--store", "store")
    done = actalign("classify", ".", *asked, "--out", "rows.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    write_video(tmp_path / "new.mkv", 20)
    said = "new.mkv has changed since its predictions were made; make them again"
    done = actalign("cut", "rows.jsonl", "--out", "cut", cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "0 kept, 1 failed" in done.stderr
    assert [path.name[:4] for path in (tmp_path / "cut").iterdir()] == ["same"]
    for to, written in (("burn", "same.mp4"), ("kinovea", "same.kva")):
        done = actalign("export", "rows.jsonl", "--to", to, "--out", to, cwd=tmp_path)
        assert done.returncode == 1
        assert "1 of 2 files were not written" in done.stderr
        assert said in done.stderr
        assert files(tmp_path / to) == [written]


def test_a_video_that_crashes_its_reader_costs_its_piece_alone(tmp_path, decoding):
    """Also one whose frames are copied, and what was written of it is removed."""
    found = []
    for name in ("bad.mkv", "good.mkv"):
        write_video(tmp_path / name, 1200, options=GOP)
        found.append(row(name, "jump", steps("jump", each=90.0), scorer="dtw"))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in found))
    (tmp_path / "out").mkdir()

    def crash():
        wait_for(lambda: list((tmp_path / "out").glob(".bad*.tmp")))
        os.kill(*decoding(), signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        crashed = pool.submit(crash)
        done = actalign("cut", "rows.jsonl", "--out", "out", cwd=tmp_path)
        crashed.result()
    assert "The decoder crashed on bad.mkv (signal 9)" in done.stderr
    assert "1 copied, 0 encoded, 0 kept, 1 failed" in done.stderr
    assert files(tmp_path / "out") == ["good_jump_0.00-90.00s.mp4"]
    assert not decoding()


def test_wrong_usage_is_said_before_any_work(folder):
    for arguments, sentence in (
        (("rows.jsonl", "--by", "clip"), "--by is 'clip'; choose step, or action for one file"),
        (("gone.jsonl",), "gone.jsonl can't be read"),
        (("rows.jsonl", "--out", "broken.mp4"), "broken.mp4"),
        (("mon/a.mp4",), "give a .jsonl file that `actalign classify --out` wrote"),
    ):
        done = actalign("cut", *arguments, cwd=folder)
        assert done.returncode == 2, arguments
        assert sentence in done.stderr


def test_an_hdr_video_that_is_encoded_again_is_said_once(tmp_path):
    write_video(
        tmp_path / "phone.mov",
        36,
        codec="libx265",
        pixel_format="yuv420p10le",
        options={"x265-params": "log-level=none:keyint=100"},
        colours=COLOURS["HLG"],
    )
    rows = row("phone.mov", "wave", steps("up", "down", "rest", start=0.5))
    (tmp_path / "rows.jsonl").write_text(json.dumps(rows) + "\n")
    for quiet, times in (("-q", 0), ("--out=again", 1)):
        done = actalign("cut", "rows.jsonl", "--by", "step", quiet, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("phone.mov is HDR (HLG) and is written with 8 bits") == times
    made = sorted((tmp_path / "again").iterdir())
    assert [colours_of(path) for path in made] == [COLOURS["HLG"]] * 3
