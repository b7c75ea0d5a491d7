"""Settings chosen on folds, and the file that every verb reads them from."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest

from actalign.errors import UsageError
from actalign.evaluation import Question
from actalign.evaluation._settings import read_settings, settings_name, write_settings
from actalign.evaluation._tune import Setting, _best, _chosen, _Table, folds_of, setting_lines
from actalign.rows import read_rows
from tests.colour_clips import write_colours
from tests.command import actalign


def questions(labels, subjects=None):
    return [
        Question(
            id=f"{n}",
            video=f"{n}.mp4",
            choices=("a", "b"),
            answer="ab".index(label),
            subject=None if subjects is None else subjects[n],
        )
        for n, label in enumerate(labels)
    ]


def test_folds_keep_subjects_together_and_spread_labels():
    labels = "ab" * 20
    fold = folds_of(questions(labels), 5)
    assert sorted(Counter(fold.tolist()).values()) == [8] * 5
    for one in range(5):
        assert Counter(np.array(list(labels))[fold == one].tolist()) == {"a": 4, "b": 4}
    people = [f"p{n % 7}" for n in range(40)]
    fold = folds_of(questions(labels, people), 5)
    assert all(len({fold[n] for n in range(40) if people[n] == p}) == 1 for p in set(people))
    assert len(set(fold.tolist())) == 5
    assert len(set(folds_of(questions("ab", ["x", "y"]), 5).tolist())) == 2
    with pytest.raises(UsageError, match="2 clips of 1 subjects"):
        folds_of(questions("ab", ["x", "x"]), 5)


def test_of_equally_right_settings_the_one_with_better_ranks_and_then_the_cheaper_one_is_taken():
    assert _best(np.array([[1, 2], [2, 1], [1, 3]]), [5, 5, 5]) == 0
    assert _best(np.array([[1, 3], [1, 2]]), [1, 9]) == 1
    assert _best(np.array([[1, 2], [1, 2]]), [9, 1]) == 1


def test_the_cost_of_a_setting_is_not_that_of_its_first_clip():
    seconds = np.array([[0.9, 0.004, 0.005, 0.003], [0.002, 0.002, 0.002, 0.002]])
    table = _Table(questions("abab"), np.ones((2, 4), int), np.full((2, 4), 30.0), seconds)
    assert table.cost(0) == {"frames": 30.0, "scoring_ms": 4.5}
    assert table.cost(1) == {"frames": 30.0, "scoring_ms": 2.0}


class Table:
    """Ranks as they come from scoring."""

    def __init__(self, ranks):
        self.ranks = np.array(ranks)
        self.questions = questions("ab" * (self.ranks.shape[1] // 2))

    def cost(self, setting):
        return {"frames": 10.0, "scoring_ms": 1.0}


def settings(count):
    return [Setting("dtw", float(n), None, "{step}", None) for n in range(count)]


def test_what_is_reported_is_of_clips_that_had_no_part_in_the_choice():
    """Against the definition: each fold answered by the setting that is best on the others."""
    rng = np.random.default_rng(3)
    ranks = rng.integers(1, 4, (30, 40))
    table = Table(ranks)
    found = _chosen(settings(30), table, 5)
    fold = folds_of(table.questions, 5)
    right = 0
    for one in range(5):
        inside = fold == one
        shares = (ranks[:, ~inside] == 1).mean(axis=1)
        top = np.flatnonzero(shares == shares.max())
        best = top[np.argmax((1 / ranks[top][:, ~inside]).mean(axis=1))]
        right += int((ranks[best, inside] == 1).sum())
    assert found["left_out"]["hits"] == right
    # With nothing to choose by, the best of thirty looks good where it was chosen, and isn't.
    assert found["on_the_same_clips"]["top1"] >= 0.45
    assert found["left_out"]["top1"] < found["on_the_same_clips"]["top1"]
    assert found["gain"]["mcnemar_p"] > 0.05


def test_a_setting_that_is_better_everywhere_is_found():
    ranks = np.full((3, 40), 2)
    ranks[2] = 1
    found = _chosen(settings(3), Table(ranks), 5)
    assert found["chosen"]["smoothing_seconds"] == 2
    assert (found["left_out"]["top1"], found["gain"]["value"]) == (1, 1)
    assert all(one["chosen"] == found["chosen"] for one in found["folds"])


def test_a_setting_of_one_wording_says_so_in_english():
    tried = [Setting("dtw", 0.0, None, "{step}", wordings) for wordings in (1, 2, None)]
    lines = setting_lines(_chosen(tried, Table(np.ones((3, 40), int)), 5))
    said = [line.rpartition(", ")[2] for line in lines[1:]]
    assert said == ["1 wording", "2 wordings", "all wordings"]


def test_the_chosen_setting_is_listed_first():
    """Among equals it is the one with fewer frames, which may be the last of many."""
    tried = settings(12)
    table = Table(np.ones((12, 40), int))
    table.cost = lambda n: {"frames": 5.0 if n == 11 else 10.0, "scoring_ms": 1.0}
    found = _chosen(tried, table, 5)
    assert found["chosen"]["smoothing_seconds"] == 11
    assert "5 frames, 1.0 ms a clip: dtw, smoothing 11 s" in setting_lines(found)[1]


def test_settings_are_written_and_read_and_named(tmp_path):
    path = tmp_path / "settings.yaml"
    values = {"scorer": "dtw", "fps": "all", "smoothing": 0.5, "step_template": "{step}: yes"}
    write_settings(path, values, "Chosen\nby hand")
    assert path.read_text().startswith("# Chosen\n# by hand\nscorer:")
    read = read_settings(path)
    assert read == {
        "scorer": "dtw",
        "fps": "all",
        "smoothing": "0.5",
        "step_template": "{step}: yes",
    }
    name = settings_name(path)
    path.write_text(path.read_text().replace("by hand", "again"))
    assert settings_name(path) == name  # the settings are the same
    path.write_text(path.read_text().replace("0.5", "0.6"))
    assert settings_name(path) != name
    for text, message in {
        "smooth: 1\n": "have the unknown key 'smooth'; known are model, scorer",
        "- 1\n": "must hold a mapping",
        "fps: [1]\n": "value of fps",
        "fps: 1\nfps: 2\n": "occurs twice",
        "scorer: dtw,dwt\n": "^The scorer in .*settings.yaml is wrong: There is no scorer 'dwt';",
        "scorer: ''\n": "^The scorer in .*settings.yaml is wrong: .* names no scorer; give one",
        "smoothing: -1\n": "^The smoothing in .*settings.yaml is '-1'; give 0 or more seconds",
        "smoothing: half\n": "^The smoothing in .*settings.yaml is 'half'; give 0 or more",
        "fps: 0\n": "^The fps in .*settings.yaml is '0'; give a number above 0, or 'all'",
        "step_template: step\n": "^The step_template in .*settings.yaml is 'step'; give a text",
        "wordings: 0\n": "^The wordings in .*settings.yaml is '0'; give a whole number",
        "wordings: 1.5\n": "^The wordings in .*settings.yaml is '1.5'; give a whole number",
    }.items():
        path.write_text(text)
        with pytest.raises(UsageError, match=message):
            read_settings(path)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, colour_model):
    """Ten clips whose order only DTW reads, and what was chosen for them."""
    folder = tmp_path_factory.mktemp("tune")
    for label, colours in {"x": ["red", "green"], "y": ["green", "red"]}.items():
        (folder / "clips" / label).mkdir(parents=True)
        for n in range(5):
            write_colours(folder / "clips" / label / f"{label}{n}.mp4", colours, each=4)
    scripts = {"x": ["red", "green"], "y": ["green", "red"]}
    (folder / "scripts.json").write_text(json.dumps({"scripts": scripts}))
    done = actalign(
        *("eval", "tune", "clips", "--scripts", "scripts.json", "--model", colour_model),
        *("--out", "tuned", "--scorer", "mean_pool,dtw", "--smoothing", "0", "--fps", "5,all"),
        *("--step-template", "a {step} thing"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_tune_chooses_and_says_what_it_is_worth(tuned):
    folder, said = tuned
    found = json.loads((folder / "tuned" / "tuning.json").read_text())
    assert found["chosen"]["scorer"] == "dtw"
    assert found["left_out"]["top1"] == 1
    assert len(found["settings"]) == 9  # the model's own, and 2 x 1 x 2 x 2
    assert {one["frames"] for one in found["settings"]} == {4, 8}
    assert found["chosen"]["fps"] == 5  # as right, and half the frames
    assert "right on clips that had no part in the choice: 100.00" in said
    assert said.count(" wordings\n") == 8
    assert "\nand 1 more setting: tuning.json has all\n" in said


def test_settings_name_the_background_that_their_scorer_needs(tuned, colour_model):
    folder, _ = tuned
    done = actalign(
        *("eval", "tune", "clips", "--scripts", "scripts.json", "--model", colour_model),
        *("--out", "against", "--scorer", "competitive", "--smoothing", "0", "--fps", "5"),
        *("--background", "clips"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    found = read_settings(folder / "against" / "settings.yaml")
    assert (found["scorer"], found["background"]) == ("competitive", "clips")
    done = actalign(
        *("classify", "clips", "--scripts", "scripts.json", "--settings", "against/settings.yaml"),
        *("--out", "against.jsonl"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    rows = read_rows(folder / "against.jsonl")
    assert {row["scorer"] for row in rows} == {"competitive"}
    assert all("transductive" in row["background"] for row in rows)
    assert "background" not in read_settings(folder / "tuned" / "settings.yaml")


def test_every_verb_reads_the_settings_and_rows_name_them(tuned, colour_model):
    folder, _ = tuned
    run = ["classify", "clips", "--scripts", "scripts.json", "--settings", "tuned/settings.yaml"]
    done = actalign(*run, "--out", "p.jsonl", "--store", "store", cwd=folder)
    assert done.returncode == 0, done.stderr
    rows = read_rows(folder / "p.jsonl")
    assert {row["scorer"] for row in rows} == {"dtw"}
    assert {row["frames"] for row in rows} == {4}
    assert {row["smoothing_seconds"] for row in rows} == {0}
    assert all(row["settings"]["settings"].startswith("settings.yaml (") for row in rows)
    done = actalign(*run, "--fps", "all", "--out", "p.jsonl", "--store", "store", cwd=folder)
    assert {row["frames"] for row in read_rows(folder / "p.jsonl")} == {8}  # what is given wins
    done = actalign(
        *("eval", "clips", "clips", "--scripts", "scripts.json", "--out", "run"),
        *("--settings", "tuned/settings.yaml"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    rows = read_rows(folder / "run" / "predictions.jsonl")
    assert [row["settings"]["settings"] for row in rows]
    assert {row["frames"] for row in rows} == {4}
    config = json.loads((folder / "run" / "config.json").read_text())["config"]
    assert config["settings"].startswith("settings.yaml (")
    done = actalign(
        "encode", "clips", "--settings", "tuned/settings.yaml", "--out", "s", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    done = actalign("classify", "clips", "--labels", "x", "--settings", "none.yaml", cwd=folder)
    assert done.returncode == 2
    assert "The settings none.yaml can't be read" in done.stderr


@pytest.mark.parametrize(
    ("option", "first", "wrong", "wanted"),
    [
        *(("--wordings", "all", n, "whole numbers above 0, or all") for n in ("0", "1.6", "own")),
        *(("--smoothing", "own", s, "seconds of 0 or more, or own") for s in ("-1", "nan", "x")),
    ],
)
def test_a_wrong_value_to_try_is_named(tuned, colour_model, option, first, wrong, wanted):
    folder, _ = tuned
    done = actalign(
        *("eval", "tune", "clips", "--scripts", "scripts.json", "--model", colour_model),
        *("--out", "wrong", option, f"{first},{wrong}"),
        cwd=folder,
    )
    assert done.returncode == 2
    assert f"{option} has '{wrong}'; give {wanted}." in done.stderr


def test_what_was_chosen_for_another_model_is_not_written_over(tuned):
    folder, _ = tuned
    before = (folder / "tuned" / "settings.yaml").read_text()
    done = actalign(
        *("eval", "tune", "clips", "--scripts", "scripts.json", "--model", "body"),
        *("--out", "tuned", "--scorer", "dtw"),
        cwd=folder,
    )
    assert done.returncode == 2
    assert "; give another --out for body." in done.stderr
    assert (folder / "tuned" / "settings.yaml").read_text() == before


def test_a_clip_that_fails_is_left_out_and_ends_the_command_with_1(tuned, colour_model, tmp_path):
    folder, _ = tuned
    shutil.copytree(folder / "clips", tmp_path / "clips")
    (tmp_path / "clips" / "x" / "broken.mp4").write_bytes(b"no video")
    done = actalign(
        *("eval", "tune", "clips", "--scripts", folder / "scripts.json", "--model", colour_model),
        *("--out", "tuned", "--scorer", "dtw", "--smoothing", "0", "--fps", "5"),
        cwd=tmp_path,
    )
    assert done.returncode == 1
    found = json.loads((tmp_path / "tuned" / "tuning.json").read_text())
    assert (found["clips"], found["failed"]) == (10, 1)


def test_progress_counts_only_the_clips_of_the_labels_that_are_asked_for(
    tuned, colour_model, tmp_path
):
    folder, _ = tuned
    shutil.copytree(folder / "clips", tmp_path / "clips")
    shutil.copytree(folder / "clips" / "y", tmp_path / "clips" / "z")
    done = actalign(
        *("eval", "tune", "clips", "--scripts", folder / "scripts.json", "--model", colour_model),
        *("--out", "tuned", "--scorer", "dtw", "--smoothing", "0", "--fps", "5"),
        *("--labels", "x,y"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "/20]" in done.stderr  # ten clips at two numbers of frames a second: all, and 5
