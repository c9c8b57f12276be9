"""Where text stands and what a line says, by the models that rapidocr carries (PP-OCR, ONNX)."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from encoder.memory import give_back

if TYPE_CHECKING:
    from rapidocr import RapidOCR

_LONGEST = 3000  # pixels: a longer strip is not read, its cost grows with its length
_AT_ONCE = 4  # lines, each of which takes some 30 MB
_DETECTED = 960  # pixels: text is looked for in a picture whose longer side is no longer; ...
_LARGE = 2 * _DETECTED  # ... from this size on it is made smaller here, see below
_PAPER = (6, 10)  # pixels around a strip, above and beside: readers of text like some
# The reader knows Chinese too, and writes some letters as wide as those of it (U+FF01 to FF5E).
_NARROW = {wide: wide - 0xFF01 + 0x21 for wide in range(0xFF01, 0xFF5F)}
_SETTINGS: dict[str, Any] = {
    "Global.log_level": "critical",
    "Det.limit_type": "max",
    "Det.limit_side_len": _DETECTED,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The text of one line, "" when there is none, and how sure the reader is, 0..1."""

    text: str
    confidence: float


class Reader:
    """Detects and reads lines; safe to share between threads.

    The models are loaded when they are first used, which takes seconds, and not carried over
    to another process.
    """

    def __init__(self) -> None:
        self._engine: RapidOCR | None = None
        # Lines are read side by side: twice as fast on two cores, and two threads inside of the
        # model would spin while they wait for each other.
        self._side_by_side = ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1), "reader")
        self._lock = threading.Lock()

    def read(self, strips: Sequence[np.ndarray]) -> list[Reading]:
        """One reading a strip, float32 [64, W] in 0..1 with 0 = ink, see `encoder.prepare`."""
        if len(strips) < 2:
            return [self._reading(strip) for strip in strips]
        return list(self._side_by_side.map(self._reading, strips))

    def _reading(self, strip: np.ndarray) -> Reading:
        if strip.shape[1] > _LONGEST:
            return Reading("", 0.0)
        found = self.opened().recognize_txt([_picture(strip)])
        if not found.txts:
            return Reading("", 0.0)
        return Reading(" ".join(found.txts[0].translate(_NARROW).split()), float(found.scores[0]))

    def detect(self, picture: np.ndarray) -> list[np.ndarray]:
        """Where text stands in uint8 [H, W, 3]: float32 [4, 2] corners a line, clockwise.

        From where the text begins at its top; a standing line is taken for one that was turned.
        """
        height, width = picture.shape[:2]
        shrink = max(1.0, max(height, width) / _LARGE)
        size = max(1, round(width / shrink)), max(1, round(height / shrink))
        # The engine carries all pixels along, through two sizes and a copy of every line.
        small = picture if shrink == 1 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        found = self.opened()(
            np.ascontiguousarray(small[..., ::-1]), use_det=True, use_cls=False, use_rec=False
        )
        give_back()  # the detector's maps are many times as large as what it sees
        boxes = getattr(found, "boxes", None)
        scale = np.array([width / size[0], height / size[1]], np.float32)
        return [] if boxes is None else [np.asarray(box, np.float32) * scale for box in boxes]

    def opened(self) -> RapidOCR:
        """The engine with its recogniser in memory."""
        with self._lock:
            if self._engine is None:
                # Imported here: it takes two seconds, and many a use of this package reads nothing.
                from rapidocr import RapidOCR

                engine = RapidOCR(params=_SETTINGS)
                engine.recognize_txt([np.full((48, 96, 3), 255, np.uint8)])
                self._engine = engine
            return self._engine

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]


def _picture(strip: np.ndarray) -> np.ndarray:
    """uint8 [h, w, 3] for the recogniser."""
    above, beside = _PAPER
    wide = np.pad(strip, ((above, above), (beside, beside)), constant_values=1.0)
    return np.repeat((wide * 255).astype(np.uint8)[..., None], 3, axis=2)
