"""A picture with its matches under it, to look at."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_WIDTH = 900
_ROW = 96
_MARGIN = 16
_MAX_PICTURE = 700  # pixels high


def draw_sheet(picture: np.ndarray, rows: Sequence[tuple[str, bytes]]) -> bytes:
    """A PNG: `picture` (uint8 [H, W, 3]) and below it a line of text and a specimen a row.

    `rows` holds (label, picture file) pairs.
    """
    top = Image.fromarray(picture)
    top.thumbnail((_WIDTH - 2 * _MARGIN, _MAX_PICTURE))
    head = top.height + 2 * _MARGIN
    sheet = Image.new("RGB", (_WIDTH, head + _ROW * len(rows) + _MARGIN), "white")
    sheet.paste(top, (_MARGIN, _MARGIN))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(16)
    for number, (label, data) in enumerate(rows):
        y = head + number * _ROW
        draw.line((_MARGIN, y, _WIDTH - _MARGIN, y), fill="#cccccc")
        draw.text((_MARGIN, y + 6), label, fill="#444444", font=font)
        with Image.open(io.BytesIO(data)) as specimen:
            shown = specimen.convert("RGB")
        shown.thumbnail((_WIDTH - 2 * _MARGIN, _ROW - 36))
        sheet.paste(shown, (_MARGIN, y + 30))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
