"""The lines of a picture on the start page: chosen, cropped and corrected, by mouse and by keys."""

from __future__ import annotations

import re

import pytest

from encoder.boxes import Box
from encoder.browser import available
from tests.api_fake import FakeCatalog
from tests.search_page import choose, families, until, wait_for

if not available():
    pytest.skip("no Chromium here", allow_module_level=True)

from playwright.sync_api import Locator, Page, expect

HEAD, FOOT, NOTE = Box(10, 10, 250, 40), Box(10, 60, 150, 75), Box(10, 80, 150, 95)


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def lined(page: Page, catalog: FakeCatalog) -> Page:
    """A picture of three lines in two fonts, answered."""
    catalog.lines = [
        (HEAD, "Hamburg", "playfair-display"),
        (FOOT, "from nine", "space-mono"),
        (NOTE, "till five", "space-mono"),
    ]
    choose(page)
    wait_for(page, 4)
    return page


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the picture of 300 x 100 is on the screen."""
    area = page.locator("#frame").bounding_box()
    assert area is not None
    return area["x"] + area["width"] * x / 300, area["y"] + area["height"] * y / 100


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, *end), steps=4)
    page.mouse.up()


def wait_for_crop(page: Page, catalog: FakeCatalog, expected: Box) -> None:
    """The last search asked for this crop; a slow drag may ask for others on its way."""
    for _ in range(100):
        found = catalog.calls.get("crop")
        if found is not None and near(found, expected):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{found} was asked for, not {expected}")


def near(one: Box, other: Box) -> bool:
    """The same box but for a pixel of rounding."""
    return all(abs(a - b) <= 1 for a, b in zip(one.as_list(), other.as_list(), strict=True))


def font(page: Page, name: str) -> Locator:
    return page.locator("#fonts").get_by_role("button", name=name)


def test_every_font_of_the_picture_is_named(lined: Page, catalog: FakeCatalog) -> None:
    """Lines are grouped by font, the rows are about the first one; choosing another shows its."""
    expect(lined.locator("#found-title")).to_have_text("3 lines in 2 fonts")
    names = lined.locator("#fonts button").all_inner_texts()
    assert [" ".join(name.split()) for name in names] == [
        "Playfair Display “Hamburg”",
        "Space Mono “from nine”",
    ]
    expect(font(lined, "Playfair")).to_have_attribute("aria-pressed", "true")
    font(lined, "Space Mono").press("Enter")
    until(lambda: catalog.calls["crop"] == FOOT)
    expect(font(lined, "Space Mono")).to_have_attribute("aria-pressed", "true")
    expect(font(lined, "Playfair")).to_have_attribute("aria-pressed", "false")
    expect(lined.locator("#verdict")).to_have_text("Most likely Space Mono")
    assert families(lined)[0] == "Space Mono"
    expect(lined.locator("#found-title")).to_have_text("3 lines in 2 fonts")


def test_a_line_is_chosen_by_a_click(lined: Page, catalog: FakeCatalog) -> None:
    """Its rows are there before the service answers; beside the crop the whole picture is back."""
    lined.route("**/v1/search**", lambda route: None)  # no answer
    lined.mouse.click(*at(lined, 100, 67))
    expect(lined.locator("#said")).to_have_value("from nine")
    assert families(lined)[0] == "Space Mono"
    lined.unroute("**/v1/search**")
    lined.mouse.click(*at(lined, 100, 87))  # another line, without leaving the first
    until(lambda: catalog.calls["crop"] == NOTE)
    expect(lined.locator("#said")).to_have_value("till five")
    lined.mouse.click(*at(lined, 280, 90))
    until(lambda: catalog.calls["crop"] is None)
    expect(lined.locator("#crop")).to_be_hidden()
    expect(lined.locator("#said")).to_have_value("Hamburg")


def test_a_line_is_chosen_by_keys(lined: Page, catalog: FakeCatalog) -> None:
    """One stop of the Tab key, arrows from line to line, Enter for its crop, Escape back to it."""
    lines = lined.get_by_role("button", name="search this line only")
    expect(lines).to_have_count(3)
    assert lines.evaluate_all("all => all.map((line) => line.tabIndex)") == [0, -1, -1]
    lines.first.focus()
    lined.keyboard.press("ArrowDown")
    lined.keyboard.press("End")
    expect(lined.get_by_role("button", name="Line 3, “till five”")).to_be_focused()
    lined.keyboard.press("Enter")
    until(lambda: catalog.calls["crop"] == NOTE)
    expect(lined.locator("#crop")).to_be_focused()
    lined.keyboard.press("Escape")
    until(lambda: catalog.calls["crop"] is None)
    expect(lined.get_by_role("button", name="Line 3, “till five”")).to_be_focused()


def test_the_words_are_corrected_where_they_are(lined: Page, catalog: FakeCatalog) -> None:
    """The field stands below its line, or where it covers none; its words are searched."""
    field = lined.get_by_label("It says")
    expect(field).to_have_value("Hamburg")
    assert catalog.calls["text"] is None
    above = covering(lined)
    assert max(above) < 0  # the lines below it leave no room
    with lined.expect_response(lambda r: "text=Homburg" in r.url and "search" in r.url):
        field.fill("Homburg")
    assert catalog.calls["text"] == "Homburg"
    expect(lined.locator(".match").first.get_by_alt_text("“Homburg” in")).to_be_visible()
    lined.mouse.click(*at(lined, 100, 87))
    expect(field).to_have_value("till five")
    assert -20 < covering(lined)[-1] < 0
    until(lambda: catalog.calls["crop"] == NOTE)
    assert catalog.calls["text"] is None  # what was typed was about the other line


def test_the_words_are_those_of_the_line_that_was_compared(
    page: Page, catalog: FakeCatalog
) -> None:
    """... though another line of its font takes more room; what is corrected is that line."""
    catalog.lines = [(HEAD, "Hamburg", "space-mono"), (FOOT, "from nine", "space-mono")]
    catalog.lead = 1
    choose(page)
    wait_for(page, 4)
    expect(page.get_by_label("It says")).to_have_value("from nine")
    expect(font(page, "Space Mono")).to_contain_text("“from nine”")
    expect(page.locator("#lines .chosen")).to_have_attribute("aria-label", re.compile("from nine"))
    expect(page.locator(".match").first.get_by_alt_text("“from nine” in")).to_be_visible()
    page.get_by_label("It says").fill("from none")
    expect(font(page, "Space Mono")).to_contain_text("“from none”")


def test_a_key_at_the_edge_changes_nothing(page: Page, catalog: FakeCatalog) -> None:
    """A crop that cannot move further keeps the words that were corrected, and asks nobody."""
    choose(page)
    wait_for(page, 4)
    drag(page, (150, 70), (-5, -5))
    wait_for_crop(page, catalog, Box(0, 0, 150, 70))
    page.get_by_label("It says").fill("Homburg")
    until(lambda: catalog.calls["text"] == "Homburg")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#crop").focus()
    for key in ("ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)  # longer than a search waits for the next key
    assert asked == []
    page.keyboard.press("ArrowRight")
    until(lambda: catalog.calls["crop"] == Box(3, 0, 153, 70))
    assert catalog.calls["text"] is None


def covering(page: Page) -> list[float]:
    """By how many pixels each line, from the top, reaches below the upper edge of the field."""
    return page.evaluate(  # type: ignore[no-any-return]
        """() => {
          const top = document.getElementById("read").getBoundingClientRect().top;
          const lines = [...document.querySelectorAll("#lines .line")];
          return lines.map((line) => line.getBoundingClientRect().bottom - top);
        }"""
    )


def test_a_filter_is_about_all_lines(lined: Page, catalog: FakeCatalog) -> None:
    """With a crop, the list of fonts keeps to the filters too."""
    lined.mouse.click(*at(lined, 100, 67))
    until(lambda: catalog.calls["crop"] == FOOT)
    lined.get_by_role("checkbox", name="Serif", exact=True).check()
    wait_for(lined, 2)
    expect(lined.locator("#fonts button")).to_have_count(1)
    expect(font(lined, "Playfair")).to_be_visible()


def test_crop_by_mouse(page: Page, catalog: FakeCatalog) -> None:
    """A drag makes a crop in the picture's pixels; its corner, its middle and an edge change it."""
    choose(page)
    wait_for(page, 4)
    drag(page, (30, 20), (150, 70))
    wait_for_crop(page, catalog, Box(30, 20, 150, 70))
    drag(page, (150, 70), (210, 90))
    wait_for_crop(page, catalog, Box(30, 20, 210, 90))
    drag(page, (60, 50), (90, 55))
    wait_for_crop(page, catalog, Box(60, 25, 240, 95))
    drag(page, (150, 25), (160, 45))  # the upper edge
    wait_for_crop(page, catalog, Box(60, 45, 240, 95))
    with page.expect_response(lambda r: "/v1/search" in r.url and "crop" not in r.url):
        page.get_by_role("button", name="Whole picture").click()
    assert catalog.calls["crop"] is None


def test_crop_by_keyboard(page: Page, catalog: FakeCatalog) -> None:
    """With the keyboard alone a crop is made, moved, resized at either corner and removed."""
    choose(page)
    wait_for(page, 4)
    crop = page.locator("#crop")
    page.get_by_role("button", name="Crop", exact=True).press("Enter")
    expect(crop).to_be_focused()
    expect(crop).to_have_attribute(
        "aria-label", "Crop: 240 by 40 pixels, 30 from the left, 30 from the top"
    )
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowLeft", "Alt+ArrowUp"):
        page.keyboard.press(key)
    until(lambda: catalog.calls["crop"] == Box(33, 32, 270, 72))
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Top left corner")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    until(lambda: catalog.calls["crop"] == Box(36, 29, 270, 75))
    page.get_by_role("button", name="Top left corner").press("Shift+Tab")
    expect(crop).to_be_focused()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    until(lambda: catalog.calls["crop"] == Box(0, 29, 234, 75))
    page.keyboard.press("Escape")
    expect(crop).to_be_hidden()
    expect(page.get_by_role("button", name="Crop", exact=True)).to_be_focused()
    until(lambda: catalog.calls["crop"] is None)
