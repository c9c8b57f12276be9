"""A data folder that cannot be written: searches go on, from a copy elsewhere."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from db.session import sqlite_path
from index.settings import Settings

log = logging.getLogger(__name__)


def is_writable(settings: Settings) -> bool:
    """Whether the data folder and the folder of an SQLite database can be written."""
    database = sqlite_path(settings.database_url)
    folders = [settings.data] if database is None else [settings.data, database.parent]
    return all(_can_write(folder) for folder in folders)


def copied(settings: Settings, folder: tempfile.TemporaryDirectory[str]) -> Settings:
    """Settings of a copy of database and index in `folder`.

    SQLite cannot open a database with a WAL where it cannot write, and rows may be in the WAL
    alone. Font files stay where they are.
    """
    target = replace(settings, data=Path(folder.name), database_url="")
    database = sqlite_path(settings.database_url)
    if database is None:
        target = replace(target, database_url=settings.database_url)
    else:
        for suffix in ("", "-wal"):
            _copy(Path(f"{os.fspath(database)}{suffix}"), target.data / f"catalog.db{suffix}")
    for path in settings.data.glob(f"{settings.index_path.stem}.*"):
        _copy(path, target.data / path.name)
    log.warning("%s cannot be written: searching in a copy, adding is refused", settings.data)
    return target


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copyfile(source, target)
