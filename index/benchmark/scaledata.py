"""Catalogues of any size with the statistics of the real one, and what exact search finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_CHUNK = 50_000
_BETWEEN = 0.5  # at most so far from one real vector to another
_JITTER = 0.15  # of a difference of two real vectors, so that noise has their directions


def write_vectors(real: NDArray[np.float16], count: int, seed: int, path: Path) -> None:
    """Write `count` unit vectors, float16 [count, D], to `path`.

    Up to as many as there are real ones [N, D] they are real. More are each a real vector, drawn
    towards a second one by up to a half (a Beta(1, 3) share of it, so mostly little) and moved by
    0.15 of the difference of two others.
    """
    rng = np.random.default_rng(seed)
    with path.open("wb") as file:
        if count <= len(real):
            real[rng.permutation(len(real))[:count]].tofile(file)
            return
        for at in range(0, count, _CHUNK):
            mixed(real, min(_CHUNK, count - at), rng).tofile(file)


def mixed(real: NDArray[np.float16], count: int, rng: np.random.Generator) -> NDArray[np.float16]:
    """`count` vectors as `write_vectors` describes them."""
    first, second, third, fourth = (
        real[rng.integers(0, len(real), count)].astype(np.float32) for _ in range(4)
    )
    share = _BETWEEN * rng.beta(1, 3, (count, 1)).astype(np.float32)
    rows = first + share * (second - first) + _JITTER * (third - fourth)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16)


def mapped(path: Path, dim: int) -> NDArray[np.float16]:
    """The vectors of a file, float16 [N, dim], read where they are used."""
    return np.memmap(path, np.float16, "r").reshape(-1, dim)


def exact(rows: NDArray[np.float16], queries: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """The k largest inner products [Q, k] of each query, by comparing with every row."""
    best = np.empty((len(queries), 0), np.float32)
    for at in range(0, len(rows), _CHUNK):
        chunk = np.asarray(rows[at : at + _CHUNK], np.float32)
        best = -np.sort(-np.concatenate([best, queries @ chunk.T], axis=1), axis=1)[:, :k]
    return best
