"""The service and a Chromium that looks at it, for the commands that measure and show its pages."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from encoder.browser import executable
from scripts.service import Service

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
def served() -> Iterator[tuple[str, Browser]]:
    """The address of a service of its own on the data of the environment, and a browser."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "scripts.serve", "--port", str(port)]
    environment = {**os.environ, "FONTKIN_API_TOKEN": TOKEN}
    service = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        Service(url, 10).wait_until_ready(120)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=executable(), args=FLAGS)
            yield url, browser
            browser.close()
    finally:
        service.terminate()
        service.wait(30)
