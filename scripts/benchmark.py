"""Measure how often the right font is found; writes a record, tables and plots."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from encoder.browser import BrowserMissingError
from encoder.embed import Embedder
from index.benchmark import report, runner
from index.benchmark.queries import LEVELS
from index.errors import MismatchError
from index.settings import Settings


def _bars():  # type: ignore[no-untyped-def]
    bars: dict[str, tqdm] = {}  # type: ignore[type-arg]

    def update(what: str, done: int, total: int) -> None:
        if what not in bars:
            bars[what] = tqdm(total=total, desc=what)
        bars[what].update(done - bars[what].n)

    return update


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 with a record, 1 when nothing could be measured, 2 for bad arguments."""
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    parser.add_argument("--families", type=int, default=300, metavar="N", help="asked (300)")
    parser.add_argument("--seed", type=int, default=0, help="of the pictures (0)")
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=LEVELS, metavar="LEVEL")
    parser.add_argument("--baselines", action="store_true", help="also pixels, PCA, ImageNet")
    parser.add_argument("--own", nargs="+", type=Path, default=(), metavar="DIR", help="own fonts")
    parser.add_argument("--real", type=Path, default=Path("../shared/real-queries"), metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="20 families only")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmark"), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print the record, not the table")
    asked = vars(parser.parse_args(argv))
    out, as_json = asked.pop("out"), asked.pop("json")
    asked["families"] = 20 if asked.pop("quick") else asked["families"]
    settings = Settings.from_environment()
    plan = runner.Plan(fonts=settings.fonts, cache=settings.data / "queries", **asked)
    try:
        embedder = Embedder.from_files(settings.encoder)
        record, notices = runner.run(settings, plan, embedder=embedder, progress=_bars())
    except (runner.NothingToAskError, BrowserMissingError, MismatchError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(*notices, report.write(record, out), sep="\n", file=sys.stderr)
    print(json.dumps(record, indent=1) if as_json else report.table(record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
