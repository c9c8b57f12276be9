"""Which vector store the settings name."""

from __future__ import annotations

from index.settings import Settings
from index.stores.base import StoreKeeper
from index.stores.faiss_keeper import FaissKeeper
from index.stores.milvus import MilvusKeeper


def open_stores(settings: Settings) -> StoreKeeper:
    """The keeper of the catalogue's vector stores."""
    kind, _, address = settings.vectors.partition(":")
    return MilvusKeeper(address) if kind == "milvus" else FaissKeeper(settings.index_path)
