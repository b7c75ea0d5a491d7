"""A visit to a served folder: after a restart, by keys alone, and a reload during an alignment."""

import json
from itertools import combinations, pairwise, permutations

import pytest

from actalign import ActAlign, Script
from actalign.scripts import load_scripts, shipped_scripts
from tests.atlas_world import render
from tests.colour_clips import CANDIDATES, write_colours
from tests.colour_vision import COLOUR_VISIONS, difference
from tests.command import DEADLOCK_SECONDS, wait_for
from tests.media import write_video
from tests.web.pages import IN_A_BROWSER, accessible, aligning, name_candidates, until
from tests.web.serving import Serving

pytestmark = IN_A_BROWSER

FOCUSED = "document.activeElement"
HOLD_ANSWERS = """const answer = fetch;
    const going = new Promise((done) => { window.goOn = done; });
    window.fetch = async (...asked) => {
      const found = await answer(...asked);
      await going;
      return found;
    };
    void 0"""


CHANGE_AND_LEAVE = """(box, text) => {
      box.value = text;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      setTimeout(() => location.reload());
    }"""


def align(page):
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Done. Change a step").wait_for()


def aligned(browse, api):
    """A page whose candidates are named and whose clips are aligned."""
    page = browse(api)
    name_candidates(page)
    align(page)
    return page


def answer(api, clip):
    """The action that a clip's alignment finds."""
    return api.http.get(f"/api/results/{api.align(clip)['result']}").json()["label"]


def say(api, clip, label, times=()):
    """Correct a clip by its action, and by the borders of the steps, three by three."""
    steps = [{"start": a, "end": b, "step": n % 3} for n, (a, b) in enumerate(pairwise(times))]
    body = {"label": label} | ({"intervals": steps} if steps else {})
    api.http.put(f"/api/clips/{clip}/truth", json=body).raise_for_status()


def test_what_was_said_before_a_restart_is_neither_right_nor_wrong_yet(browse, serve, folder):
    before = serve(clips=folder)
    ids = before.explorer.folder_clips
    answers = [answer(before, clip) for clip in ids[:2]]
    other = "sunset" if answers[1] == "sunrise" else "sunrise"
    for clip, label in zip(ids, (answers[0], other), strict=False):
        say(before, clip, label)
    before.stop()

    page = browse(serve(clips=folder))
    judged = page.locator("#body tr td:last-child")
    assert judged.all_inner_texts() == [f"is {answers[0]}", f"is {other}", ""]
    name_candidates(page)
    align(page)
    assert judged.all_inner_texts() == ["✓ right", f"✗ is {other}", ""]
    assert page.locator("#other").input_value() == ""
    page.locator("#body tr").nth(1).click()
    until(page, "document.querySelector('#verdict').textContent.includes('clip1.mp4')")
    assert page.locator("#other").input_value() == other
    assert page.locator("#told").inner_text().startswith(f"These are the steps of {other}. ")
    place = 1 + [one["label"] for one in CANDIDATES].index(other)
    page.get_by_label(f"Candidate {place}: action").fill("dusk")  # then it is none of the choices
    page.get_by_text("Scored again.").wait_for()
    assert page.evaluate("document.querySelector('#other').selectedIndex") == 0


def test_a_border_keeps_the_focus_while_it_is_moved(browse, serve, folder):
    page = aligned(browse, serve(clips=folder))
    name = page.locator("#timeline .border").nth(1).get_attribute("aria-label")
    # The steps are at the window's end, and what is said above them would push them off it.
    bottom = "Math.round(document.querySelector('#times').getBoundingClientRect().bottom)"
    until(page, "document.querySelector('#video').readyState >= 1")  # it takes its height
    page.evaluate("scrollTo(0, 0)")
    page.set_viewport_size({"width": 1280, "height": page.evaluate(bottom)})
    page.locator("#timeline .border").nth(1).focus()
    for _ in range(2):
        at = float(page.evaluate(f"{FOCUSED}.getAttribute('aria-valuenow')"))
        with page.expect_response(lambda answer: "/api/clips?" in answer.url):
            page.keyboard.press("ArrowLeft" if at > 0.5 else "ArrowRight")
        # What was pressed is saved, and the steps are drawn anew.
        page.get_by_text("with your times of the steps").wait_for()
        until(page, f"{FOCUSED}.getAttribute('aria-label') === {name!r}")
        assert float(page.evaluate(f"{FOCUSED}.getAttribute('aria-valuenow')")) != at
    until(page, f"{bottom} <= innerHeight")
    accessible(page)


def test_borders_are_moved_by_a_finger_on_a_narrow_page(browse, serve, folder):
    """Also where two of them are so close that the knobs below them overlap."""
    api = serve(clips=folder)
    clip = api.explorer.folder_clips[0]
    say(api, clip, answer(api, clip), (0, 0.5, 0.53, 1))
    page = browse(api)
    page.set_viewport_size({"width": 400, "height": 900})
    page.locator("#body tr").first.click()
    page.locator("#timeline .border").nth(3).wait_for()
    page.locator("#told").scroll_into_view_if_needed()
    until(page, "document.querySelector('#video').readyState >= 2")  # it takes its height
    page.evaluate("document.querySelector('#timeline').scrollIntoView({ block: 'center' })")
    box = page.locator("#timeline").bounding_box()
    for border, to in ((0, 0.2), (1, 0.3), (2, 0.8)):
        at = page.locator("#timeline .border").nth(border).get_attribute("aria-valuenow")
        # A little beside the middle, and below the steps, which the finger doesn't hide so.
        x, y = box["x"] + box["width"] * float(at), box["y"] + box["height"] + 15
        page.mouse.move(x, y)
        page.mouse.down()
        with page.expect_response(lambda answer: answer.url.endswith("/truth")) as saved:
            page.mouse.move(box["x"] + box["width"] * to, y, steps=3)
            page.mouse.up()
        assert saved.value.ok
        until(page, f"document.querySelectorAll('.border')[{border}].ariaValueNow === '{to:.2f}'")
    found = json.loads(saved.value.request.post_data)["intervals"]
    assert [one["start"] for one in found] == pytest.approx([0.2, 0.3, 0.8], abs=0.01)
    accessible(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_what_takes_the_focus_by_keys_is_not_below_align(browse, serve, folder, width):
    page = browse(serve(clips=folder))
    name_candidates(page)
    page.set_viewport_size({"width": width, "height": 600})
    page.evaluate("scrollTo(0, 0)")
    page.locator("#domain").focus()
    passed = []
    while (at := page.evaluate(f"{FOCUSED}.id")) != "align":
        passed.append(at)
        page.keyboard.press("Tab")
        boxes = [page.locator(one).bounding_box() for one in (":focus", ".go")]
        if page.locator("#align:focus").count() == 0:
            assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert {"write", "add", "repeats"} < set(passed)


def test_keys_are_explained_only_where_there_may_be_a_keyboard(browser, serve, folder):
    api = serve(clips=folder)
    for touched in (False, True):
        context = browser.new_context(has_touch=touched, is_mobile=touched)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{api.port}/")
        page.locator("#body tr").first.wait_for()
        assert page.get_by_text("Keys: ↑ ↓ move").is_hidden() == touched
        context.close()


def test_a_border_is_held_while_the_last_one_is_saved(browse, serve, folder):
    write_colours(folder / "clip0.mp4", ["black", "red", "yellow"])
    page = aligned(browse, serve(clips=folder))
    until(page, "document.querySelector('#video').readyState >= 2")  # it takes its height
    waiting = []
    page.route("**/api/clips?*", lambda route: waiting.append(route))

    def take(border):
        handle = page.locator("#timeline .border").nth(border)
        handle.scroll_into_view_if_needed()
        box, before = handle.bounding_box(), float(handle.get_attribute("aria-valuenow"))
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20, y, steps=3)
        return before

    with page.expect_request(lambda asked: "/api/clips?" in asked.url):
        first = take(1)
        page.mouse.up()
    second = take(2)
    waiting[0].continue_()
    page.unroute("**/api/clips?*")
    page.locator("#body").get_by_text("right").wait_for()
    assert page.evaluate("document.querySelectorAll('.border')[2].hasPointerCapture(1)")
    with page.expect_response(lambda answer: answer.url.endswith("/truth")) as saved:
        page.mouse.up()
    times = json.loads(saved.value.request.post_data)["intervals"]
    assert times[1]["start"] > first
    assert times[2]["start"] > second
    page.get_by_text("with your times of the steps").wait_for()


def test_a_moved_border_is_saved_for_its_own_clip(browse, serve, folder):
    """Also where another clip is opened before it is saved."""
    api = serve(clips=folder)
    page = aligned(browse, api)
    page.locator("#timeline .border").nth(1).focus()
    with page.expect_response(lambda answer: answer.url.endswith("/truth")) as saved:
        page.keyboard.press("ArrowRight")
        page.locator("#body tr").nth(1).click()
        until(page, "document.querySelector('#verdict').textContent.includes('clip1.mp4')")
    assert f"/{api.explorer.folder_clips[0]}/" in saved.value.url


def test_a_border_stops_before_a_step_has_no_length(browse, serve, folder):
    """Also where a step is shorter than a frame, of 0.1 s here, already."""
    api = serve(clips=folder)
    clip = api.explorer.folder_clips[0]
    label = answer(api, clip)
    page = browse(api)
    name_candidates(page)
    for times, border, key in (
        ((0, 0.1, 0.9, 1), 1, "ArrowLeft"),
        ((0, 0.1, 0.9, 1), 2, "ArrowRight"),
        ((0, 0.1, 0.9, 1), 0, "ArrowRight"),
        ((0, 0.1, 0.9, 1), 3, "ArrowLeft"),
        ((0, 0.02, 0.04, 1), 0, "ArrowLeft"),
        ((0, 0.02, 0.04, 1), 1, "ArrowRight"),
        ((0, 0.96, 0.98, 1), 3, "ArrowRight"),
    ):
        say(api, clip, label, times)
        page.reload()
        page.locator("#body tr").first.wait_for()
        align(page)
        page.locator("#timeline .border").nth(border).focus()
        with page.expect_response(lambda answer: answer.url.endswith("/truth")) as saved:
            page.keyboard.press(key)
        assert saved.value.ok, (times, border, key, saved.value.text())
        for one in json.loads(saved.value.request.post_data)["intervals"]:
            assert 0 <= one["start"] < one["end"] <= 1, (times, border, key)


def test_delete_goes_on_to_the_neighbouring_row(browse, serve, folder, tmp_path):
    page = browse(serve(clips=folder))
    names = page.locator("#body tr td:nth-child(2)")
    for name in ("a.mp4", "b.mp4"):  # which the server does not take, so that they have no clip
        (tmp_path / name).write_text("no video")
        page.set_input_files("#file", str(tmp_path / name))
        page.get_by_text(f"{name} is not a video").first.wait_for()
        assert "400" in page.faults.pop()  # the browser reports it by itself
    page.locator("#body").get_by_role("button", name="clip1.mp4").focus()
    for left in (
        ["clip0.mp4", "clip2.mp4", "a.mp4", "b.mp4"],
        ["clip0.mp4", "a.mp4", "b.mp4"],
        ["clip0.mp4", "b.mp4"],
        ["clip0.mp4"],
    ):
        page.keyboard.press("Delete")
        until(page, f"document.querySelectorAll('#body tr').length === {len(left)}")
        assert names.all_inner_texts() == left
        until(page, f"{FOCUSED}.textContent === {left[min(1, len(left) - 1)]!r}")
    page.keyboard.press("Delete")
    until(page, "document.querySelector('#clips').hidden")


def test_no_clip_is_shown_with_the_result_of_another(browse, serve, folder):
    page = browse(serve(clips=folder))
    name_candidates(page)
    shown, row = page.locator("#found"), page.locator("#body tr")
    row.nth(0).click()
    page.get_by_role("button", name="Only this clip").click()
    page.get_by_text("Done. Change a step").wait_for()
    page.get_by_role("link", name="Link to this result").click()

    row.nth(1).click()
    page.get_by_text("clip1.mp4 is not aligned yet.", exact=True).wait_for()
    assert shown.is_hidden()
    accessible(page)
    page.keyboard.press("r")  # says nothing of the clip that is no longer shown
    assert row.nth(0).locator("td").last.inner_text() == ""
    page.reload()
    page.get_by_text("clip1.mp4 is not aligned yet.", exact=True).wait_for()
    assert shown.is_hidden()

    row.nth(0).click()
    shown.wait_for()
    assert "clip0.mp4" in page.locator("#verdict").inner_text()
    assert page.locator("#unaligned").is_hidden()
    row.nth(0).get_by_role("button").focus()
    page.keyboard.press("Delete")
    shown.wait_for(state="hidden")
    assert page.locator("#unaligned").is_hidden()
    assert page.locator("#empty").is_visible()


def test_the_clips_that_are_there_are_counted(browse, serve, folder):
    page = browse(serve(clips=folder))
    chosen, alone = page.locator("#chosen"), page.get_by_role("button", name="Only this clip")
    page.get_by_text("3 clips", exact=True).wait_for()
    assert page.locator("#demos").is_hidden()
    assert alone.is_hidden()
    row = page.locator("#body").get_by_role("button")
    for left in (2, 1):
        row.first.click()
        page.get_by_text(f"{left + 1} clips; open: clip{2 - left}.mp4").wait_for()
        assert alone.is_visible()
        page.keyboard.press("Delete")
        until(
            page,
            "text => document.querySelector('#chosen').textContent === text",
            f"{left} clip" + "s" * (left > 1),
        )
        assert alone.is_hidden()
    row.first.click()
    page.get_by_text("clip2.mp4", exact=True).nth(1).wait_for()
    assert chosen.inner_text() == "clip2.mp4"
    page.get_by_role("button", name="Empty the table").click()
    page.get_by_text("No file chosen").wait_for()
    assert alone.is_hidden()


def test_many_short_steps_can_be_told_apart(browse, serve, folder):
    write_colours(folder / "clip0.mp4", ["black", "red", "yellow", "red", "blue", "red"] * 3)
    api = serve(clips=folder)
    clip = api.explorer.folder_clips[0]
    label = answer(api, clip)
    say(api, clip, label, [0, 0.02, 1.2, *(1.3 + 0.05 * n for n in range(16))])
    page = browse(api)
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#body tr").first.click()
    page.locator("#timeline .border").nth(3).wait_for()
    seen = """[...document.querySelectorAll("#timeline button span")].slice(0, 2)
        .map(one => getComputedStyle(one).visibility)"""
    assert page.evaluate(seen) == ["hidden", "visible"]
    assert page.locator("#timeline.dense").count() == 1
    # Of a hundred, no border could be told from the next.
    say(api, clip, label, [n / 50 for n in range(101)])
    page.reload()
    page.get_by_text("The steps are too many to be corrected here.").wait_for()
    assert page.locator("#timeline button").count() == 100
    assert page.locator("#timeline .border").count() == 0
    page.set_viewport_size({"width": 1280, "height": 844})
    page.reload()
    page.locator("#timeline .border").nth(100).wait_for()


def test_the_open_clip_is_aligned_first_and_stays_open(browse, serve, folder):
    page = browse(serve(clips=folder))
    name_candidates(page)
    last = page.locator("#body tr").last
    name = last.locator("td").nth(1).inner_text()
    last.click()
    align(page)
    assert name in page.locator("#verdict").inner_text()
    assert page.locator("#body tr.open td").nth(1).inner_text() == name
    assert page.locator("#body").get_by_text("not aligned").count() == 0


def test_many_actions_without_steps_are_named_shortly(browse, serve, folder):
    page = browse(serve(clips=folder))
    page.get_by_text("Lists: paste").click()
    long = "an action whose name is longer than forty letters"
    page.locator("#lines").fill("\n".join([long, *(f"zzz {n}" for n in range(6))]))
    page.get_by_role("button", name="Use these lines").click()
    page.get_by_text(
        f"No steps are known for {long[:39]}…, zzz 0, zzz 1, zzz 2, zzz 3 and 2 more; write them"
    ).wait_for()


def test_actions_take_the_steps_that_ship_and_say_which_have_none(browse, serve, folder):
    page = browse(serve(clips=folder))
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("push up\nred\nmy squat\n- knees bent")
    page.get_by_role("button", name="Use these lines").click()
    status = page.get_by_role("status").first
    page.get_by_text("3 actions with 1 step read. Steps of 1 action filled in.").wait_for()
    assert "No steps are known for red; write them" in status.inner_text()
    assert not page.locator("#lines").is_visible()  # the list is folded, so that its cards are seen
    push_up, red, squat = (
        page.get_by_label(f"Candidate {n}: steps, one per line") for n in (1, 2, 3)
    )
    shipped = shipped_scripts(["push up"])["push up"]
    assert push_up.input_value().split("\n") == [f"- {one}" for one in shipped.steps]
    assert page.locator(".wordings").count() == 1
    assert red.input_value() == ""
    assert squat.input_value() == "- knees bent"
    # Steps that were taken away stay away, also by "Align", and come back by the button.
    push_up.fill("")
    page.locator(".wordings summary").click()
    for area in page.locator(".wordings textarea").all():
        area.fill("")
    align(page)
    assert "No script: " in page.locator("#warnings").inner_text()
    assert push_up.input_value() == ""
    button = page.locator("#write").inner_text()
    assert f"“{button}”" in page.locator("#warnings").inner_text()
    page.locator("#write").click()
    until(page, "document.querySelector('#candidates textarea').value !== ''")
    assert page.locator(".wordings").count() == 1
    # It has no more of them, so it is not named any longer; another clip waits for its alignment.
    note = page.locator("#warnings").get_by_text("No script: ")
    page.get_by_text("No script: red. Only the name is compared; write steps.").wait_for()
    page.reload()
    page.get_by_text(
        f"No script: red. Only the name is compared; write steps, or press “{button}”"
    ).wait_for()
    page.locator("#write").click()
    page.get_by_text("No steps are known for red; write them").wait_for()
    assert "press" not in note.inner_text()
    red.fill("red")
    note.wait_for(state="detached")
    page.locator("#body tr").nth(1).click()
    note.wait_for()
    assert "align the clip again, since the candidates have changed" in note.inner_text()
    page.locator("#body tr").first.click()
    note.wait_for(state="detached")
    red.fill("")
    page.get_by_label("Candidate 2: action").fill("pusch up")
    page.get_by_label("Candidate 2: action").press("Tab")
    page.get_by_text("did you mean 'push up'?").wait_for()
    assert "'push up'?." not in status.inner_text()


def test_wordings_are_added_by_hand_and_from_the_shipped_scripts(browse, serve, folder):
    page = browse(serve(clips=folder))
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("push up\n- arms bend")
    page.get_by_role("button", name="Use these lines").click()
    page.get_by_role("button", name="Candidate 1: another wording").click()
    second = page.get_by_label("Candidate 1: steps in wording 2, one per line")
    assert page.evaluate("document.activeElement.ariaLabel").startswith("Candidate 1: steps in w")
    second.fill("down\nup")
    page.get_by_text("Lists: paste").click()
    page.locator("#shipped-filter").fill("push up")
    shipped = shipped_scripts(["push up"])["push up"]
    pick = page.locator("#shipped").get_by_role("button", name="push up", exact=True)
    pick.click()
    count = len(shipped.wordings)
    page.get_by_text(f"push up: {count} shipped wordings added to its steps.").wait_for()
    page.get_by_text(f"{count + 1} more wordings; scores are averaged").wait_for()
    pick.click()
    page.get_by_text("push up has the shipped steps already.").wait_for()
    page.reload()
    page.get_by_text(f"{count + 1} more wordings; scores are averaged").wait_for()
    with page.expect_download() as saved:
        page.get_by_text("Lists: paste").click()
        page.get_by_role("link", name="Save the list (YAML)").click()
    [script] = load_scripts(saved.value.path())
    assert script.steps == ("arms bend",)
    assert script.rewordings == (("down", "up"), *(one.steps for one in shipped.wordings))


def test_a_domain_of_a_candidates_own_is_shown_kept_and_saved(browse, serve, folder, tmp_path):
    blocks = [
        {"domain": "sky", "scripts": {"sunrise": ["black", "red"], "sunset": ["red"]}},
        {"domain": "sea", "scripts": {"tide": [["blue"], ["green", "blue"]]}},
    ]
    (tmp_path / "list.json").write_text(json.dumps(blocks))
    api = serve(clips=folder)
    page = browse(api)
    page.get_by_text("Lists: paste").click()
    page.set_input_files("#open-list", str(tmp_path / "list.json"))
    own = page.locator("#candidates .own")
    own.nth(2).wait_for()
    shown = "[...document.querySelectorAll('.own')].map(o => o.checkVisibility() && o.value)"
    assert page.evaluate(shown) == ["sky", "sky", "sea"]

    def saved():
        with page.expect_download() as download:
            page.get_by_role("link", name="Save the list (YAML)").click()
        return load_scripts(download.value.path())

    assert saved() == load_scripts(tmp_path / "list.json")
    align(page)
    asked = api.explorer.results[api.explorer.clips[api.explorer.folder_clips[0]].result].asked
    assert [one.domain for one in asked.scripts] == ["sky", "sky", "sea"]
    page.get_by_text("Use via API").click()
    code = page.locator("#python").inner_text()
    scripts = code.partition("scripts = ")[2].partition("prediction = ")[0]
    assert eval(scripts, {"Script": Script}) == load_scripts(tmp_path / "list.json")
    assert "domain=" not in code.partition("prediction = ")[2]
    accessible(page)

    # What is the page's own domain is not said again; a candidate without one has the page's.
    page.locator("#domain").fill("sky")
    assert page.evaluate(shown) == [False, False, "sea"]
    page.reload()
    page.locator("#verdict strong").wait_for()
    assert page.evaluate(shown) == [False, False, "sea"]
    own.nth(2).fill("")
    own.nth(2).press("Tab")
    page.get_by_text("Scored again.").wait_for()
    assert page.evaluate(shown) == [False, False, False]
    page.get_by_text("Lists: paste").click()
    assert {one.domain for one in saved()} == {"sky"}
    page.locator("#shipped-filter").fill("push up")
    page.locator("#shipped").get_by_role("button", name="push up", exact=True).click()
    assert page.evaluate(shown)[3] == "gym"
    assert page.locator("#domain").input_value() == "sky"


def test_the_steps_that_are_shown_are_those_that_are_edited(browse, serve, folder):
    """Also where another wording than the first fits best."""
    write_colours(folder / "clip0.mp4", ["black", "red", "yellow"])
    page = browse(serve(clips=folder))
    words = {"sunrise": [["yellow", "black"], ["black", "red", "yellow"]], "sunset": ["red"]}
    (folder / "list.json").write_text(json.dumps({"scripts": words}))
    page.get_by_text("Lists: paste").click()
    page.set_input_files("#open-list", str(folder / "list.json"))
    page.get_by_text("2 candidates, 1 in several wordings").wait_for()
    align(page)
    page.locator("#other").select_option("sunrise")
    page.get_by_role("button", name="Edit these steps (wording 2 of 2)").click()
    assert page.evaluate(f"{FOCUSED}.ariaLabel") == "Candidate 1: steps in wording 2, one per line"
    assert page.evaluate(f"{FOCUSED}.value") == "- black\n- red\n- yellow"
    box = page.evaluate(f"{FOCUSED}.getBoundingClientRect().toJSON()")
    assert 0 <= box["top"] < box["bottom"] <= 900
    accessible(page)
    # Both at once: with none left nothing is scored again, but with one the clip would be.
    remove = "document.querySelector('[aria-label^=\"Remove candidate\"]').click()"
    page.evaluate(f"{remove}; {remove}; void 0")
    page.locator("#edit").click()
    page.get_by_text("is no longer among the candidates").wait_for()


def test_an_action_is_found_again_however_its_accents_were_typed(browse, serve, folder):
    """As macOS gives them in names of files: e and an accent are two characters."""
    page = browse(serve(clips=folder))
    name_candidates(page)
    names = ("leve\u0301", "couche\u0301")
    for n, name in enumerate(names, start=1):
        page.get_by_label(f"Candidate {n}: action").fill(name)
    align(page)
    winner = page.locator("#verdict strong").inner_text()
    assert page.locator("#edit").is_visible()
    page.get_by_role("button", name="Edit these steps").click()
    [number] = [n for n, name in enumerate(("lev\u00e9", "couch\u00e9"), 1) if name in winner]
    assert page.evaluate(f"{FOCUSED}.ariaLabel") == f"Candidate {number}: steps, one per line"


def test_an_action_that_is_typed_has_its_steps_before_it_is_aligned(browse, serve, folder):
    page = browse(serve(clips=folder))
    page.get_by_label("Candidate 1: action").fill("push up")
    page.get_by_label("Candidate 2: action").fill("squat")
    align(page)
    steps = [page.get_by_label(f"Candidate {n}: steps, one per line").input_value() for n in (1, 2)]
    assert all(steps)
    areas = "[...document.querySelectorAll('#candidates > * > textarea')]"
    assert page.evaluate(f"{areas}.every(one => one.scrollHeight <= one.clientHeight)")
    assert "No script" not in page.locator("#warnings").inner_text()
    assert page.locator("#body").inner_text().count("no script") == 0


def test_a_clip_in_which_nothing_stands_out_says_why(browse, serve, folder):
    page = aligned(browse, serve(clips=folder))
    page.get_by_text("Where does each action happen?").click()
    page.get_by_role("button", name="Look for the candidates").click()
    page.get_by_text("it should be much longer than the action").wait_for()


@pytest.fixture
def session(tmp_path, colour_model):
    """A server of a clip that is long for one action, of sunrise fifteen times, and of one that
    is just not."""
    shown = ["green"] * 190
    for n in range(15):
        shown[12 * n + 3 : 12 * n + 6] = ["black", "red", "yellow"]
    for name, seconds in (("long.mp4", 190), ("short.mp4", 180)):
        render(tmp_path / name, shown[:seconds], fps=1, size=(48, 64))
    model = ActAlign.from_pretrained(str(colour_model), fps=1, repeats=15)
    api = Serving(model, clips=tmp_path)
    yield api
    api.stop()


def test_a_long_clip_is_offered_the_places_of_each_action_beside_its_headline(browse, session):
    page = browse(session)
    page.set_viewport_size({"width": 1280, "height": 900})
    name_candidates(page)
    row, panel = page.locator("#body tr"), page.locator("#moments")
    align(page)
    row.first.click()
    until(page, "document.querySelector('#verdict').textContent.includes('long.mp4')")
    assert page.locator("#verdict strong").inner_text() == "sunrise, 15 times"
    note = page.locator("#warnings li").first.inner_text()
    assert note.startswith("This is one answer for the whole clip, which is long for a single")
    look = page.get_by_role("button", name="Look for the candidates")
    box = look.bounding_box()
    assert 0 <= box["y"] <= 900 - box["height"], "it is in view"

    # What is found is marked over the timeline too.
    look.click()
    page.locator("#located button").first.wait_for()
    marks = page.locator("#strip span")
    assert marks.count() == page.locator("#located button").count() == 15
    strip, timeline = (page.locator(one).bounding_box() for one in ("#strip", "#timeline"))
    assert strip["y"] + strip["height"] <= timeline["y"]
    assert (strip["x"], strip["width"]) == (timeline["x"], timeline["width"])
    last = marks.last.bounding_box()
    assert last["x"] - strip["x"] == pytest.approx(171 / 190 * strip["width"], abs=3)
    assert marks.last.get_attribute("title").startswith("171.0 to 174.0 s: sunrise")
    until(page, "document.querySelector('#video').readyState >= 1")
    marks.last.click()
    until(page, "Math.abs(document.querySelector('#video').currentTime - 171) < 0.1")
    accessible(page)
    page.set_viewport_size({"width": 400, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400

    # Of many repetitions ten are listed until more are asked for.
    steps = page.locator("#maps figure").first.locator("li")
    assert steps.count() == 3
    listed = steps.first.inner_text().splitlines()[1]
    assert listed.count(" to ") == 10
    assert listed.startswith("3.0 to 4.0 s, ")
    steps.first.get_by_text("Show 5 more").click()
    assert steps.first.get_by_text("171.0 to 172.0 s").is_visible()
    assert steps.last.get_by_text("173.0 to 174.0 s").is_hidden()
    assert page.locator("#maps figure").last.get_by_text("Show").count() == 0

    panel.locator("summary").click()  # it stays closed where the answer is scored again
    page.get_by_label("Candidate 2: steps, one per line").fill("blue")
    page.get_by_text("Scored again.").wait_for()
    until(page, "document.querySelector('#strip').childElementCount === 0")
    assert panel.get_attribute("open") is None
    row.last.click()
    until(page, "document.querySelector('#verdict').textContent.includes('short.mp4')")
    assert panel.get_attribute("open") is None
    assert "long for a single" not in page.locator("#warnings").inner_text()
    row.first.click()
    until(page, "document.querySelector('#verdict').textContent.includes('long.mp4')")
    assert panel.get_attribute("open") is not None
    row.last.click()
    until(page, "document.querySelector('#verdict').textContent.includes('short.mp4')")
    assert panel.get_attribute("open") is None, "of a short clip only who opens it sees it"
    panel.locator("summary").click()
    page.get_by_label("Candidate 2: steps, one per line").fill("red")
    page.get_by_text("Scored again.").wait_for()
    assert panel.get_attribute("open") is not None


@pytest.fixture
def medley(tmp_path, colour_model):
    """A server of a clip of nine actions, and of a tenth that is part of others."""
    steps = list(permutations(("black", "red", "yellow", "blue"), 3))[:9]
    shown = [name for one in steps for name in ("white",) * 12 + one]
    render(tmp_path / "medley.mp4", [*shown, *("white",) * 12], fps=1, size=(48, 64))
    api = Serving(ActAlign.from_pretrained(str(colour_model), fps=1), clips=tmp_path)
    api.candidates = [{"label": " ".join(one), "steps": one} for one in [*steps, steps[-1][:2]]]
    yield api
    api.stop()


def test_every_action_that_is_found_has_a_look_of_its_own(browse, medley):
    page = browse(medley)
    name_candidates(page, medley.candidates)
    align(page)
    page.get_by_text("Where does each action happen?").click()
    page.get_by_role("button", name="Look for the candidates").click()
    found = page.locator("#located button")
    found.first.wait_for()
    labels = [one.inner_text().partition(": ")[2].removesuffix("weak") for one in found.all()]
    count = len(set(labels))
    assert count > 6, labels
    background = "[...document.querySelectorAll('{}')].map(e => getComputedStyle(e).background)"
    looks = page.evaluate(background.format("#strip span"))
    assert page.evaluate(background.format("#located .swatch")) == looks
    assert len({*zip(labels, looks, strict=True)}) == len(set(looks)) == count
    # None lies over another, and none leaves the strip.
    boxes = [mark.bounding_box() for mark in page.locator("#strip span").all()]
    strip = page.locator("#strip").bounding_box()
    ends = [box["x"] + box["width"] - 0.1 for box in boxes]
    at_once = [
        (boxes[n], boxes[m])
        for n, m in combinations(range(len(boxes)), 2)
        if boxes[n]["x"] < ends[m] and boxes[m]["x"] < ends[n]
    ]
    assert at_once
    for one, other in at_once:
        low, high = sorted((one, other), key=lambda box: -box["y"])
        assert high["y"] + high["height"] <= low["y"]
    assert all(strip["y"] <= box["y"] for box in boxes)
    assert all(box["y"] + box["height"] <= strip["y"] + strip["height"] + 0.1 for box in boxes)
    accessible(page)


def test_fifty_actions_have_looks_that_differ_for_every_colour_vision(browse, serve, folder):
    page = browse(serve(clips=folder))
    looks, steps = page.evaluate("""async () => {
        const { look, COLOURS } = await import("/static/timeline.js");
        return [Array.from({ length: 50 }, (_, n) => look(n)), COLOURS];
    }""")
    assert len(set(looks)) == 50
    colours = looks[:6]
    assert all(one.endswith(colours[n % 6]) for n, one in enumerate(looks))
    for vision in COLOUR_VISIONS:
        # Also from those of steps, to which they are nothing.
        assert all(difference(*pair, vision) > 15 for pair in combinations([*colours, *steps], 2))


def test_what_was_looked_for_in_a_clip_is_shown_for_it_alone(browse, serve, folder):
    api = serve(clips=folder)
    page = aligned(browse, api)
    look = page.get_by_role("button", name="Look for the candidates")
    page.get_by_text("Where does each action happen?").click()
    held = []
    page.route("**/api/locate", lambda route: held.append(route))
    look.click()
    page.get_by_text("Looking …").wait_for()
    page.locator("#body tr").nth(1).click()
    until(page, "document.querySelector('#verdict').textContent.includes('clip1.mp4')")
    with page.expect_response("**/api/locate") as late:
        held.pop().continue_()
    late.value.finished()
    page.wait_for_timeout(200)
    assert page.locator("#located").inner_text() == ""
    page.unroute("**/api/locate")
    # Neither does it stay below an answer by other steps.
    page.get_by_text("Where does each action happen?").click()  # closed for another short clip
    look.click()
    page.get_by_text("No candidate stands out").wait_for()
    page.get_by_label("Candidate 1: steps, one per line").fill("blue")
    page.get_by_text("Scored again.").wait_for()
    until(page, "document.querySelector('#located').textContent === ''")


def test_all_moments_that_were_found_can_be_seen(browse, serve, folder):
    for n in range(3, 12):
        write_colours(folder / f"clip{n}.mp4", ["black", "red", "blue", "red", "green", "red"])
    page = aligned(browse, serve(clips=folder))
    page.locator("#phrase").fill("red")
    page.get_by_role("button", name="Search", exact=True).click()
    note, hits = page.locator("#search-note"), page.locator("#hits li")
    page.get_by_text("The best 30 of ").wait_for()
    count = int(note.inner_text().split()[4])
    limits = "best first; at most 3 of each clip and 100 in all."
    assert note.inner_text() == f"The best 30 of {count} moments in 12 encoded clips, {limits}"
    assert hits.count() == 30 < count <= 36
    page.get_by_role("button", name=f"Show {count - 30} more").click()
    assert note.inner_text() == f"{count} moments in 12 encoded clips, {limits}"
    assert hits.count() == count
    assert page.evaluate(f"{FOCUSED} === document.querySelectorAll('#hits button')[30]")
    assert page.locator("#more-hits").is_hidden()
    likeness = [float(text.rpartition(" ")[2]) for text in hits.all_inner_texts()]
    assert likeness == sorted(likeness, reverse=True)
    accessible(page)


def test_long_names_and_steps_leave_all_in_its_place(browse, serve, folder):
    (folder / "clip0.mp4").rename(folder / "a_name_that_is_long_and_has_no_space_in_it.mp4")
    page = browse(serve(clips=folder))
    name_candidates(page)
    names = [f"{colour} {'and something else ' * 8}".strip() for colour in ("red", "blue")]
    for n, name in enumerate(names, start=1):
        page.get_by_label(f"Candidate {n}: action").fill(name)
        long = "red and then a great many more words than the other steps have"
        page.get_by_label(f"Candidate {n}: steps, one per line").fill(f"black\n{long}\nyellow")
    align(page)
    tops = page.evaluate("[...document.querySelectorAll('#frames img')].map(i => i.offsetTop)")
    assert len(tops) == 3
    assert len(set(tops)) == 1
    # Of an action's name the table has two lines, and all of it where it is pointed at.
    shown = page.locator("#body .named")
    assert {one.get_attribute("title") for one in shown.all()} == set(names)
    lines = "e => e.offsetHeight / parseFloat(getComputedStyle(e).lineHeight)"
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert all(1.5 < one.evaluate(lines) < 2.1 for one in shown.all() if one.is_visible())
        ranked = page.locator("#ranking button").first
        assert ranked.evaluate("e => e.firstChild.offsetWidth > 0.8 * e.clientWidth")
    for width in (400, 840, 1024, 1280):  # the last column, what was said of a clip, is in sight
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator("#rows").evaluate("e => e.scrollWidth <= e.clientWidth"), width
    page.locator("#phrase").fill("red")
    page.get_by_role("button", name="Search", exact=True).click()
    page.locator("#hits").get_by_text("a_name_that_is_long").first.wait_for()
    found = "[...document.querySelectorAll('#hits button')]"
    assert page.evaluate(f"{found}.every(one => one.scrollWidth <= one.clientWidth)")


def test_a_row_that_failed_says_why(browse, serve, folder):
    (folder / "fake.mp4").write_text("no video")
    page = browse(serve(clips=folder))
    name_candidates(page)
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("3 of 4 clips aligned.").wait_for()
    error = page.locator("#body tr").last.locator(".bad").inner_text()
    page.locator("#body tr").first.click()
    page.locator("#body tr").last.click()
    until(page, "why => document.querySelector('#error').textContent === why", error)
    assert page.get_by_role("status").first.inner_text() == ""
    # There is no picture of such a file, which the browser reports by itself.
    assert all("400" in fault for fault in page.faults)
    page.faults.clear()


def test_an_alignment_goes_on_after_a_reload(browse, serve, folder, goes_on):
    api = serve(clips=folder)
    page = browse(api)
    name_candidates(page)
    page.locator("#body tr").nth(1).click()
    page.get_by_role("button", name="Only this clip").click()
    page.get_by_text("frames encoded").wait_for()
    page.reload()
    page.get_by_text("frames encoded").wait_for()
    assert "aligning" in page.locator("#body tr").nth(1).inner_text()
    assert page.get_by_role("button", name="Align", exact=True).is_disabled()
    accessible(page)
    goes_on.set()
    page.get_by_text("Done. Change a step").wait_for()
    assert "clip1.mp4" in page.locator("#verdict").inner_text()
    assert len(api.explorer.jobs) == 1

    # Cancelled after a reload, and then it is over.
    goes_on.clear()
    page.locator("#body tr").nth(2).click()
    page.get_by_role("button", name="Only this clip").click()
    page.get_by_text("frames encoded").wait_for()
    page.reload()
    page.get_by_text("frames encoded").wait_for()
    page.get_by_role("button", name="Cancel").click()
    goes_on.set()
    page.get_by_text("Cancelled.").wait_for()
    page.reload()
    page.locator("#body tr").nth(2).wait_for()
    align(page)
    assert len(api.explorer.jobs) == 4


def test_clips_that_waited_are_aligned_after_a_reload(browse, serve, folder, goes_on):
    api = serve(clips=folder)
    page = aligning(browse, api)
    page.reload()
    page.get_by_text("Clip 1 of 3: ").wait_for()
    assert page.get_by_role("status").first.inner_text() == "Aligning the 3 clips that are left …"
    assert page.get_by_role("button", name="Only this clip").is_hidden()  # Cancel has its place
    assert "waiting" in page.locator("#body tr").nth(2).inner_text()
    goes_on.set()
    page.get_by_text("Done. Change a step").wait_for()
    assert "not aligned" not in page.locator("#body").inner_text()
    assert len(api.explorer.jobs) == 3
    page.reload()  # and then no more
    page.locator("#verdict strong").wait_for()
    assert page.get_by_role("button", name="Align", exact=True).is_enabled()


@pytest.mark.parametrize("arrives", [True, False], ids=["answer lost", "request lost"])
def test_a_job_without_an_answer_goes_on_after_a_reload(browse, serve, folder, goes_on, arrives):
    api = serve(clips=folder)
    page = browse(api)
    name_candidates(page)
    asked = []

    def lose(route):
        if arrives:
            page.context.request.fetch(route.request)
        asked.append(route.request.post_data_json["job"])

    page.route("**/api/jobs", lose, times=1)
    page.locator("#body tr").nth(1).click()
    page.get_by_role("button", name="Only this clip").click()
    while not asked:
        page.wait_for_timeout(20)
    assert len(api.explorer.jobs) == arrives
    page.reload()
    page.get_by_text("frames encoded").wait_for()
    goes_on.set()
    page.get_by_text("Done. Change a step").wait_for()
    assert "clip1.mp4" in page.locator("#verdict").inner_text()
    assert list(api.explorer.jobs) == asked


class Held:
    """Requests get no answer, but for the first ones; those sent before `let_pass` never do."""

    def __init__(self, page, what, after=0):
        self._page, self._left, self._held = page, after, []
        page.route(f"**/api/{what}", self._hold)

    def _hold(self, route):
        if self._left > 0:
            self._left -= 1
            route.continue_()
        else:
            self._held.append(route)

    def wait(self):
        """Until one is held: from then on it can't be answered before the page is left."""
        for _ in range(50 * DEADLOCK_SECONDS):
            if self._held:
                return
            self._page.wait_for_timeout(20)
        raise AssertionError("no request was held")

    def let_pass(self):
        self._left = 1000

    def abort(self):
        """As if the server had gone away."""
        self._held[0].abort()


def steps_asked(api, clip):
    return api.explorer.results[api.explorer.clips[clip].result].asked.scripts[0].steps


def test_clips_are_scored_anew_after_a_reload(browse, serve, folder):
    api = serve(clips=folder)
    page = aligned(browse, api)
    clips = api.explorer.folder_clips
    first = page.get_by_label("Candidate 1: steps, one per line")
    scorings, infos = Held(page, "score"), Held(page, "info")
    with page.expect_navigation():
        first.evaluate(CHANGE_AND_LEAVE, "blue")
    infos.wait()  # the page is left again before it has begun
    infos.let_pass()
    page.reload()
    scorings.wait()
    scorings.let_pass()
    page.reload()
    page.get_by_text("Done. Change a step").wait_for()
    assert steps_asked(api, clips[0]) == ("blue",)
    scorings = Held(page, "score")
    first.fill("green")
    scorings.wait()
    scorings.let_pass()
    page.reload()
    page.get_by_text("Done. Change a step").wait_for()
    assert steps_asked(api, clips[0]) == ("green",)
    assert first.input_value() == "- green"

    scorings = Held(page, "score", after=1)
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Clip 2 of 3: scoring").wait_for()
    scorings.wait()
    scorings.let_pass()
    page.reload()
    page.get_by_text("Done. Change a step").wait_for()
    assert {steps_asked(api, clip) for clip in clips} == {("green",)}
    assert len(api.explorer.jobs) == 3
    known = len(api.explorer.results)
    page.reload()  # and then no more
    page.locator("#verdict strong").wait_for()
    page.wait_for_load_state("networkidle")
    assert len(api.explorer.results) == known


def test_an_edit_during_an_alignment_is_scored_after_a_reload_too(browse, serve, folder):
    api = serve(clips=folder)
    page = aligned(browse, api)
    scorings = Held(page, "score", after=1)
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Clip 2 of 3: scoring").wait_for()
    scorings.wait()
    page.get_by_label("Candidate 1: steps, one per line").fill("blue")  # the first clip is open
    scorings.let_pass()
    page.reload()
    page.get_by_text("Done. Change a step").wait_for()
    assert {steps_asked(api, clip) for clip in api.explorer.folder_clips} == {("blue",)}


def test_an_edit_while_the_server_goes_away_loses_no_clip_that_waits(browse, serve, folder):
    api = serve(clips=folder)
    page = aligned(browse, api)
    scorings = Held(page, "score")
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Clip 1 of 3: scoring").wait_for()
    scorings.wait()
    page.get_by_label("Candidate 1: steps, one per line").fill("blue")
    page.route("**/api/*", lambda route: route.abort())
    scorings.abort()
    page.locator("#error").get_by_text("The server does not answer").wait_for()
    until(page, "!document.querySelector('#align').disabled")
    assert page.faults
    page.faults.clear()
    page.unroute_all()
    page.reload()
    page.get_by_text("Done. Change a step").wait_for()
    assert {steps_asked(api, clip) for clip in api.explorer.folder_clips} == {("blue",)}


def test_clips_that_are_scored_anew_can_be_cancelled(browse, serve, folder):
    api = serve(clips=folder)
    page = aligned(browse, api)
    page.evaluate(HOLD_ANSWERS)
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Clip 1 of 3: scoring").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.evaluate("goOn()")
    page.get_by_text("Cancelled.").wait_for()
    assert len(api.explorer.results) == 3 + 1


def test_what_is_changed_after_a_link_stays_over_a_reload(browse, serve, folder):
    page = aligned(browse, serve(clips=folder))
    page.get_by_role("link", name="Link to this result").click()
    assert "#" in page.url
    page.reload()
    page.locator("#verdict strong").wait_for()
    assert "#" in page.url
    first = page.get_by_label("Candidate 1: steps, one per line")
    first.fill("blue")
    page.get_by_text("Scored again.").wait_for()
    page.reload()
    page.locator("#verdict strong").wait_for()
    assert first.input_value() == "- blue"


def test_a_border_that_was_just_moved_is_saved_though_the_page_is_left(browse, serve, folder):
    api = serve(clips=folder)
    page = aligned(browse, api)
    clip = api.explorer.clips[api.explorer.folder_clips[0]]
    border = page.locator("#timeline .border").nth(1)
    border.focus()
    page.keyboard.press("ArrowLeft")
    moved = float(border.get_attribute("aria-valuenow"))
    page.reload()
    wait_for(lambda: clip.truth)
    assert clip.truth.question.intervals[0].end == pytest.approx(moved, abs=0.01)
    border.wait_for()
    assert float(border.get_attribute("aria-valuenow")) == moved


def test_files_that_were_not_uploaded_before_a_reload_are_named(browse, serve, folder, tmp_path):
    page = browse(serve(clips=folder))
    (tmp_path / "more").mkdir()
    paths = [write_video(tmp_path / "more" / f"upload{n}.mp4", 12) for n in range(3)]
    page.route("**/api/clips?name=upload1.mp4", lambda route: None)  # its upload never ends
    page.set_input_files("#file", list(map(str, paths)))
    page.get_by_text("Uploading upload1.mp4, 2 of 3").wait_for()
    page.reload()
    page.locator("#body .bad").first.wait_for()
    rows = page.locator("#body tr")
    assert rows.count() == 3 + 3
    assert "not aligned" in rows.filter(has_text="upload0.mp4").inner_text()
    for name in ("upload1.mp4", "upload2.mp4"):
        assert "drop it here again" in rows.filter(has_text=name).inner_text()
    page.reload()
    page.locator("#body tr").first.wait_for()
    assert page.locator("#body .bad").count() == 0


def test_align_waits_for_the_clips_that_are_being_uploaded(browse, serve, folder, tmp_path):
    page, held = browse(serve(clips=folder)), []
    name_candidates(page)
    page.route("**/api/clips?name=mine.mp4", lambda route: held.append(route))
    (tmp_path / "more").mkdir()
    page.set_input_files("#file", str(write_video(tmp_path / "more" / "mine.mp4", 12)))
    page.get_by_text("Uploading mine.mp4").wait_for()
    page.get_by_role("button", name="Align", exact=True).press("Enter")
    assert page.get_by_role("button", name="Align", exact=True).is_disabled()
    held.pop().continue_()
    page.get_by_text("Done. Change a step").wait_for()
    until(page, f"{FOCUSED}.id === 'align'")  # who works by keys goes on there
    assert page.locator("#body tr").count() == 4
    assert "not aligned" not in page.locator("#body").inner_text()


def test_a_click_beside_everything_takes_the_focus_for_good(browse, serve, folder, goes_on):
    page = aligning(browse, serve(clips=folder))
    page.mouse.click(3, 500)
    goes_on.set()
    page.get_by_text("Done. Change a step").wait_for()
    until(page, "!document.querySelector('#align').disabled")
    assert page.evaluate(f"{FOCUSED} === document.body")
    page.get_by_role("button", name="Align", exact=True).press("Enter")
    page.get_by_text("Aligning 3 clips").wait_for()
    until(page, f"{FOCUSED}.id === 'align'")


@pytest.mark.parametrize("cancelled", [False, True])
def test_align_that_waits_comes_after_a_single_clip(
    browse, serve, folder, tmp_path, goes_on, cancelled
):
    page, held = browse(serve(clips=folder)), []
    name_candidates(page)
    page.locator("#body tr").first.click()
    page.route("**/api/clips?name=mine.mp4", lambda route: held.append(route))
    (tmp_path / "more").mkdir()
    page.set_input_files("#file", str(write_video(tmp_path / "more" / "mine.mp4", 12)))
    page.get_by_text("Uploading mine.mp4").wait_for()
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_role("button", name="Only this clip").click()
    page.get_by_text("frames encoded").wait_for()
    held.pop().continue_()  # the file is there before that clip is aligned
    page.get_by_text("mine.mp4: ").wait_for()
    if cancelled:
        page.get_by_role("button", name="Cancel").click()
        goes_on.set()
        page.get_by_text("Cancelled.").wait_for()
        until(page, "!document.querySelector('#align').disabled")
        assert page.locator("#body").get_by_text("not aligned").count() == 4
        return
    goes_on.set()
    page.get_by_text("Done. Change a step and the open clip").wait_for()
    assert page.locator("#body").get_by_text("not aligned").count() == 0


def test_a_file_whose_upload_broke_off_is_named_after_a_reload_too(browse, serve, folder, tmp_path):
    page = browse(serve(clips=folder))
    (tmp_path / "more").mkdir()
    paths = [write_video(tmp_path / "more" / f"upload{n}.mp4", 12) for n in range(2)]
    page.route("**/api/clips?name=upload0.mp4", lambda route: route.abort())
    page.route("**/api/clips?name=upload1.mp4", lambda route: None)  # its upload never ends
    page.set_input_files("#file", list(map(str, paths)))
    page.get_by_text("Uploading upload1.mp4, 2 of 2").wait_for()
    page.reload()
    page.locator("#body .bad").first.wait_for()
    for name in ("upload0.mp4", "upload1.mp4"):
        row = page.locator("#body tr").filter(has_text=name)
        assert "drop it here again" in row.inner_text()
    page.faults.clear()  # the browser reports the upload that broke off by itself


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        (
            "Seitheben:\n1. Arme hängen\n2) Arme heben\na) Arme senken\n– still stehen",
            [("Seitheben", "Arme hängen|Arme heben|Arme senken|still stehen")],
        ),
        (
            "• Seitheben\n  1. Arme hängen\n  2. Arme heben\n• Stütz\n  - Arme gestreckt",
            [("Seitheben", "Arme hängen|Arme heben"), ("Stütz", "Arme gestreckt")],
        ),
        (
            "1. Seitheben\n- Arme hängen\nArme heben\n2. Stütz",
            [("Seitheben", "Arme hängen|Arme heben"), ("Stütz", "")],
        ),
        (
            "- Seitheben\n    - Arme hängen\n- Stütz\n    - Arme gestreckt",
            [("Seitheben", "Arme hängen"), ("Stütz", "Arme gestreckt")],
        ),
        (
            "1.\tSeitheben\n\to\tArme hängen\n\to\tArme heben\n2.\tStütz",  # as Word copies it
            [("Seitheben", "Arme hängen|Arme heben"), ("Stütz", "")],
        ),
        (  # copied without its first indent
            "1. Seitheben\n 2. Stütz\n 3. seitheben\n    - Arme hängen",
            [("Seitheben", "Arme hängen"), ("Stütz", "")],
        ),
        (
            "1. Seitheben\n  1. Arme hängen\n  2. Arme heben\n2. Stütz",
            [("Seitheben", "Arme hängen|Arme heben"), ("Stütz", "")],
        ),
        (
            "\uf0b7\tSeitheben\n\uf0b7\tStütz\n➢ 90° halten\n✔ Brücke",  # of Word and of PDF files
            [("Seitheben", ""), ("Stütz", ""), ("90° halten", ""), ("Brücke", "")],
        ),
        (
            "Seitheben\n- Arme\thängen",
            [("Seitheben", "Arme\thängen")],
        ),
        (
            "Seitheben\n  Stütz\n90 Grad halten",
            [("Seitheben", ""), ("Stütz", ""), ("90 Grad halten", "")],
        ),
    ],
)
def test_a_list_copied_keeps_its_actions_and_steps(browse, serve, folder, lines, read):
    page = browse(serve(clips=folder))
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill(lines)
    page.get_by_role("button", name="Use these lines").click()
    until(page, "!document.querySelector('#lists').open")
    assert page.locator("#candidates .candidate").count() == len(read)
    for n, (label, steps) in enumerate(read, start=1):
        assert page.get_by_label(f"Candidate {n}: action").input_value() == label
        said = page.get_by_label(f"Candidate {n}: steps, one per line").input_value()
        assert said == "\n".join(f"- {step}" for step in filter(None, steps.split("|")))


def test_how_a_list_was_read_is_still_said_when_the_open_clip_is_scored_by_it(
    browse, serve, folder
):
    page = aligned(browse, serve(clips=folder))
    page.clock.install()
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("My exercises:\n• push up\n• red\n• push up")
    page.get_by_role("button", name="Use these lines").click()
    read = "1 action with 3 steps read; if its steps are actions, paste them without the line above"
    page.get_by_text(read).wait_for()
    page.clock.run_for(1000)
    page.get_by_text("Scored again.").wait_for()
    assert read in page.get_by_role("status").first.inner_text()
    page.get_by_label("Candidate 1: steps, one per line").fill("red")
    page.clock.run_for(1000)
    until(page, "document.querySelector('#status').textContent === 'Scored again.'")


def test_how_a_list_was_read_is_still_said_when_the_clips_are_aligned(
    browse, serve, folder, goes_on
):
    page = aligning(browse, serve(clips=folder))
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("red\n- red\n- blue")
    page.get_by_role("button", name="Use these lines").click()
    read = page.get_by_text("1 action with 2 steps read")
    read.wait_for()
    goes_on.set()
    page.get_by_text("Scored again.").wait_for()
    assert read.is_visible()


TABLES = {
    "a step in each cell": (
        "push up\tarms straight\tchest low\nsquat\thips low\t\n\t\t\nmy hop\t\t",
        [("push up", ["arms straight|chest low"]), ("squat", ["hips low"]), ("my hop", [""])],
        "3 actions with 3 steps read from a table, whose first column names the action.",
    ),
    "headings and a column of numbers": (
        "\tÜbung\tSchritt 1\tSchritt 2\n"
        "1\tSeitheben\tArme hängen\tArme heben\n2\tStütz\tArme gestreckt\t",
        [("Seitheben", ["Arme hängen|Arme heben"]), ("Stütz", ["Arme gestreckt"])],
        "; the row of headings and the column of numbers left out.",
    ),
    "a heading of the numbers, steps that are numbers there, and a number alone": (
        "No.\taction\t1\t2\n1\tpush up\tarms straight\tchest low\n2",
        [("push up", ["arms straight|chest low"])],
        "1 action with 2 steps read from a table, whose first column names the action; "
        "the row of headings and the column of numbers left out.",
    ),
    "all steps in one cell": (
        'action\tsteps\npush up\t"arms straight\n- chest ""low"""\n'
        "squat\tstand; hips low\nlunge\t1. stand 2. one knee low\nplank\tarms bent, body straight",
        [
            ("push up", ['arms straight|chest "low"']),
            ("squat", ["stand|hips low"]),
            ("lunge", ["stand|one knee low"]),
            ("plank", ["arms bent, body straight"]),
        ],
        "4 actions with 7 steps read from a table, whose first column names the action; "
        "the row of headings left out.",
    ),
    "a step in each row": (
        "push up\tarms straight\n\tchest low\nsquat\tstand\nsquat\thips low",
        [("push up", ["arms straight|chest low"]), ("squat", ["stand|hips low"])],
        "2 actions with 4 steps",
    ),
    "a wording in each row": (
        "push up\tarms straight\tchest low\npush up\tlong arms\tnose near the floor",
        [("push up", ["arms straight|chest low", "long arms|nose near the floor"])],
        "; further rows of an action are 1 more wording.",
    ),
}


def test_cells_of_a_sheet_are_actions_and_their_steps(browse, serve, folder):
    page = browse(serve(clips=folder))
    for text, read, said in TABLES.values():
        page.evaluate("sessionStorage.clear(); localStorage.clear()")
        page.reload()
        page.locator("#body tr").first.wait_for()
        reads_a_table(page, text, read, said)


def reads_a_table(page, text, read, said):
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill(text)
    page.get_by_role("button", name="Use these lines").click()
    until(page, "!document.querySelector('#lists').open")
    page.locator("#status").get_by_text(said).wait_for()
    cards = page.locator("#candidates .candidate")
    assert cards.count() == len(read)
    for card, (label, wordings) in zip(cards.all(), read, strict=True):
        assert card.locator("input").first.input_value() == label
        boxes = [box.input_value() for box in card.locator("textarea").all()]
        wanted = [one.split("|") if one else [] for one in wordings]
        assert boxes == ["\n".join(f"- {step}" for step in steps) for steps in wanted]


def test_pasted_steps_of_an_action_that_has_some_are_another_wording(browse, serve, folder):
    page = browse(serve(clips=folder))
    page.get_by_label("Candidate 1: action").fill("red thing")
    page.get_by_label("Candidate 2: action").fill("blue thing")
    page.get_by_label("Candidate 2: steps, one per line").fill("my own")
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("Red thing\tred\tdark red\nblue thing\tblue\tdark blue")
    page.get_by_role("button", name="Use these lines").click()
    page.get_by_text("The steps of blue thing are another wording of those that").wait_for()
    said = [page.get_by_label(f"Candidate {n}: steps, one").input_value() for n in (1, 2)]
    assert said == ["- red\n- dark red", "- my own"]
    second = page.get_by_label("Candidate 2: steps in wording 2, one per line")
    assert second.input_value() == "- blue\n- dark blue"
    assert page.locator("#candidates .candidate").count() == 2


def test_a_step_that_is_too_long_is_named_as_the_page_shows_it(browse, serve, folder):
    page = browse(serve(clips=folder))
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill(f"red\n- red\nblue\n- blue\n- {'blue ' * 101}\n")
    page.get_by_role("button", name="Use these lines").click()
    page.get_by_role("button", name="Align", exact=True).click()
    said = "Step 2 of “blue” is wrong: give a text of at most 500 characters."
    page.get_by_text(said).first.wait_for()
    assert page.locator("#error").inner_text() == said
    page.get_by_label("Candidate 2: action").fill("b" * 201)
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text(
        f"The action “{'b' * 60} …” is wrong: give a text of at most 200"
    ).first.wait_for()
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("".join(f"my move {n}\n" for n in range(49)))
    page.get_by_role("button", name="Use these lines").click()
    page.get_by_text("49 actions read").wait_for()
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("There are 51 candidates; name at most 50.").first.wait_for()
    page.faults.clear()  # the browser reports the refusals by itself


def test_an_action_without_steps_is_saved_and_opened_without(browse, serve, folder):
    page = browse(serve(clips=folder))
    page.get_by_text("Lists: paste").click()
    page.locator("#lines").fill("red\nblue\n- blue\n- black")
    page.get_by_role("button", name="Use these lines").click()
    until(page, "!document.querySelector('#lists').open")
    page.get_by_text("Lists: paste").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the list (YAML)").click()
    page.set_input_files("#open-list", download.value.path())
    page.get_by_text("2 candidates.").wait_for()
    assert page.get_by_label("Candidate 1: steps, one per line").input_value() == ""
    assert page.get_by_label("Candidate 2: steps, one per line").input_value() == "- blue\n- black"
