"""Refusal measured on labelled clips: none-of-these, least confidences, and fitted temperatures."""

import json

import numpy as np
import pytest

from actalign.alignment import fit_temperature
from actalign.errors import UsageError
from actalign.evaluation import Interval, Question, QuestionSet
from actalign.evaluation._lines import refusal_lines
from actalign.evaluation._none import with_none
from actalign.evaluation._results import summarise
from actalign.rows import read_rows
from tests.colour_clips import write_colours
from tests.command import actalign

SCRIPTS = {"sunrise": ["black", "red", "yellow"], "sunset": ["yellow", "red", "black"]}
CLIPS = {**SCRIPTS, "nothing": ["green", "blue", "white"], "sea": ["blue", "green", "blue"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory, colour_model):
    """Two clips of each label, of which two labels have scripts; and a store's background."""
    folder = tmp_path_factory.mktemp("refusals")
    for label, colours in CLIPS.items():
        (folder / "clips" / label).mkdir(parents=True)
        for n, each in enumerate((5, 7)):
            write_colours(folder / "clips" / label / f"{label}{n}.mp4", colours, each=each)
    (folder / "day.json").write_text(json.dumps({"scripts": SCRIPTS}))
    return folder


@pytest.fixture
def evaluate(data, colour_model):
    def run(out, *words, labels=("--labels", "sunrise,sunset")):
        return actalign(
            *("eval", "clips", "clips", "--scripts", "day.json", "--model", colour_model),
            *("--smoothing", 0, "--out", out, *labels, *words),
            cwd=data, ACTALIGN_CACHE=data / "cache",
        )  # fmt: skip

    return run


def results(data, out):
    return json.loads((data / out / "results.json").read_text())["scorers"]


AGAINST_CLIPS = ("--background", "clips")


def test_none_is_right_for_clips_of_other_labels_and_of_its_own(data, evaluate):
    done = evaluate("none", *AGAINST_CLIPS, "--none", "nothing")
    assert done.returncode == 0, done.stderr
    assert "no script for 'nothing'" not in done.stderr
    found = results(data, "none")
    assert list(found) == ["competitive"]
    figures = found["competitive"]
    assert (figures["n"], figures["top1"]) == (8, 1)
    assert figures["chance"]["top1"] == pytest.approx(1 / 3)
    assert figures["none"]["others"]["hits"] == figures["none"]["others"]["n"] == 4
    assert (figures["none"]["candidates"]["hits"], figures["none"]["candidates"]["n"]) == (0, 4)
    said = (
        "'nothing' is best in 4 of 4 clips of other actions and in 0 of 4 clips of the candidates"
    )
    assert f"competitive: {said}" in done.stdout
    rows = {row["clip"]: row for row in read_rows(data / "none" / "predictions.jsonl")}
    assert {rows[f"{label}{n}"]["target"] for label in ("nothing", "sea") for n in (0, 1)} == {
        "nothing"
    }
    assert rows["sea0"]["background"] == "the run's 7 other clips (transductive)"
    assert "is compared by its words" not in done.stderr
    # Without it, clips of other labels are counted apart; those of a class are of that class.
    apart = evaluate("apart")
    assert "is compared by its words" not in apart.stderr
    assert "8 samples" in apart.stdout
    assert "4 without a clip (no answer 4)" in apart.stdout


def test_a_run_against_its_own_clips_scores_as_align_does_and_is_gone_on_with_and_reported(
    data, evaluate, colour_model
):
    every = ("--labels", ",".join(CLIPS))
    where = {"cwd": data, "ACTALIGN_CACHE": data / "cache"}
    done = evaluate("own", *AGAINST_CLIPS, labels=every)
    assert done.returncode == 0, done.stderr
    for words in (
        ("encode", "clips", "--model", colour_model, "--out", "store"),
        ("align", "store", "--scripts", "day.json", *every, *AGAINST_CLIPS, "--smoothing", 0,
         "--out", "aligned.jsonl"),
    ):  # fmt: skip
        ended = actalign(*words, **where)
        assert ended.returncode == 0, ended.stderr
    rows = {
        row["clip"]: {one["label"]: one["score"] for one in row["candidates"]}
        for row in read_rows(data / "own" / "predictions.jsonl")
        if row["scorer"] == "competitive"
    }
    aligned = {
        row["clip"]: {one["label"]: one["score"] for one in row["candidates"]}
        for row in read_rows(data / "aligned.jsonl")
    }
    assert len(rows) == 8
    for clip, scores in rows.items():
        assert scores == pytest.approx(aligned[clip])
    before = (data / "own" / "predictions.jsonl").read_bytes()
    again = evaluate("own", *AGAINST_CLIPS, "--resume", labels=every)
    assert again.returncode == 0, again.stderr
    assert (data / "own" / "predictions.jsonl").read_bytes() == before
    other = evaluate("own", "--resume", labels=every)
    assert other.returncode == 2
    assert "was run with background 'clips', not None" in other.stderr
    told = actalign("report", "own", **where)
    assert told.returncode == 0, told.stderr
    assert "Best alignments" in (data / "own" / "report.html").read_text()


def test_a_temperature_is_fitted_printed_and_taken_and_unsure_answers_are_refused(
    data, evaluate, colour_model
):
    """Two equal clips of two labels are a wrong answer to learn from."""
    (data / "all.csv").write_text(
        "video,label\n"
        + "".join(
            f"{label}/{label}{n}.mp4,{list(SCRIPTS)[n] if label == 'sea' else label}\n"
            for label in ("sunrise", "sunset", "sea")
            for n in (0, 1)
        )
    )
    shared = ("--truth", "all.csv", "--scorer", "dtw,mean_pool")
    done = evaluate("fit", *shared)
    assert done.returncode == 0, done.stderr
    found = results(data, "fit")
    assert found["dtw"]["top1"] < 1
    assert "calibration" not in found["dtw"]  # none is made up
    rows = [row for row in read_rows(data / "fit" / "predictions.jsonl") if row["scorer"] == "dtw"]
    scores = [[c["score"] for c in row["candidates"]] for row in rows]
    answers = [row["rank"] - 1 for row in rows]
    value = found["dtw"]["temperature"]["value"]
    assert value == pytest.approx(fit_temperature(scores, answers))
    assert found["dtw"]["temperature"]["n"] == 6
    printed = next(line for line in done.stdout.splitlines() if "fitted on these clips" in line)
    assert f"dtw={value:.4g}" in printed
    flag = printed.partition("--temperature ")[2]
    assert evaluate("fit", *shared, "--resume", "--temperature", flag).returncode == 2
    # What was printed is what is taken, also by a run of the same clips, and by classify.
    one = ("--truth", "all.csv", "--scorer", "dtw", "--temperature", f"{value:.4g}")
    sure = evaluate("sure", *one, "--min-confidence", 0.6)
    assert sure.returncode == 0, sure.stderr
    given = results(data, "sure")["dtw"]
    refused = [row for row in read_rows(data / "sure" / "predictions.jsonl") if not row["label"]]
    assert given["answered"]["refused"] == len(refused) > 0
    assert given["answered"]["n"] + len(refused) == given["n"] == 6
    assert all(row["confidence"] < 0.6 and row["predicted_index"] is None for row in refused)
    assert given["top1"] == found["dtw"]["top1"]  # of the ranking, whatever was refused
    assert given["calibration"]["n"] == 6
    assert f"dtw: {len(refused)} of 6 answers refused" in sure.stdout
    # With those of other scorers beside it, too: that of the scorer in use is picked.
    flag += ",mean_pool=0.02"
    words = ("--scripts", "day.json", "--smoothing", 0, "--labels", "sunrise,sunset,sea", "--json")
    clip = ("classify", "clips/sea/sea0.mp4", "--model", colour_model)
    for scorer in ("dtw", "mean_pool"):
        one = actalign(*clip, *words, "--scorer", scorer, "--temperature", flag, cwd=data)
        assert json.loads(one.stdout)["confidence"] > 0
    wrong = actalign(*clip, *words, "--scorer", "order_free", "--temperature", flag, cwd=data)
    assert (wrong.returncode, "this run uses order_free" in wrong.stderr) == (2, True)
    typo = actalign(*clip, *words, "--scorer", "dtw", "--temperature", "dtv=1,dtw=1", cwd=data)
    assert (typo.returncode, "no scorer 'dtv'" in typo.stderr) == (2, True)


def test_what_a_run_can_not_refuse_is_said_before_a_clip_is_encoded(data, evaluate):
    for words, message in (
        (("--none", "x"), "The scorer dtw can't tell when none of the candidates fits"),
        (("--none", " "), "--none is empty; give a value"),
        (("--min-confidence", 0.5), "The scorer dtw gives no confidence"),
        (("--temperature", "1"), "for 2 scorers; name its own, such as own=1"),
        (("--temperature", "hmm=1"), "There is no scorer 'hmm'"),
        (("--temperature", "dtw_mean=1"), "the scorer dtw_mean, but this run uses dtw, mean_pool"),
        (("--repeats", "often"), "often"),
        ((*AGAINST_CLIPS, "--examples", "clips"), "--examples can't be used with --backgr"),
    ):
        done = evaluate("refused", *words)
        assert done.returncode == 2, words
        assert message in done.stderr
        assert not (data / "refused" / "embeddings").exists()


def test_repetitions_are_found_where_asked_and_their_steps_are_timed_by_number(data, colour_model):
    write_colours(data / "twice.mp4", ["red", "green"] * 2, each=10)
    lines = [
        {"format": "actalign-questions-1", "name": "again"},
        {
            "id": "twice", "video": "twice.mp4", "choices": ["x", "y"], "answer": 0,
            "scripts": [["red", "green"], ["blue", "white"]],
            "intervals": [{"start": n, "end": n + 1, "step": n % 2} for n in range(4)],
        },
    ]  # fmt: skip
    (data / "q.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shared = ("eval", "clips", "q.jsonl", "--model", colour_model, "--scorer", "dtw", "--smoothing",
              0, "--fps", "all")  # fmt: skip
    found = {}
    for often in ("no", "2"):
        done = actalign(*shared, "--out", f"r{often}", "--repeats", often, cwd=data)
        assert done.returncode == 0, done.stderr
        [row] = read_rows(data / f"r{often}" / "predictions.jsonl")
        found[often] = row
    assert "repetitions" not in found["no"]["candidates"][0]
    assert len(found["2"]["candidates"][0]["repetitions"]) == 2
    assert found["2"]["mean_iou"] > 0.9 > found["no"]["mean_iou"]


def test_a_clip_too_short_for_the_repetitions_is_unscored_and_the_others_are_not(
    data, colour_model
):
    for label, colours in {"one": ["red", "green"], "two": ["green", "red"] * 4}.items():
        (data / "sized" / label).mkdir(parents=True)
        write_colours(data / "sized" / label / f"{label}.mp4", colours, each=3)
    scripts = {"scripts": {"one": ["red", "green"], "two": ["green", "red"]}}
    (data / "sized.json").write_text(json.dumps(scripts))
    done = actalign(
        "eval", "clips", "sized", "--scripts", "sized.json", "--model", colour_model, "--scorer",
        "dtw", "--repeats", 4, "--out", "sized-run", cwd=data,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dtw: 1 unscored (too short 1)." in done.stdout
    [left_out] = read_rows(data / "sized-run" / "errors.jsonl")
    assert left_out["clip"] == "one"
    assert "4 repetitions of 2 steps don't fit" in left_out["error"]
    [row] = read_rows(data / "sized-run" / "predictions.jsonl")
    assert (row["clip"], row["label"]) == ("two", "two")


def question(choices, answer, **fields):
    return Question(id="q", video="q.mp4", choices=choices, answer=answer, **fields)


def test_a_class_that_stands_for_none_of_the_others_is_pointed_out(data, evaluate):
    done = evaluate("told", labels=("--labels", "sunrise,sunset,nothing"))
    assert done.returncode == 0, done.stderr
    said = (
        "'nothing' is compared by its words, as an action is; if its clips show none of the other"
    )
    assert f"{said} actions, add --none nothing" in " ".join(done.stderr.split())
    done = evaluate("both", labels=("--labels", "sunrise,other,nothing"))
    assert "'other' and 'nothing' are compared by their words" in " ".join(done.stderr.split())
    assert "one label and add --none other" in " ".join(done.stderr.split())


def test_none_is_the_last_choice_and_the_answers_follow():
    def asked(one, *others):
        [found] = with_none(QuestionSet("s", (one,), others=frozenset(others)), "None").questions
        return found

    found = asked(question(("none", "a", "b"), 2, scripts=(("n",), ("a1",), ("b1", "b2"))))
    assert (found.choices, found.target) == (("a", "b", "None"), "b")
    assert found.scripts == (("a1",), ("b1", "b2"), ("None",))
    assert asked(question(("none", "a"), 0)).target == "None"
    assert asked(question(("a", "b"), None)).target is None
    assert asked(question(("a", "b"), None), "q").target == "None"
    timed = question(("a", "none"), 1, intervals=(Interval(0, 1, 3),))
    assert asked(timed).intervals is None
    with pytest.raises(UsageError, match="has no candidate besides 'None'"):
        asked(question(("none",), 0))


def row(target, scores, **more):
    ranked = sorted(scores, key=lambda label: -scores[label])
    return {
        "clip": f"{target} {scores}", "scorer": "dtw", "target": target, "label": ranked[0],
        "filtered_resps": [ranked[0]], "rank": ranked.index(target) + 1,
        "candidates": [{"label": label, "score": scores[label]} for label in ranked], **more,
    }  # fmt: skip


def test_no_temperature_is_fitted_where_the_clips_can_not_tell():
    def lines(*rows):
        return refusal_lines(summarise(rows, [], scorers=("dtw",), total=len(rows)))

    right, wrong = row("a", {"a": 0.9, "b": 0.1}), row("b", {"a": 0.9, "b": 0.1})
    assert lines(right) == [
        "dtw: no temperature can be fitted on these clips: every answer is right, so nothing says "
        "how sure to be"
    ]
    near = {"b": 0.6, "a": 0.5, "c": 0.0}
    assert "no answer is right" in lines(row("a", near))[0]
    assert "score no higher than others" in lines(right, wrong)[0]
    fitted, few = lines(right, right, wrong)
    assert fitted.startswith("fitted on these clips, for others: --temp")
    assert few == "3 clips are few for that; confidences that use it may be far off"
    assert len(lines(*[right, right, wrong] * 10)) == 1


@pytest.mark.parametrize("scale", [1e-7, 1.0, 1e6])
def test_a_temperature_is_found_whatever_the_scale_of_the_scores(scale):
    scores = [np.array([0.9, 0.1]), np.array([0.6, 0.3]), np.array([0.5, 0.4])]
    found = fit_temperature([one * scale for one in scores], [0, 0, 1])
    assert found == pytest.approx(scale * fit_temperature(scores, [0, 0, 1]), rel=1e-6)
