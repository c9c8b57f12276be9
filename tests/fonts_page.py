"""What a person does on the page of own fonts, for tests that drive it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.catalog_fixtures import TOKEN

if TYPE_CHECKING:
    from playwright.sync_api import Page


def with_token(page: Page, *, remember: bool = False) -> None:
    """Open the page and give it the token of the tests."""
    from playwright.sync_api import expect

    page.goto("/fonts")
    page.get_by_label("Token of this server").fill(TOKEN)
    if remember:
        page.get_by_label("Keep it on this computer").check()
    page.keyboard.press("Enter")
    expect(page.locator("#token-form")).to_be_hidden()


def upload(page: Page, *files: tuple[str, bytes]) -> None:
    """Choose files, each with a name and its content."""
    sent = [{"name": name, "mimeType": "font/ttf", "buffer": data} for name, data in files]
    page.set_input_files("#file", sent)  # type: ignore[arg-type]
