"""A movement that is repeated: from a clip to rows, tables, captions, projects and pictures."""

import csv
import json
import re
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from actalign import ActAlign, Candidate, ClipEmbedding, FrameBatch, Script, UsageError
from actalign.clips._live import LiveWindow
from actalign.encoders import load_encoder
from actalign.evaluation._step_times import step_parts
from actalign.output import alignment_figure, export
from actalign.output._events import events as events_of_row
from actalign.output._notebook import prediction_html
from actalign.repetitions import with_repetitions
from actalign.rows import read_rows
from actalign.rows._facts import numbered_steps
from actalign.rows._files import parse_row
from tests.colour_clips import colour_frames, write_colours
from tests.colour_model import save_colour_model
from tests.command import actalign
from tests.tables import read_csv

STEPS = ("red", "green", "blue")
SCRIPTS = [Script("forwards", STEPS), Script("backwards", STEPS[::-1])]
LENGTHS = (6, 9, 5)
"""Frames, at 10 a second, of each colour in each repetition."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A colour model, scripts, a clip of three repetitions and one of a single performance."""
    folder = tmp_path_factory.mktemp("repeats")
    save_colour_model(folder / "colours")
    scripts = {script.label: list(script.steps) for script in SCRIPTS}
    (folder / "scripts.json").write_text(json.dumps({"scripts": scripts}), encoding="utf-8")
    write_colours(folder / "thrice.mp4", [*STEPS * 3], each=6)
    write_colours(folder / "once.mp4", STEPS)
    # Two whole repetitions, and before and after them a part of one.
    write_colours(folder / "cut.mp4", ["blue", *STEPS * 2, "red", "green"], each=6)
    return folder


def classify(folder, *options):
    out = folder / "rows.jsonl"
    ended = actalign(
        "classify", folder / "thrice.mp4", folder / "once.mp4", "--scripts",
        folder / "scripts.json", "--model", folder / "colours", "--fps", "10", "--smoothing", "0",
        "--store", folder / "store", "--out", out, *options,
    )  # fmt: skip
    return ended, {row["clip"]: row for row in read_rows(out)} if out.exists() else {}


def uneven(pause=0):
    """A prediction on frames: three repetitions of other lengths, perhaps white after the first."""
    images = [colour_frames(STEPS, each=each) for each in LENGTHS]
    if pause:
        images.insert(1, colour_frames(["white"], each=pause))
    frames = np.concatenate(images)
    batch = FrameBatch(frames, np.arange(len(frames)) / 10)
    classifier = ActAlign(
        load_encoder(str(uneven.model)), fps=10, smoothing_seconds=0, repeats="auto"
    )
    return classifier.predict(batch, scripts=SCRIPTS)


@pytest.fixture(autouse=True)
def _model(folder):
    uneven.model = folder / "colours"


def test_a_row_has_every_step_of_every_repetition(folder):
    ended, rows = classify(folder, "--repeats", "auto")
    assert ended.returncode == 0
    assert re.search(r"^thrice +forwards, 3 times ", ended.stdout, re.MULTILINE)
    best, other = rows["thrice"]["candidates"]
    assert (best["label"], other["label"]) == ("forwards", "backwards")
    starts = [[s["start_seconds"] for s in one["segments"]] for one in best["repetitions"]]
    assert np.abs(np.array(starts) - np.arange(9).reshape(3, 3) * 0.6).max() < 0.11
    assert [s["step"] for s in best["segments"]] == [*STEPS * 3]
    assert best["segments"] == [s for one in best["repetitions"] for s in one["segments"]]
    for one in best["repetitions"]:
        assert one["start_seconds"] == one["segments"][0]["start_seconds"]
        assert one["end_seconds"] == one["segments"][-1]["end_seconds"]
    # Every step lies on its own colour, whose affinity is sigmoid(10 - 5).
    assert min(s["affinity"] for s in best["segments"]) > 0.8
    assert "repetitions" not in other
    assert len(other["segments"]) == 3


def test_one_performance_is_aligned_as_ever(folder):
    _, counted = classify(folder, "--repeats", "auto")
    _, plain = classify(folder)  # the colour model's own default is no
    best, once = counted["once"]["candidates"][0], plain["once"]["candidates"][0]
    assert [one["segments"] for one in best.pop("repetitions")] == [once["segments"]]
    assert best == once
    assert "repetitions" not in plain["thrice"]["candidates"][0]
    assert len(plain["thrice"]["candidates"][0]["segments"]) == 3


def test_a_known_number_is_obeyed_and_a_clip_too_short_for_it_fails_alone(folder):
    ended, rows = classify(folder, "--repeats", "6")
    assert ended.returncode == 1
    assert len(rows["thrice"]["candidates"][0]["repetitions"]) == 6
    assert rows["once"]["status"] == "error"
    assert "6 repetitions of 3 steps don't fit into the 3.0 s" in rows["once"]["error"]


@pytest.mark.parametrize("wrong", ["never", "0", "2.5"])
def test_what_is_no_number_of_repeats_is_refused_at_once(folder, wrong):
    for verb in ("classify", "align", "live"):
        ended = actalign(verb, folder / "once.mp4", "--labels", "red", "--repeats", wrong)
        assert ended.returncode == 2
        assert "give no, auto, partial, or a number above 0" in ended.stderr
    with pytest.raises(UsageError, match="give no, auto, partial, or a number above 0"):
        ActAlign(load_encoder(str(folder / "colours")), repeats=wrong)


def test_align_and_body_count_by_their_own_rule(folder):
    classify(folder)
    ended = actalign(
        "align", folder / "store", "--scripts", folder / "scripts.json", "--smoothing", "0",
        "--model", folder / "colours", "--repeats", "auto", "--json",
    )  # fmt: skip
    counts = {
        row["clip"]: len(row["candidates"][0]["repetitions"])
        for row in map(json.loads, ended.stdout.splitlines())
    }
    assert counts == {"thrice": 3, "once": 1}
    assert load_encoder("body").info.repeats == "auto"
    assert load_encoder(str(folder / "colours")).info.repeats == "no"


def test_a_pause_lies_between_repetitions():
    prediction = uneven(pause=15)
    first, second, third = prediction.best.repetitions
    assert len(prediction.best.repetitions) == 3
    assert first[-1].end_seconds == pytest.approx(1.8, abs=0.21)
    assert second[0].start_seconds == pytest.approx(3.3, abs=0.21)
    assert third[0].start_seconds == pytest.approx(second[-1].end_seconds)
    ends = [(s.start_seconds, s.end_seconds) for s in prediction.best.segments]
    assert len(ends) == 9
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(ends))


def test_exports_say_which_repetition(folder, tmp_path):
    classify(folder, "--repeats", "auto")
    _, table = export(folder / "rows.jsonl", "csv", tmp_path / "rows.csv")
    lines = [line for line in read_csv(table) if line["rank"] == "1"]
    thrice = [line for line in lines if line["clip"] == "thrice"]
    numbers = [(line["repetition"], line["step_number"], line["step"]) for line in thrice]
    assert numbers == [(str(n), str(k), s) for n in (1, 2, 3) for k, s in enumerate(STEPS, 1)]

    cues = (export(folder / "rows.jsonl", "vtt", tmp_path / "vtt")[0]).read_text(encoding="utf-8")
    assert cues.count("-->") == 9
    assert cues.count("forwards (2 of 3): green") == 1
    once = (tmp_path / "vtt" / "once.vtt").read_text(encoding="utf-8")
    assert once.count("-->") == 3
    assert "of 1" not in once
    subtitles = export(folder / "rows.jsonl", "srt", tmp_path / "srt")[0]
    assert "forwards (3 of 3): blue" in subtitles.read_text(encoding="utf-8")

    export(folder / "rows.jsonl", "label-studio", tmp_path / "ls")
    task = json.loads((tmp_path / "ls" / "tasks.json").read_text(encoding="utf-8"))[0]
    results = task["predictions"][0]["result"]
    ranges = [r for r in results if r["type"] == "timelinelabels"]
    assert len({r["id"] for r in ranges}) == len(ranges) == 9
    export(folder / "rows.jsonl", "fiftyone", tmp_path / "fo")
    labels = json.loads((tmp_path / "fo" / "labels.json").read_text(encoding="utf-8"))["labels"]
    found = [one["attributes"] for one in labels["000000"]]
    assert [(one["repetition"], one["step"]) for one in found] == [
        (n, k) for n in (1, 2, 3) for k in (1, 2, 3)
    ]


def test_rows_without_repetitions_have_one_numbering(folder):
    _, rows = classify(folder)
    steps = numbered_steps(rows["thrice"]["candidates"][0])
    assert [(one.repetition, one.number) for one in steps] == [(None, 1), (None, 2), (None, 3)]


def test_a_live_window_says_how_often():
    prediction = uneven()
    last = LiveWindow(prediction.clip, 6.0, time.monotonic(), 0, 1)
    best, other = last.to_row(prediction)["candidates"]
    assert len(best["repetitions"]) == 3
    assert set(best) == {"label", "score", "has_script", "path_length", "repetitions"}
    assert set(other) == {"label", "score", "has_script", "path_length"}
    several = replace(prediction.best, wording=2, wordings=3)
    row = last.to_row(replace(prediction, candidates=(several,)))
    assert (row["candidates"][0]["wording"], row["candidates"][0]["wordings"]) == (2, 3)


def test_live_takes_no_number(folder):
    ended = actalign("live", folder / "once.mp4", "--labels", "red", "--repeats", "3")
    assert ended.returncode == 2
    assert "live takes --repeats no, auto or partial" in ended.stderr


def test_the_figure_shows_every_repetition():
    prediction = uneven(pause=15)
    figure = alignment_figure(prediction)
    timeline, winner, runner_up = figure.axes[:3]
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in timeline.patches]
    true = [(s.start_seconds, s.end_seconds) for s in prediction.best.segments]
    np.testing.assert_allclose(bars, true)
    assert winner.get_title(loc="left").endswith("forwards, 3 times")
    assert "times" not in runner_up.get_title(loc="left")
    x, y = (np.asarray(v, float) for v in winner.lines[-1].get_data())
    pieces = np.split(y, np.flatnonzero(np.isnan(x)))
    assert [sorted(set(p[~np.isnan(p)])) for p in pieces[:3]] == [[0, 1, 2]] * 3
    assert "forwards, 3 times" in prediction_html(prediction)


@pytest.fixture(scope="module")
def cut_rows(folder):
    """The row of the clip that is cut, and its file."""
    out = folder / "cut.jsonl"
    ended = actalign(
        "classify", folder / "cut.mp4", "--scripts", folder / "scripts.json", "--labels",
        "forwards", "--model", folder / "colours", "--fps", "10", "--smoothing", "0", "--out", out,
        "--repeats", "partial",
    )  # fmt: skip
    assert ended.returncode == 0
    assert "forwards, 2 whole and 2 partial" in ended.stdout
    return out


def test_a_row_says_which_steps_of_a_partial_repetition_are_there(cut_rows):
    [row] = read_rows(cut_rows)
    first, *whole, last = row["candidates"][0]["repetitions"]
    assert (first["partial_steps"], last["partial_steps"]) == ([3], [1, 2])
    assert [s["step"] for s in first["segments"]] == ["blue"]
    assert [s["step"] for s in last["segments"]] == ["red", "green"]
    assert len(whole) == 2
    assert all("partial_steps" not in one and len(one["segments"]) == 3 for one in whole)
    steps = numbered_steps(row["candidates"][0])
    starts = [one.step["start_seconds"] for one in steps]
    assert np.abs(np.array(starts) - np.arange(9) * 0.6).max() < 0.11
    assert [one.number for one in steps] == [3, 1, 2, 3, 1, 2, 3, 1, 2]
    assert [one.partial for one in steps] == [True] + [False] * 6 + [True] * 2
    assert min(one.step["affinity"] for one in steps) > 0.8
    broken = json.loads(json.dumps(row))
    broken["candidates"][0]["repetitions"][0]["partial_steps"] = [2, 3]
    with pytest.raises(UsageError, match="partial_steps and segments differ in number"):
        parse_row(json.dumps(broken), "row 1")


def test_exports_count_whole_repetitions_and_name_partial_ones(cut_rows, tmp_path):
    clips, steps = export(cut_rows, "csv", tmp_path / "rows.csv")
    with clips.open(encoding="utf-8-sig", newline="") as file:
        [line] = csv.DictReader(file)
    assert (line["repetitions"], line["partial_repetitions"]) == ("2", "2")
    lines = [line for line in read_csv(steps) if line["rank"] == "1"]
    assert [(line["repetition"], line["partial"], line["step_number"]) for line in lines[:2]] == [
        ("1", "yes", "3"),
        ("2", "", "1"),
    ]
    subtitles = export(cut_rows, "srt", tmp_path / "srt")[0].read_text(encoding="utf-8")
    assert subtitles.count("forwards (partial): ") == 3
    assert "forwards (partial): blue" in subtitles
    assert "forwards (2 of 2): red" in subtitles
    export(cut_rows, "fiftyone", tmp_path / "fo")
    labels = json.loads((tmp_path / "fo" / "labels.json").read_text(encoding="utf-8"))["labels"]
    found = [one["attributes"] for one in labels["000000"]]
    assert [(one["partial"], one["step"]) for one in found[:2]] == [("yes", 3), (None, 1)]
    table = export(cut_rows, "md", tmp_path / "rows.md")[0].read_text(encoding="utf-8")
    assert "2 partial repetitions besides" in table
    elan = export(cut_rows, "elan", tmp_path / "elan")[0].read_text(encoding="utf-8")
    assert elan.count("<ANNOTATION_VALUE>forwards</ANNOTATION_VALUE>") == 2
    assert elan.count("<ANNOTATION_VALUE>forwards (partial)</ANNOTATION_VALUE>") == 2
    [detections] = export(cut_rows, "activitynet", tmp_path / "activitynet.json")
    [found] = json.loads(detections.read_text(encoding="utf-8"))["results"].values()
    assert [one.get("partial_steps") for one in found] == [[3], None, None, [1, 2]]
    [task] = json.loads(export(cut_rows, "label-studio", tmp_path / "ls")[0].read_text("utf-8"))
    notes = ["meta" in one for one in task["predictions"][0]["result"]]
    assert notes == [False, True, *[False] * 6, True, True]  # the first is the action
    events = events_of_row(next(iter(read_rows(cut_rows))))
    assert [one.which for one in events] == ["partial", "1 of 2", "2 of 2", "partial"]


def test_figures_and_true_times_of_partial_repetitions(folder):
    images = [colour_frames([c], each=6) for c in ("blue", *STEPS * 2, "red", "green")]
    frames = np.concatenate(images)
    classifier = ActAlign(
        load_encoder(str(folder / "colours")), fps=10, smoothing_seconds=0, repeats="partial"
    )
    batch = FrameBatch(frames, np.arange(len(frames)) / 10)
    prediction = classifier.predict(batch, scripts=SCRIPTS[:1])
    assert prediction.best.partial == (True, False, False, True)
    timeline, winner = alignment_figure(prediction).axes[:2]
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in timeline.patches]
    true = [(s.start_seconds, s.end_seconds) for s in prediction.best.segments]
    np.testing.assert_allclose(bars, true)
    assert [text.get_text() for text in timeline.texts] == list("312312312")
    assert winner.get_title(loc="left").endswith("forwards, 2 whole and 2 partial")
    x, y = (np.asarray(v, float) for v in winner.lines[-1].get_data())
    pieces = np.split(y, np.flatnonzero(np.isnan(x)))
    lines = [sorted(set(p[~np.isnan(p)])) for p in pieces[:4]]
    assert lines == [[2], [0, 1, 2], [0, 1, 2], [0, 1]]
    assert "forwards, 2 whole and 2 partial" in prediction_html(prediction)
    row = prediction.to_row(target="forwards")
    row["intervals"] = [
        {"start_seconds": n * 0.6, "end_seconds": (n + 1) * 0.6, "step": int(step) - 1}
        for n, step in enumerate("312312312")
    ]
    aligned, _ = step_parts(row)
    assert [number for _, _, number in aligned] == [2, 0, 1, 2, 0, 1, 2, 0, 1]


def test_what_shows_nothing_is_not_repeated():
    clip = ClipEmbedding("black", np.zeros((30, 3), np.float32), np.arange(30) / 10, 3, "m", "f")
    best = Candidate("go", 0.0, Script("go", ("a", "b")), has_script=True)
    shown = {"logit_scale": None, "repeats": 3}
    assert with_repetitions(best, clip, clip.embeddings, np.eye(2, 3), **shown).repetitions == ()


def test_one_part_of_a_repetition_is_no_whole_one(folder):
    frames = colour_frames(STEPS[:2], each=15)
    classifier = ActAlign(
        load_encoder(str(folder / "colours")), fps=10, smoothing_seconds=0, repeats="partial"
    )
    batch = FrameBatch(frames, np.arange(len(frames)) / 10)
    prediction = classifier.predict(batch, scripts=SCRIPTS[:1])
    [only] = prediction.to_row()["candidates"][0]["repetitions"]
    assert only["partial_steps"] == [1, 2]
    title = alignment_figure(prediction).axes[1].get_title(loc="left")
    assert title.endswith("forwards, 0 whole and 1 partial")
