"""A sample's vector as it is stored: one signed byte a number, and no scale.

Most numbers of a vector are near zero and a few are large, so a byte c stands for c * |c|, which is
finer near zero: half the error of equal steps. The scale is what makes the length 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LARGEST = 127
_AT_ONCE = 1024  # rows, so that what is made on the way stays in the processor's cache


def quantised(vector: NDArray[np.floating]) -> bytes:
    """A vector [D] of any length but zero, as D bytes.

    `ValueError` when all are zero or one is not finite.
    """
    values = np.asarray(vector, np.float64)
    sizes = np.abs(values)
    largest = sizes.max(initial=0.0)
    if not 0 < largest < np.inf:
        raise ValueError(f"a vector whose largest number is {largest} has no direction to store")
    codes = np.sign(values) * np.rint(_LARGEST * np.sqrt(sizes / largest))
    return codes.astype(np.int8).tobytes()


def dequantised(stored: Sequence[bytes], dim: int) -> NDArray[np.float16]:
    """N quantised vectors of `dim` numbers as rows [N, D], of unit length but for rounding.

    Bytes that are all zero, which `quantised` never makes, give zeros.
    """
    codes = np.frombuffer(b"".join(stored), np.int8).reshape(len(stored), dim)
    rows = np.empty(codes.shape, np.float16)
    for at in range(0, len(codes), _AT_ONCE):
        values = codes[at : at + _AT_ONCE].astype(np.float32)
        values *= np.abs(values)
        squares = np.einsum("nd,nd->n", values, values)  # whole numbers: 1 or more, or all zero
        values /= np.sqrt(np.maximum(squares, 1))[:, None]
        rows[at : at + _AT_ONCE] = values
    return rows
