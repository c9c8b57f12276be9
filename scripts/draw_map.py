"""Draw the map of all families anew, near means alike: the places that the map page shows."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from scripts.opening import opened
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("draw_map", __doc__)
    out = Path("index/prebuilt/map.json")
    made.add_argument("--out", type=Path, default=out, help="(%(default)s)")
    made.add_argument("--json", action="store_true", help="print what was written as JSON")
    return made


def draw(args: argparse.Namespace) -> int:
    """Write the places and print how many there are."""
    with opened() as catalog:
        count = catalog.write_map(args.out)
    size = args.out.stat().st_size
    if args.json:
        print(json.dumps({"map": str(args.out), "families": count, "bytes": size}))
    else:
        print(f"{args.out}: {count} families, {size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(run("draw_map", lambda: draw(parser().parse_args())))
