"""What lines say, read by the real models from lines that FreeType drew."""

from __future__ import annotations

import pickle
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from encoder.fontfile import FaceRef
from encoder.prepare import HEIGHT, Line, prepare
from encoder.reading import _NARROW, Reader
from encoder.typeset import draw_line


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def _line(path: Path, text: str, *, invert: bool = False) -> Line:
    picture = np.asarray(draw_line(FaceRef(path), text, 48).convert("RGB"))
    (line,) = prepare(255 - picture if invert else picture)
    return line


@pytest.mark.parametrize("text", ["Hamburgefons", "Quick 2093", "WAVES"])
@pytest.mark.parametrize("invert", [False, True])
def test_it_reads_what_was_drawn(reader: Reader, serif_path: Path, text: str, invert: bool) -> None:
    """Dark on light and light on dark, letters, digits and spaces, and it is sure of it."""
    (reading,) = reader.read([_line(serif_path, text, invert=invert).strip])
    assert reading.text == text
    assert reading.confidence > 0.8


def test_readings_keep_their_order(reader: Reader, sans_path: Path) -> None:
    """Lines of very different lengths come back in the order given."""
    texts = ["A much longer line than the other", "Short", "Middle sized"]
    readings = reader.read([_line(sans_path, text).strip for text in texts])
    assert [reading.text for reading in readings] == texts


def test_text_is_detected_in_a_large_picture(reader: Reader, sans_path: Path) -> None:
    """The corners are those of the picture that was given, not of the one that the model saw."""
    page = np.full((1800, 3000, 3), 255, np.uint8)
    word = np.asarray(draw_line(FaceRef(sans_path), "Somewhere", 120, margin=0.0).convert("RGB"))
    y, x = 1200, 1700
    page[y : y + word.shape[0], x : x + word.shape[1]] = word
    (corners,) = reader.detect(page)
    found = [*corners.min(axis=0), *corners.max(axis=0)]
    assert found == pytest.approx([x, y, x + word.shape[1], y + word.shape[0]], abs=30)


def test_what_is_too_long_is_not_read(reader: Reader, sans_path: Path) -> None:
    """A strip of 3,001 pixels costs nothing, and its neighbour is read all the same."""
    long = np.ones((HEIGHT, 3001), np.float32)
    found = reader.read([long, _line(sans_path, "Beside").strip])
    assert [(r.text, r.confidence > 0.5) for r in found] == [("", False), ("Beside", True)]
    assert reader.read([]) == [] and reader.read([long])[0].text == ""


def test_a_used_reader_can_be_pickled(reader: Reader, sans_path: Path) -> None:
    """Another process loads the models anew."""
    strip = _line(sans_path, "Again").strip
    reader.read([strip])
    (reading,) = pickle.loads(pickle.dumps(reader)).read([strip])  # noqa: S301
    assert reading.text == "Again"


def test_nothing_is_loaded_before_it_is_needed() -> None:
    """Importing and making a reader does not import rapidocr."""
    code = (
        "import sys; from encoder.reading import Reader; Reader(); print('rapidocr' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_letters_as_wide_as_chinese_ones_are_narrow() -> None:
    """The reader's fullwidth forms are the plain ones, by Unicode's own compatibility mapping."""
    for wide in range(0xFF01, 0xFF5F):
        assert chr(wide).translate(_NARROW) == unicodedata.normalize("NFKC", chr(wide))
