"""Ink and paper told apart: the same for dark on light and for light on dark.

A part of `encoder.prepare`, whose version changes with every change of the result.
"""

from __future__ import annotations

import cv2
import numpy as np


def ink_axis(patch: np.ndarray) -> np.ndarray:
    """Float32 [H, W]: the colours along the axis on which they differ most, ink high.

    Luminance alone would lose red letters on an equally bright green.
    """
    pixels = patch.reshape(-1, 3).astype(np.float32)
    sample = pixels[:: max(1, len(pixels) // 4096)]
    centre = sample.mean(axis=0)
    covariance = (sample - centre).T @ (sample - centre)
    axis = np.linalg.eigh(covariance.astype(np.float64))[1][:, -1]
    grey = ((pixels - centre) @ axis.astype(np.float32)).reshape(patch.shape[:2])
    return grey * _ink_sign(grey)


def _ink_sign(grey: np.ndarray) -> float:
    """+1 where high values are ink, -1 where low ones are.

    Paper is what holds the border and most of the area. Both counts change sign with the
    picture, so a picture and its inverse agree.
    """
    low, high = float(grey.min()), float(grey.max())
    if high - low < 1e-6:
        return 1.0
    level = _otsu(grey, low, high)
    ink = np.sign(grey - level)
    border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    return 1.0 if 2 * border.mean() + ink.mean() < 0 else -1.0


def _otsu(grey: np.ndarray, low: float, high: float) -> float:
    """Otsu's level (1979) over 128 bins: the cut that separates two classes best."""
    edges = np.linspace(low, high, 129)
    top = high + 1e-4 * (high - low)  # calcHist leaves out its upper end
    counts = cv2.calcHist([np.ascontiguousarray(grey)], [0], None, [128], [low, top]).ravel()
    centres = (edges[:-1] + edges[1:]) / 2
    weight = np.cumsum(counts)[:-1].astype(np.float64)
    sums = np.cumsum(counts * centres)
    rest = counts.sum() - weight
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sums[:-1] / weight - (sums[-1] - sums[:-1]) / rest
    between = np.nan_to_num(weight * rest * gap**2)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return float(edges[1:-1][best].mean())  # the middle of a flat top: the same for an inverse


def normalise(ink: np.ndarray) -> np.ndarray:
    """Even out the paper and stretch the contrast: [H, W] with ink high -> 0 = ink, 1 = paper."""
    low, high = float(ink.min()), float(ink.max())
    if high - low < 1e-6:
        return np.ones_like(ink)
    paper = ink <= _otsu(ink, low, high)
    flat = ink - _surface(ink, paper)
    dark = flat[~paper]
    strong = float(np.percentile(dark, 80)) if dark.size else 1.0
    return (1.0 - np.clip(flat / max(strong, 1e-6), 0.0, 1.0)).astype(np.float32)


def on_paper(ink: np.ndarray, above: int, below: int, left: int, right: int) -> np.ndarray:
    """The patch with so many more pixels of paper on its sides: [H, W] float32 with ink high.

    They go on as its edge does, but for letters, which end there.
    """
    if not any((above, below, left, right)):
        return ink
    low, high = float(ink.min()), float(ink.max())
    paper = float(np.median(ink[ink <= _otsu(ink, low, high)])) if high - low >= 1e-6 else high
    wide = cv2.copyMakeBorder(ink, above, below, left, right, cv2.BORDER_REPLICATE)
    np.minimum(wide, paper, out=wide)
    wide[above : above + ink.shape[0], left : left + ink.shape[1]] = ink
    return wide


def _surface(ink: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """The paper's level as a quadratic surface fitted to the paper's pixels (uneven light)."""
    height, width = ink.shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    terms = [np.broadcast_to(t, ink.shape) for t in (np.float32(1), x, y, x * y, x * x, y * y)]
    rows = np.flatnonzero(paper.ravel())
    rows = rows[:: max(1, len(rows) // 2048)]
    design = np.stack([t.ravel()[rows] for t in terms], axis=1)
    ridge = 1e-3 * len(rows) * np.diag([0, 1, 1, 1, 1, 1]).astype(np.float32)
    solution = np.linalg.solve(design.T @ design + ridge, design.T @ ink.ravel()[rows])
    return sum(c * t for c, t in zip(solution, terms, strict=True))
