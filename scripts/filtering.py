"""The options that narrow what may answer."""

from __future__ import annotations

import argparse

from index.filters import Filters


def add_filters(made: argparse.ArgumentParser, weight: str) -> None:
    """The options that `filters` reads; `weight` is what the help says of that one."""
    for name in ("category", "license", "source"):
        made.add_argument(f"--{name}", nargs="+", metavar="X", help=f"only families of this {name}")
    script = "only families with these, cyrillic for example"
    made.add_argument("--script", nargs="+", metavar="X", help=script)
    made.add_argument("--weight", metavar="W", help=weight)


def filters(args: argparse.Namespace) -> Filters:
    """What may answer. Raises `QueryError`."""
    return Filters.of(args.category, args.license, args.source, args.script, args.weight)
