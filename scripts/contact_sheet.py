"""Draw a page of training samples to look at: each picture beside the window cut from it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.contactsheet import contact_sheet
from encoder.fontfile import FontFace, FontRefusedError, read_faces
from scripts.options import command

_TEXTS = ("Hamburgefons", "quick brown", "TYPEFACE", "Jalopy 372", "oxygen", "Grafik & co", "RIVET")


def _readable(paths: list[Path]) -> list[FontFace]:
    faces: list[FontFace] = []
    for path in paths:
        try:
            faces += read_faces(path)
        except FontRefusedError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
    return faces


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("contact_sheet", __doc__)
    made.add_argument("fonts", type=Path, nargs="*", help="font files (a spread of data/fonts)")
    made.add_argument("--out", type=Path, default=Path("contact-sheet.png"))
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--rows", type=int, default=20)
    made.add_argument("--json", action="store_true", help="print where it is as JSON")
    return made


def main(argv: list[str] | None = None) -> int:
    """Exit code 2 when no font can be read."""
    args = parser().parse_args(argv)
    found = sorted(Path("data/fonts").glob("*/*.woff2"))
    faces = _readable(args.fonts or found[:: max(1, len(found) // 60)])
    if not faces:
        print("no font to draw: run fontkin fetch_fonts, or name files", file=sys.stderr)
        return 2
    contact_sheet(faces, _TEXTS, seed=args.seed, rows=args.rows).save(args.out)
    print(json.dumps({"sheet": str(args.out), "faces": len(faces)}) if args.json else args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
