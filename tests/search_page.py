"""What a person does on the start page, for tests that drive it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.api_fake import picture

if TYPE_CHECKING:
    from playwright.sync_api import Page


def choose(page: Page, data: bytes | None = None, name: str = "shot.png") -> None:
    """Give the page a picture of 300 x 100 pixels as a person who chooses a file."""
    file = {"name": name, "mimeType": "image/png", "buffer": data or picture()}
    page.set_input_files("#file", [file])  # type: ignore[list-item]


def families(page: Page) -> list[str]:
    """The names of the rows, best first."""
    return page.locator("#matches .match:not(.waiting) h3").all_inner_texts()


def wait_for(page: Page, count: int) -> None:
    """The answer has come, with so many rows."""
    from playwright.sync_api import expect

    expect(page.locator("#matches .match:not(.waiting)")).to_have_count(count)


def put(page: Page, kind: str, data: bytes | None = None) -> None:
    """Drop or paste a picture anywhere on the page, as the browser would tell it."""
    page.evaluate(
        """async ([kind, bytes]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "x.png", { type: "image/png" }));
          const init = { bubbles: true, cancelable: true };
          document.body.dispatchEvent(kind === "paste"
            ? new ClipboardEvent("paste", { ...init, clipboardData: data })
            : new DragEvent("drop", { ...init, dataTransfer: data }));
        }""",
        [kind, list(data or picture())],
    )


def until(true: Callable[[], object], seconds: float = 5) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
