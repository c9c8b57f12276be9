"""More vectors than an exact search answers in time: an inverted file, re-ranked exactly.

The base never changes: product-quantised codes in inverted lists (64 bytes a vector at 256
numbers) find candidates, whose float16 rows, on disk and mapped, give the exact scores. What was
added since is a small exact store beside it, what was removed is masked; so a change copies
little, and searches go on over the old ones. When both have grown the keeper makes a new base.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from db.records import Vectors
from index.errors import MismatchError
from index.files import fsync_path
from index.stores.base import Neighbours, VectorError, checked_rows, require_k
from index.stores.faiss import FaissStore

# What finds 0.99 of the exact five nearest, by measurement: docs/benchmark/scale.md.
LISTS = 4096
PROBES = 96  # lists that are read for k = 5, one more for each _DEEPER of k
RERANKED = 800  # candidates at least, of each query: so many up to ...
MEASURED = 1_000_000  # ... this many vectors; above, they grow with ...
_GROWTH = 0.9  # ... this power of the size
_DEEPER = 16
_FEW = 20_000  # allowed vectors that are scored one by one
_TRAINED = 32  # vectors a list
_ROUNDS = 8
_CHUNK = 65_536


@dataclass(frozen=True)
class Base:
    """`ids` int64 [N] ascending, `rows` float16 [N, D] mapped, `index` over positions 0..N-1."""

    index: Any
    ids: NDArray[np.int64]
    rows: NDArray[np.float16]
    name: str
    sha256: str

    @staticmethod
    def build(folder: Path, name: str, found: Vectors) -> Base:
        """Make and write a base of these rows (ids ascending), which must fit into memory."""
        count, dim = found.vectors.shape
        lists = min(LISTS, max(1, int(4 * count**0.5)))
        faiss.omp_set_num_threads(1)
        index: Any = faiss.index_factory(
            dim, f"IVF{lists},PQ{dim // 2}x4fs", faiss.METRIC_INNER_PRODUCT
        )
        index.cp.niter = _ROUNDS
        index.cp.min_points_per_centroid = 1  # or it warns
        chosen = np.random.default_rng(0).permutation(count)[: _TRAINED * lists]
        index.train(np.asarray(found.vectors[np.sort(chosen)], np.float32))
        for at in range(0, count, _CHUNK):
            index.add(checked_rows(found.vectors[at : at + _CHUNK], dim))
        folder.mkdir(parents=True, exist_ok=True)
        index_path, ids_path, rows_path = _paths(folder, name)
        faiss.write_index(index, str(index_path))
        np.asarray(found.ids, "<i8").tofile(ids_path)
        with rows_path.open("wb") as file:
            for at in range(0, count, _CHUNK):
                np.asarray(found.vectors[at : at + _CHUNK], "<f2").tofile(file)
        for path in _paths(folder, name):
            fsync_path(path)
        return Base.load(folder, name, dim)

    @staticmethod
    def load(folder: Path, name: str, dim: int, sha256: str | None = None) -> Base:
        """Open what `build` wrote. `MismatchError` when its bytes are not those of `sha256`."""
        index_path, ids_path, rows_path = _paths(folder, name)
        digest = _digest(folder, name)
        if sha256 not in (None, digest):
            raise MismatchError(
                f"the saved index has base {digest[:12]}, its manifest says {str(sha256)[:12]}; "
                "it is made anew from the vectors"
            )
        ids = np.fromfile(ids_path, "<i8")
        rows = np.memmap(rows_path, "<f2", "r", shape=(len(ids), dim))
        return Base(faiss.read_index(str(index_path)), ids, rows, name, digest)

    @property
    def lists(self) -> int:
        """How many inverted lists there are."""
        return int(self.index.nlist)

    def positions(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the ids are; -1 for those that are not here."""
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[at] == ids, at, -1)


class LargeStore:
    """A base, what came since and what went since."""

    def __init__(self, base: Base, fresh: FaissStore, gone: NDArray[np.int64]) -> None:
        """`gone` are positions in the base, ascending."""
        self.base, self.fresh, self.gone = base, fresh, gone

    @property
    def dim(self) -> int:
        """See `VectorStore.dim`."""
        return self.fresh.dim

    def __len__(self) -> int:
        return len(self.base.ids) - len(self.gone) + len(self.fresh)

    @property
    def is_worn(self) -> bool:
        """True when so much has changed that a new base is due."""
        return 8 * (len(self.fresh) + len(self.gone)) > len(self.base.ids)

    def changed(self, removed: NDArray[np.int64], found: Vectors) -> LargeStore:
        """See `StoreKeeper.changed`."""
        if (self.base.positions(found.ids) >= 0).any():
            raise VectorError("an id is given twice or is in the store already")
        fresh = self.fresh.clone()
        fresh.remove(removed)
        fresh.add(found.ids, found.vectors)
        at = self.base.positions(removed)
        return LargeStore(self.base, fresh, np.union1d(self.gone, at[at >= 0]))

    def vectors(self) -> Vectors:
        """All that is here, by ascending id."""
        kept = np.flatnonzero(self._alive)
        fresh = self.fresh.ids()
        ids = np.concatenate([self.base.ids[kept], fresh])
        rows = np.concatenate([self.base.rows[kept], self.fresh.rows(fresh).astype(np.float16)])
        order = np.argsort(ids)
        return Vectors(ids[order], rows[order])

    def search(
        self, vectors: NDArray[np.floating], k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> Neighbours:
        """See `VectorStore.search`; nearly exact, see `docs/benchmark/scale.md`."""
        rows = checked_rows(vectors, self.dim)
        require_k(k)
        result = Neighbours.none(len(rows), k)
        fresh = self.fresh.search(rows, k, allowed=allowed)
        for row, (ids, scores) in enumerate(self._candidates(rows, k, allowed)):
            ids = np.concatenate([ids, fresh.ids[row]])
            scores = np.concatenate([scores, fresh.scores[row]])
            best = np.argsort(-scores, kind="stable")[:k]
            result.ids[row, : len(best)] = ids[best]
            result.scores[row, : len(best)] = scores[best]
        return result

    def score(self, vectors: NDArray[np.floating], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorStore.score`."""
        rows = checked_rows(vectors, self.dim)
        at = self.base.positions(np.asarray(ids, np.int64))
        if np.isin(at, self.gone).any():
            raise VectorError(f"one of {len(ids)} ids is not in the store")
        scores = np.empty((len(rows), len(ids)), np.float32)
        here = at >= 0
        scores[:, here] = rows @ self._exact(at[here]).T
        scores[:, ~here] = self.fresh.score(rows, ids[~here])
        return scores

    def _candidates(
        self, rows: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Of each query the base's ids and their exact scores, at least k where there are k."""
        if allowed is None:
            mask = self._alive if len(self.gone) else None
            reachable = len(self.base.ids) - len(self.gone)
        else:
            at = self.base.positions(allowed)
            mask = np.zeros(len(self.base.ids), bool)
            mask[at[at >= 0]] = True
            mask &= self._alive
            reachable = int(mask.sum())
        if mask is not None and reachable <= _FEW:
            at = np.flatnonzero(mask)
            stored = self._exact(at)
            yield from ((self.base.ids[at], stored @ row) for row in rows)
            return
        for row, at in zip(rows, self._near(rows, k, mask, reachable), strict=True):
            at = at[at >= 0]
            yield self.base.ids[at], self._exact(at) @ row

    def _near(
        self, rows: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None, reachable: int
    ) -> NDArray[np.int64]:
        """Positions [N, R] by their codes; more lists are read until there are k."""
        lists = self.base.lists
        wanted = min(k, reachable)
        more = max(1.0, len(self.base.ids) / MEASURED) ** _GROWTH
        taken = min(reachable, max(int(RERANKED * more), 2 * k))
        probes = min(lists, (PROBES + k // _DEEPER) * -(-len(self.base.ids) // reachable))
        bits = None if mask is None else np.packbits(mask, bitorder="little")
        faiss.omp_set_num_threads(1)  # holds for the calling thread only
        while True:
            parameters = _parameters(probes, bits)
            _, at = self.base.index.search(rows, taken, params=parameters)
            if probes >= lists or ((at >= 0).sum(axis=1) >= wanted).all():
                return np.asarray(at, np.int64)
            probes = min(lists, 4 * probes)

    def _exact(self, at: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(self.base.rows[at], np.float32)

    @cached_property
    def _alive(self) -> NDArray[np.bool_]:
        mask = np.ones(len(self.base.ids), bool)
        mask[self.gone] = False
        return mask


def _parameters(probes: int, bits: NDArray[np.uint8] | None) -> Any:
    library: Any = faiss  # the stubs know C++'s signatures only
    chosen = {} if bits is None else {"sel": library.IDSelectorBitmap(bits)}
    return library.SearchParametersIVF(nprobe=probes, **chosen)


def drop_bases(folder: Path, keep: str) -> None:
    """Delete the files of every base but one; who has them open goes on reading."""
    for path in folder.glob("base-*"):
        if path.name.split(".")[0] != keep:
            path.unlink(missing_ok=True)


def _paths(folder: Path, name: str) -> tuple[Path, Path, Path]:
    return folder / f"{name}.faiss", folder / f"{name}.ids", folder / f"{name}.rows"


def _digest(folder: Path, name: str) -> str:
    whole = hashlib.sha256()
    for path in _paths(folder, name):
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
