"""The measure of how alike two drawings are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.glyphs import LETTERS, NOISE, distances, letter_shapes


def _face(fonts_dir: Path, name: str) -> np.ndarray:
    return letter_shapes(FaceRef(fonts_dir / name.split("-latin")[0] / f"{name}.woff2"))


def test_distances_follow_the_formula() -> None:
    """Squared difference over the summed squares, computed letter by letter in a loop."""
    rng = np.random.default_rng(0)
    shapes = rng.random((4, 3, 5, 5)).astype(np.float32)
    found = distances(shapes)
    for i in range(4):
        for j in range(4):
            a, b = shapes[i].astype(float), shapes[j].astype(float)
            expected = ((a - b) ** 2).sum() / ((a**2).sum() + (b**2).sum())
            assert found[i, j] == pytest.approx(expected, abs=1e-5)


def test_no_faces_give_an_empty_table() -> None:
    """N = 0 returns [0, 0]."""
    assert distances(np.zeros((0, 62, 28, 28), np.float32)).shape == (0, 0)


def test_order_of_likeness(fonts_dir: Path) -> None:
    """A face is itself; its bold is nearer than another design; all above the noise."""
    names = (
        "cantarell-latin-400-normal",
        "cantarell-latin-700-normal",
        "abril-fatface-latin-400-normal",
    )
    table = distances(np.stack([_face(fonts_dir, name) for name in names]))
    assert table[0, 0] == pytest.approx(0, abs=1e-6)
    assert NOISE < table[0, 1] < table[0, 2]


def test_letters_stand_on_one_baseline(sans_path: Path) -> None:
    """The H of every face is 16 pixels high, and letters without descender end level."""
    shapes = letter_shapes(FaceRef(sans_path))
    feet = {}
    for letter in "HExn":
        rows = np.flatnonzero(shapes[LETTERS.index(letter)].max(axis=1) > 0.5)
        feet[letter] = rows[-1]
        if letter == "H":
            assert rows[-1] - rows[0] + 1 == pytest.approx(16, abs=1)
    assert max(feet.values()) - min(feet.values()) <= 1
