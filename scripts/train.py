"""Train an encoder as a config file says; the same command resumes a run that was stopped."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.browser import BrowserMissingError
from encoder.training.checkpoint import CheckpointError
from encoder.training.config import ConfigError, load_config
from encoder.training.loop import train
from scripts.bars import Bars
from scripts.options import command
from scripts.terminal import run

_USAGE = (ConfigError, CheckpointError, BrowserMissingError)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("train", __doc__)
    made.add_argument("config", type=Path, help="a file of encoder/training/configs/")
    made.add_argument("set", nargs="*", metavar="PART.KEY=VALUE", help="instead of the file's")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (runs)")
    made.add_argument("--json", action="store_true", help="JSON lines only: epochs, then the run")
    return made


def train_one(args: argparse.Namespace) -> int:
    """Train, a line of JSON an epoch, the run's folder at the end."""
    config, bars = load_config(args.config, args.set), Bars(quiet=args.json)
    folder = train(config, args.runs, on_epoch=bars.epoch, on_step=bars.step, on_prepare=bars.part)
    print(json.dumps({"run": str(folder), "last": bars.last}) if args.json else folder)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 for a config or checkpoint that cannot be used."""
    return run("train", lambda: train_one(parser().parse_args(argv)), usage=_USAGE)


if __name__ == "__main__":
    sys.exit(main())
