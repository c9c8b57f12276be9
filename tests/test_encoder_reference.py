"""The lines that stand for a face in the catalogue."""

from __future__ import annotations

import string
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from encoder.fontfile import read_faces
from encoder.prepare import prepare
from encoder.reference import ReferenceLine, draw_reference, reference_lines

FULL = frozenset(string.ascii_letters + string.digits + " ")


def test_two_lines_of_each_kind() -> None:
    """A Latin face is shown by eight lines, two of each of the four kinds."""
    counts = Counter(line.kind for line in reference_lines(FULL))
    assert counts == {"upper": 2, "lower": 2, "title": 2, "digits": 2}


def test_every_letter_and_digit_is_shown() -> None:
    """Together the lines show A-Z, a-z and 0-9, each kind in its own case."""
    lines = reference_lines(FULL)
    assert set("".join(line.text for line in lines)) == FULL
    for line in lines:
        if line.kind in ("upper", "lower"):
            assert line.text == getattr(line.text, line.kind)()
        if line.kind == "title":
            assert line.text == line.text.title()


def test_uncovered_characters_are_left_out() -> None:
    """What a face does not draw is dropped, and a kind that is left empty with it."""
    lines = reference_lines(frozenset("HAMBURGEFONSJQZX"))
    assert {line.text for line in lines if line.kind == "upper"} == {"HAMBURGEFONS"}
    assert {line.kind for line in lines} == {"upper", "title"}
    assert {line.text for line in lines if line.kind == "title"} == {"Q J", "Z X"}
    assert reference_lines(frozenset()) == ()


def test_a_line_is_drawn_in_its_face(serif_path: Path, sans_path: Path) -> None:
    """The picture is black on white uint8 RGB, and another face gives another picture."""
    line = ReferenceLine("lower", "fjordmen", 64)
    drawn = [draw_reference(read_faces(path)[0].ref, line) for path in (serif_path, sans_path)]
    for picture in drawn:
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
        assert picture[0, 0].tolist() == [255] * 3 and picture.min() == 0
        assert 2 < picture.shape[1] / picture.shape[0] < 8
    assert drawn[0].shape != drawn[1].shape or (drawn[0] != drawn[1]).any()


@pytest.mark.parametrize("number", range(8))
def test_every_line_is_found_again(sans_path: Path, number: int) -> None:
    """What is drawn is found as one line of one to four windows."""
    (face,) = read_faces(sans_path)
    lines = prepare(draw_reference(face.ref, reference_lines(face.coverage)[number]))
    assert len(lines) == 1
    assert 1 <= len(lines[0].windows) <= 4
