"""Backgrounds, confidences and wordings from the command line, on videos of colours."""

import csv
import json
import re
from dataclasses import replace

import pytest

from actalign.background import read_background, write_background
from actalign.demo import demo_clips
from tests.colour_clips import write_colours
from tests.command import actalign

SCRIPTS = {"sunrise": ["black", "red", "yellow"], "sunset": ["yellow", "red", "black"]}


@pytest.fixture
def videos(tmp_path):
    for name, colours in (
        ("rise", ["black", "red", "yellow"]),
        ("set", ["yellow", "red", "black"]),
        ("rainbow", ["red", "green", "blue", "white"]),
    ):
        write_colours(tmp_path / f"{name}.mp4", colours)
    (tmp_path / "day.json").write_text(json.dumps({"scripts": SCRIPTS}))
    return tmp_path


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_background_is_made_of_videos_or_a_store_and_used(videos, colour_model):
    def run(*words):
        ended = actalign(*words, cwd=videos, ACTALIGN_CACHE=videos / "cache")
        assert ended.returncode == 0, ended.stderr
        return ended

    model = ("--model", colour_model)
    run("encode", "rise.mp4", "set.mp4", "rainbow.mp4", *model, "--out", "store")
    run("background", "store", "--out", "stored.safetensors")
    said = run("background", "rise.mp4", "set.mp4", "rainbow.mp4", *model, "--out", "b")
    made, stored = read_background(videos / "b"), read_background(videos / "stored.safetensors")
    assert made.digest == stored.digest
    assert f"{made.count} frames of 3 clips" in said.stderr
    assert f"{made.count} frames are few: scores measured against them may be" in said.stderr
    shared = (*model, "--scripts", "day.json")
    run("classify", "rise.mp4", "set.mp4", *shared, "--background", "b", "--out", "rows.jsonl")
    found = rows(videos / "rows.jsonl")
    assert [row["label"] for row in found] == ["sunrise", "sunset"]
    assert {row["scorer"] for row in found} == {"competitive"}
    assert {row["background"] for row in found} == {f"b, {made.count} frames"}
    # Without one, the paper's.
    run("classify", "rise.mp4", *shared, "--out", "plain.jsonl")
    [plain] = rows(videos / "plain.jsonl")
    assert plain["scorer"] == "dtw"
    assert "background" not in plain


def test_a_background_may_lie_beside_the_clips_or_the_embeddings_it_is_made_of(
    videos, colour_model
):
    def run(*words):
        ended = actalign(*words, cwd=videos, ACTALIGN_CACHE=videos / "cache")
        assert ended.returncode == 0, ended.stderr
        return ended.stderr

    model = ("--model", colour_model)
    for _ in range(2):  # the second time it is there
        assert "of 3 clips: b.safetensors" in run(
            "background", ".", *model, "--out", "b.safetensors"
        )
    run("encode", ".", *model, "--out", "store")
    for _ in range(2):
        made = run("background", "store", "--out", "store/b.safetensors")
        assert "of 3 clips: store/b.safetensors" in made
    assert "3 aligned, 0 failed" in run("align", "store", *model, "--scripts", "day.json")


def test_bars_of_several_scorers_say_whose_they_are(videos, colour_model):
    where = {"cwd": videos, "ACTALIGN_CACHE": videos / "cache"}
    model = ("--model", colour_model)
    assert actalign("encode", "rise.mp4", *model, "--out", "store", **where).returncode == 0
    asked = ("align", "store", *model, "--scripts", "day.json", "-v", "--scorer")
    titles = [
        line
        for line in actalign(*asked, "dtw,mean_pool", **where).stdout.splitlines()
        if line.startswith("rise")
    ]
    assert [line.partition(":")[0] for line in titles] == ["rise by dtw", "rise by mean_pool"]
    assert "rise: sunrise" in actalign(*asked, "dtw", **where).stdout


def test_frames_of_embeddings_are_chosen_already(videos, colour_model):
    where = {"cwd": videos, "ACTALIGN_CACHE": videos / "cache"}
    model = ("--model", colour_model)
    assert actalign("encode", "rise.mp4", *model, "--out", "store", **where).returncode == 0
    for option, said in (
        ("--fps", "holds embeddings, whose frames are chosen already; leave --fps"),
        ("--store", "holds embeddings already; leave --store out"),
    ):
        ended = actalign("background", "store", option, "2", "--out", "b", **where)
        assert ended.returncode == 2
        assert f"store {said}" in ended.stderr


def test_clips_that_all_fail_make_no_background(tmp_path, colour_model):
    (tmp_path / "text.mp4").write_text("no video")
    ended = actalign("background", "text.mp4", "--model", colour_model, "--out", "b", cwd=tmp_path)
    assert ended.returncode == 1
    assert "There is no clip to make a background from: all failed." in ended.stderr
    assert not (tmp_path / "b").exists()


def test_the_runs_other_clips_are_a_background_only_where_asked_and_the_row_says_so(
    videos, colour_model
):
    shared = ("--model", colour_model, "--scripts", "day.json", "--background", "clips")
    for words in (
        ("encode", "rise.mp4", "set.mp4", "rainbow.mp4", "--model", colour_model, "--out", "store"),
        ("classify", "rise.mp4", "set.mp4", "rainbow.mp4", *shared, "--out", "rows.jsonl"),
        ("align", "store", *shared, "--scorer", "competitive,dtw", "--out", "again.jsonl"),
    ):
        ended = actalign(*words, cwd=videos, ACTALIGN_CACHE=videos / "cache")
        assert ended.returncode == 0, ended.stderr
    found = {row["clip"]: row for row in rows(videos / "rows.jsonl")}
    assert found["rise"]["label"] == "sunrise"
    assert found["rise"]["background"] == "the run's 2 other clips (transductive)"
    again = rows(videos / "again.jsonl")
    assert [row["scorer"] for row in again] == ["competitive", "dtw"] * 3
    assert [row["clip"] for row in again] == ["rainbow", "rainbow", "rise", "rise", "set", "set"]
    scores = {row["clip"]: row["candidates"] for row in again if row["scorer"] == "competitive"}
    assert scores == {clip: row["candidates"] for clip, row in found.items()}
    assert "background" not in again[1]


def test_none_wins_where_no_script_fits_and_one_candidate_can_be_refused(videos, colour_model):
    shared = ("--model", colour_model, "--scripts", "day.json", "--labels", "sunrise")
    for words in (
        ("background", "rise.mp4", "rainbow.mp4", "set.mp4", *shared[:2], "--out", "b"),
        ("classify", "rise.mp4", "rainbow.mp4", *shared, "--background", "b", "--none", "neither",
         "--out", "rows.jsonl"),
    ):  # fmt: skip
        ended = actalign(*words, cwd=videos, ACTALIGN_CACHE=videos / "cache")
        assert ended.returncode == 0, ended.stderr
    assert "only candidate" not in ended.stderr
    found = rows(videos / "rows.jsonl")
    assert [row["label"] for row in found] == ["sunrise", "neither"]
    none = found[1]["candidates"][0]
    assert (none["has_script"], none["segments"], none["path_length"]) == (False, [], None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--scorer", "competitive"], r"competitive needs a background.*actalign background"),
        (["--none", "x"], r"scorer dtw can't tell when none.* such as competitive"),
        (["--min-confidence", "0.5"], r"The scorer dtw gives no confidence"),
        (["--temperature", "x"], r"--temperature is 'x'; give a number above 0, or SCORER=NUMBER"),
        (["--temperature", "0"], "--temperature is '0'; give a number above 0"),
        (["--temperature", "dtw_mean=1"], r"for the scorer dtw_mean, but this run uses dtw"),
        (["--background", "missing"], r"The background missing can't be read"),
        (["--background", "."], r"The background \. is a folder; give a file that"),
        (["--background", "clips", "--num-shards", "2", "--shard", "0"], r"with --num-shards"),
        (["--background", "clips"], r"but there are 0; give more clips"),
        (["--scorer", "dtw,competitive"], r"--scorer takes one scorer here"),
        (["--scorer", "dtw+path"], r"has 2 parts"),
        (["--smoothing", "nan"], r"The smoothing window is nan s; give 0 or more"),
        (["--smoothing", "-1"], r"The smoothing window is -1.0 s; give 0 or more"),
    ],
)
def test_what_scoring_can_not_do_is_one_sentence(words, message, videos, colour_model):
    ended = actalign(
        "classify", "rise.mp4", "--model", colour_model, "--scripts", "day.json", *words,
        cwd=videos, ACTALIGN_CACHE=videos / "cache",
    )  # fmt: skip
    assert ended.returncode == 2
    assert re.search(message, ended.stderr)
    assert len(ended.stderr.strip().splitlines()) == 1


def test_confidences_are_said_to_compare_candidates_with_advice_that_works(videos, colour_model):
    (videos / "broken.mp4").write_text("no video")
    model = ("--model", colour_model)
    made = actalign("background", "set.mp4", "rainbow.mp4", *model, "--out", "b", cwd=videos)
    assert made.returncode == 0, made.stderr
    how = (*model, "--scripts", "day.json", "--temperature", "1")
    dtw, competitive, broken = (
        actalign("classify", *words, *how, cwd=videos).stderr
        for words in (("rise.mp4",), ("rise.mp4", "--background", "b"), ("broken.mp4",))
    )
    assert "compare these 2 candidates only; a clip may show none of them\n" in dtw
    assert "2 candidates only; if a clip may show none of them, add --none other" in competitive
    assert "1 of 1 clip failed" in broken
    assert "compare these" not in broken


def test_embeddings_of_another_encoder_and_videos_do_not_mix(videos, colour_model):
    where = {"cwd": videos, "ACTALIGN_CACHE": videos / "cache"}
    model = ("--model", colour_model)
    assert actalign("encode", "rise.mp4", *model, "--out", "store", **where).returncode == 0
    ended = actalign("background", "store", "set.mp4", *model, "--out", "b", **where)
    assert ended.returncode == 2
    assert "not both" in ended.stderr
    assert not (videos / "b").exists()


def test_exports_and_figures_show_confidences_and_what_was_refused(videos, colour_model):
    """A background with a temperature, as `fit_temperature` gives it, kept in its file."""
    where = {"cwd": videos, "ACTALIGN_CACHE": videos / "cache"}
    model = ("--model", colour_model, "--scripts", "day.json")
    made = actalign("background", "rise.mp4", "rainbow.mp4", *model[:2], "--out", "b", **where)
    assert made.returncode == 0, made.stderr
    fitted = replace(read_background(videos / "b"), temperatures={"competitive": 1.0})
    write_background(fitted, videos / "b")
    said = {}
    for least in ("0", "1"):
        ended = actalign(
            "classify", "rise.mp4", "rainbow.mp4", *model, "--background", "b", "--none", "neither",
            "--min-confidence", least, "--out", f"{least}.jsonl", "--figure", f"figures{least}",
            **where,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert len(list((videos / f"figures{least}").iterdir())) == 2
        said[least] = ended.stdout
        for kind in ("csv", "label-studio", "inspect", "lmms-eval", "vtt"):
            ended = actalign("export", f"{least}.jsonl", "--to", kind, "--out", f"{kind}{least}",
                             **where)  # fmt: skip
            assert ended.returncode == 0, ended.stderr
    assert "confidence" in said["0"]
    assert "no label (sunrise?)" in said["1"]
    sure, refusing = rows(videos / "0.jsonl")[0], rows(videos / "1.jsonl")[0]
    assert (sure["label"], refusing["label"]) == ("sunrise", None)
    assert sure["confidence"] == refusing["confidence"] > 1 / 3
    lines = (videos / "csv0.csv").read_text().splitlines()
    assert "confidence" in lines[0].split(",")
    assert str(sure["confidence"]) in lines[1]
    for least, choices in (("0", 1), ("1", 0)):
        task = json.loads((videos / f"label-studio{least}" / "tasks.json").read_text())[0]
        found = task["predictions"][0]
        assert found["score"] == sure["confidence"]
        assert sum(one["type"] == "choices" for one in found["result"]) == choices
        answered = json.loads(next(videos.glob(f"lmms-eval{least}*")).read_text().splitlines()[0])
        assert answered["filtered_resps"] == ["sunrise"] * choices


def test_a_confidence_is_told_from_the_least_however_close_they_are(tmp_path):
    clip, labels = demo_clips()[0].path, "push up,pull up,dips"
    asked = ("classify", clip, "--model", "body", "--labels", labels, "--scorer", "dtw")
    [row] = map(json.loads, actalign(*asked, "--json", cwd=tmp_path).stdout.splitlines())
    least = row["confidence"] + 2e-6
    for words in ((), ("--verbose",)):
        ended = actalign(*asked, *words, "--min-confidence", least, "--out", "t.csv", cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert "no label (" in ended.stdout
        [shown, *_] = re.findall(r"(\d+\.\d+)%", ended.stdout)
        assert float(shown) < 100 * least
        [table] = csv.DictReader((tmp_path / "t.csv").read_text("utf-8-sig").splitlines())
        said = re.search(r"confidence (\S+)% below ([\d.]+)%", table["warnings"])
        sure, asked_for = said.groups()
        assert float(sure) < float(asked_for)
        assert len(sure) == len(asked_for) > len("12.34")


def test_a_temperature_that_is_given_or_in_a_file_makes_confidences_of_any_scorer(
    videos, colour_model
):
    """With `dtw`, which needs no background, a file may still hold its temperature."""
    where = {"cwd": videos, "ACTALIGN_CACHE": videos / "cache"}
    model = ("--model", colour_model)
    made = actalign("encode", "rise.mp4", "set.mp4", *model, "--out", "store", **where)
    assert made.returncode == 0, made.stderr
    made = actalign("background", "store", "--out", "b", **where)
    assert made.returncode == 0, made.stderr
    useless = actalign("align", "store", "--scripts", "day.json", "--background", "b", "--scorer",
                       "dtw", **where)  # fmt: skip
    assert "--background has no effect: the scorer dtw needs none" in useless.stderr
    (videos / "truth.csv").write_text("video,label\nrise.mp4,sunrise\nset.mp4,sunset\n")
    for scorers, why in {
        "dtw,mean_pool": "the scorers dtw, mean_pool need none",
        "random,dtw": "the scorer dtw needs none",
        "random": "no scorer is used",
    }.items():
        for given in ("b", "clips"):
            useless = actalign("eval", "clips", ".", "--truth", "truth.csv", "--scripts",
                               "day.json", *model, "--background", given, "--scorer", scorers,
                               "--out", "run", **where)  # fmt: skip
            assert useless.returncode == 2
            assert useless.stderr == f"error: --background has no effect: {why}.\n"
            assert not (videos / "run").exists()
    fitted = replace(read_background(videos / "b"), temperatures={"dtw": 0.25})
    write_background(fitted, videos / "b")
    for out, words in {
        "file": ("--background", "b", "--scorer", "dtw"),
        "given": ("--temperature", 0.25),
        "named": ("--scorer", "mean_pool,dtw", "--temperature", "dtw=0.25,mean_pool=2"),
    }.items():
        done = actalign("align", "store", "--scripts", "day.json", *words, "--out",
                        f"{out}.jsonl", **where)  # fmt: skip
        assert done.returncode == 0, done.stderr
    found = {
        out: [row["confidence"] for row in rows(videos / f"{out}.jsonl") if row["scorer"] == "dtw"]
        for out in ("file", "given", "named")
    }
    assert found["file"] == found["given"] == found["named"]
    assert all(0.5 < one < 1 for one in found["given"])
    [first, *_] = rows(videos / "named.jsonl")
    assert (first["scorer"], first["settings"]["temperature"]) == ("mean_pool", "2.0")
    twice = actalign("align", "store", "--scripts", "day.json", "--scorer", "dtw,mean_pool",
                     "--temperature", "1", **where)  # fmt: skip
    assert twice.returncode == 2
    assert "--temperature is '1' for 2 scorers; name its own, such as dtw=1" in twice.stderr


def test_scorers_that_read_no_background_keep_the_confidence_that_ships(tmp_path):
    """A temperature of `competitive` is of its background; that of `dtw` is of the encoder."""
    where = {"cwd": tmp_path, "ACTALIGN_CACHE": tmp_path / "cache"}
    clips = [clip.path for clip in demo_clips()[:2]]
    asked = ("align", "store", "--labels", "push up,pull up,dips", "--scorer")
    for words in (
        ("encode", *clips, "--model", "body", "--out", "store"),
        ("background", "store", "--out", "b"),
        (*asked, "competitive,dtw", "--background", "b", "--out", "file.jsonl"),
        (*asked, "competitive,dtw", "--background", "clips", "--out", "clips.jsonl"),
        (*asked, "dtw", "--out", "shipped.jsonl", "--min-confidence", 0.3),
    ):
        done = actalign(*words, **where)
        assert done.returncode == 0, done.stderr
    shipped = [row["confidence"] for row in rows(tmp_path / "shipped.jsonl")]
    for out in ("file", "clips"):
        found = rows(tmp_path / f"{out}.jsonl")
        assert [row["confidence"] for row in found if row["scorer"] == "dtw"] == shipped
        assert not any("confidence" in row for row in found if row["scorer"] == "competitive")
    useless = actalign(*asked, "dtw", "--background", "b", "--min-confidence", 0.3, **where)
    assert "--background has no effect: the scorer dtw needs none" in useless.stderr


def test_a_background_is_never_written_over_a_clip(videos, colour_model):
    before = (videos / "rise.mp4").read_bytes()
    ended = actalign("background", ".", "--model", colour_model, "--out", "rise.mp4", cwd=videos)
    assert ended.returncode == 2
    assert "--out is rise.mp4, a video's name" in ended.stderr
    assert (videos / "rise.mp4").read_bytes() == before


def test_of_a_store_of_several_encoders_the_one_that_is_named_makes_the_background(
    videos, colour_model
):
    where = {"cwd": videos, "ACTALIGN_CACHE": videos / "cache"}
    person = demo_clips()[0].path
    for model, clip in (("body", person), (colour_model, "set.mp4")):
        made = actalign("encode", clip, "--model", model, "--out", "store", **where)
        assert made.returncode == 0, made.stderr
    for model, other in (("body", "set"), (colour_model, person.stem)):
        made = actalign("background", "store", "--model", model, "--out", "b", **where)
        assert made.returncode == 1
        assert f"{other}: comes from " in made.stderr
        assert read_background(videos / "b").model_id == str(model)
    mixed = actalign(
        "align", "store", "--model", "body", "--scripts", "day.json", "--background", "b", **where
    )
    assert mixed.returncode == 2, "the wrong file is a wrong option"
    assert "but the encoder is body" in mixed.stderr


@pytest.mark.parametrize(
    ("verb", "offered"),
    [("serve", False), ("live", False), ("subactions diagnose", False), ("classify", True),
     ("align", True), ("eval clips", True)],
)  # fmt: skip
def test_the_help_offers_the_runs_other_clips_only_where_they_are_taken(verb, offered):
    shown = " ".join(actalign(*verb.split(), "--help", COLUMNS=400).stdout.split())
    assert "that steps are measured against" in shown
    assert ("'clips'" in shown) == offered
