"""Compare vector indexes at 60 thousand to 10 million vectors; write a record, table and plot."""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path

from index.benchmark.scale import ScalePlan, run_scale
from index.benchmark.scaleengines import ENGINES
from index.benchmark.scalereport import table, write_scale
from index.settings import Settings
from scripts.bars import Bars
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("scale", __doc__)
    add = made.add_argument
    add(
        "--sizes", nargs="+", type=int, default=[60_000, 1_000_000], metavar="N", help="(60 k, 1 M)"
    )
    add("--queries", type=int, default=300, metavar="N", help="(%(default)s)")
    add("--engines", nargs="+", default=list(ENGINES), metavar="X", help=", ".join(ENGINES))
    add("--minutes", type=float, default=30, help="to build, and to ask, each (%(default)s)")
    add("--out", type=Path, default=Path("docs/benchmark"), metavar="DIR", help="(%(default)s)")
    add("--json", action="store_true", help="print the record instead of its table")
    return made


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """What was asked; exits with 2 when it is wrong."""
    args = parser().parse_args(argv)
    if min(args.sizes) < 1000 or args.queries < 1 or args.minutes <= 0:
        parser().error("sizes of 1000 or more, and at least one query and some minutes, are needed")
    return args


def scale(args: argparse.Namespace) -> int:
    """Run, write and print."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # for the processes
    plan = ScalePlan(args.sizes, args.queries, args.engines, args.minutes)
    progress = partial(Bars().part, unit="step")
    record = run_scale(Settings.from_environment(), plan, progress)
    print(write_scale(record, args.out), file=sys.stderr)
    print(json.dumps(record, indent=1) if args.json else table(record))
    return 0


if __name__ == "__main__":
    sys.exit(run("scale", lambda: scale(parse_arguments())))
