"""What a search needs of a vector store, and who makes, changes, saves and loads one.

The database is the truth; whatever a keeper has is derived and can be made anew from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from db.records import StateRecord, Vectors


class VectorError(ValueError):
    """Vectors, ids or k that the store cannot take; the message names what is wrong."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`ids` int64 [N, k] and `scores` float32 [N, k], the closest first.

    Where fewer than k were to be had the row ends in id -1 and score -inf.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def none(cls, rows: int, k: int) -> Neighbours:
        """Rows in which nothing was found, to be filled."""
        return cls(np.full((rows, k), -1, np.int64), np.full((rows, k), -np.inf, np.float32))


class VectorStore(Protocol):
    """Unit vectors of `dim` numbers under int64 ids, as they were at one generation.

    Safe to share among threads; a change makes another store (`StoreKeeper.changed`).
    """

    @property
    def dim(self) -> int:
        """How long a vector is."""
        ...

    def __len__(self) -> int: ...

    def search(
        self, vectors: NDArray[np.floating], k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> Neighbours:
        """The k of the largest inner product for each row of `vectors` [N, D].

        Among the `allowed` ids (ascending) if given, so that k stay k. N = 0 gives [0, k]; an
        empty store or an empty `allowed` gives rows of -1. Raises `VectorError` for k < 1, a
        wrong shape, NaN and infinity.
        """
        ...

    def score(self, vectors: NDArray[np.floating], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Inner products of `vectors` [N, D] with the stored rows of `ids` [M]: [N, M].

        Raises `VectorError` for an id that is not here, a wrong shape, NaN and infinity.
        """
        ...


class StoreKeeper(Protocol):
    """Where stores come from. Only the writer calls `made`, `changed` and `save`.

    Their `state` is the one that the writer is about to commit. `is_shared`: what one process
    writes all others see at once; otherwise each may make changes of its own to keep up.
    """

    is_shared: bool

    def load(self, state: StateRecord) -> VectorStore:
        """The store that was saved for this state.

        Raises `MismatchError` when what was saved is another's, `OSError` when it cannot be read.
        """
        ...

    def made(self, state: StateRecord, rows: Vectors) -> VectorStore:
        """A store of exactly these rows."""
        ...

    def changed(
        self, store: VectorStore, state: StateRecord, removed: NDArray[np.int64], rows: Vectors
    ) -> VectorStore:
        """A store like `store` (one of this keeper's) without `removed` and with `rows`.

        `store` goes on answering as it did.
        """
        ...

    def save(self, store: VectorStore, state: StateRecord) -> None:
        """Let every process that asks for this state find the store. Raises `OSError`."""
        ...

    def close(self) -> None:
        """Give connections back; nothing of this keeper is to be used any more."""
        ...


def checked_rows(vectors: NDArray[np.floating], dim: int) -> NDArray[np.float32]:
    """The vectors as float32 [N, dim]; `VectorError` for another shape, NaN and infinity."""
    rows = np.ascontiguousarray(vectors, np.float32)
    if rows.ndim != 2 or rows.shape[1] != dim:
        raise VectorError(f"vectors have shape {rows.shape}, [N, {dim}] is needed")
    if not np.isfinite(rows).all():
        raise VectorError("a vector holds NaN or infinity")
    return rows


def checked_ids(
    ids: NDArray[np.int64], count: int, present: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Ids of `count` new rows; `VectorError` when one is negative, twice or `present`."""
    ids = np.ascontiguousarray(ids, np.int64)
    if ids.shape != (count,):
        raise VectorError(f"ids have shape {ids.shape}, {count} vectors need ({count},)")
    if len(np.unique(ids)) != len(ids) or np.isin(ids, present).any():
        raise VectorError("an id is given twice or is in the store already")
    if len(ids) and ids.min() < 0:
        raise VectorError(f"id {ids.min()} is negative")
    return ids


def require_k(k: int) -> None:
    """Raise `VectorError` for k < 1."""
    if k < 1:
        raise VectorError(f"k is {k}; it must be at least 1")
