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
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("sweep", __doc__)
    made.add_argument("sweep", type=Path, help="encoder/training/configs/sweep.yaml, or yours")
    made.add_argument("--trials", type=int, metavar="N", help="in all (the file's run_cap)")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (runs)")
    made.add_argument("--json", action="store_true", help="no bar: JSON lines only")
    return made


def sweep(args: argparse.Namespace) -> int:
    """A line of JSON a trial, the best one last."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    plan = load_sweep(args.sweep)
    trials, folder = args.trials or plan.trials or 10, args.runs / f"sweep-{plan.name}"

    def train_one(config: RunConfig) -> dict[str, Any]:
        last: dict[str, Any] = {}
        train(config, folder, on_epoch=last.update)
        return last

    with tqdm(total=trials, unit="trial", disable=args.json) as bar:

        def report(number: int, values: dict[str, Any], metric: float) -> None:
            bar.update(number + 1 - bar.n)
            tqdm.write(json.dumps({"trial": number, plan.metric: round(metric, 4), **values}))

        study = run_sweep(plan, folder, trials=trials, train=train_one, on_trial=report)
    best = study.best_trial
    print(json.dumps({"best": best.number, plan.metric: best.value, **best.params}))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 for a sweep that cannot be run."""
    return run("sweep", lambda: sweep(parser().parse_args(argv)), usage=(ConfigError,))


if __name__ == "__main__":
    sys.exit(main())
