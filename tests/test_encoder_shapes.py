"""Plates are no part of the text on them, letters are not cut, small print is no dot."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.lines import find_lines
from encoder.prepare import prepare_level
from encoder.shapes import join_by_shape, without_frames
from encoder.typeset import draw_line


def _ink(path: Path, text: str, size: int) -> np.ndarray:
    """uint8 [h, w], 255 = ink, tight."""
    ink = 255 - np.asarray(draw_line(FaceRef(path), text, size))
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _placed(page: np.ndarray, ink: np.ndarray, x: int, y: int, colour: int) -> None:
    part = page[y : y + ink.shape[0], x : x + ink.shape[1]]
    share = ink[..., None] / 255
    part[:] = np.rint(part * (1 - share) + colour * share)


@pytest.mark.parametrize("colours", [(255, 60, 250), (40, 220, 20), (255, 235, 0)])
def test_the_plate_of_a_button_is_left_out(sans_path: Path, colours: tuple[int, int, int]) -> None:
    """Dark, light and pale buttons: the box is that of the letters."""
    paper, plate, text = colours
    page = np.full((120, 360, 3), paper, np.uint8)
    cv2.rectangle(page, (30, 20), (330, 100), (plate, plate, plate), -1)
    ink = _ink(sans_path, "Subscribe", 40)
    _placed(page, ink, 80, 40, text)
    (line,) = prepare_level(page)
    expected = [80, 40, 80 + ink.shape[1], 40 + ink.shape[0]]
    assert line.box.as_list() == pytest.approx(expected, abs=2)


def test_letters_are_no_plates(serif_path: Path) -> None:
    """Holes, dots and swashes of words in any letters: no edge is taken away."""
    for text in ("O8B%&@", "Boob goods", "i"):
        drawn = np.asarray(draw_line(FaceRef(serif_path), text, 90)) < 128
        edges = cv2.morphologyEx(drawn.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3)))
        assert np.array_equal(without_frames(edges > 0), edges > 0)


def test_a_wide_letter_with_serifs_is_not_cut(serif_path: Path) -> None:
    """The strokes of "Aa" between two rows of serifs are no gap between lines."""
    picture = np.asarray(draw_line(FaceRef(serif_path), "AA", 600).convert("RGB"))
    ink = picture.min(axis=2) < 128
    rows = np.flatnonzero(ink.any(axis=1))
    (box,) = find_lines(picture, by_shape=True)
    assert (box.y0, box.y1) == pytest.approx((rows[0], rows[-1] + 1), abs=2)


def test_runs_are_joined_by_what_hangs_together() -> None:
    """A stem through a cut joins; two lines in which one letter of six touches stay two."""
    edges = np.zeros((60, 200), bool)
    edges[5:50, 10:14] = edges[5:50, 60:64] = True
    assert join_by_shape(edges, [(5, 25), (25, 50)]) == [(5, 50)]
    edges[:] = False
    for x in range(10, 130, 20):
        edges[5:24, x : x + 4] = edges[27:50, x : x + 4] = True
    edges[5:50, 10:14] = True
    assert join_by_shape(edges, [(5, 25), (25, 50)]) == [(5, 25), (25, 50)]


def test_dots_go_to_the_nearer_line_and_print_to_none() -> None:
    """Dots lie 2 pixels above the lower line and 9 below the upper; print is in many parts."""
    edges = np.zeros((140, 200), bool)
    edges[10:60, 20:180] = edges[80:130, 20:180] = True
    edges[69:78, 40:46] = edges[69:78, 140:146] = True
    assert join_by_shape(edges, [(10, 60), (69, 78), (80, 130)]) == [(10, 60), (69, 130)]
    for x in range(20, 180, 12):
        edges[69:78, x : x + 8] = True
    assert join_by_shape(edges, [(10, 60), (69, 78), (80, 130)]) == [(10, 60), (69, 78), (80, 130)]
