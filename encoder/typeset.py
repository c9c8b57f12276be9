"""Draw a line of text in one face with FreeType and HarfBuzz (Pillow's raqm layout)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFont

if TYPE_CHECKING:
    from encoder.fontfile import FaceRef


_MAX_PIXELS = 40_000_000  # of a drawn line: a font with giant advances asks for more


class TypesetError(ValueError):
    """FreeType cannot open or draw the face."""


def open_font(ref: FaceRef, size: float) -> ImageFont.FreeTypeFont:
    """The face at `size` pixels to the em. Raises `TypesetError` for what FreeType refuses."""
    try:
        font = ImageFont.truetype(
            str(ref.path), size, index=ref.index, layout_engine=ImageFont.Layout.RAQM
        )
        if ref.variation:
            font.set_variation_by_axes([value for _, value in ref.variation])
    except (OSError, ValueError, MemoryError) as error:
        raise TypesetError(f"{ref.path.name}: FreeType cannot open it ({error})") from error
    return font


def draw_line(ref: FaceRef, text: str, size: float, *, margin: float = 0.25) -> Image.Image:
    """The text in black on white, mode "L".

    The height comes from the font's own ascent and descent (and from the ink where that
    reaches further), `margin` is in em and added on every side. Raises `TypesetError`.
    """
    mask = ink_mask(open_font(ref, size), text, pad=round(margin * size))
    return Image.fromarray(255 - mask)


def ink_mask(
    font: ImageFont.FreeTypeFont, text: str, *, pad: int = 0, tracking: float = 0.0
) -> np.ndarray:
    """Coverage of the ink, uint8 [H, W], 255 = ink.

    `tracking` is in pixels a letter. A text without ink gives an empty line of the font's
    height. Raises `TypesetError`.
    """
    try:
        ascent, descent = font.getmetrics()
        pieces = [_piece(font, part, x) for part, x in _pieces(font, text, tracking)]
    except (OSError, ValueError, MemoryError) as error:
        raise TypesetError(f"FreeType cannot draw {text!r} ({error})") from error
    top = min(-ascent, *(y for _, _, y in pieces))
    bottom = max(descent, *(y + ink.shape[0] for ink, _, y in pieces))
    left = min(x for _, x, _ in pieces)
    right = max(x + ink.shape[1] for ink, x, _ in pieces)
    width, height = right - left + 2 * pad + 1, bottom - top + 2 * pad
    if width * height > _MAX_PIXELS:
        raise TypesetError(f"{text!r} would be drawn {width} x {height} pixels large")
    line = np.zeros((height, width), np.uint8)
    for ink, x, y in pieces:
        part = line[pad + y - top :, pad + x - left :][: ink.shape[0], : ink.shape[1]]
        np.maximum(part, ink, out=part)
    return line


def _piece(font: ImageFont.FreeTypeFont, text: str, x: float) -> tuple[np.ndarray, int, int]:
    """(ink, left, top) of one piece, relative to the start of the line on its baseline."""
    whole = math.floor(x)
    ink, left, top = glyphs_mask(font, text, x - whole)
    return ink, whole + left, top


def glyphs_mask(
    font: ImageFont.FreeTypeFont, text: str, start: float = 0.0
) -> tuple[np.ndarray, int, int]:
    """(coverage uint8 [h, w], left, top) as FreeType draws it, the baseline's start at `start`."""
    mask, (left, top) = font.getmask2(text, "L", anchor="ls", start=(start, 0))
    ink = Image.new("L", mask.size)
    ink.im.paste(mask, (0, 0, *mask.size))  # numpy would ask the mask for every single pixel
    return np.asarray(ink), left, top


def _pieces(font: ImageFont.FreeTypeFont, text: str, tracking: float) -> list[tuple[str, float]]:
    """The text in one piece, or letter by letter (kerning kept) where it is tracked."""
    if not tracking:
        return [(text, 0.0)]
    return [
        (letter, font.getlength(text[: i + 1]) - font.getlength(letter) + i * tracking)
        for i, letter in enumerate(text)
    ]
