"""What hangs together among the edges of a picture: plates around text, letters cut in two."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

Run = tuple[int, int]  # of rows: the first and past the last

_LETTERS = 3  # side by side inside a shape make it a plate, ...
_LETTER = 6  # ... each so many pixels high at least, ...
_STROKE = 3  # ... and so many wide, ...
_PLATES = 200  # shapes, the widest, that are looked at
_WRITTEN = 0.7  # ... and all together with so large a share of its own edge
_PARTS, _PRINTED = 6, 0.35  # parts of small print, and its share of the width of what it is near
_CUT = 0.5  # of the smaller part's edges must go on across a cut for both to be one line


def without_frames(edges: np.ndarray) -> np.ndarray:
    """The edges, bool [H, W], without the outlines of buttons, banners and cards.

    What encloses letters that stand side by side is no letter. The holes of a letter are few,
    and those of a word written in one stroke small beside its outline.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(edges.astype(np.uint8), connectivity=8)
    x0, y0, width, height, area = stats.T
    x1, y1 = x0 + width, y0 + height
    letters = np.flatnonzero(height >= _LETTER)
    large = letters[(height[letters] > 2 * _LETTER) & (width[letters] > 2 * _LETTERS * _STROKE)]
    frames = []
    for i in large[np.argsort(-width[large], kind="stable")][:_PLATES]:
        inside = letters[
            (x0[letters] > x0[i])
            & (y0[letters] > y0[i])
            & (x1[letters] < x1[i])
            & (y1[letters] < y1[i])
        ]
        if i and len(inside) >= _LETTERS and area[inside].sum() >= _WRITTEN * area[i]:
            frames += [i] if _side_by_side(x0[inside], x1[inside]) >= _LETTERS else []
    kept: np.ndarray = edges & ~np.isin(labels, frames) if frames else edges
    return kept if kept.any() else edges


def _side_by_side(firsts: np.ndarray, lasts: np.ndarray) -> int:
    """How many of the intervals can be chosen so that none overlaps another."""
    count, end = 0, -1
    for at in np.argsort(lasts):
        if firsts[at] >= end:
            count, end = count + 1, int(lasts[at])
    return count


def is_near(upper: Run, lower: Run) -> bool:
    """Whether one of two runs of rows may be the dots, accents or commas of the other.

    A line of small print below a headline is as near, but higher than a dot. The thin top of
    a lone capital touches what is below it.
    """
    low, high = sorted((_length(upper), _length(lower)))
    gap = lower[0] - upper[1]
    return (low < 0.3 * high and gap <= low) or (low < 0.5 * high and gap <= 1)


def join_by_shape(edges: np.ndarray, runs: list[Run]) -> list[Run]:
    """Runs of rows of `edges` that are parts of one line as one, what is nearest first.

    Two are one line where most of the smaller one's edges go on in the other: the few strokes
    of "A" between two rows of serifs look like the gap between two lines, but of two lines few
    letters touch. Else when they are near and the smaller is no line of small print.
    """
    labels = cv2.connectedComponents(edges.astype(np.uint8), connectivity=8)[1]
    joined = list(runs)
    while True:
        pairs = [
            (lower[0] - upper[1], at)
            for at, (upper, lower) in enumerate(pairwise(joined))
            if _goes_on(labels, upper, lower)
            or (is_near(upper, lower) and not _is_print(edges, upper, lower))
        ]
        if not pairs:
            return joined
        at = min(pairs)[1]
        joined[at : at + 2] = [(joined[at][0], joined[at + 1][1])]


def _goes_on(labels: np.ndarray, upper: Run, lower: Run) -> bool:
    if lower[0] - upper[1] > 1:
        return False
    across = np.intersect1d(labels[upper[1] - 1], labels[lower[0]])
    across = across[across > 0]
    if not len(across):
        return False
    small = min(upper, lower, key=_length)
    part = labels[small[0] : small[1]]
    return bool(np.isin(part, across).sum() >= _CUT * (part > 0).sum())


def _is_print(edges: np.ndarray, upper: Run, lower: Run) -> bool:
    """Whether the lower of two runs is small print, which is written all over in many parts."""
    small, large = sorted((upper, lower), key=_length)
    one, other = (np.asarray(edges[a:b].any(axis=0)) for a, b in (small, large))
    parts = int(np.count_nonzero(np.diff(one.astype(np.int8)) == 1)) + int(one[0])
    return parts >= _PARTS and bool(one.sum() >= _PRINTED * other.sum())


def _length(run: Run) -> int:
    return run[1] - run[0]
