"""Remove families from the catalogue."""

from __future__ import annotations

import argparse
import json
import sys

from scripts.opening import opened
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("remove_font", __doc__)
    made.add_argument("ids", nargs="+", metavar="ID", help="such as playfair-display")
    made.add_argument("--json", action="store_true", help="print what was removed as JSON")
    return made


def remove(args: argparse.Namespace) -> int:
    """Remove one after the other; stops at the first that is not there."""
    with opened() as catalog:
        for family_id in args.ids:
            catalog.remove_family(family_id)
            if not args.json:
                print(f"removed: {family_id}")
    if args.json:
        print(json.dumps({"removed": args.ids}))
    return 0


if __name__ == "__main__":
    sys.exit(run("remove_font", lambda: remove(parser().parse_args())))
