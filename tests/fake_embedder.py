"""A deterministic embedder without a network: what a window looks like, coarsely.

Real pictures go through the real `prepare`, so a line finds the face that drew it best;
nothing is learned and nothing is random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoder import prepare


@dataclass(frozen=True)
class FakeLine:
    """As `encoder.embed.LineVectors`."""

    line: prepare.Line
    vectors: np.ndarray


@dataclass(frozen=True)
class FakeEmbedder:
    """Unit vectors of 64 ink counts (4 rows x 16 columns, mean taken off)."""

    sha256: str = "fa4e" * 16
    prepare_version: int = prepare.VERSION
    dim: int = 64

    def embed_windows(self, windows: np.ndarray) -> np.ndarray:
        """[N, 1, 64, 256] -> [N, 64] float32 unit rows."""
        cells = windows.reshape(len(windows), 4, 16, 16, 16).mean(axis=(2, 4))
        rows = (1.0 - cells).reshape(len(windows), 64)
        rows = rows - rows.mean(axis=1, keepdims=True) + 1e-6
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def embed_lines(self, lines: Sequence[prepare.Line]) -> list[FakeLine]:
        """A vector for every window of every line."""
        return [FakeLine(line, self.embed_windows(line.windows)) for line in lines]

    def embed_line(self, picture: np.ndarray) -> np.ndarray:
        """The normalised mean over all windows."""
        lines = prepare.prepare(picture)
        if not lines:
            raise ValueError("no ink")
        windows = np.concatenate([line.windows for line in lines])
        mean = self.embed_windows(windows).mean(axis=0)
        return mean / np.linalg.norm(mean)
