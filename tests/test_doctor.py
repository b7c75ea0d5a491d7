"""`actalign doctor` beside a hub that is a loopback server."""

import json
import os
import socket
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from actalign.cli._checks import EXTRAS
from tests.command import actalign, run
from tests.loopback import LoopbackServer

SECRET = "sk-never-to-be-shown"


class Hub(BaseHTTPRequestHandler):
    status = 200

    def do_HEAD(self):
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def hub():
    server = LoopbackServer(("127.0.0.1", 0), type("OneHub", (Hub,), {}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def address(server):
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def doctor(tmp_path, monkeypatch):
    for name in os.environ:
        if name.startswith(("HF_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ACTALIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def run(*flags, **environment):
        return actalign("doctor", *flags, **environment)

    def checks(**environment):
        done = run("--json", **environment)
        assert SECRET not in done.stdout + done.stderr
        return done.returncode, {check["name"]: check for check in json.loads(done.stdout)}

    run.checks = checks
    return run


def test_a_sound_machine_is_said_to_be_one(doctor, hub, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "kept").write_bytes(bytes(2_500_000))
    code, checks = doctor.checks(HF_ENDPOINT=address(hub), HF_HUB_OFFLINE="0", HF_TOKEN=SECRET)
    assert code == 0
    assert {name for name, check in checks.items() if check["status"] == "broken"} == set()
    assert "gym-clean-and-press.mp4 (2 frames)" in checks["decoding"]["found"]
    assert checks["model hub"]["found"] == f"{address(hub)} answers; a token is set"
    assert f"{tmp_path / 'cache'}: 2.5 MB" in checks["cache"]["found"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["kept"]
    for check in checks.values():
        assert bool(check["fix"]) == (check["status"] != "ok"), check


def test_lines_are_for_people(doctor):
    done = doctor()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert all(line.split()[0] in ("ok", "absent", "warning", "->") for line in lines)
    assert any(line.startswith("ok       decoding ") for line in lines)
    at = next(i for i, line in enumerate(lines) if line.startswith("absent   language model"))
    assert "-> Set OPENAI_API_KEY" in lines[at + 1]


def test_a_cache_that_cannot_be_written_is_broken(doctor, tmp_path):
    (tmp_path / "file").write_text("")
    code, checks = doctor.checks(ACTALIGN_CACHE=str(tmp_path / "file" / "cache"))
    assert code == 1
    assert checks["cache"]["status"] == "broken"
    assert "can't be written" in checks["cache"]["found"]
    assert "ACTALIGN_CACHE" in checks["cache"]["fix"]
    done = doctor(ACTALIGN_CACHE=str(tmp_path / "file" / "cache"))
    assert done.returncode == 1
    assert "broken   cache" in done.stdout


def test_an_alignment_is_tried_and_says_where_its_code_is_kept(doctor, tmp_path):
    # In a process of its own: the folder is chosen once.
    done = run("doctor", "--json", cwd=tmp_path, NUMBA_CACHE_DIR="")
    found = {check["name"]: check for check in json.loads(done.stdout)}
    assert found["alignment"]["found"].endswith(str(tmp_path / "cache" / "compiled"))
    assert list((tmp_path / "cache" / "compiled").rglob("*.nbc"))


def test_a_needed_package_out_of_range_is_broken_and_an_absent_extra_is_not(
    doctor, tmp_path, monkeypatch
):
    """Metadata of our own comes first on the path, as a real but wrong installation would."""
    info = tmp_path / "site" / "actalign-0.1.0.dist-info"
    info.mkdir(parents=True)
    needs = ["numpy>=99", "rich>=1", "package-of-nobody>=1 ; extra == 'body'"]
    extras = ["Provides-Extra: body"]
    (info / "METADATA").write_text(
        "\n".join(
            ["Metadata-Version: 2.4", "Name: actalign", "Version: 0.1.0", *extras]
            + [f"Requires-Dist: {need}" for need in needs]
        )
        + "\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    code, checks = doctor.checks()
    assert code == 1
    assert checks["packages"]["status"] == "broken"
    assert "numpy" in checks["packages"]["found"]
    assert "rich" not in checks["packages"]["found"]
    assert checks["packages"]["fix"] == "Run: pip install 'numpy>=99'"
    assert checks["extra body"]["status"] == "absent"
    assert "pip install 'actalign[body]'" in checks["extra body"]["fix"]


@pytest.mark.slow
@pytest.mark.parametrize(("status", "expected"), [(401, "ok"), (503, "warning")])
def test_what_the_hub_answers(doctor, hub, status, expected):
    hub.RequestHandlerClass.status = status
    endpoint = address(hub).replace("http://", f"http://user:{SECRET}@")
    code, checks = doctor.checks(HF_ENDPOINT=endpoint, HF_HUB_OFFLINE="0")
    assert code == 0
    assert checks["model hub"]["status"] == expected
    assert address(hub) in checks["model hub"]["found"]
    assert "no token is set" in checks["model hub"]["found"] or expected == "warning"


@pytest.mark.slow
def test_a_hub_that_is_silent_or_gone_takes_seconds_and_breaks_nothing(doctor):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        start = time.monotonic()
        code, checks = doctor.checks(HF_ENDPOINT=f"http://127.0.0.1:{port}", HF_HUB_OFFLINE="0")
        assert time.monotonic() - start < 60
    assert (code, checks["model hub"]["status"]) == (0, "warning")
    code, checks = doctor.checks(HF_ENDPOINT=f"http://127.0.0.1:{port}", HF_HUB_OFFLINE="0")
    assert (code, checks["model hub"]["status"]) == (0, "warning")
    assert "can't be reached" in checks["model hub"]["found"]
    assert "--model body" in checks["model hub"]["fix"]
    _, checks = doctor.checks(HF_ENDPOINT="a mirror", HF_HUB_OFFLINE="0")
    assert "HF_ENDPOINT" in checks["model hub"]["fix"]


def test_the_language_model_is_named_without_its_key(doctor):
    _, checks = doctor.checks(OPENAI_BASE_URL="http://127.0.0.1:1/v1", OPENAI_API_KEY=SECRET)
    found = checks["language model"]
    assert found["status"] == "ok"
    assert found["found"] == "http://127.0.0.1:1/v1, OPENAI_API_KEY is set"
    _, checks = doctor.checks(OPENAI_BASE_URL=f"http://user:{SECRET}@127.0.0.1/v1")
    assert checks["language model"]["status"] == "warning"
    assert "user name" in checks["language model"]["fix"]


def test_every_extra_that_can_be_installed_is_looked_at(doctor):
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    extras = set(project["project"]["optional-dependencies"])
    assert extras == set(EXTRAS)
    _, checks = doctor.checks()
    assert {name for name in checks if name.startswith("extra ")} == {f"extra {e}" for e in extras}
