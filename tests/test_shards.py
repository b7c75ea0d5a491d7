"""Shards of a run and their merge: together they are the run, byte for byte."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actalign.clips._shards import Shard, merge
from actalign.clips._store import Store, read_entry
from actalign.errors import UsageError
from actalign.rows._files import row_text
from tests.atlas_world import render
from tests.command import actalign as run_actalign

COLOURS = (["red", "green"], ["green", "red"], ["blue", "red"], ["red", "blue"], ["green", "blue"])


def actalign(folder, *arguments):
    return run_actalign(*arguments, cwd=folder, ACTALIGN_CACHE=folder / "cache")


def row(clip_id, **more):
    """A row with the fields that a merge looks at."""
    base = {"schema_version": 1, "clip": clip_id, "doc_id": clip_id, "status": "ok"}
    return {**base, "candidates": [], "fingerprint": "f00d", "scorer": "dtw", **more}


def write(path, rows):
    path.write_text("".join(f"{row_text(row)}\n" for row in rows), encoding="utf-8")
    return path


def write_shards(folder, clip_ids, count, **run):
    """The parts that a run over these clips writes."""
    parts = []
    for index in range(count):
        shard = Shard(index, count)
        marks = shard.marks(clip_ids, run)
        rows = [row(name, shard=marks[name]) for name in clip_ids if shard.holds(name)]
        parts.append(write(folder / f"{index}.jsonl", rows))
    return parts


def test_shards_of_a_real_run_merge_to_the_same_bytes(tmp_path, colour_model):
    for folder, names in (("one", COLOURS), ("two", COLOURS[:2])):
        for number, colours in enumerate(names):  # two names are in both folders
            render(tmp_path / folder / f"clip{number}.mp4", colours)
    (tmp_path / "one" / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "scripts.json").write_text(
        '{"scripts": {"first red": ["red", "green"], "ü": ["blue", "red"]}}', encoding="utf-8"
    )
    run = [
        "classify",
        "one",
        "two",
        "--scripts",
        "scripts.json",
        "--model",
        colour_model,
        "--quiet",
    ]
    whole = actalign(tmp_path, *run, "--out", "whole.jsonl")
    assert whole.returncode == 1, whole.stderr  # broken.mp4
    parts = [f"part{index}.jsonl" for index in range(3)]
    for index, part in enumerate(parts):
        done = actalign(tmp_path, *run, "--out", part, "--num-shards", 3, "--shard", index)
        assert "Traceback" not in done.stderr
    assert all((tmp_path / part).read_text() for part in parts)
    merged = actalign(tmp_path, "merge", "merged.jsonl", *reversed(parts))
    assert merged.returncode == 0, merged.stderr
    assert (tmp_path / "merged.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert len((tmp_path / "merged.jsonl").read_text().splitlines()) == 8

    lacking = actalign(tmp_path, "merge", "lacking.jsonl", *parts[1:])
    assert lacking.returncode == 2
    assert "no row of shard 0 of 3" in lacking.stderr
    assert not list(tmp_path.glob("*lacking*"))

    other = actalign(tmp_path, *run, "--top-k", 1, "--out", parts[0], "--num-shards=3", "--shard=0")
    assert "Traceback" not in other.stderr
    mixed = actalign(tmp_path, "merge", "mixed.jsonl", *parts)
    assert mixed.returncode == 2
    assert "are not shards of one run" in mixed.stderr


def test_shards_of_encode_fill_one_folder(tmp_path, colour_model):
    for number, colours in enumerate(COLOURS):
        render(tmp_path / "clips" / f"clip{number}.mp4", colours)
    run = ["encode", "clips", "--model", colour_model, "--fps", 5]
    assert actalign(tmp_path, *run, "--out", "whole").returncode == 0
    for index in range(2):
        done = actalign(tmp_path, *run, "--out", "shards", "--num-shards", 2, "--shard", index)
        assert done.returncode == 0, done.stderr
    whole, shards = ({p.name: p for p in Store(tmp_path / n)} for n in ("whole", "shards"))
    assert len(whole) == len(COLOURS)
    assert shards.keys() == whole.keys()
    for name, path in whole.items():
        one, other = read_entry(path), read_entry(shards[name])
        assert one.embeddings.tobytes() == other.embeddings.tobytes()
        assert one.provenance == other.provenance


def test_shards_of_align_merge_to_the_same_bytes(tmp_path, colour_model):
    for number, colours in enumerate(COLOURS):
        render(tmp_path / "clips" / f"clip{number}.mp4", colours)
    encode = ["encode", "clips", "--model", colour_model, "--quiet"]
    for more in (["--out", "store"], ["--out", "store", "--fps", 5]):  # each clip twice
        assert actalign(tmp_path, *encode, *more).returncode == 0
    damaged = min((tmp_path / "store").iterdir())
    damaged.write_bytes(damaged.read_bytes()[:-1])
    run = ["align", "store", "--labels", "red,green", "--model", colour_model, "--quiet"]
    whole = actalign(tmp_path, *run, "--out", "whole.jsonl")
    assert whole.returncode == 1, whole.stderr
    lines = (tmp_path / "whole.jsonl").read_text().splitlines()
    assert len({json.loads(line)["doc_id"] for line in lines}) == 2 * len(COLOURS)
    for index in range(2):
        done = actalign(
            tmp_path, *run, "--out", f"part{index}.jsonl", "--num-shards=2", "--shard", index
        )
        assert "Traceback" not in done.stderr
    parts = ["part1.jsonl", "part0.jsonl"]
    assert all((tmp_path / part).read_text() for part in parts)
    merged = actalign(tmp_path, "merge", "merged.jsonl", *parts)
    assert merged.returncode == 0, merged.stderr
    assert (tmp_path / "merged.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    actalign(tmp_path, *run, "--smoothing=0", "--out", parts[0], "--num-shards=2", "--shard=1")
    mixed = actalign(tmp_path, "merge", "mixed.jsonl", *parts)
    assert mixed.returncode == 2
    assert "are not shards of one run" in mixed.stderr


def test_a_clips_shard_is_fixed():
    # SHA-256 of "a" begins ca978112ca1bbdca, that of "b" 3e23e8160039594a.
    assert Shard(0xCA978112CA1BBDCA % 7, 7).holds("a")
    assert Shard(0x3E23E8160039594A % 7, 7).clips({"a": 1, "b": 2}).get("b") == 2


@settings(max_examples=50)
@given(
    ids=st.lists(st.text(min_size=1, max_size=5), unique=True, max_size=12),
    count=st.integers(1, 5),
    data=st.data(),
)
def test_any_order_of_parts_gives_the_runs_order(tmp_path_factory, ids, count, data):
    parts = write_shards(tmp_path_factory.mktemp("parts"), ids, count, scorer="dtw")
    given_parts = data.draw(st.permutations([*parts, parts[0]]))
    assert list(merge(given_parts)) == [row(name) for name in ids]


def test_parts_of_plain_runs_follow_one_another_and_equal_rows_count_once(tmp_path):
    one = write(tmp_path / "1.jsonl", [row("b"), row("a")])
    two = write(tmp_path / "2.jsonl", [row("c"), row("a")])
    assert [r["doc_id"] for r in merge([one, two])] == ["b", "a", "c"]


def test_parts_without_any_row_are_said(tmp_path):
    """A shard that has no clip leaves an empty file; such files alone are hardly a whole run."""
    for name in ("0.jsonl", "3.jsonl"):
        (tmp_path / name).touch()
    merged = actalign(tmp_path, "merge", "merged.jsonl", "0.jsonl", "3.jsonl")
    assert merged.returncode == 0
    assert "none of the parts has a row, so merged.jsonl has none" in merged.stderr
    write(tmp_path / "1.jsonl", [row("a")])
    assert not actalign(tmp_path, "merge", "merged.jsonl", "0.jsonl", "1.jsonl").stderr


def test_a_part_that_is_empty_is_named_where_clips_are_missing(tmp_path):
    ids = list("abcdefgh")
    _, second, third = write_shards(tmp_path, ids, 3)
    second.write_text("")
    with pytest.raises(
        UsageError, match=r"none of the parts \(no row of shard 0, 1 of 3"
    ) as refusal:
        merge([second, third])
    assert f"; without a row: {second}; finish the shards that are" in str(refusal.value)


def error(clip_id):
    return {**row(clip_id), "status": "error"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("a", margin=0.5)], "'a' has two different rows"),
        ([error("a")], "'a' has two different rows"),
        ([row("b", fingerprint="beef")], "fingerprint 'beef'"),
        ([row("b", scorer="dtw_steps")], "scorer 'dtw_steps'"),
        ([row("b", settings={"step_template": "{step}"})], "step_template '{step}'"),
        ([row("b", settings={})], "(clip 'b') was made without fps, but "),
        ([row("b", provenance={"fps": "5"})], "fps '5'"),
        (["not a row"], "line 1 is not a prediction"),
        ([{**row("b"), "shard": {"index": 0}}], "line 1 is not a prediction"),
        ([{**row("b"), "shard": [1]}], "line 1 is not a prediction"),
    ],
)
def test_what_does_not_belong_together_is_refused_by_name(tmp_path, rows, said):
    base = row("a", settings={"step_template": "{label}"}, provenance={"fps": "all"})
    if said.startswith("'a'"):
        base = row("a")
    one = write(tmp_path / "1.jsonl", [base])
    two = write(tmp_path / "2.jsonl", rows)
    with pytest.raises(UsageError, match=r"2\.jsonl") as refusal:
        merge([one, two])
    assert said in str(refusal.value)


def test_a_part_of_another_encoding_is_refused_by_name(tmp_path):
    text = json.dumps(row("Übung"), ensure_ascii=False) + "\n"
    (tmp_path / "1.jsonl").write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=r"1\.jsonl is not UTF-8 text .*; save it as UTF-8"):
        merge([tmp_path / "1.jsonl"])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_parts_may_be_in_each_encoding_that_files_of_rows_may(tmp_path, encoding, newline):
    """UTF-16 is what Windows's PowerShell writes of `classify --json`."""
    ids = [f"Übung {'ß🏋' * (37 * n % 101)} {n}" for n in range(200)]
    for part in write_shards(tmp_path, ids, 3, scorer="dtw"):
        text = part.read_text(encoding="utf-8")
        part.write_text(text, encoding=encoding, newline=newline)
    assert list(merge(sorted(tmp_path.glob("*.jsonl")))) == [row(name) for name in ids]


def test_names_that_are_no_text_merge_as_other_readers_see_them(tmp_path):
    """Half a character, as earlier versions wrote the bytes of such a name."""
    one = tmp_path / "1.jsonl"
    one.write_text(json.dumps(row("caf\udce9")) + "\n")
    two = write(tmp_path / "2.jsonl", [row(r"caf\xe9"), row("b")])
    assert [found["clip"] for found in merge([one, two])] == [r"caf\xe9", "b"]


def test_a_failed_clip_merges_with_any_settings(tmp_path):
    one = write(tmp_path / "1.jsonl", [row("a")])
    two = write(tmp_path / "2.jsonl", [error("b")])
    assert json.dumps(list(merge([one, two]))) == json.dumps([row("a"), error("b")])


def test_shards_of_different_cuts_are_refused(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    ids = list("abcdefgh")
    by_two = write_shards(tmp_path / "x", ids, 2)
    by_three = write_shards(tmp_path / "y", ids, 3)
    with pytest.raises(UsageError, match="one run has 3 shards, the other 2"):
        merge([by_two[0], by_three[1]])
    with pytest.raises(UsageError, match="the videos, candidates, scripts or settings differ"):
        merge([by_two[0], write_shards(tmp_path / "y", ids[:-1], 2)[1]])
    with pytest.raises(UsageError, match="one of them is not a shard at all"):
        merge([by_two[0], write(tmp_path / "plain.jsonl", [row("z")])])


@pytest.mark.parametrize(("count", "index"), [(3, 3), (3, -1), (3, None), (None, 0)])
def test_a_shard_that_is_none_of_the_run_is_refused(count, index):
    with pytest.raises(UsageError, match="--shard"):
        Shard.of(count, index)
