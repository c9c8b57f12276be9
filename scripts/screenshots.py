"""Make the pictures of the main screens for README and docs: light, dark, as wide as a phone."""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from scripts.browsing import PAGES, served
from scripts.options import command
from scripts.terminal import run

if TYPE_CHECKING:
    from playwright.sync_api import Page
_DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
_HAND: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
_MODES = {"": _DESK, "-dark": {**_DESK, "color_scheme": "dark"}, "-phone": _HAND}
_SCREENS = PAGES | {"answer": "/"}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("screenshots", __doc__)
    made.add_argument("--out", type=Path, default=Path("docs/images"), help="(%(default)s)")
    made.add_argument("--only", nargs="+", choices=_SCREENS, default=_SCREENS, help="screens")
    made.add_argument("--json", action="store_true", help="print the files as JSON")
    return made


def shoot(args: argparse.Namespace) -> int:
    """Save a WebP for each screen and mode."""
    args.out.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    with served() as (url, browser):
        for mode, options in _MODES.items():
            context = browser.new_context(base_url=url, reduced_motion="reduce", **options)
            page = context.new_page()
            for name in args.only:
                files.append(args.out / f"{name}{mode}.webp")
                Image.open(io.BytesIO(_screen(page, name))).save(files[-1], quality=80, method=6)
    print(json.dumps([str(f) for f in files]) if args.json else "\n".join(map(str, files)))
    return 0


def _screen(page: Page, name: str) -> bytes:
    page.goto(_SCREENS[name], wait_until="networkidle")
    if name == "answer":
        page.get_by_role("button", name="A poster").click()
        page.wait_for_selector("#matches .match:not(.waiting)", timeout=60_000)
        page.wait_for_load_state("networkidle")
    return page.screenshot()


if __name__ == "__main__":
    sys.exit(run("screenshots", lambda: shoot(parser().parse_args())))
