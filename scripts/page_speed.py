"""Measure how soon every page is there on a slow phone: 150 ms and 1.6 Mbit/s, a 4x slower CPU."""

from __future__ import annotations

import argparse
import json
import sys

from scripts.browsing import PAGES, served
from scripts.options import command
from scripts.paints import COLUMNS, opened_slowly
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("page_speed", __doc__)
    made.add_argument("--openings", type=int, default=5, help="the fastest counts (%(default)s)")
    made.add_argument("--only", nargs="+", choices=PAGES, default=PAGES, help="pages")
    made.add_argument("--json", action="store_true", help="print the figures as JSON")
    return made


def measure(args: argparse.Namespace) -> int:
    """Open every page with an empty cache, and print a table."""
    if args.openings < 1:
        parser().error(f"--openings {args.openings}: 1 or more are needed")
    with served() as (url, browser):
        browser.new_page().goto(url)  # the service's own first answer is slower than all others
        found = {n: opened_slowly(browser, url + PAGES[n], args.openings) for n in args.only}
    rows = [f"| {name} | " + " | ".join(f"{v[c]}" for c in COLUMNS) for name, v in found.items()]
    head = "| page | first paint, ms | useful, ms | layout shift | kB | kB with pictures |"
    table = "\n".join([head, "| --- " + "| ---: " * 5 + "|", *(f"{row} |" for row in rows)])
    print(json.dumps(found) if args.json else table)
    return 0


if __name__ == "__main__":
    sys.exit(run("page_speed", lambda: measure(parser().parse_args())))
