"""A real server of the page and the HTTP API on a loopback port."""

import socket
import threading
import time

import pytest

from tests.colour_clips import CANDIDATES
from tests.command import DEADLOCK_SECONDS, wait_for


class Serving:
    """A real server on a loopback port, and a client of it."""

    def __init__(
        self, classifier, *, limits=None, clips=None, model="colours", token=None, host="127.0.0.1",
        llm=None,
    ):  # fmt: skip
        httpx, uvicorn = pytest.importorskip("httpx"), pytest.importorskip("uvicorn")
        from actalign.web import MOST_HEAD_BYTES, Explorer, create_app

        self.explorer = Explorer(classifier, limits=limits, clips=clips)
        app = create_app(self.explorer, model=model, token=token, host=host, llm=llm)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = uvicorn.Server(
            uvicorn.Config(
                app,
                port=self.port,
                log_level="error",
                timeout_graceful_shutdown=2,
                h11_max_incomplete_event_size=MOST_HEAD_BYTES,
            )
        )
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=DEADLOCK_SECONDS)

    def stop(self):
        self.http.close()
        self.server.should_exit = True
        self.thread.join(timeout=20)

    def upload(self, data, name="clip.mp4"):
        return self.http.post("/api/clips", params={"name": name}, content=data)

    def finished(self, job):
        def ended():
            found = self.http.get(f"/api/jobs/{job['job']}").json()
            return None if found["state"] in ("queued", "running") else found

        return wait_for(ended)

    def align(self, clip, candidates=CANDIDATES):
        asked = self.http.post("/api/jobs", json={"clip": clip, "candidates": candidates})
        assert asked.status_code == 202, asked.text
        return self.finished(asked.json())
