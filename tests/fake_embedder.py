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
    columns: np.ndarray
    shares: np.ndarray
    window_of: np.ndarray


@dataclass(frozen=True)
class FakeReference:
    """As `encoder.embed.ReferenceVectors`."""

    vector: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class FakeEmbedder:
    """Unit vectors of 64 ink counts (4 rows x 16 columns, mean taken off)."""

    sha256: str = "fa4e" * 16
    prepare_version: int = prepare.VERSION
    dim: int = 64
    column_dim: int = 32

    def embed_windows(self, windows: np.ndarray) -> np.ndarray:
        """[N, 1, 64, 256] -> [N, 64] float32 unit rows."""
        cells = windows.reshape(len(windows), 4, 16, 16, 16).mean(axis=(2, 4))
        rows = (1.0 - cells).reshape(len(windows), 64)
        rows = rows - rows.mean(axis=1, keepdims=True) + 1e-6
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def embed_lines(self, lines: Sequence[prepare.Line]) -> list[FakeLine]:
        """A vector for every window of every line."""
        return [self._line(line) for line in lines]

    def _line(self, line: prepare.Line) -> FakeLine:
        columns = self.embed_columns(line.windows)
        window_of = np.repeat(np.arange(len(columns)), [len(rows) for rows in columns])
        shares = np.full(len(window_of), 1 / max(len(window_of), 1), np.float32)
        vectors = self.embed_windows(line.windows)
        return FakeLine(line, vectors, np.concatenate(columns), shares, window_of)

    def embed_columns(self, windows: np.ndarray) -> list[np.ndarray]:
        """16 columns a window: the ink of both halves of 16 rows, unit; none without ink."""
        ink = 1.0 - windows.reshape(len(windows), 16, 4, 16, 2, 8).mean(axis=(2, 5))
        rows = ink.transpose(0, 2, 1, 3).reshape(len(windows), 16, 32).astype(np.float32)
        apart = rows - rows.mean(axis=2, keepdims=True)
        lengths = np.linalg.norm(apart, axis=2, keepdims=True)
        unit = apart / np.maximum(lengths, 1e-6)
        return [each[length[:, 0] > 0.05] for each, length in zip(unit, lengths, strict=True)]

    def embed_line(self, picture: np.ndarray) -> FakeReference:
        """The normalised mean over all windows, and all columns."""
        lines = prepare.prepare(picture)
        if not lines:
            raise ValueError("no ink")
        windows = np.concatenate([line.windows for line in lines])
        mean = self.embed_windows(windows).mean(axis=0)
        return FakeReference(
            mean / np.linalg.norm(mean), np.concatenate(self.embed_columns(windows))
        )
