import numpy as np
import pytest
from safetensors.numpy import save

from actalign.clips._store import Store, entry_key, read_entry, write_entry
from actalign.errors import ActAlignError
from actalign.types import ClipEmbedding


def clip(clip_id="a/b clip", width=8):
    rng = np.random.default_rng(0)
    return ClipEmbedding(
        clip_id=clip_id,
        embeddings=rng.normal(size=(5, width)).astype(np.float32),
        pts_seconds=np.arange(5) / 10,
        end_seconds=0.5,
        model_id="tiny",
        fingerprint="f00d",
        provenance={"video": "x.mp4"},
        warnings=("truncated",),
    )


def test_an_entry_comes_back_whole_with_its_provenance(tmp_path):
    store = Store(tmp_path / "store")
    key = entry_key({"content": "abc", "fps": 10.0})
    path = store.put(clip(), key)
    found = store.get("a/b clip", key)
    assert found is not None
    np.testing.assert_array_equal(found.embeddings, clip().embeddings)
    np.testing.assert_array_equal(found.pts_seconds, clip().pts_seconds)
    assert (found.clip_id, found.model_id, found.fingerprint) == ("a/b clip", "tiny", "f00d")
    assert found.provenance == {"video": "x.mp4"}
    assert found.warnings == ("truncated",)
    assert list(store) == [path]
    damaged = []
    assert store.get("a/b clip", entry_key({"content": "abc", "fps": 5.0}), damaged=damaged) is None


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "other", "times"])
def test_a_damaged_entry_counts_as_none_and_is_named(tmp_path, damage):
    store = Store(tmp_path)
    path = store.put(clip(), "k")
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[-3] ^= 0x10
    elif damage == "truncate":
        data = data[:-7]
    elif damage == "empty":
        data = bytearray()
    elif damage == "times":  # as earlier versions wrote them for damaged videos
        given = clip()
        given.pts_seconds[[1, 2]] = given.pts_seconds[[2, 1]]
        write_entry(given, path)
        data = path.read_bytes()
    else:
        data = bytearray(save({"x": np.zeros(3)}))
    path.write_bytes(bytes(data))
    damaged = []
    assert store.get("a/b clip", "k", damaged=damaged) is None
    assert len(damaged) == 1
    assert str(path) in damaged[0]
    with pytest.raises(ActAlignError):
        read_entry(path)
    store.put(clip(), "k")
    assert store.get("a/b clip", "k") is not None


def test_nothing_is_left_behind_when_the_folder_cannot_be_written(tmp_path):
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(ActAlignError, match="can't be written"):
        Store(tmp_path / "store").put(clip(), "k")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store"]
