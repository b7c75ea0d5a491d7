"""The text tower of the body encoder, on the shipped weights and word vectors."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml

from actalign import ActAlign
from actalign.candidates import Candidates
from actalign.demo import demo_clips
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.encoders.body import _vocabulary as vocabulary
from actalign.encoders.body._text import MAX_TOKENS, TextTower, WordVectors, normalize_text
from actalign.errors import EncoderError
from actalign.rows import read_rows
from actalign.rows._warnings import unknown_words
from actalign.scripts import shipped_scripts
from actalign.scripts._shipped import shipped_domains
from tests.command import actalign

MODEL = Path(str(files("actalign"))) / "encoders/body/model/text.onnx"


CACHED = (vocabulary._groups, vocabulary._all_words, vocabulary._bases, vocabulary._word)
REAL_SCRIPTS = sorted((Path(__file__).parent.parent / "benchmarks/real_poses").glob("*.yaml"))
LOOKED_THROUGH = 39
"""The last wording of which every step that is named was looked at."""


@pytest.fixture(scope="module")
def body():
    return BodyEncoder.from_package()


@pytest.fixture(scope="module")
def tower():
    return TextTower(MODEL)


def test_rows_are_unit_vectors_of_float32(tower):
    rows = tower.encode(["knees bent", "arms overhead"])
    assert rows.dtype == np.float32
    assert rows.shape == (2, 256)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert tower.encode([]).shape == (0, 256)


def test_a_row_never_depends_on_the_other_texts(tower):
    texts = ["arms overhead", "a much longer text about a deep squat with both knees bent", "run"]
    together = tower.encode(texts)
    for k, text in enumerate(texts):
        np.testing.assert_array_equal(tower.encode([text])[0], together[k])


def test_case_spaces_and_full_stop_change_nothing(tower):
    rows = tower.encode(["Knees bent.", "  knees   bent ", "knees bent"])
    np.testing.assert_array_equal(rows[0], rows[2])
    np.testing.assert_array_equal(rows[1], rows[2])
    assert normalize_text(" Arms  UP! ") == "arms up"


def test_sides_differ(tower):
    a, b = tower.encode(["left foot forward", "right foot forward"])
    assert float(a @ b) < 0.95


def test_two_sides_in_one_phrase_differ(tower):
    a, b = tower.encode(["left arm up, right arm down", "right arm up, left arm down"])
    assert float(a @ b) < 0.95


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("knees bent", "bending both legs", "legs straight"),
        ("lying on the back", "face up on the floor", "standing upright"),
        ("arms raised overhead", "reaching up with both hands", "arms hanging by the sides"),
        ("push-up position with straight arms", "high plank", "sitting cross-legged"),
        ("lowering the chest to the floor", "chest sinking toward the ground", "jumping up"),
    ],
)
def test_meaning_beats_other_meanings(tower, text, near, far):
    a, b, c = tower.encode([text, near, far])
    assert float(a @ b) > float(a @ c) + 0.05  # a logit, at the towers' scale of 19


def test_any_text_can_be_encoded(tower):
    rows = tower.encode(["", "zxqv 武術 🙂", "word " * 500])
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(
        tower.encode(["word " * 500])[0], tower.encode(["word " * (MAX_TOKENS + 50)])[0]
    )


def test_vectors_follow_the_ids():
    words = WordVectors()
    ids = words.ids("bent knees")
    assert len(ids) <= MAX_TOKENS
    rows = words.vectors(ids)
    assert rows.shape == (len(ids), 256)
    np.testing.assert_array_equal(words.vectors(ids[::-1]), rows[::-1])


@pytest.mark.parametrize(
    "text",
    ["Kniebeuge", "Arm heben", "die Hand heben", "ein Mann steht still", "flexion du genou",
    "armen open",
    "zxqv 武術 🙂", "", "order 1", "a red ball", "a bird on a stool", "a large machine",
    "eine Rose", "five boxes", "a cable", "candle", "three small books", "a lamp on the right",
    "smoking", "red rings", "a wedding cake", "red planks", "hooks on a rail",
    # In no training text, in whatever form.
    "dunk", "dunks", "somersaults"],
)  # fmt: skip
def test_a_text_without_a_word_about_bodies_is_named(body, text):
    (warning,) = body.text_warnings([text])
    assert (warning.text, warning.unknown) == (text, True)
    assert repr(text) in warning.warning
    assert "no word that body knows" in warning.warning


@pytest.mark.parametrize(
    "text",
    ["squat", "Raise your arms.", "he holds a ball overhead", "PLANK", "opening the door", "arm",
    "person upright on treadmill belt",
    "moving up", "getting up from the floor", "to the side", "rocking side to side", "dancing",
    "fight", "bird dog", "as low as possible", "Zercher squat", "returning to the start",
    "squatted low", "hopped back to a soldier", "lay down on my back, finally",
    "waves hello", "drinks from a cup", "opens the door", "close the lid", "eating", "hurdles",
    "on my back staring up at the bar",
    # Other forms of words that training has in one form only.
    "planks", "side planks", "handstands", "pole vault", "vaulted", "wrestles", "hurries", "prayed",
    "wiping the table", "wipe the table", "hip abductor"],
)  # fmt: skip
def test_a_movement_is_not_named(body, text):
    assert body.text_warnings([text]) == []


def test_every_step_of_the_shipped_scripts_has_a_word_that_it_knows(body):
    wordings = [
        wording
        for scripts in shipped_domains().values()
        for script in scripts
        for wording in script.wordings
    ]
    assert body.text_warnings([step for wording in wordings for step in wording.steps]) == []


def test_the_demos_first_clip_is_right_by_the_scripts_that_ship(body):
    labels = ["deadlift", "clean and press", "thruster"]
    found = ActAlign(body).predict(demo_clips()[0].path, scripts=shipped_scripts(labels))
    assert found.label == "clean and press"


def steps_of(file):
    scripts = yaml.safe_load(file.read_text())["scripts"]
    return [step for script in scripts.values() for step in script]


def test_steps_about_bodies_are_not_named(body):
    wordings = {file: file.stem.partition("_")[2] for file in REAL_SCRIPTS}
    later = {f for f, one in wordings.items() if one.isdigit() and int(one) > LOOKED_THROUGH}
    new = [step for file in later for step in steps_of(file)]
    assert len(new) > 10_000
    assert sum(bool(body.text_warnings([step])) for step in new) < len(new) / 50
    steps = [step for file in wordings if file not in later for step in steps_of(file)]
    # Of a thing only, which a pose doesn't show, of how often, of no part of a body, or of one by
    # its Latin name; and one that lands, which may be a country's.
    things = {
        "10 of those and you're gassed",
        "2-3 secs down",
        "A woman gets on a treadmill.",
        "After the last repetition the bar is returned to the rack",
        "An explosion, and there's daylight under the shoes",
        "And reels it back in",
        "Bar stays vertically above the midfoot",
        "Bring them back without banging the weights",
        "Context - fast cardio exercise on a mat",
        "Context - high-tempo cardio drill in place",
        "Context - home environment without equipment",
        "Context - incline station with rack",
        "Context - person on a treadmill in a gym or at home",
        "Context - rack with plates, possibly a spotter",
        "Context - rehabilitation or home exercise",
        "Continue at a comfortable speed for 20 to 30 seconds.",
        "Continue for 30 seconds.",
        "Cyclic repetition",
        "Five seconds more",
        "For a second he's a table top with a bar on it",
        "Get on the treadmill and clip on the safety cord",
        "Glenohumeral circumduction with small radius, both sides in phase",
        "He does it again a few times.",
        "Humerus fixed on the pad",
        "Humerus stationary",
        "Humerus vertical and static",
        "Land like a cat, straight into the next",
        "Make the circles bigger and bigger",
        "No joint motion",
        "Radius increases or direction reverses",
        "Rapid reciprocal exchange with brief flight",
        "Reduce the speed before you stop.",
        "Release the locks and take the weight",
        "Release the safety handles",
        "Repeats at a steady rhythm",
        "Returns the bar to the floor",
        "Rhythm - fast and repetitive",
        "Slowly allow the handles to come back.",
        "The bar clangs into the rack",
        "The bar clinks back onto the rack",
        "The bar then returns to the floor.",
        "The cycle repeats quickly",
        "The exchange goes on rapidly",
        "The loops gradually become wider",
        "The machine is started and the speed set on the console",
        "The weights travel only a few centimetres",
        "Then the plates drift down again",
        "With a crash the weight goes back to the platform",
        "a man on an incline bench releases dumbbells toward the floor",
        "adjusting seat height on the pec deck machine",
        "and out again",
        "and they drop again, tiny range, light weight",
        "assuming front support",
        "attaching rope or bar to a high cable pulley",
        "attachment returned up to the pulley",
        "back fully in contact with the mat",
        "bar goes down slowly along the slope",
        "bar has to stay over midfoot or you dump it",
        "bar return to floor",
        "barbell driven up to lockout",
        "barbell guided back into the rack hooks",
        "barbell guided back onto the rack hooks",
        "barbell guided back to the ground",
        "belt slowed and I got off",
        "bench is up at thirty, maybe forty degrees",
        "down and repeat, burns like hell after 15",
        "dumbbell drifting back past the crown",
        "dumbbell going down toward the floor next to bench",
        "gave the rope back slowly",
        "handles returned to the cable stack",
        "held onto the door frame at home",
        "just like a dog at a lamp post",
        "keep it bouncy for a minute or so",
        "keeping rhythm",
        "land softly",
        "like a sleepwalker",
        "long hollow shape held again above the mat",
        "maintaining position on belt",
        "make bigger circles",
        "nice bouncy rhythm",
        "nothing else moves",
        "pass through center",
        "pausing at contact",
        "person on treadmill belt",
        "pretty quick now",
        "releases the safety handles",
        "repeated alternation",
        "repeating immediately",
        "rerack when the spotter says so",
        "reracking bar",
        "resist twisting",
        "resisting on return",
        "returning bar to floor",
        "roller pad back down under the seat",
        "setting bench backrest to an incline, dumbbells nearby",
        "she is on the treadmill",
        "short pause",
        "sidestepping away until the cable is tight",
        "sled locked on the safety stops",
        "slow back in, it's rehab stuff but it works",
        "slow reopening",
        "sometimes big, sometimes small, like propellers",
        "stared at the clock while everything shook",
        "stop just short of locking",
        "straight bar or rope on the high pulley",
        "then across to the other one",
        "then lets them back in without the stack banging",
        "then slowly out along the pad again",
        "then the same thing backwards",
        "took it out of the hooks, wobbly",
        "very shaky at the bottom, bar still above me",
        "weight easing down the pad",
        "weight guided back onto the rack behind",
        "weight plates just breaking off the floor",
    }
    assert len(steps) > 1000
    assert {step for step in steps if body.text_warnings([step])} == things


def test_a_row_warns_of_a_label_in_another_language(body):
    texts = TextCache(body.info, lambda: body)
    candidates = Candidates.resolve(["Kniebeuge", "push up"], info=body.info, texts=texts)
    (warning,) = candidates.warnings
    assert (warning.text, warning.unknown) == ("Kniebeuge", True)


def test_a_winner_of_unknown_words_has_no_confidence_and_is_refused_where_one_is_asked(tmp_path):
    clip = demo_clips()[0].path
    asked = ("classify", clip, "--model", "body", "--labels", "Kniebeuge,Ziehen", "--out")
    for out, options in (("a.jsonl", ()), ("b.jsonl", ("--min-confidence", "0.1"))):
        ended = actalign(*asked, out, *options, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
    [row], [refused] = (read_rows(tmp_path / name) for name in ("a.jsonl", "b.jsonl"))
    assert row["label"] in ("Kniebeuge", "Ziehen")
    assert "confidence" not in row
    assert refused["label"] is None
    assert "no label (" in ended.stdout
    assert "confidence" in ended.stdout.splitlines()[0]
    mixed = actalign(*asked[:-2], "Kniebeuge,clean and press", "--json", cwd=tmp_path)
    assert json.loads(mixed.stdout)["label"] == "clean and press"
    assert json.loads(mixed.stdout)["confidence"] > 0.5


def test_none_has_no_confidence_where_it_is_compared_with_unknown_words_alone(tmp_path):
    """Another clip's words: these have a low score in this one, so that none of them wins."""
    clip = demo_clips()[0].path
    for labels, sure in (("Kniebeuge,Ziehen", False), ("Kniebeuge,walking lunge", True)):
        asked = ("classify", clip, "--model", "body", "--none", "other", "--labels", labels)
        row = json.loads(actalign(*asked, "--json", cwd=tmp_path).stdout)
        said = actalign(*asked, cwd=tmp_path).stdout.splitlines()[1]
        assert ("unknown words" in said) == (not sure)
        assert ("confidence" in row) == sure
        assert any("confidence" in one for one in row["candidates"]) == sure
        # Where --top-k cuts the one that is known, the answer is no less sure.
        cut = [one for one in row["candidates"] if one["label"] != "walking lunge"]
        assert unknown_words(row | {"candidates": cut}) == (not sure)


def test_a_candidate_of_unknown_words_never_wins_over_none(tmp_path):
    (tmp_path / "scripts.json").write_text(
        json.dumps({"scripts": {"standing": ["Stehen", "stehen"], "sitting": ["sitting"]}})
    )
    clip = demo_clips()[0].path
    for options, won in ((("--labels", "Stehen,sitting"), "Stehen"),
                         (("--scripts", "scripts.json"), "standing")):  # fmt: skip
        asked = ("classify", clip, "--model", "body", *options, "--json")
        alone, row = (
            json.loads(actalign(*asked, *none, cwd=tmp_path).stdout)
            for none in ((), ("--none", "other"))
        )
        assert alone["label"] == won
        best, second, last = row["candidates"]
        assert (row["label"], second["label"], last["label"]) == ("other", won, "sitting")
        assert best["score"] == second["score"] > last["score"]
        assert best["confidence"] == second["confidence"] > last["confidence"]
        assert row["warnings"] == []  # not of equal scores: no script can differ from none


def test_many_unknown_texts_are_no_wall_of_sentences(tmp_path):
    words = ("Arme gestreckt", "Brust zum Boden", "Beine gespreizt", "in die Hocke", "aufrecht")
    scripts = {"Liegestütz": words, "Strecksprung": ("Anlauf", "Absprung")}
    (tmp_path / "scripts.json").write_text(json.dumps({"scripts": scripts}))
    common = ("classify", demo_clips()[0].path, "--model", "body", "--scripts", "scripts.json")
    ended = actalign(*common, "--out", "rows.jsonl", cwd=tmp_path)
    assert ended.stderr.count("has no word that body knows") == 5
    assert "and 2 more sentences like these; rows have all of them in text_warnings" in ended.stderr
    (row,) = read_rows(tmp_path / "rows.jsonl")
    assert len(row["text_warnings"]) == 7


@pytest.mark.parametrize("scorers", ["dtw,mean_pool", "mean_pool,dtw"])
def test_it_is_said_of_the_texts_that_any_of_several_scorers_reads(tmp_path, scorers):
    (tmp_path / "scripts.json").write_text(
        '{"scripts": {"Strecksprung": ["legs bent", "Absprung"], "squat": ["knees bent"]}}'
    )
    actalign("encode", demo_clips()[0].path, "--model", "body", "--out", "store", cwd=tmp_path)
    ended = actalign(
        *("align", "store", "--scripts", "scripts.json", "--scorer", scorers), cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    for text in ("Strecksprung", "Absprung"):  # read by mean_pool, read by dtw
        assert ended.stderr.count(f"The text {text!r} has no word that body knows") == 1


def test_a_phrase_without_a_known_word_is_not_looked_for(tmp_path):
    made = actalign(
        "encode", demo_clips()[0].path, "--model", "body", "--out", "store", cwd=tmp_path
    )
    assert made.returncode == 0, made.stderr
    ended = actalign("search", "store", "Liegestütz", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "body knows no word of 'Liegestütz', so it can't be looked for" in ended.stderr
    assert (
        actalign("search", "store", "Liegestütz with straight arms", cwd=tmp_path).returncode == 0
    )


@pytest.mark.parametrize("template", ["a photo of {step}", "lifting {step}", "squat, {step}"])
def test_a_template_neither_hides_nor_makes_unknown_steps(tmp_path, template):
    (tmp_path / "scripts.json").write_text(
        json.dumps({"scripts": {"squat": ["die Hand heben", "die Hand senken"], "Ding": ["arm"]}})
    )
    common = ("classify", demo_clips()[0].path, "--model", "body", "--scripts", "scripts.json")
    options = ("--step-template", template, "--out", "rows.jsonl")
    ended = actalign(*common, "--labels", "squat", *options, cwd=tmp_path)
    assert "squat (unknown words)" in ended.stdout
    for step in ("die Hand heben", "die Hand senken"):
        assert f"The text {step!r} has no word that body knows" in ended.stderr
    (row,) = read_rows(tmp_path / "rows.jsonl")
    assert [one["text"] for one in row["text_warnings"]] == ["die Hand heben", "die Hand senken"]
    foreign = ("--step-template", "ein Bild von einem {step}")
    ended = actalign(*common, "--labels", "Ding", *foreign, cwd=tmp_path)
    assert "Ding" in ended.stdout
    assert "unknown" not in ended.stdout
    assert "no word" not in ended.stderr


def test_kept_warnings_are_made_anew_when_the_word_list_has_changed(body, tmp_path, monkeypatch):
    def refuse():
        raise EncoderError("There is no model here.")

    def warnings(load):
        texts = TextCache(body.info, load, path=tmp_path / "texts.sqlite")
        texts.encode(["burpee", "push up"])
        return texts.warnings(["burpee", "push up"])

    listed = vocabulary._FILE.read_text(encoding="utf-8")
    less = tmp_path / "words.txt"
    less.write_text(listed.replace("\nburpee\n", "\n"), encoding="utf-8")
    monkeypatch.setattr(vocabulary, "_FILE", less)
    assert less.read_text(encoding="utf-8") != listed
    for cached in CACHED:
        cached.cache_clear()
    (before,) = warnings(lambda: body)
    assert before.text == "burpee"

    monkeypatch.undo()
    for cached in CACHED:
        cached.cache_clear()
    # Where the encoder can't be had, what it once said is all that is known.
    assert warnings(refuse) == [before]
    assert warnings(lambda: body) == []
    assert warnings(refuse) == []
