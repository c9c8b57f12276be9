"""Which lines are found and read: edges for a clean crop, the detector for the rest."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from encoder.boxes import Box
from encoder.finding import find_and_read
from encoder.fontfile import FaceRef
from encoder.picture import read_picture
from encoder.reading import Reader
from encoder.redraw import coincidence, redraw
from encoder.typeset import draw_line


class CountingReader(Reader):
    """The real reader; `detected` counts how often the detector was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.detected = 0

    def detect(self, picture: np.ndarray) -> list[np.ndarray]:
        self.detected += 1
        return super().detect(picture)


@pytest.fixture(scope="module")
def loaded() -> CountingReader:
    return CountingReader()


@pytest.fixture
def reader(loaded: CountingReader) -> CountingReader:
    loaded.detected = 0
    return loaded


def _picture(path: Path, text: str, size: int = 48) -> np.ndarray:
    return np.asarray(draw_line(FaceRef(path), text, size).convert("RGB"))


def _on_paper(line: np.ndarray, height: int, width: int) -> np.ndarray:
    page = np.full((height, width, 3), 255, np.uint8)
    top, left = (height - line.shape[0]) // 2, (width - line.shape[1]) // 2
    page[top : top + line.shape[0], left : left + line.shape[1]] = line
    return page


def _turned(picture: np.ndarray, degrees: float) -> np.ndarray:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


@pytest.mark.parametrize("invert", [False, True])
def test_a_clean_line_needs_no_detector(
    reader: CountingReader, serif_path: Path, invert: bool
) -> None:
    """One level line, dark on light or light on dark, is found by its edges alone."""
    picture = _picture(serif_path, "Hamburgefons")
    (found,) = find_and_read(255 - picture if invert else picture, None, reader)
    assert (found.reading.text, reader.detected) == ("Hamburgefons", 0)


@pytest.mark.parametrize("degrees", [-25, -12, 8, 20])
def test_a_tilted_line_is_made_level(
    reader: CountingReader, serif_path: Path, degrees: float
) -> None:
    """Turned by up to 25 degrees it is read, and its ink is that of the level line."""
    page = _turned(_on_paper(_picture(serif_path, "Hamburgefons", 60), 420, 620), degrees)
    (found,) = find_and_read(page, None, reader)
    assert (found.reading.text, reader.detected) == ("Hamburgefons", 1)
    assert (
        coincidence(found.line.strip, redraw(FaceRef(serif_path), "Hamburgefons", 60).strip) > 0.85
    )


def test_both_polarities_in_one_picture(
    reader: CountingReader, serif_path: Path, sans_path: Path
) -> None:
    """Dark on light above light on dark: both lines are read, from the top."""
    above = _on_paper(_picture(serif_path, "Wonderful"), 130, 520)
    below = 255 - _on_paper(_picture(sans_path, "Morning"), 130, 520)
    found = find_and_read(np.concatenate([above, below]), None, reader)
    assert [each.reading.text for each in found] == ["Wonderful", "Morning"]
    assert found[0].line.box.y1 <= found[1].line.box.y0 + 20


def test_boxes_are_those_of_the_whole_picture(reader: CountingReader, serif_path: Path) -> None:
    """A tilted line inside a crop is where the crop is."""
    page = _turned(_on_paper(_picture(serif_path, "Hamburgefons", 60), 420, 620), 15)
    wide = np.full((820, 1020, 3), 255, np.uint8)
    wide[300:720, 200:820] = page
    crop = Box(200, 300, 820, 720)
    (found,) = find_and_read(wide, crop, reader)
    box = found.line.box
    assert found.reading.text == "Hamburgefons"
    assert crop.x0 < box.x0 < box.x1 < crop.x1 and crop.y0 < box.y0 < box.y1 < crop.y1
    with pytest.raises(ValueError, match="empty"):
        find_and_read(wide, Box(2000, 0, 2100, 50), reader)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_text_that_stands_or_hangs_is_read(
    reader: CountingReader, serif_path: Path, quarters: int
) -> None:
    """Turned by quarters: up, upside down, down. It is read, and its ink is that of the line."""
    page = _on_paper(_picture(serif_path, "Hamburgefons", 60), 420, 620)
    (found,) = find_and_read(np.ascontiguousarray(np.rot90(page, quarters)), None, reader)
    assert found.reading.text == "Hamburgefons"
    assert (
        coincidence(found.line.strip, redraw(FaceRef(serif_path), "Hamburgefons", 60).strip) > 0.9
    )


def test_one_letter(reader: CountingReader, serif_path: Path) -> None:
    """A lone letter is a line."""
    (found,) = find_and_read(_picture(serif_path, "R", 120), None, reader)
    assert found.reading.text == "R"


@pytest.mark.parametrize("kind", ["blank", "noise", "emoji", "wide", "low"])
def test_odd_pictures_are_no_error(reader: CountingReader, serif_path: Path, kind: str) -> None:
    """No text, noise, a smiley, 10,000 pixels wide, 12 high: lines or none."""
    smiley = np.full((120, 120, 3), 255, np.uint8)
    cv2.circle(smiley, (60, 60), 50, (255, 200, 0), -1)
    cv2.circle(smiley, (42, 45), 7, (40, 40, 40), -1)
    cv2.circle(smiley, (78, 45), 7, (40, 40, 40), -1)
    line = _picture(serif_path, "Hamburgefons")
    pictures = {
        "blank": np.full((90, 300, 3), 200, np.uint8),
        "noise": np.random.default_rng(0).integers(0, 256, (120, 300, 3), np.uint8),
        "emoji": smiley,
        "wide": np.tile(line, (1, 10_000 // line.shape[1] + 1, 1))[:, :10_000],
        "low": cv2.resize(line, (line.shape[1] * 12 // line.shape[0], 12)),
    }
    found = find_and_read(pictures[kind], None, reader)
    assert (found == []) == (kind in ("blank", "noise"))
    assert all(each.line.windows.shape[1:] == (1, 64, 256) for each in found)


def test_a_sign_is_read_without_its_border(reader: CountingReader) -> None:
    """The page's sample of a tilted sign: both lines, and no bar where the sign ends."""
    sample = Path(__file__).parents[1] / "api" / "static" / "samples" / "sign.webp"
    found = find_and_read(read_picture(sample.read_bytes()), None, reader)
    assert [each.reading.text for each in found] == ["Corner Café", "COFFEE AND CAKE"]


def _photograph(height: int, width: int, seed: int) -> np.ndarray:
    """Soft shapes in many colours, with noise."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), rng.integers(80, 160), np.uint8)
    for _ in range(14):
        centre, axes = rng.integers(0, (width, height)), rng.integers(20, 110, 2)
        colour = rng.integers(20, 240, 3).tolist()
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(picture, centre.tolist(), axes.tolist(), turn, 0, 360, colour, -1)
    soft = cv2.GaussianBlur(picture, (0, 0), 2) + rng.normal(0, 6, picture.shape)
    return soft.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_photograph_does_not_cost_the_small_print(
    reader: CountingReader, serif_path: Path, seed: int
) -> None:
    """Beside a photograph all fifteen lines are found, not the largest ones alone."""
    page = np.full((720, 1280, 3), 255, np.uint8)
    page[42:342, 716:1116] = _photograph(300, 400, seed)
    for row in range(15):
        line = _picture(serif_path, f"Hamburgefons {10 + row} jumping", 26 if row == 0 else 16)
        page[20 + 44 * row :, 40:][: line.shape[0], : line.shape[1]] = line
    said = " ".join(each.reading.text for each in find_and_read(page, None, reader))
    assert [row for row in range(15) if f"{10 + row}" not in said] == []


def test_lines_that_touch_are_two(reader: CountingReader, serif_path: Path) -> None:
    """Among lines that edges read well there are two so tight that feet and heads overlap."""
    page = np.full((760, 560, 3), 255, np.uint8)
    texts = ["adipiscing joy elit yap", "eiusmod bold tempor lab", *["Lorem ipsum dolor sit"] * 11]
    for row, text in enumerate(texts):
        line = _picture(serif_path, text, 40)
        top = 20 + 35 * min(row, 1) + 60 * max(row - 1, 0)
        part = page[top:, 20:][: line.shape[0], : line.shape[1]]
        np.minimum(part, line[: part.shape[0]], out=part)
    found = find_and_read(page, None, reader)
    assert max(each.line.box.height for each in found) < 50
    assert [each.reading.text.split()[-1] for each in found[:3]] == ["yap", "lab", "sit"]
