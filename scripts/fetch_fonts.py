"""Bring the Latin fonts of Google Fonts into the data folder, through npm."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from encoder import fontsource
from scripts.options import command
from scripts.terminal import progress, run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("fetch_fonts", __doc__)
    add = made.add_argument
    add("--to", type=Path, default=Path("data/fonts"), help="folder (data/fonts)")
    add("--only", nargs="+", default=[], metavar="ID", help="only these families")
    add("--small", action="store_true", help="the small set for experiments")
    add("--limit", type=int, metavar="N", help="only the first N families")
    add("--jobs", type=int, default=4, metavar="N", help="npm calls at once (4)")
    add("--relock", action="store_true", help="newest versions; write the list")
    add("--json", action="store_true", help="print what was brought as JSON")
    return made


def fetch(args: argparse.Namespace) -> int:
    """0 when something is there to use, 1 when not."""
    with progress("family", quiet=args.json) as show:
        if args.relock:
            report = fontsource.relock(args.to, jobs=args.jobs, on_progress=show)
        else:
            only = fontsource.small() if args.small else args.only
            report = fontsource.fetch(
                args.to, only=only, limit=args.limit, jobs=args.jobs, on_progress=show
            )
    got, there, missing = (list(x) for x in (report.fetched, report.present, report.not_served))
    if args.json:
        print(json.dumps({"fetched": got, "present": there, "not_served": missing}))
    else:
        print(f"{len(got)} fetched, {len(there)} already there")
        if missing:
            print(f"{len(missing)} not served, skipped: {' '.join(missing)}")
    return 0 if got or there else 1


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 when something is there to use, 1 when npm failed, 2 for bad arguments."""
    usage = (fontsource.UnknownFamilyError,)
    return run("fetch_fonts", lambda: fetch(parser().parse_args(argv)), usage=usage)


if __name__ == "__main__":
    sys.exit(main())
