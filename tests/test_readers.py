"""Labelled clips of every layout read into questions, and evaluated by the command."""

import csv
import json
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actalign.errors import UsageError
from actalign.evaluation import (
    Interval,
    Question,
    QuestionSet,
    Source,
    question_schema,
    read_data,
    read_question_file,
    write_question_file,
)
from actalign.evaluation._none import with_none
from actalign.evaluation._question_file import question_lines
from actalign.evaluation._questions import Box
from actalign.rows import read_rows
from tests.colour_clips import write_colours
from tests.command import actalign
from tests.command import run as run_command
from tests.tiny_hub import hub_environment, tiny_hub


def touch(path, content=b"video"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def clips(tmp_path):
    """A folder a class: what is seen turns red or green."""
    for name, colours in {
        "turn_red/a": ["green", "red"],
        "turn_red/b": ["green", "red"],
        "turn green/c": ["red", "green"],
        "turn green/d": ["green", "red"],  # labelled wrongly on purpose
    }.items():
        (tmp_path / "clips" / name).parent.mkdir(parents=True, exist_ok=True)
        write_colours(tmp_path / "clips" / f"{name}.mp4", colours)
    scripts = {"turn red": ["green", "red"], "turn green": ["red", "green"]}
    (tmp_path / "scripts.json").write_text(json.dumps({"scripts": scripts}))
    return tmp_path


def evaluate(folder, *flags, model):
    flags = (*flags, "--model", model, "--out", "run", "--smoothing", 0)
    return actalign("eval", "clips", *flags, cwd=folder)


class TestFolders:
    def test_a_folder_a_class_is_evaluated(self, clips, colour_model):
        """The question that a user of labelled clips asks: how good is it on mine?"""
        touch(clips / "clips" / "loose.mp4")
        (clips / "clips" / "empty").mkdir()
        done = evaluate(clips, "clips", "--scripts", "scripts.json", model=colour_model)
        assert done.returncode == 0, done.stderr
        assert "1 videos are in no class's folder (loose.mp4, ...): left out" in done.stderr
        assert "clips/empty holds no video, so it is not a class" in done.stderr
        rows = [r for r in read_rows(clips / "run" / "predictions.jsonl") if r["scorer"] == "dtw"]
        assert {row["clip"]: (row["target"], row["label"]) for row in rows} == {
            "a": ("turn red", "turn red"),
            "b": ("turn red", "turn red"),
            "c": ("turn green", "turn green"),
            "d": ("turn green", "turn red"),
        }
        results = json.loads((clips / "run" / "results.json").read_text())
        figures = results["scorers"]["dtw"]
        assert (figures["top1"], figures["macro"]["value"]) == (0.75, 0.75)
        assert figures["classes"]["turn green"]["n"] == 2
        assert {"target": "turn green", "answer": "turn red", "n": 1} in figures["confusion"]
        assert list(results["scorers"]) == ["dtw", "mean_pool"]

    def test_labels_without_a_script_are_their_names_as_in_classify(self, clips, colour_model):
        done = evaluate(clips, "clips", "--scorer", "own", model=colour_model)
        assert done.returncode == 0
        assert "no script for 'turn green', 'turn red': aligned as one step" in done.stderr
        rows = read_rows(clips / "run" / "predictions.jsonl")
        assert all(len(c["segments"]) == 1 for row in rows for c in row["candidates"])

    def test_a_class_that_is_an_action_of_several_domains_says_so(self, clips, colour_model):
        (clips / "clips" / "turn_red").rename(clips / "clips" / "seated twist")
        done = evaluate(clips, "clips", "--scorer", "own", model=colour_model)
        assert done.returncode == 0
        assert "'seated twist' is an action in several shipped domains" in done.stderr

    def test_ids_are_names_and_paths_where_names_agree(self, tmp_path):
        for name in ("x/1.mp4", "y/1.mp4", "y/2.mp4"):
            touch(tmp_path / name)
        asked = read_data(Source(tmp_path))
        assert [question.id for question in asked.questions] == ["x/1.mp4", "y/1.mp4", "2"]

    def test_candidates_can_be_given(self, tmp_path):
        for name in ("x/1.mp4", "y/2.mp4"):
            touch(tmp_path / name)
        asked = read_data(Source(tmp_path, labels=("Y", "z")))
        assert [(q.choices, q.answer) for q in asked.questions] == [
            (("Y", "z"), None),
            (("Y", "z"), 0),
        ]


class TestTables:
    ROWS = (
        {"video": "a.mp4", "label": "turn red", "subject": "p1"},
        {"video": "c", "label": "Turn green", "subject": "p2"},
        {"video": "clips/turn_red/b.mp4", "label": "turn red", "subject": "p2"},
    )

    @pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json", "parquet"])
    def test_a_table_in_any_format(self, tmp_path, suffix):
        for name in ("a.mp4", "deep/er/c.mp4", "clips/turn_red/b.mp4"):
            touch(tmp_path / "videos" / name)
        path = tmp_path / f"labels.{suffix}"
        if suffix in ("csv", "tsv"):
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.DictWriter(
                    file, list(self.ROWS[0]), delimiter="," if suffix == "csv" else "\t"
                )
                writer.writeheader()
                writer.writerows(self.ROWS)
        elif suffix == "jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in self.ROWS))
        elif suffix == "json":
            path.write_text(json.dumps(self.ROWS))
        else:
            pq.write_table(pa.Table.from_pylist(list(self.ROWS)), path)
        asked = read_data(Source(tmp_path / "videos", truth=path))
        assert [(q.id, q.target, q.subject) for q in asked.questions] == [
            ("a", "turn red", "p1"),
            ("c", "Turn green", "p2"),
            ("b", "turn red", "p2"),
        ]
        assert all(q.choices == ("turn red", "Turn green") for q in asked.questions)
        assert all(q.video.is_file() for q in asked.questions)

    @pytest.mark.skipif(sys.platform == "win32", reason="no name there has a backslash")
    def test_a_table_written_on_windows_finds_its_videos(self, tmp_path):
        for name in ("dunk/a.mp4", "layup/a.mp4", "pass/a.mp4", "pass\\a.mp4"):
            touch(tmp_path / "videos" / name)
        written = ("dunk\\a.mp4", "D:\\films\\layup\\a.mp4", "pass\\a.mp4", "D:\\b\\c.mp4")
        touch(tmp_path / "videos" / "deep" / "c.mp4")
        lines = [f"{name},label {n}\n" for n, name in enumerate(written)]
        (tmp_path / "t.csv").write_text("video,label\n" + "".join(lines))
        asked = read_data(Source(tmp_path / "videos", truth=tmp_path / "t.csv"))
        found = [str(q.video.relative_to(tmp_path / "videos")) for q in asked.questions]
        # The second one's name is not unique; it is reported as it was written.
        assert found == ["dunk/a.mp4", written[1], "pass\\a.mp4", "deep/c.mp4"]

    def test_columns_name_times_candidates_and_more(self, tmp_path):
        (tmp_path / "t.csv").write_text(
            "File;Action;candidates;start;end;sport\n"
            'match.mp4;jump shot;"jump shot|dunk";1,5;4;basketball\n'
            'match.mp4;dunk;"[""dunk"", ""layup""]";4.0;;basketball\n'
            "match.mp4;layup;jump shot|dunk;;;\n"
        )
        first, second, third = read_data(Source(tmp_path / "t.csv")).questions
        assert (first.start, first.end, first.domain) == (1.5, 4.0, "basketball")
        assert (first.choices, first.answer) == (("jump shot", "dunk"), 0)
        assert (second.choices, second.answer, second.end) == (("dunk", "layup"), 0, None)
        assert third.answer is None  # not among its candidates
        assert [first.id, second.id, third.id] == ["match@1.5-4", "match@4-", "match"]

    def test_what_is_wrong_is_named(self, tmp_path):
        path = tmp_path / "t.csv"
        for text, message in {
            "video\na.mp4\n": "no column for the label",
            "video,label\n": "has no rows",
            "video,label,start\na.mp4,x,soon\n": r"line 2: start is 'soon'",
            "video,label\n,x\n": "names no video",
            "video,label,candidates\na.mp4,x,[x\n": "is not a JSON list",
            "video,label\na.mp4,x,y\n": "line 2 has more cells than the header names columns",
            'video,label\n"a.mp4,x\n': "is not CSV after line 1",
        }.items():
            path.write_text(text)
            with pytest.raises(UsageError, match=message):
                read_data(Source(path))
        path.write_text("video,label,candidates\na.mp4,x,x|X\n")
        [question] = read_data(Source(path)).questions
        assert "has the choice 'X' twice" in question.absent.reason
        workbook = tmp_path / "t.xlsx"
        workbook.write_bytes(b"PK\x03\x04\xff")
        with pytest.raises(UsageError, match=r"t\.xlsx is a workbook; save it as CSV"):
            read_data(Source(tmp_path, workbook))

    def test_two_labels_of_the_same_seconds_are_refused_with_both_lines(self, tmp_path):
        for name in ("a.mp4", "deep/b.mp4"):
            touch(tmp_path / name)
        path = tmp_path / "t.csv"
        for head, *rows in (
            ("video,label", "a.mp4,jump", "deep/b.mp4,jump", "a.mp4,squat"),
            ("video,label", "b,jump", "x.mp4,jump", "deep/../deep/b.mp4,squat"),
            ("video,label,start,end", "a.mp4,jump,0,2", "a.mp4,jump,2,3", "a.mp4,squat,,2.0"),
            ("video,label,subject", "a.mp4,jump,p1", "a.mp4,squat,p2", "a.mp4,squat,p1"),
            (
                "video,label,candidates",
                "a.mp4,jump,jump|squat",
                "a.mp4,run,run|squat",
                *(["a.mp4,squat,squat|Jump"]),
            ),
        ):
            path.write_text("\n".join([head, *rows]))
            said = (
                r"t\.csv, line 4 says 'squat' for [ab]\.mp4, and line 2 says 'jump'; keep the right"
            )
            with pytest.raises(UsageError, match=said):
                read_data(Source(path))

    def test_what_a_table_says_twice_is_counted_once_and_told(self, clips, colour_model):
        (clips / "t.csv").write_text(
            "video,label,start,end\n"
            "a.mp4,red,,\na.mp4,red,0,1\na.mp4, Red ,,\na.mp4,red,0,1\nb.mp4,green,,\n"
            "b.mp4,red,,1\nb.mp4,,,\n"
        )
        asked = read_data(Source(clips / "t.csv"))
        assert [one.id for one in asked.questions] == ["a", "a@0-1", "b", "b@0-1", "b#2"]
        note, *_ = asked.notes  # the others are of a.mp4 and b.mp4, which are the same
        assert note == f"{clips / 't.csv'}, line 4 repeats line 2, one of 2 such: counted once"
        done = actalign(
            *("eval", "clips", "clips", "--truth", "t.csv", "--model", colour_model),
            *("--out", "run"),
            cwd=clips,
        )
        assert "t.csv, line 4 repeats line 2" in done.stderr


class TestQuestionFiles:
    def test_what_is_written_is_read_and_fits_the_published_schema(self, tmp_path):
        video = touch(tmp_path / "clips" / "a.mp4")
        questions = QuestionSet(
            "mine",
            (
                Question(
                    id="a",
                    video=video,
                    end=2.0,
                    choices=("x", "y"),
                    answer=1,
                    scripts=(("one", "two"), None),
                    intervals=(Interval(0, 1), Interval(1, 2, 0)),
                ),
                Question(id="b", video=Path("/elsewhere/b.mp4"), choices=("é",)),
            ),
            license="CC0",
        )
        path = tmp_path / "questions.jsonl"
        write_question_file(questions, path)
        assert read_question_file(path) == questions
        header, first, second = map(json.loads, path.read_text().splitlines())
        assert (first["video"], second["video"]) == ("clips/a.mp4", "/elsewhere/b.mp4")
        published = json.loads(
            (Path(__file__).parent.parent / "docs/question.schema.json").read_text()
        )
        assert published == json.loads(json.dumps(question_schema()))
        for line in (header, first, second):
            jsonschema.validate(line, published)
        for wrong in ({**first, "answer": -1}, {**first, "more": 1}, {"id": "c", "answer": "x"}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(wrong, published)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"answer": "x"}, r"line 2: answer is wrong"),
            ({"answer": 7}, r"line 2: The answer of question 'a' is 7"),
            ({"more": 1}, r"line 2: more is wrong \(there is no such field\)"),
            ({"choices": "x"}, r"line 2: choices is wrong \(it must be a list\)"),
            ({"box": 3}, r"line 2: box is wrong \(it must be an object in braces\)"),
            ({"intervals": [{"start": 0}]}, r"line 2: intervals\.0\.end is wrong \(it is missing"),
            ({"start": float("nan")}, "line 2"),
        ],
    )
    def test_a_wrong_line_is_named(self, tmp_path, change, message):
        path = tmp_path / "questions.jsonl"
        header, line = question_lines(
            QuestionSet("mine", (Question(id="a", choices=("x",)),)), Path()
        )
        path.write_text(f"\ufeff{header}\n{json.dumps({**json.loads(line), **change})}\n")
        with pytest.raises(UsageError, match=message):
            read_data(Source(tmp_path))

    def test_one_question_has_one_answer(self, tmp_path):
        one = Question(id="1", video=tmp_path / "a.mp4", choices=("x", "y"), answer=0)
        other = Box(seconds=0, left=0, top=0, right=0.5, bottom=1)
        legal = (
            one,
            replace(one, id="2", box=other, answer=1),
            replace(one, id="3", start=1.0, answer=1),
            replace(one, id="4", choices=("x", "z"), answer=1),
            replace(one, id="5", question="What does the other one?", answer=1),
            replace(one, id="6", scripts=(("b",), ("a",)), answer=1),  # told apart by steps
            replace(one, id="7", answer=None),
        )
        path = tmp_path / "questions.jsonl"
        write_question_file(QuestionSet("mine", legal), path)
        assert read_data(Source(path)) == QuestionSet("mine", legal)
        write_question_file(QuestionSet("mine", (*legal, replace(one, id="8"))), path)
        asked = read_data(Source(path))
        assert (asked.questions, len(asked.notes)) == (legal, 1)
        assert "line 9 repeats line 2: counted once" in asked.notes[0]
        wrong = replace(one, id="8", choices=("y", "x"))
        write_question_file(QuestionSet("mine", (*legal, wrong)), path)
        with pytest.raises(UsageError, match=r"line 9 says 'y' for a\.mp4, and line 2 says 'x'"):
            read_data(Source(path))

    def test_a_question_file_of_no_run_is_not_replaced_by_a_run(self, clips, colour_model):
        question = Question(id="a", video=clips / "a.mp4", choices=("x", "y"), answer=1)
        (clips / "run").mkdir()
        path = clips / "run" / "questions.jsonl"
        write_question_file(QuestionSet("mine", (question,)), path)
        before = path.read_bytes()
        ended = evaluate(clips, "clips", model=colour_model)
        assert ended.returncode == 2
        assert "run/questions.jsonl would be lost: no run wrote it" in ended.stderr
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("domains", "of_row", "none"),
        [
            (("blue", "blue"), "blue", ()),
            (("blue", None), "blue", ()),
            (("blue", "white"), "", ("--none", "neither")),
        ],
    )
    def test_the_domains_of_a_script_file_are_used_as_classify_uses_them(
        self, clips, colour_model, domains, of_row, none
    ):
        written = json.loads((clips / "scripts.json").read_text())["scripts"].items()
        blocks = [
            {"domain": domain, "scripts": {label: steps}}
            for domain, (label, steps) in zip(domains, written, strict=True)
        ]
        (clips / "scripts.json").write_text(json.dumps(blocks))
        how = ("--scripts", "scripts.json", "--step-template", "{step} in {domain}", *none)
        how += ("--scorer", "competitive", "--background", "clips") if none else ("--scorer", "dtw")
        flags = ("--model", colour_model, "--smoothing", "0", "--out", "found.jsonl")
        assert actalign("classify", "clips", *how, *flags, cwd=clips).returncode == 0
        asked = ("eval", "convert", "clips", *how[:2], "--out", "asked.jsonl")
        assert actalign(*asked, cwd=clips).returncode == 0
        assert evaluate(clips, "asked.jsonl", *how[2:], model=colour_model).returncode == 0
        assert evaluate(clips, "clips", *how, "--resume", model=colour_model).returncode == 0
        of_classify, of_eval = (
            {
                Path(row["video"]).name: (row["domain"] or "", row["candidates"])
                for row in read_rows(clips / name)
            }
            for name in ("found.jsonl", "run/predictions.jsonl")
        )
        assert of_eval == of_classify
        assert {domain for domain, _ in of_eval.values()} == {of_row}

    def test_a_label_with_hyphens_takes_the_script_that_is_meant(self, tmp_path):
        touch(tmp_path / "clips" / "Bench-Press" / "a.mp4")
        (tmp_path / "mine.yaml").write_text("scripts:\n  bench press: [down, up]\n")
        asked = ("eval", "convert", "clips", "--scripts", "mine.yaml", "--out", "asked.jsonl")
        assert actalign(*asked, cwd=tmp_path).returncode == 0
        [question] = map(json.loads, (tmp_path / "asked.jsonl").read_text().splitlines()[-1:])
        assert question["scripts"] == [["down", "up"]]

    def test_convert_writes_what_is_evaluated(self, clips, colour_model):
        done = actalign(
            *("eval", "convert", "clips", "--scripts", "scripts.json", "--domain", "paint"),
            *("--out", "asked.jsonl"),
            cwd=clips,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == "4 questions in asked.jsonl\n"
        asked = read_question_file(clips / "asked.jsonl")
        assert {q.domain for q in asked.questions} == {"paint"}
        assert asked.questions[0].scripts == (("red", "green"), ("green", "red"))
        assert evaluate(clips, "asked.jsonl", model=colour_model).returncode == 0
        first = (clips / "run" / "predictions.jsonl").read_bytes()
        flags = ("clips", "--scripts", "scripts.json", "--domain", "paint", "--resume")
        assert evaluate(clips, *flags, model=colour_model).returncode == 0
        assert (clips / "run" / "predictions.jsonl").read_bytes() == first
        shown = actalign("schema", "--of", "questions")
        assert json.loads(shown.stdout) == json.loads(json.dumps(question_schema()))


LINE = {
    "key": "7-mcq-val-1",
    "question": [
        {
            "type": "text",
            "text": "Which of the following Pen Spinning actions is shown in the video?\n"
            "A. charge\nB. devil's sonic\nC. 360 flip\nD. U. S. spin\n"
            "Please respond with only the letter of the correct answer.",
        },
        {"type": "video", "video": "0a-1b.mp4"},
    ],
    "answer": "C",
}


@pytest.mark.parametrize(
    ("layout", "given", "said"),
    [
        ("videonet", {"labels": ("dunk", "lay-up")}, "--labels names candidates, but such data"),
        ("folder", {"split": "nonsense"}, "--split names a part of the data, but such data are"),
        ("folder", {"truth": "t.csv"}, "--truth names a table of videos and labels, but such data"),
    ],
)
def test_what_a_layout_has_no_use_for_is_refused(tmp_path, layout, given, said):
    touch(tmp_path / "benchmarks" / "mcq_test.jsonl", json.dumps(LINE).encode())
    for label in ("dunk", "lay-up"):
        touch(tmp_path / label / "a.mp4")
    with pytest.raises(UsageError) as error:
        read_data(Source(tmp_path, **given), layout)
    assert said in str(error.value)
    assert f"(the layout of {tmp_path} is {layout}); leave it out." in str(error.value)


def test_a_truth_file_without_a_right_answer_is_said_to_be_one(clips):
    write_question_file(QuestionSet("clips", ()), clips / "truth.jsonl")
    done = actalign("eval", "clips", "clips", "--truth", "truth.jsonl", "--out", "run", cwd=clips)
    assert done.returncode == 2
    assert "truth.jsonl says of no clip which action it shows" in done.stderr
    assert not (clips / "run").exists()


class TestVideoNet:
    def test_options_lie_inside_the_text(self, tmp_path):
        video = touch(tmp_path / "videos" / "0a-1b.mp4")
        path = touch(tmp_path / "benchmarks" / "mcq_val.jsonl", json.dumps(LINE).encode())
        for source in (Source(tmp_path, split="val"), Source(path)):
            [question] = read_data(source).questions
            assert question.choices == ("charge", "devil's sonic", "360 flip", "U. S. spin")
            assert (question.target, question.domain) == ("360 flip", "pen spinning")
            assert question.video.resolve() == video
            assert question.id == "7-mcq-val-1"
        with pytest.raises(UsageError, match=r"mcq_test\.jsonl is missing; --split is test or val"):
            read_data(Source(tmp_path))

    def test_the_parquet_view_gives_the_same(self, tmp_path):
        blank = {"text": None, "video": None}
        row = {**LINE, "question": [{**blank, **part} for part in LINE["question"]]}
        (tmp_path / "data").mkdir()
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / "data" / "test-0-of-1.parquet")
        touch(tmp_path / "mcq.jsonl", json.dumps(LINE).encode())
        [seen], [other] = (
            read_data(Source(path)).questions for path in (tmp_path, tmp_path / "mcq.jsonl")
        )
        assert seen == other

    def test_an_answer_that_is_no_option_is_a_sample_without_a_clip(self, tmp_path):
        path = touch(tmp_path / "m.jsonl", json.dumps({**LINE, "answer": "E"}).encode())
        [question] = read_data(Source(path)).questions
        assert "the answer is 'E', but its options are A, B, C, D" in question.absent.reason
        path.write_text(json.dumps({"key": "x", "question": [{"type": "text"}], "answer": "A"}))
        with pytest.raises(UsageError, match="line 1 is not a question of VideoNet"):
            read_data(Source(path))


class TestMteb:
    """Files as `datasets` writes them, and so as the hub has them."""

    def save(self, folder, rows, label=None):
        datasets = pytest.importorskip("datasets")
        features = {name: datasets.Value("string") for name in rows[0] if name != "candidates"}
        features["video"] = datasets.Video()
        if "candidates" in rows[0]:
            features["candidates"] = datasets.List(datasets.Value("string"))
        if label:
            features["label"] = datasets.ClassLabel(names=label)
        (folder / "data").mkdir(parents=True)
        path = folder / "data" / "test-00000-of-00001.parquet"
        table = datasets.Dataset.from_list(rows, features=datasets.Features(features))
        table.to_parquet(path)
        return path

    def test_zero_shot_labels_have_names_and_videos_are_written_once(self, tmp_path, colour_model):
        rows = []
        for n, colours in enumerate((["red"], ["green"])):
            video = write_colours(tmp_path / f"{n}.mp4", colours)
            rows.append({"video": {"bytes": video.read_bytes(), "path": None}, "label": n})
        self.save(tmp_path / "set", rows, label=["red", "brush_green"])
        source = Source(tmp_path / "set", videos=tmp_path / "out")
        for _ in range(2):
            asked = read_data(source).questions
            assert [q.choices for q in asked] == [("red", "brush green")] * 2
            assert [q.answer for q in asked] == [0, 1]
            assert asked[1].video.read_bytes() == rows[1]["video"]["bytes"]
        done = evaluate(tmp_path, "set", "--scorer", "dtw", model=colour_model)
        assert done.returncode == 0, done.stderr
        figures = json.loads((tmp_path / "run" / "results.json").read_text())["scorers"]["dtw"]
        assert (figures["n"], figures["top1"]) == (2, 1)

    def test_labels_are_told_apart_as_in_a_folder_and_others_are_none_of_these(self, tmp_path):
        rows = [{"video": {"bytes": b"....ftyp", "path": "x.mp4"}, "label": n} for n in range(3)]
        path = self.save(tmp_path / "set", rows, label=["run", "jump_shot", "sing"])
        source = Source(path, videos=tmp_path / "out", labels=("Jump shot", "run"))
        found = read_data(source)
        assert [q.choices for q in found.questions] == [("Jump shot", "run")] * 3
        assert [q.target for q in found.questions] == ["run", "Jump shot", None]
        asked = with_none(found, "neither").questions
        assert [q.target for q in asked] == ["run", "Jump shot", "neither"]

    def test_a_label_that_is_not_known_is_no_answer(self, tmp_path):
        rows = [
            {"video": {"bytes": b"....ftyp", "path": "x.mp4"}, "label": label}
            for label in (1, -1, None)
        ]
        path = self.save(tmp_path / "set", rows, label=["run", "sing"])
        found = read_data(Source(path, videos=tmp_path / "out"))
        assert [q.target for q in found.questions] == ["sing", None, None]
        assert [q.target for q in with_none(found, "neither").questions] == ["sing", None, None]

    def test_a_label_with_an_empty_name_is_refused(self, tmp_path):
        rows = [{"video": {"bytes": b"....ftyp", "path": "x.mp4"}, "label": 0}]
        path = self.save(tmp_path / "set", rows, label=["run", ""])
        with pytest.raises(UsageError, match=r"label 1 of .* has an empty name"):
            read_data(Source(path, videos=tmp_path / "out"))

    def test_multiple_choice(self, tmp_path):
        rows = [
            {
                "question_id": f"q{n}",
                "video": {"bytes": b"....ftyp", "path": "x.avi"},
                "question": "what happens",
                "candidates": ["sleep", "run", "sing"],
                "answer": answer,
            }
            for n, answer in enumerate(("run", "fly"))
        ]
        path = self.save(tmp_path / "set", rows)
        first, second = read_data(Source(path, videos=tmp_path / "out")).questions
        assert (first.id, first.target, first.question) == ("q0", "run", "what happens")
        assert first.video.name == "test-00000-of-00001-000000.avi"
        assert second.answer is None
        with pytest.raises(
            UsageError, match=r"--labels names .* their own \(the layout of .* is mteb\)"
        ):
            read_data(Source(path, videos=tmp_path / "out", labels=("run", "sing")))

    def test_labels_without_names_are_refused(self, tmp_path):
        path = tmp_path / "x.parquet"
        pq.write_table(pa.table({"video": [{"bytes": b"", "path": "a"}], "label": [3]}), path)
        with pytest.raises(UsageError, match="numbers without names"):
            read_data(Source(path), "mteb")


class TestHub:
    def test_a_data_set_is_fetched_when_it_is_named_so(self, tmp_path):
        (tmp_path / "commit").mkdir()
        (tmp_path / "commit" / "mcq_val.jsonl").write_text(json.dumps(LINE) + "\n")
        (tmp_path / "commit" / "labels.csv").write_text("video,label\na.mp4,x\n")
        with tiny_hub({"1" * 40: tmp_path / "commit"}, main="1" * 40) as port:
            environment = hub_environment(port, tmp_path)
            done = run_command(
                *("eval", "convert", "hub:tiny/siglip", "--out", "q.jsonl"),
                *("--layout", "videonet"),
                cwd=tmp_path,
                **environment,
            )
            assert done.returncode == 2
            assert "mcq_test.jsonl is missing" in done.stderr  # fetched, and laid out otherwise
            fetched = next((tmp_path / "hub").rglob("snapshots/*/mcq_val.jsonl"))
            assert json.loads(fetched.read_text()) == LINE
            done = run_command(
                *("eval", "convert", "hub:tiny/other", "--out", "q.jsonl"),
                cwd=tmp_path,
                **environment,
            )
            assert done.returncode == 1
            assert "The data set tiny/other is not available from the hub" in done.stderr
        done = actalign("eval", "convert", "hub:nonsense", "--out", "q.jsonl", cwd=tmp_path)
        assert (done.returncode, "write hub:OWNER/NAME" in done.stderr) == (2, True)


class TestBreakfast:
    UNITS = (
        ("P03", "cam01", "cereals", "1-30 SIL\n31-150 take_bowl\n151-430 pour_milk\n"),
        ("P04", "cam01", "cereals", "1-15 take_bowl\n16-30 eat\n31-60 pour_milk\n61-90 SIL\n"),
        ("P05", "stereo01", "tea", "1-10 take_cup\n11-90 pour_water\n"),
        ("P16", "cam01", "cereals", "1-45 take_bowl\n46-60 stir\n61-90 pour_milk\n"),
        ("P17", "cam01", "tea", "1-30 pour_water\n31-60 take_cup\n"),
    )

    def originals(self, folder):
        for person, camera, activity, text in self.UNITS:
            name = f"{person}_{camera}_{person}_{activity}"
            touch(folder / "segmentation_coarse" / activity / f"{name}.txt", text.encode())
            file = f"{camera}/{person}_{activity}.avi"
            if camera == "stereo01":
                file = f"stereo/{person}_{activity}_ch1.avi"
            touch(folder / "BreakfastII_15fps_qvga_sync" / person / file)

    def check(self, asked):
        by_id = {question.id: question for question in asked.questions}
        first = by_id["P03_cam01_P03_cereals"]
        assert (first.target, first.subject, first.kind) == ("cereals", "P03", "s1")
        # The steps come from the other split, whose one clip also stirs, and not from these.
        assert first.scripts == (
            ("take bowl", "stir", "pour milk"),
            ("pour water", "take cup"),
        )
        # Frames are counted from 1, at 15 a second.
        assert first.intervals == (Interval(2, 10, 0), Interval(10, 430 / 15, 2))
        other = by_id["P16_cam01_P16_cereals"]
        assert other.scripts[0] == ("take bowl", "eat", "pour milk")  # half of two clips eat
        assert [one.step for one in other.intervals] == [0, None, 2]
        assert all(question.video.is_file() for question in asked.questions)
        return by_id

    def test_the_original_files(self, tmp_path):
        self.originals(tmp_path)
        asked = read_data(Source(tmp_path))
        assert (len(asked.questions), asked.license) == (5, "CC BY 4.0")
        self.check(asked)
        assert [q.id for q in read_data(Source(tmp_path, split="s2")).questions] == [
            "P16_cam01_P16_cereals",
            "P17_cam01_P17_tea",
        ]
        with pytest.raises(UsageError, match="choose one of s1, s2, s3, s4"):
            read_data(Source(tmp_path, split="s5"))
        touch(tmp_path / "segmentation_coarse/tea/P20_cam01_P20_tea.txt", b"one to two\n")
        with pytest.raises(UsageError, match="line 1 is not like '31-150 take_bowl'"):
            read_data(Source(tmp_path))

    def test_the_hubs_table(self, tmp_path):
        self.originals(tmp_path)
        for split, people in {"s1": ("P03", "P04", "P05"), "s2": ("P16", "P17")}.items():
            rows = []
            for person, camera, activity, text in self.UNITS:
                if person not in people:
                    continue
                labels = []
                for line in text.splitlines():
                    (start, end), label = map(int, line.split()[0].split("-")), line.split()[1]
                    labels.append({"start": start, "end": end, "label": label})
                folder = "stereo" if camera == "stereo01" else camera
                name = f"{person}_{activity}" + ("_ch1" if folder == "stereo" else "")
                video = f"BreakfastII_15fps_qvga_sync/{person}/{folder}/{name}.avi"
                rows.append(
                    {
                        **{"video_path": video, "participant": person, "camera": camera},
                        **{"video": name, "labels": labels},
                    }
                )
            (tmp_path / "data").mkdir(exist_ok=True)
            path = tmp_path / "data" / f"{split}-00000-of-00001.parquet"
            pq.write_table(pa.Table.from_pylist(rows), path)
        (tmp_path / "segmentation_coarse").rename(tmp_path / "unused")
        for path in (tmp_path / "unused").rglob("*.txt"):
            path.unlink()
        asked = read_data(Source(tmp_path))
        self.check(asked)
        assert len(read_data(Source(tmp_path, split="s2")).questions) == 2

    def test_scripts_from_the_clips_themselves_are_owned_up_to(self, tmp_path):
        touch(tmp_path / "tea" / "P03_cam01_P03_tea.txt", b"1-30 take_cup\n")
        asked = read_data(Source(tmp_path))
        assert asked.notes == (
            "scripts come from the evaluated clips themselves: the other splits are missing",
        )


class TestFineDiving:
    NAMES = {1: "Forward", 2: "2.5 Soms.Pike", 3: "Entry", 4: "Back", 5: "1.5 Twists"}  # noqa: RUF012

    def dive(self, kind, *lengths):
        labels = np.concatenate([np.full(length, label) for label, length in lengths])
        return {
            "action_type": kind,
            "sub-action_types": {label: self.NAMES[label] for label, _ in lengths},
            "judge_scores": [7.5, 8.0],
            "dive_score": 72.5,
            "difficulty": 3.0,
            "frames_labels": labels,
            "steps_transit_frames": np.cumsum([length for _, length in lengths]),
        }

    @pytest.fixture
    def data(self, tmp_path):
        final = "FINADivingWorldCup2021_Men3m_final_r1"
        dives = {
            (final, 0): self.dive("105B", (1, 5), (2, 10), (3, 5)),
            (final, 1): self.dive("5231D", (4, 5), (5, 5), (2, 5), (3, 10)),
            (final, 2): self.dive("105B", (1, 2), (2, 4), (3, 4)),
        }
        folder = tmp_path / "Annotations"
        for name, content in {
            "FineDiving_fine-grained_annotation": dives,
            "Sub_action_Types_Table": self.NAMES,
            "test_split": [(final, 0), (final, 1)],
            "train_split": [(final, 2)],
        }.items():
            touch(folder / f"{name}.pkl", pickle.dumps(content))
        for number in range(3):
            touch(tmp_path / "FINADiving_MTL_256s" / final / str(number) / "00001.jpg")
        return tmp_path

    def test_steps_come_from_the_annotation(self, data):
        first, second = read_data(Source(data)).questions
        assert first.id == "FINADivingWorldCup2021_Men3m_final_r1/0"
        assert (first.choices, first.answer) == (("105B", "5231D"), 0)
        assert first.scripts == (
            ("Forward", "2.5 Soms.Pike", "Entry"),
            ("Back", "1.5 Twists", "2.5 Soms.Pike", "Entry"),
        )
        assert first.intervals == (
            Interval(0, 0.2, 0), Interval(0.2, 0.6, 1), Interval(0.6, 0.8, 2)
        )  # fmt: skip
        assert second.target == "5231D"
        assert first.video.is_dir()
        [other] = read_data(Source(data, split="train")).questions
        assert other.choices == ("105B",)

    def test_a_pickle_that_would_run_code_is_refused(self, data):
        path = data / "Annotations" / "FineDiving_fine-grained_annotation.pkl"
        path.write_bytes(pickle.dumps({("x", 0): Path("/")}))
        with pytest.raises(UsageError, match="is refused"):
            read_data(Source(data))
        path.write_bytes(pickle.dumps({("x", 0): {"action_type": "105B"}}))
        with pytest.raises(UsageError, match=r"dive \('x', 0\) of .* can't be read"):
            read_data(Source(data))
        path.write_bytes(pickle.dumps([1]))
        with pytest.raises(UsageError, match="it is not FineDiving's file"):
            read_data(Source(data))


def test_a_clip_under_two_names_is_warned_of(tmp_path):
    for name, content in (("push_up/a", b"one"), ("push_up/b", b"two"), ("dips/c", b"six")):
        touch(tmp_path / "d" / f"{name}.mp4", content)
    assert read_data(Source(tmp_path / "d")).notes == ()
    touch(tmp_path / "d/dips/copy.mp4", b"one")
    (tmp_path / "d/push_up/link.mp4").symlink_to("b.mp4")
    (tmp_path / "d/push_up/lost.mp4").symlink_to("nowhere.mp4")
    wrong, twice = read_data(Source(tmp_path / "d")).notes
    for name in ("dips/copy.mp4 (dips)", "push_up/a.mp4 (push up)"):
        assert str(tmp_path / "d" / name) in wrong
    assert wrong.endswith(": one label is wrong; remove that one")
    b, link = (tmp_path / "d/push_up" / name for name in ("b.mp4", "link.mp4"))
    assert twice == f"{link} is the same clip as {b}: it counts twice; remove one"

    # What else is asked of the same clip is another question.
    table = tmp_path / "t.csv"
    rows = ("video,label,start,end", "a.mp4,push up,0,1", "copy.mp4,dips,1,2", "copy.mp4,dips,0,1")
    for count, said in ((3, 0), (4, 1)):
        table.write_text("\n".join(rows[:count]) + "\n")
        assert len(read_data(Source(tmp_path / "d", table)).notes) == said


def test_seconds_with_a_comma_are_refused_with_an_example(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"video")
    table = tmp_path / "t.csv"
    table.write_text('Video,Label,Start,End\na.mp4,dips,0,"3,5"\n', encoding="utf-8-sig")
    with pytest.raises(UsageError, match="'3,5', not a number of seconds, such as") as refused:
        read_data(Source(tmp_path, table))
    assert "line 2: end is" in str(refused.value).casefold()
