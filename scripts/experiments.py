"""Run the short experiments that have not run yet, and write their page."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from encoder.browser import BrowserMissingError
from encoder.training.config import ConfigError, RunConfig
from encoder.training.experiments import experiment_paths, run_experiment, write_page
from encoder.training.loop import train

_PAGE = Path("docs/experiments.md")
_RESULTS = Path("docs/experiments/results.json")


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 for an unknown name or a config that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m scripts.experiments", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these, like loss-supcon (all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="(0)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (runs)")
    args = parser.parse_args(argv)

    def train_one(config: RunConfig) -> Path:
        return train(config, args.runs, on_epoch=lambda m: tqdm.write(json.dumps(m)))

    try:
        todo = [(path, seed) for seed in args.seeds for path in experiment_paths(args.names)]
        for path, seed in tqdm(todo, unit="run"):
            run_experiment(path, seed, _RESULTS, train_one)
        write_page(_RESULTS, _PAGE)
    except (ConfigError, FileNotFoundError, BrowserMissingError) as error:
        print(error, file=sys.stderr)
        return 2
    print(_PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
