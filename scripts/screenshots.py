"""Make the pictures of the main screens that README and docs show; --all makes every one."""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from index.settings import Settings
from scripts.browsing import served
from scripts.options import command
from scripts.screens import SCREENS, WHOLE, open_screen
from scripts.terminal import run

_DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
_HAND: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
_MODES = {"": _DESK, "-dark": {**_DESK, "color_scheme": "dark"}, "-phone": _HAND}
_EVERY = {f"{name}{mode}": (name, mode) for name in SCREENS for mode in _MODES}
_SHOWN = ("answer", "answer-phone", "browse", "family", "fonts", "map")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("screenshots", __doc__)
    made.add_argument("--out", type=Path, default=Path("docs/images"), help="(%(default)s)")
    made.add_argument("--only", nargs="+", choices=_EVERY, default=_SHOWN, metavar="NAME")
    made.add_argument("--all", action="store_true", help="light, dark and as wide as a phone")
    made.add_argument("--json", action="store_true", help="print the files as JSON")
    return made


def shoot(args: argparse.Namespace) -> int:
    """Save a WebP for each; the service has the shipped catalogue and the font files of here."""
    args.out.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    wanted = {name: _EVERY[name] for name in _EVERY if args.all or name in args.only}
    fonts = Settings.from_environment().fonts.resolve()
    with TemporaryDirectory() as data:
        Path(data, "fonts").symlink_to(fonts)
        with served(FONTKIN_DATA=data) as (url, browser):
            for name, (screen, mode) in wanted.items():
                options = {"base_url": url, "reduced_motion": "reduce", **_MODES[mode]}
                with browser.new_context(**options) as context:
                    page = context.new_page()
                    open_screen(page, screen, fonts)
                    files.append(args.out / f"{name}.webp")
                    shown = io.BytesIO(page.screenshot(full_page=screen in WHOLE))
                    Image.open(shown).save(files[-1], quality=80, method=6)
    print(json.dumps([str(f) for f in files]) if args.json else "\n".join(map(str, files)))
    return 0


if __name__ == "__main__":
    sys.exit(run("screenshots", lambda: shoot(parser().parse_args())))
