"""Export a trained run to the ONNX file that serves, with its card."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.training.checkpoint import CheckpointError
from encoder.training.curves import draw_curves
from encoder.training.export import export


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 when the run has no usable checkpoint."""
    parser = argparse.ArgumentParser(prog="python -m scripts.export_encoder", description=__doc__)
    parser.add_argument("run", type=Path, help="the run's folder, runs/NAME")
    parser.add_argument("--to", type=Path, default=Path("encoder/weights/fontkin.onnx"))
    parser.add_argument("--average", type=Path, metavar="ONNX", help="take the mean with this one")
    parser.add_argument("--curves", type=Path, metavar="PNG", help="draw loss and recall too")
    parser.add_argument("--json", action="store_true", help="print the whole card")
    args = parser.parse_args(argv)
    try:
        card = export(args.run, args.to, args.average)
    except (CheckpointError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    if args.curves:
        draw_curves(card, args.curves)
    if args.json:
        print(json.dumps(card, indent=1))
    else:
        size = args.to.stat().st_size / 2**20
        print(f"{args.to}: {card['parameters']:,} parameters, {size:.1f} MiB, from {card['name']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
