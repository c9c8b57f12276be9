"""Is a font in the catalogue? Families by name, and the kin of one."""

from __future__ import annotations

import argparse
import json
import sys

from scripts.filtering import add_filters, filters
from scripts.opening import opened
from scripts.options import command
from scripts.tables import families_table, matches_table
from scripts.terminal import console, run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("families", __doc__)
    add = made.add_argument
    add("name", nargs="?", help="a part of the name or id (all)")
    add("--kin", metavar="ID", help="the families closest to this one instead")
    add("--limit", type=int, default=50, metavar="N", help="rows at most (%(default)s)")
    add_filters(made, "kin of this weight: 700, or 300-500; with --kin")
    add("--json", action="store_true", help="print the API's answer")
    return made


def families(args: argparse.Namespace) -> int:
    """Print them; 1 when there is none."""
    admitted = filters(args)
    with opened() as catalog:
        if args.kin:
            kin = catalog.similar(args.kin, k=args.limit, filters=admitted)
            found = [each.to_json() for each in kin]
            answer, table = {"matches": found}, matches_table(kin, console().width)
        else:
            page = catalog.families(q=args.name, filters=admitted, limit=args.limit)
            answer, table = page.to_json(), families_table(page.items)
            found = answer["items"]
    if args.json:
        print(json.dumps(answer))
    elif found:
        console().print(table)
    if not found:
        print("none: take a filter away, or try a shorter part of the name", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(run("families", lambda: families(parser().parse_args())))
