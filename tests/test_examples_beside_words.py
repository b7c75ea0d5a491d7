"""A few labelled clips beside the words: scores, the weight, and the commands that use them."""

import json
import shutil

import numpy as np
import pytest

from actalign.candidates import Candidates
from actalign.encoder_info import EncoderInfo
from actalign.encoders._text_cache import TextCache
from actalign.errors import UsageError
from actalign.examples import Examples, WithExamples
from actalign.rows import read_rows
from actalign.types import ClipEmbedding, Script
from tests.colour_clips import write_colours
from tests.command import actalign

INFO = EncoderInfo(
    "m", "f", 3, 2.3, -5.0, smoothing_seconds=0.0, step_template="{step}", scorer="dtw"
)
AXES = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


class Texts:
    info = INFO

    def encode_text(self, texts):
        return np.array([AXES.get(text, (0.5, 0.5, 0.5)) for text in texts], np.float32)

    def text_warnings(self, texts):
        return []


def clip(name, colours, each=4, noise=0.0, seed=0):
    rows = np.repeat([AXES[c] for c in colours], each, axis=0).astype(np.float32)
    rows += noise * np.random.default_rng(seed).normal(size=rows.shape).astype(np.float32)
    times = np.arange(len(rows)) / 10
    return ClipEmbedding(name, rows, times, len(rows) / 10, "m", "f")


def candidates(scripts):
    return Candidates.resolve(
        list(scripts),
        [Script(label, tuple(steps)) for label, steps in scripts.items()],
        info=INFO,
        texts=TextCache(INFO, Texts),
    )


def examples(**labelled):
    clips = [
        (label, clip(f"{label}{n}", colours, each=3 + n, noise=0.1, seed=n))
        for label, several in labelled.items()
        for n, colours in enumerate(several)
    ]
    return Examples(clips, smoothing_seconds=0)


def slow_score(a, b):
    """The best path's mean by its definition, on cosines."""
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    table = a @ b.T
    best = {}
    for t in range(len(a)):
        for s in range(len(b)):
            before = [best[p] for p in ((t - 1, s - 1), (t - 1, s), (t, s - 1)) if p in best]
            total, length = max(before, key=lambda one: one[0]) if before else (0.0, 0)
            best[t, s] = (total + table[t, s], length + 1)
    total, length = best[len(a) - 1, len(b) - 1]
    return total / length


def test_a_labels_score_is_that_of_its_best_example_by_the_recurrence():
    shown = examples(up=[["red", "green"], ["blue", "green"]], down=[["green", "red"]])
    query = clip("q", ["red", "green"], noise=0.05)
    found = shown.scores(query, ["down", "up", "other"])
    rows = np.concatenate([one.frames for one in shown.examples])
    centre = rows.mean(axis=0)
    unit = query.embeddings / np.linalg.norm(query.embeddings, axis=1, keepdims=True)
    by_hand = {
        (one.label, n): slow_score(unit - centre, one.frames - centre)
        for n, one in enumerate(shown.examples)
    }
    assert found[0] == pytest.approx(by_hand["down", 2], abs=1e-5)
    assert found[1] == pytest.approx(max(by_hand["up", 0], by_hand["up", 1]), abs=1e-5)
    assert np.isnan(found[2])
    assert found[1] > found[0]


def test_a_clip_is_not_compared_with_itself():
    shown = examples(up=[["red", "green"]], down=[["green", "red"], ["green", "blue"]])
    itself = shown.examples[0].clip
    assert np.isnan(shown.scores(itself, ["up", "down"])[0])


def test_the_only_example_of_a_label_is_judged_by_words_alone():
    words = candidates({"up": ["red", "green"], "down": ["green", "red"], "still": ["blue"]})
    once = {"down": [["green", "red"]], "still": [["blue"]]}
    shown = examples(up=[["red", "green"]] * 2, **once)
    both = WithExamples.fitted(words, shown)
    for one in shown.examples:
        found = both.predict(one.clip)
        weight = both.weight if one.label == "up" else 0
        assert (found.label, found.settings["examples_weight"]) == (one.label, weight)


SHOWN = {
    "up": [["red", "green"]] * 3,
    "down": [["green", "red"]] * 3,
}


def test_the_weight_goes_to_what_is_right_when_each_example_is_left_out():
    wrong = candidates({"up": ["green", "red"], "down": ["red", "green"]})
    by_examples = WithExamples.fitted(wrong, examples(**SHOWN))
    assert by_examples.weight > 0.5
    assert (by_examples.trial.words, by_examples.trial.examples) == (0, 1)
    assert by_examples.trial.both == 1
    assert by_examples.predict(clip("q", ["red", "green"])).label == "up"
    assert "words alone 0 % right, examples alone 100 %, both 100 %" in by_examples.summary()
    # Examples whose labels were mixed up say nothing; the words do.
    right = candidates({"up": ["red", "green"], "down": ["green", "red"]})
    mixed = [["red", "green"], ["green", "red"], ["red", "green"], ["green", "red"]]
    by_words = WithExamples.fitted(right, examples(up=mixed[:2], down=mixed[2:]))
    assert by_words.trial.clips == 4
    prediction = WithExamples.fitted(right, examples(**SHOWN)).predict(clip("q", ["green", "red"]))
    assert (prediction.label, prediction.scorer) == ("down", "both")
    assert prediction.settings["words"] == "dtw"
    assert prediction.confidence is None


def test_few_examples_choose_no_weight_by_themselves():
    words = candidates({"up": ["red", "green"], "down": ["green", "red"], "still": ["blue"]})
    once = {"down": [["green", "red"]], "still": [["blue"]]}
    two = WithExamples.fitted(words, examples(up=[["red", "green"]] * 2, **once))
    assert two.trial.clips == 2
    assert two.weight < 0.5  # whatever these two say
    wrong = candidates({"up": ["green", "red"], "down": ["red", "green"]})
    by_number = [
        WithExamples.fitted(wrong, examples(up=[["red", "green"]] * n, down=[["green", "red"]] * n))
        for n in (2, 5, 20)
    ]
    few, more, many = (one.weight for one in by_number)
    assert few < more < many
    assert many > 0.8


def test_scores_by_one_example_a_label_are_brought_to_the_scale_of_those_by_words():
    steps = {"up": ["red", "green"], "down": ["green", "red"], "still": ["blue"]}
    shown = examples(up=[["red", "green"]], down=[["green", "red"]], still=[["blue"]])
    both = WithExamples.fitted(candidates(steps), shown)
    words, by_example, added = both.all_scores(clip("q", ["red", "green", "blue"]))
    tables = [np.stack([one(e.clip) for e in shown.examples]) for one in (
        lambda c: both.all_scores(c)[0], lambda c: shown.scores(c, ["up", "down", "still"])
    )]  # fmt: skip
    scales = [np.nanstd(t - np.nanmean(t, axis=1, keepdims=True)) for t in tables]
    expected = 0.7 * (words - words.mean()) / scales[0]
    expected += 0.3 * (by_example - by_example.mean()) / scales[1]
    assert added == pytest.approx(expected, abs=1e-6)


def test_one_example_a_label_has_the_weight_of_few_and_none_is_an_error():
    words = candidates({"up": ["red", "green"], "down": ["green", "red"]})
    one = WithExamples.fitted(words, examples(up=[["red", "green"]], down=[["green", "red"]]))
    assert (one.weight, one.trial) == (0.3, None)
    assert "no label has two different examples" in one.summary()
    with pytest.raises(UsageError, match="no example of 'down'"):
        WithExamples.fitted(words, examples(up=[["red"]]))
    many = candidates({"up": ["red"], **{f"turn {n}": ["green"] for n in range(9)}})
    with pytest.raises(UsageError, match=r"'turn 4' and of 4 more; give .* or name only labels"):
        WithExamples.fitted(many, examples(up=[["red"]]))
    with pytest.raises(UsageError, match=r"There are no examples; .* or a truth\.jsonl"):
        Examples([], smoothing_seconds=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, colour_model):
    """Clips, examples of them, and scripts that are the wrong way round."""
    folder = tmp_path_factory.mktemp("shown")
    for label, colours in {"up": ["red", "green"], "down": ["green", "red"]}.items():
        for place, count in (("clips", 2), ("shown", 3)):
            (folder / place / label).mkdir(parents=True)
            for n in range(count):
                write_colours(
                    folder / place / label / f"{label}{n}.mp4",
                    colours,
                    each=3 + n + 3 * (place == "clips"),
                )
    scripts = {"up": ["green", "red"], "down": ["red", "green"]}
    (folder / "scripts.json").write_text(json.dumps({"scripts": scripts}))
    (folder / "model").symlink_to(colour_model)
    return folder


SHARED = ("--scripts", "scripts.json", "--model", "model", "--smoothing", 0)


def test_eval_has_words_examples_and_both_in_its_table(folder):
    run = ("eval", "clips", "clips", *SHARED, "--scorer", "dtw", "--out", "run")
    done = actalign(*run, "--examples", "shown", cwd=folder)
    assert done.returncode == 0, done.stderr
    figures = json.loads((folder / "run" / "results.json").read_text())["scorers"]
    assert {name: one["top1"] for name, one in figures.items()} == {
        "dtw": 0,
        "examples": 1,
        "both": 1,
    }
    assert actalign("report", "run", cwd=folder).returncode == 0
    before = (folder / "run" / "predictions.jsonl").read_bytes()
    assert actalign(*run, "--examples", "shown", "--resume", cwd=folder).returncode == 0
    assert (folder / "run" / "predictions.jsonl").read_bytes() == before
    write_colours(folder / "shown" / "up" / "more.mp4", ["red", "green"], each=9)
    again = actalign(*run, "--examples", "shown", "--resume", cwd=folder)
    (folder / "shown" / "up" / "more.mp4").unlink()
    assert again.returncode == 2
    assert "was run with other examples" in again.stderr
    assert actalign(*run, "--resume", cwd=folder).returncode == 2


def test_clips_that_are_examples_too_do_not_give_themselves_away(folder):
    shown = {"up/a": ["red", "green"], "up/c": ["blue", "white"], "down/b": ["red", "green"]}
    for each, (name, colours) in enumerate(shown.items(), start=4):
        (folder / "few" / name).parent.mkdir(parents=True, exist_ok=True)
        write_colours(folder / "few" / f"{name}.mp4", colours, each=each)
    run = ("eval", "clips", "few", *SHARED, "--scorer", "dtw", "--out", "same")
    done = actalign(*run, "--examples", "few", "--store", "few-store", cwd=folder)
    assert done.returncode == 2  # there is no such store
    assert actalign("encode", "few", *SHARED[2:4], "--out", "few-store", cwd=folder).returncode == 0
    done = actalign(*run, "--examples", "few", "--store", "few-store", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("embeddings of 3 of 3 clips are from") == 1
    figures = json.loads((folder / "same" / "results.json").read_text())["scorers"]
    # Without itself, the first has an example of down that is alike, and one of up that is not.
    assert figures["examples"]["n"] == 2
    assert figures["examples"]["top1"] <= 0.5
    # Nothing is left to compare the third with, so it is not wrong but unscored.
    assert figures["examples"]["unscored"] == {"only example": 1}
    assert figures["both"]["unscored"] == {"only example": 1}
    assert figures["dtw"]["n"] == 3
    assert "b: it is the only example of 'down'; give more" in done.stderr


def test_examples_of_a_truth_file_are_those_of_the_folder(folder):
    made = actalign("eval", "convert", "shown", "--out", "shown.jsonl", cwd=folder)
    assert made.returncode == 0, made.stderr
    run = ("eval", "clips", "clips", *SHARED, "--scorer", "dtw", "--out", "by-file")
    done = actalign(*run, "--examples", "shown.jsonl", cwd=folder)
    assert done.returncode == 0, done.stderr
    figures = json.loads((folder / "by-file" / "results.json").read_text())["scorers"]
    assert {name: one["top1"] for name, one in figures.items()} == {
        "dtw": 0,
        "examples": 1,
        "both": 1,
    }
    run = ("classify", "clips", *SHARED, "--examples", "shown.jsonl", "--out", "by-file.jsonl")
    done = actalign(*run, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "6 examples of the candidates, weight" in done.stderr


def test_classify_compares_with_examples_too(folder):
    run = ("classify", "clips", *SHARED, "--examples", "shown", "--out", "p.jsonl")
    done = actalign(*run, "--store", "store", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "6 examples of the candidates, weight" in done.stderr
    rows = read_rows(folder / "p.jsonl")
    assert {row["clip"]: row["label"] for row in rows} == {
        "up0": "up", "up1": "up", "down0": "down", "down1": "down"
    }  # fmt: skip
    assert {row["scorer"] for row in rows} == {"both"}
    assert all(row["settings"]["examples_weight"] > 0.5 for row in rows)
    (folder / "shown" / "up" / "bad.mp4").write_text("no video")
    done = actalign(*run, "--store", "store", cwd=folder)
    (folder / "shown" / "up" / "bad.mp4").unlink()
    assert done.returncode == 2
    assert "An example can't be used" in done.stderr
    done = actalign(*run, "--min-confidence", 0.5, cwd=folder)
    assert "--examples can't be used with" in done.stderr


def test_a_copy_of_an_example_does_not_count_and_it_is_said(folder):
    for name in ("up", "down"):
        (folder / "copies" / name).mkdir(parents=True)
        shutil.copy(folder / "shown" / name / f"{name}0.mp4", folder / "copies" / name)
    shutil.copy(folder / "shown" / "up" / "up0.mp4", folder / "copies" / "up" / "copy.mp4")
    done = actalign("classify", "clips", *SHARED, "--examples", "copies", cwd=folder)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stderr.split())
    assert "3 examples of the candidates, weight 0.3: not chosen" in said
    assert "no label has two different examples (copies of a clip count once)" in said


def test_a_clip_too_short_for_its_repetitions_is_one_row_and_no_example_is(folder):
    """Three repetitions fit into the clips, not into the examples, of which one is a clip, too."""
    run = ("classify", "clips", "shown/up/up0.mp4", *SHARED, "--examples", "shown", "--repeats", 3)
    done = actalign(*run, "--out", "three.jsonl", "--store", "store", cwd=folder)
    assert done.returncode == 1, done.stderr
    rows = read_rows(folder / "three.jsonl")
    assert [row["status"] for row in rows] == ["ok"] * 4 + ["error"]
    assert "3 repetitions of 2 steps don't fit" in rows[4]["error"]
    run = ("eval", "clips", "clips", *SHARED, "--scorer", "dtw", "--repeats", 3, "--out", "three")
    done = actalign(*run, "--examples", "shown", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert {row["status"] for row in read_rows(folder / "three" / "predictions.jsonl")} == {"ok"}


def test_a_label_without_an_example_is_refused_before_anything_is_encoded(folder):
    (folder / "half" / "up").mkdir(parents=True)
    write_colours(folder / "half" / "up" / "a.mp4", ["red", "green"], each=4)
    run = ("eval", "clips", "clips", *SHARED, "--scorer", "dtw", "--out", "later")
    refused = actalign(*run, "--examples", "half", cwd=folder)
    assert refused.returncode == 2
    assert "There is no example of 'down'; give each candidate at least one" in refused.stderr
    assert not (folder / "later").exists()
    done = actalign(*run, "--examples", "shown", cwd=folder)
    assert done.returncode == 0, done.stderr
