"""The shipped catalogue: write it, and put it in place at the first start."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import closing
from pathlib import Path

from db.session import Database, open_database, sqlite_path
from index.errors import MismatchError
from index.files import write_whole
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
            state, counts = rows.state(), rows.counts()
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
    if target is None or target.exists() or not (settings.prebuilt / CATALOG).exists():
        return False
    data = _shipped(settings)
    for leftover in ("-wal", "-shm"):  # of a database that somebody deleted
        Path(f"{os.fspath(target)}{leftover}").unlink(missing_ok=True)
    write_whole(target, data)
    return True


def fill_from_prebuilt(settings: Settings, database: Database) -> bool:
    """Write the shipped catalogue's rows into a database that is no file and has none yet.

    Returns whether they were written. Raises `MismatchError` as `install_prebuilt` does.
    """
    shared = sqlite_path(settings.database_url) is None
    if not shared or not (settings.prebuilt / CATALOG).exists():
        return False
    with database.begin() as rows:
        if rows.state() is not None:
            return False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CATALOG
        path.write_bytes(_shipped(settings))
        with closing(open_database(f"sqlite:///{path}")) as shipped:
            _copy(shipped, database)
    return True


def _shipped(settings: Settings) -> bytes:
    """The shipped catalogue, checked against its manifest."""
    source = settings.prebuilt / CATALOG
    expected = json.loads((settings.prebuilt / MANIFEST).read_text())["sha256"]
    data = source.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise MismatchError(
            f"{source} has sha256 {found[:12]}, its manifest says {expected[:12]}; "
            "fetch the repository again, Git LFS files included"
        )
    return data


def _copy(source: Database, target: Database) -> None:
    with source.begin() as old, target.write() as new:
        kept = set()
        for bundle in old.bundles(GOOGLE):
            new.add(bundle)
            kept.add(bundle.family.id)
        new.add_twins(t for t in old.twins() if {t.family_id, t.twin_id} <= kept)
        if state := old.state():
            new.set_encoder(state.encoder_sha256, state.prepare_version, state.dim)
