"""A picture with its matches under it, to look at, to print or to send."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from encoder.boxes import Box
from index.words import SCORES

_FONTS = Path(__file__).resolve().parent.parent / "api" / "static" / "fonts"
_WIDTH = 1400
_MARGIN = 56
_INNER = _WIDTH - 2 * _MARGIN
_PICTURE = 760  # pixels high at most
_ROW = 184
_SPECIMEN = (_INNER - 300, 84)
_PAPER, _PANEL, _INK, _GREY, _LINE = "#fbfaf7", "#efede6", "#1a1a18", "#6b6961", "#dcd9d0"
_ACCENT = "#c2410c"
_BARS = dict(zip(dict(SCORES).values(), ("#15803d", "#0f766e", "#b45309", "#a8a29e"), strict=True))


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A match: its name, a line of facts, a score in 0..1 with its word, a specimen's file."""

    name: str
    facts: str
    score: float
    word: str
    specimen: bytes


def draw_sheet(
    picture: np.ndarray,
    boxes: Sequence[Box],
    headline: tuple[str, str],
    rows: Sequence[SheetRow],
) -> bytes:
    """A PNG 1400 pixels wide: the headline, `picture` (uint8 [H, W, 3]) with `boxes`, the rows."""
    framed = _framed(picture, boxes)
    top = 168
    head = top + framed.height + 2 * 24 + 40
    sheet = Image.new("RGB", (_WIDTH, head + _ROW * len(rows) + _MARGIN // 2), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, 46), headline[0], fill=_INK, font=_font("serif-400", 52))
    draw.text((_MARGIN, 114), headline[1], fill=_GREY, font=_font("sans-400", 22))
    panel = (_MARGIN, top, _WIDTH - _MARGIN, top + framed.height + 2 * 24)
    draw.rounded_rectangle(panel, 14, fill=_PANEL)
    sheet.paste(framed, ((_WIDTH - framed.width) // 2, top + 24))
    for number, row in enumerate(rows):
        _draw_row(sheet, draw, head + number * _ROW, number + 1, row)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _framed(picture: np.ndarray, boxes: Sequence[Box]) -> Image.Image:
    """The picture at the size that fits, small ones up to twice as large, its lines outlined."""
    shown = Image.fromarray(picture)
    scale = min(2.0, (_INNER - 48) / shown.width, _PICTURE / shown.height)
    size = (max(1, round(shown.width * scale)), max(1, round(shown.height * scale)))
    shown = shown.resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(shown)
    for box in boxes:
        x0, y0, x1, y1 = (round(value * scale) for value in box.as_list())
        draw.rounded_rectangle((x0 - 4, y0 - 4, x1 + 4, y1 + 4), 5, outline=_ACCENT, width=2)
    return shown


def _draw_row(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, y: int, rank: int, row: SheetRow
) -> None:
    """Rank and name, a bar for the score at the right, the specimen below."""
    draw.line((_MARGIN, y, _WIDTH - _MARGIN, y), fill=_LINE, width=2)
    draw.text((_MARGIN, y + 20), f"{rank}", fill=_ACCENT, font=_font("sans-600", 24))
    name = _font("sans-600", 24)
    draw.text((_MARGIN + 36, y + 20), row.name, fill=_INK, font=name)
    right = _MARGIN + 36 + draw.textlength(row.name, font=name) + 18
    facts = _shortened(draw, row.facts, _WIDTH - _MARGIN - 270 - right)
    draw.text((right, y + 24), facts, fill=_GREY, font=_font("sans-400", 19))
    colour = _BARS[row.word]
    x = _WIDTH - _MARGIN - 240
    draw.text((x, y + 22), f"{row.score:.2f}  {row.word}", fill=colour, font=_font("sans-600", 20))
    draw.rounded_rectangle((x, y + 56, x + 240, y + 63), 3, fill=_LINE)
    filled = max(7, round(240 * min(1.0, max(0.0, row.score))))
    draw.rounded_rectangle((x, y + 56, x + filled, y + 63), 3, fill=colour)
    with Image.open(io.BytesIO(row.specimen)) as specimen:
        ink = specimen.convert("L")
    ink.thumbnail(_SPECIMEN, Image.Resampling.LANCZOS)
    dark = Image.new("RGB", ink.size, _INK)
    sheet.paste(dark, (_MARGIN + 36, y + 76), ink.point(lambda value: 255 - value))


def _shortened(draw: ImageDraw.ImageDraw, text: str, width: float) -> str:
    font = _font("sans-400", 19)
    while text and draw.textlength(f"{text}…", font=font) > width:
        text = text[:-1]
        if draw.textlength(text, font=font) <= width:
            return f"{text.rstrip()}…"
    return text


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """The page's own fonts, which are shipped."""
    return ImageFont.truetype(_FONTS / f"instrument-{name}.woff2", size)
