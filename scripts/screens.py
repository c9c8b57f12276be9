"""What is done on each page before its picture is taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scripts.browsing import PAGES, TOKEN

if TYPE_CHECKING:
    from playwright.sync_api import Page

# In this order: those that tell how many families there are come before one is taken out.
SCREENS = {"answer": "/", **PAGES}
WHOLE = {"fonts"}  # are shown down to their end
_PATIENCE = 60_000  # milliseconds that the first search of a service, or a new font, may take
_OWN = "lora"  # is taken out of the catalogue and added again as one's own
_FACES = ("400-normal", "400-italic", "700-normal")


def open_screen(page: Page, name: str, fonts: Path) -> None:
    """Lead `page` to the screen; `fonts` are the files of Google's families.

    Changes the catalogue for the screen "fonts": the service must have one of its own. Raises
    `FileNotFoundError` when the files that this screen adds are not there.
    """
    for path in ("/", SCREENS[name]):  # the letters of a first visit come too late to be shown
        page.goto(path, wait_until="networkidle")
    if name == "answer":
        page.get_by_role("button", name="A poster").click()
        page.wait_for_selector("#matches .match:not(.waiting)", timeout=_PATIENCE)
    if name == "fonts":
        _add_own(page, [fonts / _OWN / f"{_OWN}-latin-{face}.woff2" for face in _FACES])
    page.wait_for_load_state("networkidle")


def _add_own(page: Page, files: list[Path]) -> None:
    for path in files:
        if not path.is_file():
            raise FileNotFoundError(f"{path} is not here to be added: run `make fonts` first")
    page.request.delete(f"/v1/families/{_OWN}", headers={"Authorization": f"Bearer {TOKEN}"})
    page.get_by_label("Token of this server").fill(TOKEN)
    page.keyboard.press("Enter")
    page.locator("#token-form").wait_for(state="hidden")
    page.set_input_files("#file", files)
    row = page.locator("#own .match", has_text=f"{len(files)} faces")
    specimen = row.locator("img").element_handle(timeout=_PATIENCE)
    page.wait_for_function("image => image.naturalWidth > 0", arg=specimen, timeout=_PATIENCE)
