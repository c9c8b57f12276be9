"""The copies of added font files, kept in step with the rows by markers.

A file is written or deleted only while a marker stands beside it, which goes once rows and file
agree. What a crash left is settled by the next writer or start: a marked file without a row goes,
one with a row stays. A file without a marker is never deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from db.records import FileRecord
from db.session import Database
from index.errors import StorageError
from index.files import write_whole
from index.scratch import storage_errors

log = logging.getLogger(__name__)

OWN_FOLDER = "own"  # below the data folder
MARKER = ".pending"


class OwnFiles:
    """Writes and deletes below `own/`; every call needs the writer's lock."""

    def __init__(self, database: Database, data: Path) -> None:
        self._database = database
        self._data = data

    def keep(self, file: FileRecord, source: Path) -> None:
        """Copy `source` to where the record says, to stay if the row is committed."""
        if self._is_own(file):
            with storage_errors(self._data):
                self._mark(file)
                write_whole(self._data / str(file.path), source.read_bytes())

    def drop(self, files: Iterable[FileRecord]) -> None:
        """Have these deleted if the deletion of their rows is committed.

        Files of Google Fonts are not ours to delete.
        """
        with storage_errors(self._data):
            for file in files:
                if self._is_own(file):
                    self._mark(file)

    def settle(self) -> list[str]:
        """Make marked files and rows agree, half-written files go; the names of what was deleted.

        Never raises for the disk: what could not be settled now is settled the next time.
        """
        folder, deleted = self._data / OWN_FOLDER, []
        try:
            markers = sorted(folder.glob(f"*{MARKER}"))
            known = self._known() if markers else set()
            for marker in markers:
                file = marker.with_suffix("")
                if f"{OWN_FOLDER}/{file.name}" not in known and file.exists():
                    file.unlink()
                    deleted.append(file.name)
                marker.unlink()
        except (OSError, StorageError) as error:
            log.warning("own files are not settled yet: %s", error)
        return deleted

    def _known(self) -> set[str]:
        with self._database.begin() as rows:
            return rows.files.paths()

    def _mark(self, file: FileRecord) -> None:
        write_whole(self._data / f"{file.path}{MARKER}", b"")

    @staticmethod
    def _is_own(file: FileRecord) -> bool:
        return file.path is not None and Path(file.path).parts[0] == OWN_FOLDER
