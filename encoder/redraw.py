"""The same words again, drawn in a face that they may be set in, and held against a line."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import ImageFont

from encoder.fontfile import FaceRef
from encoder.prepare import HEIGHT, INK_HEIGHT, Line, mask_strip, stretch
from encoder.typeset import ink_mask, open_font

_SIZE = 72  # pixels to the em: sharper than what a strip holds
_INKED = 100  # of 255: where a pixel counts as ink, two fifths as for lines that are found
_MARGIN = (HEIGHT - INK_HEIGHT) // 2
_BLUR = 1.5  # pixels of a strip: strokes that miss each other by less still coincide
_SHIFT = (4, 2)  # pixels of a strip, across and down, that a drawing may be off
_LETTER_SHIFT = (2, 1)  # ... and a letter, once the drawing is in place
_SOFTNESS = (0.0, 0.8, 1.2, 1.6, 2.0, 2.5, 3.0, 3.6)  # pixels of a strip that are tried
_TRACKED = 0.03  # share by which the widths must differ before tracking is thought of
_TRACKING = (-0.08, 0.35)  # em a letter: what designers do


@dataclass(frozen=True, slots=True)
class Drawing:
    """`text` in a face with `tracking` em between the letters, and its strip.

    float32 [64, W] in 0..1, see `encoder.prepare`; there `size` pixels are an em.
    """

    ref: FaceRef
    text: str
    tracking: float
    strip: np.ndarray
    size: float

    def letters(self, width: int) -> list[tuple[str, int, int]]:
        """(letter, first, past the last) of every one with ink, in pixels of a strip.

        The strip is `width` pixels wide, stretched if need be.
        """
        font, track = open_font(self.ref, _SIZE), self.tracking * _SIZE
        ends = [
            font.getlength(self.text[:i]) + max(0, i - 1) * track
            for i in range(1, len(self.text) + 1)
        ]
        start = font.getbbox(self.text, anchor="ls")[0]
        scale = (width - 2 * _MARGIN) / max(ends[-1] - start, 1e-6)
        places = [_MARGIN + round((end - start) * scale) for end in (0.0, *ends)]
        return [
            (letter, max(0, places[i]), min(width, places[i + 1]))
            for i, letter in enumerate(self.text)
            if letter.strip() and min(width, places[i + 1]) > max(0, places[i])
        ]


def redraw(ref: FaceRef, text: str, height: int) -> Drawing:
    """The text as coarse as a line whose ink is `height` pixels high.

    Raises `TypesetError` for what cannot be drawn, `ValueError` for a text without ink.
    """
    return _drawn(ref, text, 0.0, height)


def tracked(plain: Drawing, line: Line) -> Drawing | None:
    """A drawing with its letters set apart, or together, until it is as wide as the line.

    None where that is no more than drawing makes, or more than anybody tracks. Errors as
    `redraw`.
    """
    wanted = line.strip.shape[1] - 2 * _MARGIN
    missing = line.strip.shape[1] - plain.strip.shape[1]
    if len(plain.text) < 2 or abs(missing) < _TRACKED * wanted:
        return None
    tracking = missing / (len(plain.text) - 1) / plain.size
    if not _TRACKING[0] <= tracking <= _TRACKING[1]:
        return None
    return _drawn(plain.ref, plain.text, tracking, line.height)


def _drawn(ref: FaceRef, text: str, tracking: float, height: int) -> Drawing:
    """With `tracking` em between the letters."""
    ink = _tight(open_font(ref, _SIZE), ref, text, tracking * _SIZE)
    size = _SIZE * INK_HEIGHT / ink.shape[0]
    return Drawing(ref, text, tracking, mask_strip(ink, height), size)


def fitted(ref: FaceRef, text: str, line: Line) -> tuple[Drawing, float]:
    """The text plain or with tracking, whichever coincides better with the line, and how well.

    Errors as `redraw`.
    """
    plain = redraw(ref, text, line.height)
    spaced = tracked(plain, line)
    tried = [(d, coincidence(line.strip, d.strip)) for d in (plain, spaced) if d is not None]
    return max(tried, key=lambda each: each[1])


def coincidence(strip: np.ndarray, drawn: np.ndarray) -> float:
    """How well the ink of two strips coincides, 0..1, once both are as wide and shifted best.

    The normalised correlation of the blurred ink; 1 for the same picture.
    """
    return _best_shift(strip, stretch(drawn, strip.shape[1]), _SHIFT)[0]


def likeness(strip: np.ndarray, drawn: np.ndarray) -> float:
    """The same of parts that are as wide and in place: a letter may be off by a pixel or two."""
    return _best_shift(strip, drawn, _LETTER_SHIFT)[0]


def aligned(strip: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The drawing as wide as the strip, at the place where their ink coincides best."""
    wide = stretch(drawn, strip.shape[1])
    _, (dx, dy) = _best_shift(strip, wide, _SHIFT)
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = (strip.shape[1], HEIGHT)
    return cv2.warpAffine(wide, matrix, size, borderMode=cv2.BORDER_CONSTANT, borderValue=1.0)


def softness(strip: np.ndarray, drawn: np.ndarray) -> float:
    """The blur, sigma in pixels of a strip, that makes the drawing's edges as soft as the line's.

    0 where they are no sharper.
    """
    wanted = _sharpness(strip)
    sharp = [(abs(_sharpness(softened(drawn, sigma)) - wanted), sigma) for sigma in _SOFTNESS]
    return min(sharp)[1]


def softened(strip: np.ndarray, sigma: float) -> np.ndarray:
    """The strip blurred by `sigma` pixels and stretched to full contrast again."""
    if not sigma:
        return strip
    ink = cv2.GaussianBlur(1 - strip, (0, 0), sigma)
    dark = ink[ink > 0.5 * ink.max()]
    strong = float(np.percentile(dark, 80)) if dark.size else 1.0
    return (1 - np.clip(ink / max(strong, 1e-6), 0, 1)).astype(np.float32)


def _sharpness(strip: np.ndarray) -> float:
    """How steep the steeper edges are."""
    across = np.abs(np.diff(strip, axis=1))
    return float(np.percentile(across[across > 0.05], 90)) if (across > 0.05).any() else 0.0


def _best_shift(
    strip: np.ndarray, wide: np.ndarray, most: tuple[int, int]
) -> tuple[float, tuple[int, int]]:
    """The coincidence, and by how many pixels the drawing moves right and down for it.

    By no more than `most` either way.
    """
    one, other = (cv2.GaussianBlur(1 - each, (0, 0), _BLUR) for each in (strip, wide))
    if not one.any() or not other.any():
        return 0.0, (0, 0)
    x, y = most
    room = cv2.copyMakeBorder(one, y, y, x, x, cv2.BORDER_CONSTANT, value=0)
    _, best, _, place = cv2.minMaxLoc(cv2.matchTemplate(room, other, cv2.TM_CCORR_NORMED))
    return best, (place[0] - x, place[1] - y)


def _tight(font: ImageFont.FreeTypeFont, ref: FaceRef, text: str, tracking: float) -> np.ndarray:
    """The coverage of the text's ink without the paper around it, uint8 [h, w].

    `tracking` is in pixels a letter.
    """
    mask = ink_mask(font, text, tracking=tracking)
    rows = np.flatnonzero((mask > _INKED).any(axis=1))
    columns = np.flatnonzero((mask > _INKED).any(axis=0))
    if not len(rows):
        raise ValueError(f"{ref.path.name} draws {text!r} without ink")
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
