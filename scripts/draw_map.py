"""Draw the map of all families as one page to wander in: near means alike."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.terminal import opened, run


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; exits with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m scripts.draw_map", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/map.html"), help="(%(default)s)")
    return parser.parse_args(argv)


def draw(args: argparse.Namespace) -> int:
    """Write the page and print where it is."""
    with opened() as catalog:
        page = catalog.map_page()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(page)
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(run("draw_map", lambda: draw(parse_arguments())))
