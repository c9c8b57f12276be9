"""Check that the libraries which read strangers' files are new enough to be safe."""

from __future__ import annotations

import argparse
import json
import sys

from index.versions import installed, too_old
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("check_versions", __doc__)
    made.add_argument("--json", action="store_true", help="print names and versions as JSON")
    return made


def check(args: argparse.Namespace) -> int:
    """Print each library; 1 when one is too old."""
    here = installed()
    if args.json:
        print(json.dumps(here, default=str))
    for name, found in () if args.json else here.items():
        print(f"{name} {found}")
    old = too_old(here)
    for line in old:
        print(line, file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(run("check_versions", lambda: check(parser().parse_args())))
