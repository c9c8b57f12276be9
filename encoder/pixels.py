"""Every Pillow mode -> 8-bit colour, keeping whatever the eye would call ink visible."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops

_WHITE = (255, 255, 255)
_BLACK = (0, 0, 0)
_FULL_SCALES = (255, 1023, 4095, 16383, 65535)  # 8 to 16 bits, as scanners and cameras store
_VISIBLE = 16  # alpha below this is no ink
_ENOUGH = 1500  # pixels on the shorter side
_CARD_COVERAGE = 0.75  # text alone, however heavy, leaves more than a quarter open


def opaque(image: Image.Image) -> Image.Image:
    """A loaded picture of any mode -> one of the same size that `convert("RGB")` shows right.

    May change `image` itself, which saves a copy of up to 160 MB.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _grey_from_numbers(np.asarray(image))
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        return ImageChops.invert(image)  # Pillow takes every CMYK JPEG for an inverted one
    if image.has_transparency_data:
        return _flatten(image if image.mode == "RGBA" else image.convert("RGBA"))
    return image


def _grey_from_numbers(values: np.ndarray) -> Image.Image:
    """Integers or floats `[H, W]` -> mode "L", black at zero, white at full scale.

    Full scale is 1 for floats within 0..1, else the least of 8, 10, 12, 14 or 16 bits
    that holds the brightest value. Other ranges are stretched; NaN and infinity are black.
    """
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, 0)
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= _FULL_SCALES[-1]:
        low, high = 0.0, float(next(s for s in _FULL_SCALES if s >= high))
    scaled = (values.astype(np.float32) - low) * (255 / max(high - low, 1e-9))
    return Image.fromarray((scaled + 0.5).clip(0, 255).astype(np.uint8))


def _flatten(image: Image.Image) -> Image.Image:
    """Blend an "RGBA" picture with its backdrop, in place; its alpha then means nothing."""
    image.paste(_backdrop(image), mask=ImageChops.invert(image.getchannel("A")))
    return image


def _backdrop(image: Image.Image) -> tuple[int, int, int]:
    """White or black: the one that differs from what is visible.

    A picture that is nearly all opaque and holds contrast of its own (a card with round
    corners) carries its background with it, and gets corners of that brightness.
    """
    step = max(1, min(image.size) // _ENOUGH)
    if step > 1:  # a look at some of the pixels is enough, and saves much memory
        size = (image.width // step, image.height // step)
        image = image.resize(size, Image.Resampling.NEAREST)
    visible = image.getchannel("A").point([0] * _VISIBLE + [255] * (256 - _VISIBLE))
    counts = np.array(image.convert("RGB").convert("L").histogram(visible), np.int64)
    total = int(counts.sum())
    if total == 0:
        return _WHITE
    mean = float(counts @ np.arange(256)) / total
    dark, bright = np.searchsorted(counts.cumsum() / total, (0.02, 0.98))
    is_card = total > _CARD_COVERAGE * image.width * image.height and bright - dark > 64
    return _WHITE if (mean > 127) == is_card else _BLACK
