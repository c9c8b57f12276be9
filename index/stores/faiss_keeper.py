"""Stores of FAISS in the data folder: exact up to a few hundred thousand vectors, then inverted."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.records import StateRecord, Vectors
from index.stores.base import VectorStore
from index.stores.faiss import FaissStore, read_manifest
from index.stores.faiss_large import Base, LargeStore, drop_bases

EXACT_MOST = 300_000  # vectors that are compared one by one; docs/benchmark/scale.md says why


class FaissKeeper:
    """One file, `path`, with a manifest beside it, and a large store's base in the same folder.

    Each process maps or reads its own.
    """

    is_shared = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, state: StateRecord) -> FaissStore | LargeStore:
        """See `StoreKeeper.load`."""
        manifest = read_manifest(self._path)
        store = FaissStore.load(self._path, dim=state.dim, **_identity(state))
        if not manifest.base:
            return store
        base = Base.load(self._path.parent, manifest.base, state.dim, manifest.base_sha256)
        before = self._path.stat().st_size - 8 * manifest.gone
        return LargeStore(base, store, np.fromfile(self._path, "<i8", offset=before))

    def made(self, state: StateRecord, rows: Vectors) -> FaissStore | LargeStore:
        """See `StoreKeeper.made`."""
        store = FaissStore(state.dim)
        if len(rows.ids) <= EXACT_MOST:
            store.add(rows.ids, rows.vectors)
            return store
        base = Base.build(self._path.parent, f"base-{secrets.token_hex(4)}", rows)
        return LargeStore(base, store, np.empty(0, np.int64))

    def changed(
        self, store: VectorStore, state: StateRecord, removed: NDArray[np.int64], rows: Vectors
    ) -> FaissStore | LargeStore:
        """See `StoreKeeper.changed`."""
        old = _own(store)
        if isinstance(old, LargeStore):
            large = old.changed(removed, rows)
            return self.made(state, large.vectors()) if large.is_worn else large
        copy = old.clone()
        copy.remove(removed)
        copy.add(rows.ids, rows.vectors)
        return copy

    def save(self, store: VectorStore, state: StateRecord) -> None:
        """See `StoreKeeper.save`."""
        own = _own(store)
        if isinstance(own, LargeStore):
            about: dict[str, Any] = {"base": own.base.name, "base_sha256": own.base.sha256}
            own.fresh.save(self._path, gone=own.gone, **about, **_identity(state))
            drop_bases(self._path.parent, own.base.name)
        else:
            own.save(self._path, **_identity(state))
            drop_bases(self._path.parent, "")

    def close(self) -> None:
        """See `StoreKeeper.close`; there is nothing to give back."""


def _own(store: VectorStore) -> FaissStore | LargeStore:
    if not isinstance(store, FaissStore | LargeStore):
        raise TypeError(f"{type(store).__name__} is not one of FAISS's")
    return store


def _identity(state: StateRecord) -> dict[str, Any]:
    return {
        "generation": state.generation,
        "encoder_sha256": state.encoder_sha256,
        "prepare_version": state.prepare_version,
    }
