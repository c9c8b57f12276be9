"""Run the short experiments that have not run yet, and write their page."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from encoder.browser import BrowserMissingError
from encoder.training.config import ConfigError, RunConfig
from encoder.training.experiments import experiment_paths, run_experiment
from encoder.training.experiments_page import write_page
from encoder.training.loop import train
from scripts.options import command
from scripts.terminal import run

_PAGE = Path("docs/experiments.md")
_RESULTS = Path("docs/experiments/results.json")
_RECORDS = Path("docs/benchmark")
_USAGE = (ConfigError, FileNotFoundError, BrowserMissingError)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("experiments", __doc__)
    made.add_argument("names", nargs="*", help="only these, like loss-supcon (all)")
    made.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="(0)")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (runs)")
    made.add_argument("--json", action="store_true", help="print all results as JSON at the end")
    return made


def experiment(args: argparse.Namespace) -> int:
    """Run what is missing; print where the page is."""

    def train_one(config: RunConfig) -> Path:
        show = (lambda m: None) if args.json else (lambda m: tqdm.write(json.dumps(m)))
        return train(config, args.runs, on_epoch=show)

    todo = [(path, seed) for seed in args.seeds for path in experiment_paths(args.names)]
    for path, seed in tqdm(todo, unit="run", disable=args.json):
        run_experiment(path, seed, _RESULTS, train_one)
    write_page(_RESULTS, _PAGE, _RECORDS)
    print(_RESULTS.read_text() if args.json else _PAGE)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 for an experiment or a config that there is not."""
    return run("experiments", lambda: experiment(parser().parse_args(argv)), usage=_USAGE)


if __name__ == "__main__":
    sys.exit(main())
