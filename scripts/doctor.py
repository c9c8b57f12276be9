"""Check everything that is stored against its hash and against the rest; say what is wrong."""

from __future__ import annotations

import argparse
import json
import sys

from index.repair import examine
from index.settings import Settings
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command("doctor", __doc__)
    made.add_argument(
        "--repair", action="store_true", help="mend what is derived: index, vectors, leftovers"
    )
    made.add_argument("--json", action="store_true", help="print the findings as JSON")
    return made


def counted(count: int, names: str) -> str:
    """How many of what: "1 family", "2 families"."""
    if count != 1:
        return f"{count} {names}"
    return f"1 {names[:-3]}y" if names.endswith("ies") else f"1 {names.removesuffix('s')}"


def look(args: argparse.Namespace) -> int:
    """0 when nothing is wrong any more, else 1."""
    result = examine(Settings.from_environment(), repair=args.repair)
    if args.json:
        print(json.dumps(result.to_json()))
        return 0 if result.healthy else 1
    for finding in result.findings:
        after = "repaired" if finding.repaired else f"to do: {finding.remedy}"
        print(f"{finding.code}: {finding.what}\n    {after}")
    looked = ", ".join(counted(count, names) for names, count in result.checked.items())
    print(f"{'healthy' if result.healthy else 'something is wrong'} ({looked})")
    return 0 if result.healthy else 1


if __name__ == "__main__":
    sys.exit(run("doctor", lambda: look(parser().parse_args())))
