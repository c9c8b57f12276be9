"""Late interaction: a line's columns against those of a face's reference lines.

Each column of the line, about a letter wide, looks for the most similar one of a face; what they
find is averaged (Khattab and Zaharia 2020, "ColBERT"). So the letters that a line and a face's
lines share are compared with each other, without reading them. Pure numpy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MOST = 127


def packed(columns: NDArray[np.float32]) -> bytes:
    """Unit rows float32 [n, d] as int8, each row as long as its largest number allows."""
    largest = np.abs(columns).max(axis=1, keepdims=True, initial=1e-12)
    return np.rint(columns * (_MOST / largest)).astype(np.int8).tobytes()


def unpacked(data: bytes, dim: int) -> NDArray[np.int8]:
    """What `packed` wrote, int8 [n, dim]; rows are not of one length.

    Raises `ValueError` when `data` holds no whole number of rows.
    """
    return np.frombuffer(data, np.int8).reshape(-1, dim)


def late_scores(
    columns: NDArray[np.float32], shares: NDArray[np.float32], faces: Sequence[NDArray[np.int8]]
) -> NDArray[np.float64]:
    """How well a line's columns are found in each face: float64 [faces], cosines.

    `columns` float32 [m, d] are unit rows, `shares` float32 [m] sum to 1. A face is int8 [n, d]
    as `unpacked` gives it; one with n = 0 scores -inf.
    """
    scores = np.full(len(faces), -np.inf)
    sizes = np.array([len(face) for face in faces], np.int64)
    some = np.flatnonzero(sizes).tolist()
    if some:
        rows = np.concatenate([faces[at] for at in some]).astype(np.float32)
        cosines = rows @ columns.T
        cosines /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        first = np.concatenate([[0], np.cumsum(sizes[some])[:-1]])
        scores[some] = np.maximum.reduceat(cosines, first, axis=0) @ shares
    return scores
