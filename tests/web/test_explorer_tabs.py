"""A visit with several tabs of one browser: each is a place of its own."""

from tests.media import write_video
from tests.web.pages import IN_A_BROWSER, aligning, name_candidates

pytestmark = IN_A_BROWSER


def opened(page):
    """The page once it is drawn, with nothing under way."""
    page.locator("#body tr").first.wait_for()
    page.wait_for_load_state("networkidle", timeout=60_000)  # a job that is followed is asked after
    assert page.get_by_role("button", name="Align", exact=True).is_enabled()
    assert page.get_by_role("button", name="Cancel").is_hidden()
    assert "waiting" not in page.locator("#body").inner_text()
    return page


def labels(page):
    return page.evaluate(
        "[...document.querySelectorAll('.candidate > input')].map(one => one.value)"
    )


def test_what_is_under_way_is_one_tabs_alone(browse, serve, folder, goes_on):
    api = serve(clips=folder)
    first = aligning(browse, api)
    second = first.context.new_page()
    second.goto(first.url)
    opened(second)
    with first.expect_popup() as duplicate:  # gets a copy of the tab's storage, as a duplicate does
        first.evaluate("window.open(location.href)")
    third = opened(duplicate.value)
    third.reload()
    opened(third)
    third.locator("#body tr").nth(2).click()
    third.get_by_role("button", name="Only this clip").click()
    third.get_by_text("waiting for its turn").wait_for()
    third.get_by_role("button", name="Cancel").click()
    third.get_by_text("Cancelled.").wait_for()

    first.reload()
    first.get_by_text("Clip 1 of 3: ").wait_for()
    goes_on.set()
    first.get_by_text("Done. Change a step").wait_for()
    assert "not aligned" not in first.locator("#body").inner_text()
    assert len(api.explorer.jobs) == 3 + 1


def test_work_goes_on_in_a_tab_that_crashed(browse, serve, folder, goes_on, tmp_path):
    api = serve(clips=folder)
    page = aligning(browse, api)
    page.route("**/api/clips?name=mine.mp4", lambda route: None)  # its upload never ends
    page.set_input_files("#file", str(write_video(tmp_path / "mine.mp4", 12)))
    page.get_by_text("Uploading mine.mp4").wait_for()
    page.evaluate("Storage.prototype.removeItem = () => {}")  # a crash tidies up nothing
    page.reload()
    page.get_by_text("Clip 1 of 3: ").wait_for()
    assert "The page was left before" in page.locator("#body .bad").inner_text()
    with page.expect_popup() as duplicate:
        page.evaluate("window.open(location.href)")
    opened(duplicate.value)
    goes_on.set()
    page.get_by_text("Done. Change a step").wait_for()
    assert len(api.explorer.jobs) == 3


def test_a_new_tab_begins_with_the_clips_and_candidates_of_the_last(
    browse, serve, folder, tmp_path
):
    first = browse(serve(clips=folder))
    name_candidates(first)
    first.set_input_files("#file", str(write_video(tmp_path / "mine.mp4", 12)))
    first.get_by_text("mine.mp4: ").wait_for()
    second = first.context.new_page()
    second.goto(first.url)
    opened(second)
    assert second.locator("#body").get_by_role("button", name="mine.mp4").count() == 1
    assert labels(second) == labels(first) == ["sunrise", "sunset"]
    second.get_by_label("Candidate 2: action").fill("night")
    first.reload()
    opened(first)
    assert labels(first) == ["sunrise", "sunset"]
    second.reload()
    opened(second)
    assert labels(second) == ["sunrise", "night"]


def test_an_upload_of_one_tab_is_not_lost_in_its_duplicate(browse, serve, folder, tmp_path):
    first = browse(serve(clips=folder))
    first.route("**/api/clips?name=mine.mp4", lambda route: None)  # its upload never ends
    first.set_input_files("#file", str(write_video(tmp_path / "mine.mp4", 12)))
    first.get_by_text("Uploading mine.mp4").wait_for()
    with first.expect_popup() as duplicate:
        first.evaluate("window.open(location.href)")
    assert opened(duplicate.value).locator("#body .bad").count() == 0
    first.reload()
    first.locator("#body .bad").wait_for()
