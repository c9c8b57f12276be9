"""Draw text with Chromium, the second rasteriser: its letters are the ones people screenshot.

A face that the browser refuses, or whose glyphs it would quietly borrow from another
font, raises `FontRejectedError`: a picture in the wrong font is worse than none.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

_DEFAULT_EXECUTABLE = "/usr/bin/chromium"
# Greyscale edges only: coloured subpixels would tell the encoder which rasteriser drew.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-lcd-text",
)
_LINES_PAGE = """<!doctype html><style>
* { margin: 0 }
body { background: #fff; color: #000; font-family: subject; font-synthesis: none }
div { width: max-content; white-space: pre; padding: .5em; margin-bottom: 2px; overflow: clip }
</style><body></body>"""
_SHOW_LINES = """async ({font, texts, size, variation}) => {
  const bytes = Uint8Array.from(atob(font), c => c.charCodeAt(0));
  const face = new FontFace('subject', bytes.buffer);
  document.fonts.clear();
  try { await face.load() } catch (error) { return {error: String(error), boxes: []} }
  document.fonts.add(face);
  document.body.style.fontSize = size + 'px';
  document.body.style.fontVariationSettings = variation || 'normal';
  document.body.replaceChildren(...texts.map(text => {
    const line = document.createElement('div');
    line.textContent = text;
    return line;
  }));
  await document.fonts.load(size + 'px subject');
  const boxes = [...document.body.children].map(e => {
    const r = e.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom];
  });
  return {error: face.status === 'loaded' ? '' : 'status ' + face.status, boxes};
}"""
_LOAD_ALL = """async () => {
  for (const face of document.fonts) {
    try { await face.load() } catch (error) { return face.family + ': ' + error }
    if (face.status !== 'loaded') return face.family + ': status ' + face.status;
  }
  return '';
}"""
_BOXES = """selector => [...document.querySelectorAll(selector)].map(e => {
  const r = e.getBoundingClientRect();
  return [r.left, r.top, r.right, r.bottom];
})"""


class BrowserMissingError(RuntimeError):
    """Chromium or the `playwright` package is not installed."""


class FontRejectedError(ValueError):
    """The browser would not draw a text wholly in the face that was asked for.

    `code` is "refused" (its sanitizer or parser said no) or "missing-glyphs" (it would
    have borrowed letters from another font).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def executable() -> str:
    """The browser to start: `$FONTKIN_CHROMIUM`, else /usr/bin/chromium."""
    return os.environ.get("FONTKIN_CHROMIUM") or _DEFAULT_EXECUTABLE


def available() -> bool:
    """Whether `Chromium()` can be entered here: the browser and `playwright` are installed."""
    return (
        shutil.which(executable()) is not None
        and importlib.util.find_spec("playwright") is not None
    )


def font_data_url(path: Path) -> str:
    """The file as a `data:` URL for `src` of an `@font-face`."""
    return "data:font/woff2;base64," + base64.b64encode(path.read_bytes()).decode()


class Chromium:
    """One headless browser without network, to be used as a context manager by one thread.

    Entering raises `BrowserMissingError`. Starting takes about half a second, four lines
    of a face about 30 ms: keep one open for many faces.
    """

    def __init__(self) -> None:
        self._exit = ExitStack()

    def __enter__(self) -> Chromium:
        if not available():
            raise BrowserMissingError(
                f"no browser at {executable()!r} or no playwright package: install chromium "
                "and playwright, or name another browser in FONTKIN_CHROMIUM"
            )
        from playwright.sync_api import sync_playwright

        with ExitStack() as stack:
            driver = stack.enter_context(sync_playwright())
            browser = driver.chromium.launch(executable_path=executable(), args=list(_FLAGS))
            stack.callback(browser.close)
            viewport: Any = {"width": 1600, "height": 1000}
            context = browser.new_context(viewport=viewport, offline=True)
            self._lines = _Tab(context.new_page())
            self._html = _Tab(context.new_page())
            self._lines.page.set_content(_LINES_PAGE)
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._exit.close()

    def draw_lines(
        self,
        font_path: Path,
        texts: Sequence[str],
        size_px: float,
        *,
        variation: Sequence[tuple[str, float]] = (),
    ) -> list[np.ndarray]:
        """Each text as one black line on white, uint8 `[H, W, 3]`, grey edges.

        Half an em of paper surrounds the line's own box. `variation` sets axes of a
        variable font. Raises `FontRejectedError`; no texts give an empty list.
        """
        if not texts:
            return []
        settings = ", ".join(f'"{axis}" {value:g}' for axis, value in variation)
        font = base64.b64encode(font_path.read_bytes()).decode()
        argument = {"font": font, "texts": list(texts), "size": size_px, "variation": settings}
        shown = self._lines.page.evaluate(_SHOW_LINES, argument)
        if shown["error"]:
            raise FontRejectedError(
                "refused", f"Chromium refused {font_path.name}: {shown['error']}"
            )
        self._lines.check_fonts(font_path.name)
        return self._lines.cut(shown["boxes"])

    def draw_html(self, html: str, width: int, height: int) -> np.ndarray:
        """The top left `width` x `height` pixels of a page, uint8 `[H, W, 3]`.

        Every `@font-face` of the page is loaded first; raises `FontRejectedError` when
        one is refused or when text would borrow glyphs from a font not in the page.
        """
        self._show_html(html)
        return self._html.cut([[0, 0, width, height]])[0]

    def draw_page(
        self, html: str, width: int, height: int, selector: str
    ) -> tuple[np.ndarray, list[list[float]]]:
        """What `draw_html` draws, and the boxes of all elements that match, in document order.

        A box is [x0, y0, x1, y1] in pixels of the picture. Errors as in `draw_html`.
        """
        picture = self.draw_html(html, width, height)
        return picture, self._html.page.evaluate(_BOXES, selector)

    def draw_parts(self, html: str, selector: str) -> list[np.ndarray]:
        """The boxes of all elements that match, in document order, from one screenshot.

        Each is uint8 `[H, W, 3]`, the whole pixels inside the box; none gives an empty list.
        Errors as in `draw_html`.
        """
        self._show_html(html)
        return self._html.cut(self._html.page.evaluate(_BOXES, selector))

    def _show_html(self, html: str) -> None:
        self._html.page.set_content(html)
        if error := self._html.page.evaluate(_LOAD_ALL):
            raise FontRejectedError("refused", f"Chromium refused a face: {error}")
        self._html.check_fonts("the page")


class _Tab:
    """A page with its debugging session: screenshots through it skip Playwright's waits."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("DOM.enable")
        self._session.send("CSS.enable")

    def check_fonts(self, name: str) -> None:
        """Raise when any glyph of the body comes from a font that the page did not bring."""
        root = self._session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
        query = {"nodeId": root, "selector": "body"}
        body = self._session.send("DOM.querySelector", query)["nodeId"]
        used = self._session.send("CSS.getPlatformFontsForNode", {"nodeId": body})["fonts"]
        if borrowed := [font["familyName"] for font in used if not font["isCustomFont"]]:
            raise FontRejectedError(
                "missing-glyphs",
                f"{name} lacks some of the letters: Chromium would borrow them from "
                f"{', '.join(borrowed)}. Ask only for letters that the face covers",
            )

    def cut(self, boxes: Sequence[Sequence[float]]) -> list[np.ndarray]:
        """The boxes (x0, y0, x1, y1 in pixels) out of one screenshot."""
        if not boxes:
            return []
        # Whole pixels inside each box: a shared edge pixel would show the page behind it.
        whole = [(ceil(x0), ceil(y0), int(x1), int(y1)) for x0, y0, x1, y1 in boxes]
        picture = self._screenshot(max(b[2] for b in whole), max(b[3] for b in whole))
        return [picture[y0:y1, x0:x1].copy() for x0, y0, x1, y1 in whole]

    def _screenshot(self, width: int, height: int) -> np.ndarray:
        size = self.page.viewport_size or {"width": 0, "height": 0}
        options = {
            "format": "png",
            "optimizeForSpeed": True,
            "captureBeyondViewport": width > size["width"] or height > size["height"],
            "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
        }
        png = base64.b64decode(self._session.send("Page.captureScreenshot", options)["data"])
        picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise RuntimeError(f"Chromium sent no picture of {width} x {height} pixels")
        return picture
