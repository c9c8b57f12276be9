"""Pages that nobody sees without a token, in a real Chromium over a real catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from encoder.browser import available
from index.catalog import FontCatalog
from index.settings import Settings
from index.viewer import Viewer
from tests.catalog_fixtures import built_data, catalog, settings
from tests.page_fixtures import opened, serving
from tests.search_page import choose, wait_for

if not available():
    pytest.skip("no Chromium here", allow_module_level=True)

from playwright.sync_api import Browser, Locator, Page, expect

__all__ = ["built_data", "catalog", "settings"]


@pytest.fixture
def closed(browser: Browser, settings: Settings, catalog: FontCatalog) -> Iterator[Page]:
    """The start page of a server that answers nobody without a token."""
    with serving(replace(settings, anonymous=False), catalog) as address:
        yield from opened(browser, address, viewport={"width": 390, "height": 844})


@pytest.fixture
def open_to_all(browser: Browser, settings: Settings, catalog: FontCatalog) -> Iterator[Page]:
    """The start page of a server that shows everybody what is public."""
    with serving(settings, catalog) as address:
        yield from opened(browser, address, viewport={"width": 1280, "height": 860})


def give(page: Page, token: str) -> None:
    """Send the form that asks for the token."""
    page.get_by_label("Token of this server").fill(token)
    page.keyboard.press("Enter")


def expect_drawn(image: Locator) -> None:
    """The picture has come, and is one."""
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    image.page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())


def test_a_closed_server_asks_once(closed: Page, catalog: FontCatalog) -> None:
    """A family's page asks for the token and then opens, with its pictures; so do the list, the
    map, a search and a second tab, without asking again. Nothing is kept but the token.
    """
    token, _ = catalog.tokens.create("acme", ["read"])
    answer = closed.goto("/families/cantarell?text=Hi#kin-title")
    assert answer is not None
    assert (answer.status, answer.headers.get("set-cookie")) == (401, None)
    expect(closed.get_by_role("heading", level=1)).to_have_text("This server asks for a token")
    assert "cantarell" not in answer.text().lower()
    field = closed.get_by_label("Token of this server")
    expect(field).to_be_focused()
    box = closed.get_by_label("Keep it on this computer").bounding_box()
    assert box is not None and box["width"] > 18  # the page has its styles
    give(closed, "wrong-token-of-somebody")
    wrong = "The token is not one of this server's, or not any more."
    expect(closed.locator("#token-error")).to_have_text(wrong)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(f"^{wrong} The value of"))
    expect(field).to_be_focused()
    give(closed, token)
    expect(closed.get_by_role("heading", level=1)).to_have_text("Cantarell")
    expect(closed).to_have_title("Cantarell · Fontkin")
    expect(closed.get_by_label("Your text")).to_have_value("Hi")
    expect_drawn(closed.locator("#waterfall img").first)
    closed.get_by_label("Your text").fill("Other")
    expect_drawn(closed.get_by_alt_text("80 pixels"))
    closed.get_by_label("Category").select_option("serif")
    expect(closed.locator("#kin h3")).to_have_text(["Lora"])
    expect(closed.locator("#kin-count")).to_have_text("One family passes these filters.")

    closed.goto("/browse")
    expect(closed.locator(".families h2")).to_have_count(4)
    expect_drawn(closed.locator("img.specimen").first)
    closed.get_by_role("searchbox", name="Name").fill("courier")
    expect(closed.locator(".families h2")).to_have_text(["Courier Prime"])
    closed.goto("/map")
    expect(closed.locator("#map")).to_have_attribute("data-ready", "4")

    tab = closed.context.new_page()
    tab.goto("/browse?q=lora")
    expect(tab.locator(".families h2")).to_have_text(["Lora"])
    assert tab.evaluate(
        "[sessionStorage.length, Number('fontkin-token' in localStorage), document.cookie]"
    ) == [*(1, 0, "")]


def test_a_closed_server_asks_on_the_open_pages(closed: Page, catalog: FontCatalog) -> None:
    """A search asks below the picture and goes on by itself; so does the map."""
    token, _ = catalog.tokens.create("acme", ["read"])
    choose(closed)
    expect(closed.locator("#verdict")).to_have_text("This server asks for a token")
    give(closed, token)
    expect(closed.locator("#verdict")).not_to_have_text("This server asks for a token")
    expect(closed.locator("#token-form")).to_be_hidden()
    closed.evaluate("sessionStorage.clear()")
    closed.goto("/map")
    expect(closed.get_by_text("shows its fonts only to those who have a token")).to_be_visible()
    expect(closed.get_by_label("Find a family")).to_be_hidden()  # there is nothing to find yet
    give(closed, token)
    expect(closed.locator("#map")).to_have_attribute("data-ready", "4")
    expect(closed.locator("#map")).to_be_focused()
    closed.goto("/fonts")  # a token that may only read is no token to add fonts with, but is kept
    expect(closed.locator("#token-error")).to_contain_text("one with the scope “write” is needed")
    assert closed.evaluate("sessionStorage.length") == 1


def test_a_private_family_opens_for_its_token(
    open_to_all: Page, catalog: FontCatalog, serif_path: Path
) -> None:
    """Its page, its row in the list and its dot on the map are there for the owner alone."""
    page = open_to_all
    token, _ = catalog.tokens.create("acme")
    catalog.remove_family("lora")
    (added,) = catalog.seen_by(Viewer("acme")).add_fonts([serif_path], public=False).added
    path = f"/families/{added.family.id}"
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such family")
    page.goto("/fonts")
    give(page, token)
    page.locator("#own h3 a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lora")
    expect_drawn(page.locator("#waterfall img").first)
    page.goto("/browse?source=own")
    expect(page.locator(".families h2")).to_have_text(["Lora"])
    expect_drawn(page.locator("img.specimen").first)
    page.goto(f"/map?family={added.family.id}")
    expect(page.locator("#shown")).to_contain_text("Lora")
    page.goto("/fonts")
    page.get_by_role("link", name="Find Lora").click()
    wait_for(page, 4)
    assert "Lora" in page.locator("#matches h3").all_inner_texts()
