"""Runs of the evaluator: their journal, their encoder, and the folders of earlier versions."""

import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest

from actalign.errors import ActAlignError, EncoderError, UsageError
from actalign.evaluation import EvalConfig, Question, QuestionSet, run
from actalign.evaluation._config import read_config
from actalign.evaluation._journal import Journal
from actalign.evaluation._runs import read_run
from actalign.evaluation.atlas._embeddings import (
    TEXT_FORMAT,
    VIDEO_FORMAT,
    IndexRow,
    read_embeddings,
    write_embeddings,
)
from actalign.rows import read_rows
from actalign.types import EncoderInfo, FrameBatch, Script

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


def question(identity, colours, *, choices=("red green", "green red"), answer=0, **fields):
    """A clip of ten frames a colour at 30 a second, held as an array."""
    parts = [np.full((10, 8, 8, 3), np.array(COLOURS[c]) * 255, np.uint8) for c in colours]
    frames = np.concatenate(parts)
    return Question(
        id=identity,
        choices=choices,
        answer=answer,
        scripts=tuple(Script(choice, tuple(choice.split())) for choice in choices),
        video=FrameBatch(frames, np.arange(len(frames)) / 30),
        **fields,
    )


QUESTIONS = QuestionSet(
    "colours",
    (
        question("a", ["red", "green"], intervals=((0, 1 / 3), (1 / 3, 2 / 3))),
        question("b", ["green", "red"], answer=1, domain="paint"),
        replace(question("c", ["red"]), answer=None),
    ),
    digest="d",
)


def config(*scorers, **changes):
    return replace(EvalConfig("data", "", "rgb", scorers, benchmark="colours"), **changes)


def test_the_encoders_own_settings_stand_where_none_are_given(tmp_path):
    """The encoder is known by its info only when a run goes on: its scorer must not get lost."""

    def never():
        raise AssertionError("nothing has to be encoded")

    results = run(config(), QUESTIONS, tmp_path, load=ColourEncoder)
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
    assert results["samples"]["without_clip"] == {"no answer": 1}
    saved, info = read_config(tmp_path)
    assert (saved.fps, saved.scorers, info) == (5.0, ("dtw_steps",), INFO)
    before = (tmp_path / "predictions.jsonl").read_bytes()
    again = run(config(), QUESTIONS, tmp_path, load=never, resume=True)
    assert (again, (tmp_path / "predictions.jsonl").read_bytes()) == (results, before)
    more = run(config("dtw", "random"), QUESTIONS, tmp_path, load=never, resume=True)
    assert list(more["scorers"]) == ["dtw_steps", "dtw", "random"]


def test_all_frames_are_not_the_encoders_own_rate(tmp_path):
    results = run(config(fps=None), QUESTIONS, tmp_path, load=ColourEncoder)
    assert results["fps"] is None
    assert [row["frames"] for row in read_rows(tmp_path / "predictions.jsonl")] == [20, 20]
    with pytest.raises(UsageError, match=r"was run with fps None, not 5\.0"):
        run(config(), QUESTIONS, tmp_path, load=ColourEncoder, resume=True)


def test_a_run_is_not_gone_on_with_by_another_encoder(tmp_path):
    class Other(ColourEncoder):
        info = replace(INFO, fingerprint="beef")

    run(config(), QUESTIONS, tmp_path, load=ColourEncoder)
    more = replace(QUESTIONS, questions=(*QUESTIONS.questions, question("d", ["blue"])))
    with pytest.raises(EncoderError, match="the model is now rgb \\(beef\\)"):
        run(config(), more, tmp_path, load=Other, resume=True)


A, B, C = QUESTIONS.questions
CHANGED = {
    "answer": ([A, replace(B, answer=0), C], "the answer of sample 'b' was 1 and is 0"),
    "scripts": (
        [A, replace(B, scripts=(B.scripts[0], Script("green red", ("green", "blue")))), C],
        "sample 'b' now has other scripts",
    ),
    "choices": (
        [
            question("a", ["red", "green"], choices=("red green", "green blue")),
            replace(B, domain="wool"),
            C,
        ],
        "sample 'a' now has other choices (and 1 more samples differ)",
    ),
    "clip": ([A, question("b", ["red"], answer=1, domain="paint"), C], "'b' now has another clip"),
    "domain": ([A, replace(B, domain="wool"), C], "'b' now has another domain"),
    "intervals": ([replace(A, intervals=((0, 1), (1, 2))), B, C], "'a' now has other true interv"),
    "none": ([A, B], "sample 'c' is gone"),
    "another set": ([question("x", ["red"])], "sample 'a' is gone (and 2 more samples differ)"),
}


@pytest.mark.parametrize(("questions", "said"), CHANGED.values(), ids=CHANGED)
def test_a_run_is_not_gone_on_with_by_changed_questions(tmp_path, questions, said):
    run(config(), QUESTIONS, tmp_path, load=ColourEncoder)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.json*")}
    other = replace(QUESTIONS, questions=tuple(questions))
    with pytest.raises(UsageError, match=re.escape(said)):
        run(config("dtw", data="moved"), other, tmp_path, load=ColourEncoder, resume=True)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.json*")} == before


def test_a_run_goes_on_with_more_questions_and_where_the_data_set_has_moved(tmp_path):
    run(config(), QUESTIONS, tmp_path, load=ColourEncoder)
    more = replace(QUESTIONS, questions=(*QUESTIONS.questions, question("d", ["green", "red"])))
    other = replace(more, digest="the script file was written again")
    results = run(config(data="moved"), other, tmp_path, load=ColourEncoder, resume=True)
    assert results["scorers"]["dtw_steps"]["n"] == 3
    assert read_config(tmp_path)[0].data == "moved"


def test_a_run_of_an_earlier_version_is_compared_by_its_rows_and_its_script_file(tmp_path):
    run(config(), QUESTIONS, tmp_path, load=ColourEncoder)
    (tmp_path / "questions.jsonl").unlink()
    other = replace(QUESTIONS, questions=(A, replace(B, answer=0), C))
    with pytest.raises(UsageError, match="the answer of sample 'b' was 1 and is 0"):
        run(config(), other, tmp_path, load=ColourEncoder, resume=True)
    with pytest.raises(UsageError, match="another script file"):
        run(config(), replace(QUESTIONS, digest="e"), tmp_path, load=ColourEncoder, resume=True)
    run(config(), QUESTIONS, tmp_path, load=ColourEncoder, resume=True)


def test_a_folder_of_other_predictions_is_left_alone(tmp_path):
    (tmp_path / "predictions.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="delete them or choose another"):
        run(config(), QUESTIONS, tmp_path, load=ColourEncoder, resume=True)
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


def test_a_run_of_version_0_1_is_reported_and_gone_on_with(tmp_path):
    run(config("dtw"), QUESTIONS, tmp_path, load=ColourEncoder)
    path = tmp_path / "config.json"
    known = json.loads(path.read_text())
    del known["config"]["benchmark"]
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
    results = run(
        config("dtw", "order_free", benchmark="actionatlas"),
        replace(QUESTIONS, benchmark="actionatlas"),
        tmp_path,
        load=ColourEncoder,
        resume=True,
    )
    assert {name: one["n"] for name, one in results["scorers"].items()} == {
        "dtw": 2,
        "order_free": 2,
    }


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
        ({"intervals": ((0, 1),)}, "1 true intervals for the 2 steps"),
    ],
)
def test_a_question_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        replace(QUESTIONS.questions[0], **changes)
