"""The drawing of the letters themselves: which faces are alike, and how far apart they are.

The same letters and digits of each face, scaled to one height of H, aligned at their left
edge and baseline, lightly blurred and compared: the mean over letters of
|a - b|^2 / (|a|^2 + |b|^2), which is 0 for the same picture and 1 where no ink meets. It
knows nothing of the encoder, so it can judge it.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from encoder.fontfile import FaceRef
from encoder.typeset import TypesetError, glyphs_mask, open_font

LETTERS = string.ascii_letters + string.digits
SIGNATURE_SHAPE = (len(LETTERS), 40, 40)
# The median distance between a face and itself drawn a third of a pixel off.
NOISE = 0.0169
MIN_SHARED = 40  # letters; fewer say too little
_H = 18  # pixels, the height of H
_ABOVE, _BELOW, _WIDTH = 27, 13, 40  # the cell, from the baseline
_FINE = 3  # drawn so many times larger, then averaged
_BLUR = 0.7  # pixels
_CELL = 4  # pixels: the coarse picture in which candidates are found
_COARSE_LIMIT = 1.5  # times NOISE; a coarse distance above it is no candidate


@dataclass(frozen=True)
class Signature:
    """`pictures` uint8 [62, 40, 40], 255 = ink; `drawn` bool [62] says which letters exist."""

    pictures: NDArray[np.uint8]
    drawn: NDArray[np.bool_]


def signature(ref: FaceRef, coverage: frozenset[str], *, shift: int = 0) -> Signature | None:
    """How a face draws the 62 letters; None when too few exist or it cannot be drawn.

    `shift` moves the drawing right by thirds of a pixel, to measure what drawing again costs.
    """
    present = np.array([letter in coverage for letter in LETTERS])
    if present.sum() < MIN_SHARED:
        return None
    try:
        font = open_font(ref, em_for(ref, _H * _FINE))
        cells = np.zeros((len(LETTERS), _ABOVE + _BELOW, _WIDTH), np.uint8)
        for at in np.flatnonzero(present):
            cells[at] = _cell(font, LETTERS[at], shift)
    except (TypesetError, OSError, ValueError):
        return None
    return Signature(cells, present & cells.any(axis=(1, 2)))


def distance(a: Signature, b: Signature) -> float:
    """0 (same) .. 1 over the letters that both draw; 1 when they share fewer than MIN_SHARED."""
    both = a.drawn & b.drawn
    if both.sum() < MIN_SHARED:
        return 1.0
    return float(letters_apart(a, b)[both].mean())


def letters_apart(a: Signature, b: Signature) -> NDArray[np.float32]:
    """The distance of each letter, 0..1, float32 [62]; 0 for those that one of them lacks."""
    one, two = (s.pictures.astype(np.float32).reshape(len(LETTERS), -1) for s in (a, b))
    return np.where(a.drawn & b.drawn, _normalised(one, two), np.float32(0))


def same_drawings(signatures: Sequence[Signature]) -> list[tuple[int, int, float]]:
    """Pairs (i, j, distance), i < j, that differ by less than NOISE. Never chained."""
    found = [(i, j, distance(signatures[i], signatures[j])) for i, j in _candidates(signatures)]
    return [pair for pair in found if pair[2] < NOISE]


def em_for(ref: FaceRef, height: float) -> float:
    """Pixels to the em at which the face's H is `height` pixels high, at most 2000.

    Raises `TypesetError` for a face without an H.
    """
    left, top, right, bottom = open_font(ref, 200).getbbox("H", anchor="ls")
    if bottom <= top or right <= left:
        raise TypesetError(f"{ref.path.name} draws no H")
    return min(2000.0, 200 * height / (bottom - top))


def _cell(font: ImageFont.FreeTypeFont, letter: str, shift: int) -> NDArray[np.uint8]:
    ink, _, top = glyphs_mask(font, letter)
    columns = np.flatnonzero(ink.any(axis=0))
    fine = np.zeros(((_ABOVE + _BELOW) * _FINE, _WIDTH * _FINE), np.uint8)
    if len(columns):
        ink = ink[:, columns[0] :]
        y, x = _ABOVE * _FINE + top, 2 * _FINE + shift
        ink = ink[max(0, -y) : max(0, fine.shape[0] - y), : fine.shape[1] - x]
        y = max(0, y)
        fine[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    size = (_WIDTH, _ABOVE + _BELOW)
    small = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _BLUR), np.uint8)


def _normalised(one: NDArray[np.float32], two: NDArray[np.float32]) -> NDArray[np.float32]:
    """|a - b|^2 / (|a|^2 + |b|^2) of every pair of rows; 0 where both are empty."""
    apart = ((one - two) ** 2).sum(axis=1)
    return apart / np.maximum((one**2).sum(axis=1) + (two**2).sum(axis=1), 1e-9)


def _candidates(signatures: Sequence[Signature]) -> list[tuple[int, int]]:
    """Pairs that are close in a coarse picture; averaging brings nothing further apart."""
    rows = np.stack([_coarse(s) for s in signatures]) if signatures else np.zeros((0, 1))
    rows = rows.astype(np.float32)
    weight = (rows**2).sum(axis=1)
    apart = np.maximum(weight[:, None] + weight[None, :] - 2 * rows @ rows.T, 0)
    close = apart < _COARSE_LIMIT * NOISE * (weight[:, None] + weight[None, :])
    first, second = np.nonzero(np.triu(close, 1))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def _coarse(s: Signature) -> NDArray[np.float32]:
    """The letters as 10 x 10 cells each, in one row, each letter of unit length."""
    height, width = (_ABOVE + _BELOW) // _CELL * _CELL, _WIDTH // _CELL * _CELL
    cells = s.pictures[:, :height, :width].reshape(
        len(LETTERS), height // _CELL, _CELL, width // _CELL, _CELL
    )
    flat = cells.mean(axis=(2, 4)).reshape(len(LETTERS), -1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return (flat / np.maximum(length, 1e-9)).ravel().astype(np.float32)
