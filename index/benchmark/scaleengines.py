"""The engines of the comparison at size: each is built, saved, opened and asked alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from db.records import StateRecord, Vectors
from index.stores import faiss_large
from index.stores.faiss_keeper import FaissKeeper
from index.stores.faiss_large import LargeStore

Ask = Callable[[NDArray[np.float32], int], NDArray[np.int64]]
"""(query [D], k) -> the ids that were found"""

_EFFORTS = (16, 32, 64, 128, 256, 512)
_LINKS, _BUILD_EFFORT = 16, 200  # of every graph: the authors' usual values


class Engine(Protocol):
    """One library with its settings. Ids are positions."""

    def build(self, rows: NDArray[np.float16], folder: Path) -> None:
        """Make the index and leave it in the folder."""

    def ways(self, folder: Path, dim: int) -> Iterator[tuple[str, Ask]]:
        """Open what lies there; every effort that can be asked for, by name."""


class Fontkin:
    """What `index.stores` chooses for the size, through its own interface."""

    def build(self, rows: NDArray[np.float16], folder: Path) -> None:
        keeper, state = FaissKeeper(folder / "index.faiss"), _state(rows.shape[1])
        keeper.save(keeper.made(state, Vectors(np.arange(len(rows)), rows)), state)

    def ways(self, folder: Path, dim: int) -> Iterator[tuple[str, Ask]]:
        store = FaissKeeper(folder / "index.faiss").load(_state(dim))

        def ask(query: NDArray[np.float32], k: int) -> NDArray[np.int64]:
            return store.search(query[None], k).ids[0]

        if not isinstance(store, LargeStore):
            yield "exact", ask
            return
        chosen = (faiss_large.PROBES, faiss_large.RERANKED)
        for probes, reranked in ((4, 20), (8, 30), chosen, (24, 120), (48, 400)):
            faiss_large.PROBES, faiss_large.RERANKED = probes, reranked
            mark = " (chosen)" if (probes, reranked) == chosen else ""
            yield f"{probes} lists, {reranked} re-ranked{mark}", ask


class Hnswlib:
    """The graph by its first authors; float32."""

    def build(self, rows: NDArray[np.float16], folder: Path) -> None:
        index = _hnswlib(rows.shape[1])
        index.init_index(len(rows), ef_construction=_BUILD_EFFORT, M=_LINKS, random_seed=0)
        for at in range(0, len(rows), 10_000):
            part = np.asarray(rows[at : at + 10_000], np.float32)
            index.add_items(part, np.arange(at, at + len(part)), num_threads=1)
        index.save_index(str(folder / "hnswlib"))

    def ways(self, folder: Path, dim: int) -> Iterator[tuple[str, Ask]]:
        index = _hnswlib(dim)
        index.load_index(str(folder / "hnswlib"))

        def ask(query: NDArray[np.float32], k: int) -> NDArray[np.int64]:
            found: NDArray[np.int64] = index.knn_query(query[None], k, num_threads=1)[0][0]
            return found

        for effort in _EFFORTS:
            index.set_ef(effort)
            yield f"ef {effort}", ask


class Usearch:
    """A graph over float16."""

    def build(self, rows: NDArray[np.float16], folder: Path) -> None:
        index = _usearch(rows.shape[1])
        for at in range(0, len(rows), 10_000):
            part = np.asarray(rows[at : at + 10_000])
            index.add(np.arange(at, at + len(part)), part, threads=1)
        index.save(str(folder / "usearch"))

    def ways(self, folder: Path, dim: int) -> Iterator[tuple[str, Ask]]:
        index = _usearch(dim)
        index.load(str(folder / "usearch"))

        def ask(query: NDArray[np.float32], k: int) -> NDArray[np.int64]:
            return np.asarray(index.search(query, k, threads=1).keys, np.int64)

        for effort in _EFFORTS:
            index.expansion_search = effort
            yield f"ef {effort}", ask


class MilvusLite:
    """A graph over float32, through the server that runs in the process."""

    def build(self, rows: NDArray[np.float16], folder: Path) -> None:
        from index.stores.milvus import MilvusKeeper

        keeper, state = MilvusKeeper(str(folder / "milvus.db")), _state(rows.shape[1])
        keeper.save(keeper.made(state, Vectors(np.arange(len(rows)), rows)), state)
        keeper.close()

    def ways(self, folder: Path, dim: int) -> Iterator[tuple[str, Ask]]:
        from index.stores.milvus import MilvusKeeper

        store = MilvusKeeper(str(folder / "milvus.db")).load(_state(dim))
        yield "as Fontkin uses it", lambda query, k: store.search(query[None], k).ids[0]


ENGINES: dict[str, type[Engine]] = {
    "Fontkin": Fontkin,
    "hnswlib": Hnswlib,
    "usearch": Usearch,
    "Milvus Lite": MilvusLite,
}


def _state(dim: int) -> StateRecord:
    return StateRecord(1, "0" * 64, 1, dim)


def _hnswlib(dim: int) -> Any:
    import hnswlib

    return hnswlib.Index("ip", dim)


def _usearch(dim: int) -> Any:
    from usearch.index import Index

    return Index(
        ndim=dim, metric="ip", dtype="f16", connectivity=_LINKS, expansion_add=_BUILD_EFFORT
    )
