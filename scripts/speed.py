"""Measure how long the service takes for an answer, beside what the encoder alone needs."""

from __future__ import annotations

import argparse
import json
import sys

from index.benchmark.speed import run_speed, table
from index.settings import Settings
from scripts.bars import Bars
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("speed", __doc__)
    made.add_argument("--requests", type=int, default=100, metavar="N", help="each (%(default)s)")
    made.add_argument("--json", action="store_true", help="print the record instead of its table")
    return made


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """What was asked; exits with 2 when it is wrong."""
    args = parser().parse_args(argv)
    if args.requests < 1:
        parser().error(f"--requests {args.requests}: at least 1")
    return args


def speed(args: argparse.Namespace) -> int:
    """Start the service, ask, print."""
    record = run_speed(Settings.from_environment(), args.requests, Bars().part)
    print(json.dumps(record, indent=1) if args.json else table(record))
    return 0


if __name__ == "__main__":
    sys.exit(run("speed", lambda: speed(parse_arguments())))
