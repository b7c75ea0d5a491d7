"""A person's visit to the explorer, in headless Chromium, with shipped clips and the real encoder.

Screenshots are left in the folder ACTALIGN_SCREENSHOTS, else in the test's own.
"""

import base64
import json
import re
import shutil
import signal
import threading
import time
import urllib.error
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from actalign.demo import demo_clips
from tests.colour_clips import write_frames
from tests.command import DEADLOCK_SECONDS, actalign, finish
from tests.loopback import LoopbackServer
from tests.media import write_video
from tests.mediapipe_reference import frames_of
from tests.web.pages import IN_A_BROWSER, accessible, until

pytest.importorskip("uvicorn")
pytestmark = IN_A_BROWSER


def align(page):
    page.get_by_role("button", name="Align", exact=True).click()
    page.locator("#verdict strong").wait_for()


def test_a_whole_visit(visit):
    page = visit(1280, "light")
    accessible(page)
    box = page.get_by_role("button", name="Align", exact=True).bounding_box()
    assert box["y"] + box["height"] <= 900, "Align is within reach"
    page.get_by_role("button", name="gym clean and press").click()
    page.get_by_text("gym-clean-and-press is not aligned yet").first.wait_for()
    top = page.locator("#candidates").bounding_box()["y"]
    bottom = page.locator(".go").bounding_box()["y"]
    assert bottom - top > 150, "the first candidate and its steps are in sight"
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

    # The heat map follows the keys, and its cursor follows the video as it plays.
    page.locator(".map").first.focus()
    page.keyboard.press("ArrowRight")
    until(page, "t => document.querySelector('#video').currentTime > t", middle)
    page.evaluate("document.querySelector('#video').currentTime = 0")
    cursor = "parseFloat(document.querySelector('.map .cursor').style.left)"
    until(page, f"{cursor} < 1")
    page.evaluate("document.querySelector('#video').play()")
    until(page, f"{cursor} > 30")
    page.evaluate("document.querySelector('#video').pause()")

    last = page.locator("#ranking button").last
    name = last.locator("span").first.inner_text()
    last.click()
    assert name in page.locator("#maps figcaption").last.inner_text()

    before = page.locator("#verdict").inner_text()
    page.get_by_label("Candidate 1: steps, one per line").fill("lying flat on the back")
    page.get_by_text("Scored again.").wait_for()
    page.get_by_label("Candidate 4: steps, one per line").fill("lying flat on the back")
    until(page, "t => document.querySelector('#verdict').innerText !== t", before)

    with page.expect_download() as saved:
        page.get_by_role("link", name="Captions (VTT)").click()
    assert saved.value.path().read_text().startswith("WEBVTT")
    with page.expect_download() as saved:
        page.get_by_role("link", name="JSON", exact=True).click()
    assert json.loads(saved.value.path().read_text())["doc_id"] == "gym-clean-and-press"
    with page.expect_download() as saved:
        page.get_by_role("link", name="Picture").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")

    page.get_by_role("link", name="Link to this result").click()
    winner = page.locator("#verdict strong").inner_text()
    page.reload()
    page.locator("#verdict strong").wait_for()
    assert page.locator("#verdict strong").inner_text() == winner


def test_a_demo_clip_that_was_aligned_before_is_shown_with_its_answer(visit):
    page = visit(1280, "light")
    page.get_by_role("button", name="gym clean and press").click()
    align(page)
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.reload()
    assert page.locator("#verdict").is_hidden()
    page.get_by_role("button", name="gym clean and press").click()
    page.locator("#verdict strong").wait_for()
    assert page.locator("#timeline button").count() > 1


def test_cuts_are_marked_on_the_timeline(visit, tmp_path):
    page = visit(400, "light")
    page.get_by_role("button", name="gym clean and press").click()
    align(page)
    assert page.locator("#timeline .cut").count() == 0
    assert "cut" not in page.locator("#told").inner_text()
    scenes = [frames_of(demo_clips()[n].path, fps=8)[0][:11] for n in (0, 2, 0)]
    write_frames(tmp_path / "joined.mp4", np.concatenate(scenes), fps=8)
    page.set_input_files("#file", str(tmp_path / "joined.mp4"))
    page.get_by_text("joined.mp4: ").wait_for()
    page.locator("#body").get_by_role("button", name="joined.mp4").click()
    page.get_by_role("button", name="Only this clip").click()
    until(page, "document.querySelector('#verdict').textContent.includes('joined.mp4')")
    marks = page.locator("#timeline .cut")
    names = [mark.get_attribute("aria-label") for mark in marks.all()]
    assert names == [f"Cut in the picture at {at} s" for at in ("1.4", "2.8")]
    timeline = page.locator("#timeline").bounding_box()
    for mark, share in zip(marks.all(), (1 / 3, 2 / 3), strict=True):
        box = mark.bounding_box()
        middle = (box["x"] + box["width"] / 2 - timeline["x"]) / timeline["width"]
        assert middle == pytest.approx(share, abs=0.02)
    for axis in page.locator(".axis").all():  # no time is cut off at its end
        assert axis.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert "Dashed lines: the picture is cut there." in page.locator("#told").inner_text()
    accessible(page)


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (400, "dark"), (1280, "dark")])
def test_small_and_dark(visit, width, scheme):
    page = visit(width, scheme)
    page.get_by_role("button", name="basketball jump shot").click()
    align(page)
    until(page, "[...document.querySelectorAll('#frames img')].every(i => i.naturalWidth > 0)")
    accessible(page)
    page.shot(f"{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_figure_as_svg_is_drawn_in_its_colours(visit, tmp_path):
    """A browser draws it under the server's policy, by which all of it was black."""
    page = visit(1280, "light")
    page.get_by_role("button", name="gym clean and press").click()
    align(page)
    page.goto(page.evaluate("document.querySelector('#png').href") + "?format=svg")
    fill = page.evaluate("getComputedStyle(document.querySelector('#patch_1 path')).fill")
    assert min(map(int, re.findall(r"\d+", fill)[:3])) > 200, fill  # the background, in light
    assert page.evaluate("document.querySelectorAll('image').length") > 0


def test_an_own_video_and_errors_in_words(visit):
    page = visit(1280, "light")
    align_button = page.get_by_role("button", name="Align", exact=True)
    align_button.click()
    assert "Pick a demo clip" in page.get_by_role("alert").inner_text()
    clip = files("actalign") / "demo" / "daily-order-1.mp4"
    page.set_input_files("#file", str(clip))
    page.get_by_text("daily-order-1.mp4: ").wait_for()
    align_button.click()
    assert "There are no candidates" in page.get_by_role("alert").inner_text()
    accessible(page)
    page.shot("error")
    page.get_by_label("Candidate 1: action").fill("squat")
    page.get_by_label("Candidate 2: action").fill("waving")
    align_button.click()
    page.locator("#verdict strong").wait_for()
    assert page.locator("#verdict strong").inner_text() in ("squat", "waving")


def test_the_link_to_a_result_whose_clip_is_gone(visit, address, tmp_path):
    page = visit(1280, "light")
    write_video(tmp_path / "mine.mp4", 12)
    page.set_input_files("#file", str(tmp_path / "mine.mp4"))
    page.get_by_text("mine.mp4: ").wait_for()
    page.get_by_label("Candidate 1: action").fill("squat")
    align(page)
    page.get_by_role("link", name="Link to this result").click()
    for _ in range(20):  # as many as a server keeps
        data = (tmp_path / "mine.mp4").read_bytes()
        urllib.request.urlopen(f"{address}/api/clips", data=data, timeout=DEADLOCK_SECONDS).close()
    page.reload()
    page.get_by_text("clip is no longer on the server; drop it here again").wait_for()
    assert page.locator("#verdict strong").inner_text() == "squat"
    assert page.locator("#verdict").inner_text().startswith("squat (nothing seen)")
    assert page.locator("#video").is_hidden()
    page.get_by_label("Candidate 1: steps, one per line").fill("hips low")
    time.sleep(1)  # longer than it takes until a changed step is scored
    assert page.get_by_role("alert").inner_text() == ""
    page.get_by_role("button", name="Align", exact=True).click()
    assert "drop a video first" in page.get_by_role("alert").inner_text()
    page.shot("gone")
    # Removing the row of a file that was refused leaves the result in its place.
    (tmp_path / "text.mp4").write_text("no video")
    page.set_input_files("#file", str(tmp_path / "text.mp4"))
    page.locator("#body .bad").wait_for()
    page.faults.clear()  # the browser reports the refusal by itself
    page.locator("#body button").press("Delete")
    page.locator("#body tr").wait_for(state="detached")
    assert page.locator("#verdict strong").is_visible()


def test_captions_are_read_by_the_browsers_track(browser, tmp_path):
    """The VTT that `actalign export` writes, opened by a real player."""
    clip = files("actalign") / "demo" / "gym-clean-and-press.mp4"
    rows = tmp_path / "rows.jsonl"
    labels = ["--labels", "clean and press,squat & <b>jump</b>", "--model", "body"]
    store = ["--store", tmp_path / "store"]
    assert actalign("classify", clip, *labels, *store, "--out", rows).returncode == 0
    assert actalign("export", rows, "--to", "vtt", "--out", tmp_path).returncode == 0
    [captions] = tmp_path.glob("*.vtt")
    captions.rename(tmp_path / "steps.vtt")
    shutil.copy(str(clip), tmp_path / "clip.mp4")
    (tmp_path / "page.html").write_text(
        "<video src=clip.mp4><track kind=captions src=steps.vtt default></video>"
    )
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with LoopbackServer(("127.0.0.1", 0), handler) as server:
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


def drop(page, path):
    """Let a file fall on the page, as a browser hands it over."""
    data = base64.b64encode(Path(path).read_bytes()).decode()
    page.evaluate(
        """([data, name]) => {
            const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: "video/mp4" }));
            const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
            document.querySelector("#drop").dispatchEvent(event);
        }""",
        [data, Path(path).name],
    )


def test_a_dropped_video_its_progress_and_its_cancelling(visit, tmp_path):
    page = visit(1280, "light")
    (tmp_path / "fake.mp4").write_text("no video")
    drop(page, tmp_path / "fake.mp4")
    until(page, "document.querySelector('#error').textContent.includes('fake.mp4 is not a video')")
    # A browser reports the refusal by itself, and it is the only thing that it reports.
    assert "400" in page.faults.pop()
    write_video(tmp_path / "long.mp4", 1200, size=(320, 240))
    drop(page, tmp_path / "long.mp4")
    page.get_by_text("long.mp4: 100.0 s").wait_for()
    page.get_by_label("Candidate 1: action").fill("squat")
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("frames encoded").wait_for()
    until(page, "document.querySelector('#bar').value > 0")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled.").wait_for()
    assert page.get_by_role("button", name="Align", exact=True).is_enabled()


def test_a_language_model_writes_the_steps(visit):
    page = visit(1280, "light")
    page.get_by_label("Candidate 1: action").fill("jump shot")
    page.get_by_label("Candidate 2: action").fill("hook shot")
    page.get_by_label("Candidate 2: steps, one per line").fill("my own step")
    page.get_by_label("Domain: the sport").fill("basketball")
    page.get_by_role("button", name="Write the missing steps").click()
    steps = (
        "document.querySelectorAll('#candidates textarea')[{}].value.split('\\n').filter(Boolean)"
    )
    until(page, f"{steps.format(0)}.length >= 8")
    assert page.evaluate(steps.format(1)) == ["my own step"]
    page.get_by_text("Steps of 1 action filled in.").wait_for()
    page.get_by_role("button", name="Write the missing steps").click()
    page.get_by_text("Every action already has its steps.").wait_for()


def test_the_command_serves_until_it_is_stopped(tmp_path, start):
    token = tmp_path / "token"
    token.write_text("a-secret-of-some-length\n")
    process = start("serve", "--port", "0", "--token-file", token)
    try:
        line = process.stdout.readline()
        root = re.search(r"http://127\.0\.0\.1:\d+/", line)[0]
        query = f"token={token.read_text().strip()}"

        try:  # at once, as who reads the line may do
            with urllib.request.urlopen(f"{root}?{query}", timeout=DEADLOCK_SECONDS) as page:
                assert b"<title>actalign explorer" in page.read()
        except urllib.error.HTTPError as refusal:
            refusal.close()  # the page wants its cookie, which this client does not keep
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(f"{root}api/info", timeout=DEADLOCK_SECONDS)
        refused.value.close()
        asked = urllib.request.Request(
            f"{root}api/info", headers={"Authorization": f"Bearer {token.read_text().strip()}"}
        )
        with urllib.request.urlopen(asked, timeout=DEADLOCK_SECONDS) as answer:
            assert json.load(answer)["model"] == "body"
        process.send_signal(signal.SIGINT)
        assert finish(process).returncode in (0, 130)
    finally:
        process.kill()
