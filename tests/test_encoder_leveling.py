"""How a line leans, against slopes that were put in."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.leveling import leaning_quad, slopes
from encoder.prepare import prepare, prepare_level, prepare_quads
from encoder.redraw import coincidence, redraw
from encoder.typeset import draw_line

TEXT = "Hamburgefons"


def _leaning(path: Path, text: str, top: float, foot: float, size: int = 60) -> np.ndarray:
    """A grey picture of the text whose own edges lean by these slopes, in a wide margin."""
    line = np.asarray(draw_line(FaceRef(path), text, size, margin=0.0))
    height, width = line.shape
    corners = leaning_quad(width, height, top, foot) + np.float32((size, 4 / 3 * size))
    matrix = cv2.getPerspectiveTransform(leaning_quad(width, height, 0, 0), corners)
    around = (width + 2 * size, height + 8 * size // 3)
    return cv2.warpPerspective(
        line, matrix, around, borderMode=cv2.BORDER_CONSTANT, borderValue=255
    )


@pytest.mark.parametrize("text", [TEXT, "WIDE LETTERS", "oxygen level"])
@pytest.mark.parametrize("slope", [-0.3, -0.05, 0.0, 0.04, 0.2])
def test_a_turned_line(serif_path: Path, text: str, slope: float) -> None:
    """The slope that was put in, within half a degree, for capitals and for lower case."""
    ink = 1 - _leaning(serif_path, text, slope, slope).astype(np.float32) / 255
    top, foot = slopes(ink, around=True)
    assert (top + foot) / 2 == pytest.approx(slope, abs=0.009)
    assert top == pytest.approx(foot, abs=0.03)


@pytest.mark.parametrize(("top", "foot"), [(0.04, -0.03), (-0.05, 0.05), (0.0, 0.05)])
def test_perspective_is_taken_out(serif_path: Path, top: float, foot: float) -> None:
    """A line in perspective coincides with the drawing once it is level, and not before."""
    picture = np.repeat(_leaning(serif_path, TEXT, top, foot)[..., None], 3, axis=2)
    (askew,), (level,) = prepare(picture), prepare_level(picture)
    drawn = redraw(FaceRef(serif_path), TEXT, level.height).strip
    assert coincidence(level.strip, drawn) > 0.9
    assert coincidence(level.strip, drawn) > coincidence(askew.strip, drawn) + 0.1


@pytest.mark.parametrize("size", [60, 210, 700])
def test_height_of_the_letters(serif_path: Path, size: int) -> None:
    """However tall, a leaning line is found, and between corners: as drawn, at its own height."""
    slope = 0.06
    picture = np.repeat(_leaning(serif_path, TEXT, slope, slope, size)[..., None], 3, axis=2)
    line = np.asarray(draw_line(FaceRef(serif_path), TEXT, size, margin=0.0))
    height, width = line.shape
    room = np.float32([[0, -1], [0, -1], [0, 1], [0, 1]]) * height / 10  # as detectors leave it
    corners = leaning_quad(width, height, slope, slope) + np.float32((size, 4 / 3 * size)) + room
    (between,) = prepare_quads(picture, lambda part: [corners])
    (level,) = prepare_level(picture)
    inked = np.flatnonzero((line < 128).any(axis=1))
    top, foot = int(inked[0]), int(inked[-1]) + 1
    lean = slope * width / 2
    drawn = redraw(FaceRef(serif_path), TEXT, foot - top).strip
    for found in (between, level):
        assert found.height == pytest.approx(foot - top, rel=0.04)
        assert coincidence(found.strip, drawn) > 0.9
        box = found.box.y0 - 4 / 3 * size, found.box.y1 - 4 / 3 * size
        assert box == pytest.approx((top - lean, foot + lean), abs=0.05 * height)


def test_level_lines_are_left_alone(fonts_dir: Path) -> None:
    """For every font of the tests the strip is the one of the catalogue, to the pixel."""
    for path in sorted(fonts_dir.glob("*/*.woff2")):
        picture = np.asarray(draw_line(FaceRef(path), TEXT, 48).convert("RGB"))
        for plain, level in zip(prepare(picture), prepare_level(picture), strict=True):
            np.testing.assert_array_equal(plain.strip, level.strip)
            assert plain.box == level.box


def test_what_is_short_says_nothing() -> None:
    """A lone letter, and no ink at all, do not lean."""
    speck = np.zeros((64, 80), np.float32)
    speck[20:50, 30:40] = 1
    assert slopes(speck) == slopes(np.zeros((40, 400), np.float32)) == (0.0, 0.0)
