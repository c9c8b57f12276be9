"""The service and a Chromium that looks at it, for the commands that measure and show its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from encoder.browser import executable
from index.benchmark.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGES = {
    "find": "/",
    "browse": "/browse",
    "family": "/families/playfair-display",
    "map": "/map",
    "fonts": "/fonts",
    "docs": "/docs",
    "problems": "/problems",
}
TOKEN = "a-token-to-look-at-pages"  # opens this one service, on this machine, for a minute


@contextmanager
def served(**settings: str) -> Iterator[tuple[str, Browser]]:
    """The address of a service of its own, and a browser.

    Its data are those of the environment, unless `settings` (FONTKIN_DATA=...) say otherwise.
    """
    from playwright.sync_api import sync_playwright

    with serving({"FONTKIN_API_TOKEN": TOKEN, **settings}) as port, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=FLAGS)
        yield f"http://127.0.0.1:{port}", browser
        browser.close()
