"""The shipped catalogue: write it, and put it in place at the first start."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from db.session import Database, open_database, sqlite_path
from index.errors import MismatchError
from index.files import sha256_of, write_whole
from index.settings import Settings
from index.sources import GOOGLE

CATALOG = "catalog.db"
MANIFEST = "manifest.json"


def write_prebuilt(database: Database, target: Path) -> dict[str, object]:
    """Write the families of Google Fonts to `target` as one file with a manifest.

    Returns the manifest. Own families stay at home.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CATALOG
        copy = open_database(f"sqlite:///{path}")
        _copy(database, copy)
        copy.compact()
        with copy.begin() as rows:
            state, counts = rows.state.get(), rows.counts()
        copy.close()
        data = path.read_bytes()
    if state is None:
        raise MismatchError(f"{database.name} holds no catalogue yet")
    manifest: dict[str, object] = {
        "encoder_sha256": state.encoder_sha256,
        "prepare_version": state.prepare_version,
        "dim": state.dim,
        **counts,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    write_whole(target / CATALOG, data)
    write_whole(target / MANIFEST, json.dumps(manifest, indent=1).encode() + b"\n")
    return manifest


def install_prebuilt(settings: Settings) -> bool:
    """Copy the shipped catalogue to where the database is to be, if there is none yet.

    Only into an SQLite file (`fill_from_prebuilt` is for other databases). Returns whether it
    was copied. Raises `MismatchError` when the file is not what its manifest says.
    """
    target = sqlite_path(settings.database_url)
    source = settings.prebuilt / CATALOG
    if target is None or target.exists() or require_whole(settings.prebuilt) is None:
        return False
    data = source.read_bytes()
    for leftover in ("-wal", "-shm"):  # of a database that somebody deleted
        Path(f"{os.fspath(target)}{leftover}").unlink(missing_ok=True)
    write_whole(target, data)
    return True


def fill_from_prebuilt(settings: Settings, database: Database) -> bool:
    """Write the shipped catalogue's rows into a database that is no file and has none yet.

    Returns whether they were written. Raises `MismatchError` as `install_prebuilt` does.
    """
    shared = sqlite_path(settings.database_url) is None
    if not shared or require_whole(settings.prebuilt) is None:
        return False
    with database.begin() as rows:
        if rows.state.get() is not None:
            return False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CATALOG
        shutil.copyfile(settings.prebuilt / CATALOG, path)
        with closing(open_database(f"sqlite:///{path}")) as shipped:
            _copy(shipped, database)
    return True


def require_whole(folder: Path) -> dict[str, Any] | None:
    """The manifest of the shipped catalogue in `folder`; None when there is none.

    Raises `MismatchError` when the file is not what the manifest says.
    """
    source = folder / CATALOG
    if not source.exists():
        return None
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    found = sha256_of(source)
    if found != manifest["sha256"]:
        raise MismatchError(
            f"{source} has sha256 {found[:12]}, its manifest says {manifest['sha256'][:12]}; "
            "fetch the repository again, Git LFS files included"
        )
    return manifest


def _copy(source: Database, target: Database) -> None:
    with source.begin() as old, target.write() as new:
        new.replace_families(old.bundles(GOOGLE), old.twins.all())
        if state := old.state.get():
            new.state.set_encoder(state.encoder_sha256, state.prepare_version, state.dim)
