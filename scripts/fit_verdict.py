"""The constants of index/verdict.py, fitted to the answers that runs of the benchmark have kept."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from index.benchmark import calibration
from scripts.terminal import run


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; exits with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fit_verdict", description=__doc__)
    text = "outcomes-*-proof.jsonl and outcomes-*-vote.jsonl, as below data/queries"
    parser.add_argument("outcomes", nargs="+", type=Path, metavar="FILE", help=text)
    return parser.parse_args(argv)


def fit_verdict(paths: list[Path]) -> int:
    """Print the four curves as they stand in the module, and how they hold on unseen families."""
    outcomes = [outcome for path in paths for outcome in calibration.read_outcomes(path)]
    print("\n".join(calibration.constants(outcomes)))
    return 0


if __name__ == "__main__":
    sys.exit(run("fit_verdict", lambda: fit_verdict(parse_arguments().outcomes)))
