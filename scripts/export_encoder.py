"""Export a trained run to an ONNX file with its card; `quantise_encoder` makes it serve."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.training.checkpoint import CheckpointError
from encoder.training.curves import draw_curves
from encoder.training.export import export
from scripts.options import command
from scripts.terminal import run

_FLOAT = Path("encoder/weights/float/fontkin.onnx")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("export_encoder", __doc__)
    made.add_argument("run", type=Path, help="the run's folder, runs/NAME")
    made.add_argument("--to", type=Path, default=_FLOAT, help="(%(default)s)")
    made.add_argument("--average", type=Path, metavar="ONNX", help="take the mean with this one")
    made.add_argument("--whiten", action="store_true", help="by pictures of the run's own fonts")
    made.add_argument("--curves", type=Path, metavar="PNG", help="draw loss and recall too")
    made.add_argument("--json", action="store_true", help="print the whole card")
    return made


def export_run(args: argparse.Namespace) -> int:
    """Export, and say what was written."""
    card = export(args.run, args.to, args.average, whitened=args.whiten)
    if args.curves:
        draw_curves(card, args.curves)
    if args.json:
        print(json.dumps(card, indent=1))
    else:
        size = args.to.stat().st_size / 2**20
        print(f"{args.to}: {card['parameters']:,} parameters, {size:.1f} MiB, from {card['name']}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 when the run has no usable checkpoint."""
    usage = (CheckpointError, FileNotFoundError)
    return run("export_encoder", lambda: export_run(parser().parse_args(argv)), usage=usage)


if __name__ == "__main__":
    sys.exit(main())
