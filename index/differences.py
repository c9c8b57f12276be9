"""Where a match differs: the picture's line and the same words in the face, letter by letter."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from encoder.redraw import Drawing, aligned, likeness

Json = dict[str, Any]

# Red, green, blue: ink of both, of the picture alone, of the drawing alone.
_BOTH, _PICTURE, _DRAWING = (27, 26, 23), (214, 60, 24), (26, 108, 214)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of a drawing: columns `first` to `last` (exclusive), and how alike in 0..1."""

    letter: str
    first: int
    last: int
    alike: float

    def to_json(self) -> Json:
        """The four fields."""
        return {**asdict(self), "alike": round(self.alike, 4)}


@dataclass(frozen=True, slots=True)
class Difference:
    """A match held against the picture: PNGs as `data:` URLs, `width` x `height` pixels each.

    `picture` is the line, made level, dark on white; `drawing` the same words in the face, laid
    upon it; `overlay` both (the picture's ink alone red, the drawing's alone blue). In the drawing
    `size` pixels are an em.
    """

    face_id: str
    width: int
    height: int
    size: float
    picture: str
    drawing: str
    overlay: str
    letters: tuple[Letter, ...]

    def to_json(self) -> Json:
        """The fields; letters from the left."""
        letters = [letter.to_json() for letter in self.letters]
        return {**asdict(self), "size": round(self.size, 2), "letters": letters}


def difference(face_id: str, strip: np.ndarray, drawing: Drawing) -> Difference:
    """Pictures of both and of one over the other, all of one size, and how alike letters are.

    `strip` is the line's, float32 [64, W] in 0..1.
    """
    drawn = aligned(strip, drawing.strip)
    letters = tuple(
        Letter(letter, first, last, likeness(strip[:, first:last], drawn[:, first:last]))
        for letter, first, last in drawing.letters(strip.shape[1])
    )
    return Difference(
        face_id=face_id,
        width=strip.shape[1],
        height=strip.shape[0],
        size=drawing.size,
        picture=_as_url(_grey(strip)),
        drawing=_as_url(_grey(drawn)),
        overlay=_as_url(overlay(strip, drawn)),
        letters=letters,
    )


def overlay(strip: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3]: ink of both dark, of the picture alone red, of the drawing alone blue."""
    one, other = 1 - strip[..., None], 1 - drawn[..., None]
    paper, both, left, right = (
        np.array(colour, np.float32) for colour in ((255, 255, 255), _BOTH, _PICTURE, _DRAWING)
    )
    mixed = (1 - one) * (1 - other) * paper + one * other * both
    mixed += one * (1 - other) * left + (1 - one) * other * right
    return np.rint(mixed).astype(np.uint8)


def _grey(strip: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(strip, 0, 1)).astype(np.uint8)


def _as_url(picture: np.ndarray) -> str:
    shown: Any = picture if picture.ndim == 2 else picture[..., ::-1]
    return (
        "data:image/png;base64,"
        + base64.b64encode(cv2.imencode(".png", shown)[1].tobytes()).decode()
    )
