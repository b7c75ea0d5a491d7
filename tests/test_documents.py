"""Reading what users write: marks, doubled keys, YAML's words, and bombs; in every reader."""

import json
from zipfile import ZipFile

import pytest

from actalign import UsageError
from actalign.cli._candidates import LabelOptions
from actalign.documents import parse_json, parse_json_lines, parse_yaml, read_lines, read_text
from actalign.evaluation._config import read_json
from actalign.evaluation._readers import Source, read_data
from actalign.evaluation.atlas._dataset import read_manifest
from actalign.evaluation.atlas._metadata import read_metadata
from actalign.evaluation.atlas._questions import read_generated
from actalign.rows import read_rows
from actalign.scripts._bank import read_bank
from actalign.scripts._generate import read_requests
from actalign.scripts._prompts import load_prompt
from actalign.scripts._script import load_scripts
from actalign.services import read_api_key
from actalign.video import list_videos


def test_yaml_values_are_the_text_that_they_are():
    text = "{yes: [on, 360, 1:30, 2026-01-02, 1e3, 0x10, .5], null: ~, Norway: NO, =: 'x'}"
    assert parse_yaml(text) == {
        "yes": ["on", "360", "1:30", "2026-01-02", "1e3", "0x10", ".5"],
        "null": None,
        "Norway": "NO",
        "=": "x",
    }


def test_aliases_and_merges_are_read_as_yaml_says():
    text = "a: &a {x: [1], y: [2]}\nb: &b {<<: *a, y: [3]}\nc: {<<: *b, z: *a}\n"
    found = parse_yaml(text)
    assert found["b"] == {"x": ["1"], "y": ["3"]}
    assert found["c"] == {"x": ["1"], "y": ["3"], "z": {"x": ["1"], "y": ["2"]}}


def bomb(first, following):
    """Ten lines, each of which repeats the one before nine times."""
    nine = [", ".join([f"*a{n - 1}"] * 9) for n in range(1, 10)]
    lines = [f"a{n}: &a{n} {following.format(aliases)}" for n, aliases in enumerate(nine, 1)]
    return "\n".join([f"a0: &a0 {first}", *lines])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1]\nb: [2]\n'a': [3]", "the key 'a' occurs twice, line 3"),
        ("a:\n  - x: 1\n    x: 2", "the key 'x' occurs twice, line 3"),
        ("&a [*a]", "an alias repeats the value that it is in"),
        ("? [a]\n: b", "a key is not text"),
        ("a: [", "line 1"),
        ("[" * 5000, "nested too deeply"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        (bomb("[x]", "[{}]"), "more than 1000000 values"),
        (bomb("{x: 1}", "{{<<: [{}]}}"), "more than 1000000 values"),
    ],
)
def test_yaml_that_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse_yaml(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1, "b": 2, "a": 1}', "the key 'a' occurs twice"),
        ('[{"x": {"a": 1, "a": 2}}]', "the key 'a' occurs twice"),
        ("[" * 100_000, "nested too deeply"),
        ("{", "line 1"),
    ],
)
def test_json_that_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse_json(text)
    with pytest.raises(ValueError, match="line 3: .*" + sentence):
        parse_json_lines("1\n\n" + text)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_text(tmp_path, codec):
    (tmp_path / "a.txt").write_bytes("ö\r\nü\r".encode(codec))
    assert read_text(tmp_path / "a.txt") == "ö\nü\n"


def test_what_is_no_text_is_said(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"abc\xff")
    with pytest.raises(ValueError, match=r"not UTF-8 text \(byte 4\)"):
        read_text(tmp_path / "a.txt")
    assert read_text(tmp_path / "a.txt", errors="surrogateescape") == "abc\udcff"
    (tmp_path / "a.csv").write_bytes(b"abc\xff")
    for read in (read_text, lambda path: [*read_lines(path)]):
        with pytest.raises(ValueError, match=r'save it as UTF-8 \(in Excel, .* "CSV UTF-8"\)'):
            read(tmp_path / "a.csv")
    with ZipFile(tmp_path / "a.csv", "w") as workbook:
        workbook.writestr("a.xml", "ö".encode("latin-1"))
    for read in (read_text, lambda path: [*read_lines(path)]):
        with pytest.raises(ValueError, match="it is a workbook or a document, and not text"):
            read(tmp_path / "a.csv")


SCRIPTS = {"domain": "gym", "scripts": {"squat": ["down", "up"]}}
ROW = {"clip": "a", "status": "error", "candidates": [], "error": "no"}
CANDIDATES = [{"label": "a", "script": ["x"]}, {"label": "b", "script": ["y"]}]
QUESTION = {
    "id": "q", "clip": "q.mp4", "domain": "d", "kind": "action", "candidates": CANDIDATES,
    "answer": 0, "intervals": [[0, 1]],
}  # fmt: skip
ENTRY = {
    "id": "s", "youtube_id": "y", "action": "a", "domain": "d", "question": "?", "answer": 1,
    "choices_str": "1. a\n2. b", "start_timestamp": 0, "end_timestamp": 1,
}  # fmt: skip
SAMPLE = {"id": "s", "cleaned_options": ["a", "b"], "domain": "d", "subactions": {}}
YAML_SCRIPTS = "domain: gym\nscripts:\n  squat: [down, up]\n"

READERS = {  # file name: (its reader, what it may hold)
    "scripts.json": (load_scripts, json.dumps(SCRIPTS)),
    "scripts.yaml": (load_scripts, YAML_SCRIPTS),
    "bank.json": (read_bank, json.dumps([SCRIPTS])),
    "bank.yaml": (read_bank, YAML_SCRIPTS),
    "asked.json": (read_requests, json.dumps([{"id": "1", "labels": ["a"]}])),
    "asked.jsonl": (read_requests, json.dumps({"id": "1", "labels": ["a"]})),
    "rows.jsonl": (read_rows, json.dumps(ROW)),
    "metadata.json": (read_metadata, json.dumps([ENTRY])),
    "metadata.jsonl": (read_metadata, json.dumps(ENTRY)),
    "generated.json": (read_generated, json.dumps([SAMPLE])),
    "questions.jsonl": (
        lambda path: read_data(Source(path.parent), "mini-atlas").questions,
        json.dumps(QUESTION),
    ),
    "config.json": (read_json, json.dumps({"data": "d"})),
    "manifest.jsonl": (
        lambda path: read_manifest(path.parent),
        json.dumps({"id": "s", "youtube_id": "y", "status": "failed"}),
    ),
    "prompt.md": (load_prompt, "---\nversion: '1'\nmin_steps: 6\n---\n{labels}"),
    "key.txt": (lambda path: read_api_key(path).get_secret_value(), "secret"),
    "labels.txt": (lambda path: LabelOptions(labels_file=path).listed(), "squat\njump\n"),
    "videos.txt": (lambda path: list_videos([path]), "a.mp4\nb.mp4\n"),
}
PLAIN = ("key.txt", "labels.txt", "videos.txt")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_every_reader_leaves_the_byte_order_mark_out(tmp_path, name, codec):
    read, text = READERS[name]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    expected = read(path)
    path.write_text(text, encoding=codec)
    assert read(path) == expected


@pytest.mark.parametrize("name", [name for name in READERS if name not in PLAIN])
def test_every_reader_names_a_key_that_is_there_twice(tmp_path, name):
    read, text = READERS[name]
    path = tmp_path / name
    path.write_text(
        text.replace("min_steps: 6", "min_steps: 6\nmin_steps: 7")
        if name == "prompt.md"
        else text.replace("scripts:", "domain: gym\nscripts:")
        if name.endswith(".yaml")
        else text.replace("{", '{"x": 1, "x": 2, ', 1)
    )
    with pytest.raises(UsageError, match=f"{name}.*the key '(x|domain|min_steps)' occurs twice"):
        read(path)
