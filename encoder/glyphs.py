"""The drawing of the letters themselves: which faces are alike, and how far apart they are.

The measure: the same letters in every face, scaled so that the H has one height, lightly
blurred; the mean squared difference, as a share of the ink. It knows nothing of the
encoder, so it can judge it.
"""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING

import cv2
import numpy as np

from encoder.typeset import TypesetError, ink_mask, open_font

if TYPE_CHECKING:
    from encoder.fontfile import FaceRef

LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits
_SIDE = 28  # pixels of a cell
_CAP = 16.0  # pixels: the height of H in a cell
_BASELINE = 21  # the row on which letters stand
NOISE = 0.0088  # median distance of a face to itself, drawn again a third of a pixel off


def letter_shapes(ref: FaceRef) -> np.ndarray:
    """The cells of LETTERS, float32 [62, 28, 28] in 0..1, 1 = ink.

    A letter that the face lacks is an empty cell. Raises `TypesetError` when there is no H
    to scale by, or FreeType refuses the face.
    """
    cap = _cap_height(ref)
    font = open_font(ref, _CAP / cap)
    cells = np.zeros((len(LETTERS), _SIDE, _SIDE), np.float32)
    for cell, letter in zip(cells, LETTERS, strict=True):
        _draw_cell(cell, ink_mask(font, letter, pad=1), font.getbbox(letter, anchor="ls")[1])
    return cv2.GaussianBlur(cells.transpose(1, 2, 0), (0, 0), 0.8).transpose(2, 0, 1)


def distances(shapes: np.ndarray) -> np.ndarray:
    """Between all faces of `shapes` [N, 62, 28, 28]: float32 [N, N], 0 = the same drawing.

    Squared difference over the mean squared ink of the two. N = 0 returns [0, 0].
    """
    flat = shapes.reshape(len(shapes), math.prod(shapes.shape[1:]))
    energy = (flat * flat).sum(axis=1)
    gap = np.maximum(energy[:, None] + energy[None, :] - 2 * flat @ flat.T, 0)
    return (gap / np.maximum(energy[:, None] + energy[None, :], 1e-6)).astype(np.float32)


def _cap_height(ref: FaceRef) -> float:
    """Height of the H in em (the highest of a few capitals where H is odd)."""
    font = open_font(ref, 200)
    heights = [-font.getbbox(letter, anchor="ls")[1] for letter in "HEX"]
    cap = float(np.median(heights)) / 200
    if cap < 0.05:
        raise TypesetError(f"{ref.path.name}: its H has no height to scale by")
    return cap


def _draw_cell(cell: np.ndarray, mask: np.ndarray, rise: float) -> None:
    """Copy the ink into its cell: its top `rise` (negative) from the baseline, centred."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return
    ink = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255
    top = _BASELINE + round(rise)
    left = (_SIDE - ink.shape[1]) // 2
    y0, x0 = max(0, top), max(0, left)
    part = ink[y0 - top : _SIDE - top, x0 - left : x0 - left + _SIDE]
    if part.size:
        cell[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]] = part
