"""Measure how often the right font is found; write a record, tables and plots."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.embed import Embedder
from index.benchmark import report, runner, tables
from index.benchmark.queries import LEVELS
from index.settings import Settings
from scripts.bars import Bars
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("benchmark", __doc__)
    add = made.add_argument
    add("--families", type=int, default=300, metavar="N", help="asked, half unseen (%(default)s)")
    add("--seed", type=int, default=0, help="of the pictures (%(default)s)")
    add("--levels", nargs="+", choices=LEVELS, default=LEVELS, metavar="X", help=", ".join(LEVELS))
    add("--baselines", action="store_true", help="also pixels, PCA and ImageNet features")
    add("--own", nargs="+", type=Path, default=(), metavar="DIR", help="fonts to add for the run")
    add("--real", type=Path, default=Path("../shared/real-queries"), metavar="DIR")
    add("--quick", action="store_true", help="20 families only")
    add("--out", type=Path, default=Path("docs/benchmark"), metavar="DIR", help="(%(default)s)")
    add("--json", action="store_true", help="print the record instead of its table")
    return made


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """What was asked; exits with 2 when it is wrong."""
    args = parser().parse_args(argv)
    if args.families < 1:
        parser().error(f"--families {args.families}: at least 1")
    return args


def benchmark(args: argparse.Namespace) -> int:
    """Run, write and print; what could not be asked is said on stderr."""
    asked, bars = vars(args), Bars()
    out, as_json, quick = (asked.pop(name) for name in ("out", "json", "quick"))
    asked["families"] = 20 if quick else asked["families"]
    settings = Settings.from_environment()
    plan = runner.Plan(settings.fonts, settings.data / "queries", **asked)

    embedder = Embedder.from_files(settings.encoder)
    record, notices = runner.run(settings, plan, embedder=embedder, progress=bars.part)
    path = report.write(record, out, plan.fonts, settings.encoder.with_suffix(".json"))
    print(*notices, path, sep="\n", file=sys.stderr)
    print(json.dumps(record, indent=1) if as_json else tables.table(record))
    return 0


if __name__ == "__main__":
    sys.exit(run("benchmark", lambda: benchmark(parse_arguments())))
