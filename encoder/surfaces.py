"""Ink and paper: colour pairs with enough contrast, and what text is printed on."""

from __future__ import annotations

import cv2
import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114])


def colour_pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(ink, paper), float64 [3] in 0..255: often black on white, else any readable pair."""
    if rng.random() < 0.35:
        ink, paper = rng.uniform(0, 60) * np.ones(3), rng.uniform(225, 255) * np.ones(3)
        return (ink, paper) if rng.random() < 0.75 else (paper, ink)
    while True:
        ink, paper = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
        if rng.random() < 0.5:
            paper = np.full(3, rng.choice([0.0, 255.0])) + rng.normal(0, 8, 3)
        contrast = abs(float((ink - paper) @ _LUMA))
        if contrast > (70 if rng.random() < 0.85 else 35):
            return ink, np.clip(paper, 0, 255)


def paint(
    mask: np.ndarray,
    shade: np.ndarray | None,
    ink: np.ndarray,
    paper: np.ndarray,
    rng: np.random.Generator,
    *,
    textured: bool,
) -> np.ndarray:
    """Lay the text (uint8 [H, W]) over its effect and its paper: float32 [H, W, 3] in 0..255."""
    height, width = mask.shape
    ground = np.broadcast_to(paper.astype(np.float32), (height, width, 3))
    front = ink.astype(np.float32)
    contrast = abs(float((ink - paper) @ _LUMA))
    if textured:
        ground = _ground(ground, contrast, rng)
        if rng.random() < 0.08:
            front = _gradient((height, width), rng, 0.35 * contrast) + front
    if shade is not None:
        between = (0.5 * ink + 0.5 * paper) if rng.random() < 0.6 else 0.15 * ink
        ground = _over(ground, shade, between.astype(np.float32))
    return _over(ground, mask, front)


def _over(ground: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> np.ndarray:
    alpha = cv2.merge([mask.astype(np.float32) * np.float32(1 / 255)] * 3)
    layer = colour - ground
    layer *= alpha
    layer += ground
    return layer


def _ground(ground: np.ndarray, contrast: float, rng: np.random.Generator) -> np.ndarray:
    """Plain, shaded, grainy, or with shapes that are weaker than the text."""
    kind = rng.random()
    shape = ground.shape[:2]
    if kind < 0.5:
        return ground
    if kind < 0.7:
        return ground + _gradient(shape, rng, 0.4 * contrast)
    if kind < 0.88:
        strength = np.float32(rng.uniform(0.02, 0.22) * contrast)
        return ground + strength * _clouds(shape, rng)[..., None]
    shapes = np.zeros((*shape, 3), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        colour = rng.normal(0, 0.22 * contrast, 3)
        a, b = (tuple(int(v) for v in rng.uniform(-0.2, 1.2, 2) * shape[::-1]) for _ in "ab")
        if rng.random() < 0.5:
            cv2.rectangle(shapes, a, b, colour.tolist(), -1)
        else:
            cv2.line(shapes, a, b, colour.tolist(), int(rng.integers(1, max(2, shape[0] // 8))))
    return ground + shapes


def _gradient(shape: tuple[int, int], rng: np.random.Generator, reach: float) -> np.ndarray:
    """A colour ramp in some direction, float32 [H, W, 3] around 0."""
    angle = rng.uniform(0, 2 * np.pi)
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :] * np.float32(np.cos(angle))
    return (y + x)[..., None] * rng.uniform(-reach, reach, 3).astype(np.float32)


def _clouds(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Smooth noise of several scales, like paper, plaster or cloth: float32 [H, W], std about 1."""
    total = np.zeros(shape, np.float32)
    for cell in (2, 6, 18):
        size = (shape[1] // cell + 2, shape[0] // cell + 2)
        grain = rng.standard_normal(size[::-1], dtype=np.float32) * np.float32(rng.uniform(0, 1))
        total += cv2.resize(grain, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return total
