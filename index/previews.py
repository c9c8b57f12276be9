"""Small pictures of a face: the specimen that is kept, and any text on demand."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from encoder.fontfile import FaceRef
from encoder.typeset import draw_line, open_font

PANGRAM = "Hamburgefonstiv"
MAX_TEXT = 80
_SIZE = 56  # pixels to the em of a specimen; most names are then about 55 high
_HEIGHT = 64
_WIDTH = 480
_PREVIEW_SIZE = 72
_PREVIEW_WIDTH = 2400
_QUALITY = 50


def specimen(ref: FaceRef, name: str, coverage: frozenset[str]) -> bytes:
    """A WebP at most 480 x 64: the family's name, or a pangram's part if letters lack.

    Raises `TypesetError`.
    """
    text = name if name and set(name) <= coverage | {" "} else drawable(PANGRAM, coverage)
    line = _trimmed(draw_line(ref, text or name, _fitting(ref, text or name), margin=0.1))
    line.thumbnail((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)
    return _encoded(line, "WEBP", quality=_QUALITY, method=6)


def preview(
    ref: FaceRef, text: str, coverage: frozenset[str], size: int | None = None
) -> bytes | None:
    """A PNG of the text's drawable characters; None when the face can draw none of them.

    `size` pixels to the em, 72 by default. The text is cut to MAX_TEXT characters. Raises
    `TypesetError`.
    """
    shown = drawable(text, coverage)
    if not shown.strip():
        return None
    line = _trimmed(draw_line(ref, shown, size or _PREVIEW_SIZE, margin=0.1))
    line.thumbnail((_PREVIEW_WIDTH, 4 * (size or _PREVIEW_SIZE)), Image.Resampling.LANCZOS)
    return _encoded(_in_sixteen_greys(line), "PNG", bits=4)


def drawable(text: str, coverage: frozenset[str]) -> str:
    """The first MAX_TEXT characters without those that the face would show as boxes."""
    line = " ".join(text.split())[:MAX_TEXT]
    return "".join(c for c in line if c in coverage or c == " ")


def _fitting(ref: FaceRef, text: str) -> float:
    """The size at which the text fills the specimen in one direction."""
    wide = open_font(ref, _SIZE).getlength(text)
    return _SIZE * min(1.0, 0.95 * _WIDTH / max(wide, 1.0))


def _trimmed(line: Image.Image) -> Image.Image:
    """Without the empty rows and columns around the ink, but for a small margin."""
    ink = np.asarray(line) < 250
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return line
    pad = 4
    return line.crop(
        (
            max(0, int(columns[0]) - pad),
            max(0, int(rows[0]) - pad),
            min(line.width, int(columns[-1]) + 1 + pad),
            min(line.height, int(rows[-1]) + 1 + pad),
        )
    )


def _in_sixteen_greys(line: Image.Image) -> Image.Image:
    """As many as letters need, in less than half as many bytes as all 256."""
    step = 255 // 15
    levels = (np.asarray(line).astype(np.uint16) + step // 2) // step
    small = Image.frombytes("P", line.size, levels.astype(np.uint8).tobytes())
    small.putpalette([level * step for level in range(16) for _ in "rgb"])
    return small


def _encoded(line: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    line.save(buffer, kind, **options)
    return buffer.getvalue()
