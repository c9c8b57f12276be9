"""Lines in several styles become several lines; lines in one style stay whole."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.parting import parted, style_change
from encoder.prepare import prepare_level
from encoder.redraw import coincidence, redraw
from encoder.typeset import draw_line

_GAP = 16  # pixels between two drawn words


@pytest.fixture
def bold_path(fonts_dir: Path) -> Path:
    """Lora Bold."""
    return fonts_dir / "lora" / "lora-latin-700-normal.woff2"


@pytest.fixture
def display_path(fonts_dir: Path) -> Path:
    """Abril Fatface."""
    return fonts_dir / "abril-fatface" / "abril-fatface-latin-400-normal.woff2"


def _word(path: Path, text: str, *, grey: int = 0, slope: float = 0.0) -> np.ndarray:
    """The word with 16 pixels around its letters, uint8 [H, W], `grey` on white."""
    drawn = np.asarray(draw_line(FaceRef(path), text, 60))
    matrix = np.array([[1, -slope, slope * drawn.shape[0]], [0, 1, 0]], np.float32)
    size = (drawn.shape[1] + round(slope * drawn.shape[0]) + 1, drawn.shape[0])
    slanted = cv2.warpAffine(drawn, matrix, size, borderValue=255)
    columns = np.flatnonzero((slanted < 128).any(axis=0))
    tight = slanted[:, columns[0] : columns[-1] + 1].astype(np.float32)
    tight = 255 - (255 - tight) * (255 - grey) / 255
    return np.pad(tight.astype(np.uint8), ((0, 0), (0, _GAP)), constant_values=255)


def _picture(*words: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The words in one line, uint8 [H, W, 3], and where each begins."""
    line = np.concatenate(words, axis=1)
    starts = np.cumsum([20, *(word.shape[1] for word in words)])[:-1]
    page = np.pad(line, ((20, 20), (20, 20)), constant_values=255)
    return np.repeat(page[..., None], 3, axis=2), starts.tolist()


@pytest.mark.parametrize("style", ["bold", "slanted", "grey"])
def test_a_line_in_two_styles_is_two(serif_path: Path, bold_path: Path, style: str) -> None:
    """Bold, slanted or grey after regular: cut at the gap, each part as if it stood alone."""
    second = {
        "bold": _word(bold_path, "Morning"),
        "slanted": _word(serif_path, "Morning", slope=0.2),
        "grey": _word(serif_path, "Morning", grey=150),
    }[style]
    picture, starts = _picture(_word(serif_path, "Hamburg"), second)
    (whole,) = prepare_level(picture)
    left, right = parted(picture, [whole])
    assert left.box.x0 == pytest.approx(starts[0], abs=1)
    assert right.box.x0 == pytest.approx(starts[1], abs=2)
    assert left.box.x1 <= starts[1] - _GAP + 1
    if style == "bold":
        drawn = redraw(FaceRef(bold_path), "Morning", right.height)
        assert coincidence(right.strip, drawn.strip) > 0.95


def test_three_styles_are_three(serif_path: Path, bold_path: Path) -> None:
    """Regular, bold, regular again."""
    regular = [_word(serif_path, text) for text in ("Hamburg", "Wonder")]
    picture, starts = _picture(regular[0], _word(bold_path, "Morning"), regular[1])
    lines = parted(picture, prepare_level(picture))
    assert [line.box.x0 for line in lines] == pytest.approx(starts, abs=2)


def test_a_line_in_one_style_stays(serif_path: Path, sans_path: Path, display_path: Path) -> None:
    """Words of any letters, and letters set far apart, are one line."""
    for path in (serif_path, sans_path, display_path):
        for text in ("Illinois fill MAMMOTH", "S P A C E D", "Vivid WAVY Amazing 1984", "Word"):
            picture = np.asarray(draw_line(FaceRef(path), text, 60).convert("RGB"))
            lines = prepare_level(picture)
            assert parted(picture, lines) == lines


def test_a_line_too_long_for_a_strip_is_parted_between_words(sans_path: Path) -> None:
    """Thirty words on 6,000 pixels: pieces no longer than 50 heights, each word in one of them."""
    drawn = [_word(sans_path, text) for text in ("Hamburg", "Wonderful", "Morning")] * 10
    picture, starts = _picture(*drawn)
    lines = parted(picture, prepare_level(picture))
    assert len(lines) > 1 and all(line.box.width <= 50 * line.height for line in lines)
    found = [min(starts, key=lambda start: abs(start - line.box.x0)) for line in lines]
    assert [line.box.x0 for line in lines] == pytest.approx(found, abs=3)


def test_nothing_to_part() -> None:
    """No lines give none; paper and a lone block have no change."""
    assert parted(np.full((40, 80, 3), 255, np.uint8), []) == []
    assert style_change(np.ones((64, 300), np.float32)) is None
    block = np.ones((64, 300), np.float32)
    block[10:50, 40:200] = 0
    assert style_change(block) is None
