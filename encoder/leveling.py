"""How a line of text leans, and in what perspective: the slopes of its top and of its foot.

The rows of a level line differ most, since as many letters as can begin and end on the same
ones (projection profiles, Postl 1986). Two slopes instead of one also see a line that is nearer
at one end than at the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

_HEIGHT = 64  # pixels: lines are looked at in this height ...
_MOST = 8  # ... and so many times as wide at most
_LEAST = 1.5  # heights: a shorter line says nothing about its slope
# Slopes that are tried: how the whole line is turned (text that leans by more than 33 degrees reads
# badly), then in ever smaller steps, then how top and foot part from that, to either side.
_TURNS = tuple(np.tan(np.radians(np.arange(-33.0, 33.1, 3.0))).tolist())
_STEPS = (0.035, 0.018, 0.009)
_PARTS = (-0.08, -0.06, -0.04, -0.02, 0.02, 0.04, 0.06, 0.08)
_NEAR = (0.0, -0.01, 0.01, -0.02, 0.02, -0.03, 0.03)
_FINE_STEPS = (0.01, 0.005)
# By so much sharper the rows must be for a turned line, and for one in perspective, to be believed.
_TURNED, _PARTED = 1.05, 1.12


def slopes(ink: np.ndarray, *, around: bool = False) -> tuple[float, float]:
    """(top, foot): pixels that each falls a pixel to the right; (0, 0) for what is too short.

    `ink` is float32 [H, W], high where ink is. `around`: the line may lean by any of up to 33
    degrees, else only little.
    """
    height, width = ink.shape
    if width < _LEAST * height:
        return 0.0, 0.0
    size = (round(_HEIGHT * width / height), _HEIGHT)
    small = cv2.resize(ink.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small = small[:, : _MOST * _HEIGHT]
    coarse = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    found = _best(coarse, _TURNS if around else (0.0,), (0.0,), (0.0, 0.0), _TURNED)
    for step in _STEPS:
        found = _best(small, (-step, 0.0, step), (0.0,), found, 1.0)
    found = _best(coarse, _NEAR, _PARTS, found, _PARTED)
    for step in _FINE_STEPS if found[1] else ():
        found = _best(small, (-step, 0.0, step), (-step, 0.0, step), found, 1.0)
    turn, part = found
    return turn + part, turn - part


def _best(
    ink: np.ndarray,
    turns: Sequence[float],
    parts: Sequence[float],
    start: tuple[float, float],
    better: float,
) -> tuple[float, float]:
    """(turn, part) with the sharpest rows; `start` unless another is `better` times as sharp."""
    best, found = better * _sharpness(ink, *start), start
    for turn in turns:
        for part in parts:
            tried = (start[0] + turn, start[1] + part)
            sharp = _sharpness(ink, *tried)
            if sharp > best:
                best, found = sharp, tried
    return found


def leaning_quad(width: int, height: int, top: float, foot: float) -> np.ndarray:
    """The corners float32 [4, 2] of a line in a `width` x `height` picture, clockwise.

    From its upper left; `top` and `foot` as `slopes` gives them, the middle stays.
    """
    up, down = top * width / 2, foot * width / 2
    corners = [[0, -up], [width, up], [width, height + down], [0, height - down]]
    return np.array(corners, np.float32)


def _sharpness(ink: np.ndarray, turn: float, part: float) -> float:
    """How much neighbouring rows differ once the line is made level."""
    height, width = ink.shape
    top, foot = turn + part, turn - part
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(leaning_quad(width, height, top, foot), upright)
    level = cv2.warpPerspective(ink, matrix, (width, height))
    rows = cv2.reduce(level, 1, cv2.REDUCE_SUM)
    return float(np.square(np.diff(rows, axis=0)).sum())
