"""A person's visit to the explorer, in headless Chromium, with shipped clips and the real encoder.

Screenshots are left in the folder ACTALIGN_SCREENSHOTS, else in the test's own.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("uvicorn")
playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the chromium program"),
    # uvicorn and Chromium's driver close their sockets when the process ends.
    pytest.mark.filterwarnings("default::ResourceWarning"),
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("default::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def address():
    import uvicorn

    from actalign.classifier import ActAlign
    from actalign.web.app import create_app
    from actalign.web.jobs import Explorer

    classifier = ActAlign.from_pretrained("body")
    app = create_app(Explorer(lambda: classifier), model="body")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=15)


@pytest.fixture
def browser():
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
        page.shot = lambda name: page.screenshot(path=shots / f"{name}.png", full_page=True)
        return page

    yield open_page
    assert faults == []


def accessible(page):
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    found = axe.run(page)["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []


def until(page, expression, argument=None):
    """Wait until an expression holds; the page's own policy forbids Playwright's way of waiting."""
    deadline = time.monotonic() + 60
    while not page.evaluate(expression, argument):
        assert time.monotonic() < deadline, expression
        time.sleep(0.1)


def align(page):
    page.get_by_role("button", name="Align", exact=True).click()
    page.locator("#verdict strong").wait_for(timeout=120_000)


def test_a_whole_visit(visit):
    page = visit(1280, "light")
    accessible(page)
    page.get_by_role("button", name="gym clean and press").click()
    align(page)
    assert page.locator("#verdict strong").inner_text() == "clean and press"
    until(page, "document.querySelector('#video').readyState >= 2")
    until(page, "[...document.querySelectorAll('#frames img')].every(i => i.naturalWidth > 0)")
    accessible(page)
    page.shot("desktop")

    step = page.locator("#timeline button").last
    start = float(step.get_attribute("data-start"))
    step.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#video').currentTime") == pytest.approx(
        start, abs=0.05
    )
    assert page.locator(".map .cursor").first.evaluate("e => parseFloat(e.style.left)") > 0

    box = page.locator(".map").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
    middle = page.evaluate("document.querySelector('#video').currentTime")
    length = page.evaluate("document.querySelector('#video').duration")
    assert middle == pytest.approx(length / 2, abs=0.1 * length)

    last = page.locator("#ranking button").last
    name = last.locator("span").first.inner_text()
    last.click()
    assert name in page.locator("#maps figcaption").nth(1).inner_text()

    before = page.locator("#verdict").inner_text()
    page.get_by_label("Candidate 1: steps, one a line").fill("lying flat on the back")
    page.get_by_text("Scored again.").wait_for()
    page.get_by_label("Candidate 4: steps, one a line").fill("lying flat on the back")
    until(page, "t => document.querySelector('#verdict').innerText !== t", before)

    with page.expect_download() as saved:
        page.get_by_role("link", name="Captions (VTT)").click()
    assert saved.value.path().read_text().startswith("WEBVTT")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Picture").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")

    page.get_by_role("link", name="Link to this result").click()
    winner = page.locator("#verdict strong").inner_text()
    page.reload()
    page.locator("#verdict strong").wait_for()
    assert page.locator("#verdict strong").inner_text() == winner


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (400, "dark"), (1280, "dark")])
def test_small_and_dark(visit, width, scheme):
    page = visit(width, scheme)
    page.get_by_role("button", name="basketball jump shot").click()
    align(page)
    until(page, "[...document.querySelectorAll('#frames img')].every(i => i.naturalWidth > 0)")
    accessible(page)
    page.shot(f"{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_own_video_and_errors_in_words(visit):
    page = visit(1280, "light")
    align_button = page.get_by_role("button", name="Align", exact=True)
    align_button.click()
    assert "Pick a shipped clip" in page.get_by_role("alert").inner_text()
    clip = files("actalign") / "demo_clips" / "daily-order-1.mp4"
    page.set_input_files("#file", str(clip))
    page.get_by_text("daily-order-1.mp4: ").wait_for()
    align_button.click()
    assert "There are no candidates" in page.get_by_role("alert").inner_text()
    page.get_by_label("Candidate 1: action").fill("squat")
    page.get_by_label("Candidate 2: action").fill("waving")
    align_button.click()
    page.locator("#verdict strong").wait_for(timeout=120_000)
    assert page.locator("#verdict strong").inner_text() in ("squat", "waving")


def test_captions_are_read_by_the_browsers_track(browser, tmp_path):
    """The VTT that `actalign export` writes, opened by a real player."""
    clip = files("actalign") / "demo_clips" / "gym-clean-and-press.mp4"
    rows = tmp_path / "rows.jsonl"
    command = [sys.executable, "-m", "actalign"]
    labels = ["--labels", "clean and press,squat & <b>jump</b>", "--model", "body"]
    store = ["--store", str(tmp_path / "store")]
    subprocess.run([*command, "classify", str(clip), *labels, *store, "--out", rows], check=True)
    subprocess.run([*command, "export", rows, "--to", "vtt", "--out", tmp_path], check=True)
    [captions] = tmp_path.glob("*.vtt")
    captions.rename(tmp_path / "steps.vtt")
    shutil.copy(str(clip), tmp_path / "clip.mp4")
    (tmp_path / "page.html").write_text(
        "<video src=clip.mp4><track kind=captions src=steps.vtt default></video>"
    )
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/page.html")
        page.evaluate("document.querySelector('video').textTracks[0].mode = 'showing'")
        until(page, "document.querySelector('track').readyState === 2")
        cues = page.evaluate(
            "[...document.querySelector('track').track.cues]"
            ".map(c => [c.startTime, c.endTime, c.getCueAsHTML().textContent])"
        )
        server.shutdown()
    [row] = map(json.loads, rows.read_text().splitlines())
    wanted = row["candidates"][0]["segments"]
    assert len(cues) == len(wanted)
    for (start, end, text), segment in zip(cues, wanted, strict=True):
        assert start == pytest.approx(segment["start_seconds"], abs=0.001)
        assert end == pytest.approx(segment["end_seconds"], abs=0.001)
        assert segment["step"] in text
