"""`actalign subactions diagnose`: steps that say nothing, found on clips of colours."""

import json
import shutil

import numpy as np
import pytest

from actalign.evaluation._diagnosis import diagnose
from actalign.types import Alignment, Candidate, ClipEmbedding, Prediction, Script
from tests.colour_clips import write_colours
from tests.command import actalign

SCRIPTS = {
    # "blue" is in no clip; what "white" says fits the other action's clips more than its own.
    "sunrise": ["black", "red", "blue", "yellow"],
    "grass": ["green", "black", "green"],
    "snow": ["white", "white green"],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory, colour_model):
    folder = tmp_path_factory.mktemp("diagnose")
    write_colours(folder / "rise.mp4", ["black", "red", "yellow"])
    write_colours(folder / "meadow.mp4", ["green", "white", "green", "white"])
    (folder / "day.json").write_text(json.dumps({"scripts": SCRIPTS}))
    ended = actalign(
        "encode", "rise.mp4", "meadow.mp4", "--model", colour_model, "--out", "store", cwd=folder
    )
    assert ended.returncode == 0, ended.stderr
    return folder


def diagnosed(folder, *more):
    return actalign(
        "subactions", "diagnose", "store", "--scripts", "day.json", "--smoothing", "0",
        "--scorer", "dtw", *more, cwd=folder,
    )  # fmt: skip


def test_each_step_is_said_to_be_well_or_at_fault(store):
    ended = diagnosed(store, "--json")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["clips"] == 2
    steps = {(one["label"], one["step"]): one for one in found["steps"]}
    assert [one["number"] for one in found["steps"] if one["label"] == "sunrise"] == [1, 2, 3, 4]
    assert steps["sunrise", "red"]["fault"] is None
    assert steps["sunrise", "red"]["frames"] == steps["sunrise", "red"]["own_frames"] == 10
    assert steps["sunrise", "blue"] | {"number": 0} == {
        "label": "sunrise", "number": 0, "step": "blue", "frames": 0, "clips": 0, "own_frames": 0,
        "fault": "never", "fires_for": None,
    }  # fmt: skip


def test_it_says_so_in_words_and_refuses_an_empty_store(store, tmp_path):
    said = diagnosed(store).stdout
    assert "sunrise, step 3 (blue): never fits best" in said
    assert said.splitlines()[-1].endswith("steps have a fault, on 2 clips")
    assert "of fewer than 3 clips, such a fault may be chance" in said.splitlines()[-2]
    wrong = actalign("subactions", "diagnose", tmp_path, "--labels", "a,b", cwd=store)
    assert wrong.returncode == 2


def planted(label, *columns):
    """A prediction of that answer; columns: (label, step, affinity of each frame)."""
    labels = sorted({name for name, _, _ in columns}, key=lambda name: name != label)
    candidates = []
    for name in labels:
        own = [(step, values) for other, step, values in columns if other == name]
        affinity = np.array([values for _, values in own], np.float32).T
        path = np.array([(t, 0) for t in range(len(affinity))], np.int32)
        script = Script(name, tuple(step for step, _ in own))
        candidates.append(Candidate(name, 0.0, script, True, Alignment(0.0, path, affinity)))
    clip = ClipEmbedding("c", np.ones((4, 1), np.float32), np.arange(4.0), 4.0, "m", "f")
    return Prediction(clip, tuple(candidates), "dtw", 0.0)


def test_faults_are_told_apart_on_planted_affinities():
    found = diagnose(
        [
            planted("a", ("a", "good", [9, 9, 0, 0]), ("a", "any", [0, 0, 0, 9]),
                    ("b", "wrong", [0, 0, 9, 0]), ("b", "mute", [0, 0, 0, 0])),
            planted("b", ("a", "good", [0, 0, 0, 0]), ("a", "any", [9, 0, 9, 9]),
                    ("b", "wrong", [0, 0, 0, 0]), ("b", "mute", [0, 8, 0, 0])),
        ]
    )  # fmt: skip
    assert {one["step"]: (one["fault"], one["frames"]) for one in found["steps"]} == {
        "good": (None, 2),
        "any": ("always", 4),
        "wrong": ("wrong candidate", 1),
        "mute": (None, 1),
    }
    assert found["answers"] == {"a": 1, "b": 1}


def test_a_step_is_not_blamed_for_an_answer_that_most_clips_have():
    """It fires in all frames of its two clips, and in a quarter of each of nine others."""
    own = planted("rare", ("rare", "its", [9, 9, 9, 9]), ("often", "theirs", [0, 0, 0, 0]),
                  ("none", "silent", [0, 0, 0, 0]))  # fmt: skip
    other = planted("often", ("rare", "its", [9, 0, 0, 0]), ("often", "theirs", [0, 9, 9, 0]),
                    ("none", "silent", [0, 0, 0, 9]))  # fmt: skip
    found = {one["step"]: one for one in diagnose([own] * 2 + [other] * 9)["steps"]}
    assert found["its"]["frames"] == 17
    assert found["its"]["fires_for"] == "rare"
    assert found["silent"]["fires_for"] == "often"
    assert [found[step]["fault"] for step in ("theirs", "silent")] == [None, None]


def test_every_wording_is_looked_at_in_every_clip(store):
    worded = {
        "sunrise": [["black", "red", "yellow"], ["black", "blue", "yellow"]],
        "grass": [["green", "white"], ["white", "green"]],
        "snow": [["white green"]],
    }
    (store / "worded.json").write_text(json.dumps({"scripts": worded}))
    ended = actalign(
        "subactions", "diagnose", "store", "--scripts", "worded.json", "--smoothing", "0",
        "--scorer", "dtw", "--json", cwd=store,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    steps = {(one["wording"], one["label"], one["number"]): one for one in found["steps"]}
    assert found["clips"] == 2
    assert sorted(key for key in steps if key[1] != "grass") == [
        *((1, "snow", 1), (1, "sunrise", 1), (1, "sunrise", 2), (1, "sunrise", 3)),
        *((2, "sunrise", 1), (2, "sunrise", 2), (2, "sunrise", 3)),
    ]
    # Though the first wording fits better, the second's steps are looked at too.
    assert steps[1, "sunrise", 2]["fault"] is None
    assert steps[2, "sunrise", 2]["fault"] == "never"
    assert (steps[1, "grass", 1]["frames"], steps[2, "grass", 2]["frames"]) == (20, 20)
    said = actalign(
        "subactions", "diagnose", "store", "--scripts", "worded.json", "--smoothing", "0",
        "--scorer", "dtw", cwd=store,
    )  # fmt: skip
    assert "sunrise, wording 2, step 2 (blue): never fits best" in said.stdout


def test_a_labels_wordings_are_named_together(store):
    worded = {
        "sunrise": [["black", "blue", "yellow"], ["black", "red", "yellow"]],
        "grass": [["green", "white"], ["green", "blue", "white"]],
    }
    (store / "apart.json").write_text(json.dumps({"scripts": worded}))
    said = actalign(
        "subactions", "diagnose", "store", "--scripts", "apart.json", "--smoothing", "0",
        "--scorer", "dtw", cwd=store,
    )  # fmt: skip
    faults = [line.partition(" (")[0] for line in said.stdout.splitlines() if ", wording" in line]
    assert faults == ["grass, wording 2, step 2", "sunrise, wording 1, step 2"]


def test_an_entry_that_cannot_be_read_is_left_out_and_ends_the_command_with_1(store, tmp_path):
    shutil.copytree(store / "store", tmp_path / "store")
    shutil.copy(store / "day.json", tmp_path)
    entry = min((tmp_path / "store").rglob("*.safetensors"))
    entry.write_bytes(entry.read_bytes()[:100])
    ended = diagnosed(tmp_path)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[-1].endswith("on 1 clip")
