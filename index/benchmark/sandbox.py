"""A copy of the catalogue that a run may change."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from db.session import open_database, sqlite_path
from index.bootstrap import open_catalog
from index.builder import Embedder
from index.catalog import FontCatalog
from index.settings import Settings


@contextmanager
def temporary_copy(
    settings: Settings, embedder: Embedder, *, without: Collection[str] = ()
) -> Iterator[tuple[Settings, FontCatalog]]:
    """The catalogue of `settings` in a folder that goes when the block ends.

    Where there is no SQLite file yet it is the shipped catalogue, as on a first start. The
    font files of Google Fonts are the same ones: nothing writes to them. The families `without`
    are taken out, and so is everything that is their twin.
    """
    with tempfile.TemporaryDirectory(prefix="fontkin-benchmark-") as folder:
        copied = replace(settings, data=Path(folder), database_url="", vectors="")
        _copy(settings.database_url, copied.database_url)
        if settings.fonts.is_dir():
            copied.fonts.symlink_to(settings.fonts.resolve(), target_is_directory=True)
        if without:
            open_catalog(copied, embedder=embedder).close()  # a first start brings the families
            _take_out(copied, without)
        with closing(open_catalog(copied, embedder=embedder)) as catalog:
            yield copied, catalog


def _take_out(settings: Settings, families: Collection[str]) -> None:
    """One change for all: the index is made anew at the next start."""
    with closing(open_database(settings.database_url)) as database, database.write() as rows:
        twins = {twin.twin_id for twin in rows.twins.all() if twin.family_id in families}
        for family_id in {*families, *twins}:
            rows.remove_family(family_id)
        rows.state.grow()


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
