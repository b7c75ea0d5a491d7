"""Which stored clips a command line means, and by what ids their rows go."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actalign.clips._parquet import open_store, read_address
from actalign.clips._store import Store, entry_key, write_entry
from actalign.clips._stored import entry_clip, list_entries, read_stored, with_unique_ids
from actalign.errors import ActAlignError, EncoderError, UsageError
from actalign.rows._made import new_row
from actalign.types import ClipEmbedding


def clip(clip_id):
    return ClipEmbedding(clip_id, np.ones((2, 3), np.float32), np.arange(2.0), 2.0, "m", "f")


@pytest.fixture
def stores(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder, names in (("one", "ba"), ("two", "b"), (f"file://{tmp_path}/three", "db")):
        for name in names:
            open_store(folder).put(clip(name), "k")
    return tmp_path


def test_entries_go_by_their_file_names_or_their_paths_where_two_agree(stores):
    address = f"file://{stores}/three"
    assert list_entries(["one"]) == {"a.k": "one/a.k.safetensors", "b.k": "one/b.k.safetensors"}
    assert list_entries(["two/", "one/a.k.safetensors", "one/", address + "/"]) == {
        "two/b.k.safetensors": "two/b.k.safetensors",
        "a.k": "one/a.k.safetensors",
        "one/b.k.safetensors": "one/b.k.safetensors",
        f"{address}/b.k.parquet": f"{address}/b.k.parquet",
        "d.k": f"{address}/d.k.parquet",
    }
    one = f"{address}/d.k.parquet"
    assert list_entries([one, one]) == {"d.k": one}
    assert read_address(one).clip_id == "d"


def test_entries_that_were_copied_from_an_address_are_read_as_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    key = entry_key({"fps": 5})
    open_store(f"file://{tmp_path}/copy").put(clip("jump"), key)
    Path("copy/predictions.parquet").write_bytes(b"another table")
    path = f"copy/jump.{key}.parquet"
    assert list_entries(["copy"]) == list_entries([path]) == {f"jump.{key}": path}
    assert read_stored(f"jump.{key}", path).embedding().clip_id == "jump"
    Path(path).write_bytes(b"damaged")
    said = str(read_stored(f"jump.{key}", path).error)
    assert re.search(r"can't be read: .*\. `actalign encode` makes a damaged entry again\.$", said)


@pytest.mark.parametrize("place", ["{}", "file://{}"])
def test_what_holds_no_entries_is_refused_by_name(tmp_path, place):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty contains no embeddings"):
        list_entries([place.format(tmp_path / "empty")])
    with pytest.raises(UsageError, match=r"no file or folder .*nowhere; `actalign encode CLIPS"):
        list_entries([place.format(tmp_path / "nowhere")])


def test_a_missing_entry_at_an_address_is_named(tmp_path):
    with pytest.raises(ActAlignError, match=r"file://.*x\.parquet can't be read"):
        read_address(f"file://{tmp_path}/x.parquet")


@given(clip_id=st.text(min_size=1, max_size=100), keys=st.sets(st.integers(), min_size=2))
def test_entries_of_one_clip_share_its_name_whatever_it_is(clip_id, keys):
    paths = [Store("s").path(clip_id, entry_key({"fps": key})) for key in keys]
    others = [Path("elsewhere") / path.name for path in paths]
    assert len({entry_clip(str(path)) for path in (*paths, *others)}) == 1


def test_a_clip_that_is_stored_again_takes_its_entrys_id(tmp_path):
    rows = [new_row({"clip": "x", "candidates": []}) for _ in range(3)]
    ids = ["x.1", "x.2", "x.3"]
    found = list(with_unique_ids(zip(ids, rows, strict=True)))
    assert [row["doc_id"] for _, row in found] == ["x", "x.2", "x.3"]
    assert [entry for entry, _ in found] == ids
    assert list(with_unique_ids([])) == []
    twice = with_unique_ids(zip(["x.1", "x.1", "x.2", "x.2"], [*rows, rows[0]], strict=True))
    assert [row["doc_id"] for _, row in twice] == ["x", "x", "x.2", "x.2"]
    write_entry(clip("x"), tmp_path / "x.safetensors")  # a name of the user's own
    assert entry_clip(str(tmp_path / "x.safetensors")) == "x"


def test_a_clip_of_another_model_says_which_one_to_use():
    clip("jump").check_encoder("m", "f")
    with pytest.raises(EncoderError, match="use m for this clip, or encode the clip again"):
        clip("jump").check_encoder("m:all", "g")
    with pytest.raises(EncoderError, match=r"\(g\); encode the clip again"):
        clip("jump").check_encoder("m", "g")
