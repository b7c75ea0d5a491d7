"""Embeddings at an fsspec address: the same entries as in a folder, and a table for other tools."""

import socket

import numpy as np
import pyarrow.dataset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actalign.clips._parquet import ParquetStore, list_address, open_store
from actalign.clips._store import Store
from actalign.errors import ActAlignError, UsageError
from tests.test_store import clip


@pytest.mark.parametrize("address", ["memory://bucket/{}", "file://{}"])
@given(frames=st.integers(1, 40), width=st.integers(1, 30))
def test_an_entry_comes_back_to_the_bit(tmp_path_factory, address, frames, width):
    store = open_store(address.format(tmp_path_factory.mktemp("parquet")))
    assert isinstance(store, ParquetStore)
    given_clip = clip(frames=frames, width=width)
    store.put(given_clip, "k")
    found = open_store(store.folder).get("a/b clip", "k")
    assert found.embeddings.dtype == np.float32
    assert found.embeddings.shape == (frames, width)
    assert found.embeddings.tobytes() == given_clip.embeddings.tobytes()
    assert found.pts_seconds.tobytes() == given_clip.pts_seconds.tobytes()
    assert (found.clip_id, found.end_seconds) == ("a/b clip", frames / 10)
    assert (found.provenance, found.warnings) == ({"video": "x.mp4"}, ("truncated",))
    damaged = []
    assert store.get("a/b clip", "other", damaged=damaged) is None
    damaged = []
    assert store.get("b", "k", damaged=damaged) is None


def test_a_name_that_is_no_text_can_be_stored(tmp_path):
    store = ParquetStore(f"file://{tmp_path}")
    store.put(clip("caf\udce9"), "k")
    assert store.get("caf\udce9", "k").clip_id == "caf\udce9"


def test_a_scheme_in_capitals_is_the_same_store(tmp_path):
    open_store(f"FILE://{tmp_path}").put(clip(), "k")
    assert list_address(f"File://{tmp_path}") == list_address(f"file://{tmp_path}")
    assert open_store(f"file://{tmp_path}").get("a/b clip", "k") is not None


def test_a_folder_of_entries_is_one_table(tmp_path):
    store = ParquetStore(f"file://{tmp_path}/new/folder")
    store.put(clip("one", 3), "k")
    store.put(clip("two", 4), "k")
    table = pyarrow.dataset.dataset(tmp_path / "new" / "folder").to_table()
    assert table.column_names == ["clip_id", "pts_seconds", "embedding"]
    assert sorted(table.column("clip_id").to_pylist()) == ["one"] * 3 + ["two"] * 4
    assert len(table.column("embedding")[0].as_py()) == 8
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "other"])
def test_a_damaged_entry_counts_as_none_and_is_named(tmp_path, damage):
    store = ParquetStore(f"file://{tmp_path}")
    store.put(clip(frames=200), "k")
    [path] = tmp_path.glob("*.parquet")
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 3] ^= 0x10
    elif damage == "truncate":
        data = data[:-7]
    elif damage == "empty":
        data = bytearray()
    else:
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table({"x": [1]}), path)
        data = path.read_bytes()
    path.write_bytes(bytes(data))
    damaged = []
    assert store.get("a/b clip", "k", damaged=damaged) is None
    assert len(damaged) == 1
    assert path.name in damaged[0]
    store.put(clip(frames=200), "k")
    assert store.get("a/b clip", "k") is not None


def test_an_address_that_can_not_be_used_is_refused(tmp_path):
    with pytest.raises(UsageError, match="nosuch"):
        open_store("nosuch://bucket")
    assert isinstance(open_store(tmp_path), Store)
    assert isinstance(open_store(str(tmp_path)), Store)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ActAlignError, match="can't be written"):
        ParquetStore(f"file://{tmp_path}/file/below").put(clip(), "k")


@pytest.mark.parametrize("address", ["s3://", "file:///", "memory://", "://bucket"])
def test_an_address_without_a_folder_is_no_folder_of_this_machine(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    for used in (open_store, list_address):
        with pytest.raises(UsageError, match=f"{address} names no folder"):
            used(address)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("scheme", ["ftp", "sftp", "webhdfs"])
def test_an_address_is_named_where_it_does_not_answer_and_its_password_never(scheme):
    pytest.importorskip("requests")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}/folder"
        said = rf"{scheme}://\*\*\*@{host} can't be (used|listed): .+"
        with pytest.raises(ActAlignError, match=said) as raised:
            list_address(f"{scheme}://me:secret@{host}")
    assert "secret" not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
