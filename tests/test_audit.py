"""The audit of the locked versions, with real pip-audit against a service on loopback."""

import importlib.util
import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.command import DEADLOCK_SECONDS
from tests.loopback import LoopbackServer

pytest.importorskip("pip_audit")

SCRIPT = Path(__file__).parents[1] / "scripts" / "audit.py"


def audit(port, tmp_path):
    service = ["-s", "osv", "--osv-url", f"http://127.0.0.1:{port}/", "--timeout", "5"]
    return subprocess.run(
        [sys.executable, SCRIPT, *service, "--cache-dir", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLOCK_SECONDS,
    )


@pytest.fixture
def service():
    """A service after OSV's manner; `known` maps a package to its vulnerabilities."""
    known, asked = {}, []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            asked.append((name, query["version"]))
            body = json.dumps({"vulns": known[name]} if name in known else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = LoopbackServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, known, asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_locked_version_is_asked_about_and_a_known_vulnerability_fails(service, tmp_path):
    port, known, asked = service
    lines = (SCRIPT.parents[1] / "constraints.txt").read_text().splitlines()
    locked = [line for line in lines if line and not line.startswith("#")]
    done = audit(port, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"audit: {len(locked)} of {len(locked)} packages audited\n"
    numpy = next(line for line in locked if line.startswith("numpy=="))
    assert tuple(numpy.split("==")) in asked

    package = {"name": "numpy", "ecosystem": "PyPI"}
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}]
    affected = [{"package": package, "ranges": ranges}]
    known["numpy"] = [{"id": "GHSA-1", "aliases": ["CVE-1"], "affected": affected, "summary": "x"}]
    done = audit(port, tmp_path)
    assert done.returncode == 1
    assert f"audit: {numpy.replace('==', ' ')}: CVE-1 GHSA-1, fixed in 9.9\n" in done.stdout


def test_a_service_that_is_not_there_is_said_and_passes(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = audit(port, tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("audit: NOT DONE, known vulnerabilities can't be looked up here")
    assert done.stdout.count("\n") == 1


def test_an_accepted_vulnerability_passes_with_its_reason_and_others_do_not():
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": []}
    report = {
        "dependencies": [
            {"name": "jax", "version": "1.0", "vulns": [found]},
            {"name": "own", "skip_reason": "not found on PyPI"},
        ]
    }
    assert module.verdict(report, {"CVE-1": "we never call it"}) == (
        [
            "audit: jax 1.0: PYSEC-1 CVE-1, fixed in no version yet; accepted: we never call it",
            "audit: not audited, unknown to the service: own",
            "audit: 1 of 2 packages audited",
        ],
        True,
    )
    lines, fine = module.verdict(report, {"CVE-2": "another"})
    assert not fine
    assert lines[0] == "audit: jax 1.0: PYSEC-1 CVE-1, fixed in no version yet"
