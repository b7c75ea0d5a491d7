"""The training captions: what the codes say of a known body, and in which words."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from actalign.encoders.body._features import PoseTrack, features
from actalign.encoders.body._vocabulary import known_words
from training import samples
from training.compose import CODE_WORDS, NAMED, Composer, expand, twin
from training.motions import sample_motion
from training.phrases import HELD_OUT_WRAPPERS, NOUNS, PHRASES
from training.postures import POSTURES
from training.reverse import BACKWARDS, backwards
from training.sentences import SENTENCES, sentence_captions
from training.skeleton import MIRROR_LANDMARKS, Body, landmarks, pose
from training.truth import truth
from training.vary import FORMS, vary

ROOT = Path(__file__).resolve().parent.parent
_WORDS = ("lexicon", "lexicon_more", "phrases", "phrases_more", "sentences", "synonyms")


def still(points: np.ndarray) -> np.ndarray:
    return np.repeat(points[None, None], 7, axis=1)


def true_of(windows: np.ndarray, seconds: float = 0.6) -> set[str]:
    names, table = truth(windows, seconds)
    return {name for name, value in zip(names, table[0], strict=True) if value == 1}


def false_of(windows: np.ndarray, seconds: float = 0.6) -> set[str]:
    names, table = truth(windows, seconds)
    return {name for name, value in zip(names, table[0], strict=True) if value == -1}


@pytest.mark.parametrize(
    ("posture", "yes", "no"),
    [
        (
            "standing",
            {"standing", "upright", "knee_straight|B", "arm_down|B"},
            {"plank", "squat_low"},
        ),
        ("high plank", {"plank", "hands_on_ground|B", "face_down"}, {"standing", "face_up"}),
        ("downward facing dog", {"pike_up", "head_below_hips"}, {"plank", "lying_back"}),
        ("bench press top", {"lying_back", "arm_skyward|B"}, {"lying_front", "arm_down|B"}),
        (
            "parallel squat, arms forward",
            {"arm_front|B", "knee_bent|B"},
            {"standing", "kneel_both"},
        ),
        ("lunge, right leg forward", {"lunge|R", "foot_ahead|R"}, {"lunge|L", "foot_ahead|L"}),
        ("arms out to the sides", {"arm_out|B"}, {"arm_front|B", "arm_overhead|B"}),
        ("hanging from a bar", {"hanging", "arm_overhead|B"}, {"airborne", "standing"}),
        (
            "sitting on the floor, legs straight",
            {"long_sit", "sit_floor"},
            {"sit_chair", "kneel_both"},
        ),
        ("sitting on the floor, knees bent", {"sit_floor"}, {"squat_low", "long_sit"}),
        (
            "sitting cross-legged",
            {"cross_legged", "sit_floor"},
            {"kneel_both", "sit_on_heels"},
        ),
        ("sitting on the heels", {"sit_on_heels", "kneel_both"}, {"cross_legged"}),
        ("deep squat, hands at chest", {"squat_low"}, {"sit_floor"}),
        ("all fours", {"all_fours", "knee_on_ground|B"}, {"hinge"}),
        ("lunge, left leg forward", {"lunge|L"}, {"half_squat"}),
        ("handstand", {"inverted", "hands_on_ground|B"}, {"standing"}),
        ("standing hands on hips", {"hand_hip|B"}, {"hand_behind_head|B"}),
    ],
)
def test_codes_of_a_known_posture(posture, yes, no):
    p = POSTURES[posture]
    window = still(landmarks(p.angles, Body(), support=p.support, lift=p.lift))
    assert yes <= true_of(window)
    assert no <= false_of(window)


def test_codes_do_not_depend_on_heading_or_size():
    p = POSTURES["warrior 2, right knee bent"]
    here = true_of(still(landmarks(p.angles, Body())))
    for heading in (35.0, 160.0, 270.0):
        assert true_of(still(landmarks(p.angles, Body(), heading))) == here


def test_a_mirrored_body_swaps_left_and_right():
    rng = np.random.default_rng(3)
    swap = str.maketrans("LR", "RL")
    for _ in range(20):
        world = sample_motion(rng).world[:7]
        window = world[np.minimum(np.arange(7), len(world) - 1)][None]
        mirrored = window[:, :, MIRROR_LANDMARKS] * np.array([-1.0, 1.0, 1.0])
        names, table = truth(np.concatenate([window, mirrored]), 0.6)
        column = {name: c for c, name in enumerate(names)}
        for name, c in column.items():
            head, bar, side = name.partition("|")
            assert table[1, column[head + bar + side.translate(swap)]] == table[0, c], name


def test_rising_and_sinking_are_told_apart():
    keys = [POSTURES["standing"].angles, POSTURES["parallel squat, arms forward"].angles]
    blend = np.stack([keys[0] * (1 - u) + keys[1] * u for u in np.linspace(0.2, 0.8, 7)])
    down = landmarks(blend, Body())[None]
    assert {"hips_drop", "knee_flex|B"} <= true_of(down)
    assert {"hips_rise", "knee_extend|B", "still"} <= true_of(down[:, ::-1]) | false_of(down)
    assert {"hips_rise", "knee_extend|B"} <= true_of(down[:, ::-1])


def test_hands_go_up_whatever_the_upper_arms_do():
    curl = [pose(left_elbow=a, right_elbow=a) for a in np.linspace(40, 100, 7)]
    up = landmarks(np.stack(curl), Body())[None]
    assert {"hand_up|B", "elbow_flex|B"} <= true_of(up)
    assert {"hand_down|B", "arm_raise|B"} <= false_of(up)
    assert {"hand_down|B", "elbow_extend|B"} <= true_of(up[:, ::-1])


def test_where_a_movement_led_it_is_neither_true_nor_false():
    p = POSTURES["parallel squat, arms forward"]
    window = still(landmarks(p.angles, Body(), support=p.support, lift=p.lift))
    decided = true_of(window) | false_of(window)
    # "Sink down", "bend the knees" and "raise the arms" end here; "stand up" does not.
    assert not {"hips_drop", "knee_flex|B", "arm_raise|B"} & decided
    assert {"hips_rise", "knee_extend|B", "arm_lower|B"} <= false_of(window)


def test_what_is_true_of_a_movement_played_backwards():
    rng = np.random.default_rng(4)
    worlds = [sample_motion(rng).world for _ in range(60)]
    windows = np.stack([w[np.minimum(np.arange(0, 14, 2), len(w) - 1)] for w in worlds])
    names, table = truth(windows, 0.6)
    _, there = truth(windows[:, ::-1], 0.6)
    column, known = backwards(tuple(names))
    assert known.sum() > len(names) - 30
    assert (column != np.arange(len(names))).sum() > 60
    here, there = table[:, column][:, known], there[:, known]
    assert set(np.unique(here)) == {-1, 0, 1}
    # Undecided at rest where a movement led, which is elsewhere when it is played backwards.
    assert not (here * there == -1).any()
    assert (here != there).mean() < 0.15
    names = ("enter:plank", "leave:plank", "hold:plank", "enter:squat|any")
    column, known = backwards(names)
    assert column[:3].tolist() == [1, 0, 2]
    assert known.tolist() == [True, True, True, False]


def test_features_of_a_movement_played_backwards():
    world = sample_motion(np.random.default_rng(5)).world[:20] * np.array([1.0, -1.0, -1.0])
    n = len(world)

    def rows(points):
        t = np.arange(n) / 30
        seen = np.ones((n, 33)), np.zeros((n, 2)), np.full(n, 300.0), t, np.ones(n, bool)
        return features(PoseTrack(points, *seen))

    np.testing.assert_allclose(rows(world)[::-1] * BACKWARDS, rows(world[::-1]), atol=1e-4)


def test_other_words_keep_left_and_right_up_and_down():
    rng = np.random.default_rng(6)
    text = "left arm raised overhead, right knee bent, lowering the hips and stepping forward"
    made = {vary(text, rng) for _ in range(300)}
    assert len(made) > 100
    for one in made:
        assert re.search(r"left arm .*, right knee ", one), one
        assert not re.search(r"ris(e|ing)|backward|straight", one), one
    assert any("lower your hips" in one for one in made)


def test_windows_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="W odd"):
        truth(np.zeros((2, 4, 33, 3)), 0.6)


def test_every_code_and_every_posture_has_words():
    names, _ = truth(still(landmarks(pose(), Body())), 0.6)
    assert {n.partition("|")[0] for n in names} == set(PHRASES)
    spoken = {n.statement.split(":", 1)[1].removesuffix("|any") for n in NAMED}
    silent = [name for name in POSTURES if name not in spoken and twin(name) not in spoken]
    assert silent == [], "training/lexicon.txt has no words for these postures"


@pytest.fixture(scope="module")
def composer_and_rows():
    rng = np.random.default_rng(0)
    windows = []
    while len(windows) < 300:
        world = sample_motion(rng).world
        windows.append(
            world[np.clip(rng.integers(len(world)) + np.arange(-9, 10, 3), 0, len(world) - 1)]
        )
    names, table = truth(np.stack(windows), 0.6)
    return Composer(names, (table == 1).mean(0)), table


def test_captions_claim_only_what_is_true_and_leave_no_grammar(composer_and_rows):
    composer, table = composer_and_rows
    rng = np.random.default_rng(1)
    made = [(row, composer.caption(row, rng)) for row in table]
    assert sum(c is not None for _, c in made) > 290
    for row, caption in made:
        if caption:
            assert all(row[c] == 1 for c in caption.claims)
            assert not set(caption.text) & set("()[]{}|§"), caption.text


def test_held_out_words_never_reach_training(composer_and_rows):
    composer, table = composer_and_rows
    rng = np.random.default_rng(2)
    texts = " ".join(c.text for row in table for _ in range(3) if (c := composer.caption(row, rng)))
    for wrapper in HELD_OUT_WRAPPERS:
        assert wrapper.replace(" {}", "") not in texts
    assert "ribcage wrung round" not in texts
    for words in CODE_WORDS.values():
        assert not set(words.test) & {*words.names, *words.more}


def test_sentences_claim_only_what_is_true(monkeypatch):
    monkeypatch.setattr(samples, "CHUNK", 60)
    _, table, statements = samples._chunk(3)
    assert {s for said, _ in SENTENCES for s in said} <= set(statements)
    made = list(sentence_captions(table, statements, np.random.default_rng(3)))
    assert len({caption.text for _, caption in made}) > 1000
    for sample, caption in made:
        assert all(table[sample, claim] == 1 for claim in caption.claims)


def test_paraphrases_are_not_training_wordings():
    written = {n.wording.lower() for n in NAMED if n.kind != "test"}
    written |= {sentence for _, sentence in SENTENCES}
    actions = json.loads((ROOT / "training/paraphrases.json").read_text())
    steps = [s for a in actions for s in a["steps"]]
    assert len(steps) > 150
    assert all(s["posture"] in POSTURES for s in steps)
    assert sum(s["text"].lower() in written for s in steps) <= 2


def test_choices_expand_to_one_of_their_options():
    rng = np.random.default_rng(0)
    assert {expand("(a|b) c", rng) for _ in range(30)} == {"a c", "b c"}
    assert {expand("(a|) b", rng) for _ in range(30)} == {"a b", "b"}


def test_the_words_that_body_knows_are_words_of_its_training():
    folder = ROOT / "training"
    texts = [(folder / f"{n}.txt").read_text() for n in _WORDS]
    used = set(re.findall(r"[^\W\d_]+", " ".join(texts).lower()))
    used |= {form for forms in FORMS for form in forms}
    used |= {word for pair in NOUNS.values() for noun in pair for word in noun.split()}
    listed = (ROOT / "src/actalign/encoders/body/model/words.txt").read_text()
    groups = [group.splitlines() for group in listed.removeprefix("= ").split("\n= ")]
    assert all(words == sorted(words) for _, *words in groups)
    assert len({word for _, *words in groups for word in words}) == sum(len(g) - 1 for g in groups)
    by_name = {name: set(" ".join(words).split()) for name, *words in groups}
    assert not set().union(*(by_name[n] for n in by_name if n != "neutral")) - used
    assert not by_name["movement"] & {"the", "ball", "person", "basketball"}


def test_body_knows_what_its_training_says():
    trained = sorted({sentence for _, sentence in SENTENCES} | {n.wording for n in NAMED})[::50]
    assert sum(not known_words(text) for text in trained) < 0.01 * len(trained)
