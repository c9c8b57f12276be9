"""A copy of the catalogue that a run may change."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from index.bootstrap import open_catalog
from index.builder import Embedder
from index.catalog import FontCatalog
from index.settings import Settings

_SQLITE = "sqlite:///"


@contextmanager
def temporary_copy(
    settings: Settings, embedder: Embedder
) -> Iterator[tuple[Settings, FontCatalog]]:
    """The catalogue of `settings` in a folder that goes when the block ends.

    Where there is no SQLite file yet it is the shipped catalogue, as on a first start.
    """
    with tempfile.TemporaryDirectory(prefix="fontkin-benchmark-") as folder:
        copied = replace(settings, data=Path(folder), database_url="")
        _copy(settings.database_url, copied.database_url)
        with closing(open_catalog(copied, embedder=embedder)) as catalog:
            yield copied, catalog


def _copy(source_url: str, target_url: str) -> None:
    source = Path(source_url.removeprefix(_SQLITE))
    if not source_url.startswith(_SQLITE) or not source.is_file():
        return
    # SQLite's own copy is of one moment, also while somebody writes.
    with (
        closing(sqlite3.connect(f"file:{source.resolve()}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(target_url.removeprefix(_SQLITE))) as write,
    ):
        read.backup(write)
