"""Runs of the evaluator: their journal, their encoder, and the folders of earlier versions."""

import json
import os
import re
import shutil
from dataclasses import fields, replace
from itertools import combinations

import numpy as np
import pytest

from actalign.background import BackgroundSums, write_background
from actalign.encoder_info import EncoderInfo
from actalign.errors import ActAlignError, EncoderError, UsageError
from actalign.evaluation import EvalConfig, Interval, Question, QuestionSet, run
from actalign.evaluation._config import _check_same, read_config
from actalign.evaluation._journal import Journal
from actalign.evaluation._lines import comparison_lines, kind_lines, terms_in
from actalign.evaluation._report import write_reports
from actalign.evaluation._runs import read_run
from actalign.evaluation.atlas._embeddings import (
    TEXT_FORMAT,
    VIDEO_FORMAT,
    IndexRow,
    read_embeddings,
    write_embeddings,
)
from actalign.rows import read_rows
from tests.colour_clips import write_colours

INFO = EncoderInfo(
    "rgb",
    "f00d",
    3,
    2.0,
    -5.0,
    fps=5.0,
    smoothing_seconds=0.0,
    step_template="{step}",
    scorer="dtw_steps",
)
COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


class ColourEncoder:
    """A frame is its mean colour, a text the colour whose name it holds."""

    info = INFO

    def encode_image(self, frames):
        return frames.mean(axis=(1, 2), dtype=np.float32) / 255

    def encode_text(self, texts):
        found = [[row for name, row in COLOURS.items() if name in text] for text in texts]
        return np.array([np.sum(rows or [(0, 0, 0)], axis=0) for rows in found], np.float32)

    def text_warnings(self, texts):
        return []


@pytest.fixture
def questions(tmp_path_factory):
    """Two questions on real clips of colours, and one without an answer."""
    folder = tmp_path_factory.mktemp("clips")

    def question(identity, colours, *, choices=("red green", "green red"), answer=0, **fields):
        return Question(
            id=identity,
            choices=choices,
            answer=answer,
            scripts=tuple(tuple(choice.split()) for choice in choices),
            video=write_colours(folder / f"{identity}.mp4", colours, fps=30),
            **fields,
        )

    third = 1 / 3
    return QuestionSet(
        "colours",
        (
            question(
                "a", ["red", "green"], intervals=(Interval(0, third, 0), Interval(third, 2 / 3, 1))
            ),
            question("b", ["green", "red"], answer=1, domain="paint"),
            question("c", ["red"], answer=None),
        ),
    )


def config(*scorers, **changes):
    return replace(EvalConfig("rgb", scorers or ("own",)), **changes)


def test_the_encoders_own_settings_stand_where_none_are_given(questions, tmp_path):
    """The encoder is known by its info only when a run goes on: its scorer must not get lost."""

    def never():
        raise AssertionError("nothing has to be encoded")

    results = run(config(), questions, tmp_path, load=ColourEncoder)
    assert list(results["scorers"]) == ["dtw_steps"]
    rows = read_rows(tmp_path / "predictions.jsonl")
    assert [(row["clip"], row["scorer"], row["label"]) for row in rows] == [
        ("a", "dtw_steps", "red green"),
        ("b", "dtw_steps", "green red"),
    ]
    assert rows[0]["frames"] == 4  # 5 a second, the encoder's
    assert rows[0]["mean_iou"] == results["mean_iou"] > 0.7
    assert "mean_iou" not in rows[1]
    assert results["scorers"]["dtw_steps"]["unscored"] == {}
    order = results["scorers"]["dtw_steps"]["order_margin"]
    assert (order["n"], order["above_zero"]) == (2, 1.0)
    assert any("higher than in other orders in 100.0 %" in line for line in kind_lines(results))
    assert results["samples"]["without_clip"] == {"no answer": 1}
    saved, info = read_config(tmp_path)
    assert (saved.fps, saved.scorers, info) == (5.0, ("dtw_steps",), INFO)
    before = (tmp_path / "predictions.jsonl").read_bytes()
    again = run(config(), questions, tmp_path, load=never, resume=True)
    assert (again, (tmp_path / "predictions.jsonl").read_bytes()) == (results, before)
    more = run(config("dtw", "random"), questions, tmp_path, load=never, resume=True)
    assert list(more["scorers"]) == ["dtw_steps", "dtw", "random"]


def test_true_times_are_compared_with_the_wording_that_they_number(questions, tmp_path):
    """Another wording fits better and is shown; its fourth step is no step of the intervals."""
    first = replace(
        questions.questions[0],
        scripts=(("red blue", "green blue"), ("green", "red")),
        rewordings=((("red", "red", "green", "green"),), ()),
    )
    asked = QuestionSet("colours", (first,))
    results = run(config("dtw", "equal_split"), asked, tmp_path / "a", load=ColourEncoder)
    for row in read_rows(tmp_path / "a" / "predictions.jsonl"):
        assert len(row["candidates"][0]["segments"]) == 4
        assert [one["step"] for one in row["interval_segments"]] == ["red blue", "green blue"]
        assert row["mean_iou"] > 0.8
    assert results["scorers"]["dtw"]["steps"]["iou"]["value"] == results["mean_iou"] > 0.8
    # The same list under another first one, as `eval clips --scripts` gives it.
    lists = (("red", "red", "green", "green"), ("green", "red"))
    other = first.with_scripts(lists, ((("red blue", "green blue"),), ()))
    again = run(config("dtw"), QuestionSet("colours", (other,)), tmp_path / "b", load=ColourEncoder)
    assert again["mean_iou"] == pytest.approx(results["mean_iou"])
    assert read_run(tmp_path / "b").results == again


def test_all_frames_are_not_the_encoders_own_rate(questions, tmp_path):
    results = run(config(fps=None), questions, tmp_path, load=ColourEncoder)
    assert results["fps"] is None
    assert [row["frames"] for row in read_rows(tmp_path / "predictions.jsonl")] == [20, 20]
    with pytest.raises(UsageError, match=r"was run with fps None, not 5\.0"):
        run(config(), questions, tmp_path, load=ColourEncoder, resume=True)


@pytest.mark.parametrize("name", [one.name for one in fields(EvalConfig)])
def test_a_run_goes_on_only_with_the_settings_that_its_rows_depend_on(name, tmp_path):
    """Also for a field that is new: that it may differ has to be decided here."""
    old = EvalConfig("m", ("dtw",), second_look={"model": "a"}, temperatures={"dtw": 1.0})
    other = {"scorers": ("dtw", "random"), "temperatures": {"random": 2.0, "dtw": 1.0}}
    new = replace(old, **{name: other.get(name, {"model": "b"})})
    if name in ("scorers", "data", "background_digest", "temperatures", "settings"):
        _check_same(old, new, tmp_path)
    else:
        with pytest.raises(UsageError, match=f"was run with {name} "):
            _check_same(old, new, tmp_path)


def test_a_run_is_not_gone_on_with_by_another_encoder(questions, tmp_path):
    class Other(ColourEncoder):
        info = replace(INFO, fingerprint="beef")

    run(config(), questions, tmp_path, load=ColourEncoder)
    shutil.rmtree(tmp_path / "embeddings")
    with pytest.raises(EncoderError, match="the model is now rgb \\(beef\\)"):
        run(config(), questions, tmp_path, load=Other, resume=True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answer": 0}, "the answer of sample 'b' was 1 and is now 0"),
        ({"scripts": (("red", "green"), ("green",))}, "sample 'b' now has other scripts"),
        ({"choices": ("red green", "green blue")}, "sample 'b' now has other choices"),
        ({"domain": "wool"}, "'b' now has another domain"),
        ({"intervals": (Interval(0, 1, 0),)}, "'b' now has other true interv"),
        ({"end": 0.5}, "'b' now has another end"),
        ({"id": "x"}, "sample 'b' is gone"),
    ],
)
def test_a_run_is_not_gone_on_with_by_changed_questions(questions, tmp_path, changes, said):
    """A corrected answer must not leave rows with the old one beside rows with the new."""
    run(config(), questions, tmp_path, load=ColourEncoder)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.json*")}
    a, b, c = questions.questions
    other = replace(questions, questions=(a, replace(b, **changes), c))
    with pytest.raises(UsageError, match=re.escape(said)):
        run(config("dtw", data="moved"), other, tmp_path, load=ColourEncoder, resume=True)
    two = (replace(a, domain="wool"), replace(b, **changes), c)
    with pytest.raises(UsageError, match=re.escape("'a' now has another domain (and 1 more sa")):
        run(
            *(config("dtw"), replace(questions, questions=two), tmp_path),
            **{"load": ColourEncoder, "resume": True},
        )
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.json*")} == before


def test_a_run_goes_on_with_more_questions_and_where_the_data_set_has_moved(questions, tmp_path):
    run(config(), questions, tmp_path / "run", load=ColourEncoder)
    moved = [tmp_path / one.video.name for one in questions.questions]
    for one, path in zip(questions.questions, moved, strict=True):
        one.video.rename(path)
    there = [replace(q, video=p) for q, p in zip(questions.questions, moved, strict=True)]
    more = replace(questions, questions=(*there, replace(there[1], id="d")))
    results = run(config(data="moved"), more, tmp_path / "run", load=ColourEncoder, resume=True)
    assert results["scorers"]["dtw_steps"]["n"] == 3
    assert read_config(tmp_path / "run")[0].data == "moved"


def test_a_run_is_not_gone_on_with_by_another_video_of_the_same_name(questions, tmp_path):
    run(config(), questions, tmp_path, load=ColourEncoder)
    write_colours(questions.questions[1].video, ["blue", "red"], fps=30)
    with pytest.raises(UsageError, match="'b' now has another clip"):
        run(config("dtw"), questions, tmp_path, load=ColourEncoder, resume=True)


def test_a_run_is_not_gone_on_with_by_another_background_of_the_same_name(questions, tmp_path):
    """What a file holds is the background, not its name: a copy of it will do."""

    def write(path, seed, **fields):
        sums = BackgroundSums("rgb", "f00d", 3)
        sums.add(np.random.default_rng(seed).normal(size=(20, 3)))
        write_background(replace(sums.background("noise"), **fields), path)

    def go_on():
        asked = config("competitive", "centred+segment+path", background=str(path))
        return run(asked, questions, out, load=ColourEncoder, resume=True)

    path, out = tmp_path / "noise.safetensors", tmp_path / "run"
    write(path, 1)
    first = config("competitive", background=str(path))
    run(first, questions, out, load=ColourEncoder)
    before = (out / "predictions.jsonl").read_bytes()
    for other in ({"seed": 2}, {"seed": 1, "temperatures": {"competitive": 0.5}}):
        write(path, **other)
        with pytest.raises(
            UsageError, match=r"another background: .*noise\.safetensors has changed"
        ):
            go_on()
    assert (out / "predictions.jsonl").read_bytes() == before
    with pytest.raises(UsageError, match="has changed since"):
        read_run(out).predict_again("a", "competitive")
    path = tmp_path / "copy.safetensors"
    with pytest.raises(UsageError, match="can't be read"):
        go_on()
    write(path, 1)
    assert list(go_on()["scorers"]) == ["competitive", "centred+segment+path"]
    # Runs of earlier versions knew the name alone.
    saved = json.loads((out / "config.json").read_text())
    del saved["config"]["background_digest"]
    (out / "config.json").write_text(json.dumps(saved))
    go_on()
    (out / "config.json").write_text(json.dumps(saved))
    path = path.rename(tmp_path / "third.safetensors")
    with pytest.raises(UsageError, match=r"run with background '.*copy\.safetensors', not"):
        go_on()


def test_parts_of_one_file_are_clips_of_their_own(questions, tmp_path):
    video = write_colours(tmp_path / "long.mp4", ["red", "green", "red"], fps=30)
    whole = questions.questions[0]
    parts = tuple(
        replace(whole, id=name, video=video, start=start, end=end, answer=answer, intervals=None)
        for name, start, end, answer in (("x", 0.0, 2 / 3, 0), ("y", 1 / 3, 1.0, 1))
    )
    run(config(), replace(questions, questions=parts), tmp_path / "run", load=ColourEncoder)
    rows = read_rows(tmp_path / "run" / "predictions.jsonl")
    assert [row["label"] for row in rows] == ["red green", "green red"]
    assert [row["start_seconds"] for row in rows] == pytest.approx([0, 1 / 3], abs=0.04)


def test_a_run_that_breaks_off_leaves_no_decoding_process(questions, tmp_path, decoding):
    def stop(clip, note):
        assert decoding()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as broken_off:
        run(config(), questions, tmp_path / "run", load=ColourEncoder, progress=stop)
    assert not decoding()
    assert broken_off.tb  # which holds what the run had in hand


def test_a_folder_of_other_predictions_is_left_alone(questions, tmp_path):
    (tmp_path / "predictions.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="delete them or choose another"):
        run(config(), questions, tmp_path, load=ColourEncoder, resume=True)
    assert (tmp_path / "predictions.jsonl").read_text() == "{}\n"


def test_a_journal_drops_what_was_half_written(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.add({"id": "a", "text": "é\u2028"})
    journal.add({"id": "b"})
    whole = path.read_bytes()
    for left in (b'{"id": "c"', b'{"id": "c"}', b"\xff\n", b"[1]\n", b"\0" * 9, b"[" * 10**5):
        path.write_bytes(whole + left)
        again = Journal(path)
        assert [row["id"] for row in again.rows] == ["a", "b"]
        assert path.read_bytes() == whole
    again.add({"id": "c"})
    assert [row["id"] for row in Journal(path).rows] == ["a", "b", "c"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_journal_on_a_full_disk_says_what_to_do(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    path.symlink_to("/dev/full")
    with pytest.raises(ActAlignError, match="No space left on device; free space, then run"):
        journal.add({"id": "a"})


OLD_ENCODER = {
    "model_id": "google/siglip",
    "fingerprint": "0123456789abcdef",
    "logit_scale_log": 4.7,
    "logit_bias": -12.9,
    "smoothing_seconds": 1.0,
    "step_template": "{step}",
    "label_template": "{label}",
    "model_revision": None,
}


def test_a_folder_of_embeddings_written_over_halfway_passes_for_neither(tmp_path):
    path, rows = tmp_path / "videos", [IndexRow("a", key="a"), IndexRow("b", key="b")]
    cells = [np.ones((2, 3), np.float32), np.ones((2, 3), np.float32)]
    write_embeddings(path, VIDEO_FORMAT, INFO, rows, cells)
    other = replace(INFO, model_id="other", fingerprint="beef")
    with pytest.raises(Exception, match=r"."):  # as full a disk would end it
        write_embeddings(path, VIDEO_FORMAT, other, rows, [2 * cells[0], np.array([object()])])
    with pytest.raises(UsageError, match=r"index\.json can't be read .* encode again"):
        read_embeddings(path, VIDEO_FORMAT)
    write_embeddings(path, VIDEO_FORMAT, INFO, rows, cells)
    assert read_embeddings(path, VIDEO_FORMAT).encoder == INFO


def test_embedding_files_of_version_0_1_are_read(tmp_path):
    path = tmp_path / "videos"
    rows = [IndexRow("a", pts_seconds=[0.0, 0.1], key="k")]
    write_embeddings(path, VIDEO_FORMAT, INFO, rows, [np.ones((2, 3), np.float32)])
    assert read_embeddings(path, VIDEO_FORMAT).encoder == INFO
    index = json.loads((path / "index.json").read_text())
    (path / "index.json").write_text(json.dumps({**index, "encoder": OLD_ENCODER}))
    found = read_embeddings(path, VIDEO_FORMAT)
    assert found.rows == tuple(rows)
    assert found.encoder == EncoderInfo(
        "google/siglip", "0123456789abcdef", 0, 4.7, -12.9,
        step_template="{step}", label_template="{label}",
    )  # fmt: skip
    for wrong in (None, [], {}, {**OLD_ENCODER, "logit_bias": "x"}, {**OLD_ENCODER, "more": 1}):
        (path / "index.json").write_text(json.dumps({**index, "encoder": wrong}))
        with pytest.raises(UsageError, match="encode again"):
            read_embeddings(path, VIDEO_FORMAT)
    with pytest.raises(UsageError, match="is needed here"):
        read_embeddings(path, TEXT_FORMAT)


def test_a_run_of_version_0_1_is_reported(questions, tmp_path):
    run(config("dtw"), questions, tmp_path, load=ColourEncoder)
    path = tmp_path / "config.json"
    known = json.loads(path.read_text())
    known["config"] |= {"data": "data", "scripts": "bank.json", "benchmark": "actionatlas"}
    known["encoder"] = {
        "model_id": "rgb",
        "fingerprint": "f00d",
        "dim": 3,
        "logit_scale": 2.0,
        "logit_bias": -5.0,
        "fps": 5.0,
        "smoothing_seconds": 0.0,
        "step_template": INFO.step_template,
        "label_template": INFO.label_template,
        "model_revision": None,
    }
    path.write_text(json.dumps(known))
    rows = [json.loads(x) for x in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    for row in rows:
        del row["clip"], row["label"]
    (tmp_path / "predictions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    old = {"doc_id": "c", "stage": "data", "kind": "no answer", "error": "why", "scorer": None}
    (tmp_path / "errors.jsonl").write_text(json.dumps(old) + "\n")
    found = read_run(tmp_path)
    assert [row["clip"] for row in found.rows] == ["a", "b"]
    assert [(e["clip"], e["error_kind"]) for e in found.errors] == [("c", "no answer")]
    assert found.info == replace(INFO, scorer="dtw")
    (tmp_path / "questions.jsonl").unlink()
    with pytest.raises(UsageError, match="an earlier version wrote it; evaluate again"):
        run(config("dtw"), questions, tmp_path, load=ColourEncoder, resume=True)
    assert all(path.is_file() for path in write_reports([tmp_path]))


def test_a_mini_atlas_run_of_an_earlier_version_is_named(tmp_path):
    (tmp_path / "results.json").write_text('{"benchmark": "mini-atlas", "questions": 1}')
    (tmp_path / "predictions.jsonl").write_text("")
    with pytest.raises(UsageError, match=r"by an earlier version; evaluate again"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": 2}, "The answer of question 'a' is 2"),
        ({"scripts": (None,)}, "2 choices but 1 scripts"),
        ({"domains": ("gym",)}, "2 choices but 1 domains"),
        ({"intervals": (Interval(0, 1, 2),)}, "is of step 2, but the steps of its answer"),
        ({"intervals": (Interval(1, 0, 0),)}, "ends at 0 s, before it begins"),
        ({"choices": ("a", " A")}, "has the choice ' A' twice"),
        ({"choices": ("a", " ")}, "an empty choice"),
        ({"choices": ()}, "has no choices"),
        ({"start": 2.0, "end": 1.0}, "ends at 1 s, before it begins"),
    ],
)
def test_a_question_that_contradicts_itself_is_refused(questions, changes, message):
    with pytest.raises(UsageError, match=message):
        replace(questions.questions[0], **changes)


def test_the_letters_of_a_picture_in_a_report_are_no_terms():
    said = terms_in("<p>the margin</p><img src='data:image/png;base64,AIoU/macro+B='><p>macro</p>")
    assert [sentence.partition(":")[0] for sentence in said] == ["Macro", "Margin"]


def test_of_many_comparisons_the_terminal_has_those_of_one_scorer():
    def compared(*names):
        one = {"ci95": (0, 0), "difference": 0, "only_first": 0, "only_second": 0, "mcnemar_p": 1}
        pairs = combinations(names, 2)
        results = {"comparisons": [{"first": a, "second": b, "n": 4, **one} for a, b in pairs]}
        return comparison_lines(results, of="a")

    assert len(compared(*"abcd")) == 6
    *mine, others = compared(*"abcde")
    assert [line.partition(" on")[0] for line in mine] == [f"a against {b}" for b in "bcde"]
    assert others == "and 6 more comparisons: results.json and the report have all"
