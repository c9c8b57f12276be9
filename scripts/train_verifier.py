"""Train the verifier; the same command resumes a run that was stopped."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.browser import BrowserMissingError
from encoder.training.checkpoint import CheckpointError
from encoder.training.verifier_export import export_verifier
from encoder.training.verifying import VerifierConfig, train_from_fonts
from scripts.bars import Bars
from scripts.options import command
from scripts.terminal import run

_ENCODER = Path("encoder/weights/fontkin.onnx")
_USAGE = (CheckpointError, BrowserMissingError, FileNotFoundError)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("train_verifier", __doc__)
    add = made.add_argument
    add("--fonts", type=Path, default=Path("data/fonts"), metavar="DIR", help="(%(default)s)")
    add("--run", type=Path, default=Path("runs/verifier"), metavar="DIR", help="(%(default)s)")
    add("--steps", type=int, default=20_000, help="(%(default)s)")
    add("--minutes", type=float, help="of training, instead of steps")
    add("--batch", type=int, default=128, help="lines a step (%(default)s)")
    add("--workers", type=int, default=1, help="processes that draw (%(default)s)")
    add("--replayed", type=int, default=4096, help="lines kept to come again (%(default)s)")
    add("--to", type=Path, metavar="ONNX", help="export the verifier that serves, too")
    add("--json", action="store_true", help="print what the run came to as JSON")
    return made


def train(args: argparse.Namespace) -> int:
    """Train, and export if asked to."""
    bars = Bars(quiet=args.json)
    named = {name: getattr(args, name) for name in ("batch", "workers", "replayed")}
    config = VerifierConfig(args.steps, args.minutes, **named)
    train_from_fonts(args.fonts, _ENCODER, config, args.run, on_part=bars.part, on_step=bars.step)
    if args.to:
        export_verifier(args.run, args.to)
    outcome = json.loads((args.run / "outcome.json").read_text())
    print(json.dumps(outcome) if args.json else args.run)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 without fonts, or for a checkpoint that cannot be used."""
    return run("train_verifier", lambda: train(parser().parse_args(argv)), usage=_USAGE)


if __name__ == "__main__":
    sys.exit(main())
