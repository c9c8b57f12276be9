"""A copy of the catalogue that a run may change."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from db.session import sqlite_path
from index.bootstrap import open_catalog
from index.builder import Embedder
from index.catalog import FontCatalog
from index.settings import Settings


@contextmanager
def temporary_copy(
    settings: Settings, embedder: Embedder
) -> Iterator[tuple[Settings, FontCatalog]]:
    """The catalogue of `settings` in a folder that goes when the block ends.

    Where there is no SQLite file yet it is the shipped catalogue, as on a first start. The
    font files of Google Fonts are the same ones: nothing writes to them.
    """
    with tempfile.TemporaryDirectory(prefix="fontkin-benchmark-") as folder:
        copied = replace(settings, data=Path(folder), database_url="", vectors="")
        _copy(settings.database_url, copied.database_url)
        if settings.fonts.is_dir():
            copied.fonts.symlink_to(settings.fonts.resolve(), target_is_directory=True)
        with closing(open_catalog(copied, embedder=embedder)) as catalog:
            yield copied, catalog


def _copy(source_url: str, target_url: str) -> None:
    source, target = sqlite_path(source_url), sqlite_path(target_url)
    if source is None or target is None or not source.is_file():
        return
    # SQLite's own copy is of one moment, also while somebody writes.
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(target)) as write,
    ):
        read.backup(write)
