"""Drawing lines with FreeType."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont

from encoder.fontfile import FaceRef
from encoder.typeset import TypesetError, draw_line, glyphs_mask, ink_mask, open_font


def test_height_comes_from_the_outline(sans_path: Path) -> None:
    """An H is as high as its outline in the font file says, within a pixel."""
    font = TTFont(sans_path)
    glyphs = font.getGlyphSet()
    pen = BoundsPen(glyphs)
    glyphs[font.getBestCmap()[ord("H")]].draw(pen)
    expected = (pen.bounds[3] - pen.bounds[1]) / font["head"].unitsPerEm * 200
    ink = 255 - np.asarray(draw_line(FaceRef(sans_path), "H", 200))
    rows = np.flatnonzero(ink.max(axis=1) > 127)
    assert rows[-1] - rows[0] + 1 == pytest.approx(expected, abs=1.5)


def test_a_mask_is_what_freetype_drew(sans_path: Path) -> None:
    """Pixel by pixel what Pillow's own mask says; a text without ink is an empty one."""
    font = open_font(FaceRef(sans_path), 40)
    mask, offset = font.getmask2("Hag", "L", anchor="ls", start=(0.25, 0))
    ink, *place = glyphs_mask(font, "Hag", 0.25)
    assert ink.shape == mask.size[::-1] and tuple(place) == offset
    assert ink.ravel().tolist() == list(mask)
    assert glyphs_mask(font, "")[0].size == 0


def test_height_of_a_line_does_not_depend_on_its_letters(sans_path: Path) -> None:
    """Lines of one face and size are equally high, with descenders or without."""
    heights = {draw_line(FaceRef(sans_path), text, 60).height for text in ("ace", "Hyq", "g")}
    assert len(heights) == 1


def test_tracking_widens_by_its_pixels_a_letter(sans_path: Path) -> None:
    """Five letters tracked by 10 pixels have four gaps more of 10 pixels."""
    font = open_font(FaceRef(sans_path), 50)
    plain, tracked = (ink_mask(font, "HHHHH", tracking=t) for t in (0.0, 10.0))
    widths = [np.ptp(np.flatnonzero(m.max(axis=0) > 127)) for m in (plain, tracked)]
    assert widths[1] - widths[0] == pytest.approx(40, abs=2)


def test_text_without_ink_is_an_empty_line(sans_path: Path) -> None:
    """A space draws nothing and keeps the font's height."""
    font = open_font(FaceRef(sans_path), 50)
    mask = ink_mask(font, " ")
    assert mask.max() == 0
    assert mask.shape[0] == sum(font.getmetrics())


def test_broken_file_is_a_typeset_error(tmp_path: Path) -> None:
    """FreeType's refusal names the file."""
    path = tmp_path / "broken.ttf"
    path.write_bytes(b"\0\1\0\0" + b"\7" * 60)
    with pytest.raises(TypesetError, match="broken.ttf"):
        open_font(FaceRef(path), 40)


def test_variation_changes_the_drawing(variable_path: Path) -> None:
    """All axes are set in the file's order: three letters grow by 200 units each."""
    widths = []
    for weight in (100.0, 900.0):
        axes = (("wght", weight), ("wdth", 100.0), ("slnt", 0.0))
        mask = ink_mask(open_font(FaceRef(variable_path, 0, axes), 100), "HHH")
        widths.append(np.ptp(np.flatnonzero(mask.max(axis=0) > 127)))
    growth = 3 * 200 / TTFont(variable_path)["head"].unitsPerEm * 100
    assert widths[1] - widths[0] == pytest.approx(growth, abs=2)
