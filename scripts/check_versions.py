"""Check that the libraries which read strangers' files are new enough to be safe."""

from __future__ import annotations

import argparse
import sys

from index.versions import installed, too_old
from scripts.options import command
from scripts.terminal import run


def parser() -> argparse.ArgumentParser:
    """The command line."""
    return command("check_versions", __doc__)


def check() -> int:
    """Print each library; 1 when one is too old."""
    here = installed()
    for name, found in here.items():
        print(f"{name} {found}")
    old = too_old(here)
    for line in old:
        print(line, file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    parser().parse_args()
    sys.exit(run("check_versions", check))
