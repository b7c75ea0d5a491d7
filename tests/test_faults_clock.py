"""A wall clock that jumps while a command runs, or between runs: no result may change, and nothing
may hang.

A test can't set the machine's clock, so a library that is loaded before the C library answers for
it, in the command and in its child processes.
"""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from actalign.demo import demo_clips
from actalign.scripts._bank import read_bank
from tests import fault_world
from tests.colour_clips import write_colours
from tests.fault_world import entries, make_clips, make_dataset, run_alone
from tests.llm_server import LLMServer

pytestmark = pytest.mark.slow
LIBFAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


@pytest.fixture(scope="module")
def jumping(tmp_path_factory):
    """The environment of a command whose wall clock jumps."""
    if sys.platform != "linux" or not shutil.which("cc"):
        pytest.skip("a C compiler on Linux makes the clock that jumps, and there is none")
    library = tmp_path_factory.mktemp("clock") / "jumping_clock.so"
    source = Path(__file__).with_name("jumping_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return {"LD_PRELOAD": library}


def test_the_clock_does_jump_and_the_monotonic_one_does_not(jumping):
    code = "from time import *; print([[sleep(0.1) or time(), monotonic()] for _ in range(9)])"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, env={**os.environ, **jumping}, capture_output=True, text=True)
    wall, steady = zip(*json.loads(done.stdout), strict=True)
    steps = [after - before for before, after in pairwise(wall)]
    assert min(steps) < -3000
    assert max(steps) > 80000
    assert list(steady) == sorted(steady)
    assert steady[-1] - steady[0] < 30


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_clips(tmp_path_factory.mktemp("world"), count=6)


def run(words, folder, **environment):
    """In a process of its own where a library has to be loaded before Python."""
    where = run_alone if "LD_PRELOAD" in environment else fault_world.run
    return where(words, folder, **environment)


def contents(store):
    return {name: content for name, (_, content) in entries(store).items()}


def encode(store):
    return ["encode", "clips", "--out", store, "--model", "model"]


def align(out):
    return ["align", "store", "--out", out, "--model", "model", "--scripts", "scripts.json"]


def test_encode_and_align(world, jumping):
    assert run(encode("store"), world)[0] == 0
    code, _, err = run(encode("jumped"), world, **jumping)
    assert (code, "6 encoded, 0 encoded before" in err) == (0, True), err
    assert contents(world / "jumped") == contents(world / "store")
    # What was written under one clock is there under another.
    assert "0 encoded, 6 encoded before" in run(encode("jumped"), world)[2]
    assert "0 encoded, 6 encoded before" in run(encode("store"), world, **jumping)[2]
    assert run(align("p.jsonl"), world)[0] == 0
    assert run(align("q.jsonl"), world, **jumping)[0] == 0
    assert (world / "p.jsonl").read_bytes() == (world / "q.jsonl").read_bytes()


def test_the_built_in_encoder(tmp_path, jumping):
    (tmp_path / "clips").mkdir()
    shutil.copy(demo_clips()[0].path, tmp_path / "clips")
    words = ["encode", "clips", "--model", "body", "--fps", 5, "--out"]
    assert run([*words, "store"], tmp_path)[0] == 0
    assert run([*words, "jumped"], tmp_path, **jumping)[0] == 0
    assert contents(tmp_path / "jumped") == contents(tmp_path / "store")


def test_eval(tmp_path, jumping):
    world = make_dataset(tmp_path, count=6)
    words = ["eval", "clips", "data", "--scripts", "bank.json", "--resume"]
    words += ["--model", "model", "--scorer", "dtw,mean_pool,random", "--out"]
    assert run([*words, "whole"], world)[0] == 0
    for environment in (jumping, {}, jumping):  # resumed under the other clock, and under this one
        assert run([*words, "run"], world, **environment)[0] == 0
        for name in ("predictions.jsonl", "errors.jsonl", "results.json"):
            assert (world / "run" / name).read_bytes() == (world / "whole" / name).read_bytes()


def test_generate(tmp_path, jumping):
    rows = [{"id": f"q{n}", "labels": [f"a{n}", f"b{n}"], "domain": "golf"} for n in range(6)]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def said(bank):
        return {r.candidates: r.model_dump(exclude={"created"}) for r in read_bank(bank)}

    with LLMServer() as server:
        words = ["subactions", "generate", "--base-url", server.url, "--llm-model", "tiny"]
        words += ["--questions", "questions.jsonl", "--concurrency", 2, "--out"]
        for name, environment in (("whole", {}), ("jumped", jumping)):
            keys = {"OPENAI_API_KEY": "sk-test", "ACTALIGN_CACHE": tmp_path / f"{name}-cache"}
            code, _, err = run([*words, f"{name}.json"], tmp_path, **keys, **environment)
            assert code == 0, err
        assert said(tmp_path / "jumped.json") == said(tmp_path / "whole.json")
        # The answers that were paid for under one clock are found under another.
        asked = len(server.requests)
        (tmp_path / "jumped.json").unlink()
        assert run([*words, "jumped.json"], tmp_path, **keys)[0] == 0
        assert len(server.requests) == asked
    for record in read_bank(tmp_path / "jumped.json"):
        assert datetime.fromisoformat(record.created).tzinfo is not None


def test_live(world, jumping):
    write_colours(world / "play.mp4", ["red", "red", "red", "green"])
    words = ["live", "play.mp4", "--model", "model", "--scripts", "scripts.json", "--fps", 5]
    code, out, err = run([*words, "--smoothing", 0, "--json"], world, **jumping)
    assert code == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    assert 3 <= len(rows) <= 5
    seconds = [row["seconds"] for row in rows]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(3.8, abs=0.5)
    for row in rows:
        assert 0 <= row["delay_seconds"] < 3
        assert row["window_start_seconds"] <= row["window_end_seconds"]


@pytest.mark.skipif(not LIBFAKETIME, reason="libfaketime is not installed (apt install faketime)")
def test_a_clock_that_goes_backwards_between_runs(world, tmp_path):
    def at(moment):
        return {"LD_PRELOAD": LIBFAKETIME[0], "FAKETIME": f"@{moment}"}

    store = tmp_path / "store"
    code, _, err = run(encode(store), world, **at("2035-05-05 05:05:05"))
    assert code == 0, err
    written = [path.stat().st_mtime for path in store.iterdir()]
    words = ["classify", "clips", "--store", store, "--model", "model", "--scripts", "scripts.json"]
    words += ["--out"]
    code, _, err = run([*words, tmp_path / "past.jsonl"], world, **at("1999-01-01 00:00:00"))
    assert code == 0, err
    assert [path.stat().st_mtime for path in store.iterdir()] == written
    assert run([*words, tmp_path / "now.jsonl"], world)[0] == 0
    assert (tmp_path / "past.jsonl").read_bytes() == (tmp_path / "now.jsonl").read_bytes()


def test_files_from_the_future_are_read_like_others(world, tmp_path):
    folder = Path(shutil.copytree(world, tmp_path / "world"))
    assert run(encode("old"), folder)[0] == 0
    for place in ("old", "clips", "model"):
        for path in (folder / place).iterdir():
            os.utime(path, (4e9, 4e9))  # the year 2096
    code, _, err = run(encode("old"), folder)
    assert (code, "0 encoded, 6 encoded before" in err) == (0, True)
