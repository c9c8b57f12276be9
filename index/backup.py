"""The whole catalogue in one file, made beside a running service, and put back.

A backup is a zip archive: `manifest.json` (what it is, and the SHA-256 of everything else),
`catalog.db` (all rows, in SQLite whatever the database is) and `own/` (the added font files).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db.records import FileRecord, StateRecord
from db.repository import Repository
from db.session import Database, DatabaseError, copy_sqlite, open_database, sqlite_path
from index.errors import BackupError, MismatchError
from index.files import sha256_of, whole_file
from index.live import EncoderIdentity, LiveView
from index.ownfiles import OWN_FOLDER, OwnFiles
from index.scratch import scratch, storage_errors
from index.shipping import CATALOG, MANIFEST
from index.sources import OWN
from index.view import View

KIND = "fontkin-backup"
_FORMAT = 1
_NAME = re.compile(r"catalog\.db|own/[0-9a-f]{64}\.[a-z0-9]{1,5}")
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds; `generation` is the catalogue's when it was made or after restoring."""

    path: str
    families: int
    own_files: int
    bytes: int
    generation: int
    created: str

    def to_json(self) -> dict[str, Any]:
        """As the commands print it."""
        return asdict(self)


class Backups:
    """Writes and restores the backups of one open catalogue."""

    def __init__(
        self, database: Database, live: LiveView, identity: EncoderIdentity, data: Path
    ) -> None:
        self._database = database
        self._live = live
        self._identity = identity
        self._data = data
        self._own = OwnFiles(database, data)

    def write(self, target: Path) -> BackupReport:
        """See `FontCatalog.backup`."""
        with scratch(self._data, "backup") as folder:
            with self._live.paused():  # rows and font files of one moment
                self._copy_rows(folder / CATALOG)
                self._link_files(folder)
            with closing(open_database(f"sqlite:///{folder / CATALOG}")) as copy:
                copy.compact()
                with copy.begin() as rows:
                    state, counts = rows.state.get(), rows.counts()
            if state is None:
                raise MismatchError(f"{self._database.name} holds no catalogue yet")
            manifest = _manifest(folder, state, counts)
            with storage_errors(target.parent), whole_file(target) as file:
                _pack(folder, manifest, file)
        return _report(target, manifest, state.generation)

    def restore(self, source: Path, *, discard: bool) -> BackupReport:
        """See `FontCatalog.restore`."""
        with scratch(self._data, "restore") as folder:
            manifest = _unpacked(source, folder)
            try:
                backup = open_database(f"sqlite:///{folder / CATALOG}")
            except DatabaseError as error:
                raise BackupError(f"{source} cannot be restored: {error}") from error
            with closing(backup), backup.begin() as old:
                state = old.state.get()
                if state is None:
                    raise BackupError(f"{source} holds no catalogue")
                self._identity.require(state)
                view = self._exchange(source, old, folder, discard)
        return _report(source, manifest, view.state.generation)

    def _exchange(self, source: Path, old: Repository, folder: Path, discard: bool) -> View:
        def apply(rows: Repository) -> None:
            if not discard:
                _require_nothing_lost(source, rows, old)
            unused, generation = _own_files(rows), rows.state.generation()
            self._own.drop(unused)
            for file in _own_files(old):
                self._own.keep(file, folder / str(file.path))
            rows.replace_all(old.dump())
            rows.state.grow(above=generation)

        return self._live.replace(apply, self._own.settle)

    def _copy_rows(self, target: Path) -> None:
        url = f"sqlite:///{target}"
        if sqlite_path(self._database.url) is not None:
            copy_sqlite(self._database.url, url)
            return
        with (
            closing(open_database(url)) as copy,
            self._database.begin() as rows,
            copy.write() as new,
        ):
            new.replace_all(rows.dump())

    def _link_files(self, folder: Path) -> None:
        """Our own copies never change, so a second name keeps one from being deleted."""
        (folder / OWN_FOLDER).mkdir()
        with self._database.begin() as rows:
            files = _own_files(rows)
        for file in files:
            path = self._data / str(file.path)
            if not path.is_file():
                raise MismatchError(
                    f"{path} is missing; run `python -m scripts.doctor`, then back up again"
                )
            try:
                os.link(path, folder / str(file.path))
            except OSError:  # a file system without links
                shutil.copyfile(path, folder / str(file.path))


def _own_files(rows: Repository) -> list[FileRecord]:
    every = {f.sha256: f for files in rows.files.by_family().values() for f in files.values()}
    return [f for f in every.values() if f.path and Path(f.path).parts[0] == OWN_FOLDER]


def _require_nothing_lost(source: Path, rows: Repository, old: Repository) -> None:
    kept = {family.id for family in old.families.all()}
    lost = sorted(f.id for f in rows.families.all() if f.source == OWN and f.id not in kept)
    if lost:
        raise BackupError(
            f"{source} does not hold the own families {', '.join(lost[:5])}"
            f"{' ...' if len(lost) > 5 else ''}, which would be lost; "
            "back up first, then restore with --discard"
        )


def _manifest(folder: Path, state: StateRecord, counts: dict[str, int]) -> dict[str, Any]:
    files = [folder / CATALOG, *sorted((folder / OWN_FOLDER).iterdir())]
    return {
        "kind": KIND,
        "format": _FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **asdict(state),
        **counts,
        "contents": {
            path.relative_to(folder).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": sha256_of(path),
            }
            for path in files
        },
    }


def _pack(folder: Path, manifest: dict[str, Any], file: Any) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        for name in manifest["contents"]:
            archive.write(folder / name, name)


def _unpacked(source: Path, folder: Path) -> dict[str, Any]:
    """The manifest, once all that it names is in `folder` and has the bytes that it says."""
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _read_manifest(source, archive)
            (folder / OWN_FOLDER).mkdir()
            for name, expected in manifest["contents"].items():
                _extract(archive, name, folder / name, expected)
    except FileNotFoundError as error:
        raise BackupError(
            f"{source}: there is no such file; name one that the backup command wrote"
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BackupError(f"{source} is damaged, or no backup: {error}") from error
    return manifest


def _read_manifest(source: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest = json.loads(archive.read(MANIFEST))
        kind, version, names = manifest["kind"], manifest["format"], list(manifest["contents"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackupError(f"{source} is no backup of Fontkin: it has no manifest") from error
    if kind != KIND or CATALOG not in names or not all(map(_NAME.fullmatch, names)):
        raise BackupError(f"{source} is no backup of Fontkin: its manifest is another's")
    if version != _FORMAT:
        raise BackupError(f"{source} has format {version}, this program reads {_FORMAT}; update it")
    return dict(manifest)


def _extract(archive: zipfile.ZipFile, name: str, target: Path, expected: dict[str, Any]) -> None:
    """Copy one file out, never more bytes than stated."""
    digest, left = hashlib.sha256(), int(expected["bytes"])
    try:
        with archive.open(name) as packed, target.open("wb") as out:
            while chunk := packed.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    break
                digest.update(chunk)
                out.write(chunk)
    except KeyError as error:
        raise BackupError(f"{archive.filename} is damaged: {name} is missing") from error
    if left or digest.hexdigest() != expected["sha256"]:
        raise BackupError(f"{archive.filename} is damaged: {name} has not the bytes it was made of")


def _report(path: Path, manifest: dict[str, Any], generation: int) -> BackupReport:
    own = len(manifest["contents"]) - 1
    size = path.stat().st_size
    return BackupReport(str(path), manifest["families"], own, size, generation, manifest["created"])
