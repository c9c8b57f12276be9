"""Draw a line of text in one face with FreeType and HarfBuzz (Pillow's raqm layout)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from encoder.fontfile import FaceRef


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
    font: ImageFont.FreeTypeFont, text: str, *, pad: int = 0, tracking: float = 0.0, stroke: int = 0
) -> np.ndarray:
    """Coverage of the ink, uint8 [H, W], 255 = ink.

    `tracking` is in pixels a letter, `stroke` widens the outline by so many pixels.
    A text without ink gives an empty line of the font's height. Raises `TypesetError`.
    """
    try:
        left, top, right, bottom = font.getbbox(text, anchor="ls", stroke_width=stroke)
        ascent, descent = font.getmetrics()
        spread = max(0.0, tracking * (len(text) - 1))
        top, bottom = min(top, -ascent), max(bottom, descent)
        width = round(right - min(left, 0) + spread) + 2 * pad + 1
        height = round(bottom - top) + 2 * pad
        if width * height > 40_000_000:
            raise TypesetError(f"{text!r} would be drawn {width} x {height} pixels large")
        picture = Image.new("L", (width, height), 0)
        draw = ImageDraw.Draw(picture)
        start = (pad - min(left, 0), pad - top)
        for part, x in _pieces(font, text, tracking):
            draw.text((start[0] + x, start[1]), part, 255, font, anchor="ls", stroke_width=stroke)
    except (OSError, ValueError, MemoryError) as error:
        raise TypesetError(f"FreeType cannot draw {text!r} ({error})") from error
    return np.asarray(picture)


def _pieces(
    font: ImageFont.FreeTypeFont, text: str, tracking: float
) -> list[tuple[str, float]]:
    """The text in one piece, or letter by letter (kerning kept) where it is tracked."""
    if not tracking:
        return [(text, 0.0)]
    return [
        (letter, font.getlength(text[: i + 1]) - font.getlength(letter) + i * tracking)
        for i, letter in enumerate(text)
    ]
