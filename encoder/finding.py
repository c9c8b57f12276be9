"""The lines of any picture, read: by edges where those are enough, else by a text detector.

Edges find the lines of a clean crop in milliseconds. What they find is believed when it reads
like text and is level; a poster, a photograph or a tilted line takes the detector, whose
quadrilaterals are made level first. Whichever reads better is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from encoder.boxes import Box
from encoder.leveling import slopes
from encoder.prepare import Line, prepare_level, prepare_quads
from encoder.reading import Reading

_CHIEF = 12  # lines, the largest, by which edges or detector are chosen
_SMALL, _SMALL_PRINT = 0.02, 0.003  # of the largest line's area: what is no chief; what is no line
_CONVINCING = 0.9  # mean confidence, weighted by area, of lines that are believed at once
_LEGIBLE = 0.5  # what reads worse, and looks like text to no detector, is none
_BETTER = 0.05  # by so much more of it the detector's lines must be read
_LEVEL = 0.035  # slope, 2 degrees: a line that leans no more is level


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
    """The lines of `picture` (uint8 [H, W, 3]) inside `crop`, from the top; [] without text.

    Raises `ValueError` when `crop` lies outside.
    """
    lines = sorted(prepare_level(picture, crop, least=_SMALL_PRINT), key=lambda i: -i.box.area)
    if not lines:
        return []
    chief = [line for line in lines[:_CHIEF] if line.box.area >= _SMALL * lines[0].box.area]
    edges = _read(chief, reader)
    level = all(_is_level(found.line) for found in edges)
    if level and _clarity(edges) >= _CONVINCING:
        rest = _read(lines[len(chief) :], reader)
        edges += [found for found in rest if found.reading.confidence >= _LEGIBLE]
        return _from_the_top(edges)
    detected = _read(prepare_quads(picture, reader.detect, crop), reader)
    if not detected and _clarity(edges) < _LEGIBLE:
        return []
    better = _clarity(detected) - _clarity(edges)
    # What leans is read well both ways; only a level line can be compared.
    return _from_the_top(detected if better > (_BETTER if level else -_BETTER) else edges)


def _read(lines: Sequence[Line], reader: Reader) -> list[Found]:
    readings = reader.read([line.strip for line in lines])
    return [Found(line, reading) for line, reading in zip(lines, readings, strict=True)]


def _from_the_top(found: Sequence[Found]) -> list[Found]:
    return sorted(found, key=lambda each: (each.line.box.y0, each.line.box.x0))


def _clarity(found: Sequence[Found]) -> float:
    """Mean confidence of the readings by the areas of their lines, 0..1; 0 for none."""
    areas = np.array([each.line.box.area for each in found], float)
    sure = np.array([each.reading.confidence for each in found])
    return float((areas * sure).sum() / areas.sum()) if len(found) else 0.0


def _is_level(line: Line) -> bool:
    """Whether a line was level in the picture."""
    return line.level and max(map(abs, slopes(1 - line.strip, around=True))) <= _LEVEL
