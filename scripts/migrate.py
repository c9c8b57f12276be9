"""Bring the catalogue to this version after an update, however long it takes.

Own fonts may have to be drawn anew. `serve` does it before it answers.
"""

from __future__ import annotations

import argparse
import json
import sys

from index import bootstrap
from index.settings import Settings
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("migrate", __doc__)
    made.add_argument("--json", action="store_true", help="print what was done as JSON")
    return made


def migrate(args: argparse.Namespace) -> int:
    """Do it and say how many families were drawn."""
    drawn = migrated()
    if args.json:
        print(json.dumps({"own_families_drawn": drawn}))
    else:
        print(f"the catalogue is of this version; {drawn} own families were drawn anew")
    return 0


def migrated() -> int:
    """Own families that had to be drawn; says how far it is meanwhile."""
    drawn = 0

    def tell(done: int, total: int) -> None:
        nonlocal drawn
        drawn = done
        if done % 10 == 0 or done == total:
            print(f"migrate: {done} of {total} own fonts drawn anew", file=sys.stderr, flush=True)

    bootstrap.migrate(Settings.from_environment(), on_progress=tell)
    return drawn


if __name__ == "__main__":
    sys.exit(run("migrate", lambda: migrate(parser().parse_args())))
