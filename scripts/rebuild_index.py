"""Make the catalogue anew: from font files, or only its index from the stored vectors."""

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
    made = command("rebuild_index", __doc__)
    add = made.add_argument
    add("--fonts", type=Path, help="the families' folder (data/fonts)")
    add("--from-vectors", action="store_true", help="draw nothing, make the index only")
    add("--only", nargs="+", default=[], metavar="ID", help="a catalogue of these families only")
    add("--limit", type=int, metavar="N", help="a catalogue of the first N families only")
    add("--jobs", type=int, metavar="N", help="processes (one a core)")
    add("--freetype-only", action="store_true", help="do not draw with Chromium too")
    add("--prebuilt", type=Path, metavar="DIR", help="also write the catalogue that is shipped")
    add("--json", action="store_true", help="print the report as JSON")
    return made


def rebuild(args: argparse.Namespace) -> int:
    """Rebuild and print the report."""
    with opened(rebuilding=not args.from_vectors) as catalog:
        with progress("family", quiet=args.json) as show:
            if args.from_vectors:
                report = catalog.rebuild_from_vectors(on_progress=show)
            else:
                report = catalog.rebuild_from_fonts(
                    args.fonts,
                    only=args.only,
                    limit=args.limit,
                    jobs=args.jobs,
                    chromium=False if args.freetype_only else None,
                    on_progress=show,
                )
        shipped = catalog.write_prebuilt(args.prebuilt) if args.prebuilt else None
    if args.json:
        print(json.dumps({**report.to_json(), "prebuilt": shipped}))
        return 0
    for refusal in report.refused:
        print(f"left out: {refusal.name} ({refusal.code}): {refusal.reason}")
    print(
        f"{report.families} families, {report.faces} faces, {report.samples} samples in "
        f"{report.seconds:.0f} s; generation {report.generation}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(run("rebuild_index", lambda: rebuild(parser().parse_args())))
