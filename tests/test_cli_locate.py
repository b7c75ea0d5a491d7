"""`classify --window` and `locate` as a user runs them, on a real file with known colours."""

import csv
import json
import random
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actalign import ClipEmbedding
from actalign.clips._windows import windows
from actalign.demo import demo_clips
from tests.atlas_world import render
from tests.colour_model import RGB
from tests.command import actalign
from tests.tables import read_csv, read_lines
from tests.test_exports import cues

SCRIPTS = {"scripts": {"sunrise": ["black", "red", "yellow"], "sunset": ["yellow", "red", "black"]}}
# A minute of green with a sunrise at 15 s and a sunset at 40 s, a second a colour.
SHOWN = ["green"] * 60
SHOWN[15:18] = ["black", "red", "yellow"]
SHOWN[40:43] = ["yellow", "red", "black"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, colour_model):
    folder = tmp_path_factory.mktemp("long")
    render(folder / "day.mp4", SHOWN, fps=5, size=(48, 64))
    (folder / "broken.mp4").write_text("not a video")
    (folder / "scripts.json").write_text(json.dumps(SCRIPTS))
    (folder / "model").symlink_to(colour_model)
    return folder


def run(folder, verb, *arguments):
    shared = ["--model", "model", "--store", "store", "--fps", "5", "--smoothing", "0"]
    if "--scripts" not in arguments:
        shared += ["--scripts", "scripts.json"]
    return actalign(verb, *arguments, *shared, cwd=folder)


def test_each_action_is_found_where_it_happens(folder):
    done = run(folder, "locate", "day.mp4", "--threshold", "2.5", "--out", "finds.jsonl")
    assert done.returncode == 0, done.stderr
    assert "day: 2 found" in done.stdout
    rows = read_lines(folder / "finds.jsonl")
    assert [row["filtered_resps"] for row in rows] == [["sunrise"], ["sunset"]]
    for row, start in zip(rows, (15, 40), strict=True):
        assert row["start_seconds"] == pytest.approx(start, abs=0.21)
        assert row["end_seconds"] == pytest.approx(start + 3, abs=0.21)
        steps = row["candidates"][0]["segments"]
        assert [s["step"] for s in steps] == SCRIPTS["scripts"][row["filtered_resps"][0]]
        assert steps[1]["start_seconds"] == pytest.approx(start + 1, abs=0.21)


def test_every_wording_of_a_script_is_looked_for(folder):
    """By the first wording alone the sunset is not found; the second one has it."""
    wrong, right = ["green", "white", "green"], SCRIPTS["scripts"]["sunset"]

    def found(*wordings, of=()):
        (folder / "worded.json").write_text(json.dumps({"scripts": {"sunset": list(wordings)}}))
        words = ("--threshold", "2.5", "--scripts", "worded.json", "--json", *of)
        done = run(folder, "locate", "day.mp4", *words)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    [row] = found(wrong, right)
    assert row["start_seconds"] == pytest.approx(40, abs=0.21)
    [candidate] = row["candidates"]
    assert [step["step"] for step in candidate["segments"]] == right
    assert (candidate["wording"], candidate["wordings"]) == (2, 2)
    row["candidates"] = [{**candidate, "wording": 1}]
    assert found(right, wrong) == [row]
    assert found(wrong, right, of=("--wordings", "1")) == []


def test_finds_are_captions_and_a_table_too(folder):
    for name in ("finds.vtt", "finds.csv"):
        done = run(folder, "locate", "day.mp4", "--threshold", "2.5", "-q", "--out", name)
        assert done.returncode == 0, done.stderr
    captions = (folder / "finds.vtt").read_text()
    assert captions.startswith("WEBVTT\n\n1\n00:00:15.000 --> 00:00:18.000\nsunrise\n")
    rows = read_csv(folder / "finds.csv")
    assert [(row["clip"], row["label"]) for row in rows] == [("day", "sunrise"), ("day", "sunset")]
    assert float(rows[0]["start_seconds"]) == pytest.approx(15, abs=0.21)


def test_captions_of_finds_of_one_action_do_not_overlap(folder):
    for name in ("lax.vtt", "lax.jsonl"):
        done = run(
            *(folder, "locate", "day.mp4", "--threshold", "0", "--overlap", "0.9", "-q"),
            *("--out", name),
        )
        assert done.returncode == 0, done.stderr
    rows = read_lines(folder / "lax.jsonl")
    captions = [block.split("\n") for block in (folder / "lax.vtt").read_text().split("\n\n")[1:]]
    for label in ("sunrise", "sunset"):
        own = [one for one in rows if one["label"] == label]
        assert any(b["start_seconds"] < a["end_seconds"] for a, b in pairwise(own))
        times = [lines[1].split(" --> ") for lines in captions if lines[2:3] == [label]]
        assert len(times) > 1
        assert all(end <= begin for (_, end), (begin, _) in pairwise(times))


def test_finds_are_a_workbook_too(folder):
    openpyxl = pytest.importorskip("openpyxl")
    done = run(folder, "locate", "day.mp4", "--threshold", "2.5", "-q", "--out", "finds.xlsx")
    assert done.returncode == 0, done.stderr
    [sheet] = openpyxl.load_workbook(folder / "finds.xlsx")
    assert sheet.title == "Detections"
    head, *lines = sheet.iter_rows(values_only=True)
    assert [line[head.index("label")] for line in lines] == ["sunrise", "sunset"]
    assert "person" not in head  # empty in every line
    assert sheet.cell(2, head.index("start_seconds") + 1).number_format == "0.00"


def test_a_bad_video_is_an_error_row_beside_the_finds_of_the_others(folder):
    done = run(folder, "locate", "broken.mp4", "day.mp4", "--threshold", "2.5", "--json")
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["doc_id"] for row in rows] == ["broken", "day#1", "day#2"]
    assert "broken.mp4" in rows[0]["error"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["locate", "day.mp4", "--out", "finds.txt"], "ends in .jsonl, .vtt, .csv"),
        (["locate", "day.mp4", "broken.mp4", "--out", "a.vtt"], "captions of only one video"),
        (["locate", "day.mp4", "--min-step", "5"], "shortest time above 0"),
        (["classify", "day.mp4", "--stride", "5"], "give --window as well"),
        (["classify", "day.mp4", "--window", "0"], "--window is 0 s"),
        (["classify", "day.mp4", "--window", "1", "--stride", "1e-9"], "--stride is 1e-09 s"),
    ],
)
def test_wrong_usage_is_told_before_any_work(folder, arguments, message):
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_one_answer_for_a_long_video_says_what_suits_it_better(folder):
    render(folder / "week.mp4", ["green"] * 181, fps=1, size=(48, 64))
    said = "week is long for a single action; `actalign locate` finds where each action happens"
    one = run(folder, "classify", "week.mp4", "day.mp4", "--fps", "1")
    assert said in " ".join(one.stderr.split())
    assert "day is long" not in one.stderr
    for_each = run(folder, "classify", "week.mp4", "--window", "60", "--fps", "1")
    assert "long for a single action" not in for_each.stderr


def test_each_window_has_its_own_prediction(folder):
    done = run(
        folder, "classify", "day.mp4", "--window", "6", "--stride", "4", "--out", "windows.jsonl"
    )
    assert done.returncode == 0, done.stderr
    rows = read_lines(folder / "windows.jsonl")
    assert len(rows) == 15  # 0, 4, ..., 56; the last one is cut at 60
    assert [row["start_seconds"] for row in rows] == [4.0 * n for n in range(15)]
    assert rows[-1]["end_seconds"] == pytest.approx(60)
    assert rows[0]["doc_id"] == "day@0.00-6.00"
    best = {row["start_seconds"]: row for row in rows}
    assert best[12.0]["filtered_resps"] == ["sunrise"]
    assert best[40.0]["filtered_resps"] == ["sunset"]
    # A window is scored as the same segment of the file would be.
    alone = run(folder, "classify", "day.mp4", "--start", "12", "--end", "18", "--json")
    scores = {c["label"]: c["score"] for c in json.loads(alone.stdout)["candidates"]}
    assert scores == pytest.approx(
        {c["label"]: c["score"] for c in best[12.0]["candidates"]}, abs=1e-6
    )
    # Windows overlap, but one caption ends before the next one begins.
    for to in ("vtt", "srt"):
        made = actalign("export", "windows.jsonl", "--to", to, "--out", to, cwd=folder)
        assert made.returncode == 0, made.stderr
        found = cues(folder / to / f"day.{to}")
        assert found
        assert found[-1][1] == pytest.approx(60, abs=0.01)
        over = [pair for pair in pairwise(found) if pair[0][1] > pair[1][0] + 1e-6]
        assert not over


@pytest.mark.slow
def test_planted_actions_of_a_drawn_person_are_found(tmp_path):
    """The benchmark's short version: real pictures, the built-in encoder, and background."""
    program = Path(__file__).parents[1] / "benchmarks" / "locate.py"
    options = ["--minutes", "1", "--fps", "5", "--seed", "3", "--performers", "1"]
    run = subprocess.run(
        [sys.executable, str(program), *options, "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    shares = dict(re.findall(r"(precision|recall) at IoU 0.5: ([\d.]+)", run.stdout))
    assert float(shares["precision"]) >= 0.7, run.stdout
    assert float(shares["recall"]) >= 0.6, run.stdout


def test_a_video_without_a_find_says_what_to_do(folder):
    words = ("--labels", "sunset", "--threshold", "9", "--out", "none.vtt")
    done = run(folder, "locate", "day.mp4", *words)
    assert done.returncode == 0
    assert "day: 0 found" in done.stdout
    assert "start" not in done.stdout
    assert "--none" not in done.stderr
    assert "day: none scores 9 or more; a lower --threshold detects weaker ones" in done.stderr
    assert (folder / "none.vtt").read_text().strip() == "WEBVTT"


def test_weaker_detections_are_counted_and_not_written(folder):
    """By this model both actions score between 2.5 and 4.5."""
    for out, least in (("strong.jsonl", "4.5"), ("weak.jsonl", "2.5")):
        done = run(folder, "locate", "day.mp4", "--threshold", least, "--out", out)
        assert done.returncode == 0, done.stderr
        said = "a lower --threshold detects weaker ones: 2.5 detects 2; it suits"
        told = f"day: none scores 4.5 or more; {said}" in done.stderr
        assert told == (least == "4.5"), done.stderr
        assert told == ("suits" in done.stderr)
    assert not (folder / "strong.jsonl").read_text()
    weak = read_lines(folder / "weak.jsonl")
    better = max(row["candidates"][0]["score"] for row in weak)
    done = run(folder, "locate", "day.mp4", "--threshold", f"{better - 1e-6}")
    assert "day: 1 found" in done.stdout
    assert "day: --threshold 2.5 detects 1 more; it suits a video" in done.stderr


def test_a_video_too_short_for_its_scripts_is_said_to_be(folder):
    render(folder / "one.mp4", ["red"], fps=1, size=(48, 64))
    done = run(folder, "locate", "one.mp4", "--threshold", "0")
    assert done.returncode == 0
    assert "one: 0 found" in done.stdout
    assert "one: it is too short for the scripts' steps: it has" in done.stderr
    assert "--threshold" not in done.stderr


def test_labels_of_unknown_words_and_frames_that_show_nobody_are_said(tmp_path):
    demo = next(iter(demo_clips())).path
    blank = tmp_path / "blank.mp4"
    render(blank, ["black"] * 4, fps=5, size=(48, 64))
    asked = ("--labels", "squat,foo bar", "--model", "body", "--threshold", "0")
    done = actalign("locate", demo, blank, *asked, "--store", "store", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "foo bar (unknown words)" in done.stdout
    assert "squat (unknown words)" not in done.stdout
    assert "blank: 0 found" in done.stdout
    assert "blank: nothing is seen in any frame, so no action is detected" in done.stderr


@pytest.fixture(scope="module")
def siglip(tmp_path_factory):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tests.tiny_models import make_siglip

    return make_siglip(tmp_path_factory.mktemp("siglip") / "model")


STANCES = {
    "squat": ["knees bent", "hips below the knees", "standing on one foot"],
    "jump shot": ["ball at the chest", "both arms straight up"],
    "throw": ["running forward", "throwing the javelin", "falling"],
}


@pytest.mark.slow
def test_finds_of_a_siglip_model_can_be_used(siglip, tmp_path):
    """Its weights are random, so where the finds are says nothing; what they are does."""
    (tmp_path / "scripts.json").write_text(json.dumps({"scripts": STANCES}))
    render(tmp_path / "day.mp4", random.Random(0).choices(list(RGB), k=60), fps=5, size=(48, 64))

    def locate(name, store):
        words = ["locate", "day.mp4", "--scripts", "scripts.json", "--model", siglip]
        words += ["--store", store, "--fps", "5", "--threshold", "1.5"]
        ended = actalign(*words, "-q", "--out", name, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        return (tmp_path / name).read_text()

    rows = [json.loads(line) for line in locate("finds.jsonl", "store").splitlines()]
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").iterdir()}
    assert len(kept) == 1
    assert len(rows) >= 3
    spans = [(row["start_seconds"], row["end_seconds"]) for row in rows]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= 60 + 1e-6 for start, end in spans)
    for n, (start, end) in enumerate(spans):
        for other, until in spans[n + 1 :]:
            shared = min(end, until) - other
            assert shared <= 0.3 * (max(end, until) - start) + 1e-6
    for row, (start, end) in zip(rows, spans, strict=True):
        [found] = row["candidates"]
        steps = found["segments"]
        assert [step["step"] for step in steps] == STANCES[found["label"]]
        edges = [start, *(step["end_seconds"] for step in steps)]
        assert edges[-1] == end
        assert [step["start_seconds"] for step in steps] == edges[:-1]
        assert all(0.4 - 1e-6 <= b - a <= 3 + 1e-6 for a, b in pairwise(edges))
        assert found["score"] >= 1.5
    assert locate("stored.jsonl", "store") == (tmp_path / "finds.jsonl").read_text()
    assert kept == {path: path.stat().st_mtime_ns for path in (tmp_path / "store").iterdir()}
    # From the video again, and as a table.
    lines = list(csv.DictReader(locate("finds.csv", "other").splitlines()))
    labels = [row["candidates"][0]["label"] for row in rows]
    for row, line, label, span in zip(rows, lines, labels, spans, strict=True):
        assert line["label"] == label
        assert (float(line["start_seconds"]), float(line["end_seconds"])) == span
        assert float(line["score"]) == row["candidates"][0]["score"]
    cues = locate("finds.vtt", "store").split("\n\n")[1:]
    assert [cue.split("\n")[2] for cue in cues if cue.strip()] == labels


def test_what_is_found_is_measured_against_the_true_times(folder):
    done = run(folder, "locate", "day.mp4", "--threshold", "2.5", "--out", "found.jsonl")
    assert done.returncode == 0, done.stderr
    (folder / "truth.csv").write_text(
        "video,label,start,end\nday.mp4,Sunrise,15,18\nday.mp4,sunset,40,43\nday,sunset,50,53\n"
    )
    done = actalign("eval", "detections", "found.jsonl", "--truth", "truth.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Sunrise: 1 detection of 1 event, average precision" in done.stdout
    shown = actalign(
        "eval", "detections", "found.jsonl", "--truth", "truth.csv", "--json", cwd=folder
    )
    [line] = shown.stdout.splitlines()
    found = json.loads(line)
    assert found["labels"]["Sunrise"]["ap50"] == 1  # found
    assert found["labels"]["sunset"]["ap50"] == 0.5  # one of two
    assert found["by_threshold"]["0.5"] == 0.75
    assert "ci95" not in found  # of one video nothing can be said
    rows = read_lines(folder / "found.jsonl")
    with (folder / "more.jsonl").open("w") as file:
        for row in rows:
            for video in ("day.mp4", "other.mp4"):
                file.write(json.dumps({**row, "video": video}) + "\n")
    with (folder / "truth.csv").open("a") as file:
        file.write("other.mp4,sunset,40,43\n")
    shown = actalign(
        "eval", "detections", "more.jsonl", "--truth", "truth.csv", "--json", cwd=folder
    )
    low, high = json.loads(shown.stdout)["ci95"]
    assert 0 < low < high <= 1
    (folder / "truth.csv").write_text("video,label,start,end\nday.mp4,sunset,40,43\n")
    done = actalign("eval", "detections", "found.jsonl", "--truth", "truth.csv", cwd=folder)
    assert "detections of labels that truth.csv does not have: 'sunrise' (1)" in done.stderr
    (folder / "truth.csv").write_text("video,label,start\nday.mp4,sunset,40\n")
    done = actalign("eval", "detections", "found.jsonl", "--truth", "truth.csv", cwd=folder)
    assert done.returncode == 2
    assert "has no start or end" in done.stderr
    done = actalign("eval", "detections", "truth.csv", "--truth", "truth.csv", cwd=folder)
    assert done.returncode == 2
    assert "give a .jsonl file that `actalign locate --out` wrote" in done.stderr


def test_detections_count_for_their_own_video_of_several_with_one_name(folder):
    done = run(folder, "locate", "day.mp4", "--threshold", "2.5", "--out", "found.jsonl")
    assert done.returncode == 0, done.stderr
    rows = read_lines(folder / "found.jsonl")

    def measured(videos, truth, **more):
        (folder / "some.jsonl").write_text(
            "".join(json.dumps(row | {"video": v} | more) + "\n" for v in videos for row in rows)
        )
        (folder / "truth.csv").write_text(
            "video,label,start,end\n" + "".join(f"{video},Sunrise,15,18\n" for video in truth)
        )
        words = ("detections", "some.jsonl", "--truth", "truth.csv", "--json")
        return actalign("eval", *words, cwd=folder)

    def precision(done):
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["labels"]["Sunrise"]["ap50"]

    done = measured(["da/x.mp4"], ["da/x.mp4", "db/x.mp4"])
    assert precision(done) == 0.5
    assert "some.jsonl has no row for 1 of the truth's videos, such as db/x.mp4" in done.stderr
    done = measured(["/elsewhere/x.mp4"], ["x.mp4"])
    assert precision(done) == 1
    assert "has no row" not in done.stderr
    for name in ("da", "db"):
        (folder / name).mkdir()
        (folder / name / "x.mp4").write_text("")
    done = measured(["da/x.mp4"], ["db/x.mp4"])
    assert precision(done) == 0
    assert "such as db/x.mp4" in done.stderr
    assert "has no row" not in measured(["da/x.mp4"], ["da/x.mp4"]).stderr
    done = measured(["da/x.mp4"], ["da/x.mp4"], scorer="competitive")
    assert done.returncode == 2
    assert "some.jsonl holds the answer of `actalign classify`" in done.stderr
    (folder / "late.csv").write_text("video,label,start,end\nda/x.mp4,Sunrise,18,15\n")
    done = actalign("eval", "detections", "found.jsonl", "--truth", "late.csv", cwd=folder)
    assert done.returncode == 2
    assert "late.csv, line 2: The clip of question" in done.stderr
    assert "ends at 15 s, before it begins" in done.stderr


@given(
    stride=st.floats(0.001, 3),
    window=st.floats(0.001, 3),
    first=st.floats(0, 90_000),
    frames=st.integers(1, 30),
)
@example(stride=0.003, window=1.0, first=3.0, frames=20)
@settings(max_examples=60)
def test_no_two_windows_have_one_id(stride, window, first, frames):
    times = first + np.arange(frames) / 25
    rows = np.ones((frames, 2), np.float32)
    clip = ClipEmbedding("clip", rows, times, float(times[-1]) + 0.04, "model", "f")
    ids = [part.clip_id for part in windows(clip, window, stride)]
    assert len(set(ids)) == len(ids) > 0
