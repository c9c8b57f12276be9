"""Vectors in Milvus: a file runs Milvus Lite inside this process, an address is a cluster.

One collection holds the vectors of all processes; an alias names it, and a rebuild fills a new
one before the alias moves. Every row says at which generation it came (`born`) and went
(`died`), so that each process goes on seeing exactly the catalogue that it has read, while
another one adds and removes. The row under MARK says how far the collection is written.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.records import StateRecord, Vectors
from index.errors import MismatchError
from index.stores.base import (
    Neighbours,
    VectorError,
    VectorStore,
    checked_ids,
    checked_rows,
    require_k,
)
from index.stores.milvus_client import Connection, library
from index.stores.milvus_filters import clause
from index.stores.recent import Recent

ALIAS = "fontkin"
MARK = -1  # a row that is no sample
_FOREVER = 2**62
_MOST = 16_384  # rows that Milvus gives at once
_BATCH = 4096
_PURGE_SECONDS = 60  # after which no process can still be on a generation that had a row
_EXACT_MOST = 300_000  # vectors; above them a graph is searched
_FORMAT = 1


class MilvusKeeper:
    """Collections behind one alias; safe to share among threads and processes."""

    is_shared = True

    def __init__(self, address: str) -> None:
        """`address` as in `Connection`."""
        self._connection = Connection(address)

    def load(self, state: StateRecord) -> MilvusStore:
        """See `StoreKeeper.load`."""
        with self._connection.answering():
            name = self._current()
            if name is None:
                raise MismatchError(f"{self._connection.name} holds no collection {ALIAS} yet")
            _require(name, state)
            self._client.load_collection(name)  # Milvus Lite forgets that at its end
            mark = self._client.get(name, ids=[MARK], output_fields=["died"], **_STRONG)
            written = mark[0]["died"] if mark else -1
            if written < state.generation:
                raise MismatchError(
                    f"collection {name} is at generation {written}, the catalogue at "
                    f"{state.generation}; it is made anew from the vectors"
                )
            return self._store(name, state)

    def made(self, state: StateRecord, rows: Vectors) -> MilvusStore:
        """See `StoreKeeper.made`; the collection that the last rebuild replaced goes now."""
        checked_ids(rows.ids, len(rows.vectors), np.empty(0, np.int64))
        with self._connection.answering():
            self._drop_leftovers()
            name = f"{_kind(state)}_{state.generation}_{secrets.token_hex(4)}"
            self._create(name, state, len(rows.ids))
            self._insert(name, rows, born=0, dim=state.dim)
            self._mark(name, state)
            self._client.flush(name)
            self._client.load_collection(name)
            return self._store(name, state)

    def changed(
        self, store: VectorStore, state: StateRecord, removed: NDArray[np.int64], rows: Vectors
    ) -> MilvusStore:
        """See `StoreKeeper.changed`; nobody sees the rows before the database says so."""
        old = _own(store)
        with self._connection.answering():
            self._settle(old.collection, old.generation)
            self._insert(old.collection, rows, born=state.generation, dim=state.dim)
            now = int(time.time())
            self._bury(old.collection, removed.tolist(), died=state.generation, ended=now)
            self._mark(old.collection, state)
            return self._store(old.collection, state, old.recent)

    def save(self, store: VectorStore, state: StateRecord) -> None:
        """See `StoreKeeper.save`: the alias moves to the store's collection."""
        name = _own(store).collection
        with self._connection.answering():
            current = self._current()
            if current is None:
                self._client.create_alias(name, ALIAS)
            elif current != name:
                self._client.alter_alias(name, ALIAS)

    def close(self) -> None:
        """See `StoreKeeper.close`."""
        self._connection.close()

    @property
    def _client(self) -> Any:
        return self._connection.client

    def _current(self) -> str | None:
        """The collection that the alias names."""
        for name in self._collections():
            if ALIAS in self._client.list_aliases(name)["aliases"]:
                return name
        return None

    def _collections(self) -> list[str]:
        return sorted(n for n in self._client.list_collections() if n.startswith(f"{ALIAS}_"))

    def _drop_leftovers(self) -> None:
        """Of a rebuild that was cut off, and what the last one replaced: nobody reads them."""
        current = self._current()
        for name in self._collections():
            if name != current:
                self._client.drop_collection(name)

    def _create(self, name: str, state: StateRecord, count: int) -> None:
        kind = library().DataType
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", kind.INT64, is_primary=True)
        schema.add_field("vector", kind.FLOAT_VECTOR, dim=state.dim)
        for field in ("born", "died", "ended"):
            schema.add_field(field, kind.INT64)
        index = self._client.prepare_index_params()
        if count <= _EXACT_MOST:
            index.add_index("vector", index_type="FLAT", metric_type="IP")
        else:
            graph = {"M": 16, "efConstruction": 200}
            index.add_index("vector", index_type="HNSW", metric_type="IP", params=graph)
        self._client.create_collection(
            name, schema=schema, index_params=index, consistency_level="Bounded"
        )

    def _insert(self, name: str, rows: Vectors, *, born: int, dim: int) -> None:
        vectors = checked_rows(rows.vectors, dim)
        for at in range(0, len(rows.ids), _BATCH):
            ids = rows.ids[at : at + _BATCH].tolist()
            self._client.upsert(  # a row of a writer that died may be there already
                name,
                [
                    {"id": i, "vector": v, "born": born, "died": _FOREVER, "ended": 0}
                    for i, v in zip(ids, vectors[at : at + _BATCH], strict=True)
                ],
            )

    def _mark(self, name: str, state: StateRecord) -> None:
        vector = np.zeros(state.dim, np.float32)
        vector[0] = 1
        row = {"id": MARK, "born": _FOREVER, "died": state.generation, "ended": 0}
        self._client.upsert(name, [row | {"vector": vector}])

    def _settle(self, name: str, generation: int) -> None:
        """Undo what a writer left that never committed; drop rows that nobody can see any more."""
        self._client.delete(name, filter=f"id >= 0 and born > {generation}")
        undead = f"id >= 0 and died > {generation} and died < {_FOREVER}"
        while rows := self._client.query(
            name, undead, output_fields=["id"], limit=_BATCH, **_STRONG
        ):
            self._bury(name, [row["id"] for row in rows], died=_FOREVER, ended=0)
        old = int(time.time()) - _PURGE_SECONDS
        self._client.delete(name, filter=f"id >= 0 and died <= {generation} and ended < {old}")

    def _bury(self, name: str, ids: Sequence[int], *, died: int, ended: int) -> None:
        for at in range(0, len(ids), _BATCH):
            rows = [{"id": i, "died": died, "ended": ended} for i in ids[at : at + _BATCH]]
            self._client.upsert(name, rows, partial_update=True)

    def _store(self, name: str, state: StateRecord, recent: Recent | None = None) -> MilvusStore:
        """Counting waits until the collection shows all that was written."""
        seen = _visible(state.generation)
        (row,) = self._client.query(name, seen, output_fields=["count(*)"], **_STRONG)
        return MilvusStore(self, name, state, int(row["count(*)"]), recent or Recent(state.dim))

    def nearest(
        self, name: str, rows: NDArray[np.float32], k: int, condition: str
    ) -> list[tuple[list[int], list[float]]]:
        """Ids and scores of at most `k` rows that meet `condition`, for each of `rows`."""
        with self._connection.answering():
            found = self._client.search(
                name,
                data=list(rows),
                limit=k,
                filter=condition,
                output_fields=["id"],
                search_params={"metric_type": "IP", "params": {"ef": max(2 * k, 200)}},
            )
        return [(list(hits.ids), list(hits.distances)) for hits in found]

    def vectors(self, name: str, ids: Sequence[int], generation: int) -> dict[int, Any]:
        """Id -> its vector, of those that were there at the generation."""
        found: dict[int, Any] = {}
        with self._connection.answering():
            for at in range(0, len(ids), _BATCH):
                condition = f"{_visible(generation)} and id in {list(ids[at : at + _BATCH])}"
                rows = self._client.query(name, condition, output_fields=["id", "vector"])
                found |= {row["id"]: row["vector"] for row in rows}
        return found


class MilvusStore:
    """What one collection holds at one generation."""

    def __init__(
        self, keeper: MilvusKeeper, name: str, state: StateRecord, count: int, recent: Recent
    ) -> None:
        self._keeper = keeper
        self._count = count
        self.collection = name
        self.generation = state.generation
        self.recent = recent

    @property
    def dim(self) -> int:
        """See `VectorStore.dim`."""
        return self.recent.dim

    def __len__(self) -> int:
        return self._count

    def search(
        self, vectors: NDArray[np.floating], k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> Neighbours:
        """See `VectorStore.search`; Milvus finds at most 16,384 of k."""
        rows = checked_rows(vectors, self.dim)
        require_k(k)
        result = Neighbours.none(len(rows), k)
        depth = min(k, len(self) if allowed is None else len(allowed), _MOST)
        if depth and len(self) and len(rows):
            condition = _visible(self.generation)
            if allowed is not None:
                condition += f" and {clause(allowed)}"
            near = self._keeper.nearest(self.collection, rows, depth, condition)
            for row, (ids, scores) in enumerate(near):
                result.ids[row, : len(ids)] = ids
                result.scores[row, : len(ids)] = scores
        return result

    def score(self, vectors: NDArray[np.floating], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorStore.score`; vectors that were asked for lately are kept here."""
        rows = checked_rows(vectors, self.dim)
        if not len(ids):
            return np.empty((len(rows), 0), np.float32)
        stored = self.recent.get(
            ids.tolist(), lambda lost: self._keeper.vectors(self.collection, lost, self.generation)
        )
        if stored is None:
            raise VectorError(f"one of {len(ids)} ids is not in the store")
        return np.asarray(rows @ stored.T, np.float32)


_STRONG = {"consistency_level": "Strong"}


def _visible(generation: int) -> str:
    return f"born <= {generation} and died > {generation}"


def _own(store: VectorStore) -> MilvusStore:
    if not isinstance(store, MilvusStore):
        raise TypeError(f"{type(store).__name__} is not one of Milvus'")
    return store


def _kind(state: StateRecord) -> str:
    """How the name of a collection begins: what its vectors are."""
    encoder = f"{state.encoder_sha256[:16]}_{state.prepare_version}"
    return f"{ALIAS}_{_FORMAT}_{encoder}_{state.dim}"


def _require(name: str, state: StateRecord) -> None:
    if not name.startswith(f"{_kind(state)}_"):
        raise MismatchError(
            f"{ALIAS} names collection {name}, the catalogue needs one {_kind(state)}_...; "
            "it is made anew from the vectors"
        )
