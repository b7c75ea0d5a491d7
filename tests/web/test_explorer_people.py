"""A visit with a clip of two people, where the encoder follows everyone."""

from tests.command import DEADLOCK_SECONDS
from tests.people_scenes import QUESTION
from tests.web.pages import IN_A_BROWSER, accessible, name_candidates, until

pytestmark = IN_A_BROWSER


def test_a_person_is_chosen_on_the_page(browser, people_served):
    api = people_served()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * DEADLOCK_SECONDS)
    faults = []
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: faults.append(str(e)))
    page.goto(f"http://127.0.0.1:{api.port}/")
    page.locator("#body tr").nth(1).wait_for()
    name_candidates(page, QUESTION)
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Done. Change a step").wait_for()
    names = page.locator("#body tr td:nth-child(2)").all_inner_texts()
    assert names == ["empty.mp4", "pair.mp4-person1", "pair.mp4-person2"]
    page.locator("#body tr").nth(1).click()
    people = page.get_by_role("group", name="People in this clip").get_by_role("button")
    people.nth(1).wait_for()
    assert people.nth(0).get_attribute("aria-pressed") == "true"
    video = "document.querySelector('#video')"
    until(page, f"{video}.readyState >= 2")
    page.evaluate(f"{video}.currentTime = 0.8")
    boxes = "[...document.querySelectorAll('.box')]"
    until(page, f"{boxes}.length === 2 && {boxes}.every(one => !one.hidden)")
    # Each box lies over the side of the picture on which its person is.
    left = f"{boxes}.map(one => one.offsetLeft)"
    middle = page.evaluate(f"{video}.offsetLeft + {video}.clientWidth / 2")
    assert sorted(x < middle for x in page.evaluate(left)) == [False, True]
    chosen = f"{boxes}.findIndex(one => one.classList.contains('chosen'))"
    assert page.evaluate(chosen) == 0
    source = page.evaluate(f"{video}.src")
    people.nth(1).click()
    until(page, f"{chosen} === 1")
    assert "pair.mp4-person2" in page.locator("#verdict small").inner_text()
    assert "2 people in " in page.locator("#verdict small").inner_text()
    steps = page.get_by_role("link", name="Steps (CSV)")
    assert steps.get_attribute("download") == "pair-mp4-person2.steps.csv"
    assert page.evaluate(f"{video}.src") == source, "the video plays on"
    assert page.evaluate("document.activeElement.textContent").startswith("Person 2")
    page.keyboard.press("r")
    until(page, "document.querySelector('#truth').textContent.includes('right')")
    accessible(page)
    page.reload()
    page.locator("#body tr").nth(2).wait_for()
    people.nth(1).wait_for()
    assert people.nth(1).get_attribute("aria-pressed") == "true"
    assert page.locator("#body tr").count() == 3
    assert "predict_many" in page.locator("#python").text_content()
    page.locator("#body tr").nth(0).click()
    until(page, "document.querySelector('#people').hidden")
    assert page.locator(".box").count() == 0
    assert page.locator("#verdict small").inner_text().startswith("empty.mp4: ")  # as in the table
    assert faults == []
    page.close()
