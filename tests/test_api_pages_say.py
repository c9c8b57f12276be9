"""What the pages tell a person of what becomes of a picture, and of what needs scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.api_fake import FakeCatalog, make_client
from tests.page_fixtures import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FORGOTTEN = "Neither the picture nor its words are stored."
REMEMBERED = "stays in the server’s memory for ten minutes"


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, REMEMBERED),
        ({"remembered_answers": 0}, FORGOTTEN),
        ({"fetch_fonts": True}, FORGOTTEN),
    ],
    ids=["as-it-is", "switched-off", "fetching"],
)
def test_what_is_kept_is_said(
    fake: FakeCatalog, tmp_path: Path, settings: dict[str, int], said: str
) -> None:
    """The search page names what this server does with an answer, and that alone."""
    html = make_client(fake, tmp_path, **settings).get("/").text
    assert {words for words in (FORGOTTEN, REMEMBERED) if words in html} == {said}
    assert "No picture is stored: it is read, answered and forgotten." in html


@pytest.mark.parametrize(
    ("path", "words", "way"),
    [
        ("/", "Finding a font in a picture needs scripts", "/browse"),
        ("/fonts", "Adding and listing fonts needs scripts", None),
        ("/map", "The map needs scripts", "/browse"),
    ],
)
def test_without_scripts_a_page_says_so(
    browser: Browser, address: str, path: str, words: str, way: str | None
) -> None:
    """... where it needs them, with a way on; with them, nothing is said."""
    from playwright.sync_api import expect

    for scripts in (False, True):
        for page in opened(browser, address, java_script_enabled=scripts):
            page.goto(path)
            notice = page.locator(".notice", has_text=words)
            expect(notice).to_have_count(0 if scripts else 1)
            if not scripts:
                expect(notice).to_be_visible()
            if way and not scripts:
                expect(notice.locator(f'a[href="{way}"]')).to_be_visible()
