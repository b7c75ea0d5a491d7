"""Cuts between scenes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from actalign import ActAlign, Script
from actalign.demo import demo_clips
from actalign.encoders import load_encoder
from actalign.encoders._cuts import Cuts, CutTimes
from actalign.rows._warnings import asides
from actalign.types import FrameBatch
from actalign.video._sampling import sample_frames
from tests.colour_clips import write_colours, write_frames
from tests.command import actalign
from tests.mediapipe_reference import frames_of


def cuts_of(frames):
    cuts = Cuts()
    return [t for t, frame in enumerate(frames) if cuts(frame)]


def test_clips_joined_to_one_are_cut_where_they_meet():
    first, second, third, _ = (frames_of(clip.path)[0] for clip in demo_clips())
    assert [cuts_of(frames) for frames in (first, second, third)] == [[], [], []]
    both = [*first, *second[:5], *third]
    assert cuts_of(both) == [len(first), len(first) + 5]


@pytest.mark.parametrize("before", [1, 2, 3, 4])
def test_a_cut_among_the_first_frames_of_a_file_is_in_its_row(tmp_path, before, colour_model):
    scene, other = (frames_of(demo_clips()[n].path, fps=8)[0][:16] for n in (0, 2))
    frames = np.concatenate([other[:before], scene])
    write_frames(tmp_path / "a.mp4", frames, fps=8)
    row, _ = row_of(tmp_path, colour_model)
    assert row["provenance"]["cuts_seconds"] == f"{before / 8:.2f}"


@pytest.mark.parametrize("size", [1, 3, 64])
def test_who_is_followed_is_looked_for_anew_after_a_cut_at_the_second_frame(size):
    body = load_encoder("body")
    scene, other = (frames_of(demo_clips()[n].path, fps=8)[0][:16] for n in (0, 2))
    [person] = body.encode_people(batches_of(np.concatenate([other[:1], scene]), 0, size))
    [alone] = body.encode_people(batches_of(scene, 1, 64))
    np.testing.assert_array_equal(person.rows[1:], alone.rows)
    # Once at the first frame and once after the cut.
    assert sum(int(one.split(":")[1]) for one in person.source["people_looks"].split()) == 2
    whole = np.concatenate(
        list(body.encode_clip(batches_of(np.concatenate([other[:1], scene]), 0, size)))
    )
    np.testing.assert_array_equal(whole, person.rows)


@pytest.mark.parametrize("fps", [1, 2, 4, 8, None])
def test_clips_without_a_cut_have_none_at_any_rate(fps):
    for clip in demo_clips():
        cuts = CutTimes()
        for batch in sample_frames(clip.path, fps=fps, batch_size=16):
            cuts.add(batch)
        assert cuts.source() == {}, clip.path


def test_a_picture_of_one_line_has_cuts_too():
    dark, bright = (np.full((1, 5000, 3), value, np.uint8) for value in (0, 255))
    assert cuts_of([dark, dark, bright, bright]) == [2]
    assert cuts_of([one.transpose(1, 0, 2) for one in (dark, bright)]) == [1]


def test_a_moving_camera_and_a_flicker_make_no_cut():
    rng = np.random.default_rng(0)
    wide = np.kron(rng.integers(60, 200, (12, 60, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    pan = [wide[:, x : x + 320] for x in range(0, 800, 24)]
    assert cuts_of(pan) == []
    brighter = pan[0] + np.uint8(12)
    assert cuts_of([pan[0], brighter] * 5) == []


def batches_of(frames, first, size):
    """Eight frames a second from the one with a number on."""
    times = np.arange(first, first + len(frames)) / 8
    return [
        FrameBatch(frames[i : i + size], times[i : i + size]) for i in range(0, len(frames), size)
    ]


@pytest.mark.parametrize("size", [5, 64])
def test_movement_is_not_measured_across_a_cut(size):
    body = load_encoder("body")
    scenes = [frames_of(demo_clips()[n].path, fps=8, seconds=2)[0] for n in (0, 2)]
    alone = [next(iter(body.encode_clip(batches_of(frames, 0, 64)))) for frames in scenes]
    both = batches_of(np.concatenate(scenes), 0, size)
    np.testing.assert_array_equal(
        np.concatenate(list(body.encode_clip(both))), [*alone[0], *alone[1]]
    )


def test_who_is_known_again_after_a_cut_moves_in_each_scene_by_itself():
    everyone = load_encoder("body:all")
    frames = frames_of(demo_clips()[1].path, fps=8)[0]
    other = np.pad(frames[10:, :, ::-1], ((0, 0), (60, 0), (0, 0), (0, 0)), mode="edge")
    other = other[:, : frames.shape[1]]
    [person] = everyone.encode_people(batches_of(np.concatenate([frames[:16], other]), 0, 64))
    [alone] = everyone.encode_people(batches_of(other, 16, 64))
    assert len(person.rows) > len(alone.rows)
    np.testing.assert_array_equal(person.rows[-len(alone.rows) :], alone.rows)


def row_of(folder, model, colours=None):
    if colours:
        write_colours(folder / "a.mp4", colours)
    done = actalign(
        *("classify", folder / "a.mp4", "--labels", "red,green", "--model", model),
        *("--out", folder / "p.jsonl", "--store", folder / "store"),
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "p.jsonl").read_text()), done.stderr


def test_a_row_says_where_cuts_are(tmp_path, colour_model):
    row, _ = row_of(tmp_path, colour_model, ["red", "green", "blue"])
    assert row["provenance"]["cuts_seconds"] == "1.00 2.00"
    assert row["warnings"] == []
    for again in ("first", "from the store"):
        row, _ = row_of(tmp_path, colour_model, ["red"])
        assert "cuts_seconds" not in row["provenance"], again


def test_tables_and_verbose_results_say_where_cuts_are(tmp_path, colour_model):
    write_colours(tmp_path / "a.mp4", ["red", "green"])
    write_colours(tmp_path / "b.mp4", ["red"])
    for name in ("p.csv", "p.md"):
        done = actalign(
            *("classify", "a.mp4", "b.mp4", "--labels", "red,green", "--model", colour_model),
            *("--verbose", "--out", name),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("cut at 0:00:01.0") == 1
        with_cut, without = (tmp_path / name).read_text("utf-8").splitlines()[-2:]
        assert "cut at 0:00:01.0" in with_cut
        assert "cut at" not in without


def test_a_window_is_told_its_own_cuts(tmp_path, colour_model):
    write_colours(tmp_path / "a.mp4", ["red", "green", "blue"])
    done = actalign(
        *("classify", tmp_path / "a.mp4", "--labels", "red,green", "--model", colour_model),
        *("--window", "1.5", "--stride", "1", "--out", tmp_path / "p.jsonl"),
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    told = {row["start_seconds"]: asides(row) for row in rows}
    assert told[0.0] == ["cut at 0:00:01.0"]
    assert told[1.0] == ["cut at 0:00:02.0"]


def test_frames_in_memory_say_so_too(colour_model):
    frames = np.repeat(np.uint8([[255, 0, 0], [0, 255, 0]]), 4, axis=0)[:, None, None]
    frames = np.tile(frames, (1, 32, 32, 1))
    aligner = ActAlign.from_pretrained(colour_model)
    clip = aligner.encode_video(FrameBatch.from_array(frames, fps=4))
    assert clip.provenance["cuts_seconds"] == "1.00"


def test_frames_are_not_averaged_across_a_cut(tmp_path, colour_model):
    write_colours(tmp_path / "a.mp4", ["red", "green"])
    aligner = ActAlign.from_pretrained(colour_model, smoothing_seconds=1.0)
    clip = aligner.encode_video(tmp_path / "a.mp4")
    script = Script("traffic light", ["red", "green"])
    table = aligner.align(clip, script=script).affinity
    first = int(np.searchsorted(clip.pts_seconds, 1.0))
    for scene in (table[:first], table[first:]):
        np.testing.assert_allclose(scene, np.broadcast_to(scene[0], scene.shape), atol=1e-4)
    of_one = replace(clip, provenance={})  # as of a program that did not tell cuts
    table = aligner.align(of_one, script=script).affinity
    assert np.ptp(table[:first, 0]) > 0.01


def test_a_clip_without_a_person_has_a_warning(tmp_path):
    row, said = row_of(tmp_path, "body", ["red", "green"])
    assert row["neutral_frames"] == row["frames"]
    [warning] = [text for text in row["warnings"] if "20 of 20 frames show nothing" in text]
    assert warning in said
    stored, said = row_of(tmp_path, "body", ["red", "green"])
    assert stored["warnings"] == row["warnings"]
    assert warning in said
    twice = [tmp_path / "a.mp4"] * 2
    both = actalign("sync", *twice, "--model", "body", "--store", tmp_path / "store")
    assert f"first: {tmp_path / 'a.mp4'}: {warning}" in both.stderr


def test_an_action_that_is_found_over_a_cut_says_so(tmp_path, colour_model):
    write_colours(tmp_path / "a.mp4", ["black", "red", "green", "black", "blue", "black"])
    (tmp_path / "day.yaml").write_text("scripts:\n  sunrise: [red, green]\n  night: [blue]\n")
    done = actalign(
        *("locate", "a.mp4", "--scripts", "day.yaml", "--model", colour_model),
        *("--min-step", "0.1", "--threshold", "1.5"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    _, _, sunrise, *nights = done.stdout.splitlines()
    assert sunrise.split("  ")[-1] == "sunrise, cut at 0:00:02.0"
    assert nights
    assert not any("cut at" in line for line in nights)
