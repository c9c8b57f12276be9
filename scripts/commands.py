"""Which commands there are: every module beside this one that can be run."""

from __future__ import annotations

import argparse
import ast
import importlib
import re
from pathlib import Path

import shtab


def commands() -> dict[str, str]:
    """Name -> first line of its documentation; nothing is imported."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        source = path.read_text(encoding="utf-8")
        if re.search(r'^if __name__ == "__main__":', source, re.MULTILINE):
            about = ast.get_docstring(ast.parse(source)) or ""
            found[path.stem] = about.splitlines()[0].rstrip(".")
    return found


def whole_parser() -> argparse.ArgumentParser:
    """One parser with every command below it, for shells to complete from.

    A command without a `parser()`, or without its packages here, is completed by its name alone.
    """
    whole = argparse.ArgumentParser(prog="fontkin")
    below = whole.add_subparsers(metavar="COMMAND")
    for name, about in commands().items():
        try:
            part = importlib.import_module(f"scripts.{name}").parser()
        except (ModuleNotFoundError, AttributeError):
            part = argparse.ArgumentParser()
        for action in part._actions:
            if action.type is Path:
                action.complete = shtab.FILE
        text = about.replace("%", "%%")
        below.add_parser(name, parents=[part], add_help=False, help=text, description=text)
    return whole
