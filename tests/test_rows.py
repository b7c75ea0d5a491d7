"""The row: its published schema, every producer of rows against it, and rows of older versions."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import actalign as package
from actalign import ActAlign, ActAlignError, ClipEmbedding, Script, UsageError, VideoError
from actalign.clips import ClipResult
from actalign.rows import json_schema, read_rows, write_rows
from actalign.rows._files import parse_row, row_text
from actalign.rows._made import new_row
from actalign.rows._warnings import tag
from actalign.types import ClipError
from tests.colour_clips import write_colours
from tests.command import actalign

SCRIPTS = {"scripts": {"go": ["red", "green"], "stop": ["green", "red"]}}


def strict_schema():
    """The published schema, in which no object may hold a field that it doesn't name."""
    schema = json.loads(json.dumps(json_schema()))
    for one in (schema, *schema["$defs"].values()):
        one["additionalProperties"] = False
    return Draft202012Validator(schema)


def check(rows):
    assert rows
    for row in rows:
        strict_schema().validate(row)
        assert row["doc_id"] == row["clip"]
        assert row["filtered_resps"] == ([] if row["label"] is None else [row["label"]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, colour_model):
    folder = tmp_path_factory.mktemp("rows")
    (folder / "model").symlink_to(colour_model)
    write_colours(folder / "one.mp4", ["red", "green"] * 3)
    (folder / "bad.mp4").write_text("no video")
    (folder / "scripts.json").write_text(json.dumps(SCRIPTS))
    return folder


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


MODEL = ("--model", "model", "--scripts", "scripts.json")
PRODUCERS = {
    "classify": ("classify", "one.mp4", "bad.mp4", *MODEL, "--json", "--fps", "5"),
    "no alignment": ("classify", "one.mp4", *MODEL, "--json", "--scorer", "mean_pool"),
    "windows": ("classify", "one.mp4", *MODEL, "--json", "--window", "2"),
    "shard": ("classify", "one.mp4", *MODEL, "--json", "--num-shards", "1", "--shard", "0"),
    "locate": ("locate", "one.mp4", "bad.mp4", *MODEL, "--json", "--threshold", "0"),
    "live": ("live", "one.mp4", *MODEL, "--json", "--every", "1"),
}


@pytest.mark.parametrize("producer", PRODUCERS)
def test_every_verb_writes_rows_of_the_schema(folder, producer):
    ended = actalign(*PRODUCERS[producer], "--quiet", cwd=folder, ACTALIGN_CACHE=folder / "cache")
    rows = lines(ended.stdout)
    check(rows)
    assert {row["status"] for row in rows} <= {"ok", "error"}
    assert ended.returncode == int(any(row["status"] == "error" for row in rows)), ended.stderr


def test_rows_of_stored_clips_are_of_the_schema(folder):
    actalign("encode", "one.mp4", "--model", "model", "--out", "store", "-q", cwd=folder)
    (folder / "store" / "x.safetensors").write_bytes(b"damaged")
    ended = actalign("align", "store", *MODEL, "--json", cwd=folder)
    assert ended.returncode == 1
    check(lines(ended.stdout))


def test_the_schema_is_printed_and_describes_each_field(folder):
    ended = actalign("schema")
    assert ended.returncode == 0
    schema = json.loads(ended.stdout)
    Draft202012Validator.check_schema(schema)
    assert schema == json.loads(json.dumps(json_schema()))
    assert schema["properties"]["clip"]["description"]
    assert set(schema["required"]) == {"clip", "candidates"}


def test_each_field_is_written_somewhere():
    """Read from the source, as rows of all fields take models, services and streams: a key of a
    dict there, outside of the tables and the page. Boxes are made of all fields of `BoxRow`."""
    source, written = Path(package.__file__).parent, set()
    for file in source.rglob("*.py"):
        room, *_ = file.relative_to(source).parts
        if room in ("output", "web") or file.name == "_fields.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            keys = node.keys if isinstance(node, ast.Dict) else []
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                keys = [node.slice]
            written |= {key.value for key in keys if isinstance(key, ast.Constant)}
    schema = json_schema()
    del schema["$defs"]["BoxRow"]
    fields = {name for one in (schema, *schema["$defs"].values()) for name in one["properties"]}
    assert fields - written == set()


def test_rows_of_the_first_version_are_read():
    old = {
        "schema_version": 1, "doc_id": "a", "status": "ok", "error": None, "video": "a.mp4",
        "target": None, "filtered_resps": ["x"], "metrics": {}, "margin": None,
        "candidates": [{"label": "x", "score": 0.5, "has_script": True, "path_length": 3,
                        "segments": [{"step": "s", "start_seconds": 0, "end_seconds": 1,
                                      "affinity": 0.5}]}],
        "scorer": "dtw", "a_field_of_tomorrow": 7,
    }  # fmt: skip
    row = parse_row(json.dumps(old), "line 1")
    assert row["clip"] == "a"
    assert {**old, "clip": "a", "label": "x"} == row
    nothing = parse_row(json.dumps({**old, "filtered_resps": []}), "line 1")
    assert nothing["label"] is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"line 3 is not a prediction \(Expecting"),
        ('{"clip": "a"}', r"\(candidates: Field required\)"),
        ('{"clip": "", "candidates": []}', r"\(clip: "),
        (
            '{"clip": "a", "candidates": [{"label": "x", "score": 1, "segments": '
            '[{"step": "s", "start_seconds": 3, "end_seconds": 0}]}]}',
            r"candidates\.0\.segments\.0: it ends before it begins",
        ),
        (
            '{"clip": "a", "candidates": [], "start_seconds": 2, "end_seconds": 1}',
            "it ends before it begins",
        ),
        ('{"clip": "a", "candidates": [{"label": "x", "score": NaN}]}', r"candidates\.0\.score"),
        ('{"clip": "a", "candidates": [], "status": "fine"}', r"\(status: "),
    ],
)
def test_what_is_no_row_is_named_by_line_and_field(tmp_path, line, said):
    path = tmp_path / "rows.jsonl"
    path.write_text(f"\n\n{line}\n")
    with pytest.raises(UsageError, match=said) as error:
        read_rows(path)
    assert str(path) in str(error.value)


def test_names_that_are_no_text_are_written_as_escapes():
    row = ClipError("\udcff", "\udcff.mp4", VideoError("no")).to_row()
    assert json.loads(row_text(row))["clip"] == r"\xff"
    assert "ü" in row_text(ClipError("ü", "ü.mp4", VideoError("no")).to_row())


def test_what_is_no_list_of_rows_is_not_written(tmp_path):
    row = ClipError("a", "a.mp4", VideoError("no")).to_row()
    path = tmp_path / "rows.jsonl"
    for wrong, said in (
        ("abc", "The rows are 'abc'; give a list of rows"),
        (row, "Row 1 is not a prediction"),
        ([row, {"a": 1}], r"Row 2 is not a prediction \(clip: Field required\)"),
        ([{**row, "more": {1}}], r"The row of 'a' contains .*, which JSON can't represent"),
    ):
        with pytest.raises(ActAlignError, match=said):
            write_rows(wrong, path)
    with pytest.raises(UsageError, match="The file of predictions is None; give a path"):
        write_rows([row], None)
    with pytest.raises(UsageError, match="The file of predictions is None; give a path"):
        read_rows(None)
    assert not path.exists()
    write_rows([{**row, "margin": np.float32(1)}], path)
    assert read_rows(path)[0]["margin"] == 1.0


def test_a_row_of_one_of_all_people_says_where_most_frames_show_nobody():
    row = {"clip": "a-person1", "candidates": [], "frames": 6, "neutral_frames": 0}
    often = new_row({**row, "people_frames": {"0": 5, "1": 6}})
    seldom = new_row({**row, "people_frames": {"0": 14, "1": 6}})
    assert "warnings" not in often
    assert seldom["warnings"] == ["14 of all 20 frames show nobody."]
    nobody = new_row({**row, "neutral_frames": 6, "people_frames": {"0": 6}})
    assert len(nobody["warnings"]) == 1
    source = {"people_frames": "0:14 1:6"}
    clip = ClipEmbedding("a", np.ones((6, 2), np.float32), np.arange(6.0), 6.0, "m", "f", source)
    assert ClipResult("a", "a.mp4", clip).remarks == seldom["warnings"]


def test_fewer_than_two_frames_a_step_are_warned_of(tmp_path, colour_model):
    write_colours(tmp_path / "clip.mp4", ["red", "green", "blue"], each=4)
    script = Script("dawn", ("red", "green", "blue"))
    for fps, frames, warned in ((0.5, 1, True), (2.5, 3, True), (4, 5, True), (5, 6, False)):
        classifier = ActAlign.from_pretrained(str(colour_model), fps=fps)
        found = classifier.predict(tmp_path / "clip.mp4", scripts=[script, Script("x", ("white",))])
        assert len(found.clip.embeddings) == frames
        said = [one for one in found.warnings if "for the 3 steps of 'dawn'" in one]
        assert bool(said) == warned, found.warnings
        assert (tag(found.to_row()) == "few frames") == warned


def test_repetitions_in_frames_that_are_far_apart_are_warned_of(tmp_path, colour_model):
    write_colours(tmp_path / "clip.mp4", ["red", "green"] * 5, each=20)
    scripts = [Script("dawn", ("red", "green")), Script("x", ("white", "blue"))]
    for repeats, warned in (("auto", True), ("no", False)):
        classifier = ActAlign.from_pretrained(str(colour_model), fps=1, repeats=repeats)
        found = classifier.predict(tmp_path / "clip.mp4", scripts=scripts)
        said = [one for one in found.warnings if "that take less than 2 s can't be counted" in one]
        assert bool(said) == warned, found.warnings
        assert (tag(found.to_row()) == "few frames") == warned


def test_candidates_of_one_score_make_the_answer_a_guess(tmp_path, colour_model):
    write_colours(tmp_path / "clip.mp4", ["red", "green", "blue"], each=4)
    classifier = ActAlign.from_pretrained(str(colour_model))
    first, same = Script("dawn", ("red", "green", "blue")), Script("dusk", ("red", "green", "blue"))
    other = Script("day", ("red", "green", "white"))
    for scripts, tied in (([first, same], True), ([first, other], False), ([first], False)):
        row = classifier.predict(tmp_path / "clip.mp4", scripts=scripts).to_row()
        said = [one for one in row["warnings"] if "'dawn' and 'dusk' have the same score" in one]
        assert bool(said) == tied, row["warnings"]
        assert (tag(row) == "tied") == tied
