"""What happens to text in the wild: layout, colour, surface, optics and files, seeded.

A `Generator` with the same state gives the same picture byte for byte. Every step is a
function of its own, so that an experiment can leave it out by name (see `STEPS`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from encoder.boxes import Box
from encoder.surfaces import colour_pair, paint
from encoder.typeset import TypesetError, ink_mask, open_font

if TYPE_CHECKING:
    from encoder.fontfile import FaceRef

STEPS = frozenset({"layout", "size", "effects", "geometry", "colour", "surface", "optics", "files"})
MIN_SIZE, MAX_SIZE = 9.0, 120.0  # pixels to the em


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture with one line of text: uint8 [H, W, 3], and the box of the line's ink."""

    picture: np.ndarray
    box: Box


def draw_in_the_wild(
    ref: FaceRef, text: str, rng: np.random.Generator, *, steps: frozenset[str] = STEPS
) -> Drawn:
    """Draw `text` in the face as one would meet it; `steps` names what may happen to it.

    Raises `TypesetError` when the face cannot be drawn or the text has no ink in it.
    """
    mask, size = draw_ink(ref, text, rng, steps=steps)
    return distort_ink(mask, size, rng, steps=steps)


def draw_ink(
    ref: FaceRef, text: str, rng: np.random.Generator, *, steps: frozenset[str] = STEPS
) -> tuple[np.ndarray, float]:
    """The line as a layout gives it: coverage of its ink uint8 [H, W], and pixels to the em.

    Raises `TypesetError` when the face cannot be drawn.
    """
    size = draw_size(rng) if "size" in steps else 48.0
    tracking = _tracking(rng, size) if "layout" in steps else 0.0
    return ink_mask(open_font(ref, size), text, pad=round(0.35 * size) + 3, tracking=tracking), size


def distort_ink(
    mask: np.ndarray, size: float, rng: np.random.Generator, *, steps: frozenset[str] = STEPS
) -> Drawn:
    """What may happen to a line that is drawn already, by whatever rasteriser.

    `mask` is the coverage of the ink, uint8 [H, W], 255 = ink, with paper around it; `size` is
    its pixels to the em. Raises `TypesetError` when there is no ink in it.
    """
    if mask.max() < 64:
        raise TypesetError("the line has no ink")
    if "geometry" in steps:
        mask = _bend(mask, rng)
    box = ink_box(mask)
    shade = _effect(mask, size, rng) if "effects" in steps else None
    ink, paper = colour_pair(rng) if "colour" in steps else (np.zeros(3), np.full(3, 255.0))
    picture = paint(mask, shade, ink, paper, rng, textured="surface" in steps)
    if "optics" in steps:
        picture = _optics(picture, box.height, rng)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    if "files" in steps:
        picture = _file(picture, rng)
    return Drawn(picture, _unsure(box, picture.shape, rng) if "layout" in steps else box)


def draw_size(rng: np.random.Generator) -> float:
    """Pixels to the em: small sizes are more common than large ones, and harder."""
    return MIN_SIZE * (MAX_SIZE / MIN_SIZE) ** float(rng.beta(1.1, 1.7))


def _tracking(rng: np.random.Generator, size: float) -> float:
    """Extra pixels a letter: mostly none, else tight or wide."""
    return float(rng.normal(0.02, 0.05) * size) if rng.random() < 0.25 else 0.0


def _bend(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A little rotation, shear, stretch and perspective in a single resampling."""
    if rng.random() < 0.45:
        return mask
    height, width = mask.shape
    far = 2.2 if rng.random() < 0.2 else 1.0
    angle, shear = np.deg2rad(rng.normal(0, 1.3 * far)), rng.normal(0, 0.015 * far)
    stretch = np.exp(rng.normal(0, 0.03))
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[stretch, shear], [0, 1.0]])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    moved = corners @ linear.T
    if rng.random() < 0.5:
        moved += rng.normal(0, 0.03 * far * height, (4, 2))
    moved -= moved.min(axis=0)
    size = np.ceil(moved.max(axis=0)).astype(int)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    return cv2.warpPerspective(mask, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)


def ink_box(mask: np.ndarray) -> Box:
    """Where the ink of a line uint8 [H, W] is. Raises `TypesetError` when there is none."""
    rows = np.flatnonzero(mask.max(axis=1) > 96)
    columns = np.flatnonzero(mask.max(axis=0) > 96)
    if not len(rows):
        raise TypesetError("nothing is left of the text")
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _effect(mask: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray | None:
    """A second layer under the text, uint8 [H, W]: a shadow, a glow or an outline."""
    if size < 20 or rng.random() > 0.1:
        return None
    kind = rng.integers(3)
    if kind == 0:
        shift = np.rint(rng.uniform(0.02, 0.08, 2) * size * rng.choice([-1, 1], 2))
        moved = cv2.warpAffine(
            mask, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), mask.shape[::-1]
        )
        return cv2.GaussianBlur(moved, (0, 0), 0.3 + rng.uniform(0, 0.05) * size)
    if kind == 1:
        return cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.04, 0.12) * size)
    reach = max(1, round(rng.uniform(0.02, 0.05) * size))
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))


def _optics(picture: np.ndarray, height: int, rng: np.random.Generator) -> np.ndarray:
    """Rescaling, blur of the lens or the hand, uneven light, noise of the sensor."""
    if rng.random() < 0.35:
        picture = _rescale(picture, height, rng)
    if rng.random() < 0.3:
        sigma = rng.uniform(0.003, 0.035 if rng.random() < 0.8 else 0.07) * height
        picture = cv2.GaussianBlur(picture, (0, 0), max(0.25, sigma))
    if rng.random() < 0.06:
        reach = max(2, round(rng.uniform(0.02, 0.1) * height))
        kernel = np.zeros((reach, reach), np.float32)
        cv2.line(kernel, (0, int(rng.integers(reach))), (reach - 1, int(rng.integers(reach))), 1.0)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    if rng.random() < 0.2:
        slope = np.linspace(1 - rng.uniform(0, 0.35), 1 + rng.uniform(0, 0.2), picture.shape[1])
        picture = picture * slope[:: rng.choice([-1, 1]), None].astype(np.float32)
    if rng.random() < 0.3:
        noise = rng.standard_normal(picture.shape[:2], dtype=np.float32)[..., None]
        picture = picture + noise * np.float32(rng.exponential(6.0))
    return picture


def _rescale(picture: np.ndarray, height: int, rng: np.random.Generator) -> np.ndarray:
    """Smaller and back again, by one of the usual filters; the line stays 8 pixels or higher."""
    factor = max(rng.uniform(0.35, 0.95), min(1.0, 8 / height))
    size = (max(8, round(picture.shape[1] * factor)), max(8, round(picture.shape[0] * factor)))
    filters = (cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
    down = filters[rng.choice(4, p=[0.4, 0.4, 0.15, 0.05])]
    back = filters[rng.choice(3, p=[0.6, 0.0, 0.4])]
    small = cv2.resize(picture, size, interpolation=down)
    return cv2.resize(small, picture.shape[1::-1], interpolation=back)


def _file(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Saved as JPEG or WebP at some quality, or left alone."""
    draw = rng.random()
    if draw < 0.35:
        kind, options = ".jpg", [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 96))]
    elif draw < 0.42:
        kind, options = ".webp", [cv2.IMWRITE_WEBP_QUALITY, int(rng.integers(25, 96))]
    else:
        return picture
    return np.asarray(cv2.imdecode(cv2.imencode(kind, picture, options)[1], cv2.IMREAD_COLOR))


def _unsure(box: Box, shape: tuple[int, ...], rng: np.random.Generator) -> Box:
    """The box as a finder or a hand would draw it: a bit off, now and then cutting letters."""
    loose = 0.12 if rng.random() < 0.25 else 0.02
    up, down = rng.normal(0.3 * loose, loose, 2) * box.height
    left, right = np.abs(rng.normal(0, 0.08, 2)) * box.height
    if rng.random() < 0.2:
        left = -rng.uniform(0, 0.4) * min(box.height, box.width / 4)
    y0, y1 = (
        box.y0 - round(max(up, -0.06 * box.height)),
        box.y1 + round(max(down, -0.06 * box.height)),
    )
    moved = Box(box.x0 - round(left), y0, box.x1 + round(right), max(y1, y0 + 4))
    return moved.within(shape[1], shape[0])
