"""Verifier: is a line set in the face that its words were drawn in? A net behind ONNX Runtime."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encoder.prepare import cut_windows, outer
from encoder.sessions import Net

INPUT, OUTPUT = "pairs", "logits"
_BATCH = 16  # pairs a run


class Verifier(Net):
    """Lines beside drawings of their words; safe to share between threads."""

    def __init__(self, onnx_path: Path, *, threads: int = 1) -> None:
        """Use `from_files`, which checks the card against the file."""
        super().__init__(onnx_path, threads)

    @classmethod
    def from_files(cls, onnx_path: Path, *, threads: int = 1) -> Verifier:
        """Read `onnx_path` and the card (.json) beside it.

        Raises `FileNotFoundError` when one is missing, and `ValueError` when they do not belong
        together.
        """
        stated = json.loads(onnx_path.with_suffix(".json").read_text())["onnx_sha256"]
        found = hashlib.sha256(onnx_path.read_bytes()).hexdigest()
        if stated != found:
            raise ValueError(
                f"{onnx_path} has the SHA-256 {found}, its card states {stated}; "
                "fetch the repository's weights again"
            )
        return cls(onnx_path, threads=threads)

    def logits(self, strip: np.ndarray, drawings: Sequence[np.ndarray]) -> np.ndarray:
        """How much speaks for each drawing's face, float32 [n]: above 0 more for than against.

        `strip` float32 [64, W] in 0..1 (1 = paper), each drawing laid over it and as wide (see
        `encoder.redraw.aligned`). The mean of the outer windows and of the middle one.
        """
        if not drawings:
            return np.empty(0, np.float32)
        line = _outer(strip)
        pairs = [
            np.stack([one, other])
            for drawn in drawings
            for one, other in zip(line, _outer(drawn), strict=True)
        ]
        rows = np.stack(pairs).astype(np.float32, copy=False)
        session = self._opened()
        parts = [
            session.run([OUTPUT], {INPUT: rows[at : at + _BATCH]})[0]
            for at in range(0, len(rows), _BATCH)
        ]
        return np.concatenate(parts).reshape(len(drawings), len(line)).mean(axis=1)


def _outer(strip: np.ndarray) -> np.ndarray:
    """float32 [n, 64, 256]: the outer windows and the one between."""
    windows = cut_windows(strip)[:, 0]
    return windows[outer(len(windows))]
