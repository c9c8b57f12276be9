"""Lines that Chromium drew, kept on disk: the rasteriser that people take screenshots of.

A net that has only seen FreeType's letters finds fewer in a browser's pictures. Drawing in the
browser is ten times slower than in FreeType, so a few lines of every face are drawn once, with
texts and sizes of their own, and distorted anew each time that they are used.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import cv2
import numpy as np

from encoder.browser import Chromium, FontRejectedError
from encoder.distort import draw_size
from encoder.training.faces import TrainingFace
from encoder.training.text import draw_text

_SIZES, _TEXTS = 2, 3  # a face: so many sizes with so many texts each
_FOLDER = "browser-lines-2"  # the first kind did not keep what a line says


class BrowserLine(NamedTuple):
    """`ink` is its coverage, uint8 [H, W] (255 = ink); `size` pixels are an em; what it says."""

    ink: np.ndarray
    size: float
    text: str


def folder_beside(fonts: Path) -> Path:
    """Where the lines of the families below `fonts` are kept."""
    return fonts.parent / _FOLDER


def draw_missing(
    faces: Sequence[TrainingFace],
    folder: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Draw the lines of every family that `folder` lacks; `on_progress` gets (done, total).

    Faces that the browser refuses get no lines. What is drawn depends on the face's file name
    only. Raises `BrowserMissingError` when something must be drawn and there is no browser.
    """
    by_family: dict[str, list[TrainingFace]] = defaultdict(list)
    for face in faces:
        by_family[face.family].append(face)
    missing = [family for family in by_family if not _path(folder, family).exists()]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with Chromium() as browser:
        for done, family in enumerate(missing, 1):
            lines: dict[str, np.ndarray] = {}
            for face in by_family[family]:
                lines |= _draw(browser, face)
            write_arrays(_path(folder, family), lines)
            on_progress(done, len(missing))


class BrowserLines:
    """Read access; a family's lines stay in memory once they are read (about 100 kB)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, dict[str, list[tuple[float, str, np.ndarray]]]] = {}

    def pick(self, face: TrainingFace, rng: np.random.Generator) -> BrowserLine | None:
        """One line of the face; None when there is none."""
        if face.family not in self._read:
            self._read[face.family] = _load(_path(self._folder, face.family))
        lines = self._read[face.family].get(face.ref.path.name, [])
        if not lines:
            return None
        size, text, png = lines[int(rng.integers(len(lines)))]
        return BrowserLine(np.asarray(cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)), size, text)


def _draw(browser: Chromium, face: TrainingFace) -> dict[str, np.ndarray]:
    name = face.ref.path.name
    rng = np.random.default_rng(int(hashlib.sha1(name.encode()).hexdigest()[:12], 16))
    found: dict[str, np.ndarray] = {}
    for _ in range(_SIZES):
        size = round(draw_size(rng))
        texts = [draw_text(rng, face.coverage) for _ in range(_TEXTS)]
        try:
            pictures = browser.draw_lines(face.ref.path, texts, size)
        except FontRejectedError:
            continue
        for text, picture in zip(texts, pictures, strict=True):
            ink = 255 - cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            key = f"{name}/{len(found)}/{size}/{quote(text, safe='')}"
            found[key] = cv2.imencode(".png", ink)[1]
    return found


def _path(folder: Path, family: str) -> Path:
    return folder / f"{family}.npz"


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an .npz file whole, or not at all."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    os.replace(temporary, path)


def _load(path: Path) -> dict[str, list[tuple[float, str, np.ndarray]]]:
    lines: dict[str, list[tuple[float, str, np.ndarray]]] = defaultdict(list)
    if path.exists():
        with np.load(path, allow_pickle=False) as stored:
            for key in stored.files:
                name, _, size, text = key.split("/")
                lines[name].append((float(size), unquote(text), stored[key]))
    return lines
