"""Which lines stand for a face in the catalogue: its samples.

Case matters more than anything else to retrieval, so there are two lines of each kind.
Together they show every letter of both cases and every digit. They are no words of a
language (bar one), so that no query's text is among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from encoder.fontfile import FaceRef
from encoder.typeset import draw_line

Kind = Literal["upper", "lower", "title", "digits"]

_LARGE, _SMALL = 64, 32  # pixels to the em: a headline, and text on a screen at twice its size
_FEWEST = 2  # letters; a shorter line says nothing


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A text to draw, and its size in pixels to the em."""

    kind: Kind
    text: str
    size: int


_LINES = (
    ReferenceLine("upper", "HAMBURGEFONS", _LARGE),
    ReferenceLine("upper", "PLYWICKDVT", _SMALL),
    ReferenceLine("lower", "fjordmen", _LARGE),
    ReferenceLine("lower", "glowvexq", _SMALL),
    ReferenceLine("title", "Quick Jazb", _LARGE),
    ReferenceLine("title", "Zesty Xph", _SMALL),
    ReferenceLine("digits", "2093 4817", _LARGE),
    ReferenceLine("digits", "5617 8024", _SMALL),
)


def reference_lines(coverage: frozenset[str]) -> tuple[ReferenceLine, ...]:
    """The eight lines, two of a kind, without the characters that `coverage` lacks.

    A line of fewer than two characters is left out; an empty coverage returns ().
    """
    drawn = (ReferenceLine(i.kind, _covered(i.text, coverage), i.size) for i in _LINES)
    return tuple(line for line in drawn if len(line.text) >= _FEWEST)


def draw_reference(ref: FaceRef, line: ReferenceLine) -> np.ndarray:
    """The line in black on white by FreeType: uint8 `[H, W, 3]`. Raises `TypesetError`."""
    return np.array(draw_line(ref, line.text, line.size).convert("RGB"))


def _covered(text: str, coverage: frozenset[str]) -> str:
    """`text` without uncovered characters; a space needs no glyph with ink."""
    return " ".join("".join(c for c in text if c in coverage or c == " ").split())
