"""Candidates resolved once: calibration, segments that partition the clip, and repeated scoring."""

import re
import sqlite3
from contextlib import closing
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from actalign import (
    ActAlign,
    ClipEmbedding,
    ClipError,
    EncoderError,
    EncoderInfo,
    Script,
    UsageError,
    align,
)
from actalign.alignment import SCORERS, Scorer
from actalign.background import Background, BackgroundSums
from actalign.candidates import Candidates
from actalign.cli._live import _line
from actalign.clips._live import LiveWindow
from actalign.encoders._load import load_encoder
from actalign.encoders._text_cache import TextCache
from actalign.errors import ArrayError
from actalign.scripts._script import as_scripts
from actalign.types import TextWarning
from tests.colour_clips import write_colours
from tests.command import actalign

# Cosines of a softmax-trained model: three scripts of two steps, four frames.
COSINES = np.array(
    [
        [0.49, 0.10, 0.30, 0.28, -0.04, 0.20],
        [0.45, 0.12, 0.28, 0.30, 0.10, 0.20],
        [0.12, 0.47, 0.31, 0.29, 0.20, 0.10],
        [0.08, 0.49, 0.29, 0.31, 0.20, -0.04],
    ]
)


class Planted:
    """An encoder whose frames and texts have exactly the cosines of a table."""

    def __init__(self, cosines, *, logit_bias, scorer="dtw"):
        # Text k is the unit vector k; what a frame's row lacks of unit length lies beside them.
        rest = np.sqrt(1 - (cosines**2).sum(axis=1, keepdims=True))
        self.rows = np.concatenate([cosines, rest], axis=1).astype(np.float32)
        self.asked = []
        self.info = EncoderInfo(
            "planted", "f", self.rows.shape[1], float(np.log(100)), logit_bias,
            smoothing_seconds=0, step_template="{step}", scorer=scorer,
        )  # fmt: skip

    def encode_image(self, frames):
        raise NotImplementedError

    def encode_text(self, texts):
        self.asked.append(list(texts))
        # A label's text is as near to the fifth as to any other.
        known = [int(text) if text.isdigit() else 5 for text in texts]
        return np.eye(self.info.dim, dtype=np.float32)[known]

    def text_warnings(self, texts):
        return []

    def clip(self):
        times = np.arange(len(self.rows)) / 10
        return ClipEmbedding("clip", self.rows, times, len(times) / 10, "planted", "f")


SCRIPTS = [Script("right", ("0", "1")), Script("flat", ("2", "3")), Script("wrong", ("4", "5"))]


@pytest.mark.parametrize("scorer", ["dtw", "dtw_steps", "dtw_mean", "order_free"])
def test_the_right_candidate_wins_with_the_calibration_of_clip(scorer):
    encoder = Planted(COSINES, logit_bias=None, scorer=scorer)
    prediction = Candidates.resolve(
        None, SCRIPTS, info=encoder.info, texts=TextCache(encoder.info, lambda: encoder)
    ).predict(encoder.clip())
    assert prediction.scorer == scorer
    assert prediction.label == "right"
    # Scores are cosines, and tell the candidates apart; a sigmoid of scale 100 took all to 1.
    assert 0.35 < prediction.best.score < 0.5
    assert prediction.margin > 0.1


def test_a_bias_makes_the_affinity_a_pair_probability():
    encoder = Planted(COSINES, logit_bias=-40.0)
    prediction = ActAlign(encoder).predict(encoder.clip(), scripts=SCRIPTS)
    expected = 1 / (1 + np.exp(-(100 * COSINES[:, :2] - 40)))
    np.testing.assert_allclose(prediction.best.alignment.affinity, expected, rtol=1e-4)


def test_texts_are_encoded_once_for_any_number_of_clips():
    encoder = Planted(COSINES, logit_bias=None)
    classifier = ActAlign(encoder)
    candidates = classifier.candidates(scripts=SCRIPTS)
    for _ in range(3):
        candidates.predict(encoder.clip())
    classifier.predict(encoder.clip(), scripts=SCRIPTS[:2])
    assert sorted(text for texts in encoder.asked for text in texts) == [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
    ]


def test_text_embeddings_are_kept_in_a_file_by_encoder(tmp_path):
    encoder = Planted(COSINES, logit_bias=None)
    kept = TextCache(encoder.info, lambda: encoder, path=tmp_path / "texts.sqlite")
    rows = kept.encode(["1", "0", "1"])

    def refuse():
        raise AssertionError("the model was loaded")

    again = TextCache(encoder.info, refuse, path=tmp_path / "texts.sqlite")
    np.testing.assert_array_equal(again.encode(["0", "1"]), rows[[1, 0]])
    with pytest.raises(AssertionError, match="was loaded"):
        again.encode(["2"])


def test_labels_that_a_scorer_reads_are_warned_of_like_steps():
    encoder = Planted(COSINES, logit_bias=None)
    encoder.text_warnings = lambda texts: [TextWarning(f"{text}?", text) for text in texts]
    for scorer, said in (("dtw", []), ("mean_pool", ["This is a video of executing wrong"])):
        texts = TextCache(encoder.info, lambda: encoder)
        found = Candidates.resolve(None, SCRIPTS, info=encoder.info, texts=texts, scorer=scorer)
        assert [one.text for one in found.warnings if "wrong" in one.text] == said


def test_warnings_about_texts_are_kept_with_them(tmp_path):
    encoder = Planted(COSINES, logit_bias=None)
    short, unknown = TextWarning("2 is short.", "2"), TextWarning("1 is odd.", "1", unknown=True)
    encoder.text_warnings = lambda texts: [one for one in (short, unknown) if one.text in texts]
    path = tmp_path / "texts.sqlite"
    first, again, memory = (
        TextCache(encoder.info, lambda: encoder, path=p) for p in (path, path, None)
    )
    for texts in (first, again, memory):
        texts.encode(["1", "0", "2"])
        assert texts.warnings(["0", "2", "1"]) == [short, unknown]


def test_warnings_about_texts_that_were_not_encoded_are_kept_too(tmp_path):
    encoder = Planted(COSINES, logit_bias=None)
    unknown = TextWarning("1 is odd.", "1", unknown=True)
    encoder.text_warnings = lambda texts: [unknown for text in texts if text == "1"]

    def refuse():
        raise AssertionError("the model was loaded")

    path = tmp_path / "texts.sqlite"
    for load in (lambda: encoder, refuse):
        texts = TextCache(encoder.info, load, path=path)
        assert texts.warnings(["0", "1"]) == [unknown]
    assert encoder.asked == []


def test_a_file_from_before_gets_the_warnings_that_it_lacks(tmp_path):
    encoder = Planted(COSINES, logit_bias=None)
    path = tmp_path / "texts.sqlite"
    TextCache(encoder.info, lambda: encoder, path=path).encode(["0", "1"])
    with closing(sqlite3.connect(path)) as file:
        file.execute("DROP TABLE judged")
    encoder.text_warnings = lambda texts: [TextWarning("Short.", text) for text in texts]
    texts = TextCache(encoder.info, lambda: encoder, path=path)
    texts.encode(["0", "1"])
    assert texts.warnings(["0", "1"]) == [TextWarning("Short.", "0"), TextWarning("Short.", "1")]
    assert encoder.asked == [["0", "1"]]


def test_the_file_of_texts_is_opened_once_for_new_texts(tmp_path, monkeypatch):
    encoder = Planted(COSINES, logit_bias=None)
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(a) or connect(*a, **k))
    TextCache(encoder.info, lambda: encoder, path=tmp_path / "texts.sqlite").encode(["0", "1"])
    assert len(opened) == 1


@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 12), st.integers(1, 6)), elements=st.integers(0, 4)
    ),
    st.data(),
)
def test_steps_partition_the_clip_whatever_the_path(affinity, data):
    frames = affinity.shape[0]
    gaps = data.draw(st.lists(st.floats(0.01, 2), min_size=frames, max_size=frames))
    edges = np.concatenate([[3.0], 3 + np.cumsum(gaps)])
    found = align(affinity)
    borders = found.step_edges(edges)
    assert borders[0] == edges[0]
    assert borders[-1] == edges[-1]
    assert (np.diff(borders) >= 0).all()
    # A slow reading of the path: a frame's time is shared by its steps as their affinities are.
    shares = np.zeros(affinity.shape[1])
    for t in range(frames):
        steps = found.path[found.path[:, 0] == t, 1]
        weights = affinity[t, steps]
        whole = weights.sum()
        shares[steps] += gaps[t] * (weights / whole if whole else 1 / len(steps))
    np.testing.assert_allclose(np.diff(borders), shares, atol=1e-6)


def test_labels_may_be_left_out_where_scripts_are_given():
    encoder = Planted(COSINES, logit_bias=None)
    prediction = ActAlign(encoder).predict(encoder.clip(), scripts={"a": ["0", "1"], "b": ["2"]})
    assert [c.label for c in prediction.candidates] == ["a", "b"]
    assert prediction.best.segments[0].start_seconds == 0
    assert prediction.best.segments[-1].end_seconds == pytest.approx(0.4)
    with pytest.raises(UsageError, match="at least one label"):
        ActAlign(encoder).predict(encoder.clip())


def test_labels_may_be_one_text_and_the_scripts_domain_reaches_the_row():
    encoder = Planted(COSINES, logit_bias=None)
    scripts = [Script("right", ("0", "1"), "gym"), Script("flat", ("2", "3"), "gym")]
    classifier = ActAlign(encoder)
    prediction = classifier.predict(encoder.clip(), candidate_labels="flat, right", scripts=scripts)
    assert sorted(c["label"] for c in prediction.top_k()) == ["flat", "right"]
    assert prediction.to_row()["domain"] == "gym"
    several = [*scripts, Script("wrong", ("4", "5"), "boxing")]
    assert classifier.predict(encoder.clip(), scripts=several).to_row()["domain"] is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory, colour_model):
    folder = tmp_path_factory.mktemp("many")
    (folder / "model").symlink_to(colour_model)
    for name, colours in (("one", ["red", "green"]), ("two", ["green", "red"])):
        write_colours(folder / f"{name}.mp4", colours)
    (folder / "bad.mp4").write_text("no video")
    (folder / "day.json").write_text(
        '{"scripts": {"go": ["red", "green"], "stop": ["green", "red"]}}'
    )
    return folder


def test_one_bad_file_is_one_error_in_python_too(folder):
    classifier = ActAlign(load_encoder(str(folder / "model")), fps=5, smoothing_seconds=0)
    videos = [folder / f"{name}.mp4" for name in ("one", "bad", "two", "one")]
    found = list(classifier.predict_many(videos, scripts=folder / "day.json"))
    assert [getattr(one, "label", None) for one in found] == ["go", None, "stop", "go"]
    assert isinstance(found[1], ClipError)
    assert found[1].clip_id == "bad"
    assert "not a video" in str(found[1].error)
    alone = classifier.predict(videos[0], scripts=folder / "day.json")
    assert found[0].to_row() == alone.to_row()
    with pytest.raises(type(found[1].error)):
        classifier(videos, scripts=folder / "day.json")


def test_actions_are_located_from_python_as_by_the_command(folder):
    long = write_colours(
        folder / "long.mp4", ["blue"] * 20 + ["red", "green"] + ["blue"] * 20, each=10
    )
    classifier = ActAlign(load_encoder(str(folder / "model")), fps=5, smoothing_seconds=0)
    [found] = classifier.locate(long, scripts={"go": ["red", "green"]}, threshold=2.6)
    assert (found.start_seconds, found.end_seconds) == pytest.approx((20, 22), abs=0.21)
    assert [segment.step for segment in found.segments] == ["red", "green"]


def test_addresses_are_stores_everywhere(folder):
    address = f"file://{folder}/parquet"
    classifier = ActAlign(load_encoder(str(folder / "model")), store=address, fps=5)
    classifier.predict(folder / "one.mp4", scripts=folder / "day.json")
    assert len(list((folder / "parquet").glob("one.*.parquet"))) == 1
    shared = ("--model", "model", "--scripts", "day.json", "--fps", "5", "--store", address)
    ended = actalign("locate", "two.mp4", *shared, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    assert len(list((folder / "parquet").glob("two.*.parquet"))) == 1


def test_align_takes_the_model_that_the_entries_name(folder):
    assert (
        actalign("encode", "one.mp4", "--model", "model", "--out", "s", cwd=folder).returncode == 0
    )
    ended = actalign("align", "s", "--scripts", "day.json", cwd=folder, HF_HUB_OFFLINE=1)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[1].split()[:2] == ["one", "go"]


def resolved(encoder, scripts, **options):
    texts = TextCache(encoder.info, lambda: encoder)
    return Candidates.resolve(None, scripts, info=encoder.info, texts=texts, **options)


def test_a_candidates_score_is_the_mean_over_its_wordings_whatever_their_lengths():
    encoder = Planted(COSINES, logit_bias=None)
    clip = encoder.clip()
    several = [
        Script("right", ("0", "1"), rewordings=(("1",), ("0", "1", "1"))),
        Script("flat", ("2", "3"), rewordings=(("3",),)),
        Script("wrong", ("4", "5")),
    ]
    prediction = resolved(encoder, several).predict(clip)
    alone = {
        steps: resolved(encoder, [Script("x", steps)]).predict(clip).best
        for script in several
        for steps in (script.steps, *script.rewordings)
    }
    for script in several:
        found = next(c for c in prediction.candidates if c.label == script.label)
        mine = [alone[steps] for steps in (script.steps, *script.rewordings)]
        assert found.score == pytest.approx(np.mean([one.score for one in mine]), rel=1e-6)
        # Shown is the wording that fits best, with its own steps.
        best = max(mine, key=lambda one: one.score)
        assert found.script.steps == best.script.steps
        assert [s.step for s in found.segments] == list(best.script.steps)
        # The row says which it is, where there are several.
        row = next(c for c in prediction.to_row()["candidates"] if c["label"] == script.label)
        shown = (row.get("wording"), row.get("wordings"))
        several_of_it = len(mine) > 1
        assert shown == ((mine.index(best) + 1, len(mine)) if several_of_it else (None, None))


def test_wordings_come_from_a_file_or_a_mapping(tmp_path):
    (tmp_path / "s.yaml").write_text("scripts:\n  a:\n    - [x, y]\n    - [z]\n  b: [q]\n")
    from_file = as_scripts(tmp_path / "s.yaml")
    assert from_file == as_scripts({"a": [["x", "y"], ["z"]], "b": ["q"]})
    assert from_file == [Script("a", ("x", "y"), rewordings=(("z",),)), Script("b", ("q",))]
    (tmp_path / "bad.yaml").write_text("scripts:\n  a:\n    - [x, y]\n    - [z, '']\n")
    with pytest.raises(UsageError, match="label 'a', wording 2, step 2 is empty"):
        as_scripts(tmp_path / "bad.yaml")


def made_up_background(encoder):
    sums = BackgroundSums("planted", "f", encoder.info.dim)
    sums.add(np.random.default_rng(0).normal(size=(50, encoder.info.dim)))
    return sums.background("made up")


def test_a_labels_own_wordings_do_not_compete_with_each_other():
    encoder = Planted(COSINES, logit_bias=-5.0)
    twice = Script("right", ("0", "1"), rewordings=(("0", "1"),))
    use = {
        "background": made_up_background(encoder),
        "scorer": "competitive+relaxed+steps_four_times",
    }
    by_two = resolved(encoder, [twice, *SCRIPTS[1:]], **use).predict(encoder.clip())
    by_one = resolved(encoder, SCRIPTS, **use).predict(encoder.clip())
    # The same words again are no competitors, so nothing changes.
    assert {c.label: c.score for c in by_two.candidates} == pytest.approx(
        {c.label: c.score for c in by_one.candidates}
    )


@pytest.mark.parametrize("none", [None, "nothing"])
def test_a_wording_competes_with_the_mean_over_the_wordings_of_each_other_label(none):
    """Against the formula, step by step: equal steps of one or several labels count once."""
    encoder = Planted(COSINES, logit_bias=-5.0)
    background = made_up_background(encoder)
    worded = {"a": [("0", "1"), ("2", "1", "0")], "b": [("3", "4")], "c": [("4", "3"), ("5", "2")]}
    scripts = [Script(label, one, None, tuple(more)) for label, (one, *more) in worded.items()]
    candidates = resolved(
        encoder, scripts, scorer="competitive+order_free+path", background=background, none=none
    )
    clip = encoder.clip()
    found = {c.label: c.score for c in candidates.predict(clip).candidates}
    mean, deviation = background.statistics(np.eye(encoder.info.dim, dtype=np.float32))
    frames = clip.embeddings / np.linalg.norm(clip.embeddings, axis=1, keepdims=True)
    fits = (frames - mean) / deviation  # text k is the unit vector k
    expected = {label: [] for label in worded}
    for label, own in worded.items():
        for steps in own:
            there = dict.fromkeys(steps, 1.0)  # how often a text is there beside this wording
            for other, several in worded.items():
                for one in several if other != label else ():
                    for text in one:
                        there[text] = there.get(text, 0) + 1 / len(several)
            looks = []
            for fit in fits:
                power = {text: np.exp(fit[int(text)]) for text in there}
                total = sum(min(1, times) * power[text] for text, times in there.items())
                total += np.exp(1) if none else 0  # deviations above the background
                looks.append(
                    max(
                        np.log(power[text] / total + 0.05) + 0.25 * np.clip(fit[int(text)], -2, 2)
                        for text in steps
                    )
                )
            expected[label].append(np.mean(looks))
    assert found["a"] == pytest.approx(np.mean(expected["a"]), abs=1e-4)
    assert found["b"] == pytest.approx(np.mean(expected["b"]), abs=1e-4)


def test_a_function_of_ones_own_never_sees_two_wordings_of_a_label():
    encoder, asked = Planted(COSINES, logit_bias=None), []

    def ranks(frames, candidates, by):
        asked.append(len(candidates))
        return np.argsort(
            np.argsort([float(np.mean(frames @ np.asarray(c).T)) for c in candidates])
        )

    several = [Script("right", ("0", "1"), None, (("1",), ("0",))), *SCRIPTS[1:]]
    mine = Scorer("ranks", "steps", ranks, "the place among the candidates")
    prediction = resolved(encoder, several, scorer=mine).predict(encoder.clip())
    assert asked == [3, 3, 3]
    assert sum(c.score for c in prediction.candidates) == pytest.approx(0 + 1 + 2)


def test_a_scorer_of_ones_own_scores_candidates():
    def last_frame(frames, candidates, by):
        unit = frames[-1] / np.linalg.norm(frames[-1])
        return np.array([float(np.asarray(c)[-1] @ unit) for c in candidates])

    encoder = Planted(COSINES, logit_bias=None)
    mine = Scorer("last_frame", "steps", last_frame, "how well the last step fits the last frame")
    prediction = ActAlign(encoder, scorer=mine).predict(encoder.clip(), scripts=SCRIPTS)
    assert prediction.scorer == "last_frame"
    assert prediction.to_row()["scorer"] == "last_frame"
    scores = {c.label: c.score for c in prediction.candidates}
    assert scores == pytest.approx({"right": 0.49, "flat": 0.31, "wrong": -0.04}, abs=1e-5)


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        (lambda count: np.ones((2, 2)), r"gave an array of the shape \(2, 2\)"),
        (lambda count: np.ones(count + 1), r"shape \(4,\); for 3 candidates"),
        (lambda count: [1.0], r"shape \(1,\); for 3 candidates"),
        (lambda count: 1.0, r"shape \(\); for 3 candidates"),
        (lambda count: None, "gave nothing"),
        (lambda count: ["a"] * count, "gave a list that holds no numbers"),
        (lambda count: [1.0, np.nan, 2.0], "gave NaN or infinity"),
        (lambda count: [1.0, np.inf, 2.0], "gave NaN or infinity"),
    ],
)
def test_what_a_scorer_of_ones_own_may_not_give_is_said(gives, said):
    encoder = Planted(COSINES, logit_bias=None)
    mine = Scorer("mine", "steps", lambda frames, candidates, by: gives(len(candidates)), "mine")
    with pytest.raises(ArrayError, match=said):
        ActAlign(encoder, scorer=mine).predict(encoder.clip(), scripts=SCRIPTS)


@pytest.mark.parametrize(
    "gives",
    [
        lambda found: found[:2],
        lambda found: None,
        lambda found: [one.score for one in found],
        lambda found: [replace(one, affinity=one.affinity[1:]) for one in found],
        lambda found: [replace(one, score=np.nan) for one in found],
        lambda found: [replace(one, path=one.path[1:]) for one in found],
        lambda found: [replace(one, path=one.path[:-1]) for one in found],
        lambda found: [replace(one, path=one.path[[0, -1]]) for one in found],
        lambda found: [replace(one, path=np.repeat(one.path, 2, axis=0)) for one in found],
        lambda found: [replace(one, path=one.path.astype(float)) for one in found],
        lambda found: [replace(one, path=one.path.tolist()) for one in found],
    ],
)
def test_alignments_of_ones_own_are_of_every_candidate(gives):
    encoder = Planted(COSINES, logit_bias=None)
    dtw = SCORERS["dtw"]

    def my_align(frames, candidates, by):
        return gives(dtw.align(frames, candidates, by))

    mine = Scorer("mine", "steps", dtw.score, "mine", align=my_align)
    with pytest.raises(ArrayError, match=r"The scorer 'mine' (must align 3|gave an alignment)"):
        ActAlign(encoder, scorer=mine).predict(encoder.clip(), scripts=SCRIPTS)


def test_what_is_no_scorer_is_said():
    encoder = Planted(COSINES, logit_bias=None)
    score = SCORERS["dtw"].score
    with pytest.raises(UsageError, match=r"is a function; give .* Scorer\(\"NAME\", \"steps\""):
        ActAlign(encoder, scorer=score)
    with pytest.raises(UsageError, match="The scorer is 7; give a name"):
        ActAlign(encoder).predict(encoder.clip(), scripts=SCRIPTS, scorer=7)
    with pytest.raises(UsageError, match="reads the texts 'frames'; give 'steps' or 'label'"):
        Scorer("mine", "frames", score, "mine")
    with pytest.raises(UsageError, match="The name of a scorer is a text"):
        Scorer("", "steps", score, "mine")
    with pytest.raises(UsageError, match="has no comma, which parts names: 'a,b'"):
        Scorer("a,b", "steps", score, "mine")
    with pytest.raises(UsageError, match="score of the scorer 'mine' is not a function"):
        Scorer("mine", "steps", None, "mine")


def test_what_a_row_depends_on_is_in_the_identity_of_candidates():
    """By which shards of one run know each other; for a new field, this has to be decided here."""
    encoder = Planted(COSINES, logit_bias=None)
    texts = TextCache(encoder.info, lambda: encoder)
    found = Candidates.resolve(None, SCRIPTS, info=encoder.info, texts=texts, temperature=2.0)
    left_out = {one.name for one in fields(Candidates)} - found.identity().keys()
    # What follows from the labels, scripts and encoder, what is in the settings, and a view of all.
    assert left_out == {
        "info", "competitions", "names", "without", "warnings",
        "settings", "given_temperature", "only",
    }  # fmt: skip
    assert found.settings.items() <= found.identity().items()


def test_a_scorer_of_ones_own_knows_no_none():
    mine = Scorer("mine", "steps", SCORERS["dtw"].score, "mine", needs_background=True)
    with pytest.raises(UsageError, match="mine can't tell when none of the candidates fits"):
        sure(Planted(COSINES, logit_bias=-5.0))(none="nothing", scorer=mine)


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan"), "0.5"])
def test_a_least_confidence_is_from_0_to_1(wrong):
    with pytest.raises(UsageError, match=r"least confidence is .*; give a number from 0 to 1"):
        sure(Planted(COSINES, logit_bias=-5.0))(min_confidence=wrong)


def test_a_clip_too_short_for_its_repetitions_is_one_error_in_python_too():
    encoder = Planted(COSINES, logit_bias=None)
    short = encoder.clip()
    rows = np.repeat(encoder.rows, 8, axis=0)
    long = ClipEmbedding("long", rows, np.arange(32) / 10, 3.2, "planted", "f")
    found = list(ActAlign(encoder, repeats=2).predict_many([short, long], scripts=SCRIPTS))
    assert isinstance(found[0], ClipError)
    assert "2 repetitions of 2 steps don't fit" in str(found[0].error)
    assert len(found[1].best.repetitions) == 2


def sure(encoder, temperature=0.5):
    """Candidates with a confidence: of a background that was fitted."""
    sums = BackgroundSums("planted", "f", encoder.info.dim)
    sums.add(np.random.default_rng(0).normal(size=(50, encoder.info.dim)))
    background = replace(sums.background("made up"), temperatures={"competitive": temperature})
    return lambda scripts=SCRIPTS, **more: resolved(encoder, scripts, background=background, **more)


def test_confidences_are_in_rows_and_an_unsure_answer_has_no_label():
    encoder = Planted(COSINES, logit_bias=-5.0)
    candidates = sure(encoder)
    prediction = candidates().predict(encoder.clip())
    row = prediction.to_row(target="right")
    each = [c["confidence"] for c in row["candidates"]]
    assert sum(each) == pytest.approx(1)
    assert row["confidence"] == each[0] == max(each) == prediction.confidence
    assert row["label"] == "right"
    refusing = candidates(min_confidence=each[0] + 0.001).predict(encoder.clip())
    assert refusing.refused
    row = refusing.to_row(target="right")
    assert (row["label"], row["filtered_resps"], row["metrics"]) == (None, [], {"top1": 0.0})
    assert row["min_confidence"] == each[0] + 0.001
    assert row["candidates"][0]["label"] == "right"
    assert not candidates(min_confidence=each[0]).predict(encoder.clip()).refused
    with pytest.raises(UsageError, match="fit a temperature"):
        candidates(min_confidence=0.5, scorer="competitive_reversed")


def test_a_refusal_says_whose_words_are_unknown():
    encoder = Planted(COSINES, logit_bias=-5.0)
    found = replace(resolved(encoder, SCRIPTS).predict(encoder.clip()), min_confidence=0.5)
    assert found.refusal == "its words are unknown, so it has no confidence"
    none = replace(found, candidates=(replace(found.best, none=True), *found.candidates[1:]))
    assert none.refusal.startswith("the words that it is compared with are unknown")


def test_spellings_of_a_label_in_a_script_file_are_one_candidate():
    encoder = Planted(COSINES, logit_bias=-5.0)
    other = Script("RIGHT ", SCRIPTS[1].steps, domain="gym")
    candidates = resolved(encoder, [*SCRIPTS, other])
    assert candidates.labels == [script.label for script in SCRIPTS]


def test_candidates_of_one_step_are_less_sure():
    """The temperature lies between that of scripts and that of labels alone, by their share."""
    encoder = Planted(COSINES, logit_bias=-5.0)
    background = replace(
        sure(encoder)().background, temperatures={"competitive": 0.5},
        label_temperatures={"competitive": 2.0},
    )  # fmt: skip
    steps = [step for script in SCRIPTS for step in script.steps]
    one, other = SCRIPTS[0], Script("bare", steps[-1:])
    for scripts, temperature in (
        (SCRIPTS, 0.5),
        ([one, other], 1.25),
        ([Script("x", steps[:1]), other], 2.0),
    ):
        candidates = resolved(encoder, scripts, background=background)
        assert candidates.temperature == pytest.approx(temperature)
        prediction = candidates.predict(encoder.clip())
        scores = np.array([one.score for one in prediction.candidates]) / temperature
        expected = np.exp(scores) / np.exp(scores).sum()
        assert [one.confidence for one in prediction.candidates] == pytest.approx(expected)
    given = resolved(encoder, [one, other], background=background, temperature=0.125)
    assert given.temperature == 0.125
    with_none = replace(
        background, none_temperatures={"competitive": 4.0},
        none_label_temperatures={"competitive": 6.0},
    )  # fmt: skip
    for none, temperature in ((None, 1.25), ("nothing", 5.0)):
        found = resolved(encoder, [one, other], background=with_none, none=none)
        assert found.temperature == pytest.approx(temperature)
    assert resolved(encoder, [one, other], background=background, none="x").temperature == 1.25
    only_scripts = replace(background, label_temperatures={})
    assert resolved(encoder, [one, other], background=only_scripts).temperature == 0.5


def test_a_given_temperature_makes_confidences_of_any_scorer_and_comes_before_the_backgrounds():
    encoder = Planted(COSINES, logit_bias=-5.0)
    clip = encoder.clip()
    for scorer in ("competitive", "dtw", "mean_pool"):
        prediction = sure(encoder)(scorer=scorer, temperature=0.125).predict(clip)
        scores = np.array([one.score for one in prediction.candidates]) / 0.125
        expected = np.exp(scores) / np.exp(scores).sum()
        assert [one.confidence for one in prediction.candidates] == pytest.approx(expected)
        assert prediction.to_row()["settings"]["temperature"] == "0.125"
    shipped = sure(encoder)()
    again = sure(encoder)(temperature=0.125)
    assert (shipped.temperature, again.temperature) == (0.5, 0.125)
    assert again.measured_against(shipped.background).temperature == 0.125
    assert shipped.identity() != again.identity()
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="give a number above 0"):
            sure(encoder)(temperature=wrong)


def test_a_temperature_of_another_encoders_background_is_refused():
    encoder = Planted(COSINES, logit_bias=-5.0)
    other = replace(sure(encoder)().background, fingerprint="other", temperatures={"dtw": 1.0})
    with pytest.raises(EncoderError, match="but the encoder is"):
        resolved(encoder, SCRIPTS, background=other, scorer="dtw")
    assert resolved(encoder, SCRIPTS, background=other, scorer="mean_pool").temperature is None


def test_the_candidate_none_may_not_have_a_candidates_name():
    for name in ("flat", "Flat"):
        with pytest.raises(UsageError, match=f"'{name}' is a candidate"):
            sure(Planted(COSINES, logit_bias=-5.0))(none=name)
    with pytest.raises(UsageError, match="name of none-of-these is empty"):
        sure(Planted(COSINES, logit_bias=-5.0))(none=" ")


@pytest.mark.parametrize("scripts", [SCRIPTS, SCRIPTS[:1]])
@pytest.mark.parametrize("scorer", ["competitive", "competitive+dtw+path", "centred+segment+both"])
def test_none_wins_where_nothing_is_seen(scripts, scorer):
    encoder = Planted(COSINES, logit_bias=-5.0)
    unseen = np.zeros((30, encoder.info.dim), np.float32)
    few = np.concatenate([unseen, encoder.rows[:2]])  # too few that count
    candidates = sure(encoder)(scripts, none="nothing", scorer=scorer)
    for rows in (unseen, unseen[:1], few):
        clip = ClipEmbedding("c", rows, np.arange(len(rows)) / 10, len(rows) / 10, "planted", "f")
        found = candidates.predict(clip)
        assert found.label == "nothing"
        assert found.margin > 0.5
    assert candidates.predict(encoder.clip()).label == "right"


def test_none_wins_where_scores_are_equal():
    encoder = Planted(np.full((8, 3), 0.5), logit_bias=-5.0)
    # Every cosine is one deviation above the mean, exactly.
    level = Background(
        np.zeros(4, np.float32), np.eye(4, dtype=np.float32) * 0.25, 9, "p", "f", "even"
    )
    use = {"background": level, "scorer": "centred+segment+path", "none": "nothing"}
    found = resolved(encoder, [Script("go", ("0", "1"))], **use).predict(encoder.clip())
    assert found.margin == 0
    assert found.label == "nothing"


def test_the_order_margin_of_no_candidate_names_those_there_are():
    encoder = Planted(COSINES, logit_bias=-5.0)
    with pytest.raises(UsageError, match="no candidate 'nope'; choose one of right, flat, wrong"):
        resolved(encoder, SCRIPTS).order_margin(encoder.clip(), "nope")


def test_the_order_margin_is_the_mean_over_wordings_in_any_order():
    encoder = Planted(COSINES, logit_bias=-5.0)
    lists = [("0", "1"), ("2", "3", "4"), ("5",)]
    clip = encoder.clip()
    alone = [
        resolved(encoder, [Script("a", one)], scorer="dtw").order_margin(clip, "a") for one in lists
    ]
    assert alone[0] != pytest.approx(alone[1])
    assert alone[2] is None  # one step has no other order
    expected = (alone[0] + alone[1]) / 3
    for first, *others in (lists, lists[::-1]):
        several = [Script("a", first, rewordings=tuple(others)), Script("b", ("4", "5"))]
        found = resolved(encoder, several, scorer="dtw").order_margin(clip, "a")
        assert found == pytest.approx(expected)


def test_a_line_of_live_says_no_label_and_the_confidence():
    encoder = Planted(COSINES, logit_bias=-5.0)
    clip = encoder.clip()
    window = LiveWindow(clip, 1.0, 0.0, 0, 1)
    sums, lines = sure(encoder), []
    for least in (0.0, 1.0):
        prediction = sums(min_confidence=least).predict(clip)
        row = window.to_row(prediction)
        assert row["candidates"][0]["confidence"] == prediction.confidence
        lines.append(_line(row, None))
    share = f"{prediction.confidence:.0%}"
    assert re.search(rf"^0:00:01\.0  right \S+ {share}  flat ", lines[0])
    assert "no label (right?)" in lines[1]
    assert share in lines[1]


def test_a_candidate_alone_has_no_confidence_unless_none_stands_beside_it():
    encoder = Planted(COSINES, logit_bias=-5.0)
    alone = sure(encoder)(SCRIPTS[:1])
    assert alone.predict(encoder.clip()).confidence is None
    with pytest.raises(UsageError, match="A single candidate has no confidence"):
        sure(encoder)(SCRIPTS[:1], min_confidence=0.5)
    beside = sure(encoder)(SCRIPTS[:1], none="neither", min_confidence=0.0)
    assert beside.predict(encoder.clip()).confidence is not None


@pytest.mark.parametrize("unknown", [(), ("0", "4")])
def test_scripts_of_the_same_steps_are_told_apart_by_labels_whose_words_are_known(unknown):
    encoder = Planted(COSINES, logit_bias=-5.0)
    encoder.text_warnings = lambda texts: [
        TextWarning("no word is known", text, True) for text in texts if text in unknown
    ]
    scripts = [Script("4", ("2", "3")), Script("0", ("2", "3"))]
    use = {"background": made_up_background(encoder), "label_template": "{label}"}
    by_steps = resolved(encoder, scripts, scorer="competitive+relaxed+steps_four_times", **use)
    assert by_steps.predict(encoder.clip()).margin == 0
    voted = resolved(encoder, scripts, scorer="competitive", **use).predict(encoder.clip())
    assert (voted.label == "0" and voted.margin > 0) == (not unknown)
    assert (voted.margin == 0) == bool(unknown)
