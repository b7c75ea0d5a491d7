"""Two clips of one action in step: matching times, the table and the video."""

import csv
import json
import os
import shutil

import av
import numpy as np
import pytest

from actalign.errors import EncoderError
from actalign.output import Sync, synchronise, write_side_by_side
from actalign.types import ClipEmbedding
from actalign.video import sample_frames
from tests.colour_clips import write_colours
from tests.command import actalign, run
from tests.media import colours_of, write_plain


def clip(name, places, *, fps=10.0, fingerprint="f"):
    """A clip of a point on a half circle: the same place looks the same in every clip."""
    angle = np.pi * np.asarray(places, np.float32)
    rows = np.stack([np.cos(angle), np.sin(angle), np.ones_like(angle)], axis=1)
    times = np.arange(len(rows)) / fps
    return ClipEmbedding(name, rows, times, len(rows) / fps, "m", fingerprint)


def test_the_same_moments_are_found_at_another_speed():
    even = np.linspace(0, 1, 40)
    slow_then_fast = np.concatenate([np.linspace(0, 0.3, 30), np.linspace(0.3, 1, 14)[1:]])
    found = synchronise(clip("a", even), clip("b", slow_then_fast), smoothing_seconds=0)
    assert (np.diff(found.second_seconds) >= 0).all()
    places = np.interp(found.second_seconds, np.arange(43) / 10, slow_then_fast)
    assert np.abs(places - even).max() < 0.05
    assert found.similarity.min() > 0.95
    again = synchronise(clip("b", slow_then_fast), clip("a", even), smoothing_seconds=0)
    assert again.score == pytest.approx(found.score)
    same = synchronise(clip("a", even), clip("a", even), smoothing_seconds=0)
    assert same.second_seconds == pytest.approx(same.first_seconds)
    assert same.at(np.array([0.25, 99.0])) == pytest.approx([0.25, 3.9])


def test_clips_of_two_encoders_are_refused():
    with pytest.raises(EncoderError, match="encode the clip again"):
        synchronise(clip("a", [0, 1]), clip("b", [0, 1], fingerprint="g"), smoothing_seconds=0)


@pytest.fixture(scope="module")
def pair(tmp_path_factory, colour_model):
    """The same colours, each for another time."""
    folder = tmp_path_factory.mktemp("sync")
    write_colours(folder / "coach.mp4", ["red", "green", "blue"], each=10, fps=10)
    write_colours(folder / "pupil.mp4", ["red"] * 2 + ["green"] + ["blue"] * 3, each=10, fps=10)
    (folder / "broken.mp4").write_text("no video")
    return folder, ("--model", colour_model, "--smoothing", 0, "--store", "store")


def test_the_table_and_the_video_run_in_step(pair):
    folder, shared = pair
    done = actalign(
        *("sync", "coach.mp4", "pupil.mp4", *shared, "--out", "both.mp4", "--table", "t.csv"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    with (folder / "t.csv").open(newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert len(rows) == 30
    for row in rows:
        place = (0, 1, 2)[int(row["first_seconds"])]
        low, high = ((0, 2), (2, 3), (3, 6))[place]
        assert low <= row["second_seconds"] <= high
        assert row["similarity"] > 0.9
    with av.open(str(folder / "both.mp4")) as container:
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    assert len(frames) == 30
    assert frames[0].shape == (48, 128, 3)
    for number, frame in enumerate(frames):
        left, right = frame[:, 4:60].mean(axis=(0, 1)), frame[:, 68:124].mean(axis=(0, 1))
        if number % 10 in (0, 9):  # where one colour gives way to the next
            continue
        assert np.abs(left - right).max() < 40, number
    assert "video: both.mp4" in done.stdout
    assert len(done.stdout.splitlines()) <= 16


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_files_name_breaks_no_line_of_the_table(pair):
    folder, shared = pair
    shutil.copy(folder / "coach.mp4", folder / "a\nb.mp4")
    done = actalign("sync", "a\nb.mp4", "pupil.mp4", *shared, cwd=folder)
    assert done.stdout.splitlines()[0].split() == [r"a\nb.mp4", "pupil.mp4", "similarity"]


def test_json_has_every_row(pair):
    folder, shared = pair
    done = actalign("sync", "coach.mp4", "pupil.mp4", *shared, "--json", cwd=folder)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 30
    assert rows[0]["first_seconds"] == 0


def test_two_clips_that_are_not_alike_are_named_so(pair):
    folder, shared = pair
    write_colours(folder / "other.mp4", ["white"], each=10, fps=10)
    for second, unlike in (("pupil.mp4", False), ("other.mp4", True)):
        done = actalign("sync", "coach.mp4", second, *shared, "--json", cwd=folder)
        assert (done.returncode, len(done.stdout.splitlines())) == (0, 30)
        assert ("the clips are hardly alike: matched" in done.stderr) == unlike


@pytest.mark.parametrize(
    ("second", "right"), [((5, 6, 5, 1), (5, 6, 5, 1)), ((9, 16, 9, 1), (1, 1, 1, 1))]
)
def test_the_video_has_the_colours_of_both_clips(tmp_path, second, right):
    tags = (5, 6, 5, 1), second
    paths = tmp_path / "a.mp4", tmp_path / "b.mp4"
    for path, colours in zip(paths, tags, strict=True):
        write_plain(path, (120, 90, 160), colours)
    at = np.array([0, 0.1])
    write_side_by_side(Sync(at, at, at, 0.0), *paths, tmp_path / "both.mp4")
    assert colours_of(tmp_path / "both.mp4") == right
    both, *apart = (next(iter(sample_frames(p))).frames[0] for p in (tmp_path / "both.mp4", *paths))
    for half, whole in zip(np.split(both, 2, axis=1), apart, strict=True):
        assert np.abs(half[:, 8:-8].mean(axis=(0, 1)) - whole.mean(axis=(0, 1))).max() < 4


def test_where_no_cache_can_be_written_two_clips_are_matched_all_the_same(pair):
    folder, (*model, _, _, _, _) = pair
    nowhere = {"ACTALIGN_CACHE": folder / "broken.mp4" / "cache", "NUMBA_CACHE_DIR": ""}
    done = actalign("sync", "coach.mp4", "pupil.mp4", *model, "--json", cwd=folder, **nowhere)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 30
    assert "embeddings are not kept" in done.stderr


def test_what_cannot_be_done_is_said(pair):
    folder, shared = pair
    done = actalign("sync", "coach.mp4", "broken.mp4", *shared, cwd=folder)
    assert done.returncode == 1
    assert "broken.mp4" in done.stderr
    ended = run("sync", "broken.mp4", "coach.mp4", "--model", "body", cwd=folder)
    said = "error: broken.mp4 is not a video, or is damaged beyond reading; "
    said += "copy it again, or leave it out.\n"
    assert (ended.returncode, ended.stderr) == (1, said)
    ended = run("sync", "coach.mp4", "no.mp4", "--model", "no model", cwd=folder)
    assert (ended.returncode, ended.stderr) == (1, "error: There is no file no.mp4.\n")
    (folder / "videos").mkdir()
    (folder / "videos" / "pupil.mp4").write_bytes((folder / "pupil.mp4").read_bytes())
    done = actalign("sync", "coach.mp4", "videos", *shared, cwd=folder)
    assert done.returncode == 1
    assert "videos contains no images; give a video, or a folder of a video's frames" in done.stderr
    done = actalign("sync", "coach.mp4", "pupil.mp4", *shared, "--out", "x.avi", cwd=folder)
    assert done.returncode == 2
    assert "x.avi must end in .mp4" in done.stderr
