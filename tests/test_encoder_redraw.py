"""The same words again: strips of a font's own drawing, and how well their ink coincides."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.ink import normalise
from encoder.prepare import HEIGHT, INK_HEIGHT, prepare
from encoder.redraw import coincidence, redraw, softened, softness
from encoder.typeset import TypesetError, draw_line

TEXT = "Hamburgefons"


def _found(path: Path, size: float) -> tuple[np.ndarray, int]:
    """Strip and height of the line as a search would find it in a picture."""
    (line,) = prepare(np.asarray(draw_line(FaceRef(path), TEXT, size).convert("RGB")))
    return line.strip, line.height


@pytest.mark.parametrize("size", [14, 20, 40, 72, 150])
def test_it_is_the_strip_that_a_search_finds(serif_path: Path, size: float) -> None:
    """As wide as the line found in a picture of the same words, and the same ink.

    Small letters are hinted to whole pixels, which changes their proportions.
    """
    strip, height = _found(serif_path, size)
    drawn = redraw(FaceRef(serif_path), TEXT, height).strip
    assert drawn.shape[0] == HEIGHT and drawn.dtype == np.float32
    assert drawn.min() == 0.0 and drawn.max() == 1.0
    assert drawn.shape[1] == pytest.approx(strip.shape[1], rel=0.04 if size >= 40 else 0.12)
    assert coincidence(strip, drawn) > 0.94


def test_its_size_is_the_em_in_a_strip(serif_path: Path) -> None:
    """A line of 40 pixels to the em, made as high as a strip's ink, has an em as many times 40."""
    _, height = _found(serif_path, 40)
    drawn = redraw(FaceRef(serif_path), TEXT, height)
    assert drawn.size == pytest.approx(40 * INK_HEIGHT / height, rel=0.04)


def test_a_coarse_line_is_compared_with_a_coarse_drawing(sans_path: Path) -> None:
    """The smaller the line, the less of a drawing is black or white."""
    grey = [
        float(np.mean((strip > 0.2) & (strip < 0.8)))
        for strip in (redraw(FaceRef(sans_path), TEXT, height).strip for height in (10, 20, 60))
    ]
    assert grey[0] > grey[1] > grey[2]


def test_the_right_face_coincides_best(fonts_dir: Path, serif_path: Path) -> None:
    """Of all faces of the folder the one that drew the line."""
    strip, height = _found(serif_path, 40)
    found = {
        path.stem: coincidence(strip, redraw(FaceRef(path), TEXT, height).strip)
        for path in fonts_dir.glob("*/*.woff2")
    }
    assert max(found, key=lambda name: found[name]) == serif_path.stem
    assert len(found) == 8


def test_coincidence_by_hand() -> None:
    """1 with itself, also shifted by 3 pixels; 0 where no ink can meet, or there is none."""
    strip = np.ones((HEIGHT, 300), np.float32)
    strip[10:50, 40:60] = 0
    other = np.ones_like(strip)
    other[10:50, 240:260] = 0
    assert coincidence(strip, strip) == pytest.approx(1.0, abs=1e-5)
    assert coincidence(strip, np.roll(strip, 3, axis=1)) == pytest.approx(1.0, abs=1e-3)
    assert coincidence(strip, other) == pytest.approx(0.0, abs=1e-5)
    assert coincidence(strip, np.ones_like(strip)) == 0.0


@pytest.mark.parametrize("sigma", [0.8, 1.2, 2.0])
def test_a_soft_line_is_compared_with_a_soft_drawing(serif_path: Path, sigma: float) -> None:
    """The blur that was put in is found, within a step; softened, the drawing is the line again."""
    drawn = redraw(FaceRef(serif_path), TEXT, 60).strip
    line = normalise(cv2.GaussianBlur(1 - drawn, (0, 0), sigma))
    found = softness(line, drawn)
    assert found == pytest.approx(sigma, abs=0.5)
    assert np.abs(softened(drawn, found) - line).mean() < 0.6 * np.abs(drawn - line).mean()
    assert softened(drawn, found).min() == 0.0 and softened(drawn, found).max() > 0.98


def test_a_sharp_line_is_left_sharp(serif_path: Path) -> None:
    """Nothing to soften: the drawing itself, and an empty strip."""
    drawn = redraw(FaceRef(serif_path), TEXT, 60).strip
    assert softness(drawn, drawn) == 0.0
    assert softened(drawn, 0.0) is drawn
    blank = np.ones((HEIGHT, 200), np.float32)
    assert softness(blank, blank) == 0.0
    np.testing.assert_array_equal(softened(blank, 2.0), blank)


def test_what_cannot_be_drawn(serif_path: Path, tmp_path: Path) -> None:
    """Spaces alone have no ink; a file that is no font says so."""
    with pytest.raises(ValueError, match="without ink"):
        redraw(FaceRef(serif_path), "  ", 40)
    broken = tmp_path / "broken.woff2"
    broken.write_bytes(b"no font")
    with pytest.raises(TypesetError):
        redraw(FaceRef(broken), TEXT, 40)
