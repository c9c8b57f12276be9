"""Find the font families that the text in a picture, or in many, is set in."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder.picture import read_picture
from index.errors import QueryError
from index.many import picture_files, search_files
from scripts.answers import show, show_many
from scripts.asking import asking
from scripts.filtering import add_filters, filters
from scripts.opening import opened
from scripts.options import box, command
from scripts.terminal import console, run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("search", __doc__)
    add = made.add_argument
    add("picture", type=Path, nargs="+", help="PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF; or a folder")
    add("--k", type=int, default=5, help="families, 1..50 (%(default)s)")
    add("--crop", type=box, metavar="X0,Y0,X1,Y1", help="only this part")
    add("--text", help="what it says, if it is misread (it is read from the picture)")
    add_filters(made, "only faces of this weight: 700, or 300-500")
    add("--fetch", action="store_true", help="fetch the likely fonts' files, to compare drawings")
    add("--json", action="store_true", help="print the API's answer, a line a picture for many")
    add("--csv", type=Path, metavar="CSV", help="write a row a match; for many pictures")
    add("--sheet", type=Path, metavar="PNG", help="draw the picture with its matches")
    return made


def search(args: argparse.Namespace) -> int:
    """Search and print; 0 also when nothing was found, 1 when no picture could be read."""
    files = picture_files(args.picture)
    many = bool(args.csv or len(args.picture) > 1 or args.picture[0].is_dir())
    if many and (args.sheet or args.crop or args.text):
        raise QueryError("--sheet, --crop and --text are for one picture")
    asked = {"k": args.k, "filters": filters(args), "crop": args.crop, "text": args.text}
    with opened(fetching=args.fetch) as catalog, asking(catalog, **asked) as ask:
        if many:
            found = search_files(files, ask)
            return show_many(found, len(files), csv=args.csv, as_json=args.json)
        picture = read_picture(files[0].read_bytes())
        answer = ask(picture)
        if args.sheet:
            args.sheet.write_bytes(catalog.sheet(picture, answer))
        print(json.dumps(answer.to_json())) if args.json else show(answer, console())
    return 0


if __name__ == "__main__":
    sys.exit(run("search", lambda: search(parser().parse_args())))
