"""More vectors than an exact search answers in time: an inverted file, re-ranked exactly.

The base never changes: codes in inverted lists (64 bytes a vector of 256 numbers) find candidates,
whose float16 rows, on disk and mapped, give the exact scores. FAISS reads these itself: numpy takes
four times as long for half floats. Codes see the vectors' principal directions, evenly mixed, four
bits of each; a graph over the lists' centroids says which to read. What was added since is a small
exact store beside it, what was removed is masked; so a change copies little, and searches go on
over the old ones. When both have grown the keeper makes a new base.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from db.records import Vectors
from index.errors import MismatchError
from index.files import fsync_path
from index.stores.base import Neighbours, VectorError, checked_rows, require_k
from index.stores.faiss import FaissStore, half_floats, inner_products, selector, stored_rows

# What finds 0.99 of the exact five nearest, by measurement: docs/benchmark/scale.md.
LISTS = 4096
PROBES = 12  # lists that are read for k = 5, one more for each _DEEPER of k
RERANKED = 50  # candidates at least, of each query: so many up to ...
MEASURED = 1_000_000  # ... this many vectors; above, they grow with ...
_GROWTH = 0.3  # ... this power of the size
_DIRECTIONS = 128  # that codes see: 98.5 % of the squared length of a font's vector
_LINKS = 16  # of each list in the graph over them, ...
_EFFORT = 32  # ... of which so many are looked at, or as many as are read
_DEEPER = 8
_FEW = 20_000  # allowed vectors that are scored one by one
_TRAINED = 32  # vectors a list
_ROUNDS = 8
_CHUNK = 65_536
_library: Any = faiss  # the stubs know C++'s signatures only


@dataclass(frozen=True)
class Base:
    """`ids` int64 [N] ascending; `index` and `exact`, which is mapped, over positions 0..N-1."""

    index: Any
    ids: NDArray[np.int64]
    exact: Any
    name: str
    sha256: str

    @staticmethod
    def build(folder: Path, name: str, found: Vectors) -> Base:
        """Make and write a base of these rows (ids ascending), which must fit into memory twice."""
        count, dim = found.vectors.shape
        lists = min(LISTS, max(1, int(4 * count**0.5)))
        faiss.omp_set_num_threads(1)
        chosen = np.random.default_rng(0).permutation(count)[: _TRAINED * lists]
        sample = np.asarray(found.vectors[np.sort(chosen)], np.float32)
        turning = _turning(sample, min(dim, _DIRECTIONS))
        codes: Any = faiss.index_factory(
            turning.d_out,
            f"IVF{lists}_HNSW{_LINKS},PQ{turning.d_out}x4fsr",
            faiss.METRIC_INNER_PRODUCT,
        )
        codes.cp.niter = _ROUNDS
        codes.cp.min_points_per_centroid = 1  # or it warns
        index: Any = faiss.IndexPreTransform(turning, codes)
        index.train(sample)
        for at in range(0, count, _CHUNK):
            index.add(checked_rows(found.vectors[at : at + _CHUNK], dim))
        folder.mkdir(parents=True, exist_ok=True)
        index_path, ids_path, rows_path = _paths(folder, name)
        faiss.write_index(index, str(index_path))
        np.asarray(found.ids, "<i8").tofile(ids_path)
        faiss.write_index(_exact(found.vectors), str(rows_path))
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
        index: Any = faiss.read_index(str(index_path))
        if not isinstance(index, faiss.IndexPreTransform):
            raise MismatchError(
                f"{index_path.name} is of an older release; it is made anew from the vectors"
            )
        ids = np.fromfile(ids_path, "<i8")
        exact: Any = faiss.read_index(str(rows_path), faiss.IO_FLAG_MMAP_IFC)
        return Base(index, ids, exact, name, digest)

    @cached_property
    def lists(self) -> int:
        """How many inverted lists there are."""
        return int(faiss.extract_index_ivf(self.index).nlist)

    @cached_property
    def rows(self) -> NDArray[np.float16]:
        """float16 [N, D], mapped: only what is read comes into memory."""
        return stored_rows(self.exact)

    @cached_property
    def refined(self) -> Any:
        """The index that finds by codes and scores by rows."""
        return faiss.IndexRefine(self.index, self.exact)

    def compared(
        self, rows: NDArray[np.float32], k: int, only: Any
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and positions [N, k] of the nearest that the selector lets through, all read."""
        scores, at = self.exact.search(rows, k, params=_library.SearchParameters(sel=only))
        return scores, at

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
        rows = np.concatenate([self.base.rows[kept], self.fresh.rows(fresh)])
        order = np.argsort(ids)
        return Vectors(ids[order], rows[order])

    def search(
        self, vectors: NDArray[np.floating], k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> Neighbours:
        """See `VectorStore.search`; nearly exact, see `docs/benchmark/scale.md`."""
        rows = checked_rows(vectors, self.dim)
        require_k(k)
        found = self._of_base(rows, k, allowed)
        if not len(self.fresh):
            return found
        fresh = self.fresh.search(rows, k, allowed=allowed)
        ids = np.concatenate([found.ids, fresh.ids], axis=1)
        scores = np.concatenate([found.scores, fresh.scores], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        found.ids[:] = np.take_along_axis(ids, best, axis=1)
        found.scores[:] = np.take_along_axis(scores, best, axis=1)
        return found

    def score(self, vectors: NDArray[np.floating], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorStore.score`."""
        rows = checked_rows(vectors, self.dim)
        at = self.base.positions(np.asarray(ids, np.int64))
        if np.isin(at, self.gone).any():
            raise VectorError(f"one of {len(ids)} ids is not in the store")
        scores = np.empty((len(rows), len(ids)), np.float32)
        here = at >= 0
        scores[:, here] = inner_products(rows, self.base.rows, at[here])
        scores[:, ~here] = self.fresh.score(rows, ids[~here])
        return scores

    def _of_base(
        self, rows: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> Neighbours:
        """The base's nearest of each query, with exact scores."""
        result = Neighbours.none(len(rows), k)
        mask = self._reachable(allowed)
        reachable = len(self.base.ids) if mask is None else int(mask.sum())
        depth = min(k, reachable)
        if not depth or not len(rows):
            return result
        faiss.omp_set_num_threads(1)  # holds for the calling thread only
        if mask is not None and reachable <= _FEW:
            scores, at = self.base.compared(rows, depth, selector(mask))
        else:
            scores, at = self._near(rows, depth, mask, reachable)
        result.scores[:, :depth] = scores
        result.ids[:, :depth] = self.base.ids[at]
        return result

    def _reachable(self, allowed: NDArray[np.int64] | None) -> NDArray[np.bool_] | None:
        """Which of the base's positions may be found; None for all."""
        if allowed is None:
            return self._alive if len(self.gone) else None
        at = self.base.positions(allowed)
        mask = np.zeros(len(self.base.ids), bool)
        mask[at[at >= 0]] = True
        return mask & self._alive

    def _near(
        self, rows: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None, reachable: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and positions [N, k]; more lists are read until there are k."""
        lists = self.base.lists
        more = max(1.0, len(self.base.ids) / MEASURED) ** _GROWTH
        compared = min(reachable, max(int(RERANKED * more), 2 * k))
        probes = min(lists, (PROBES + k // _DEEPER) * -(-len(self.base.ids) // reachable))
        only = None if mask is None else selector(mask)
        while True:
            wanted = probes, -(-compared // k)
            effort = _kept_effort(*wanted) if only is None else _effort(*wanted, only)
            scores, at = self.base.refined.search(rows, k, params=effort)
            if (at >= 0).all():
                return scores, at
            if probes >= lists:  # a list that the graph does not lead to
                return self.base.compared(rows, k, only)
            probes = min(lists, 4 * probes)

    @cached_property
    def _alive(self) -> NDArray[np.bool_]:
        mask = np.ones(len(self.base.ids), bool)
        mask[self.gone] = False
        return mask


def _turning(sample: NDArray[np.float32], directions: int) -> Any:
    """From the sample's [N, D] principal directions to as many that share their length evenly.

    Inner products stay what they are but for what is left out, so nothing is centred. Mixed at
    random: four bits of a direction that says much are too few, of one that says little too many.
    """
    dim = sample.shape[1]
    _, found = np.linalg.eigh((sample.T @ sample).astype(np.float64))
    mixing, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(directions, directions)))
    turning: Any = faiss.LinearTransform(dim, directions)
    faiss.copy_array_to_vector(
        np.asarray(mixing @ found[:, -directions:].T, np.float32).ravel(), turning.A
    )
    turning.is_trained = True
    return turning


def _effort(probes: int, factor: int, only: Any = None) -> Any:
    """How much of the index a search reads; it re-ranks `factor` times as many as are wanted."""
    graph = _library.SearchParametersHNSW(efSearch=max(probes, _EFFORT))
    lists = _library.SearchParametersIVF(nprobe=probes, quantizer_params=graph, sel=only)
    turned = _library.SearchParametersPreTransform(index_params=lists)
    return _library.IndexRefineSearchParameters(k_factor=factor, base_index_params=turned)


_kept_effort = lru_cache(maxsize=16)(_effort)  # to make one takes as long as a third of a search


def _exact(rows: NDArray[np.floating]) -> Any:
    """Half floats that FAISS compares one by one: it takes their bytes as they are."""
    index = half_floats(rows.shape[1])
    index.codes.resize(2 * rows.size)
    stored = stored_rows(index)
    for at in range(0, len(rows), _CHUNK):
        stored[at : at + _CHUNK] = rows[at : at + _CHUNK]
    index.ntotal = len(rows)
    return index


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
