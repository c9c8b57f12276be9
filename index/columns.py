"""Late interaction: a line's columns against those of a face's reference lines.

Each column of the line, about a letter wide, looks for the most similar one of a face; what they
find is averaged (Khattab and Zaharia 2020, "ColBERT"). So the letters that a line and a face's
lines share are compared with each other, without reading them. Pure numpy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# A number of a column takes four bits, -7..7 with 8 added: half the file of eight bits, and on the
# benchmark no answer is worse.
_MOST, _ZERO = 7, 8
_AT_ONCE = 2048  # rows unpacked together: tens of thousands take two to three times as long


def packed(columns: NDArray[np.float32]) -> bytes:
    """Unit rows float32 [n, d], d even, in d / 2 bytes each, as long as its largest number lets."""
    largest = np.abs(columns).max(axis=1, keepdims=True, initial=1e-12)
    codes = (np.rint(columns * (_MOST / largest)) + _ZERO).astype(np.uint8)
    return (codes[:, ::2] | codes[:, 1::2] << 4).tobytes()


def rows_of(data: bytes, dim: int) -> NDArray[np.uint8]:
    """What `packed` wrote, still packed: uint8 [n, dim / 2].

    Raises `ValueError` when `data` holds no whole number of rows.
    """
    return np.frombuffer(data, np.uint8).reshape(-1, dim // 2)


def unpacked(rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The columns of packed rows [n, d / 2]: float32 [n, d] of unit length."""
    columns = np.stack(_numbers(rows), axis=2).reshape(len(rows), -1)
    return columns / np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-6)


def late_scores(
    columns: NDArray[np.float32], shares: NDArray[np.float32], faces: Sequence[NDArray[np.uint8]]
) -> NDArray[np.float64]:
    """How well a line's columns are found in each face: float64 [faces], cosines.

    `columns` float32 [m, d] are unit rows, `shares` float32 [m] sum to 1. A face is uint8
    [n, d / 2] as `rows_of` gives it; one with n = 0 scores -inf.
    """
    scores = np.full(len(faces), -np.inf)
    sizes = np.array([len(face) for face in faces], np.int64)
    some = np.flatnonzero(sizes)
    before = np.cumsum(sizes[some]) - sizes[some]
    for part in np.split(some, np.flatnonzero(np.diff(before // _AT_ONCE)) + 1):
        if len(part):
            cosines = _cosines(np.concatenate([faces[at] for at in part]), columns)
            first = np.cumsum(sizes[part]) - sizes[part]
            scores[part] = np.maximum.reduceat(cosines, first, axis=0) @ shares
    return scores


def _cosines(rows: NDArray[np.uint8], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those of packed rows [n, d / 2] and unit columns [m, d]: float32 [n, m]."""
    low, high = _numbers(rows)
    dots = low @ columns[:, ::2].T
    dots += high @ columns[:, 1::2].T
    squares = np.einsum("ij,ij->i", low, low) + np.einsum("ij,ij->i", high, high)
    return dots / np.sqrt(np.maximum(squares, 1e-6))[:, None]


def _numbers(rows: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The even and the odd numbers of packed rows, float32 [n, d / 2] each; not of unit length."""
    return (rows & 15).astype(np.float32) - _ZERO, (rows >> 4).astype(np.float32) - _ZERO
