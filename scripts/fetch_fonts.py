"""Bring the Latin fonts of Google Fonts into the data folder, through npm."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from encoder import fontsource


def _bar():  # type: ignore[no-untyped-def]
    bar = tqdm(unit="family", desc="fonts")

    def update(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return update


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 when something is there to use, 1 when npm failed, 2 for bad arguments."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fetch_fonts", description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("data/fonts"), help="folder (data/fonts)")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="only these families")
    parser.add_argument("--small", action="store_true", help="the small set for experiments")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N families")
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="npm calls at once (4)")
    parser.add_argument("--relock", action="store_true", help="newest versions; write the list")
    args = parser.parse_args(argv)
    try:
        if args.relock:
            report = fontsource.relock(args.to, jobs=args.jobs, on_progress=_bar())
        else:
            report = fontsource.fetch(
                args.to,
                only=fontsource.small() if args.small else args.only,
                limit=args.limit,
                jobs=args.jobs,
                on_progress=_bar(),
            )
    except fontsource.UnknownFamilyError as error:
        parser.error(str(error))
    except fontsource.NpmMissingError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(report.fetched)} fetched, {len(report.present)} already there")
    if report.not_served:
        print(f"{len(report.not_served)} not served, skipped: {' '.join(report.not_served)}")
    return 0 if report.fetched or report.present else 1


if __name__ == "__main__":
    sys.exit(main())
