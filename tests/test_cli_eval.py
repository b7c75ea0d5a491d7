"""`eval clips` on a mini-atlas and its report, over clips of colours that the model knows."""

import json
import os
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from actalign.cli._main import app
from actalign.clips._store import read_entry, write_entry
from actalign.demo import demo_clips
from actalign.errors import UsageError
from actalign.evaluation._runs import read_run
from actalign.rows import read_rows
from tests.atlas_world import render
from tests.colour_clips import write_colours
from tests.colour_model import save_colour_model
from tests.command import printed_by


def question(number, colours, candidates, answer, kind):
    return {
        "id": f"q{number}",
        "clip": f"clips/q{number}.mp4",
        "domain": "colours",
        "kind": kind,
        "candidates": [{"label": " then ".join(c), "script": c} for c in candidates],
        "answer": answer,
        "intervals": [[i, i + 1] for i in range(len(colours))],
    }


@pytest.fixture
def data(tmp_path):
    orders = [["red", "green"], ["green", "red"]]
    questions = [
        question(0, ["red", "green"], orders, 0, "order-only"),
        question(1, ["green", "red"], orders, 1, "order-only"),
        question(2, ["blue", "red"], [["green", "red"], ["blue", "red"]], 1, "action"),
    ]
    for number, one in enumerate(questions):
        render(tmp_path / "data" / one["clip"], one["candidates"][one["answer"]]["script"])
        assert number == int(one["id"][1:])
    lines = "".join(json.dumps(one) + "\n" for one in questions)
    (tmp_path / "data" / "questions.jsonl").write_text(lines)
    save_colour_model(tmp_path / "model")
    return tmp_path


SCORERS = ("--scorer", "mean_pool,dtw,dtw_steps,dtw_shuffled,dtw_reversed,order_free")


def invoke(*flags):
    result = CliRunner().invoke(app, [str(flag) for flag in flags])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_mini_atlas_and_its_report(data):
    flags = ("eval", "clips", data / "data", *SCORERS, "--model", data / "model")
    result = invoke(*flags, "--out", data / "run", "--smoothing", 0.2)
    assert result.exit_code == 0
    assert "[3/3] q2" in result.stderr
    lines = result.stdout.splitlines()
    dtw = next(line.split() for line in lines if line.startswith("dtw "))
    assert dtw[:3] == ["dtw", "3", "100.00"]
    assert any(line.startswith("3 clips scored, which is few: the intervals") for line in lines)
    assert "dtw: Top-1 on order-only questions 100.00 %" in lines
    assert "dtw_reversed: Top-1 on order-only questions 0.00 %" in lines
    assert "paper" not in result.stdout
    assert lines[-1] == f"next, what to do about it: actalign report {data / 'run'}"
    result = invoke("report", data / "run")
    assert result.exit_code == 0
    page = (data / "run" / "report.html").read_text()
    # Of one domain and one number of candidates these would say the same again.
    assert "By domain" not in page
    assert "By number of candidates" not in page
    assert "2506.22967" not in page
    assert "| dtw | 3 | 100.00 [43.9, 100.0] |" in (data / "run" / "report.md").read_text()


def test_a_report_draws_the_repetitions_that_the_run_did_not_count(tmp_path):
    clip = demo_clips()[0]
    for label in ("clean and press", "lateral raise"):
        (tmp_path / "clips" / label).mkdir(parents=True)
    shutil.copy(clip.path, tmp_path / "clips" / "clean and press")
    flags = ("--model", "body", "--labels", "clean and press,lateral raise", "--domain", "gym")
    result = invoke("eval", "clips", tmp_path / "clips", *flags, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    run = read_run(tmp_path / "run")
    [row] = [row for row in run.of("competitive") if row["status"] == "ok"]
    assert "repetitions" not in row["candidates"][0]
    drawn, _ = run.predict_again(row["clip"], "competitive")
    assert [len(one) for one in drawn.best.repetitions] == [len(drawn.best.segments)]
    assert drawn.best.score == pytest.approx(row["candidates"][0]["score"])


def test_reports_of_several_runs_compare_their_settings(data):
    flags = ("eval", "clips", data / "data", "--scorer", "dtw", "--model", data / "model", "-q")
    runs = {"a": (0.2, 5), "b": (1.5, 5), "c": (0.2, 2)}
    for name, (smoothing, fps) in runs.items():
        settings = ("--smoothing", smoothing, "--fps", fps)
        assert invoke(*flags, "--out", data / name, *settings).exit_code == 0
    result = invoke("report", *(data / name for name in runs))
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 9  # as HTML, Markdown and JSON
    pages = {name: (data / name / "report.html").read_text() for name in runs}
    found = {
        name: [over for over in ("smoothing (s)", "frames a second") if f"<h2>By {over}" in page]
        for name, page in pages.items()
    }
    # b and c each differ from a in one setting, and from each other in both.
    assert found == {
        "a": ["smoothing (s)", "frames a second"],
        "b": ["smoothing (s)"],
        "c": ["frames a second"],
    }
    invoke("report", data / "a")
    assert "By smoothing" not in (data / "a" / "report.html").read_text()


def test_a_run_of_all_frames_is_gone_on_with_only_when_asked(data):
    flags = ("eval", "clips", data / "data", *SCORERS, "--model", data / "model", "-q")
    flags += ("--out", data / "run", "--fps", "all")
    first = invoke(*flags)
    assert first.exit_code == 0
    rows = read_rows(data / "run" / "predictions.jsonl")
    assert len(rows) == 18  # 3 questions, 6 scorers
    assert {row["frames"] for row in rows} == {40}  # 2 s at 20 a second
    assert {row["kind"] for row in rows} == {"order-only", "action"}
    with pytest.raises(UsageError, match="--resume"):
        invoke(*flags)
    again = invoke(*flags, "--resume")
    assert (again.exit_code, again.stdout) == (0, first.stdout)


@pytest.mark.parametrize(
    ("lists", "left_out"),
    [
        ([["red"]], 3),  # too short for the intervals of the data
        ([["red", "red", "green"]], 3),
        ([["white", "blue", "white"], ["Red", "green"]], 2),
    ],
)
def test_true_times_of_other_scripts_are_left_out_and_counted(data, lists, left_out):
    """By the other scripts no step has the number that the intervals of the data give it."""
    scripts = {name: ["black"] for name in ("green then red", "blue then red")}
    (data / "s.json").write_text(json.dumps({"scripts": {**scripts, "red then green": lists}}))
    flags = ("eval", "clips", data / "data", "--scorer", "dtw", "--model", data / "model", "-q")
    result = invoke(*flags, "--scripts", data / "s.json", "--out", data / "run")
    assert result.exit_code == 0
    assert f"dtw: steps in time leave out {left_out} clips" in result.stdout
    figures = json.loads((data / "run" / "results.json").read_text())["scorers"]["dtw"]
    assert figures["steps_left_out"] == left_out
    rows = {row["clip"]: row for row in read_rows(data / "run" / "predictions.jsonl")}
    known = [row["mean_iou"] for row in rows.values() if "mean_iou" in row]
    assert len(known) == 3 - left_out
    assert all(one > 0.8 for one in known)
    assert ("steps" in figures) == bool(known)
    assert invoke("report", data / "run").exit_code == 0
    assert invoke(*flags, "--scripts", data / "s.json", "--out", data / "run", "--resume").stdout


def test_a_clip_that_is_gone_is_unscored(data):
    (data / "data" / "clips" / "q2.mp4").unlink()
    flags = ("eval", "clips", data / "data", *SCORERS, "--model", data / "model", "-q")
    result = invoke(*flags, "--out", data / "run")
    assert result.exit_code == 1
    assert "1 clip not encoded" in result.stdout
    assert invoke("report", data / "run").exit_code == 0


def test_missing_data_and_runs_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"no file or folder .*none"):
        invoke("eval", "clips", tmp_path / "none", "--out", tmp_path / "run")
    with pytest.raises(UsageError, match=r"has no known layout; make one folder per class"):
        invoke("eval", "clips", tmp_path, "--out", tmp_path / "run")
    with pytest.raises(UsageError, match=r"no layout 'x'; choose one of questions, mini-atlas"):
        invoke("eval", "clips", tmp_path, "--out", tmp_path / "run", "--layout", "x")
    with pytest.raises(UsageError, match="not a finished run"):
        invoke("report", tmp_path)
    (tmp_path / "tuning.json").write_text("{}")
    with pytest.raises(UsageError, match="holds what `actalign eval tune` chose, which has no"):
        invoke("report", tmp_path)
    (tmp_path / "tuning.json").unlink()
    with pytest.raises(UsageError, match="no scorer 'nonsense'; choose one of dtw"):
        invoke("eval", "clips", tmp_path, "--out", tmp_path / "run", "--scorer", "nonsense")
    assert not (tmp_path / "run").exists()


def test_clips_that_show_nothing_are_answered_by_chance_and_counted(tmp_path):
    """`body` finds nobody in colours: the first label is not right of all of them."""
    for label in ("one", "two"):
        (tmp_path / "clips" / label).mkdir(parents=True)
        for n in range(8):
            write_colours(tmp_path / "clips" / label / f"{label}{n}.mp4", ["red", "blue"], each=1)
    words = ("--model", "body", "--fps", 2, "--scorer", "competitive,random", "-q")
    done = invoke("eval", "clips", tmp_path / "clips", "--out", tmp_path / "run", *words)
    assert done.exit_code == 0, done.stderr
    assert "competitive: in 16 of 16 clips nothing is seen" in done.stdout
    rows = read_rows(tmp_path / "run" / "predictions.jsonl")
    own = [row for row in rows if row["scorer"] == "competitive"]
    assert {row["label"] for row in own} == {"one", "two"}
    assert all(row["label"] == row["candidates"][0]["label"] for row in own)
    again = invoke("eval", "clips", tmp_path / "clips", "--out", tmp_path / "again", *words)
    assert again.stdout.replace("/again", "/run") == done.stdout
    assert all(row["video"].endswith(f"{row['clip']}.mp4") for row in rows)  # of `random`, too


def test_words_that_the_model_does_not_know_are_said_with_the_figures(tmp_path):
    (tmp_path / "clips" / "Heben").mkdir(parents=True)
    shown = next(iter(demo_clips())).path
    (tmp_path / "clips" / "Heben" / "a.mp4").write_bytes(shown.read_bytes())
    scripts, run = tmp_path / "scripts.json", tmp_path / "run"
    scripts.write_text(json.dumps({"scripts": {"Heben": ["die Hand heben", "die Hand senken"]}}))
    words = ("--scripts", scripts, "--labels", "Heben,squat", "--scorer", "dtw", "--model", "body")
    done = invoke("eval", "clips", tmp_path / "clips", "--out", run, *words)
    assert done.exit_code == 0, done.stderr
    said = (
        "The model knows no word of 2 texts: 'die Hand heben', 'die Hand senken'; their scores "
        "mean nothing."
    )
    assert said in done.stdout.splitlines()
    assert invoke("report", run).exit_code == 0
    report = (run / "report.md").read_text()
    assert said in report
    assert "With 1 clip the accuracy" in report


def test_a_folder_whose_question_file_leaves_videos_out_says_so_and_keeps_its_candidates(data):
    clips = data / "classes"
    for colour in ("red", "green"):
        (clips / colour).mkdir(parents=True)
        write_colours(clips / colour / f"{colour}.mp4", [colour])
    assert invoke("eval", "convert", clips, "--out", clips / "questions.jsonl").exit_code == 0
    write_colours(clips / "red" / "later.mp4", ["red"])
    flags = ("eval", "clips", clips, "--scorer", "dtw", "--model", data / "model")
    done = invoke(*flags, "--out", data / "run")
    assert done.exit_code == 0
    assert "1 video lies in" in done.stderr
    assert "does not ask about (later.mp4)" in done.stderr
    assert len(read_rows(data / "run" / "predictions.jsonl")) == 2
    done = invoke(*flags, "--out", data / "folders", "--layout", "folder")
    assert len(read_rows(data / "folders" / "predictions.jsonl")) == 3
    assert "does not ask about" not in done.stderr
    with pytest.raises(UsageError, match=r"such data have their own .* questions\); leave it out"):
        invoke(*flags, "--out", data / "other", "--labels", "red,green")


def test_embeddings_of_a_store_are_used_whatever_the_clips_are_called_there(data):
    """The colours of two clips are exchanged in the store, so a run that uses it is wrong there."""
    store, names = data / "store", {"q0": "first", "q1": "second"}
    for asked, name in names.items():
        shutil.copy(data / "data" / "clips" / f"{asked}.mp4", data / f"{name}.mp4")
    encoded = [data / f"{name}.mp4" for name in names.values()]
    invoke("encode", *encoded, "--model", data / "model", "--out", store)
    first, second = sorted(store.glob("*.safetensors"))
    clips = [read_entry(first), read_entry(second)]
    write_entry(replace(clips[1], clip_id="first"), first)
    write_entry(replace(clips[0], clip_id="second"), second)

    flags = ("eval", "clips", data / "data", "--scorer", "dtw_steps", "--model", data / "model")
    result = invoke(*flags, "--out", data / "run", "--store", store)
    assert f"embeddings of 2 of 3 clips are from {store}" in result.stderr
    rows = {row["clip"]: row for row in read_rows(data / "run" / "predictions.jsonl")}
    assert [rows[f"q{n}"]["rank"] for n in range(3)] == [2, 2, 1]
    resumed = invoke(*flags, "--out", data / "run", "--store", store, "--resume")
    assert f"of 0 of 3 clips are from {store}; --out had those of 3 already" in resumed.stderr
    # A damaged entry counts as missing.
    next((data / "run" / "embeddings").glob("q0.*")).write_bytes(b"damaged")
    resumed = invoke(*flags, "--out", data / "run", "--store", store, "--resume")
    assert f"of 1 of 3 clips are from {store}; --out had those of 2 already" in resumed.stderr
    # What was taken is in the run's folder now, which needs the store no longer.
    assert len(list((data / "run" / "embeddings").iterdir())) == 3
    shutil.rmtree(store)
    again = invoke(*flags, "--out", data / "run", "--resume")
    assert (again.exit_code, again.stdout) == (0, result.stdout)

    tuned = (*flags[:1], "tune", *flags[2:], "--out", data / "tuned", "--folds", 2)
    assert "3 of 3 clips are from" in invoke(*tuned, "--store", data / "run/embeddings").stderr


def test_a_run_takes_what_classify_cached_and_refuses_a_store_without_embeddings(data):
    invoke("classify", data / "data" / "clips", "--labels", "red,green", "--model", data / "model")
    flags = ("eval", "clips", data / "data", "--scorer", "mean_pool", "--model", data / "model")
    assert "embeddings of 3 of 3 clips are from" in invoke(*flags, "--out", data / "run").stderr
    assert "are from" not in invoke(*flags, "--out", data / "quiet", "--quiet").stderr
    with pytest.raises(UsageError, match="nowhere"):
        invoke(*flags, "--out", data / "none", "--store", data / "nowhere")
    assert not (data / "none").exists()


LISTED = """
import atexit, os, sys
from actalign.cli import main

listed = []
sys.addaudithook(lambda event, about: event == "pathlib.Path.glob" and listed.append(about[0]))
atexit.register(lambda: print("listed", [*map(str, listed)].count(os.environ["ACTALIGN_CACHE"])))
main()
"""


def test_the_cache_is_listed_once_and_left_alone_where_it_has_no_embeddings(data):
    cache = data / "cache"
    where = {**os.environ, "ACTALIGN_CACHE": str(cache)}
    flags = ("eval", "clips", data / "data", "--scorer", "mean_pool", "--model", data / "model")
    cache.mkdir()
    (cache / "notes.safetensors").write_text("not an entry")
    assert "listed 0" in printed_by("-c", LISTED, *flags, "--out", data / "run", env=where)
    shutil.copytree(data / "run" / "embeddings", cache, dirs_exist_ok=True)
    assert "listed 1" in printed_by("-c", LISTED, *flags, "--out", data / "two", env=where)
