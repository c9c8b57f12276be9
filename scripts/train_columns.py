"""Teach an encoder's column head, and put it into the float encoder and the one that serves."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from encoder.training.checkpoint import CheckpointError
from encoder.training.columns import add_columns, put_columns
from encoder.training.late import LateConfig
from scripts.bars import Bars
from scripts.options import command
from scripts.terminal import run

_FLOAT = Path("encoder/weights/float/fontkin.onnx")
_SERVED = Path("encoder/weights/fontkin.onnx")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("train_columns", __doc__)
    add, usual = made.add_argument, LateConfig()
    add("encoder", nargs="?", type=Path, default=_FLOAT, help="in float (%(default)s)")
    add("--run", type=Path, metavar="RUN", help="its head, trained with the net: nothing is taught")
    add("--served", type=Path, default=_SERVED, metavar="ONNX", help="in 8 bits (%(default)s)")
    add("--fonts", type=Path, default=Path("data/fonts"), metavar="DIR", help="(%(default)s)")
    add("--windows", type=int, default=usual.windows, help="to learn from (%(default)s)")
    add("--steps", type=int, default=usual.steps, help="(%(default)s)")
    add("--seed", type=int, default=usual.seed, help="(%(default)s)")
    add("--runs", type=Path, default=Path("runs"), help="where drawn windows are kept (runs)")
    add("--json", action="store_true", help="print what the card says of it")
    return made


def train_columns(args: argparse.Namespace) -> int:
    """Teach, and say how well it went."""
    if args.run is not None:
        return _put(args)
    bars = Bars(quiet=args.json)
    config = LateConfig(windows=args.windows, steps=args.steps, seed=args.seed)
    targets = (args.encoder, args.served)
    drawn = partial(bars.part, unit="drawn")
    found = add_columns(targets, args.fonts, args.runs, config, on_step=bars.step, on_prepare=drawn)
    said = f"{found['right']:.1%} right among {found['among']} faces; written to "
    print(json.dumps(found) if args.json else said + ", ".join(map(str, targets)))
    return 0


def _put(args: argparse.Namespace) -> int:
    targets = (args.encoder, args.served)
    found = put_columns(targets, args.run)
    said = f"{found['dim']} numbers a column from {args.run}; written to "
    print(json.dumps(found) if args.json else said + ", ".join(map(str, targets)))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 when the encoder or the fonts are missing."""
    usage = (CheckpointError, FileNotFoundError)
    return run("train_columns", lambda: train_columns(parser().parse_args(argv)), usage=usage)


if __name__ == "__main__":
    sys.exit(main())
