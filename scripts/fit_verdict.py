"""The constants of index/verdict.py, fitted to the answers that runs of the benchmark have kept."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from index.benchmark import calibration
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("fit_verdict", __doc__)
    text = "outcomes-*-proof.jsonl and outcomes-*-vote.jsonl, as below data/queries"
    made.add_argument("outcomes", nargs="+", type=Path, metavar="FILE", help=text)
    made.add_argument("--json", action="store_true", help="print the lines as JSON")
    return made


def fit_verdict(args: argparse.Namespace) -> int:
    """Print the four curves as they stand in the module, and how they hold on unseen families."""
    outcomes = [outcome for path in args.outcomes for outcome in calibration.read_outcomes(path)]
    lines = calibration.constants(outcomes)
    print(json.dumps({"constants": list(lines)}) if args.json else "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(run("fit_verdict", lambda: fit_verdict(parser().parse_args())))
