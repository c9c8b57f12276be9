"""A page of samples to look at: what happens to text in the wild, and what the encoder sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from encoder.distort import draw_in_the_wild
from encoder.fontfile import FontFace
from encoder.prepare import HEIGHT, WIDTH, cut_windows, line_strip
from encoder.typeset import TypesetError

_GAP = 6
_CELL = (HEIGHT + 16, 2 * WIDTH + _GAP)


def contact_sheet(
    faces: Sequence[FontFace], texts: Sequence[str], *, seed: int = 0, rows: int = 20
) -> Image.Image:
    """Two columns of pairs: the picture drawn, and its first window. Same seed, same page."""
    rng = np.random.default_rng(seed)
    cells: list[np.ndarray] = []
    while len(cells) < 2 * rows:
        face = faces[int(rng.integers(len(faces)))]
        text = texts[int(rng.integers(len(texts)))]
        try:
            cells.append(_cell(face, text, rng))
        except (TypesetError, ValueError):
            continue  # the face lacks these letters: draw another
    lines = [np.concatenate(cells[i : i + 2], axis=1) for i in range(0, len(cells), 2)]
    return Image.fromarray(np.concatenate(lines))


def _cell(face: FontFace, text: str, rng: np.random.Generator) -> np.ndarray:
    drawn = draw_in_the_wild(face.ref, text, rng)
    window = cut_windows(line_strip(drawn.picture, drawn.box))[0, 0]
    cell = np.full((*_CELL, 3), 128, np.uint8)
    picture = Image.fromarray(drawn.picture)
    picture.thumbnail((WIDTH, HEIGHT + 12))
    shown = np.asarray(picture)
    cell[2 : 2 + shown.shape[0], 2 : 2 + shown.shape[1]] = shown
    cell[2 : 2 + HEIGHT, WIDTH + _GAP :] = (window * 255).astype(np.uint8)[..., None]
    return cell
