"""ActionAtlas's fields, and the traps in each."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actalign.errors import UsageError
from actalign.evaluation.atlas._dataset import Entry, split_choices
from actalign.evaluation.atlas._metadata import Sample, parse_boxes, read_metadata
from tests.atlas_world import entry, polygon


def write(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text(json.dumps(rows))
    return path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1. 360 flip\n2. heelflip", ("360 flip", "heelflip")),
        ("1. 1080\n2. 2 step", ("1080", "2 step")),
        ("1.360 flip\n2.50-50 grind", ("360 flip", "50-50 grind")),
        ("360 flip\n180 flip", ("360 flip", "180 flip")),
        ("1. 5-0 grind\n\n2. ollie\n", ("5-0 grind", "ollie")),
        ("1) a\n2) b", ("a", "b")),
        (
            "\n".join(f"{i}. move {i}" for i in range(1, 12)),
            tuple(f"move {i}" for i in range(1, 12)),
        ),
    ],
)
def test_only_the_numbering_is_stripped(text, names):
    assert split_choices(text) == names


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
def test_every_format_gives_the_same_samples(tmp_path, suffix):
    rows = [
        entry("a", "y1", 1, 2.5, answer=2, frames_to_obfuscate={"3": [polygon(1, 2, 30, 40)]}),
        entry("b", "y1", 0, 1, frames_to_obfuscate={"7": [polygon(5, 5, 6, 6)]}),
    ]
    a, b = read_metadata(write(tmp_path / f"m.{suffix}", rows))
    assert (a.entry.correct, a.entry.choices[a.entry.correct]) == (1, "layup")
    assert a.entry.id == "a"
    assert (a.start_seconds, a.end_seconds) == (1.0, 2.5)
    # A table gives every row the keys of all rows, with nulls; those are dropped.
    assert a.boxes == {3: ((1, 2, 30, 40),)}
    assert b.boxes == {7: ((5, 5, 6, 6),)}


def test_nothing_that_leaks_the_label_is_kept(tmp_path):
    (sample,) = read_metadata(write(tmp_path / "m.json", [entry("a", "y", 0, 1)]))
    assert "SECRET" not in repr(sample)


def test_boxes_of_both_fields_and_of_any_polygon():
    slanted = {"bounding_poly": {"vertices": [[5, 9], [20, 1], [30, 7], [2, 30]]}}
    named = {"bounding_poly": {"vertices": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}}
    assert parse_boxes({"1": [slanted, named], "2": None, "3": []}) == {
        1: ((2, 1, 30, 30), (1, 2, 3, 4))
    }
    assert parse_boxes(None) == parse_boxes("") == {}
    assert parse_boxes('{"4": [{"bounding_poly": {"vertices": [[0, 0], [9, 9]]}}]}') == {
        4: ((0, 0, 9, 9),)
    }
    for wrong in ({"0": [slanted]}, {"x": [slanted]}, {"1": [{}]}, [1]):
        with pytest.raises(ValueError, match="text region"):
            parse_boxes(wrong)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answer": 0}, "answer is 0, but there are 4"),
        ({"answer": 5}, "answer is 5, but there are 4"),
        ({"answer": "b"}, "a choice's number from 1"),
        ({"answer": None}, "a choice's number from 1"),
        ({"start_timestamp": 3, "end_timestamp": 3}, r"\[3, 3\) is empty"),
        ({"youtube_id": "../../etc/passwd"}, "is not an id"),
        ({"choices_str": "1. a"}, "a question needs two"),
        ({"choices_str": "1. a\n2. A"}, "one choice twice"),
        ({"frames_to_obfuscate": {"1": [{"nothing": 1}]}}, "bounding_poly"),
    ],
)
def test_a_bad_entry_is_a_reason_and_the_others_go_on(tmp_path, change, reason):
    rows = [entry("bad", "y", 0, 1) | change, entry("good", "y", 0, 1)]
    bad, good = read_metadata(write(tmp_path / "m.json", rows))
    assert isinstance(bad, Entry)
    assert isinstance(good, Sample)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(bad.reason)


def test_a_missing_field_is_named(tmp_path):
    row = entry("x", "y", 0, 1)
    del row["end_timestamp"]
    (bad,) = read_metadata(write(tmp_path / "m.json", [row]))
    assert "'end_timestamp' is missing" in bad.reason


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([entry("a", "y", 0, 1), entry("a", "z", 0, 1)], "'a' occurs twice"),
        ([entry("a", "y", 0, 1) | {"id": None}], "Entry 1 of .* has no id"),
        ([], "is empty"),
        ([3], "not an object"),
    ],
)
def test_without_unique_ids_nothing_is_read(tmp_path, rows, message):
    with pytest.raises(UsageError, match=message):
        read_metadata(write(tmp_path / "m.json", rows))


def test_unreadable_files_are_named(tmp_path):
    (tmp_path / "m.json").write_text("{")
    with pytest.raises(UsageError, match=r"m\.json can't be read"):
        read_metadata(tmp_path / "m.json")
    with pytest.raises(UsageError, match="is missing"):
        read_metadata(tmp_path / "none.json")
