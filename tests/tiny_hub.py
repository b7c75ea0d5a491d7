"""A model hub on loopback: as much of one as its client needs."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.loopback import LoopbackServer

NAME = "tiny/siglip"


@contextmanager
def tiny_hub(
    commits: dict[str, Path], *, asked: list[str] | None = None, **refs: str
) -> Iterator[int]:
    """Serve the repository `tiny/siglip`, a model or a data set, and nothing else; yields the port.

    commits: each commit's files. asked: gets the path of each request. refs: the commit that each
    branch or tag means.
    """
    asked = [] if asked is None else asked
    handler = type("TinyHub", (_Hub,), {"commits": commits, "refs": refs, "asked": asked})
    server = LoopbackServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def dripping_hub() -> Iterator[int]:
    """A hub, or a package index, whose answers come byte by byte; yields the port."""
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
            while not closing.wait(0.02):
                self.wfile.write(b"x")

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = LoopbackServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def hub_environment(port: int, home: Path) -> dict[str, str]:
    """The environment of a process that knows this hub only; the address is read on import."""
    return {
        **os.environ,
        "HF_ENDPOINT": f"http://127.0.0.1:{port}",
        "HF_HOME": str(home / "hub"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
    }


def use_hub(monkeypatch: pytest.MonkeyPatch, port: int, cache: Path) -> None:
    """Have the hub's client of this process ask a port, and keep what it fetches in a folder.

    The client reads these from the environment when it is imported, which may have happened.
    """
    constants, place = "huggingface_hub.constants", f"http://127.0.0.1:{port}"
    urls = place + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(f"{constants}.ENDPOINT", place)
    monkeypatch.setattr(f"{constants}.HUGGINGFACE_CO_URL_TEMPLATE", urls)
    monkeypatch.setattr(f"{constants}.HF_HUB_CACHE", str(cache))


class _Hub(BaseHTTPRequestHandler):
    """The file list, and files with their ETags."""

    commits: dict[str, Path]
    refs: dict[str, str]
    asked: list[str]

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def answer(self, with_body: bool) -> None:
        self.asked.append(self.path)
        parts = self.path.split("?")[0].strip("/").split("/")
        found = None
        if parts[:2] == ["api", "datasets"]:
            parts[1] = "models"
        elif parts[0] == "datasets":
            del parts[0]
        if parts[:2] == ["api", "models"] and "/".join(parts[2:4]) == NAME:
            kind, revision = parts[4:6] if len(parts) >= 6 else ("", "main")
            found = self.listed(kind, revision)
        elif "/".join(parts[:2]) == NAME and parts[2:3] == ["resolve"]:
            found = self.file(parts[3], "/".join(parts[4:]))
        if found is None:
            self.send_response(404)
            known = NAME in self.path
            self.send_header("X-Error-Code", "RevisionNotFound" if known else "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body, headers = found
        self.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def listed(self, kind: str, revision: str) -> tuple[bytes, dict[str, str]] | None:
        commit = self.refs.get(revision, revision)
        if commit not in self.commits:
            return None
        folder = self.commits[commit]
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        if kind == "tree":
            tree = [
                {
                    "type": "file",
                    "path": f.relative_to(folder).as_posix(),
                    "size": f.stat().st_size,
                    "oid": _digest(f),
                }
                for f in files
            ]
            return json.dumps(tree).encode(), {}
        names = [{"rfilename": f.relative_to(folder).as_posix()} for f in files]
        about = {"id": NAME, "sha": commit, "siblings": names}
        return json.dumps(about).encode(), {}

    def file(self, revision: str, name: str) -> tuple[bytes, dict[str, str]] | None:
        commit = self.refs.get(revision, revision)
        file = self.commits.get(commit, Path("none")) / name
        if not file.is_file():
            return None
        return file.read_bytes(), {"X-Repo-Commit": commit, "ETag": f'"{_digest(file)}"'}

    def log_message(self, *_: object) -> None:
        pass


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
