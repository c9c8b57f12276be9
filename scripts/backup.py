"""Write the whole catalogue, own font files included, to one file; a running service goes on."""

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
    made = command("backup", __doc__)
    made.add_argument("file", type=Path, metavar="FILE", help="such as fontkin-2026-01-31.zip")
    made.add_argument("--json", action="store_true", help="print what it holds as JSON")
    return made


def back_up(args: argparse.Namespace) -> int:
    """Write it and say what it holds."""
    with opened() as catalog:
        report = catalog.backup(args.file)
    if args.json:
        print(json.dumps(report.to_json()))
    else:
        print(
            f"{report.path}: {report.families} families, {report.own_files} own font files, "
            f"{report.bytes / 2**20:.1f} MB; generation {report.generation}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(run("backup", lambda: back_up(parser().parse_args())))
