"""The lines of any picture, read: by edges where those are enough, else by a text detector.

Edges find the lines of a clean crop in milliseconds. What they find is believed when it reads
like text and is level; a poster, a photograph or a tilted line takes the detector, whose
quadrilaterals are made level first. Whichever reads better is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from encoder.boxes import Box
from encoder.prepare import HEIGHT, Line, prepare, prepare_quads
from encoder.reading import Reading

_CONVINCING = 0.9  # mean confidence, weighted by area, of lines that are believed at once
_BETTER = 0.05  # by so much more of it the detector's lines must be read
_LEVEL = 2.0  # degrees: a line that leans no more is level
_SLOPES = np.arange(-33.0, 33.1, 3.0)  # degrees that are tried; text that leans more reads badly


class Reader(Protocol):
    """What finding needs of `encoder.reading.Reader`."""

    def read(self, strips: Sequence[np.ndarray]) -> list[Reading]: ...
    def detect(self, picture: np.ndarray) -> list[np.ndarray]: ...


@dataclass(frozen=True, slots=True)
class Found:
    """A line of a picture and what it says."""

    line: Line
    reading: Reading


def find_and_read(picture: np.ndarray, crop: Box | None, reader: Reader) -> list[Found]:
    """The lines of `picture` (uint8 [H, W, 3]) inside `crop`, from the top; [] without ink.

    Raises `ValueError` when `crop` lies outside.
    """
    edges = _read(prepare(picture, crop), reader)
    if not edges:
        return []
    level = all(abs(_slope(found.line.strip)) <= _LEVEL for found in edges)
    if level and _clarity(edges) >= _CONVINCING:
        return edges
    detected = _read(prepare_quads(picture, reader.detect, crop), reader)
    better = _clarity(detected) - _clarity(edges)
    # What leans is read well both ways; only a level line can be compared.
    return detected if better > (_BETTER if level else -_BETTER) else edges


def _read(lines: Sequence[Line], reader: Reader) -> list[Found]:
    readings = reader.read([line.strip for line in lines])
    return [Found(line, reading) for line, reading in zip(lines, readings, strict=True)]


def _clarity(found: Sequence[Found]) -> float:
    """Mean confidence of the readings by the areas of their lines, 0..1; 0 for none."""
    areas = np.array([each.line.box.area for each in found], float)
    sure = np.array([each.reading.confidence for each in found])
    return float((areas * sure).sum() / areas.sum()) if len(found) else 0.0


def _slope(strip: np.ndarray) -> float:
    """Degrees by which the line in a strip leans; 0 for one too short to tell.

    The rows of a level line differ most: as many letters as can end on the same ones.
    """
    ink = 1 - strip[:, : 4 * HEIGHT]
    height, width = ink.shape
    if width < 1.5 * HEIGHT:
        return 0.0
    best, found = -1.0, 0.0
    for degrees in sorted(_SLOPES.tolist(), key=abs):
        lean = np.tan(np.radians(degrees))
        matrix = np.array([[1, 0, 0], [-lean, 1, lean * width / 2]])
        turned = cv2.warpAffine(ink, matrix, (width, height))
        contrast = float(np.square(np.diff(turned.sum(axis=1))).sum())
        if contrast > 1.05 * best:
            best, found = contrast, degrees
    return found
