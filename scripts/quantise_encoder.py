"""Make the encoder that serves, in 8 bits, from an exported float one."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.training.quantise import calibration_windows, quantise
from scripts.options import command
from scripts.terminal import run

_FLOAT = Path("encoder/weights/float/fontkin.onnx")
_SERVED = Path("encoder/weights/fontkin.onnx")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("quantise_encoder", __doc__)
    made.add_argument("encoder", nargs="?", type=Path, default=_FLOAT, help="(%(default)s)")
    made.add_argument("--to", type=Path, default=_SERVED, metavar="ONNX", help="(%(default)s)")
    made.add_argument("--fonts", type=Path, default=Path("data/fonts"), metavar="DIR")
    made.add_argument("--json", action="store_true", help="print the whole card")
    return made


def quantise_encoder(args: argparse.Namespace) -> int:
    """Quantise, and say what was written."""
    card = quantise(args.encoder, args.to, calibration_windows(args.fonts))
    size = args.to.stat().st_size / 2**20
    print(json.dumps(card, indent=1) if args.json else f"{args.to}: {size:.1f} MiB, 8 bits")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 when the encoder or the fonts are missing."""
    args = parser().parse_args(argv)
    return run("quantise_encoder", lambda: quantise_encoder(args), usage=(FileNotFoundError,))


if __name__ == "__main__":
    sys.exit(main())
