"""Where a line of text changes its style: bold then regular, upright then slanted, black then grey.

One font in two styles gives two answers, and a strip that holds both shows neither well: its
contrast is that of the darker part. Both sides of every wide gap are compared in three numbers
that letters hardly change: the thickness of strokes, their slope and how dark they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from encoder.boxes import Box
from encoder.prepare import HEIGHT, INK_HEIGHT, Line, prepare_level

_INKED = 0.25  # of full contrast: a column with less has no letter
_GAP = 8  # pixels of a strip between two words at least, ...
_GAP_SHARE = 1.7  # ... and so many times what is usual in the line
_PART = 36  # pixels: a narrower part has too few strokes to tell
# By so much, as logarithms, thickness and darkness must differ. Of 479 lines in one style, 2 to 5
# words in random faces, one in a hundred differs by 0.11 in thickness and by 0.09 in darkness.
_THICKNESS, _DARKNESS = 0.25, 0.4
_SLOPES = tuple(np.arange(-0.1, 0.41, 0.05).round(2).tolist())  # pixels to the left a pixel down
_SLOPE = 0.09  # slopes of both sides that differ by less are one
_SHARPER = 1.4  # so much sharper a side's columns are at its own slope than at the other's


@dataclass(frozen=True, slots=True)
class _Word:
    """A run of columns between two wide gaps: `first` to `last` (exclusive).

    `area` is its ink, `outline` how much ink changes from pixel to pixel, `dark` its darkest;
    `sharp` float64 [S] says how much its columns differ at each of the slopes.
    """

    first: int
    last: int
    area: float
    outline: float
    dark: float
    sharp: np.ndarray


_LONG = 50  # heights: a longer line is parted in its middle, for no strip would hold it
_LEVEL = 0.8  # of its box's height a line that was level in the picture fills
_ROOM = 0.1  # heights around a part in which its letters are looked for
_KEPT = 0.5  # of the line's area its parts must hold, or they are not believed


def parted(picture: np.ndarray, lines: Sequence[Line]) -> list[Line]:
    """The lines of `picture` (uint8 [H, W, 3]), those in several styles as several lines.

    So are those too long for a strip.
    """
    return [part for line in lines for part in _parts(picture, line)]


def _parts(picture: np.ndarray, line: Line) -> list[Line]:
    if line.height < _LEVEL * line.box.height:
        return [line]
    gap = style_change(line.strip)
    if gap is None and line.box.width > _LONG * line.height:
        gap = _middle_gap(1 - line.strip)
    if gap is None:
        return [line]
    box, margin = line.box, (HEIGHT - INK_HEIGHT) // 2
    step = box.width / (line.strip.shape[1] - 2 * margin)
    first, last = (box.x0 + round((column - margin) * step) for column in gap)
    room = max(2, round(_ROOM * box.height))
    beside = max(1, min(room, (last - first) // 2))
    sides = [
        Box(box.x0 - room, box.y0 - room, first + beside, box.y1 + room),
        Box(last - beside, box.y0 - room, box.x1 + room, box.y1 + room),
    ]
    found = [part for side in sides for part in prepare_level(picture, side)]
    if sum(part.box.area for part in found) < _KEPT * box.area:
        return [line]
    return parted(picture, found)


def style_change(strip: np.ndarray) -> tuple[int, int] | None:
    """The gap (first, past the last column) at which the style changes most; None without one.

    `strip` is float32 [64, W] in 0..1 with 0 = ink, see `encoder.prepare`.
    """
    words = _words(1 - strip)
    found = None
    most = 1.0
    for at in range(1, len(words)):
        left, right = words[:at], words[at:]
        if min(left[-1].last - left[0].first, right[-1].last - right[0].first) < _PART:
            continue
        apart = _apart(left, right)
        if apart > most:
            most, found = apart, (left[-1].last, right[0].first)
    return found


def _middle_gap(ink: np.ndarray) -> tuple[int, int] | None:
    """The widest gap (first, past the last column) in the middle half; None without one."""
    firsts, lasts = _letters(ink)
    gaps = [(int(a), int(b)) for a, b in zip(lasts[:-1], firsts[1:], strict=True)]
    quarter = ink.shape[1] / 4
    middle = [gap for gap in gaps if quarter <= gap[0] and gap[1] <= 3 * quarter]
    return max(middle, key=lambda gap: gap[1] - gap[0], default=None)


def _letters(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the past-the-last column of all that stands apart."""
    on = (ink.max(axis=0) > _INKED).astype(np.int8)
    flips = np.flatnonzero(np.diff(np.concatenate([[0], on, [0]])))
    return flips[::2], flips[1::2]


def _words(ink: np.ndarray) -> list[_Word]:
    firsts, lasts = _letters(ink)
    gaps = firsts[1:] - lasts[:-1]
    if not len(gaps):
        return []
    usual = float(np.median(gaps)) if len(gaps) > 3 else _GAP
    wide = np.flatnonzero(gaps >= max(_GAP, _GAP_SHARE * usual))
    starts, ends = firsts[[0, *(wide + 1)]], lasts[[*wide, len(lasts) - 1]]
    if len(starts) < 2:
        return []
    change = np.hypot(*np.gradient(ink))
    sharp = _sharpness(ink)
    return [
        _Word(
            int(first),
            int(last),
            float(ink[:, first:last].sum()),
            float(change[:, max(0, first - 2) : last + 2].sum()),
            _dark(ink[:, first:last]),
            sharp[:, first:last].sum(axis=1),
        )
        for first, last in zip(starts, ends, strict=True)
    ]


def _dark(ink: np.ndarray) -> float:
    return float(np.percentile(ink[ink > 0.3 * ink.max()], 70))


def _sharpness(ink: np.ndarray) -> np.ndarray:
    """float64 [S, W]: how much neighbouring columns differ once the line is slanted back."""
    height, width = ink.shape
    rows = []
    for slope in _SLOPES:
        matrix = np.array([[1, slope, -slope * height / 2], [0, 1, 0]], np.float32)
        columns = cv2.warpAffine(ink, matrix, (width, height)).sum(axis=0, dtype=np.float64)
        rows.append(np.square(np.diff(columns, append=columns[-1])))
    return np.stack(rows)


def _apart(left: list[_Word], right: list[_Word]) -> float:
    """How different both sides are; above 1 they are two styles."""
    one, other = (
        (
            np.log(sum(word.area for word in side) / sum(word.outline for word in side)),
            np.log(np.average([w.dark for w in side], weights=[w.area for w in side])),
            np.sum([word.sharp for word in side], axis=0),
        )
        for side in (left, right)
    )
    apart = max(abs(one[0] - other[0]) / _THICKNESS, abs(one[1] - other[1]) / _DARKNESS)
    first, second = int(np.argmax(one[2])), int(np.argmax(other[2]))
    if abs(_SLOPES[first] - _SLOPES[second]) >= _SLOPE:
        clear = min(one[2][first] / one[2][second], other[2][second] / other[2][first])
        apart = max(apart, clear / _SHARPER)
    return float(apart)
