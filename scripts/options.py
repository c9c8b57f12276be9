"""What the commands' arguments share; imports nothing heavy."""

from __future__ import annotations

import argparse

from encoder.boxes import Box


def command(name: str, doc: str | None) -> argparse.ArgumentParser:
    """The parser of a command, named as `bin/fontkin` runs it."""
    return argparse.ArgumentParser(prog=f"fontkin {name}", description=doc)


def box(text: str) -> Box:
    """A rectangle from x0,y0,x1,y1 in pixels; `ArgumentTypeError` for anything else."""
    try:
        return Box(*map(int, text.split(",")))
    except (TypeError, ValueError):
        wanted = "pixels x0,y0,x1,y1 with x0 < x1 and y0 < y1 are needed, like 10,20,300,80"
        raise argparse.ArgumentTypeError(f"{text}: {wanted}") from None
