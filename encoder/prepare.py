"""From a picture to the windows that the encoder sees.

The only place that resizes or normalises: training, the catalogue and queries all pass
here, and `VERSION` changes with the vectors of the catalogue's lines. Nothing below depends on
whether text is dark on light or light on dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from encoder.boxes import Box
from encoder.ink import ink_axis, normalise, on_paper
from encoder.leveling import leaning_quad, slopes
from encoder.lines import MAX_LINES, find_lines

VERSION = 1
HEIGHT = 64  # pixels of a window
WIDTH = 256
INK_HEIGHT = 56  # pixels from the top of the highest letter to the foot of the lowest
MAX_WINDOWS = 6  # a line, spread evenly: more cost time and hardly change the vote
_STRIDE = 192  # pixels between neighbouring windows of a long line
_FILLED = 0.75  # of the height of the box that edges find a nearly level line fills
_LEANS = 0.01  # slope from which a line is made level
_LEAST = 6  # pixels: a smaller quadrilateral holds no letters
_TALL = 128  # pixels: a line of twice this height is rectified at half of it: strips are no higher
_MAX_STRIP = 4096  # pixels: past this a line is a rule or a border, not text


@dataclass(frozen=True)
class Line:
    """One line of text: where it is, and its strip.

    `height` is that of its ink in pixels of the picture. `strip` is float32 [HEIGHT, W] in
    0..1: 0 = ink, 1 = paper. `level` is False for a line that had to be made level: edges find
    such lines in boxes that may hold others too.
    """

    box: Box
    height: int
    strip: np.ndarray
    level: bool = True

    @property
    def windows(self) -> np.ndarray:
        """float32 [n, 1, HEIGHT, WIDTH], n >= 1, see `cut_windows`."""
        return cut_windows(self.strip)


def prepare(picture: np.ndarray, crop: Box | None = None) -> list[Line]:
    """The lines of `picture` (uint8 [H, W, 3]) inside `crop`, from the top to the bottom.

    Returns [] when no ink is found. Raises `ValueError` when `crop` lies outside.
    """
    part, x0, y0 = _part(picture, crop)
    return [
        Line(
            box.moved(x0, y0),
            box.height,
            line_strip(part, box),
        )
        for box in find_lines(part)
    ]


def prepare_level(
    picture: np.ndarray, crop: Box | None = None, *, least: float = 0.02
) -> list[Line]:
    """As `prepare`, each line made level: for pictures that somebody else has taken.

    No line is below `least` of the largest one's area.
    """
    part, x0, y0 = _part(picture, crop)
    boxes = find_lines(part, least=least, by_shape=True)
    return [line for box in boxes for line in _made_level(part, box, x0, y0)]


def prepare_quads(
    picture: np.ndarray,
    detect: Callable[[np.ndarray], Sequence[np.ndarray]],
    crop: Box | None = None,
) -> list[Line]:
    """The lines that `detect` sees in `picture` inside `crop`, each made level, from the top.

    `detect` gets uint8 [H, W, 3] and gives float [4, 2] corners a line, clockwise from where the
    text begins at its top. Raises `ValueError` when `crop` lies outside.
    """
    part, x0, y0 = _part(picture, crop)
    lines = [_level_line(part, quad, x0, y0) for quad in detect(part)]
    largest = sorted((line for line in lines if line is not None), key=lambda i: -i.box.area)
    return sorted(largest[:MAX_LINES], key=lambda line: (line.box.y0, line.box.x0))


def _part(picture: np.ndarray, crop: Box | None) -> tuple[np.ndarray, int, int]:
    """What lies inside `crop`, and where its corner is."""
    if crop is None:
        return picture, 0, 0
    inside = crop.within(picture.shape[1], picture.shape[0])
    return picture[inside.y0 : inside.y1, inside.x0 : inside.x1], inside.x0, inside.y0


def _made_level(picture: np.ndarray, box: Box, x0: int, y0: int) -> list[Line]:
    """The line in `box`; rectified where it leans or is in perspective, which may part it."""
    strip = line_strip(picture, box)
    top, foot = slopes(1 - strip)
    if max(abs(top), abs(foot)) >= _LEANS:
        margin = box.height * (HEIGHT - INK_HEIGHT) / (2 * INK_HEIGHT)
        width, height = round(box.width + 2 * margin), round(box.height + 2 * margin)
        corners = leaning_quad(width, height, top, foot) + (box.x0 - margin, box.y0 - margin)
        lines = _cut(picture, corners.astype(np.float32), width, height, x0, y0)
        level = sum(line.height for line in lines) >= _FILLED * box.height
        if lines:
            return [replace(line, level=level) for line in lines]
    return [Line(box.moved(x0, y0), box.height, strip)]


def _level_line(picture: np.ndarray, quad: np.ndarray, x0: int, y0: int) -> Line | None:
    """The line in `quad`, rectified; None without ink in it, or where it encloses nothing."""
    corners = quad.astype(np.float32)
    width = round(float(max(_far(corners, 0, 1), _far(corners, 3, 2))))
    height = round(float(max(_far(corners, 0, 3), _far(corners, 1, 2))))
    if min(width, height) < _LEAST:
        return None
    try:
        level, back = _rectified(picture, corners, width, height)
        # A detector gives turned rectangles: what is in perspective leans in them.
        ink = 1 - normalise(ink_axis(level))
        leaning = leaning_quad(level.shape[1], level.shape[0], *slopes(ink))
        corners = cv2.perspectiveTransform(leaning[:, None], back)[:, 0].astype(np.float32)
        lines = _cut(picture, corners, width, height, x0, y0)
    except np.linalg.LinAlgError:  # the corners lie on one line
        return None
    return max(lines, key=lambda line: line.height * line.strip.shape[1], default=None)


def _cut(
    picture: np.ndarray, corners: np.ndarray, width: int, height: int, x0: int, y0: int
) -> list[Line]:
    """The lines between the corners, as `width` x `height` pixels; [] without ink in sight."""
    level, back = _rectified(picture, corners, width, height)
    scale = height / level.shape[0]
    inner = _letters(level)
    boxes = find_lines(level[inner.y0 : inner.y1, inner.x0 : inner.x1], by_shape=True)
    edge = np.array(picture.shape[1::-1], np.float32)
    lines = []
    for ink in (box.moved(inner.x0, inner.y0) for box in boxes):
        frame = np.array([[[x, y]] for x in (ink.x0, ink.x1) for y in (ink.y0, ink.y1)], np.float32)
        placed = cv2.perspectiveTransform(frame, back)[:, 0]
        left, up = np.floor(placed.min(axis=0)).clip(0, edge).astype(int)
        right, down = np.ceil(placed.max(axis=0)).clip(0, edge).astype(int)
        if left < right and up < down:  # beyond the picture its edge is drawn on for ever
            around = Box(int(left), int(up), int(right), int(down)).moved(x0, y0)
            lines.append(Line(around, round(ink.height * scale), line_strip(level, ink)))
    return lines


def _rectified(
    picture: np.ndarray, corners: np.ndarray, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """What lies between the corners, and the way back to the picture [3, 3].

    `width` x `height` pixels; of a very tall line a half, a third and so on of them.
    """
    shrink = max(1, height // _TALL)
    source, there = _shrunk(picture, corners, shrink)
    size = max(1, round(width / shrink)), round(height / shrink)
    near = cv2.perspectiveTransform(corners[:, None], there)[:, 0].astype(np.float32)
    matrix = cv2.getPerspectiveTransform(near, leaning_quad(*size, 0.0, 0.0))
    level = cv2.warpPerspective(
        source, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return level, np.linalg.inv(matrix @ there)


def _shrunk(picture: np.ndarray, corners: np.ndarray, shrink: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture around the corners, `shrink` times smaller, and the way there [3, 3]."""
    if shrink == 1:
        return picture, np.eye(3)
    edge = np.array(picture.shape[1::-1])
    x0, y0 = np.clip(np.floor(corners.min(axis=0)).astype(int) - shrink, 0, edge - 1)
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)).astype(int) + shrink, (x0 + 1, y0 + 1), edge)
    size = max(1, (x1 - x0) // shrink), max(1, (y1 - y0) // shrink)
    small = cv2.resize(picture[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)
    sx, sy = size[0] / (x1 - x0), size[1] / (y1 - y0)
    # Pixels are counted from the middle of the first one.
    return small, np.array(
        [[sx, 0, (0.5 - x0) * sx - 0.5], [0, sy, (0.5 - y0) * sy - 0.5], [0, 0, 1]]
    )


def _letters(level: np.ndarray) -> Box:
    """Where the letters of a rectified line are, without what comes in from beyond its edges.

    The border of a sign or a neighbouring line touches an edge; letters hardly do.
    """
    rows, columns = level.shape[:2]
    whole = Box(0, 0, columns, rows)
    ink = (normalise(ink_axis(level)) < 0.5).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    x0, y0, width, height, area = stats[1:].T
    inside = (x0 > 0) & (y0 > 0) & (x0 + width < columns) & (y0 + height < rows)
    if area[inside].sum() < 0.5 * area.sum() or not inside.any():
        return whole
    left, top = int(x0[inside].min()), int(y0[inside].min())
    right, bottom = int((x0 + width)[inside].max()), int((y0 + height)[inside].max())
    return Box(left - 3, top - 3, right + 3, bottom + 3).within(columns, rows)


def _far(corners: np.ndarray, one: int, other: int) -> float:
    return float(np.linalg.norm(corners[one] - corners[other]))


def line_strip(picture: np.ndarray, box: Box) -> np.ndarray:
    """The line in `box`, float32 [HEIGHT, W] in 0..1: 0 = ink, 1 = paper.

    The box (its ink from top to foot) becomes INK_HEIGHT high, with a margin around it, which is
    paper where the picture is cut so tight that it ends there.
    """
    scale = INK_HEIGHT / box.height
    width = min(max(1, round(box.width * scale)), _MAX_STRIP)
    margin = (HEIGHT - INK_HEIGHT) // 2
    pad = math.ceil(margin / scale) + 1
    asked = Box(box.x0 - pad, box.y0 - pad, box.x1 + pad, box.y1 + pad)
    wide = asked.within(picture.shape[1], picture.shape[0])
    patch = picture[wide.y0 : wide.y1, wide.x0 : wide.x1]
    step = width / box.width
    if scale < 0.5:  # far too large: a cheap exact average first
        shrink = int(0.5 / scale) + 1
        size = (max(1, patch.shape[1] // shrink), max(1, patch.shape[0] // shrink))
        sx, sy = patch.shape[1] / size[0], patch.shape[0] / size[1]
        patch = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
    else:
        sx = sy = 1.0
    left, right = math.ceil((wide.x0 - asked.x0) / sx), math.ceil((asked.x1 - wide.x1) / sx)
    above, below = math.ceil((wide.y0 - asked.y0) / sy), math.ceil((asked.y1 - wide.y1) / sy)
    grey = on_paper(ink_axis(patch), above, below, left, right)
    x0, y0 = wide.x0 - left * sx, wide.y0 - above * sy
    matrix = np.array(
        [
            [step * sx, 0, margin - (box.x0 - x0) * step + 0.5 * step * sx - 0.5],
            [0, scale * sy, margin - (box.y0 - y0) * scale + 0.5 * scale * sy - 0.5],
        ]
    )
    area = scale * sy < 1
    if area:  # warpAffine does not average: blur away what the smaller grid cannot hold
        grey = cv2.GaussianBlur(grey, (0, 0), 0.35 / (scale * sy))
    strip = cv2.warpAffine(
        grey,
        matrix,
        (width + 2 * margin, HEIGHT),
        flags=cv2.INTER_LINEAR if area else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return normalise(strip)


def mask_strip(ink: np.ndarray, height: int) -> np.ndarray:
    """The strip of ink that a font drew: `ink` is its coverage, uint8 [h, w], tight around it.

    As coarse as a line whose ink is `height` pixels high; otherwise what `line_strip` gives for
    black on white, much faster.
    """
    scale = min(1.0, height / ink.shape[0])
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    coarse = cv2.resize(ink, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    width = min(max(1, round(INK_HEIGHT * ink.shape[1] / ink.shape[0])), _MAX_STRIP)
    larger = coarse.shape[0] < INK_HEIGHT
    how = cv2.INTER_CUBIC if larger else cv2.INTER_AREA
    fine = cv2.resize(coarse, (width, INK_HEIGHT), interpolation=how)
    dark = fine[fine > 0.5]
    strong = float(np.percentile(dark, 80)) if dark.size else 1.0
    margin = (HEIGHT - INK_HEIGHT) // 2
    paper = 1.0 - np.clip(fine / strong, 0.0, 1.0)
    return np.pad(paper, margin, constant_values=1.0).astype(np.float32)


def stretch(strip: np.ndarray, width: int) -> np.ndarray:
    """The strip [HEIGHT, W] stretched or squeezed to `width` pixels, as high as before."""
    return cv2.resize(strip, (width, HEIGHT), interpolation=cv2.INTER_AREA)


def cut_windows(strip: np.ndarray) -> np.ndarray:
    """Windows [n, 1, HEIGHT, WIDTH] spread over a strip [HEIGHT, W]; a short one is padded."""
    width = strip.shape[1]
    if width <= WIDTH:
        return np.pad(strip, ((0, 0), (0, WIDTH - width)), constant_values=1.0)[None, None]
    count = min(MAX_WINDOWS, math.ceil((width - WIDTH) / _STRIDE) + 1)
    starts = np.linspace(0, width - WIDTH, count).round().astype(int)
    return np.stack([strip[None, :, s : s + WIDTH] for s in starts])


def outer(count: int) -> list[int]:
    """Of so many windows the first, the last and the one between: what a proof looks at."""
    return sorted({0, count // 2, count - 1})
