import json
import os
import shutil

import numpy as np
import pytest
from safetensors.numpy import save

from actalign.clips import Sampling, Store, _keys, clip_ids, embed_videos, open_store
from actalign.clips._store import entry_key, read_entry, write_entry
from actalign.clips._stored import list_entries, read_stored
from actalign.encoders import load_encoder
from actalign.errors import ActAlignError, UsageError
from actalign.types import ClipEmbedding
from tests.command import actalign, printed_by
from tests.media import write_video


def clip(clip_id="a/b clip", frames=5, width=8):
    rng = np.random.default_rng(frames)
    return ClipEmbedding(
        clip_id=clip_id,
        embeddings=rng.normal(size=(frames, width)).astype(np.float32),
        pts_seconds=np.arange(frames) / 10,
        end_seconds=frames / 10,
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


@pytest.mark.parametrize("key", ["../../out", "a/b", "a\\b", ".."])
def test_a_key_never_leads_out_of_the_store(tmp_path, key):
    for store in (Store(tmp_path / "in" / "store"), open_store(f"file://{tmp_path}/in/address")):
        with pytest.raises(UsageError, match="give letters, digits, _ and - only"):
            store.put(clip(), key)
        with pytest.raises(UsageError, match="give letters, digits, _ and - only"):
            store.get("a/b clip", key)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_nothing_is_left_behind_when_the_folder_cannot_be_written(tmp_path):
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(ActAlignError, match="can't be written"):
        Store(tmp_path / "store").put(clip(), "k")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store"]


@pytest.fixture(scope="module")
def encoder(colour_model):
    return load_encoder(str(colour_model))


def embedded(encoder, paths, store, **sampling):
    found = embed_videos(encoder, clip_ids(paths), sampling=Sampling(**sampling), store=store)
    return {result.clip_id: result for result in found}


def test_clips_of_equal_content_and_alike_names_are_an_entry_each(encoder, tmp_path):
    long = "x" * 85
    names = ["a b", "a_b", "a+b", f"1{long}", f"2{long}", "語" * 80, "語" * 79 + "本"]
    (tmp_path / "clips").mkdir()
    paths = [tmp_path / "clips" / f"{name}.mp4" for name in names]
    first = write_video(paths[0], 4)
    for path in paths[1:]:
        shutil.copy(first, path)
    store = Store(tmp_path / "store")
    found = embedded(encoder, paths, store)
    assert list(found) == names
    assert all(result.error is None for result in found.values())
    assert sorted(read_entry(path).clip_id for path in store) == sorted(names)
    assert all(result.cached for result in embedded(encoder, paths, store).values())
    done = actalign("align", store.folder, "--labels", "red,green", "--model",
                    encoder.info.model_id, "--json")  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(row["clip"] for row in rows) == sorted(names)


@pytest.mark.parametrize("parquet", [False, True])
def test_a_moved_video_is_found_and_named_where_it_is_now(encoder, tmp_path, parquet):
    folder = tmp_path / "store"
    store = open_store(f"file://{folder}" if parquet else folder)
    old = write_video(tmp_path / "x.mp4", 4)
    embedded(encoder, [old], store)
    (tmp_path / "moved").mkdir()
    new = old.rename(tmp_path / "moved" / "x.mp4")
    found = embedded(encoder, [new], store)["x"]
    assert found.cached
    assert found.clip.provenance["video"] == str(new)
    [entry] = list_entries([str(store.folder)]).values()
    assert read_stored("x", entry).clip.provenance["video"] == str(new)


def test_a_store_that_is_only_read_names_a_moved_video_too(encoder, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    old = write_video(tmp_path / "x.mp4", 4)
    embedded(encoder, [old], store)
    [entry] = store
    (tmp_path / "moved").mkdir()
    new = old.rename(tmp_path / "moved" / "x.mp4")
    before = entry.read_bytes()
    monkeypatch.setattr(os, "fsync", full_disk)
    found = embedded(encoder, [new], store)["x"]
    assert found.cached
    assert found.clip.provenance["video"] == str(new)
    assert entry.read_bytes() == before


def full_disk(_):
    raise OSError(28, "No space left on device")


def test_entries_of_other_decoding_rules_are_made_again(encoder, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    path = write_video(tmp_path / "x.mp4", 4)
    embedded(encoder, [path], store)
    assert embedded(encoder, [path], store)["x"].cached
    monkeypatch.setattr(_keys, "RULES", _keys.RULES + 1)
    assert not embedded(encoder, [path], store)["x"].cached
    assert len(list(store)) == 2


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root becomes others"
)
def test_a_user_without_a_home_folder_keeps_nothing_and_is_told_so():
    """Such as a container's, whom the system doesn't know."""
    program = (
        "import os\n"
        "from actalign.clips import open_store_or_cache\n"
        "from actalign.clips._stored import filled_cache\n"
        "for name in ('ACTALIGN_CACHE', 'XDG_CACHE_HOME', 'HOME'): os.environ.pop(name, None)\n"
        "os.setuid(54321)\n"
        "notes = []\n"
        "print(open_store_or_cache(None, notes), filled_cache(), *notes)\n"
    )
    assert printed_by("-c", program) == (
        "None None embeddings are not kept: There is no home folder; set ACTALIGN_CACHE to a "
        "folder.\n"
    )
