"""Find the font families that a picture's text is set in."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.boxes import Box
from encoder.picture import read_picture
from index.answers import Filters, SearchAnswer
from scripts.terminal import opened, run


def box(text: str) -> Box:
    """`x0,y0,x1,y1` in pixels."""
    return Box(*(int(part) for part in text.split(",")))


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; exits with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m scripts.search", description=__doc__)
    add = parser.add_argument
    add("picture", type=Path, help="PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF")
    add("--k", type=int, default=5, help="families, 1..50 (%(default)s)")
    add("--crop", type=box, metavar="X0,Y0,X1,Y1", help="only this part")
    for name in ("category", "license", "source"):
        add(f"--{name}", nargs="+", type=str, metavar="X", help=f"only families of this {name}")
    add("--json", action="store_true", help="print the API's answer")
    add("--sheet", type=Path, metavar="PNG", help="draw the picture with its matches")
    return parser.parse_args(argv)


def table(answer: SearchAnswer) -> str:
    """The verdict and a line a match."""
    lines = [f"{answer.verdict} ({answer.took_ms:.0f} ms)"]
    for rank, match in enumerate(answer.matches, 1):
        twins = f"  = {', '.join(t.name for t in match.twins)}" if match.twins else ""
        family = f"{match.family.name:<28.28} {match.family.category:<12}"
        numbers = f"{match.score:.3f} {match.confidence:4.0%}  {match.family.license:<10}"
        lines.append(f"{rank:2} {family} {numbers} {match.face.id}{twins}")
    return "\n".join(lines)


def search(args: argparse.Namespace) -> int:
    """Search and print; 0 also when nothing was found."""
    picture = read_picture(args.picture.read_bytes())
    given = (args.category, args.license, args.source)
    filters = Filters(*(frozenset(values) if values else None for values in given))
    with opened() as catalog:
        answer = catalog.search(picture, k=args.k, crop=args.crop, filters=filters)
        if args.sheet:
            args.sheet.write_bytes(catalog.sheet(picture, answer))
    print(json.dumps(answer.to_json()) if args.json else table(answer))
    return 0


if __name__ == "__main__":
    sys.exit(run("search", lambda: search(parse_arguments())))
