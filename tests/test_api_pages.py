"""Browse, family, own fonts and docs in a real Chromium."""

from __future__ import annotations

import re

import pytest

from encoder.browser import available
from tests.api_fake import TOKEN, FakeCatalog, picture

if not available():
    pytest.skip("no Chromium here", allow_module_level=True)

from playwright.sync_api import Page, expect


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


def choose(page: Page) -> None:
    file = {"name": "shot.png", "mimeType": "image/png", "buffer": picture()}
    page.set_input_files("#file", [file])  # type: ignore[list-item]


def families(page: Page) -> list[str]:
    return page.locator("#matches .match:not(.waiting) h3").all_inner_texts()


def wait_for(page: Page, count: int) -> None:
    expect(page.locator("#matches .match:not(.waiting)")).to_have_count(count)


def upload(page: Page, *files: tuple[str, bytes]) -> None:
    sent = [{"name": name, "mimeType": "font/ttf", "buffer": data} for name, data in files]
    page.set_input_files("#file", sent)  # type: ignore[arg-type]


def test_add_find_and_remove_a_font(page: Page) -> None:
    """A font added with the token is listed, found by a search, and removed again."""
    page.goto("/fonts")
    page.get_by_label("Token of this server").fill(TOKEN)
    page.keyboard.press("Enter")
    upload(page, ("mine.ttf", b"font Mine"))
    expect(page.locator(".upload")).to_contain_text("added: font Mine, 1 face")
    expect(page.locator("#own h3")).to_have_text("font Mine")
    page.goto("/")
    choose(page)
    wait_for(page, 5)
    page.get_by_role("checkbox", name="My fonts only").check()
    wait_for(page, 1)
    assert families(page) == ["font Mine"]
    page.goto("/fonts")
    expect(page.locator("#token-form")).to_be_hidden()  # asked once
    page.get_by_role("button", name="Remove font Mine").click()
    page.get_by_role("button", name="Really remove font Mine?").click()
    expect(page.locator("#own-empty")).to_be_visible()


def test_each_file_says_what_became_of_it(page: Page) -> None:
    """Added, there already and refused with the reason, each beside its file."""
    page.goto("/fonts")
    page.get_by_label("Token of this server").fill(TOKEN)
    page.keyboard.press("Enter")
    upload(page, ("a.ttf", b"font A"), ("b.ttf", b"dup"), ("c.ttf", b"x"))
    rows = page.locator(".upload")
    expect(rows.filter(has_text="a.ttf")).to_contain_text("added: font A")
    expect(rows.filter(has_text="b.ttf")).to_contain_text("in the catalogue already")
    expect(rows.filter(has_text="c.ttf")).to_contain_text("refused: this is no font file")


def test_wrong_token_is_asked_for_again(page: Page) -> None:
    """A wrong token is forgotten and the page says so."""
    page.goto("/fonts")
    page.get_by_label("Token of this server").fill("wrong")
    page.keyboard.press("Enter")
    upload(page, ("a.ttf", b"font A"), ("b.ttf", b"font B"))
    expect(page.locator(".upload").filter(has_text="b.ttf")).to_contain_text("not sent")
    expect(page.locator("#token-error")).to_contain_text("the token is not the server's")
    expect(page.locator("#token-form")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_names_of_fonts_are_only_text(page: Page, catalog: FakeCatalog) -> None:
    """A font that calls itself like a script shows as that text."""
    page.goto("/fonts")
    page.get_by_label("Token of this server").fill(TOKEN)
    page.keyboard.press("Enter")
    upload(page, ("a.ttf", b"font <img src=x onerror=alert(1)>"))
    expect(page.locator("#own h3")).to_have_text("font <img src=x onerror=alert(1)>")
    assert page.locator("#own h3 img").count() == 0


def test_browse(page: Page) -> None:
    """Families are found by part of their name."""
    page.goto("/browse")
    expect(page.locator("#families h3")).to_have_count(4)
    page.get_by_label("Part of the name").fill("slab")
    expect(page.locator("#families h3")).to_have_text(["Roboto Slab"])
    page.get_by_label("Part of the name").fill("zzz")
    expect(page.locator("#count")).to_have_text("No family has this in its name.")


def test_a_familys_page(page: Page, catalog: FakeCatalog) -> None:
    """From the list to the family: faces, licence, kin; specimens in the reader's text."""
    page.goto("/browse")
    page.get_by_role("link", name="Roboto Slab").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Roboto Slab")
    expect(page.locator("main")).to_contain_text("Apache License 2.0")
    expect(page.locator("section", has_text="Faces").locator("li")).to_have_count(1)
    kin = page.locator("section", has_text="look most like it")
    expect(kin.locator("h3")).to_have_count(3)
    page.get_by_label("Your text").fill("Hello & you")
    first = page.locator("img.specimen").first
    expect(first).to_have_attribute("src", re.compile(r"preview\.png\?text=Hello%20%26%20you$"))
    assert first.evaluate("image => image.decode().then(() => image.naturalWidth)")
    kin.get_by_role("link", name="Space Mono").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Space Mono")
    page.goto("/families/nobody")
    expect(page.locator("body")).to_contain_text("no family 'nobody'")


def test_docs(page: Page) -> None:
    """The docs page is drawn under the strict policy, from this server alone."""
    outside: list[str] = []
    page.on(
        "request",
        lambda r: (
            None if r.url.startswith(("http://127", "data:", "blob:")) else outside.append(r.url)
        ),
    )
    page.goto("/docs")
    expect(page.locator(".opblock")).to_have_count(8)
    assert outside == []
