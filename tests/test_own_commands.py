"""All commands with an encoder and a scorer of a user's own, by their names."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from actalign import load_encoder
from actalign.alignment import SCORERS, Scorer, align, cosine, get_scorer
from actalign.encoders import ENCODERS
from actalign.errors import EncoderUsageError, UsageError
from tests import command
from tests.colour_clips import write_colours
from tests.test_own_encoders import Images

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_commands.py"


def first_frame(frames, candidates, calibration):
    """How well the first frame shows each candidate's first step."""
    return np.array([float(frames[0] @ steps[0]) for steps in candidates])


@pytest.fixture
def names(monkeypatch):
    monkeypatch.setitem(ENCODERS, "own", Images)
    monkeypatch.setitem(SCORERS, "first", Scorer("first", "steps", first_frame, "the first frame"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Labelled clips of two colours in the two orders, of different lengths, and their scripts."""
    found = tmp_path_factory.mktemp("own")
    for label, colours in {"go": ["red", "green"], "stop": ["green", "red"]}.items():
        (found / "clips" / label).mkdir(parents=True)
        for each in (10, 11):
            write_colours(found / "clips" / label / f"{label}{each}.mp4", colours, each)
    text = '{"scripts": {"go": ["red", "green"], "stop": ["green", "red"]}}'
    (found / "scripts.json").write_text(text, encoding="utf-8")
    return found


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def done(folder, *arguments):
    ended = command.actalign(*arguments, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


BOTH = ("--scripts", "scripts.json", "--model", "own", "--quiet")


def test_clips_are_classified_stored_and_aligned(names, folder, tmp_path):
    done(folder, "classify", "clips", *BOTH, "--scorer", "first", "--out", tmp_path / "found.jsonl")
    for row in rows(tmp_path / "found.jsonl"):
        assert (row["label"], row["scorer"], row["model_id"]) == (row["clip"][:-2], "first", "own")
    done(folder, "encode", "clips", "--model", "own", "--out", tmp_path / "store", "--quiet")
    # The model is found by the name that the store holds.
    scored = ("--scripts", "scripts.json", "--scorer", "dtw,first", "--out", tmp_path / "rows.csv")
    said = done(folder, "align", tmp_path / "store", *scored)
    assert said.count("first") == 4


def test_the_own_scorer_is_evaluated_reported_tuned_and_used_by_its_settings(
    names, folder, tmp_path, monkeypatch
):
    run, tuned = tmp_path / "run", tmp_path / "tuned"
    evaluated = ("eval", "clips", "clips", *BOTH, "--scorer")
    assert "first" in done(folder, *evaluated, "first,mean_pool", "--out", run)
    assert "first" in done(folder, *evaluated, "dtw", "--out", run, "--resume")
    tried = ("--scorer", "own,first", "--folds", 2, "--out", tuned)
    assert "a clip: first" in done(folder, "eval", "tune", "clips", *BOTH, *tried)
    settings = tuned / "settings.yaml"  # of equally good ones the model's own is chosen
    settings.write_text(settings.read_text().replace('scorer: "dtw"', 'scorer: "first"'))
    used = ("classify", "clips", "--scripts", "scripts.json", "--quiet", "--settings", settings)
    done(folder, *used, "--out", tmp_path / "found.jsonl")
    assert {row["scorer"] for row in rows(tmp_path / "found.jsonl")} == {"first"}
    # `actalign report`, which does not know the scorer, reads the run all the same.
    monkeypatch.delitem(SCORERS, "first")
    done(folder, "report", run)
    assert "first" in (run / "report.md").read_text(encoding="utf-8")
    # One that goes on with the run says whose scorer it lacks.
    refused = command.actalign(*evaluated, "dtw", "--out", run, "--resume", cwd=folder)
    assert refused.returncode == 2
    assert f"error: {run} has scores of 'first', a scorer that a program has" in refused.stderr


def test_report_without_the_own_scorer_is_about_it_all_the_same(
    names, folder, tmp_path, monkeypatch
):
    def align_first(frames, candidates, calibration):
        return [align(cosine(frames, steps)) for steps in candidates]

    mine = Scorer("mine", "steps", first_frame, "the first frame", align=align_first)
    monkeypatch.setitem(SCORERS, "mine", mine)
    run, other = tmp_path / "run", tmp_path / "other"
    evaluated = ("eval", "clips", "clips", *BOTH, "--scorer")
    done(folder, *evaluated, "mine,dtw", "--out", run)
    done(folder, *evaluated, "dtw", "--out", other)
    done(folder, "report", run, other)
    drawn, known = ((run / f"report.{kind}").read_text("utf-8") for kind in ("html", "json"))
    monkeypatch.delitem(SCORERS, "mine")
    done(folder, "report", run, other)
    page, same = ((run / f"report.{kind}").read_text("utf-8") for kind in ("html", "json"))
    assert json.loads(same)["findings"]["scorer"] == "mine"
    assert same == known
    said = "only the program that adds the scorer &#x27;mine&#x27; can align with it"
    assert said in page
    assert said not in drawn
    assert "<img" in drawn


def test_a_stream_is_scored_and_a_long_clip_searched(names, folder):
    clip = folder / "clips" / "go" / "go10.mp4"
    seen = done(folder, "live", clip, *BOTH[:4], "--scorer", "first", "--json", "--every", "0.5")
    assert {json.loads(line)["scorer"] for line in seen.splitlines()} == {"first"}
    done(folder, "locate", clip, *BOTH)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--device", "cuda"], "made without options; leave out the device cuda"),
        (["--dtype", "float16"], "leave out the dtype float16"),
        (["--engine", "ray"], "'own' is your own, but Ray loads encoders by name"),
    ],
)
def test_options_that_an_own_encoder_does_not_take_are_refused(names, folder, more, said):
    ended = command.actalign(
        "encode", "clips", "--model", "own", "--out", "store", *more, cwd=folder
    )
    assert ended.returncode == 2
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Images(), "put its class there"),
        (lambda: Images, "is the class Images; give an instance of it"),
        (dict, "{} is not an encoder"),
    ],
)
def test_what_makes_no_encoder_is_said(monkeypatch, entry, said):
    monkeypatch.setitem(ENCODERS, "own", entry)
    with pytest.raises(UsageError, match=said):
        load_encoder("own")


def test_a_slip_of_an_own_encoders_name_is_answered_by_it(monkeypatch):
    monkeypatch.setitem(ENCODERS, "colours", Images)
    with pytest.raises(EncoderUsageError, match="no model 'colors'; did you mean 'colours'"):
        load_encoder("colors")


def test_a_function_among_the_scorers_is_named_and_stops_no_other_command(folder, tmp_path):
    program = tmp_path / "mine.py"
    program.write_text(
        "from actalign.alignment import SCORERS\n"
        "from actalign.cli import main\n"
        "SCORERS['mine'] = lambda frames, candidates, calibration: 0\n"
        "main()\n",
        encoding="utf-8",
    )

    def ended(*arguments):
        return subprocess.run(
            [sys.executable, program, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )

    assert ended("schema").returncode == 0
    wrong = ended("classify", "clips", *BOTH[:2], "--model", "body", "--scorer", "mine")
    assert wrong.returncode == 2
    assert "error: SCORERS['mine'] holds no Scorer of that name; put one there." in wrong.stderr


def test_names_must_agree(monkeypatch):
    monkeypatch.setitem(ENCODERS, "other", Images)
    with pytest.raises(EncoderUsageError, match=r"ENCODERS\['other'\] has the model_id 'own'"):
        load_encoder("other")
    for wrong in (Scorer("first", "steps", first_frame, ""), first_frame):
        monkeypatch.setitem(SCORERS, "second", wrong)
        with pytest.raises(UsageError, match=r"SCORERS\['second'\] holds no Scorer of that name"):
            get_scorer("second")


def test_the_example_program_has_the_commands(folder, tmp_path):
    (tmp_path / "scripts.json").write_text(
        '{"scripts": {"go": ["a red light", "a green light"], "stop": ["a red light"]}}',
        encoding="utf-8",
    )
    program = [sys.executable, EXAMPLE, "classify", folder / "clips" / "go", "--json"]
    options = ["--scripts", "scripts.json", "--model", "colours", "--scorer", "last_step"]
    ended = subprocess.run(
        [*program, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(row["label"], row["scorer"]) for row in found] == [("go", "last_step")] * 2
