"""The same words again, drawn in a face that they may be set in, and held against a line."""

from __future__ import annotations

import cv2
import numpy as np

from encoder.fontfile import FaceRef
from encoder.prepare import mask_strip, stretch
from encoder.typeset import ink_mask, open_font

_SIZE = 72  # pixels to the em: sharper than what a strip holds
_INKED = 100  # of 255: where a pixel counts as ink, two fifths as for lines that are found
_BLUR = 1.5  # pixels of a strip: strokes that miss each other by less still coincide
_SHIFT_X, _SHIFT_Y = 4, 2  # pixels of a strip that a drawing may be off


def redraw(ref: FaceRef, text: str, height: int) -> np.ndarray:
    """The strip of `text`, as coarse as a line whose ink is `height` pixels high.

    float32 [64, W] in 0..1, see `encoder.prepare`. Raises `TypesetError` for what cannot be
    drawn, `ValueError` for a text without ink.
    """
    mask = ink_mask(open_font(ref, _SIZE), text)
    rows = np.flatnonzero((mask > _INKED).any(axis=1))
    columns = np.flatnonzero((mask > _INKED).any(axis=0))
    if not len(rows):
        raise ValueError(f"{ref.path.name} draws {text!r} without ink")
    return mask_strip(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], height)


def coincidence(strip: np.ndarray, drawn: np.ndarray) -> float:
    """How well the ink of two strips coincides, 0..1, once both are as wide and shifted best.

    The normalised correlation of the blurred ink; 1 for the same picture.
    """
    one, other = 1 - strip, 1 - stretch(drawn, strip.shape[1])
    one, other = (cv2.GaussianBlur(ink, (0, 0), _BLUR) for ink in (one, other))
    if not one.any() or not other.any():
        return 0.0
    room = cv2.copyMakeBorder(
        one, _SHIFT_Y, _SHIFT_Y, _SHIFT_X, _SHIFT_X, cv2.BORDER_CONSTANT, value=0
    )
    return float(cv2.matchTemplate(room, other, cv2.TM_CCORR_NORMED).max())
