"""Font files by their content."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from db.models import Face, FontFile
from db.records import FileRecord
from db.rows.fields import columns, values


class FileRows:
    """The font files that faces of the catalogue come from."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, sha256: str) -> FileRecord | None:
        """The font file of this content; None when the catalogue has it not."""
        row = self._session.get(FontFile, sha256)
        return None if row is None else _record(row)

    def paths(self) -> set[str]:
        """Where all font files that were kept lie in the data folder."""
        query = select(FontFile.path).where(FontFile.path.is_not(None))
        return {path for path in self._session.scalars(query) if path is not None}

    def by_family(self) -> dict[str, dict[str, FileRecord]]:
        """Family id -> sha256 -> file, of every family that has files."""
        query = (
            select(Face.family_id, *columns(FontFile, FileRecord))
            .join(FontFile, FontFile.sha256 == Face.file_sha256)
            .distinct()
        )
        files: dict[str, dict[str, FileRecord]] = {}
        for family_id, *fields in self._session.execute(query):
            file = FileRecord(*fields)
            files.setdefault(family_id, {})[file.sha256] = file
        return files

    def add(self, file: FileRecord) -> None:
        """Write a file; one that is there stays as it is."""
        if self._session.get(FontFile, file.sha256) is None:
            self._session.execute(insert(FontFile).values(**values(file)))

    def drop_unused(self) -> list[FileRecord]:
        """Forget the files that no face comes from; returns them."""
        used = select(Face.file_sha256).where(Face.file_sha256.is_not(None))
        unused = list(self._session.scalars(select(FontFile).where(FontFile.sha256.not_in(used))))
        records = [_record(file) for file in unused]
        for file in unused:
            self._session.delete(file)
        self._session.flush()
        return records


def _record(row: FontFile) -> FileRecord:
    return FileRecord(row.sha256, row.name, row.size, row.path, row.original_sha256)
