"""How a line leans, against slopes that were put in."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.leveling import leaning_quad, slopes
from encoder.prepare import prepare, prepare_level
from encoder.redraw import coincidence, redraw
from encoder.typeset import draw_line

TEXT = "Hamburgefons"


def _leaning(path: Path, text: str, top: float, foot: float) -> np.ndarray:
    """A grey picture of the text whose own edges lean by these slopes, in a wide margin."""
    line = np.asarray(draw_line(FaceRef(path), text, 60, margin=0.0))
    height, width = line.shape
    corners = leaning_quad(width, height, top, foot) + np.float32((60, 80))
    matrix = cv2.getPerspectiveTransform(leaning_quad(width, height, 0, 0), corners)
    size = (width + 120, height + 160)
    return cv2.warpPerspective(line, matrix, size, borderMode=cv2.BORDER_CONSTANT, borderValue=255)


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
