"""Where a match differs, letter by letter, over real drawings."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.prepare import HEIGHT, Line, prepare
from encoder.redraw import coincidence, redraw, tracked
from encoder.typeset import draw_line, ink_mask, open_font
from index.catalog import FontCatalog
from index.differences import difference, overlay

TEXT = "Wonderful"


def _line(path: Path, text: str = TEXT, tracking: float = 0.0) -> Line:
    mask = ink_mask(open_font(FaceRef(path), 60), text, pad=20, tracking=tracking * 60)
    (line,) = prepare(np.repeat(255 - mask[..., None], 3, axis=2))
    return line


def _decoded(url: str) -> np.ndarray:
    head, data = url.split(",")
    assert head == "data:image/png;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(picture)


def test_the_right_face_differs_nowhere(serif_path: Path) -> None:
    """Every letter is named once, from the left, and alike; the pictures are of one size."""
    line = _line(serif_path)
    found = difference("lora", line.strip, redraw(FaceRef(serif_path), TEXT, line.height))
    assert "".join(each.letter for each in found.letters) == TEXT
    places = [each.first for each in found.letters]
    assert places == sorted(places) and found.letters[-1].last <= found.width
    assert min(each.alike for each in found.letters) > 0.9
    pictures = [_decoded(url) for url in (found.picture, found.drawing, found.overlay)]
    assert {picture.shape for picture in pictures} == {(HEIGHT, found.width, 3)}
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() < 20


def test_the_letter_that_differs_is_named(fonts_dir: Path) -> None:
    """A picture with one other letter, in a font of one width: that letter is the least alike."""
    path = next((fonts_dir / "courier-prime").glob("*-400-normal.woff2"))
    line = _line(path, "Wondexful")
    found = difference("courier", line.strip, redraw(FaceRef(path), TEXT, line.height))
    least, *others = sorted(found.letters, key=lambda each: each.alike)
    assert least.letter == "r" and least.alike < others[0].alike - 0.1


def test_spaces_are_no_letters(serif_path: Path) -> None:
    """Two words: their letters alone."""
    line = _line(serif_path, "Two words")
    found = difference("lora", line.strip, redraw(FaceRef(serif_path), "Two words", line.height))
    assert "".join(each.letter for each in found.letters) == "Twowords"


def test_overlay_by_hand() -> None:
    """Ink of both is dark, of the picture alone red, of the drawing alone blue, of none white."""
    strip = np.array([[0.0, 0.0, 1.0, 1.0]], np.float32)
    drawn = np.array([[0.0, 1.0, 0.0, 1.0]], np.float32)
    both, red, blue, none = overlay(strip, drawn)[0].astype(int)
    assert both.max() < 40 and none.min() == 255
    assert red[0] > red[1] + 100 and red[0] > red[2] + 100
    assert blue[2] > blue[0] + 100 and blue[2] > blue[1] + 60


@pytest.mark.parametrize("tracking", [-0.04, 0.06, 0.2])
def test_a_tracked_line_is_drawn_tracked(serif_path: Path, tracking: float) -> None:
    """The tracking that was put in is found, and the ink then coincides; letters stay in place."""
    line = _line(serif_path, tracking=tracking)
    plain = redraw(FaceRef(serif_path), TEXT, line.height)
    drawing = tracked(plain, line)
    assert drawing is not None
    assert drawing.tracking == pytest.approx(tracking, abs=0.01)
    spaced = coincidence(line.strip, drawing.strip)
    assert spaced > 0.95 and spaced > coincidence(line.strip, plain.strip) + 0.01
    found = difference("lora", line.strip, drawing)
    assert min(each.alike for each in found.letters) > 0.85


def test_nobody_tracks_so_far(serif_path: Path) -> None:
    """The same width needs no tracking, and a line three times as wide is another text."""
    line = _line(serif_path)
    for text in (TEXT, "Won"):
        assert tracked(redraw(FaceRef(serif_path), text, line.height), line) is None


def test_a_search_shows_its_differences(catalog: FontCatalog, serif_path: Path) -> None:
    """As many as are asked for, of the first matches; none unless asked."""
    picture = np.asarray(draw_line(FaceRef(serif_path), TEXT, 48).convert("RGB"))
    answer = catalog.search(picture, differences=2)
    assert [each.face_id for each in answer.differences] == [m.face.id for m in answer.matches[:2]]
    first = answer.differences[0]
    assert "".join(each.letter for each in first.letters) == TEXT
    assert answer.to_json()["differences"][0]["letters"][0]["letter"] == "W"
    assert catalog.search(picture).differences == ()
    assert catalog.search(picture, differences=2, proof=False).differences == ()
