"""`python -m scripts COMMAND ...`, which is what bin/fontkin runs."""

from __future__ import annotations

import runpy
import sys
from difflib import get_close_matches

from scripts.commands import commands

_USAGE = "usage: fontkin COMMAND ...   (fontkin COMMAND --help says more)\n"


def main(argv: list[str]) -> int:
    """Become the command; without one, list them all. 2 for one that is not there."""
    known = commands()
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_USAGE, *(f"  {name:<16} {about}" for name, about in known.items()), sep="\n")
        return 0 if argv else 2
    name = argv[0].replace("-", "_")
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f"do you mean {near[0]}?" if near else "fontkin --help lists all"
        print(f"fontkin: there is no command {argv[0]!r}; {meant}", file=sys.stderr)
        return 2
    sys.argv = [f"fontkin {name}", *argv[1:]]
    try:
        runpy.run_module(f"scripts.{name}", run_name="__main__", alter_sys=True)
    except ModuleNotFoundError as error:
        needs = f"needs the package {error.name}, which serving does not bring"
        remedy = "install them all with: pip install -r requirements.txt"
        print(f"{name}: {needs}; {remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
