"""Draw the map of all families as one page to wander in: near means alike."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from scripts.options import command
from scripts.terminal import opened, run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("draw_map", __doc__)
    made.add_argument("--out", type=Path, default=Path("docs/map.html"), help="(%(default)s)")
    made.add_argument("--json", action="store_true", help="print where it is as JSON")
    return made


def draw(args: argparse.Namespace) -> int:
    """Write the page and print where it is."""
    with opened() as catalog:
        page = catalog.map_page()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(page)
    print(json.dumps({"map": str(args.out)}) if args.json else args.out)
    return 0


if __name__ == "__main__":
    sys.exit(run("draw_map", lambda: draw(parser().parse_args())))
