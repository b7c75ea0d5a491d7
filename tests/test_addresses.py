"""Addresses where a path is wanted, and schemes in capitals."""

import json
from pathlib import Path

import pytest

from actalign import ActAlign, VideoError
from actalign.addresses import address_in, with_plain_scheme
from actalign.video import list_videos, sample_frames
from tests.command import actalign
from tests.media import write_video
from tests.test_cut import row, steps

CAMERA = "RTSP://me:secret@camera/1"
SAID = "rtsp://***@camera/1 is an address, but videos are read from files"


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("http:/host/a.mp4", "http://host/a.mp4"),
        ("HTTPS://host/a.mp4", "https://host/a.mp4"),
        ("rtsp:/me:pw@host/1", "rtsp://***@host/1"),
        ("clips/s3:/a.mp4", None),  # an odd folder of the user's own
        ("s3://bucket/a", "s3://bucket/a"),
        ("C:/clips/a.mp4", None),
        ("clips/a:b.mp4", None),
        ("hub:owner/name", None),
        ("a.mp4", None),
    ],
)
def test_an_address_is_told_from_a_path(path, address):
    assert address_in(path) == address


def test_a_scheme_in_capitals_is_the_same_scheme():
    assert with_plain_scheme("HTTP://Host/A://B") == "http://Host/A://B"
    assert with_plain_scheme("a/B.mp4") == "a/B.mp4"


def test_rows_of_a_camera_are_named_by_its_address(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(row(CAMERA, "jump", steps("up"), scorer="dtw")) + "\n")
    for words in (
        ("cut", rows),
        ("export", rows, "--to", "burn"),
        ("export", rows, "--to", "kinovea"),
    ):
        done = actalign(*words, cwd=tmp_path)
        assert done.returncode == 1
        assert SAID in done.stderr
    out = tmp_path / "fiftyone"
    assert actalign("export", rows, "--to", "fiftyone", "--out", out).returncode == 0
    assert json.loads((out / "data.json").read_text()) == {"000000": CAMERA}


def test_an_address_in_place_of_a_file_is_said_before_any_work(tmp_path):
    for words, said in (
        (("classify", CAMERA, "--labels", "a,b"), SAID),
        (
            ("subactions", "show", "HTTPS://host/bank.json"),
            "https://host/bank.json is an address; name a file or folder on this machine for "
            "scripts.",
        ),
        (("report", "https://host/run"), "https://host/run is an address; name a file"),
        (("export", "HTTPS://host/rows.jsonl", "--out", "a.csv"), "rows.jsonl is an address"),
        (("cut", "HTTP://host/rows.jsonl"), "http://host/rows.jsonl is an address; name a file"),
        (
            ("classify", "a.mp4", "--labels", "a,b", "--scripts", "https://host/s.yaml"),
            "https://host/s.yaml is an address; name a file or folder on this machine for scripts.",
        ),
        (
            ("classify", "a.mp4", "--labels", "a,b", "--out", "S3://bucket/rows.jsonl"),
            "s3://bucket/rows.jsonl is an address; name a file",
        ),
    ):
        done = actalign(*words, cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_empty_text_is_refused_before_it_is_taken_for_this_folder(tmp_path):
    path = "is empty; give a file or a folder"
    for words, said in (
        (("classify", "", "--labels", "a,b"), f"VIDEOS {path}."),
        (("sync", "a.mp4", ""), f"SECOND {path}."),
        (("classify", "a.mp4", "--figure", ""), f"--figure {path}, or leave it out."),
        (("classify", "a.mp4", "--burn="), f"--burn {path}"),
        (("classify", "a.mp4", "--settings", ""), f"--settings {path}"),
        (("encode", "a.mp4", "--out", ""), "--out is empty; give a value."),
        (("classify", "a.mp4", "--store", " "), "--store is empty; give a value"),
        (("classify", "a.mp4", "--second-look", ""), "--second-look is empty; give a value"),
        (("subactions", "generate", "--llm-model", ""), "--llm-model is empty; give a value"),
        (("eval", "clips", ".", "--out", "run", "--model", ""), "--model is empty; give a value"),
    ):
        done = actalign(*words, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {said}")
        assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_an_odd_folder_that_is_there_is_no_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "take:").mkdir()
    write_video(tmp_path / "take:" / "a.mp4", 2)
    assert list_videos(["take:/a.mp4"]) == [Path("take:/a.mp4")]
    written = json.dumps(row("take:/a.mp4", "jump", steps("up"), scorer="dtw"))
    (tmp_path / "take:" / "rows.jsonl").write_text(f"{written}\n")
    done = actalign("cut", "take:/rows.jsonl", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_address_in_a_list_is_one_bad_clip(tmp_path):
    (tmp_path / "list.txt").write_text(f"a.mp4\n{CAMERA}\n")
    _, camera = list_videos([tmp_path / "list.txt"])
    with pytest.raises(VideoError, match=SAID.replace("*", r"\*")):
        sample_frames(camera)


def test_a_row_has_the_address_of_a_list_or_table_whole_and_without_its_password(
    tmp_path, colour_model
):
    other = "https://me:secret@camera/2/1"
    (tmp_path / "list.txt").write_text(f"{CAMERA}\n{other}\n")
    run = ("--labels", "a,b", "--model", colour_model, "--out")
    assert actalign("classify", "list.txt", *run, "rows.jsonl", cwd=tmp_path).returncode == 1
    found = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    places = ["rtsp://***@camera/1", "https://***@camera/2/1"]
    assert [one["video"] for one in found] == places
    assert [one["clip"] for one in found] == places  # both are "1", so their ids are where they are
    (tmp_path / "truth.csv").write_text(f"video,label\n{CAMERA},a\n{other},b\n")
    ended = actalign("eval", "clips", ".", "--truth", "truth.csv", *run[2:], "run", cwd=tmp_path)
    assert SAID in ended.stderr
    _, *questions = (tmp_path / "run" / "questions.jsonl").read_text().splitlines()
    assert [json.loads(line)["video"] for line in questions] == places


def test_frames_of_an_address_fail_with_its_address_in_python(colour_model):
    (failed,) = ActAlign.from_pretrained(colour_model).predict_many(
        [CAMERA], candidate_labels=["a", "b"], progress=False
    )
    assert failed.to_row()["video"] == "rtsp://***@camera/1"
