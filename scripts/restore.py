"""Put a backup in the place of the whole catalogue, in one step; a running service goes on."""

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
    made = command("restore", __doc__)
    made.add_argument("file", type=Path, metavar="FILE", help="what the backup command wrote")
    made.add_argument(
        "--discard", action="store_true", help="also when own families would be lost by it"
    )
    made.add_argument("--json", action="store_true", help="print what was restored as JSON")
    return made


def restore(args: argparse.Namespace) -> int:
    """Restore it and say what it held."""
    with opened(rebuilding=True) as catalog:
        report = catalog.restore(args.file, discard=args.discard)
    if args.json:
        print(json.dumps(report.to_json()))
    else:
        print(
            f"restored what was backed up at {report.created}: {report.families} families, "
            f"{report.own_files} own font files; generation {report.generation}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(run("restore", lambda: restore(parser().parse_args())))
