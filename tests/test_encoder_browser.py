"""Chromium draws what was asked, in the face that was asked, or says why not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from encoder import browser

needs_chromium = pytest.mark.skipif(not browser.available(), reason="no Chromium here")


def _box_font(path: Path, letters: str) -> Path:
    """A font whose letters are solid squares of 500 units in an em of 1000."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 500), (600, 500), (600, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square, empty = pen.glyph(), TTGlyphPen(None).glyph()
    names = [".notdef", "space", *[f"u{ord(c)}" for c in letters]]
    fonts = FontBuilder(1000, isTTF=True)
    fonts.setupGlyphOrder(names)
    fonts.setupCharacterMap({32: "space"} | {ord(c): f"u{ord(c)}" for c in letters})
    fonts.setupGlyf({n: empty if n in (".notdef", "space") else square for n in names})
    fonts.setupHorizontalMetrics({n: (700, 100) for n in names})
    fonts.setupHorizontalHeader(ascent=800, descent=-200)
    fonts.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    fonts.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    fonts.setupPost()
    fonts.save(path)
    return path


@pytest.fixture(scope="module")
def chromium():
    with browser.Chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _box_font(tmp_path_factory.mktemp("font") / "boxes.ttf", "abcAB")


def _runs(picture: np.ndarray) -> list[int]:
    """Widths of the dark runs along the columns."""
    dark = (picture.min(axis=(0, 2)) < 128).astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dark, [0]])))
    return [int(b - a) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@needs_chromium
def test_lines_have_the_shapes_that_the_font_holds(chromium: browser.Chromium, boxes: Path):
    """At 40 px a square of half an em is 20 px wide and high, one for each letter."""
    one, three = chromium.draw_lines(boxes, ["a", "aBc"], 40)
    assert one.dtype == np.uint8
    assert one.shape == (80, 28 + 40, 3)  # half an em of paper on each side of the line box
    assert _runs(one) == [20]
    assert _runs(three) == [20, 20, 20]
    assert _runs(three.transpose(1, 0, 2)) == [20]


@needs_chromium
def test_edges_are_grey(chromium: browser.Chromium, boxes: Path):
    """No coloured subpixels: the three channels are equal everywhere."""
    (picture,) = chromium.draw_lines(boxes, ["abc"], 33.3)
    assert len(np.unique(picture)) > 2
    assert np.array_equal(picture[..., 0], picture[..., 1])
    assert np.array_equal(picture[..., 0], picture[..., 2])


@needs_chromium
def test_a_broken_font_is_refused(chromium: browser.Chromium, boxes: Path, tmp_path: Path):
    """A truncated file raises, and the page draws the next face as if nothing had been."""
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(boxes.read_bytes()[:300])
    with pytest.raises(browser.FontRejectedError, match=r"broken\.ttf") as caught:
        chromium.draw_lines(broken, ["a"], 40)
    assert caught.value.code == "refused"
    assert _runs(chromium.draw_lines(boxes, ["a"], 40)[0]) == [20]


@needs_chromium
def test_letters_are_never_borrowed(chromium: browser.Chromium, boxes: Path):
    """A letter outside the face is an error, not a letter of a system font."""
    with pytest.raises(browser.FontRejectedError) as caught:
        chromium.draw_lines(boxes, ["a", "az"], 40)
    assert caught.value.code == "missing-glyphs"


@needs_chromium
def test_letters_are_not_borrowed_from_the_face_before(
    chromium: browser.Chromium, boxes: Path, tmp_path: Path
):
    """A face that was drawn a moment ago lends nothing to the next one."""
    chromium.draw_lines(boxes, ["B"], 40)
    with pytest.raises(browser.FontRejectedError):
        chromium.draw_lines(_box_font(tmp_path / "few.ttf", "ab"), ["B"], 40)


@needs_chromium
def test_no_texts_give_no_lines(chromium: browser.Chromium, boxes: Path):
    """The corner case does not start the browser's work."""
    assert chromium.draw_lines(boxes, [], 40) == []


@needs_chromium
def test_long_lines_reach_beyond_the_window(chromium: browser.Chromium, boxes: Path):
    """A line wider than the browser's window is still whole."""
    (picture,) = chromium.draw_lines(boxes, ["a" * 60], 72)
    assert len(_runs(picture)) == 60


@needs_chromium
def test_html_is_drawn_in_its_own_faces(chromium: browser.Chromium, boxes: Path):
    """A page brings its face as a data URL; the picture has the size that was asked."""
    html = (
        f"<style>@font-face{{font-family:b;src:url({browser.font_data_url(boxes)})}}"
        "body{margin:0;font:40px/1 b;background:#ff0}</style><p>ab</p>"
    )
    picture = chromium.draw_html(html, 200, 120)
    assert picture.shape == (120, 200, 3)
    assert picture[-1, -1].tolist() == [255, 255, 0]  # RGB, not BGR
    assert _runs(picture[..., :1]) == [20, 20]


@needs_chromium
def test_parts_are_cut_in_document_order(chromium: browser.Chromium, boxes: Path):
    """Each matching element comes back as its own box, without the half pixel at its edge."""
    html = (
        f"<style>@font-face{{font-family:b;src:url({browser.font_data_url(boxes)})}}"
        "body{margin:0;font:40px/1 b} i{display:block;width:99.5px;height:60px}</style>"
        "<i>a</i><b>b</b><i>aa</i>"
    )
    parts = chromium.draw_parts(html, "i")
    assert [p.shape for p in parts] == [(60, 99, 3), (60, 99, 3)]
    assert [len(_runs(p)) for p in parts] == [1, 2]


@needs_chromium
def test_html_without_its_face_is_refused(chromium: browser.Chromium):
    """A broken `@font-face` raises instead of falling back."""
    html = "<style>@font-face{font-family:b;src:url(data:font/woff2;base64,AAAA)}</style>"
    with pytest.raises(browser.FontRejectedError, match="b: "):
        chromium.draw_html(html + "<p style='font-family:b'>ab</p>", 100, 100)


def test_a_missing_browser_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Entering without a browser says which path was tried."""
    missing = tmp_path / "no-such-browser"
    monkeypatch.setenv("FONTKIN_CHROMIUM", str(missing))
    assert not browser.available()
    with pytest.raises(browser.BrowserMissingError, match="no-such-browser"):
        browser.Chromium().__enter__()


def test_the_environment_names_the_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """`FONTKIN_CHROMIUM` wins over the usual place."""
    other = tmp_path / "other"
    other.touch()
    os.chmod(other, stat.S_IRWXU)
    monkeypatch.setenv("FONTKIN_CHROMIUM", str(other))
    assert browser.executable() == str(other)
    assert browser.available()
