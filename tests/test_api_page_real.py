"""The start page over the real service: shipped encoder and catalogue, and pictures of Chromium."""

from __future__ import annotations

import base64
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from encoder.browser import available
from index.bootstrap import open_catalog
from index.settings import Settings
from tests.api_fake import TOKEN
from tests.bad_fonts import plain
from tests.fonts_page import upload, with_token
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
    settings = Settings(data=data, api_token=TOKEN)
    with closing(open_catalog(settings)) as catalog, serving(settings, catalog) as address:
        yield address


@pytest.fixture(scope="module")
def letter(browser: Browser, fonts_dir: Path) -> bytes:
    """A PNG with a line in Abril Fatface and a smaller one in Courier Prime."""
    names = ("abril-fatface", "courier-prime")
    return drawn(
        browser,
        {n: (fonts_dir / n / f"{n}-latin-400-normal.woff2").read_bytes() for n in names},
        "<p style='font: 56px abril-fatface'>Quarterly figures</p>"
        "<p style='font: 34px courier-prime'>Order before noon</p>",
    )


def drawn(browser: Browser, fonts: dict[str, bytes], lines: str) -> bytes:
    """A PNG of these lines of HTML in fonts by their CSS names."""
    faces = "".join(
        f"@font-face {{ font-family: {name}; src: url(data:font/sfnt;base64,{data}) }}"
        for name, font in fonts.items()
        for data in [base64.b64encode(font).decode()]
    )
    page = browser.new_page(viewport={"width": 640, "height": 260})
    page.set_content(f"<style>{faces} p {{ margin: 40px }}</style>{lines}")
    page.evaluate("document.fonts.ready.then(() => 0)")
    picture = page.screenshot()
    page.close()
    return picture


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


def test_crop_by_mouse(desk: Page, letter: bytes) -> None:
    """A crop that is dragged around the second line finds its font; the whole picture both."""
    choose(desk, letter)
    wait_until_found(desk, "Abril Fatface")
    line = desk.get_by_role("button", name="“Order before noon”: search this line only")
    box = line.bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] - 10, box["y"] - 10)
    desk.mouse.down()
    desk.mouse.move(box["x"] + box["width"] + 10, box["y"] + box["height"] + 10, steps=5)
    desk.mouse.up()
    expect(desk.locator("#crop")).to_be_visible()
    wait_until_found(desk, "Courier Prime")
    expect(desk.get_by_label("It says")).to_have_value("Order before noon")
    desk.get_by_role("button", name="Whole picture").click()
    wait_until_found(desk, "Abril Fatface")


def squeeze(font: TTFont) -> None:
    """Every letter narrower by three tenths: a drawing that no family of the catalogue has."""
    for name in font.getGlyphOrder():
        glyph = font["glyf"][name]
        if glyph.isComposite():
            for component in glyph.components:
                component.x = round(0.7 * component.x)
        elif glyph.numberOfContours > 0:
            glyph.coordinates.scale((0.7, 1))
            glyph.coordinates.toInt()
        width, bearing = font["hmtx"][name]
        font["hmtx"][name] = (round(0.7 * width), round(0.7 * bearing))


def test_add_find_and_remove_a_font(desk: Page, browser: Browser, serif_path: Path) -> None:
    """A font that is added on the page is found in a picture of Chromium's, until it is removed."""
    font = plain(serif_path, squeeze, "Company Serif")
    sheet = drawn(browser, {"own": font}, "<p style='font: 64px own'>Quarterly figures</p>")
    with_token(desk)
    upload(desk, ("company.ttf", font), ("half.ttf", font[:3000]), ("notes.ttf", b"no font"))
    rows = desk.locator(".upload")
    expect(rows.filter(has_text="company.ttf")).to_contain_text(
        "added: Company Serif, 1 face", timeout=PATIENCE
    )
    expect(rows.filter(has_text="notes.ttf")).to_contain_text("no font file", timeout=PATIENCE)
    expect(rows.filter(has_text="half.ttf")).to_contain_text("refused: The OpenType Sanitizer")
    expect(desk.locator("#own h3")).to_have_text("Company Serif")
    desk.locator("#own").get_by_role("link", name="Find Company Serif").click()
    wait_until_found(desk, "Company Serif")
    choose(desk, sheet)
    wait_until_found(desk, "Company Serif")
    expect(desk.get_by_label("It says")).to_have_value("Quarterly figures")
    expect(desk.locator(".match").first.get_by_text("Your font")).to_be_visible()
    desk.goto("/fonts")
    desk.get_by_role("button", name="Remove Company Serif").click()
    desk.get_by_role("button", name="Really remove Company Serif?").click()
    expect(desk.locator("#own-empty")).to_be_visible(timeout=PATIENCE)
    desk.goto("/")
    choose(desk, sheet)
    expect(desk.locator("#matches .match:not(.waiting)")).to_have_count(5, timeout=PATIENCE)
    assert "Company Serif" not in families(desk)


def test_an_upload_that_breaks_off(desk: Page, serif_path: Path) -> None:
    """Without the server the row says so, nothing is added, and the next try works."""
    font = plain(serif_path, squeeze, "Second Try")
    with_token(desk)
    desk.route("**/v1/fonts", lambda route: route.abort())
    upload(desk, ("second.ttf", font))
    expect(desk.locator(".upload")).to_contain_text("The server cannot be reached")
    own = desk.locator("#own .match", has_text="Second Try")
    expect(own).to_have_count(0)
    desk.unroute("**/v1/fonts")
    upload(desk, ("second.ttf", font))
    expect(desk.locator(".upload").first).to_contain_text("added: Second Try", timeout=PATIENCE)
    desk.get_by_role("button", name="Remove Second Try").click()
    desk.get_by_role("button", name="Really remove Second Try?").click()
    expect(own).to_have_count(0, timeout=PATIENCE)


def test_an_archive_with_nothing_new(desk: Page, serif_path: Path) -> None:
    """What became of each of its files is said, what is there already as well as what is none."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(serif_path, "there.woff2")
        zipped.writestr("junk.ttf", "no font")
    with_token(desk)
    upload(desk, ("two.zip", archive.getvalue()))
    row = desk.locator(".upload")
    expect(row).to_contain_text("junk.ttf was refused: It is no font file", timeout=PATIENCE)
    expect(row).to_contain_text("there.woff2 is in the catalogue already")


def test_offline(browser: Browser, service: str, letter: bytes) -> None:
    """All comes from this server, the page's fonts too; a family whose file is not here shows its
    stored specimen and says why.
    """
    elsewhere: list[str] = []

    def only_here(route: Route) -> None:
        if route.request.url.startswith((service, "data:", "blob:")):
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    for page in opened(browser, service, viewport={"width": 1280, "height": 860}):
        page.context.route("**/*", only_here)
        page.reload()
        choose(page, letter)
        wait_until_found(page, "Abril Fatface")
        loaded = "[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)"
        assert "Instrument Sans" in {name.strip('"') for name in page.evaluate(loaded)}
        first, last = page.locator(".match").first, page.locator(".match").last
        expect(first.get_by_alt_text("“Quarterly figures” in Abril Fatface")).to_be_visible()
        expect(last).to_contain_text("the font file is not here to draw your words")
        expect(last.locator(".drawn img")).to_be_visible()
        for path in ("/browse", "/families/roboto", "/map", "/fonts", "/docs"):
            page.goto(path, wait_until="networkidle")
    assert elsewhere == []


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


def test_sample_and_a_file_that_is_no_picture(desk: Page, letter: bytes) -> None:
    """A sample is answered with all its fonts; a broken file says why and is left behind."""
    desk.get_by_role("button", name="A screenshot").click()
    wait_until_found(desk, "Bricolage Grotesque")
    assert desk.locator("#lines .line").count() >= 5
    assert desk.locator("#fonts button").count() >= 2
    with desk.expect_file_chooser() as chooser:
        desk.get_by_role("button", name="Another picture").press("Enter")
    broken = {"name": "a.png", "mimeType": "image/png", "buffer": b"%PDF-1.7 this is no picture"}
    chooser.value.set_files([broken])  # type: ignore[list-item]
    expect(desk.locator("#answer-error")).to_contain_text("PNG, JPEG", timeout=PATIENCE)
    expect(desk.locator("#answer-error")).to_be_visible()
    choose(desk, letter)
    wait_until_found(desk, "Abril Fatface")
    expect(desk.locator("#answer-error")).to_be_hidden()
