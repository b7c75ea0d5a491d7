"""Servers, pages and browsers for the tests of this folder."""

import os
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from actalign import ActAlign
from actalign.scripts._llm import LLMConfig
from tests.command import DEADLOCK_SECONDS
from tests.llm_server import LLMServer
from tests.media import write_video
from tests.people_scenes import SIDE, scene, write
from tests.web.pages import CHROMIUM, leave
from tests.web.serving import Serving


@pytest.fixture(scope="module")
def classifier(colour_model):
    """One whose answers a reader can work out by hand."""
    return ActAlign.from_pretrained(str(colour_model), fps=10)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    write_video(path, 24)
    return path.read_bytes()


@pytest.fixture
def serve(classifier):
    """Starts servers, by default of that classifier; none outlives the test."""
    running = []

    def start(by=classifier, **options):
        running.append(Serving(by, **options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def folder(tmp_path):
    """The test's folder, with three clips in it."""
    for n in range(3):
        write_video(tmp_path / f"clip{n}.mp4", 12)
    return tmp_path


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a server of `body`, for which a language model on this machine writes steps."""
    from actalign.web._state import Limits

    # Answers of the language model are kept in the cache; this run has one of its own.
    patch = pytest.MonkeyPatch()
    patch.setenv("ACTALIGN_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setenv("OPENAI_API_KEY", "not-a-real-key")
    with LLMServer() as writer:
        llm = LLMConfig(model="writer", base_url=writer.url)
        body, limits = ActAlign.from_pretrained("body"), Limits(uploads=20)
        server = Serving(body, limits=limits, model="body", llm=llm)
        yield f"http://127.0.0.1:{server.port}"
        server.stop()
    patch.undo()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        flags = ("no-sandbox", "disable-gpu", "disable-background-networking")
        flags += ("disable-component-update", "disable-sync")
        one = driver.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=[f"--{flag}" for flag in flags]
        )
        yield one
        one.close()


@pytest.fixture
def visit(browser, address, tmp_path):
    """Opens a page of a size and colour scheme; at the end nothing may have gone wrong in it."""
    faults = []
    shots = Path(os.environ.get("ACTALIGN_SCREENSHOTS", tmp_path))
    shots.mkdir(parents=True, exist_ok=True)

    def open_page(width, scheme):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=False
        )
        page = context.new_page()
        page.set_default_timeout(1000 * DEADLOCK_SECONDS)
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: faults.append(str(e)))
        page.on(
            "request",
            lambda r: (
                faults.append(r.url)
                if r.url.startswith("http") and urlsplit(r.url).hostname != "127.0.0.1"
                else None
            ),
        )
        page.goto(address)
        page.get_by_role("button", name="gym clean and press").wait_for()
        page.faults = faults
        page.shot = lambda name: page.screenshot(path=shots / f"{name}.png", full_page=True)
        return page

    yield open_page
    leave(browser, faults)


@pytest.fixture
def browse(browser):
    """Opens a server's page; at the end nothing may have gone wrong in it."""
    faults = []

    def open_page(api):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(1000 * DEADLOCK_SECONDS)
        context.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        context.on("weberror", lambda e: faults.append(str(e.error)))
        page = context.new_page()
        page.faults = faults
        page.goto(f"http://127.0.0.1:{api.port}/")
        page.locator("#body tr").first.wait_for()
        return page

    yield open_page
    leave(browser, faults)


@pytest.fixture
def goes_on(monkeypatch):
    """An event that every encoding of a clip waits for."""
    from actalign.web import _jobs

    encode, event = _jobs.embedded, threading.Event()

    def slow(*args, **options):
        assert event.wait(DEADLOCK_SECONDS)
        return encode(*args, **options)

    monkeypatch.setattr(_jobs, "embedded", slow)
    return event


@pytest.fixture(scope="module")
def people_folder(two, tmp_path_factory):
    """A folder with a clip of two people, and one of nobody."""
    made = tmp_path_factory.mktemp("people on the page")
    write(made / "pair.mp4", scene(2 * SIDE, 8, (two[0], lambda t: 0), (two[1], lambda t: SIDE)))
    write(made / "empty.mp4", scene(SIDE, 4))
    return made


@pytest.fixture(scope="module")
def people_classifier(tmp_path_factory):
    return ActAlign.from_pretrained("body:all", store=tmp_path_factory.mktemp("store"))


@pytest.fixture
def people_served(people_classifier, people_folder):
    """Starts servers of that folder without corrections, which know its clips by name."""
    running = []

    def start():
        api = Serving(people_classifier, clips=people_folder, model="body:all")
        running.append(api)
        known = api.http.get("/api/clips", params={"clip": api.explorer.folder_clips}).json()
        api.ids = {one["name"]: one["clip"] for one in known["clips"]}
        return api

    (people_folder / "truth.jsonl").unlink(missing_ok=True)
    yield start
    for one in running:
        one.stop()
