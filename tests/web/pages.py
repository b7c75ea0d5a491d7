"""What tests of the page in headless Chromium share."""

import shutil

import pytest

from tests.colour_clips import CANDIDATES
from tests.command import wait_for

CHROMIUM = shutil.which("chromium")
IN_A_BROWSER = [
    pytest.mark.usefixtures("sockets_of_others"),
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the chromium program"),
    # uvicorn and Chromium's driver close their sockets when the process ends.
    pytest.mark.filterwarnings("default::ResourceWarning"),
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("default::DeprecationWarning"),
]


def leave(browser, faults):
    """Close what a test opened in the browser, which the file's tests share; nothing may have gone
    wrong until then. What a page says meanwhile may be that its server has ended."""
    happened = [*faults]
    for context in browser.contexts:
        context.close()
    assert happened == []


def accessible(page):
    axe = pytest.importorskip("axe_core_python.sync_playwright").Axe()
    found = axe.run(page)["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []


def until(page, expression, argument=None):
    """Wait until an expression holds; the page's own policy forbids Playwright's way of waiting."""
    wait_for(lambda: page.evaluate(expression, argument))


def name_candidates(page, candidates=CANDIDATES):
    page.get_by_text("Lists: paste").click()
    lines = [f"{one['label']}\n" + "".join(f"- {s}\n" for s in one["steps"]) for one in candidates]
    page.locator("#lines").fill("".join(lines))
    page.get_by_role("button", name="Use these lines").click()


def aligning(browse, api):
    """A page whose three clips are being aligned, the first one as long as it is held."""
    page = browse(api)
    name_candidates(page)
    page.get_by_role("button", name="Align", exact=True).click()
    page.get_by_text("Clip 1 of 3: ").wait_for()
    return page
