"""The lines of any picture, read: by edges where those are enough, else by a text detector.

Edges find the lines of a clean crop in milliseconds. What they find is believed when it reads
like text and is level; a poster, a photograph or a tilted line takes the detector, whose
quadrilaterals are made level first. Whichever reads better is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from encoder.boxes import Box
from encoder.leveling import slopes
from encoder.parting import parted
from encoder.prepare import Line, prepare_level, prepare_quads
from encoder.reading import Reading

_CHIEF = 12  # lines, the largest, by which edges or detector are chosen
_SMALL, _SMALL_PRINT = 0.02, 0.003  # of the largest line's area: what is no chief; what is no line
_CONVINCING = 0.9  # mean confidence, weighted by area, of lines that are believed at once
_LEGIBLE = 0.5  # what reads worse, and looks like text to no detector, is none
_BETTER = 0.05  # by so much more of it the detector's lines must be read
_DOUBTFUL = 0.7  # what reads worse is also tried turned by a quarter, ...
_TURNED = 0.1  # and anything that does not convince upside down; so much better it must read then
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
    found = parted(picture, prepare_level(picture, crop, least=_SMALL_PRINT))
    lines = sorted(found, key=lambda line: -line.box.area)
    if not lines:
        return []
    chief = [line for line in lines[:_CHIEF] if line.box.area >= _SMALL * lines[0].box.area]
    edges = _read(chief, reader)
    level, sure = all(_is_level(each.line) for each in edges), _clarity(edges)
    rest = lines[len(chief) :]
    # The largest line leads; two that touch are one to edges, and read badly.
    plain = level and edges[0].reading.confidence >= _DOUBTFUL
    if plain and sure >= _CONVINCING:
        return _from_the_top(edges + _legible(rest, reader))
    detected = _read(parted(picture, prepare_quads(picture, reader.detect, crop)), reader)
    # What leans is read well both ways; only a level line can be compared.
    needed = sure + (_BETTER if level else -_BETTER)
    clear = _clarity(_words(detected))
    read = detected if clear > needed else edges + _legible(rest, reader)
    if max(clear, sure) < _DOUBTFUL:
        standing = _standing(picture, crop, reader)
        turned = _clarity(standing)
        if turned > _clarity(read) + _TURNED and (detected or turned >= _LEGIBLE):
            return _from_the_top(standing)
    if not detected and sure < _LEGIBLE:
        return []
    return _from_the_top(read)


def _standing(picture: np.ndarray, crop: Box | None, reader: Reader) -> list[Found]:
    """The lines as they read when the picture is turned by a quarter; boxes of the picture."""
    height, width = picture.shape[:2]
    inside = Box(0, 0, width, height) if crop is None else crop.within(width, height)
    part = np.rot90(picture[inside.y0 : inside.y1, inside.x0 : inside.x1])
    found = _read(prepare_level(np.ascontiguousarray(part)), reader)
    return [replace(each, line=replace(each.line, box=_back(each, inside))) for each in found]


def _back(found: Found, inside: Box) -> Box:
    """Where the box of a line lies that was found in the part `inside`, turned to the left."""
    box = found.line.box
    turned = Box(inside.width - box.y1, box.x0, inside.width - box.y0, box.x1)
    return turned.moved(inside.x0, inside.y0)


def _read(lines: Sequence[Line], reader: Reader) -> list[Found]:
    """What the lines say; those that read better upside down are turned."""
    readings = reader.read([line.strip for line in lines])
    found = [Found(line, reading) for line, reading in zip(lines, readings, strict=True)]
    doubtful = [at for at, each in enumerate(found) if each.reading.confidence < _CONVINCING]
    turned = [
        replace(lines[at], strip=np.ascontiguousarray(lines[at].strip[::-1, ::-1]))
        for at in doubtful
    ]
    again = reader.read([line.strip for line in turned])
    for at, line, reading in zip(doubtful, turned, again, strict=True):
        if reading.confidence > found[at].reading.confidence + _TURNED:
            found[at] = Found(line, reading)
    return found


def _legible(lines: Sequence[Line], reader: Reader) -> list[Found]:
    """The small print that can be read as more than one letter: those are pieces of drawings."""
    return [
        each
        for each in _read(lines, reader)
        if each.reading.confidence >= _LEGIBLE and _is_word(each)
    ]


def _from_the_top(found: Sequence[Found]) -> list[Found]:
    return sorted(found, key=lambda each: (each.line.box.y0, each.line.box.x0))


def _clarity(found: Sequence[Found]) -> float:
    """Mean confidence of the readings by the areas of their lines, 0..1; 0 for none."""
    areas = np.array([each.line.box.area for each in found], float)
    sure = np.array([each.reading.confidence for each in found])
    return float((areas * sure).sum() / areas.sum()) if len(found) else 0.0


def _words(found: Sequence[Found]) -> Sequence[Found]:
    """What reads as more than a letter, or all if nothing does.

    A detector now and then takes a photograph for a letter, larger than any line.
    """
    return [each for each in found if _is_word(each)] or found


def _is_word(found: Found) -> bool:
    return len(found.reading.text.strip()) > 1


def _is_level(line: Line) -> bool:
    """Whether a line was level in the picture."""
    return line.level and max(map(abs, slopes(1 - line.strip, around=True))) <= _LEVEL
