"""What happens to a picture after the browser: small JPEGs, and photographs."""

from __future__ import annotations

import cv2
import numpy as np


def degrade(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """75 % of the size, and for one in three a slight blur or noise; uint8 `[H, W, 3]`."""
    size = (max(8, round(picture.shape[1] * 0.75)), max(8, round(picture.shape[0] * 0.75)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    effect = rng.integers(6)
    if effect == 0:
        return cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.4, 0.8)))
    if effect == 1:
        return _noisy(small.astype(np.float32), float(rng.uniform(3, 9)), rng)
    return small


def photograph(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Perspective, a textured surface, uneven light, blur and noise; uint8 `[H, W, 3]`."""
    scene = _perspective(picture, rng).astype(np.float32)
    height, width = scene.shape[:2]
    grain = texture(height, width, rng)[..., None]
    shade = light(height, width, rng)[..., None]
    tint = rng.uniform(0.92, 1.05, 3).astype(np.float32)
    scene = np.clip(scene * (1 + grain) * shade * tint, 0, 255)
    scene = _blur(scene, rng)
    return _noisy(scene, float(rng.uniform(2, 9)), rng)


def tilt(
    picture: np.ndarray, boxes: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A photograph taken askew: turned by 6 to 25 degrees, in perspective, then `photograph`'s eye.

    `boxes` float [N, 4] ([x0, y0, x1, y1]) come back as the upright boxes around what they became.
    The picture keeps its size, uint8 `[H, W, 3]`.
    """
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-0.07, 0.07, (4, 2)) * (width, height)
    turn = np.deg2rad(rng.uniform(6, 25) * rng.choice([-1, 1]))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = (moved - corners.mean(axis=0)) @ spin.T * 0.85 + corners.mean(axis=0)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    askew = cv2.warpPerspective(
        picture, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT
    ).astype(np.float32)
    scene = _noisy(_blur(askew * light(height, width, rng)[..., None], rng), 4.0, rng)
    quads = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 1, 2).astype(np.float32)
    placed = cv2.perspectiveTransform(quads, matrix).reshape(-1, 4, 2)
    return scene, np.concatenate([placed.min(axis=1), placed.max(axis=1)], axis=1)


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    """The picture (RGB) as a JPEG file."""
    return _encode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])


def png(picture: np.ndarray) -> bytes:
    """The picture (RGB) as a PNG file."""
    return _encode(".png", picture, [])


def _encode(suffix: str, picture: np.ndarray, options: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise RuntimeError(f"OpenCV cannot write {picture.shape} as {suffix}")
    return data.tobytes()


def _perspective(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each corner moves by up to 10 % of the height and 4 % of the width, with a slight turn."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-1, 1, (4, 2)) * (min(0.04 * width, 0.3 * height), 0.1 * height)
    turn = np.deg2rad(rng.uniform(-3, 3))
    centre = corners.mean(axis=0)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = ((moved - centre) @ spin.T + centre).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return cv2.warpPerspective(
        picture, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )


def texture(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of four octaves, float32 `[H, W]`, at most about 12 % up or down."""
    total = np.zeros((height, width), np.float32)
    for cell in (2, 6, 18, 54):
        coarse = rng.normal(size=(height // cell + 2, width // cell + 2)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return total / np.abs(total).max() * np.float32(rng.uniform(0.02, 0.12))


def light(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A slope and a soft spot or shadow, float32 `[H, W]`, about 0.5 to 1.15."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(angle) * x + np.sin(angle) * y) * rng.uniform(0, 0.2)
    cx, cy = rng.uniform(-1, 1, 2)
    spot = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / rng.uniform(0.3, 1.5))
    return (0.9 + slope + spot * rng.uniform(-0.25, 0.15)).astype(np.float32)


def _blur(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus, or for one in four shaken along a line of 3 to 5 pixels."""
    if rng.random() < 0.25:
        size = int(rng.integers(3, 6))
        kernel = np.zeros((size, size), np.float32)
        end = np.array([size - 1, int(rng.integers(size))])
        cv2.line(kernel, (0, size - 1 - int(end[1])), (int(end[0]), int(end[1])), 1)
        return cv2.filter2D(scene, -1, kernel / kernel.sum())
    return cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(0.5, 1.5)))


def _noisy(scene: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, spread, scene.shape).astype(np.float32)
    return np.clip(scene + noise, 0, 255).astype(np.uint8)
