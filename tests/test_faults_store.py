"""Faults around the store and the output: damage, other processes, a full disk."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from actalign.clips._store import read_entry
from tests.colour_model import save_colour_model
from tests.command import DEADLOCK_SECONDS, wait_for
from tests.fault_world import entries, left_of, make_clips, make_dataset, run, run_alone, start
from tests.llm_server import LLMServer
from tests.media import write_video

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = make_clips(tmp_path_factory.mktemp("world"), count=4, frames=12)
    code, _, err = run(encode("whole"), folder)
    assert code == 0, err
    return folder


@pytest.fixture
def store(world, tmp_path):
    """A store that an earlier run filled."""
    return Path(shutil.copytree(world / "whole", tmp_path / "store"))


def encode(store, *more):
    return ["encode", "clips", "--out", store, "--model", "model", *more]


def classify(store, out, *more):
    words = ["classify", "clips", "--store", store, "--out", out, "--model", "model"]
    return [*words, "--scripts", "scripts.json", *more]


def align(store, out):
    return ["align", store, "--out", out, "--model", "model", "--scripts", "scripts.json"]


def contents(store):
    return {name: content for name, (_, content) in entries(store).items()}


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "header"])
def test_a_damaged_entry_is_found_said_and_made_again(world, store, damage):
    expected = contents(world / "whole")
    first, *others = sorted(store.glob("*.safetensors"))
    data = bytearray(first.read_bytes())
    if damage == "truncate":
        data = data[: len(data) // 2]
    elif damage == "flip":
        data[-20] ^= 1
    elif damage == "empty":
        data = bytearray()
    else:
        data[20] ^= 1
    first.write_bytes(data)
    untouched = {path: path.stat().st_mtime_ns for path in others}
    code, _, err = run(align(store, store.parent / "p.jsonl"), world)
    assert code == 1
    assert f"The store's entry {first} " in err
    assert "3 aligned, 1 failed" in err
    code, _, err = run(encode(store), world)
    assert code == 0
    assert f"clip00: The store's entry {first} " in err
    assert "It is made again." in err
    assert "1 encoded, 3 encoded before, 0 failed" in err
    assert contents(store) == expected
    assert untouched == {path: path.stat().st_mtime_ns for path in others}
    assert "3 aligned" not in run(align(store, store.parent / "p.jsonl"), world)[2]


def test_a_file_that_changed_between_runs_is_embedded_anew(world, tmp_path):
    folder = Path(shutil.copytree(world, tmp_path / "world"))
    store = tmp_path / "store"
    assert run(encode(store), folder)[0] == 0
    old = entries(store)
    clip = folder / "clips" / "clip01.mp4"
    before = clip.stat()
    write_video(clip, 30)
    os.utime(clip, ns=(before.st_atime_ns, before.st_mtime_ns))  # the time says nothing
    code, _, err = run(encode(store), folder)
    assert code == 0
    assert "1 encoded, 3 encoded before" in err
    new = entries(store)
    assert old.items() <= new.items()
    (added,) = new.keys() - old.keys()
    assert len(read_entry(store / added).embeddings) == 30
    code, _, _ = run(classify(store, tmp_path / "p.jsonl"), folder)
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [row["frames"] for row in rows] == [12, 30, 14, 15]


def test_two_processes_fill_one_store(world, tmp_path):
    store = tmp_path / "store"
    both = []
    for n in range(2):
        (tmp_path / f"{n}").mkdir()
        for name in ("clips", "model"):
            (tmp_path / f"{n}" / name).symlink_to(world / name)
        both.append(start(encode(store), tmp_path / f"{n}"))
    assert [process.wait(timeout=DEADLOCK_SECONDS) for process in both] == [0, 0]
    assert contents(store) == contents(world / "whole")
    assert {path.suffix for path in store.iterdir()} == {".safetensors"}
    code, _, err = run(encode(store), world)
    assert (code, "0 encoded, 4 encoded before" in err) == (0, True)


def test_two_evaluations_in_one_run_folder(tmp_path):
    world = make_dataset(tmp_path, count=4)
    words = ["eval", "clips", "data", "--scripts", "bank.json", "--resume"]
    words += ["--model", "model", "--scorer", "dtw,random", "--out"]
    assert run([*words, tmp_path / "whole"], world)[0] == 0
    both = []
    for n in range(2):
        (tmp_path / f"{n}").mkdir()
        for name in ("data", "bank.json", "model"):
            (tmp_path / f"{n}" / name).symlink_to(world / name)
        both.append(start([*words, tmp_path / "run"], tmp_path / f"{n}"))
    codes = [process.wait(timeout=DEADLOCK_SECONDS) for process in both]
    # One of them may be told that the other is at it; neither may leave a run that is wrong.
    assert 0 in codes
    assert "Traceback" not in "".join((tmp_path / f"{n}" / ".stderr").read_text() for n in range(2))
    assert run([*words, tmp_path / "run"], world)[0] == 0
    for name in ("predictions.jsonl", "results.json"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@contextmanager
def small_disk(folder, kilobytes):
    """A file system of so many kilobytes; skips where it can't be mounted."""
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("a tmpfs can't be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder, *, leaving):
    """Fill a file system up to so many bytes."""
    free = shutil.disk_usage(folder).free
    with (folder / "ballast").open("wb") as file:
        file.write(b"x" * (free - leaving))
    return folder / "ballast"


def test_a_full_disk_stops_encode_and_keeps_what_is_done(world, tmp_path):
    with small_disk(tmp_path / "disk", 256) as disk:
        ballast = fill(disk, leaving=3 * 4096)
        code, _, err = run_alone(encode(disk / "store"), world)
        assert code == 1
        assert "No space left on device" in err
        assert "can't be written" in err
        there = entries(disk / "store")
        assert 0 < len(there) < 4
        assert {path.suffix for path in (disk / "store").iterdir()} == {".safetensors"}
        ballast.unlink()
        code, _, err = run(encode(disk / "store"), world)
        assert code == 0
        assert f"{4 - len(there)} encoded, {len(there)} encoded before" in err
        assert there.items() <= entries(disk / "store").items()
        assert contents(disk / "store") == contents(world / "whole")


def test_a_full_disk_leaves_the_old_predictions(world, store, tmp_path):
    with small_disk(tmp_path / "disk", 256) as disk:
        out = disk / "p.jsonl"
        assert run(align(store, out), world)[0] == 0
        whole = out.read_bytes()
        out.write_bytes(b"old\n")
        ballast = fill(disk, leaving=4096)
        for command in (align(store, out), classify(store, out)):
            code, _, err = run(command, world)
            assert code == 1
            assert f"{out} can't be written: No space left on device" in err
            assert {path.name for path in disk.iterdir()} == {"p.jsonl", "ballast"}
            assert out.read_bytes() == b"old\n"
        ballast.unlink()
        assert run(align(store, out), world)[0] == 0
        assert out.read_bytes() == whole


def test_a_full_disk_in_an_evaluation_is_one_sentence_and_can_be_resumed(tmp_path):
    world = make_dataset(tmp_path, count=4)
    words = ["eval", "clips", "data", "--scripts", "bank.json", "--resume"]
    words += ["--model", "model", "--scorer", "dtw,mean_pool,random", "--out"]
    assert run([*words, tmp_path / "whole"], world)[0] == 0
    with small_disk(tmp_path / "disk", 512) as disk:
        for leaving in (1, 4, 8, 16, 32):
            (disk / "run").mkdir(exist_ok=True)
            ballast = fill(disk, leaving=leaving * 4096)
            code, _, err = run([*words, disk / "run"], world)
            ballast.unlink()
            assert code in (0, 1)
            if code:
                assert re.search(r"^error: .*(No space left|disk is full|full)", err, re.M), err
        assert run([*words, disk / "run"], world)[0] == 0
        for name in ("predictions.jsonl", "results.json"):
            assert (disk / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_full_disk_loses_no_paid_answer(tmp_path):
    with small_disk(tmp_path / "disk", 256) as disk, LLMServer() as server:
        words = ["subactions", "generate", "--base-url", server.url, "--llm-model", "tiny"]
        words += ["--labels", "putt,chip", "--out", disk / "bank.json"]
        key = {"OPENAI_API_KEY": "sk-test", "ACTALIGN_CACHE": tmp_path / "cache"}
        ballast = fill(disk, leaving=0)
        code, _, err = run(words, tmp_path, **key)
        assert code == 1
        assert f"{disk / 'bank.json'} can't be written: No space left on device" in err
        ballast.unlink()
        code, _, err = run(words, tmp_path, **key)
        assert (code, len(server.requests)) == (0, 1)
        assert (disk / "bank.json").is_file()


def test_a_limit_of_file_sizes_is_like_a_full_disk(world, tmp_path):
    """Needs no rights to mount: the kernel refuses to let a file grow."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700));"
        "sys.argv[0] = 'actalign'; from actalign.cli._main import main; main()"
    )
    words = list(map(str, encode(tmp_path / "store")))
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=world, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    assert "can't be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "store").exists()  # nor is a folder left of which nothing came
    assert run(encode(tmp_path / "store"), world)[0] == 0
    assert contents(tmp_path / "store") == contents(world / "whole")


@contextmanager
def read_only(folder):
    """Nothing can be written below the folder, not even by root: mounted so, or its mode."""
    folder.mkdir(exist_ok=True)
    if os.geteuid():
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    with small_disk(folder, 64):
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder


def test_a_read_only_place_is_named(world, store, tmp_path):
    assert run(align(store, tmp_path / "p.jsonl"), world)[0] == 0
    with read_only(tmp_path / "ro") as place:
        for command in (
            encode(place / "store"),
            align(store, place / "p.jsonl"),
            classify(store, place / "p.jsonl"),
            classify(store, tmp_path / "q.jsonl", "--figure", place / "figures"),
            ["export", tmp_path / "p.jsonl", "--to", "csv", "--out", place / "t.csv"],
            ["subactions", "template", "--labels", "a,b", "--out", place / "t.yaml"],
        ):
            code, _, err = run(command, world)
            assert code in (1, 2), (command, err)
            assert re.search(rf"{place}\S* can't be written: (Read-only|Permission)", err), err


def test_a_store_that_cannot_be_written_still_gives_what_it_holds(world, store, tmp_path):
    expected = tmp_path / "expected.jsonl"
    assert run(classify(store, expected), world)[0] == 0
    with small_disk(tmp_path / "ro", 256) as place:
        shutil.copytree(store, place / "store")
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        assert run(classify(place / "store", tmp_path / "p.jsonl"), world)[0] == 0
    assert (tmp_path / "p.jsonl").read_bytes() == expected.read_bytes()


def broken_model(folder):
    """The colour model, but white gives 0/0 and everything else what it always gave."""
    import onnx
    from onnx import helper, numpy_helper

    save_colour_model(folder)
    model = onnx.load(folder / "image.onnx")
    graph = model.graph
    graph.node[-1].output[0] = "colour"
    one = numpy_helper.from_array(np.array(0.999, np.float32), "one")
    # log(0.999 - max) is NaN where the brightest channel is above 0.999.
    graph.initializer.append(one)
    graph.node.extend(
        [
            helper.make_node("ReduceMin", ["colour"], ["least"], keepdims=1, axes=[1]),
            helper.make_node("Sub", ["one", "least"], ["rest"]),
            helper.make_node("Log", ["rest"], ["log"]),
            helper.make_node("Sub", ["log", "log"], ["zero"]),
            helper.make_node("Add", ["colour", "zero"], ["image_embeds"]),
        ]
    )
    onnx.checker.check_model(model)
    onnx.save(model, folder / "image.onnx")
    return folder


def test_nan_embeddings_are_an_error_row_and_never_stored(tmp_path):
    from tests.atlas_world import render

    render(tmp_path / "clips" / "a.mp4", ["red"])
    render(tmp_path / "clips" / "c.mp4", ["blue"])
    broken_model(tmp_path / "model")
    import av

    with av.open(str(tmp_path / "clips" / "b.mp4"), "w") as container:
        stream = container.add_stream("libx264rgb", rate=10, options={"qp": "0"})
        stream.width = stream.height = 64
        stream.pix_fmt = "rgb24"
        for shade in (0, 0, 255, 0):
            image = np.full((64, 64, 3), shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    words = ["classify", "clips", "--store", "store", "--out", "p.jsonl", "--model", "model"]
    for _ in range(2):
        code, _, err = run([*words, "--labels", "red,blue"], tmp_path)
        assert code == 1
        assert re.search(r"b: The encoder .* returned NaN or infinity for clips/b.mp4", err), err
        rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
        assert [(row["doc_id"], row["status"]) for row in rows] == [
            ("a", "ok"),
            ("b", "error"),
            ("c", "ok"),
        ]
        assert [row["filtered_resps"] for row in rows] == [["red"], [], ["blue"]]
        assert [path.name[0] for path in sorted((tmp_path / "store").iterdir())] == ["a", "c"]


def test_a_stopped_decoder_is_an_error_row_of_the_command_line(world, tmp_path):
    (tmp_path / "clips").mkdir()
    long = {"size": (320, 240), "options": {"preset": "ultrafast"}}
    write_video(tmp_path / "clips" / "long.mp4", 1500, **long)
    shutil.copy(world / "clips" / "clip00.mp4", tmp_path / "clips" / "short.mp4")
    (tmp_path / "model").symlink_to(world / "model")
    words = ["encode", "clips", "--out", "store", "--model", "model", "--decode-timeout", 2]
    process = start(words, tmp_path)

    def stop():
        """Stop the decoding process once it has begun, as one that never comes back."""
        for pid in left_of(process):
            with suppress(OSError):
                opened = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
                if pid != process.pid and any("long.mp4" in one for one in opened):
                    os.kill(pid, signal.SIGSTOP)
                    return True
        return False

    wait_for(stop, by=process)
    code = process.wait(timeout=DEADLOCK_SECONDS)
    err = (tmp_path / ".stderr").read_text()
    assert code == 1
    assert "long: The reader of clips/long.mp4 returned nothing for 2 s and was stopped" in err
    assert "1 encoded, 0 encoded before, 1 failed" in err
    code, _, err = run(words, tmp_path)
    assert (code, "1 encoded, 1 encoded before, 0 failed" in err) == (0, True)


def test_a_pipe_where_a_video_should_be_does_not_hang(world, tmp_path):
    clips = tmp_path / "clips"
    clips.mkdir()
    os.mkfifo(clips / "a.mp4")
    shutil.copy(world / "clips" / "clip00.mp4", clips / "b.mp4")
    (tmp_path / "model").symlink_to(world / "model")
    words = ["encode", clips / "a.mp4", clips / "b.mp4", "--out", "store", "--model", "model"]
    code, _, err = run(words, tmp_path)
    assert code == 1
    assert f"{clips / 'a.mp4'} is neither a file nor a folder" in err
    assert "1 encoded, 0 encoded before, 1 failed" in err


def test_a_pipe_or_a_device_is_never_written_over(world, store, tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    code, _, err = run(align(store, tmp_path / "pipe.jsonl"), world)
    assert code == 1
    assert f"{tmp_path / 'pipe.jsonl'} is a device or a pipe; name a file to write." in err
    assert (tmp_path / "pipe.jsonl").is_fifo()


def test_a_file_name_that_is_no_text_is_a_clip_like_others(world, tmp_path):
    (tmp_path / "clips").mkdir()
    name = os.fsdecode(b"caf\xe9.mp4")
    shutil.copy(world / "clips" / "clip00.mp4", tmp_path / "clips" / name)
    for path in ("model", "scripts.json"):
        (tmp_path / path).symlink_to(world / path)
    words = classify(tmp_path / "store", tmp_path / "p.jsonl", "--figure", tmp_path / "figures")
    for how in (run_alone, run):  # encoded, and out of the store
        code, _, err = how(words, tmp_path)
        assert code == 0, err
        (row,) = map(json.loads, (tmp_path / "p.jsonl").read_bytes().splitlines())
        assert (row["clip"], row["video"]) == (r"caf\xe9", r"clips/caf\xe9.mp4")
        assert row["frames"] == 12


def test_running_out_of_open_files_is_no_traceback(world, tmp_path):
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5));"
        "sys.argv[0] = 'actalign'; from actalign.cli._main import main; main()"
    )
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 9
    words = list(map(str, encode(tmp_path / "store")))
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=world, capture_output=True, text=True
    )
    assert done.returncode in (1, 2)
