"""Files are written atomically, also by processes that are killed or write at the same time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from actalign import ClipEmbedding
from actalign.clips import open_store
from actalign.errors import ActAlignError, UsageError
from actalign.files import check_writable, remove_left, write_bytes, write_text, writing
from tests.command import printed_by


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_with_its_folder_and_nothing_else_stays(tmp_path):
    write_text(tmp_path / "new" / "deeper" / "note.txt", "Zürich\n")
    assert (tmp_path / "new" / "deeper" / "note.txt").read_bytes() == "Zürich\n".encode()
    write_bytes(tmp_path / "new" / "deeper" / "note.txt", b"\r\n\0")
    assert (tmp_path / "new" / "deeper" / "note.txt").read_bytes() == b"\r\n\0"
    assert names(tmp_path / "new" / "deeper") == ["note.txt"]


def test_the_old_file_stands_until_the_block_ends(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_text(path, "old")
    with writing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    "error", [ValueError("a bad row"), KeyboardInterrupt(), FileNotFoundError("another file")]
)
def test_an_error_in_the_block_leaves_the_old_file_and_passes_on(tmp_path, error):
    path = tmp_path / "rows.jsonl"
    write_text(path, "old")

    def rows():
        yield b"half"
        raise error

    with pytest.raises(type(error)), writing(path) as file:
        file.writelines(rows())
    assert path.read_text() == "old"
    assert names(tmp_path) == ["rows.jsonl"]


def test_an_error_leaves_no_empty_folder_of_its_own(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "there" / "new" / "er" / "x.mp4"):
        raise KeyboardInterrupt
    assert names(tmp_path / "there") == []

    def interrupted():
        write_text(tmp_path / "new" / "y.txt", "another's")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "new" / "er" / "x.mp4"):
        interrupted()
    assert names(tmp_path) == ["new", "there"]
    assert names(tmp_path / "new") == ["y.txt"]


def test_a_file_that_cannot_be_created_leaves_no_empty_folder(tmp_path):
    with pytest.raises(ActAlignError):
        write_text(tmp_path / "new" / "er" / ("x" * 300), "text")
    assert names(tmp_path) == []


def test_a_name_with_a_nul_character_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "new" / "a\0b"
    for write in (lambda: write_text(path, "x"), lambda: check_writable(path)):
        with pytest.raises(UsageError, match=r"a\\x00b' has a NUL character, which no file's name"):
            write()
    with pytest.raises(UsageError, match=r"a\\x00b' has a NUL character"):
        open_store(path)
    assert names(tmp_path) == []


def test_a_place_that_refuses_is_named_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ActAlignError, match=r"file/rows\.jsonl can't be written: .*another place"):
        write_text(tmp_path / "file" / "rows.jsonl", "y")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ActAlignError, match="folder can't be written: Is a directory"):
        write_text(tmp_path / "folder", "y")
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's always full device")
def test_a_full_disk_is_reported(tmp_path):
    path = tmp_path / "out"

    def write():
        with writing(path) as file:
            full = os.open("/dev/full", os.O_WRONLY)
            os.dup2(full, file.fileno())
            os.close(full)
            file.write(b"x")

    with pytest.raises(ActAlignError, match=r"out can't be written: No space left on device"):
        write()
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes in the locale's encoding")
def test_a_name_that_the_locale_lacks_is_reported(tmp_path):
    code = "from actalign.files import write_text; write_text('caf\\u00e9.vtt', 'x')"
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = [sys.executable, "-c", code]
    ended = subprocess.run(
        words, cwd=tmp_path, env=os.environ | ascii_only, capture_output=True, text=True
    )
    assert "can't be written: this machine's locale lacks characters" in ended.stderr
    assert names(tmp_path) == []


def test_a_killed_writer_leaves_the_old_file_and_its_rest_can_be_removed(tmp_path):
    path = tmp_path / "big[1].npy"  # brackets, which a search by pattern would take as a choice
    write_text(path, "old")
    code = (
        "import sys, time; from actalign.files import writing\n"
        "with writing(sys.argv[1]) as file:\n"
        "    file.write(b'half'); file.flush(); print('written', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"written\n"
        child.send_signal(signal.SIGKILL)
    assert path.read_text() == "old"
    (left,) = [name for name in names(tmp_path) if name != path.name]
    assert left.startswith(".big[1].npy.")
    assert left.endswith(".tmp")
    write_text(tmp_path / "other.npy", "")
    (tmp_path / ".big1.npy.a.tmp").write_text("another file's")
    remove_left(path)
    assert names(tmp_path) == [".big1.npy.a.tmp", path.name, "other.npy"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_command_that_is_told_to_end_leaves_no_temporary_file(tmp_path, name):
    path = tmp_path / "out"
    write_text(path, "old")
    code = (
        "import sys, time; from actalign.program import run_program\n"
        "from actalign.files import writing\n"
        "def write():\n"
        "    with writing(sys.argv[1]) as file:\n"
        "        file.write(b'half'); print('written', flush=True); time.sleep(600)\n"
        "run_program(write)\n"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, path], **pipes) as child:
        assert child.stdout.readline() == b"written\n"
        child.send_signal(getattr(signal, name))
        assert child.stderr.read() == b"terminated; run the same command again to continue\n"
    assert child.returncode == 128 + getattr(signal, name)
    assert names(tmp_path) == ["out"]
    assert path.read_text() == "old"


def test_a_command_that_nohup_started_goes_on(tmp_path):
    code = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from actalign.program import run_program\n"
        "run_program(lambda: os.kill(os.getpid(), signal.SIGHUP))\n"
        "print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)\n"
    )
    assert printed_by("-c", code) == "True\n"


def age(path, days):
    then = time.time() - days * 86400
    os.utime(path, (then, then))


@pytest.mark.parametrize("kind", ["file", "store", "address"])
def test_what_killed_processes_left_is_removed_when_it_is_old(tmp_path, kind):
    folder = tmp_path / "there"
    folder.mkdir()
    gone = [".x.npy.0123abcd.tmp", ".my clip.00ff.safetensors.deadbeef.tmp"]
    stay = [".y.npy.0123abcd.tmp", ".notes.tmp", "z.0123abcd.tmp", ".x.0123abcd.tmp.json"]
    for name in (*gone, *stay):
        (folder / name).write_text("half")
    for name in (*gone, *stay[1:]):
        age(folder / name, 3)
    (folder / ".model.0123abcd.tmp").mkdir()  # of an export
    (folder / ".model.0123abcd.tmp" / "image.onnx").write_text("half")
    age(folder / ".model.0123abcd.tmp", 3)
    if kind == "file":
        write_text(folder / "new", "")
    else:
        clip = ClipEmbedding("c", np.ones((1, 2), np.float32), np.zeros(1), 1.0, "m", "f")
        open_store(f"file://{folder}" if kind == "address" else folder).put(clip, "k")
    left = names(folder)
    assert [name for name in left if name in (*gone, *stay, ".model.0123abcd.tmp")] == sorted(stay)
    assert len(left) == len(stay) + 1


def test_two_processes_that_write_one_path_never_mix(tmp_path):
    path = tmp_path / "entry"
    code = (
        "import sys; from actalign.files import write_bytes\n"
        "for _ in range(60): write_bytes(sys.argv[1], sys.argv[2].encode() * 100_000)\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, path, letter]) for letter in "ab"]
    seen = set()
    while any(child.poll() is None for child in children):
        if path.exists():
            seen.add(path.read_bytes())
        time.sleep(0.001)
    assert [child.returncode for child in children] == [0, 0]
    assert seen <= {b"a" * 100_000, b"b" * 100_000}
    assert seen
    assert names(tmp_path) == ["entry"]


def test_an_address_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"s3://bucket/rows\.jsonl is an address"):
        write_text(Path("s3://bucket/rows.jsonl"), "row")
    assert not list(tmp_path.iterdir())
    write_text(tmp_path / "s3:" / "rows.jsonl", "row")  # an odd folder of the user's own
