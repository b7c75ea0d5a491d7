"""No name is looked up that nobody asked for, and no file is left that would know this machine."""

import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from actalign.demo import demo_clips
from tests.command import DEADLOCK_SECONDS, finish, printed_by, run, start, wait_for
from tests.ray_nodes import PATIENCE

LIBRARIES_CACHES = {"fontconfig", "matplotlib"}
LOAD = "from actalign import load_encoder; import sys; print(load_encoder(sys.argv[1]).info.dim)"


@pytest.fixture
def watched(tmp_path):
    """The environment of a process with a home of its own, whose look-ups fail and are recorded."""
    if sys.platform != "linux" or not shutil.which("cc"):
        pytest.skip("a C compiler on Linux makes the library that records, and there is none")
    library = tmp_path / "recorded_lookups.so"
    source = Path(__file__).with_name("recorded_lookups.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    (tmp_path / "home").mkdir()
    given = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_", "PYTHON"))}
    return {
        **given,
        "HOME": str(tmp_path / "home"),
        "ACTALIGN_CACHE": str(tmp_path / "cache"),
        "LD_PRELOAD": str(library),
        "RECORDED_LOOKUPS": str(tmp_path / "lookups"),
    }


def left(folder):
    """What processes looked up, and what they left in the caches of the home."""
    lookups = folder / "lookups"
    caches = (folder / "home").glob(".cache/*")
    return (
        lookups.read_text().split() if lookups.exists() else [],
        sorted({path.name for path in caches} - LIBRARIES_CACHES),
    )


def test_the_recorder_records(watched, tmp_path):
    code = "import socket\ntry: socket.getaddrinfo('events.example.org', 80)\nexcept OSError: pass"
    printed_by("-c", code, env=watched)
    assert left(tmp_path) == (["events.example.org"], [])


def test_onnx_runtime_keeps_no_device_id_unless_the_user_wants_it(watched, tmp_path, colour_model):
    assert printed_by("-c", LOAD, colour_model, env=watched) == "3\n"
    assert left(tmp_path) == ([], [])
    code = "import os, actalign; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert printed_by("-c", code, env={**watched, "ORT_DISABLE_TELEMETRY": "0"}) == "0\n"


COMMANDS = """
import contextlib, os, sys
from actalign.cli import main
os.chdir({folder!r})
for words in {commands!r}:
    with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
        sys.argv = ["actalign", *words]
        try:
            main()
        except SystemExit as end:
            code = end.code
    print(words[0], code or 0)
"""


@pytest.mark.slow
def test_no_command_looks_up_a_name(watched, tmp_path):
    clip = demo_clips()[0].path
    for label, demo in zip(["push up", "lateral raise"], demo_clips(), strict=False):
        (tmp_path / "classes" / label).mkdir(parents=True)
        shutil.copy(demo.path, tmp_path / "classes" / label)
    labels = ("--labels", "push up,lateral raise", "--model", "body")
    commands = [
        ["classify", str(clip), *labels, "--out", "rows.jsonl", "--figure", "figures"],
        ["encode", str(clip), "--model", "body", "--out", "store"],
        ["align", "store", "--labels", "push up,lateral raise"],
        ["locate", str(clip), *labels, "--out", "found.jsonl"],
        ["live", str(clip), *labels, "--fps", "4"],
        ["export", "rows.jsonl", "--to", "vtt", "--out", "captions"],
        ["search", "store", "both arms up", "--model", "body"],
        ["subactions", "template", "--labels", "push up", "--out", "scripts.yaml"],
        ["eval", "clips", "classes", "--model", "body", "--out", "run"],
        ["report", "run"],
        ["schema"],
    ]
    code = COMMANDS.format(folder=str(tmp_path), commands=commands)
    said = printed_by("-c", code, env=watched)
    assert said.splitlines() == [f"{words[0]} 0" for words in commands]
    assert left(tmp_path) == ([], [])


@pytest.mark.slow
def test_the_page_looks_up_no_name(watched, tmp_path):
    serving = start("serve", "--model", "body", "--port", 0, cwd=tmp_path, **watched)
    try:
        line = serving.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
        with httpx.Client(base_url=url, timeout=DEADLOCK_SECONDS) as http:
            clip = http.post("/api/clips?name=it.mp4", content=demo_clips()[0].path.read_bytes())
            ask = {"clip": clip.json()["clip"], "candidates": [{"label": "a"}, {"label": "b"}]}
            job = http.post("/api/jobs", json=ask).json()
            wait_for(lambda: http.get(f"/api/jobs/{job['job']}").json()["state"] == "done")
            assert http.get("/").status_code == 200
    finally:
        serving.send_signal(signal.SIGINT)
        finish(serving)
    assert left(tmp_path) == ([], [])


@pytest.mark.skipif(find_spec("ray") is None, reason="the extra ray is not installed")
@pytest.mark.slow
def test_a_cluster_of_its_own_asks_for_its_cloud_and_nothing_else(watched, tmp_path, colour_model):
    clip = demo_clips()[0].path
    words = ["encode", clip, "--model", colour_model, "--out", "store", "--engine", "ray"]
    ended = run(*words, cwd=tmp_path, **watched, **PATIENCE)
    assert ended.returncode == 0, ended.stderr
    names, caches = left(tmp_path)
    assert set(names) <= {"metadata.google.internal"}  # as the README says
    assert caches == []
