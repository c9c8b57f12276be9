"""Run a sweep file of Weights & Biases here, without an account; the same command goes on."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import optuna
from tqdm import tqdm

from encoder.training.config import ConfigError, RunConfig
from encoder.training.loop import train
from encoder.training.sweep import load_sweep, run_sweep


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 for a sweep file or a setting that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m scripts.sweep", description=__doc__)
    parser.add_argument("sweep", type=Path, help="encoder/training/configs/sweep.yaml, or yours")
    parser.add_argument("--trials", type=int, metavar="N", help="in all (the file's run_cap)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (runs)")
    args = parser.parse_args(argv)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        sweep = load_sweep(args.sweep)
        trials = args.trials or sweep.trials or 10
        folder = args.runs / f"sweep-{sweep.name}"
        bar = tqdm(total=trials, unit="trial")

        def train_one(config: RunConfig) -> dict[str, Any]:
            last: dict[str, Any] = {}
            train(config, folder, on_epoch=last.update)
            return last

        def report(number: int, values: dict[str, Any], metric: float) -> None:
            bar.update(number + 1 - bar.n)
            tqdm.write(json.dumps({"trial": number, sweep.metric: round(metric, 4), **values}))

        study = run_sweep(sweep, folder, trials=trials, train=train_one, on_trial=report)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    bar.close()
    best = {"best": study.best_trial.number, sweep.metric: study.best_value, **study.best_params}
    print(json.dumps(best))
    return 0


if __name__ == "__main__":
    sys.exit(main())
