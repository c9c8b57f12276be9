"""Which mistakes are shown, and that both fonts are drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from index.benchmark import confusions
from index.benchmark.measure import Outcome
from index.benchmark.queries import Query

_QUERY = Query("a.png", "clean", "lora", "serif", True, 400, False, "Hello", 40)


def _outcome(family: str, first: str, rank: int) -> Outcome:
    query = replace(_QUERY, family=family)
    sure = (0.9, 0.1, 0.5, 0.5, 0.9, 0.1, 0.5)
    return Outcome(query, rank, rank, None, None, *sure, first, 1.0, False)


def test_the_most_frequent_pairs_come_first() -> None:
    """Right answers and empty ones are no confusion; equal counts are in order of the ids."""
    outcomes = [
        _outcome("lora", "abril-fatface", 3),
        _outcome("lora", "abril-fatface", 0),
        _outcome("lora", "cantarell", 2),
        _outcome("cantarell", "lora", 2),
        _outcome("lora", "lora", 1),
        _outcome("lora", "", 0),
    ]
    found = confusions.costliest(outcomes)
    expected = [("lora", "abril-fatface", 2), ("cantarell", "lora", 1), ("lora", "cantarell", 1)]
    assert found == expected
    assert confusions.costliest(outcomes, 1) == expected[:1]


def test_both_fonts_are_drawn(fonts_dir: Path) -> None:
    """The halves of a row differ, a family without a file leaves its half blank."""
    sheet = confusions.draw([("lora", "abril-fatface", 2), ("lora", "nobody", 1)], fonts_dir)
    pixels = np.asarray(sheet.convert("L"))
    half, row = pixels.shape[1] // 2, pixels.shape[0] // 2
    drawn = [pixels[y + 22 : y + row, x : x + half] for y in (0, row) for x in (0, half)]
    ink = [(part < 128).mean() for part in drawn]
    assert min(ink[:3]) > 0.02 and ink[3] == 0
    assert ink[0] == ink[2] != ink[1]
