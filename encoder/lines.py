"""Find the lines of text in a picture by their edges.

Edges, not brightness: they are the same for dark on light and for light on dark, and they
ignore smooth shading. Meant for crops of text; a picture in which nothing can be told
apart comes back as one line.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from encoder.boxes import Box
from encoder.shapes import Run, is_near, join_by_shape, without_frames

MAX_LINES = 40
_WORK_SIDE = 1400  # pixels: lines are looked for in a picture no larger than this
_RIBBON = 8  # times as long as wide: a side so small must not be made smaller still
_MIN_CONTRAST = 12.0  # grey levels: weaker edges are compression noise
_VALLEY = 0.06  # a row with less than this share of the strongest row's ink parts two lines
_COLUMN_GAP = 2.5  # line heights: a wider gap parts two columns


def find_lines(picture: np.ndarray, *, least: float = 0.02, by_shape: bool = False) -> list[Box]:
    """Boxes around the ink of each line in `picture` (uint8 [H, W, 3]), top to bottom.

    At most MAX_LINES, the largest, and none below `least` of the largest one's area. [] when
    the picture has no edge, or too little of one for a row. `by_shape` also looks at what hangs
    together: plates are no part of the text on them, letters are not cut; drawn lines need none
    of it.
    """
    side = max(picture.shape[:2])
    if by_shape and side > _RIBBON * min(picture.shape[:2]):
        side = math.sqrt(picture.shape[0] * picture.shape[1])
    scale = min(1.0, _WORK_SIDE / side)
    small = picture
    if scale < 1:
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    edges = _edges(small)
    if not edges.any():
        return []
    if by_shape:
        edges = without_frames(edges)
    rows = _rows(edges, by_shape=by_shape)
    boxes = [box for first, last in rows for box in _columns(edges, first, last)]
    if not boxes:
        return []
    boxes = sorted(_worthwhile(boxes, least), key=lambda b: -b.area)[:MAX_LINES]
    boxes = [_tight(small, box) for box in boxes]
    back = [_scaled(b, scale, picture.shape[1], picture.shape[0]) for b in boxes]
    return sorted(back, key=lambda b: (b.y0, b.x0))


def _edges(picture: np.ndarray) -> np.ndarray:
    """Bool [H, W]: where any colour channel changes strongly between neighbours."""
    padded = cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    gradient = cv2.morphologyEx(padded, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    strength = gradient[1:-1, 1:-1].max(axis=2)
    top = float(np.percentile(strength, 99.5))
    if top < _MIN_CONTRAST:
        top = float(strength.max())
    return strength > max(_MIN_CONTRAST, 0.35 * top)


def _rows(edges: np.ndarray, *, by_shape: bool) -> list[Run]:
    """(first, past-the-last) rows of every line."""
    profile = edges.sum(axis=1).astype(np.float32)
    smooth = cv2.blur(profile[:, None], (1, 3)).ravel()
    runs = _runs(np.asarray(smooth > max(0.5, _VALLEY * float(smooth.max()))))
    runs = [_grow(profile, run, runs, i) for i, run in enumerate(runs)]
    if not by_shape:
        return _join_dots(runs)
    return join_by_shape(edges, runs)


def _runs(on: np.ndarray) -> list[Run]:
    flips = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(flips[::2], flips[1::2], strict=True)]


def _grow(profile: np.ndarray, run: Run, runs: list[Run], i: int) -> Run:
    """Take in the thin ends of ascenders and descenders, at most to the middle of the gap."""
    first, last = run
    above = (runs[i - 1][1] + first + 1) // 2 if i else 0
    below = (last + runs[i + 1][0]) // 2 if i + 1 < len(runs) else len(profile)
    while first > above and profile[first - 1] > 0:
        first -= 1
    while last < below and profile[last] > 0:
        last += 1
    return first, last


def _join_dots(runs: list[Run]) -> list[Run]:
    """Dots, accents and commas stand apart from their line: join what is low and near."""
    joined: list[Run] = []
    for run in runs:
        if joined and is_near(joined[-1], run):
            joined[-1] = (joined[-1][0], run[1])
        else:
            joined.append(run)
    return joined


def _columns(edges: np.ndarray, y0: int, y1: int) -> list[Box]:
    """The parts of a row that wide gaps set apart, each tight around its own edges."""
    gap = int(_COLUMN_GAP * (y1 - y0))
    runs = _runs(np.asarray(edges[y0:y1].any(axis=0)))
    parts: list[Run] = []
    for run in runs:
        if parts and run[0] - parts[-1][1] <= gap:
            parts[-1] = (parts[-1][0], run[1])
        else:
            parts.append(run)
    boxes = []
    for x0, x1 in parts:
        rows = np.flatnonzero(edges[y0:y1, x0:x1].any(axis=1))
        boxes.append(Box(x0, y0 + int(rows[0]), x1, y0 + int(rows[-1]) + 1))
    return boxes


def _worthwhile(boxes: list[Box], least: float) -> list[Box]:
    """Drop specks and rules: what is far smaller than the largest, or no higher than a stroke."""
    largest = max(b.area for b in boxes)
    kept = [b for b in boxes if b.height >= 6 and b.area >= least * largest]
    return kept or [max(boxes, key=lambda b: b.area)]


def _tight(picture: np.ndarray, box: Box) -> Box:
    """Give back what an edge adds outside the ink: a pixel, or two where it is soft.

    A row or column stays when some pixel of it has two fifths of the ink's contrast.
    """
    patch = picture[box.y0 : box.y1, box.x0 : box.x1].astype(np.int16)
    frame = np.concatenate([patch[0], patch[-1], patch[:, 0], patch[:, -1]])
    contrast = np.abs(patch - np.median(frame, axis=0).astype(np.int16)).max(axis=2)
    inked = contrast > 0.4 * np.percentile(contrast, 98)
    y0, y1 = _trimmed(inked.any(axis=1), box.y0, box.y1)
    x0, x1 = _trimmed(inked.any(axis=0), box.x0, box.x1)
    return Box(x0, y0, x1, y1)


def _trimmed(inked: np.ndarray, first: int, last: int) -> Run:
    found = np.flatnonzero(inked)
    if last - first < 5 or not len(found):
        return first, last
    left, right = min(2, int(found[0])), min(2, len(inked) - 1 - int(found[-1]))
    return (first + left, last - right) if last - right > first + left else (first, last)


def _scaled(box: Box, scale: float, width: int, height: int) -> Box:
    """Back to pixels of the full picture."""
    x0, y0 = int(box.x0 / scale), int(box.y0 / scale)
    x1 = max(x0 + 1, round(box.x1 / scale))
    y1 = max(y0 + 1, round(box.y1 / scale))
    return Box(x0, y0, x1, y1).within(width, height)
