"""A visit with a folder of clips: the table, a reload, corrections, downloads."""

import csv
import json
import re
import shutil
import subprocess
import sys

import pytest

from actalign.demo import demo_clips
from actalign.scripts import load_scripts
from tests.colour_clips import write_colours
from tests.command import wait_for
from tests.media import write_video
from tests.web.pages import IN_A_BROWSER, accessible, name_candidates, until

pytestmark = IN_A_BROWSER
COLOURS = ("red", "green", "blue", "yellow", "black")


@pytest.mark.parametrize(
    ("width", "scheme", "numbers"),
    [(1280, "light", (0, 1, 2, 4, 5, 7, 10)), (400, "dark", (0, 1, 5, 10))],
)
def test_clips_a_reload_corrections_and_downloads(visit, tmp_path, width, scheme, numbers):
    page, count = visit(width, scheme), len(numbers)
    assert "kept until the server stops" in page.locator("#model").inner_text()
    for n in numbers[:-1]:
        write_video(tmp_path / f"clip {n}.mp4", 6 + n % 3)
    shutil.copy(demo_clips()[0].path, tmp_path / "clip 10.mp4")  # the only one with a person
    (tmp_path / "fake.mp4").write_text("no video")
    paths = [tmp_path / f"clip {n}.mp4" for n in numbers]
    page.set_input_files("#file", [*map(str, paths), str(tmp_path / "fake.mp4")])
    page.get_by_text(f"{count} of {count + 1} clips uploaded").wait_for()
    assert "400" in page.faults.pop()  # the browser reports the refusal of fake.mp4 by itself
    assert "fake.mp4 is not a video" in page.get_by_role("alert").inner_text()
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("push up\n- chest near the floor\n• arms straight\nKniebeuge")
    page.get_by_role("button", name="Use these lines").click()
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Done. Change a step").wait_for()
    rows = page.locator("#body tr")
    assert rows.count() == count + 1
    assert page.locator("#body tr td:nth-child(3)").first.inner_text().split("\n")[0] in (
        "push up",
        "Kniebeuge",
    )
    assert "⚠ nothing seen" in rows.first.inner_text()
    assert "Kniebeuge" in page.locator("#warnings").inner_text()  # a name without a script
    box = page.locator("#verdict").bounding_box()
    assert 0 <= box["y"] < 900, "the answer is in sight"
    accessible(page)
    page.shot(f"table-{width}-{scheme}")

    # Sorted by name downwards, filtered, and moved in by keys.
    page.locator("#heads").get_by_role("button", name="Clip").click()
    page.locator("#heads").get_by_role("button", name="Clip").click()
    assert "fake.mp4" in rows.first.inner_text()
    page.locator("#filter").fill("clip 1")
    assert rows.count() == 2
    page.locator("#filter").fill("")
    page.locator("#body").get_by_role("button", name="clip 10.mp4").focus()
    page.keyboard.press("r")
    page.get_by_text("✓ right").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("w")
    page.get_by_text("Right on 1 of 2 judged clips: 50 %, 95 % interval 9 to 91 %").wait_for()
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#truth').textContent.includes('wrong')")

    # A clip that is clicked beside its name takes the keys too.
    names = page.locator("#body td button")
    rows.nth(2).locator("td").nth(2).click()
    for n, key in ((2, "ArrowDown"), (3, "Enter")):
        until(page, f"document.activeElement === document.querySelectorAll('#body td button')[{n}]")
        page.keyboard.press(key)
    until(
        page,
        f"document.querySelector('#verdict').textContent.includes('{names.nth(3).inner_text()}')",
    )

    page.locator("#rows").focus()  # the table's frame
    page.keyboard.press("ArrowDown")
    until(page, "document.activeElement === document.querySelector('#body button[tabindex=\"0\"]')")

    # The border of the steps is moved, which says that the action is right.
    page.locator("#body").get_by_role("button", name="clip 5.mp4").click()
    until(page, "document.querySelector('#verdict').textContent.includes('clip 5.mp4')")
    for part in ("#verdict", "#axis"):  # a click opens a clip, whose result comes into sight
        box = f"document.querySelector('{part}').getBoundingClientRect()"
        until(page, f"{box}.top >= 0 && {box}.bottom <= innerHeight")
    page.locator("#other").select_option("push up")
    until(page, "document.querySelector('#truth').textContent.startsWith('You said')")
    border = page.get_by_role("slider", name="Border between step 1 and step 2")
    before = float(border.get_attribute("aria-valuenow"))
    border.focus()
    page.keyboard.press("ArrowLeft" if before > 0.3 else "ArrowRight")
    page.get_by_text("with your times of the steps").wait_for()
    assert float(border.get_attribute("aria-valuenow")) != before
    accessible(page)

    page.reload()
    page.locator("#verdict strong").wait_for()
    assert rows.count() == count  # what the server did not take is gone
    page.get_by_text("judged clips").wait_for()
    assert page.get_by_label("Candidate 1: action").input_value() == "push up"
    page.shot(f"reloaded-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_text("Use via API").click()
    if width == 1280:
        the_shown_lines_do_the_same(page, tmp_path)
    page.locator("#phrase").fill("arms straight above the head")
    page.get_by_role("button", name="Search", exact=True).click()
    page.locator("#hits button").first.wait_for()
    accessible(page)
    page.shot(f"search-{width}-{scheme}")

    def saved(name):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        return download.value.path().read_text()

    assert len(list(csv.DictReader(saved("Table (CSV)").splitlines()))) == count
    assert saved("Corrections (truth file)").count("\n") >= 3
    assert saved("Subtitles (SRT)") == ""  # a clip without a person shows no action
    page.locator("#body").get_by_role("button", name="clip 10.mp4").click()
    until(page, "document.querySelector('#verdict').textContent.includes('clip 10.mp4')")
    assert "-->" in saved("Subtitles (SRT)")
    page.get_by_text("Lists: paste").click()
    assert '"push up":' in saved("Save the list (YAML)")


def the_shown_lines_do_the_same(page, folder):
    """What "Use via API" shows, pasted into a shell and into Python in the clips' folder."""
    answer = page.locator("#verdict strong").inner_text()
    lines = page.locator("#curl").inner_text()
    done = subprocess.run(["sh", "-ec", lines], capture_output=True, check=True, cwd=folder)
    uploaded, job, result = map(json.loads, done.stdout.replace(b"}{", b"}\n{").splitlines())
    assert uploaded["name"] == "clip 5.mp4"
    assert job["state"] in ("queued", "running", "done")
    assert result["label"] == answer
    lines = page.locator("#python").inner_text()
    done = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, check=True, cwd=folder
    )
    assert done.stdout.partition(" [")[0] == answer


def open_clip_and_list(page, folder, text):
    """The demo's gym clip, and a list of one candidate out of a file."""
    page.get_by_role("button", name="gym clean and press").click()
    page.locator("#unaligned, #verdict strong").filter(visible=True).first.wait_for()  # it is open
    (folder / "list.yaml").write_text(text)
    page.get_by_text("Lists: paste").click()
    page.set_input_files("#open-list", str(folder / "list.yaml"))
    # Not by what is said of it, which opening the clip may still replace.
    page.locator("#candidates .candidate:only-child").wait_for()


LIST = """domain: gym
scripts:
  push up:
    - [body straight and low near the floor, arms straight below the shoulders]
    - [chest at the floor, elbows bent, arms straight again]
"""


def test_a_margin_does_not_stand_among_the_confidences(visit):
    page = visit(1280, "light")
    for name in ("basketball jump shot", "gym clean and press"):
        page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Done. Change a step").wait_for()
    sure = page.locator("#body td:nth-child(4)")
    assert all(text.endswith(" %") for text in sure.all_inner_texts())
    # An answer of unknown words has no confidence, but a margin.
    unknown = b"scripts: {Kniebeuge: [tief], Ausfallschritt: [vorn]}"
    page.set_input_files(
        "#open-list", {"name": "my.yaml", "mimeType": "text/yaml", "buffer": unknown}
    )
    page.locator("#body .open").get_by_text("unknown words").wait_for()
    assert sorted(text[-2:] for text in sure.all_inner_texts()) == ["", " %"]


def test_none_of_these_a_least_confidence_and_several_wordings(visit, tmp_path):
    page = visit(1280, "light")
    open_clip_and_list(page, tmp_path, LIST)
    page.get_by_text("1 more wording; scores are averaged").click()
    second = page.get_by_label("Candidate 1: steps in wording 2, one per line")
    assert second.input_value().splitlines()[0] == "- chest at the floor"
    second.fill("* chest at the floor\nelbows bent\n-")  # with a dash or without
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save the list (YAML)").click()
    [script] = load_scripts(saved.value.path())
    assert script.wordings[0].steps[1] == "arms straight below the shoulders"
    assert script.rewordings == (("chest at the floor", "elbows bent"),)

    page.get_by_role("checkbox", name="None of these").check()
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Done. Change a step").wait_for()
    assert page.locator("#verdict strong").inner_text() == "none of these"
    assert page.locator("#warnings li").count() == 0
    assert re.search(r"\d %, score -\d\.", page.locator("#ranking li").first.inner_text())
    row = page.locator("#body tr").first
    assert "none of these" in row.inner_text()
    assert page.locator("#timeline button").count() == 0
    assert page.locator("#told").inner_text().startswith("No steps: none of these wins if")
    accessible(page)
    page.shot("none")
    page.locator("#right").click()
    page.get_by_text("Right on 1 of 1 judged clips").wait_for()

    page.get_by_role("checkbox", name="None of these").uncheck()
    page.get_by_role("button", name="+ Add a candidate").click()
    page.get_by_label("Candidate 2: action").fill("squat")
    page.get_by_role("slider", name="Minimum confidence").fill("100")
    until(page, "document.querySelector('#verdict').textContent.startsWith('No label')")
    told = page.locator("#verdict small").inner_text()
    sure, least = re.search(r"its confidence is (\S+) %, below (\S+) %", told).groups()
    assert float(sure) < float(least) == 100
    assert f"{sure} %" in page.locator("#ranking li").first.inner_text()
    until(page, "document.querySelector('#body').textContent.includes('likeliest: ')")
    assert f"{sure} %" in page.locator("#body tr").first.inner_text()
    assert "the likeliest; the answer is refused" in page.locator("#told").inner_text()
    assert " likeliest, score " in page.locator("#maps").inner_text()
    page.shot("refused")
    page.get_by_role("slider", name="Minimum confidence").fill("5")
    until(page, "!document.querySelector('#verdict').textContent.startsWith('No label')")
    assert "steps of wording 2 of 2, which fits best" in page.locator("#verdict").inner_text()
    page.get_by_role("link", name="Link to this result").click()
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.reload()
    page.locator("#verdict strong").wait_for()
    assert second.input_value() == "- chest at the floor\n- elbows bent"
    assert page.locator("#least-said").inner_text() == "5 %"
    page.get_by_text("Use via API").click()
    assert '"min_confidence":0.05' in page.locator("#curl").inner_text()
    assert '[["body straight' in page.locator("#python").inner_text()


ROTATED = """domain: gym
scripts:
  press and lower:
    - both arms fully extended to the ceiling with the load
    - bent over with a flat back and arms dangling straight down
    - dumbbells brought up to shoulder level with folded arms
"""


def test_a_clip_that_begins_and_ends_inside_a_repetition(visit, tmp_path):
    page = visit(400, "dark")
    open_clip_and_list(page, tmp_path, ROTATED)
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Done. Change a step").wait_for()
    assert page.locator("#verdict strong").inner_text() == "press and lower"
    repeats = page.get_by_label("Repetitions", exact=True)
    assert repeats.input_value() == "auto"  # what the model does by itself
    repeats.select_option("Count them; the clip may begin or end inside one")
    page.get_by_text("press and lower, 0 whole and 2 partial").wait_for()
    narrow = page.viewport_size
    page.set_viewport_size({"width": 1200, "height": narrow["height"]})
    page.locator("#body tr").get_by_role("cell", name="0 + 2 partial", exact=True).wait_for()
    page.set_viewport_size(narrow)  # which has no room for that column
    accessible(page)
    page.shot("partial")
    page.get_by_text("Use via API").click()
    assert '"repeats":"partial"' in page.locator("#curl").inner_text()
    shown = page.locator("#python").inner_text()
    assert 'ActAlign.from_pretrained("body", repeats="partial")' in shown

    page.reload()
    page.get_by_text("press and lower, 0 whole and 2 partial").wait_for()
    assert repeats.input_value() == "partial"
    repeats.select_option("Count them")
    until(page, "document.querySelector('#verdict strong').textContent === 'press and lower'")
    page.get_by_text("Use via API").click()
    assert "repeats=" not in page.locator("#python").inner_text()


def test_the_number_of_repetitions_that_a_user_knows(browse, serve, folder, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("more")
    for path in folder.glob("*.mp4"):
        path.unlink()
    write_colours(folder / "four.mp4", ["red", "green", "blue"] * 4, each=6)
    page = browse(serve(clips=folder))
    page.get_by_label("Candidate 1: action").fill("forwards")
    page.get_by_label("Candidate 1: steps, one per line").fill("red\ngreen\nblue")
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Done. Change a step").wait_for()
    repeats, number = page.get_by_label("Repetitions", exact=True), page.locator("#repetitions")
    assert (repeats.input_value(), number.is_visible()) == ("no", False)
    repeats.select_option("Count them")
    page.locator("#verdict").get_by_text("forwards, 4 times", exact=True).wait_for()
    repeats.select_option("This many:")
    # It begins with what was counted, and is one key away, ready to be typed over.
    assert number.input_value() == "4"
    repeats.press("Tab")
    page.keyboard.type("2")
    page.locator("#verdict").get_by_text("forwards, 2 times", exact=True).wait_for()
    assert page.locator("#body tr td:nth-child(6)").inner_text() == "2"
    beside = page.locator("#body tr td:nth-child(3)").get_by_text("2 repetitions")
    assert beside.is_hidden()
    page.set_viewport_size({"width": 390, "height": 900})  # there is no room for the column
    assert beside.is_visible()
    assert page.locator("#body tr td:nth-child(6)").is_hidden()
    page.set_viewport_size({"width": 1280, "height": 900})
    accessible(page)
    page.get_by_text("Use via API").click()
    assert '"repeats":2' in page.locator("#curl").inner_text()
    assert "repeats=2)" in page.locator("#python").inner_text()
    page.reload()
    page.locator("#verdict").get_by_text("forwards, 2 times", exact=True).wait_for()
    assert (repeats.input_value(), number.input_value()) == ("number", "2")
    for wrong in ("", "0", "-1"):
        number.fill(wrong)
        page.get_by_role("button", name="Align", exact=True).click()
        until(page, "document.activeElement.id === 'repetitions'")
        said = "Give a whole number above 0; until then other changes are scored with 2."
        assert page.locator("#misnumbered").inner_text() == said
    # What else is changed meanwhile is scored with the last number that was right.
    page.get_by_label("Candidate 1: action").fill("onwards")
    page.locator("#verdict").get_by_text("onwards, 2 times", exact=True).wait_for()
    assert (number.input_value(), page.locator("#error").inner_text()) == ("-1", "")
    accessible(page)
    page.get_by_label("Candidate 1: action").fill("forwards")
    page.locator("#verdict").get_by_text("forwards, 2 times", exact=True).wait_for()
    number.fill("40")  # the clip is too short for so many, and the table says so
    row = page.locator("#body tr td:nth-child(3)")
    row.get_by_text("40 repetitions of 3 steps don't fit into").wait_for()
    assert page.locator("#status").inner_text() == ""  # not that all is done, beside the error
    assert page.locator("#body img").count() == 1
    number.fill("11")  # only the other clip is too short for these
    write_colours(tmp_path / "brief.mp4", ["red", "green", "blue"], each=6)
    page.set_input_files("#file", str(tmp_path / "brief.mp4"))
    page.get_by_text("brief.mp4: ").wait_for()
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("1 of 2 clips aligned.").wait_for()
    assert page.locator("#error").inner_text().startswith("brief.mp4: 11 repetitions of 3 steps")
    page.faults.clear()  # the browser reports the refusals by itself
    page.locator("#body tr").first.click()
    number.fill("3")
    page.locator("#verdict").get_by_text("forwards, 3 times", exact=True).wait_for()
    until(page, "!document.querySelector('#body tr:first-child .bad')")


def test_a_change_just_before_align_is_scored_once(visit, tmp_path):
    page, asked = visit(1280, "light"), []
    open_clip_and_list(page, tmp_path, ROTATED)
    page.get_by_role("button", name="Align", exact=True).click()
    page.locator("#verdict strong").wait_for()
    until(page, "!document.querySelector('#align').disabled")
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/score") else None)
    page.clock.install()
    page.evaluate("""() => {
        const label = document.querySelector('.candidate input');
        label.value = 'press';
        label.dispatchEvent(new Event('input', { bubbles: true }));
        document.querySelector('#align').click();
    }""")
    page.locator("#verdict strong").get_by_text("press", exact=True).wait_for()
    page.get_by_text("Done. Change a step").wait_for()
    page.clock.run_for(1000)  # the change alone would be scored 300 ms after it
    assert page.evaluate("fetch('/api/info').then((answer) => answer.ok)")
    assert len(asked) == 1


def test_candidates_that_are_removed_one_after_another_are_scored_once(browse, serve, folder):
    page, held = browse(serve(clips=folder)), []
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("".join(f"{one}\n- {one}\n" for one in COLOURS))
    page.get_by_role("button", name="Use these lines").click()
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Done. Change a step").wait_for()
    page.route("**/api/score", lambda route: held.append(route))
    page.clock.install()
    for left in (4, 3):  # by keys: the focus stays among the candidates
        page.locator(".candidate .remove").last.press("Enter")
        assert page.locator(".candidate").count() == left
        assert page.evaluate("document.activeElement.matches('.candidate:last-child .remove')")
    page.clock.run_for(1000)
    wait_for(lambda: page.evaluate("1") and held)
    # While that is scored two more are removed, each for longer than the delay.
    for _ in range(2):
        page.keyboard.press("Enter")
        page.clock.run_for(1000)
    assert page.evaluate("fetch('/api/info').then((answer) => answer.ok)")
    labels = [one["label"] for one in held[0].request.post_data_json["candidates"]]
    assert (len(held), labels) == (1, list(COLOURS)[:3])
    held.pop().continue_()
    wait_for(lambda: page.evaluate("1") and held)
    assert [one["label"] for one in held[0].request.post_data_json["candidates"]] == ["red"]
    held.pop().continue_()
    until(page, "document.querySelectorAll('#ranking li').length === 1")
    page.locator(".candidate .remove").press("Enter")
    assert page.evaluate("document.activeElement.id") == "add"
    assert held == []


def test_a_file_that_the_browser_cannot_play_is_shown_as_a_preview(visit, tmp_path):
    page = visit(1280, "light")
    write_video(tmp_path / "old.avi", codec="mpeg4")
    page.set_input_files("#file", str(tmp_path / "old.avi"))
    page.get_by_text("old.avi: ").wait_for()
    page.get_by_label("Candidate 1: action").fill("squat")
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("this is a small preview").wait_for()
    until(page, "document.querySelector('#video').videoWidth === 96")
    accessible(page)


def test_a_wrong_list_is_removed_at_once(browse, serve, folder):
    page = browse(serve(clips=folder))
    name_candidates(page)
    page.get_by_text("Lists: paste").click()
    page.get_by_role("button", name="Empty the list").click()
    page.get_by_text("2 candidates removed.").wait_for()
    names = "[...document.querySelectorAll('.candidate > input')].map(one => one.value)"
    assert page.evaluate(names) == ["", ""]
    page.reload()
    page.locator("#body tr").first.wait_for()
    assert page.evaluate(names) == ["", ""]


def test_by_keys_the_steps_of_an_action_come_after_its_name(browse, serve, folder):
    page = browse(serve(clips=folder))
    page.get_by_label("Candidate 1: action").press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Candidate 1: steps, one per line"
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove candidate 1"
