"""Add font files (TTF, OTF, TTC, WOFF, WOFF2, a zip of them) to the catalogue, untrained."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from scripts.opening import opened
from scripts.options import command
from scripts.terminal import progress, run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("add_font", __doc__)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE")
    made.add_argument("--json", action="store_true", help="print the report as JSON")
    return made


def add(args: argparse.Namespace) -> int:
    """Add and print the report; 1 when a file was refused."""
    with opened() as catalog, progress("face", quiet=args.json) as show:
        report = catalog.add_fonts(args.files, on_progress=show)
    if args.json:
        print(json.dumps(report.to_json()))
    else:
        for family in report.added:
            faces = ", ".join(face.id for face in family.faces)
            print(f"added: {family.family.name} ({family.family.id}): {faces}")
        for duplicate in report.duplicates:
            print(f"already there: {duplicate.name} ({duplicate.family_id})")
        for refusal in report.refused:
            print(f"refused: {refusal.name} ({refusal.code}): {refusal.reason}")
    return 1 if report.refused else 0


if __name__ == "__main__":
    sys.exit(run("add_font", lambda: add(parser().parse_args())))
