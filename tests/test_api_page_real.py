"""The start page over the real service: shipped encoder and catalogue, and pictures of Chromium."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from encoder.browser import available
from index.bootstrap import open_catalog
from index.settings import Settings
from tests.page_fixtures import opened, serving
from tests.search_page import choose, families, put

if not available():
    pytest.skip("no Chromium here", allow_module_level=True)

from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.slow
PATIENCE = 60_000  # milliseconds: other tests may run beside


@pytest.fixture(scope="module")
def service(fonts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service over all of Google Fonts, with the files of four families."""
    data = tmp_path_factory.mktemp("service")
    shutil.copytree(fonts_dir, data / "fonts")
    settings = Settings(data=data)
    with closing(open_catalog(settings)) as catalog, serving(settings, catalog) as address:
        yield address


@pytest.fixture(scope="module")
def letter(browser: Browser, fonts_dir: Path) -> bytes:
    """A PNG with a line in Abril Fatface and a smaller one in Courier Prime."""
    faces = "".join(
        f"@font-face {{ font-family: {name}; src: url(data:font/woff2;base64,{data}) }}"
        for name, file in (
            ("abril-fatface", "abril-fatface-latin"),
            ("courier-prime", "courier-prime-latin"),
        )
        for data in [
            base64.b64encode((fonts_dir / name / f"{file}-400-normal.woff2").read_bytes()).decode()
        ]
    )
    page = browser.new_page(viewport={"width": 640, "height": 260})
    page.set_content(
        f"<style>{faces} p {{ margin: 40px }}</style>"
        "<p style='font: 56px abril-fatface'>Quarterly figures</p>"
        "<p style='font: 34px courier-prime'>Order before noon</p>"
    )
    page.evaluate("document.fonts.ready.then(() => 0)")
    drawn = page.screenshot()
    page.close()
    return drawn


@pytest.fixture
def desk(browser: Browser, service: str) -> Iterator[Page]:
    yield from opened(browser, service, viewport={"width": 1280, "height": 860})


def wait_until_found(page: Page, first: str) -> None:
    """The newest search has answered, and this family leads."""
    expect(page.locator("#matches .match:not(.waiting) h3").first).to_have_text(
        first, timeout=PATIENCE
    )
    expect(page.locator("#answer")).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE)
    assert families(page)[0] == first


def test_from_the_drop_to_the_other_font(desk: Page, letter: bytes) -> None:
    """Both fonts are named; the line chosen, its words corrected and a filter lead to new rows."""
    put(desk, "drop", letter)
    expect(desk.locator("#shown")).to_be_visible()
    wait_until_found(desk, "Abril Fatface")
    expect(desk.locator("#found-title")).to_have_text("2 lines in 2 fonts")
    names = [re.compile(f"^(like )?{name}$") for name in ("Abril Fatface", "Courier Prime")]
    expect(desk.locator("#fonts b")).to_have_text(names)
    expect(desk.get_by_label("It says")).to_have_value("Quarterly figures")
    row = desk.locator(".match").first
    expect(row.get_by_alt_text("“Quarterly figures” in Abril Fatface")).to_be_visible()
    drawn, yours = (row.locator(s).bounding_box() for s in (".drawn img", ".cut"))
    assert drawn is not None
    assert yours is not None
    assert yours["y"] > drawn["y"]
    assert yours["height"] == pytest.approx(0.875 * drawn["height"], rel=0.02)  # ink alone
    desk.get_by_role("button", name="“Order before noon”: search this line only").press("Enter")
    wait_until_found(desk, "Courier Prime")
    with desk.expect_response("**/v1/search?**text=Order+before+noom**", timeout=PATIENCE):
        desk.get_by_label("It says").fill("Order before noom")
    wait_until_found(desk, "Courier Prime")
    expect(desk.locator(".match").first.get_by_alt_text("“Order before noom” in")).to_be_visible()
    desk.get_by_role("checkbox", name="Serif", exact=True).check()
    expect(desk.locator(".match .facts").first).to_contain_text("Serif", timeout=PATIENCE)
    assert "Courier Prime" not in families(desk)


def test_newer_answer_stays(desk: Page, letter: bytes) -> None:
    """Of two searches in a row the older one, which comes in later, changes nothing."""
    desk.evaluate(  # an answer that is on its way cannot be called back
        "() => { const real = fetch; fetch = (to, how) => real(to, {...how, signal: null}); }"
    )
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    desk.route("**/v1/search?**", hold_the_first)
    put(desk, "paste", letter)
    expect(desk.locator("#shown")).to_be_visible()
    for _ in range(100):
        if not held:
            desk.wait_for_timeout(20)
    desk.get_by_role("checkbox", name="Mono", exact=True).check()
    wait_until_found(desk, "Courier Prime")
    with desk.expect_response("**/v1/search?**", timeout=PATIENCE) as older:
        held[0].continue_()
    assert older.value.json()["matches"][0]["family"]["id"] == "abril-fatface"
    desk.wait_for_timeout(100)
    assert families(desk)[0] == "Courier Prime"


def test_crop_by_keys_on_a_phone(browser: Browser, service: str, letter: bytes) -> None:
    """A crop that is moved down to the second line finds its font; nothing is too wide."""
    for phone in opened(browser, service, viewport={"width": 390, "height": 844}, has_touch=True):
        choose(phone, letter)
        wait_until_found(phone, "Abril Fatface")
        phone.get_by_role("button", name="Crop", exact=True).press("Enter")
        for key in ["ArrowDown"] * 14 + ["Shift+ArrowDown"] * 4:
            phone.keyboard.press(key)
        wait_until_found(phone, "Courier Prime")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_sample_and_a_file_that_is_no_picture(desk: Page) -> None:
    """A sample is answered with all its fonts; a broken file says why and is left behind."""
    choose(desk, b"%PDF-1.7 this is no picture")
    expect(desk.locator("#answer-error")).to_contain_text("PNG, JPEG", timeout=PATIENCE)
    expect(desk.locator("#answer-error")).to_be_visible()
    with desk.expect_file_chooser() as chooser:
        desk.get_by_role("button", name="Another picture").press("Enter")
    sample = Path(__file__).parent.parent / "api" / "static" / "samples" / "screen.webp"
    chooser.value.set_files(sample)
    wait_until_found(desk, "Bricolage Grotesque")
    expect(desk.locator("#answer-error")).to_be_hidden()
    assert desk.locator("#lines .line").count() >= 5
    assert desk.locator("#fonts button").count() >= 2
