"""What a report says of labels, scripts and clips, and the files that it is written to."""

import json
import os
import re
import shutil

import numpy as np
import pytest

from actalign.evaluation._findings import (
    by_margin,
    findings,
    labels_alike,
    nobody_seen,
    separation,
    steps_everywhere,
)
from actalign.evaluation._lines import label_note, label_table
from actalign.evaluation._results import summarise
from actalign.rows import read_rows
from actalign.types import Script
from tests.colour_clips import write_colours
from tests.command import actalign


def row(clip, target, scores, affinities=None, **more):
    """A row whose candidates have the scores, and steps with the affinities."""
    ranked = sorted(scores, key=lambda label: -scores[label])
    candidates = [
        {
            "label": label,
            "score": scores[label],
            "segments": [
                {"step": f"{label} {k}", "start_seconds": 0, "end_seconds": 1, "affinity": value}
                for k, value in enumerate((affinities or {}).get(label, ()))
            ],
        }
        for label in ranked
    ]
    return {
        "clip": clip,
        "scorer": "dtw",
        "status": "ok",
        "target": target,
        "label": ranked[0],
        "filtered_resps": [ranked[0]],
        "rank": ranked.index(target) + 1,
        "margin": scores[ranked[0]] - scores[ranked[1]],
        "candidates": candidates,
        **more,
    }


def test_separation_counts_pairs():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 20), rng.integers(0, 5, 30)
    wins = sum((x > y) + (x == y) / 2 for x in a for y in b)
    assert separation(a, b) == pytest.approx(wins / 600)
    assert separation([2], [1]) == 1


ROWS = [
    # a and b can't be told apart: whichever is right, a wins; c is always found.
    *(row(f"a{n}", "a", {"a": 0.9, "b": 0.8, "c": 0.1}, {"a": [0.9, 0.5]}) for n in range(4)),
    *(row(f"b{n}", "b", {"a": 0.9, "b": 0.8, "c": 0.1}, {"a": [0.9, 0.1]}) for n in range(4)),
    *(row(f"c{n}", "c", {"a": 0.2, "b": 0.1, "c": 0.9}, {"a": [0.9, 0.1]}) for n in range(4)),
]


def test_labels_that_cannot_be_told_apart_are_named_with_what_they_share():
    scripts = [
        Script("a", ("stand still", "raise a hand")),
        Script("b", ("Stand still", "kneel")),
        Script("c", ("jump", "land")),
    ]
    texts = {"raise a hand": (1, 0), "kneel": (0.6, 0.8), "jump": (0, 1), "land": (0, -1)}

    def embed(script):
        rows = [texts.get(step, (-1, 0)) for step in script.steps]
        return np.array(rows, np.float32)

    [pair] = labels_alike(ROWS, scripts, embed)
    assert (pair["labels"], pair["confused"], pair["clips"]) == (["a", "b"], 4, 8)
    assert pair["separation"] == 0.5
    assert pair["shared_steps"][0] == {"steps": ["stand still", "Stand still"], "cosine": 1.0}
    assert labels_alike(ROWS[4:]) == []  # too few clips of "a" to say so


def test_a_step_that_fits_everything_is_named():
    [step] = steps_everywhere(ROWS)
    assert (step["label"], step["step"], step["separation"]) == ("a", "a 0", 0.5)
    assert step["own"] == step["others"] == pytest.approx(0.9)


def test_steps_of_other_scripts_under_the_same_label_are_other_steps():
    """A multiple-choice set calls the candidates of every question "order 1", "order 2", ..."""
    rows = [
        json.loads(json.dumps(one).replace('"a 0"', f'"step {n}"')) for n, one in enumerate(ROWS)
    ]
    assert steps_everywhere(rows) == []


def test_clips_in_which_nobody_is_seen():
    rows = [
        {**one, "frames": 10, "neutral_frames": 10 if n < 2 else 5} for n, one in enumerate(ROWS)
    ]
    found = nobody_seen(rows)
    assert [one["clip"] for one in found["clips"]] == ["a0", "a1"]
    assert (found["right"], found["others_right"]) == (1, 0.6)
    everyone = {**ROWS[0], "frames": 14, "people_frames": {"0": 46, "1": 14}}
    assert nobody_seen([everyone])["clips"] == [{"clip": everyone["clip"], "share": 46 / 60}]
    assert nobody_seen(ROWS) == {"clips": [], "right": None, "others_right": pytest.approx(8 / 12)}


def test_accuracy_by_margin_is_in_equal_groups():
    groups = by_margin([row(f"{n}", "a" if n >= 4 else "b", {"a": n, "b": -1}) for n in range(8)])
    assert [(one["n"], one["right"]) for one in groups] == [(2, 0), (2, 0), (2, 1), (2, 1)]
    assert by_margin(ROWS[:3]) == []


def test_the_advice_names_the_labels_and_what_to_do():
    sure = [
        {**one, "confidence": 0.9 if one["target"] == "c" else 0.4}
        for one in (row(f"{x}{n}", x, {"a": 0.9 - (x == "c"), "b": 0.8 - (x == "c"), "c": 0.1})
                    for x in "abc" for n in range(8))
    ]  # fmt: skip
    pooled = [
        {**one, "scorer": "mean_pool", "rank": 2, "label": "c", "filtered_resps": ["c"]}
        for one in sure
    ]
    results = summarise([*sure, *pooled], [], scorers=("dtw", "mean_pool"), total=24)
    advice = "\n".join(findings(sure, results, "dtw")["advice"])
    assert "The scripts gain +66.7 points over the baseline without steps." in advice
    assert "“b” is right in 0 of 8 clips; most often it is taken for “a” (8)." in advice
    assert "“a” and “b” can't be told apart" in advice
    assert "a confidence of at least 0.90 are right in 95 % or more; they are 33 %" in advice
    assert "about 340 clips would make that 5" in advice
    assert "come from" not in advice
    parts = [{**one, "video": f"{n % 8}.mp4"} for n, one in enumerate(sure)]
    parts = "\n".join(findings(parts, results, "dtw")["advice"])
    assert "24 clips come from 8 videos; the intervals take every clip as independent" in parts
    surest = [{**one, "confidence": 0.99996 if one["target"] == "c" else 0.99} for one in sure]
    known = "\n".join(findings(surest, results, "dtw")["advice"])
    assert (
        "At no confidence are 95 % of the answers right." in known
    )  # as printed, 1.00 refuses all
    ordered = [{**one, "rank": 1, "scorer": "dtw_shuffled"} for one in sure]
    results = summarise([*sure, *ordered], [], scorers=("dtw", "dtw_shuffled"), total=24)
    advice = "\n".join(findings(sure, results, "dtw")["advice"])
    assert "The control dtw_shuffled is 33.3 points better than dtw: check that each" in advice
    calibration = results["scorers"]["dtw"]["calibration"]
    assert calibration["error"] == pytest.approx((16 * 0.1 + 8 * 0.1) / 24)
    low, high = calibration["error_ci95"]
    assert low <= calibration["error"] <= high


@pytest.fixture(scope="module")
def runs(tmp_path_factory, colour_model):
    """Two runs over nine clips of three labels, of which two have the same script."""
    folder = tmp_path_factory.mktemp("report")
    scripts = {
        "turn red": ["green", "red"],
        "go red": ["green", "red"],
        "turn green \U00014400": ["red", "green"],  # no font draws this letter
    }
    for label, steps in scripts.items():
        for n in range(3):
            (folder / "clips" / label).mkdir(parents=True, exist_ok=True)
            write_colours(folder / "clips" / label / f"{label[:4]}{n}.mp4", steps, each=4)
    (folder / "scripts.json").write_text(json.dumps({"scripts": scripts}))
    for name, scorer in (("first", "dtw,mean_pool"), ("second", "dtw_reversed")):
        done = actalign(
            *("eval", "clips", "clips", "--scripts", "scripts.json", "--model", colour_model),
            *("--out", name, "--smoothing", 0, "--scorer", scorer, "-q"),
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr
    done = actalign("report", "first", "second", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 6
    assert done.stderr == ""
    return folder


def test_the_three_files_say_the_same(runs):
    known = json.loads((runs / "first" / "report.json").read_text())
    page, text = ((runs / "first" / f"report.{kind}").read_text() for kind in ("html", "md"))
    [pair] = known["findings"]["labels_alike"]
    assert pair["labels"] == ["go red", "turn red"]
    assert [step["steps"] for step in pair["shared_steps"]] == [["green", "green"], ["red", "red"]]
    assert known["findings"]["advice"]
    for line in known["findings"]["advice"]:
        assert f"- {line}" in text
        assert line.replace("'", "&#x27;") in page
    for heading in ("What to do", "By label", "Labels that can't be told apart"):
        assert heading.replace("'", "&#x27;") in page or heading in page
    assert "9 samples" in text
    assert "By domain" not in page  # none is named
    for link in ("<script", "<link", "@import", "src='http", 'src="', "url(http"):
        assert link not in page


def test_both_reports_have_the_labels_with_what_they_are_taken_for(runs):
    """Two labels have the same script, so that a clip of the one is taken for the other."""
    page, text = ((runs / "first" / f"report.{kind}").read_text() for kind in ("html", "md"))
    lines = text.partition("## By label (dtw)")[2].partition("\n## ")[0].rstrip().splitlines()
    assert lines[2] == "3 of 3 labels, the worst first."
    assert lines[4:6] == ["| label | taken for | right | right % |", "|---|---|---:|---:|"]
    cells = [line[2:-2].split(" | ") for line in lines[6:]]
    assert [one[:3] for one in cells] == [
        ["turn red", "go red (3)", "0 of 3"],
        ["go red", "", "3 of 3"],
        ["turn green \U00014400", "", "3 of 3"],
    ]
    for one in cells:
        words = "".join(f"<td class=text>{cell}</td>" for cell in one[:2])
        assert words + "".join(f"<td>{cell}</td>" for cell in one[2:]) in page


def test_the_report_lists_every_answer_and_says_what_its_terms_mean(runs):
    page, text = ((runs / "first" / f"report.{kind}").read_text() for kind in ("html", "md"))
    [answers] = re.findall(r"<h2>Answers \(dtw\)</h2>.*?</table>", page, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in answers.split("<tr>")[2:]]
    assert "9 of 9 clips, the wrong answers first." in answers
    assert [one[1:4] for one in cells[:3]] == [["turn red", "go red", "2"]] * 3
    assert {tuple(one[1:4]) for one in cells[3:]} == {
        ("go red", "go red", "1"),
        ("turn green \U00014400", "turn green \U00014400", "1"),
    }
    rows = {row["clip"]: row for row in read_rows(runs / "first" / "predictions.jsonl")
            if row["scorer"] == "dtw"}  # fmt: skip
    for name, _, _, _, margin in cells:
        assert float(margin) == pytest.approx(rows[name]["margin"], rel=1e-3)
    for report in (page, text):
        assert "Macro: the mean of the labels" in report
        assert "Calibration error:" not in report  # these runs have no confidence


def test_the_table_of_labels_is_of_the_worst_and_their_most_frequent_answers():
    labels = [f"label {n}" for n in range(31)]
    scores = dict.fromkeys(labels, 0.0)
    rows = [row(label, label, {**scores, label: 1.0}) for label in labels]
    rows += [row(f"{n}", "label 30", {**scores, f"label {n}": 1.0}) for n in (1, 2, 2, 3, 4)]
    figures = summarise(rows, [], scorers=("dtw",), total=len(rows))["scorers"]["dtw"]
    table = label_table(figures)
    taken = "label 2 (2), label 1 (1), label 3 (1) and 1 more"
    assert table[0][:3] == ["label 30", taken, "1 of 6"]
    assert (len(table), label_note(figures)) == (30, "30 of 31 labels, the worst first.")


def test_a_report_that_can_not_be_written_is_refused_before_any_is(runs):
    first, second = runs / "first" / "report.html", runs / "second" / "report.json"
    before = first.stat().st_mtime_ns
    kept = second.read_text()
    second.unlink()
    second.mkdir()
    done = actalign("report", "first", "second", cwd=runs)
    second.rmdir()
    second.write_text(kept)
    assert done.returncode == 2
    assert "second/report.json can't be written: Is a directory" in done.stderr
    assert first.stat().st_mtime_ns == before


def test_a_damaged_file_of_a_run_is_named_and_mended_by_the_advice(runs, colour_model, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs / "second", run)
    for name, kept in (("predictions.jsonl", 400), ("results.json", 20)):
        os.truncate(run / name, kept)
        done = actalign("report", run, cwd=runs)
        assert done.returncode == 2
        assert f"error: The file {run / name} can't be read: " in done.stderr
        assert "; score the run again with `actalign eval` and --resume." in done.stderr
        done = actalign(
            *("eval", "clips", "clips", "--scripts", "scripts.json", "--model", colour_model),
            *("--out", run, "--smoothing", 0, "--scorer", "dtw_reversed", "-q", "--resume"),
            cwd=runs,
        )
        assert done.returncode == 0, done.stderr
        assert actalign("report", run, cwd=runs).returncode == 0


def test_a_run_that_is_given_twice_is_refused(runs):
    before = (runs / "first" / "report.html").stat().st_mtime_ns
    for again in ("first", runs / "first"):
        done = actalign("report", "first", "second", again, cwd=runs)
        assert done.returncode == 2
        assert done.stderr == f"error: The run {again} is given twice; name each run once.\n"
    assert (runs / "first" / "report.html").stat().st_mtime_ns == before


def test_runs_are_compared_on_the_clips_of_both(runs):
    [one] = json.loads((runs / "first" / "report.json").read_text())["other_runs"]
    assert (one["first"], one["second"], one["n"]) == ("first (dtw)", "second (dtw_reversed)", 9)
    right = json.loads((runs / "first" / "results.json").read_text())["scorers"]["dtw"]["top1"]
    wrong = json.loads((runs / "second" / "results.json").read_text())["scorers"]
    assert one["difference"] == pytest.approx(right - wrong["dtw_reversed"]["top1"])
    assert "Against other runs" in (runs / "second" / "report.md").read_text()


def test_steps_that_two_labels_share_are_named_as_alike():
    rows = [
        row(f"{x}{n}", x, {"a": 0.9 - (x == "c"), "b": 0.8 - (x == "c"), "c": 0.1})
        for x in "abc"
        for n in range(8)
    ]
    scripts = [Script("a", ("stand", "arms up")), Script("b", ("stand", "arms raised"))]
    embeddings = {"a": np.float32([[1, 0, 0], [0, 1, 0]]), "b": np.float32([[1, 0, 0], [0, 1, 0]])}
    results = summarise(rows, [], scorers=("dtw",), total=24)
    found = findings(rows, results, "dtw", scripts, lambda one: embeddings[one.label])
    said = (
        "These steps are alike: “stand”; “arms up” and “arms raised”. Write the steps that differ."
    )
    assert said in "\n".join(found["advice"])
