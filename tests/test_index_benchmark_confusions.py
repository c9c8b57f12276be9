"""Which mistakes are shown, and that both fonts are drawn."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from encoder.glyphs import LETTERS
from index.benchmark import confusions
from index.benchmark.confusions import Confusion
from index.benchmark.measure import Outcome
from index.benchmark.queries import Query

_QUERY = Query("a.png", "clean", "lora", "serif", True, 400, False, "Hello", 40)


def _outcome(family: str, first: str, rank: int, weight: int = 400) -> Outcome:
    query = replace(_QUERY, family=family, weight=weight)
    return Outcome(query, True, rank, rank, None, None, 0.9, 0.1, 0.5, 0.5, first, 1.0)


def test_the_most_frequent_pairs_come_first() -> None:
    """Right answers and empty ones are no confusion; equal counts are in order of the ids.

    The face is the one that was mostly asked for.
    """
    outcomes = [
        _outcome("lora", "abril-fatface", 3),
        _outcome("lora", "abril-fatface", 0, 700),
        _outcome("lora", "abril-fatface", 2, 700),
        _outcome("lora", "cantarell", 2),
        _outcome("cantarell", "lora", 2),
        _outcome("lora", "lora", 1),
        _outcome("lora", "", 0),
    ]
    found = confusions.costliest(outcomes)
    expected = [
        Confusion("lora", "abril-fatface", 3, 700, False),
        Confusion("cantarell", "lora", 1, 400, False),
        Confusion("lora", "cantarell", 1, 400, False),
    ]
    assert found == expected
    assert confusions.costliest(outcomes, 1) == expected[:1]


def test_both_fonts_are_drawn(fonts_dir: Path) -> None:
    """The halves of a row differ, a family without a file leaves its half blank."""
    pairs = [
        Confusion("lora", other, 2, 400, False) for other in ("abril-fatface", "lora", "nobody")
    ]
    sheet = confusions.draw(pairs, fonts_dir)
    pixels = np.asarray(sheet.convert("L"))
    half, row = pixels.shape[1] // 2, pixels.shape[0] // 3
    drawn = [[pixels[y + 22 : y + row, x : x + half] for x in (0, half)] for y in (0, row, 2 * row)]
    for right, wrong in drawn[:2]:
        assert min((right < 128).mean(), (wrong < 128).mean()) > 0.02
    assert not np.array_equal(*drawn[0])
    assert np.array_equal(*drawn[1])
    assert (drawn[2][0] < 128).any() and (drawn[2][1] > 128).all()


def test_the_face_is_the_nearest_to_the_asked_one(fonts_dir: Path) -> None:
    """Slope before weight; a family without files has none."""
    lora = confusions.nearest_face(fonts_dir, "lora", 800, False)
    assert lora is not None and (lora.weight, lora.italic) == (700, False)
    sans = confusions.nearest_face(fonts_dir, "cantarell", 500, True)
    assert sans is not None and (sans.weight, sans.italic) == (400, True)
    black = confusions.nearest_face(fonts_dir, "abril-fatface", 700, True)
    assert black is not None and (black.weight, black.italic) == (400, False)
    assert confusions.nearest_face(fonts_dir, "nobody", 400, False) is None


def test_the_letters_are_those_that_differ_most(fonts_dir: Path) -> None:
    """Each of the eight is further apart than any of the others, which an own drawing tells."""
    faces = [confusions.nearest_face(fonts_dir, n, 400, False) for n in ("lora", "courier-prime")]
    chosen = confusions._telling(faces).split()
    assert len(chosen) == 8 and chosen == sorted(chosen, key=LETTERS.index)
    apart = {}
    for letter in LETTERS:
        one, two = (_letter(face.path, letter) for face in faces if face)
        apart[letter] = ((one - two) ** 2).sum() / ((one**2).sum() + (two**2).sum())
    least = min(apart[letter] for letter in chosen)
    others = [apart[letter] for letter in LETTERS if letter not in chosen]
    assert np.mean(np.array(others) < least + 0.05) > 0.9


def _letter(path: Path, letter: str) -> np.ndarray:
    """Its ink in a cell, from its left edge, at an H of 72 pixels; Pillow alone."""
    with TTFont(path) as font:
        plain = io.BytesIO()
        font.flavor = None
        font.save(plain)
    small = ImageFont.truetype(io.BytesIO(plain.getvalue()), 200)
    _, top, _, bottom = small.getbbox("H", anchor="ls")
    font_at = ImageFont.truetype(io.BytesIO(plain.getvalue()), 200 * 72 / (bottom - top))
    left = font_at.getbbox(letter, anchor="ls")[0]
    cell = Image.new("L", (160, 160))
    ImageDraw.Draw(cell).text((8 - left, 108), letter, fill=255, font=font_at, anchor="ls")
    return np.asarray(cell.filter(ImageFilter.GaussianBlur(3)), float)
